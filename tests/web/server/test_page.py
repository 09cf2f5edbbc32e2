"""The page: served below any path, from this host alone, packed, and never out of date."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI

from holdfast.web.server import page
from holdfast.web.server.page import BelowPath
from tests.rig.web import WebClient, web_client
from tests.web.server.site import API, HOST, Site, running

BUILT = Path(str(files("holdfast.web.server"))) / "static" / "built"


def addresses(document: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', document)


def test_the_document_names_only_what_stands_beside_it(shared_site: Site) -> None:
    answer = shared_site.request("GET", "/")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache", "a new release is seen at once"
    found = addresses(answer.text)
    assert found
    assert all(each.startswith("./assets/") for each in found), found
    for each in found:
        asset = shared_site.request("GET", each.removeprefix("."))
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]


def test_styles_that_are_made_on_the_page_carry_a_word_of_this_answer_alone(
    shared_site: Site,
) -> None:
    words = set()
    for _ in range(2):
        answer = shared_site.request("GET", "/")
        found = re.search('name="csp-nonce" content="([^"]{20,})"', answer.text)
        assert found is not None
        policy = answer.headers["content-security-policy"]
        assert f"style-src 'self' 'nonce-{found[1]}'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        words.add(found[1])
    assert len(words) == 2


def test_scripts_are_packed_for_who_can_unpack_them(shared_site: Site) -> None:
    name = max(BUILT.glob("assets/*.js"), key=lambda each: each.stat().st_size).name
    plain = shared_site.request("GET", f"/assets/{name}", {"Accept-Encoding": "identity"})
    assert plain.content == (BUILT / "assets" / name).read_bytes()
    assert plain.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert plain.headers["vary"] == "Accept-Encoding"
    packed = shared_site.request("GET", f"/assets/{name}", {"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(plain.content)) < len(plain.content) / 2
    assert packed.content == plain.content, "the client has unpacked it"


@pytest.mark.parametrize("name", ["none.js", "..%2f..%2funbuilt.html", "%2e%2e"])
def test_no_other_file_is_an_asset(shared_site: Site, name: str) -> None:
    assert shared_site.request("GET", f"/assets/{name}").status_code == 404


def test_a_checkout_without_the_page_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "unbuilt.html").write_text((BUILT.parent / "unbuilt.html").read_text())
    monkeypatch.setattr(page, "files", lambda _: tmp_path)
    app = FastAPI()
    app.include_router(page.page_routes())
    with web_client(app) as client:
        answer = client.request("GET", "/")
    assert answer.status_code == 200
    assert "make page" in answer.text


PREFIXES = ["/backup", "/api", "/api/v1", "/api/v1/auth", "/api/v1/plans/shop", "/assets", "/a"]


@contextmanager
def below(site: Site, prefix: str) -> Iterator[WebClient]:
    """Give a client of a site that stands below a path."""
    app = BelowPath(site.app, path=prefix, routes=site.app.router.routes)
    with web_client(cast(Any, app), lifespan=False, base_url=HOST) as client:
        yield client


@pytest.mark.parametrize("stripped", [True, False])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_everything_is_found_below_any_path(prefix: str, stripped: bool, shared_site: Site) -> None:
    """Also below one that begins like a route, whether or not the proxy takes it away."""
    asked = "" if stripped else prefix
    with below(shared_site, prefix) as client:
        document = client.get(f"{asked}/").text
        assert "csp-nonce" in document
        for each in addresses(document):
            assert client.get(asked + each.removeprefix(".")).status_code == 200, each
        assert client.get(f"{asked}/assets/none.js").status_code == 404
        for path in ("/auth/me", "/plans/shop/jobs", "/openapi.json"):
            refused = client.get(asked + API + path)
            assert (refused.status_code, refused.json()["instance"]) == (401, prefix + API + path)
        unknown = client.get(f"{asked}/no/such")
        assert (unknown.status_code, unknown.json()["instance"]) == (404, f"{prefix}/no/such")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_below_a_path_the_last_slash_is_put_in(prefix: str, shared_site: Site) -> None:
    """Without it the page's relative addresses would be those of the folder above."""
    with below(shared_site, prefix) as client:
        answer = client.get(prefix, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (308, f"{prefix}/")


def test_what_only_begins_with_the_letters_of_the_path_is_not_below_it(shared_site: Site) -> None:
    with below(shared_site, "/a") as client:
        assert client.get(f"{API}/auth/me").status_code == 401
        assert client.get("/ab").json()["instance"] == "/a/ab"


@pytest.mark.parametrize("asked", ["", "/api"])
def test_the_server_stands_where_its_configuration_says(asked: str, tmp_path: Path) -> None:
    with running(tmp_path, root_path="/api") as site:
        assert "csp-nonce" in site.request("GET", f"{asked}/").text
        assert site.request("GET", f"{asked}{API}/auth/me").status_code == 401
