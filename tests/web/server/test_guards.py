"""R60: other sites, other names, other frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.web.server.hosts import bare_host
from tests.web.server.site import API, PASSWORD, Site, running

LOGIN = {"username": "anna", "password": PASSWORD}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1234"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_another_site_changes_nothing(shared_site: Site, headers: dict[str, str]) -> None:
    """By fetch or form, with the cookie of who is logged in, and at the login itself."""
    login = shared_site.login("anna")
    for method, path in (
        ("POST", "/backups"),
        ("DELETE", "/backups/nothing"),
        ("PUT", "/schedule"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/login"),
        ("POST", "/setup"),
        ("PATCH", "/users/anna"),
    ):
        answer = shared_site.request(method, API + path, login | headers, json=LOGIN)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-refused")
    assert shared_site.get("/auth/me", login).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Origin": "http://localhost"},
    ],
)
def test_our_own_page_and_programs_are_let_in(shared_site: Site, headers: dict[str, str]) -> None:
    assert shared_site.post("/auth/login", LOGIN, headers).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "TEXT/PLAIN; charset=utf-8"]
)
def test_what_a_form_can_send_is_not_read(shared_site: Site, kind: str) -> None:
    """A form sends JSON as text/plain without asking; no route takes it, with any credentials."""
    token, _ = shared_site.token("anna")
    for headers in (shared_site.login("anna"), token):
        answer = shared_site.request(
            "POST", f"{API}/backups", headers | {"Content-Type": kind}, content=b'{"a": "="}'
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-refused")


def test_an_upload_by_a_form_proves_where_it_is_from(shared_site: Site) -> None:
    """`multipart/form-data` is what a form of any site can send too."""
    login = shared_site.login("anna")
    upload = {"files": {"file": ("a.zip", b"no archive")}}
    for headers in (login, login | {"Sec-Fetch-Site": "cross-site"}):
        answer = shared_site.request("POST", f"{API}/restores", headers, **upload)
        assert answer.status_code == 403
    token, _ = shared_site.token("anna")
    for headers in (login | {"Sec-Fetch-Site": "same-origin"}, token):
        answer = shared_site.request("POST", f"{API}/restores", headers, **upload)
        assert answer.status_code != 403


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost, evil.example",
        "localhost@evil.example",
        "",
        "[::1",
        "169.254.169.254",
    ],
)
def test_a_request_for_another_name_is_refused(shared_site: Site, host: str) -> None:
    """A name that an attacker points at this machine gets nothing, not even the page."""
    for path in ("/", f"{API}/setup", f"{API}/health", "/nothing"):
        answer = shared_site.request("GET", path, {"Host": host})
        assert answer.status_code == 403
        assert answer.json()["code"] == "origin-refused"
        assert not host or host not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080"])
def test_the_names_of_this_machine_are_ours(shared_site: Site, host: str) -> None:
    assert shared_site.request("GET", f"{API}/setup", {"Host": host}).status_code == 200


def test_the_names_of_the_configuration_are_ours(tmp_path: Path) -> None:
    with running(tmp_path, host="0.0.0.0", allowed_hosts=("backups.example.com",)) as site:
        ours = site.request("GET", f"{API}/setup", {"Host": "backups.example.com"})
        assert ours.status_code == 200
        for host in ("localhost", "0.0.0.0", "example.com"):
            assert site.request("GET", f"{API}/setup", {"Host": host}).status_code == 403


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("a.example:80", "a.example"),
        ("A.Example", "a.example"),
        ("[::1]:80", "::1"),
        ("::1", "::1"),
        ("a:b", "a:b"),
    ],
)
def test_a_host_is_read_without_its_port(host: str, bare: str) -> None:
    assert bare_host(host) == bare


@pytest.mark.parametrize("path", ["/", "/assets/x.js", f"{API}/setup", f"{API}/health", "/nothing"])
def test_every_answer_forbids_frames_scripts_of_others_and_guesses(
    shared_site: Site, path: str
) -> None:
    headers = shared_site.request("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_no_site_is_given_leave_to_read(shared_site: Site) -> None:
    """There is no CORS: a preflight is refused."""
    answer = shared_site.request(
        "OPTIONS",
        f"{API}/backups",
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert answer.status_code in (401, 405)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    ["/../holdfast.toml", "/assets/../../x", "/assets/..%2findex.html", "/%2e%2e/holdfast.toml"],
)
def test_no_other_file_is_given_out(shared_site: Site, path: str) -> None:
    """R61: the page's files are known by name; a path never reaches the file system."""
    answer = shared_site.request("GET", path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
