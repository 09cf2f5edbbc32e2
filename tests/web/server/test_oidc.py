"""Logins at a provider: the flow, and everything that must not be believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from holdfast.catalog import Role
from tests.rig.oidc import CLIENT, SECRET, Provider, oidc_provider
from tests.web.server.site import API, PASSWORD, Site, running


@dataclass(frozen=True)
class Known:
    """A server, and the provider that it believes."""

    site: Site
    provider: Provider

    def begin(self, *, again: bool = False) -> httpx.Response:
        return self.site.get("/auth/oidc/login" + "?again=true" * again)

    def log_in(
        self, *, cookie: str | None = None, again: bool = False, former: str | None = None
    ) -> httpx.Response:
        """Go to the provider, log in there, and come back."""
        begun = self.begin(again=again)
        assert begun.status_code == 303, begun.text
        asked = parse_qs(urlsplit(begun.headers["location"]).query)
        assert (asked.get("prompt"), asked.get("max_age")) == (
            (["login"], ["0"]) if again else (None, None)
        )
        back = urlsplit(self.provider.log_in(begun.headers["location"]))
        kept = cookie or begun.headers["set-cookie"].partition(";")[0]
        kept = f"{kept}; {former}" if former else kept
        return self.site.request("GET", f"{back.path}?{back.query}", {"Cookie": kept})


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Known]:
    """A provider that knows Pia, of the group of operators."""
    (tmp_path / "secret").write_text(SECRET)
    with oidc_provider() as provider:
        provider.claims = {"preferred_username": "pia", "groups": ["backup-operators", "staff"]}
        more = f"""
[oidc]
issuer = "{provider.issuer}"
client_id = "{CLIENT}"
client_secret_file = "secret"
[oidc.roles]
backup-operators = "operator"
backup-admins = "admin"
"""
        with running(tmp_path, more=more) as site:
            yield Known(site, provider)


def cookie_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    cookies = [each.partition(";")[0] for each in answer.headers.get_list("set-cookie")]
    (session,) = [each for each in cookies if each.startswith("holdfast_session=")]
    return session


def me(known: Known, answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = known.site.get("/auth/me", {"Cookie": cookie_of(answer)}).json()
    return found


def test_who_the_provider_knows_is_let_in_with_a_role(known: Known) -> None:
    assert known.site.get("/auth/ways").json() == {"password": True, "oidc": True}
    answer = known.log_in()
    found = me(known, answer)
    assert (found["username"], found["role"]) == ("pia", "operator")
    assert found["logs_in_by"] == "oidc"
    assert 'content="0;url=/"' in answer.text
    user = known.site.accounts.user("pia")
    assert user.oidc_subject == f"{known.provider.issuer} subject-1"


def test_the_role_is_that_of_the_last_login(known: Known) -> None:
    me(known, known.log_in())
    known.provider.claims["groups"] = ["backup-operators", "backup-admins"]
    assert me(known, known.log_in())["role"] == "admin"
    known.provider.claims["groups"] = "backup-operators"
    assert me(known, known.log_in())["role"] == "operator"


@pytest.mark.parametrize("groups", [[], ["staff"], None, "admin", {"admin": True}, 7])
def test_who_has_no_role_is_refused(known: Known, groups: object) -> None:
    known.provider.claims["groups"] = groups
    answer = known.log_in()
    assert (answer.status_code, answer.json()["code"]) == (403, "permission-denied")
    assert [each.name for each in known.site.accounts.users()] == ["anna", "otto", "vera"]


def test_a_name_is_no_proof(known: Known) -> None:
    """Who calls themselves anna at the provider is not our anna."""
    known.provider.claims["preferred_username"] = "Anna"
    answer = known.log_in()
    assert (answer.status_code, answer.json()["code"]) == (409, "account-exists")


def test_who_is_locked_out_here_stays_out(known: Known) -> None:
    me(known, known.log_in())
    known.site.accounts.change_user(known.site.accounts.user("pia"), disabled=True)
    assert known.log_in().status_code == 403


def test_a_user_of_the_provider_has_no_password_here(known: Known) -> None:
    me(known, known.log_in())
    for password in ("", "None", PASSWORD):
        body = {"username": "pia", "password": password}
        assert known.site.post("/auth/login", body).status_code in (401, 422)
    body = {"role": "viewer", "password": "another pass phrase"}
    admin = known.site.login("anna")
    answer = known.site.request("PATCH", f"{API}/users/pia", admin, json=body)
    assert answer.status_code == 403


def test_an_odd_name_is_made_plain(known: Known) -> None:
    known.provider.claims["preferred_username"] = "../<Pia> ä"
    assert me(known, known.log_in())["username"] == "-Pia---".lstrip("-")


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"azp": "another client"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
    ],
    ids=str,
)
def test_a_token_for_another_purpose_is_not_believed(known: Known, lie: dict[str, Any]) -> None:
    known.provider.lies = lie
    answer = known.log_in()
    assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")


@pytest.mark.parametrize("how", ["none", "HS256", "another key"])
def test_a_token_that_others_could_sign_is_not_believed(known: Known, how: str) -> None:
    if how == "another key":
        known.provider.signing = RSAKey.generate_key(2048, {"kid": "one"})
    else:
        known.provider.algorithm = how
    assert known.log_in().status_code == 401


def test_an_answer_belongs_to_the_browser_that_asked(known: Known) -> None:
    """Nobody is logged in as somebody else by a link (login forgery)."""
    assert known.log_in(cookie="holdfast_oidc=a.b.c").status_code == 401
    assert known.log_in(cookie="holdfast_oidc=").status_code == 401
    assert known.site.get("/auth/oidc/callback?code=x&state=y").status_code == 401
    assert known.site.get("/auth/oidc/callback").status_code == 401


def test_a_code_works_once(known: Known) -> None:
    begun = known.begin()
    back = urlsplit(known.provider.log_in(begun.headers["location"]))
    cookie = {"Cookie": begun.headers["set-cookie"].partition(";")[0]}
    codes = [
        known.site.request("GET", f"{back.path}?{back.query}", cookie).status_code for _ in range(2)
    ]
    assert codes == [200, 401]


@pytest.mark.parametrize(
    ("age_s", "proven"), [(0, True), (120, True), (3600, False), (-3600, False), (None, False)]
)
def test_only_who_has_just_proven_who_they_are_is_stepped_up(
    known: Known, age_s: int | None, proven: bool
) -> None:
    """A silent round trip through the provider is no password: `auth_time` tells, or nothing."""
    known.provider.claims["groups"] = "backup-admins"
    known.provider.claims["auth_time"] = None if age_s is None else int(time.time()) - age_s
    answer = known.log_in()
    assert (me(known, answer)["stepped_up_until"] is not None) is proven
    deleted = known.site.request(
        "DELETE", f"{API}/backups/nothing", {"Cookie": cookie_of(answer)}
    ).json()
    assert deleted["code"] == ("backup-not-found" if proven else "step-up-required")
    assert proven or "again=true" in deleted["hint"]


@pytest.mark.parametrize("claim", [True, "now", 1])
def test_a_step_up_that_the_provider_does_not_prove_is_refused(known: Known, claim: object) -> None:
    known.provider.claims["auth_time"] = claim
    assert known.log_in(again=True).status_code == 401
    known.provider.claims["auth_time"] = int(time.time())
    assert me(known, known.log_in(again=True))["stepped_up_until"] is not None


def test_a_login_at_the_provider_ends_the_one_before(known: Known) -> None:
    former = cookie_of(known.log_in())
    me(known, known.log_in(former=former))
    assert known.site.get("/auth/me", {"Cookie": former}).status_code == 401


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://169.254.169.254/latest/meta-data"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": "https://evil.example/token"},
        {"token_endpoint": "http://[::1"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
def test_only_the_hosts_of_the_configuration_are_asked(
    known: Known, published: dict[str, Any]
) -> None:
    """R62: what a provider publishes cannot send the server elsewhere; the answer tells nothing."""
    known.provider.published = published
    answer = known.begin()
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The provider did not confirm the login"
    assert known.provider.asked == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize("path", ["/moved", "/large", "/nothing"])
def test_no_redirect_is_followed_and_no_flood_is_read(known: Known, path: str) -> None:
    known.provider.published = {"jwks_uri": known.provider.issuer + path}
    assert known.begin().status_code == 401
    assert known.provider.asked == ["/.well-known/openid-configuration", path]


def test_a_provider_that_is_gone_keeps_nobody_else_out(known: Known) -> None:
    known.provider.published = {"issuer": "x"}
    assert known.begin().status_code == 401
    known.site.login("anna")


def test_the_first_administrator_may_come_from_the_provider(tmp_path: Path) -> None:
    """Then there is no set-up token any more."""
    with oidc_provider() as provider:
        (tmp_path / "secret").write_text(SECRET)
        provider.claims = {"preferred_username": "pia", "groups": ["admins"]}
        more = f"""
[oidc]
issuer = "{provider.issuer}"
client_id = "{CLIENT}"
client_secret_file = "secret"
roles = {{ admins = "admin" }}
"""
        with running(tmp_path, more=more, users=False) as site:
            assert site.accounts.setup_token.path.exists()
            me(Known(site, provider), Known(site, provider).log_in())
            assert not site.accounts.setup_token.path.exists()
            assert [each.role for each in site.accounts.users()] == [Role.ADMIN]
