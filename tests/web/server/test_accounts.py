"""Users and tokens over HTTP, and that no secret is kept or told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.web.server.site import API, PASSWORD, Site

NEW = "another pass phrase"


def test_an_administrator_looks_after_users(site: Site) -> None:
    admin = site.login("anna")
    body = {"username": "ben", "role": "viewer", "password": NEW}
    made = site.post("/users", body, admin)
    assert (made.status_code, made.json()["role"]) == (201, "viewer")
    ben = site.login("ben", NEW)
    promoted = site.request("PATCH", f"{API}/users/BEN", admin, json={"role": "operator"})
    assert promoted.json()["role"] == "operator"
    assert site.get("/auth/me", ben).status_code == 401, "another role needs another login"
    names = [each["username"] for each in site.get("/users", admin).json()["users"]]
    assert names == ["anna", "ben", "otto", "vera"]
    token, _ = site.token("ben")
    assert site.request("DELETE", f"{API}/users/ben", admin).status_code == 204
    assert site.get("/auth/me", token).status_code == 401
    assert [each[1:] for each in site.audit() if each[1].startswith("user.")] == [
        ("user.remove", "done"),
        ("user.change", "done"),
        ("user.add", "done"),
    ]


def test_there_is_always_an_administrator(site: Site) -> None:
    admin = site.login("anna")
    for change in ({"role": "viewer"}, {"disabled": True}):
        answer = site.request("PATCH", f"{API}/users/anna", admin, json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "last-admin")
    answer = site.request("DELETE", f"{API}/users/anna", admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "last-admin")


def test_a_new_password_by_an_administrator_ends_logins(site: Site) -> None:
    admin, otto = site.login("anna"), site.login("otto")
    answer = site.request("PATCH", f"{API}/users/otto", admin, json={"password": NEW})
    assert answer.status_code == 200
    assert site.get("/auth/me", otto).status_code == 401
    site.login("otto", NEW)


@pytest.mark.parametrize("name", ["", "a b", "-x", "../x", "a\nb", "ä", "x" * 101, "\u202eanna"])
def test_a_name_that_could_mislead_is_refused(shared_site: Site, name: str) -> None:
    body = {"username": name, "role": "viewer", "password": NEW}
    assert shared_site.post("/users", body, shared_site.login("anna")).status_code == 422


def test_a_name_is_taken_whatever_its_case(shared_site: Site) -> None:
    body = {"username": "ANNA", "role": "viewer", "password": NEW}
    answer = shared_site.post("/users", body, shared_site.login("anna"))
    assert (answer.status_code, answer.json()["code"]) == (409, "account-exists")


def test_a_token_is_shown_once(site: Site) -> None:
    login = site.login("otto")
    body = {"name": "nightly", "permissions": ["read", "run"], "plans": ["shop"]}
    made = site.post("/tokens", body, login)
    assert made.status_code == 201
    secret = made.json()["token"]
    assert secret.startswith("hf_")
    listed = site.get("/tokens", login)
    assert secret not in listed.text
    (token,) = listed.json()["tokens"]
    assert (token["permissions"], token["plans"]) == (["read", "run"], ["shop"])
    header = {"Authorization": f"Bearer {secret}"}
    assert site.get("/auth/me", header).json()["via"] == "token"
    revoked = site.request("DELETE", f"{API}/tokens/{token['id']}", login)
    assert revoked.status_code == 204
    assert site.get("/auth/me", header).status_code == 401
    assert site.get("/tokens", login).json()["tokens"][0]["revoked_at"] is not None


def test_nobody_gives_away_what_they_have_not(shared_site: Site) -> None:
    for name, permission in (("vera", "run"), ("otto", "restore"), ("otto", "administer")):
        body = {"name": "x", "permissions": ["read", permission]}
        answer = shared_site.post("/tokens", body, shared_site.login(name))
        assert (answer.status_code, answer.json()["code"]) == (403, "permission-denied")


def test_tokens_are_their_users_own(site: Site) -> None:
    """Another user neither sees nor revokes them; an administrator does both."""
    _, kept = site.token("otto")
    vera, admin = site.login("vera"), site.login("anna")
    assert site.get("/tokens", vera).json() == {"tokens": []}
    assert site.get("/tokens?all=true", vera).status_code == 403
    assert site.request("DELETE", f"{API}/tokens/{kept.id}", vera).status_code == 404
    assert len(site.get("/tokens?all=true", admin).json()["tokens"]) == 1
    assert site.request("DELETE", f"{API}/tokens/{kept.id}", admin).status_code == 204


@pytest.mark.parametrize(
    "change",
    [
        {"permissions": []},
        {"permissions": ["everything"]},
        {"plans": ["other"]},
        {"expires_in_days": 0},
        {"expires_in_days": 731},
        {"name": ""},
        {"expires_at": None},
    ],
)
def test_a_token_is_made_as_described(shared_site: Site, change: dict[str, object]) -> None:
    body = {"name": "x", "permissions": ["read"]} | change
    answer = shared_site.post("/tokens", body, shared_site.login("anna"))
    assert answer.status_code == 422


def test_no_secret_is_kept_or_told(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """R56: passwords, cookies and tokens are in no file, no log, no audit and no error."""
    caplog.set_level(logging.DEBUG)
    setup = site.accounts.setup_token.make()
    login = site.login("anna")
    body = {"name": "canary", "permissions": ["read"]}
    token = site.post("/tokens", body, login).json()["token"]
    secrets = [PASSWORD, setup, login["Cookie"].partition("=")[2], token, "wrong canary pass"]
    told = [
        site.post("/auth/login", {"username": "anna", "password": "wrong canary pass"}).text,
        site.post("/auth/login", {"username": "wrong canary pass", "password": "x"}).text,
        site.post("/auth/step-up", {"password": "wrong canary pass"}, login).text,
        site.post("/setup", {"token": "wrong canary pass", "username": "x"}).text,
        site.get("/auth/me", login).text,
        site.get("/auth/me", {"Authorization": f"Bearer {token}x"}).text,
        site.get("/tokens", login).text,
        site.get("/audit", login).text,
        caplog.text,
        str(site.installation.database.audit.list(limit=500)),
        repr(site.installation.plans),
    ]
    for secret in secrets:
        assert not [each for each in told if secret in each]
        assert not [path for path in files(site.root) if secret.encode() in path.read_bytes()]


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_the_audit_of_a_plan_shows_logins_to_who_is_logged_in_and_to_no_token(
    site: Site,
) -> None:
    """A token may be for one plan; what is of the server is not its business."""
    site.post("/auth/login", {"username": "anna", "password": "a wrong password"})
    login = site.login("anna")
    entries = site.get("/plans/photos/audit", login).json()["entries"]
    assert [(each["action"], each["outcome"]) for each in entries] == [
        ("session.open", "done"),
        ("session.open", "refused"),
    ]
    assert entries[1]["detail"]["code"] == "not-authenticated"
    refused = site.get("/plans/photos/audit?outcome=refused", login).json()
    assert [each["number"] for each in refused["entries"]] == [entries[1]["number"]]
    token, _ = site.token("anna", plans=["photos"])
    assert site.get("/plans/photos/audit", token).json()["entries"] == []
