"""R54: every route of the server, with everybody who might come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from holdfast.web import Permission
from holdfast.web.routing import permission_asked
from tests.web.server.site import API, ROLES, Site

READ, RUN = Permission.READ, Permission.RUN
RESTORE, ADMINISTER = Permission.RESTORE, Permission.ADMINISTER

OPEN, KNOWN, LOGGED_IN, ADMIN = "open", "known", "logged in", "admin who is logged in"
OWN = {
    ("GET", "/auth/ways"): OPEN,
    ("POST", "/auth/login"): OPEN,
    ("GET", "/setup"): OPEN,
    ("POST", "/setup"): OPEN,
    ("GET", "/auth/me"): KNOWN,
    ("GET", "/plans"): KNOWN,
    ("GET", "/openapi.json"): KNOWN,
    ("POST", "/auth/logout"): LOGGED_IN,
    ("POST", "/auth/password"): LOGGED_IN,
    ("POST", "/auth/step-up"): LOGGED_IN,
    ("GET", "/tokens"): LOGGED_IN,
    ("POST", "/tokens"): LOGGED_IN,
    ("DELETE", "/tokens/{token_id}"): LOGGED_IN,
    ("GET", "/users"): ADMIN,
    ("POST", "/users"): ADMIN,
    ("PATCH", "/users/{username}"): ADMIN,
    ("DELETE", "/users/{username}"): ADMIN,
}
"""Who is let in by each route of the server's own; whoever adds one decides it here."""

PAGE = {("GET", "/"), ("GET", "/assets/{name}")}
LETS_BY_LINK = {"/downloads/{link}", "/downloads/{token}"}
"""The secret is in the path: for browsers, which send no header with a download."""

MAY = {
    "vera": {READ},
    "otto": {READ, RUN},
    "anna": set(Permission),
}


def routes_of(app: FastAPI) -> Iterator[tuple[str, str, Permission | None]]:
    """Yield method and path of every route, without the form with a last slash."""
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        if path.endswith("/") and path != "/":
            continue
        for method in context.methods or ():
            yield method, path, permission_asked(context.original_route)


def plan_routes(app: FastAPI) -> list[tuple[str, str, Permission]]:
    """Return the routes of the first plan."""
    return [
        (method, path, asked)
        for method, path, asked in routes_of(app)
        if asked is not None and path.startswith(API) and "/plans/" not in path
    ]


def test_every_route_is_in_a_table_or_asks_for_a_permission(shared_site: Site) -> None:
    """A route that somebody adds without deciding who may use it fails here."""
    undecided = {
        (method, path)
        for method, path, asked in routes_of(shared_site.app)
        if asked is None and not path.endswith(tuple(LETS_BY_LINK))
    }
    assert undecided == {(method, API + path) for method, path in OWN} | PAGE


def test_each_plan_has_the_same_routes(shared_site: Site) -> None:
    """The first plan is served with and without its name, the others with theirs."""
    found = list(routes_of(shared_site.app))
    first = {(m, p.removeprefix(API), asked) for m, p, asked in plan_routes(shared_site.app)}
    for plan in ("shop", "photos"):
        prefix = f"{API}/plans/{plan}"
        named = {
            (method, path.removeprefix(prefix), asked)
            for method, path, asked in found
            if path.startswith(f"{prefix}/") and asked is not None
        }
        assert named == first
    assert len(first) > 15


def send(site: Site, method: str, path: str, headers: dict[str, str]) -> int:
    """Ask with a body that no route takes: only who is let in is told so."""
    for name in ("backup_id", "job_id", "token_id", "username", "token", "link", "id", "name"):
        path = path.replace(f"{{{name}}}", "nothing")
    body = {} if method in ("GET", "HEAD", "DELETE") else {"json": [1]}
    answer = site.request(method, path, headers, **body)
    assert answer.status_code < 500, f"{method} {path}: {answer.text}"
    return answer.status_code


def refused_routes(
    site: Site, headers: dict[str, str], permissions: set[Permission]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return which routes of plans refused, and which should have."""
    wrongly_in: set[tuple[str, str]] = set()
    wrongly_out: set[tuple[str, str]] = set()
    for method, path, asked in plan_routes(site.app):
        status = send(site, method, path, headers)
        if (status == 403) != (asked not in permissions) or status == 401:
            (wrongly_out if asked in permissions else wrongly_in).add((method, path))
    return wrongly_in, wrongly_out


@pytest.mark.parametrize("name", list(ROLES))
def test_each_role_may_what_the_table_says(shared_site: Site, name: str) -> None:
    headers = shared_site.login(name)
    assert refused_routes(shared_site, headers, MAY[name]) == (set(), set())


@pytest.mark.parametrize("permission", list(Permission))
def test_a_token_may_what_it_was_made_for(shared_site: Site, permission: Permission) -> None:
    """One permission does not imply another."""
    headers, _ = shared_site.token("anna", [permission])
    assert refused_routes(shared_site, headers, {permission}) == (set(), set())


def test_a_token_may_no_more_than_its_user(shared_site: Site) -> None:
    """Who lost a role has lost it in the tokens that were made before."""
    headers, _ = shared_site.token("vera", list(Permission))
    assert refused_routes(shared_site, headers, {READ}) == (set(), set())


def outsiders(site: Site) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield everybody who is nobody."""
    yield "anonymous", {}
    yield "another scheme", {"Authorization": "Basic YW5uYTphIGxvbmcgcGFzcyBwaHJhc2U="}
    yield "no token", {"Authorization": "Bearer "}
    yield "a guess", {"Authorization": f"Bearer hf_{'x' * 43}"}
    yield "a cookie that is a guess", {"Cookie": f"holdfast_session={'x' * 43}"}
    yield "odd bytes", {"Authorization": "Bearer \xff\xfe"}
    revoked, kept = site.token("anna")
    site.accounts.revoke_token(kept.id)
    yield "a revoked token", revoked
    ended = site.login("anna")
    assert site.post("/auth/logout", headers=ended).status_code == 204
    yield "a login that ended", ended
    # A token in the place of a cookie, and the other way round, is neither.
    token, _ = site.token("anna")
    secret = token["Authorization"].removeprefix("Bearer ")
    yield "a token as a cookie", {"Cookie": f"holdfast_session={secret}"}
    cookie = site.login("anna")["Cookie"].partition("=")[2]
    yield "a cookie as a token", {"Authorization": f"Bearer {cookie}"}


def test_nobody_gets_in_who_is_nobody(shared_site: Site) -> None:
    """All routes but those of the page, the set-up and the login answer 401, in all prefixes."""
    guarded = [
        (method, path) for method, path, asked in routes_of(shared_site.app) if asked is not None
    ] + [(method, API + path) for (method, path), who in OWN.items() if who != OPEN]
    for who, headers in outsiders(shared_site):
        chosen = guarded if who == "anonymous" else guarded[::7]
        let_in = {
            (method, path)
            for method, path in chosen
            if send(shared_site, method, path, headers) != 401
        }
        assert (who, let_in) == (who, set())


def test_an_expired_token_and_an_expired_login_are_nobodys(site: Site) -> None:
    token, _ = site.token("anna", days=1)
    login = site.login("anna")
    assert {site.get("/auth/me", each).status_code for each in (token, login)} == {200}
    site.clock.ahead += site.accounts.step_up_life * 300
    assert {site.get("/auth/me", each).status_code for each in (token, login)} == {401}


def test_a_token_of_one_plan_opens_no_other(shared_site: Site) -> None:
    """Object by object: the plan is checked with each request (multi-tenancy)."""
    headers, _ = shared_site.token("anna", plans=["photos"])
    for method, path, _asked in plan_routes(shared_site.app):
        assert send(shared_site, method, path, headers) == 403
        other = path.replace(API, f"{API}/plans/shop")
        assert send(shared_site, method, other, headers) == 403
        own = path.replace(API, f"{API}/plans/photos")
        assert send(shared_site, method, own, headers) not in (401, 403)
    plans = shared_site.get("/plans", headers).json()["plans"]
    assert [each["name"] for each in plans] == ["photos"]


def test_a_token_opens_no_account(shared_site: Site) -> None:
    """A token that leaked cannot make others, nor change who may come in."""
    headers, _ = shared_site.token("anna")
    for (method, path), who in OWN.items():
        status = send(shared_site, method, API + path, headers)
        assert (status == 403) == (who in (LOGGED_IN, ADMIN)), path


@pytest.mark.parametrize("name", ["vera", "otto"])
def test_only_administrators_manage_users(shared_site: Site, name: str) -> None:
    headers = shared_site.login(name)
    # At last what ends the login.
    for (method, path), who in sorted(OWN.items(), key=lambda each: "logout" in each[0][1]):
        status = send(shared_site, method, API + path, headers)
        if who == ADMIN:
            assert status == 403, path
        elif who != OPEN:
            assert status not in (401, 403), path


def test_a_user_who_is_locked_out_is_nobody(site: Site) -> None:
    """At once, with every login and token."""
    token, _ = site.token("otto")
    login = site.login("otto")
    site.accounts.change_user(site.accounts.user("otto"), disabled=True)
    assert {site.get("/plans", each).status_code for each in (token, login)} == {401}
