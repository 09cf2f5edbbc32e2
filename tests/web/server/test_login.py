"""Logins: what opens them, what ends them, and how often one may guess."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from holdfast.web.server.app import _begin
from holdfast.web.server.door import Door
from holdfast.web.server.throttle import PER_ADDRESS, PER_PAIR, WINDOW
from tests.web.server.site import PASSWORD, Site, running

NEW = "another pass phrase"
CLIENT = "127.0.0.1"
"""Where the requests of these tests come from."""


def test_a_login_is_kept_in_a_cookie_that_scripts_and_other_sites_cannot_use(site: Site) -> None:
    answer = site.post("/auth/login", {"username": "ANNA", "password": PASSWORD})
    assert answer.json()["username"] == "anna"
    name, *flags = answer.headers["set-cookie"].split("; ")
    assert name.startswith("holdfast_session=")
    assert {each.lower() for each in flags} == {
        "httponly",
        "samesite=strict",
        "path=/",
        "max-age=43200",
    }
    assert answer.headers["cache-control"] == "no-store"


def test_over_https_the_cookie_is_for_this_host_and_https_only(site: Site) -> None:
    answer = site.request(
        "POST",
        "https://localhost/api/v1/auth/login",
        json={"username": "anna", "password": PASSWORD},
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-holdfast_session=")
    assert "Secure" in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    header = {"Cookie": cookie.partition(";")[0]}
    me = site.request("GET", "https://localhost/api/v1/auth/me", header)
    assert me.json()["username"] == "anna"


@pytest.mark.parametrize(("setting", "secure"), [("always", True), ("never", False)])
def test_whether_the_cookie_is_for_https_only_can_be_said(
    tmp_path: Path, setting: str, secure: bool
) -> None:
    with running(tmp_path, cookie_secure=setting) as site:
        answer = site.post("/auth/login", {"username": "anna", "password": PASSWORD})
        assert ("Secure" in answer.headers["set-cookie"]) is secure


def test_a_login_gets_a_secret_of_its_own_and_ends_the_one_before(site: Site) -> None:
    """A cookie that somebody planted, or that was there, opens nothing afterwards (fixation)."""
    planted = {"Cookie": "holdfast_session=planted-by-somebody"}
    body = {"username": "anna", "password": PASSWORD}
    first = site.post("/auth/login", body, planted).headers["set-cookie"].partition(";")[0]
    assert "planted" not in first
    assert site.get("/auth/me", planted).status_code == 401
    second = site.post("/auth/login", body, {"Cookie": first}).headers["set-cookie"]
    assert second.partition(";")[0] != first
    assert site.get("/auth/me", {"Cookie": first}).status_code == 401


def test_logging_out_ends_the_login_on_the_server(site: Site) -> None:
    login, other = site.login("anna"), site.login("anna")
    answer = site.post("/auth/logout", headers=login)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert site.get("/auth/me", login).status_code == 401
    assert site.get("/auth/me", other).status_code == 200


def test_a_login_ends_when_it_is_idle_and_in_any_case(site: Site) -> None:
    idle, used = site.login("anna"), site.login("otto")
    for _ in range(16):
        site.clock.ahead += timedelta(minutes=50)
        if site.get("/auth/me", used).status_code == 401:
            break
        assert site.get("/auth/me", idle).status_code in (200, 401)
    else:
        pytest.fail("a login that is used lives for more than its 12 hours")
    assert site.clock.ahead >= timedelta(hours=12)
    fresh = site.login("anna")
    site.clock.ahead += timedelta(minutes=61)
    assert site.get("/auth/me", fresh).status_code == 401


def test_a_new_password_ends_all_other_logins(site: Site) -> None:
    here, elsewhere = site.login("anna"), site.login("anna")
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert site.post("/auth/password", change, here).status_code == 204
    assert site.get("/auth/me", here).status_code == 200
    assert site.get("/auth/me", elsewhere).status_code == 401
    assert site.post("/auth/login", {"username": "anna", "password": PASSWORD}).status_code == 401
    site.login("anna", NEW)


@pytest.mark.parametrize("new", ["short", "anna" * 3, "aaaaaaaaaaaaaaaa", "123456789012"])
def test_a_password_that_is_guessed_at_once_is_refused(shared_site: Site, new: str) -> None:
    login = shared_site.login("anna")
    change = {"current_password": PASSWORD, "new_password": new}
    answer = shared_site.post("/auth/password", change, login)
    assert (answer.status_code, answer.json()["code"]) == (422, "account-error")
    assert new not in answer.text


def test_a_password_is_changed_only_by_who_knows_it(site: Site) -> None:
    login = site.login("anna")
    change = {"current_password": "not the password", "new_password": NEW}
    answer = site.post("/auth/password", change, login)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission-denied")
    site.login("anna")


def test_what_destroys_needs_the_password_once_more(site: Site) -> None:
    """Five minutes after the login; a stolen browser restores and removes nothing."""
    login = site.login("anna")
    assert site.request("DELETE", "/api/v1/backups/nothing", login).status_code == 404
    site.clock.ahead += timedelta(minutes=6)
    for method, path in (("DELETE", "/backups/nothing"), ("POST", "/backups/cleanup")):
        refused = site.request(method, f"/api/v1{path}", login, json=None)
        assert (refused.status_code, refused.json()["code"]) == (403, "step-up-required")
    assert site.post("/users", {}, login).json()["code"] == "step-up-required"
    assert site.get("/users", login).status_code == 200, "looking destroys nothing"
    wrong = site.post("/auth/step-up", {"password": "not the password"}, login)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "permission-denied")
    assert site.post("/auth/step-up", {"password": PASSWORD}, login).status_code == 204
    assert site.request("DELETE", "/api/v1/backups/nothing", login).status_code == 404


def test_what_discloses_needs_the_password_once_more(site: Site) -> None:
    """A file of a backup is data, as all of it is; to look for it is not."""
    login = site.login("anna")
    site.clock.ahead += timedelta(minutes=6)
    found = "/backups/nothing"
    for query in ("", "?path=files/a"):
        for method in ("GET", "HEAD"):
            path = f"/api/v1{found}/download{query}"
            assert site.request(method, path, login).status_code == 403
        assert site.get(f"{found}/download{query}", login).json()["code"] == "step-up-required"
    refused = site.post("/backups/nothing/download-link", {"path": "files/a"}, login)
    assert refused.json()["code"] == "step-up-required"
    assert site.get(f"{found}/contents?search=a", login).status_code == 404


def test_tokens_need_no_step_up(site: Site) -> None:
    """A program has no password; what it may is what it was made for."""
    headers, _ = site.token("anna")
    site.clock.ahead += timedelta(hours=2)
    assert site.request("DELETE", "/api/v1/backups/nothing", headers).status_code == 404


@pytest.mark.parametrize("name", ["anna", "nobody", "no body \u202e\n", "anna'--", "x" * 100])
def test_who_exists_is_not_told(site: Site, name: str) -> None:
    """The answer is the same to the letter, and a hash is compared in each case."""
    with patch.object(
        type(site.accounts.passwords), "matches", autospec=True, return_value=False
    ) as compared:
        answer = site.post("/auth/login", {"username": name, "password": "wrong"})
    assert compared.call_count == 1
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "The name or the password is wrong",
    )


def test_for_nobody_a_real_hash_is_reckoned(shared_site: Site) -> None:
    """As expensive as that of a user: what the answer takes tells nothing."""
    passwords = shared_site.accounts.passwords
    assert not passwords.matches(None, "the password of nobody")
    kept = passwords.hash("some password")
    assert passwords._nobody.rsplit("$", 2)[0] == kept.rsplit("$", 2)[0]
    assert kept.startswith("$argon2id$")


def test_guessing_is_slowed_down_for_an_account_and_an_address(site: Site) -> None:
    """R63: five wrong passwords, then none for a quarter of an hour, be it right or wrong."""
    guess = {"username": "anna", "password": "a wrong password"}
    for _ in range(PER_PAIR):
        assert site.post("/auth/login", guess).status_code == 401
    for body in (guess, {"username": "Anna", "password": PASSWORD}):
        refused = site.post("/auth/login", body)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= WINDOW.total_seconds() + 1
    # Another user at the same address is not kept out.
    site.login("otto")
    site.clock.ahead += WINDOW + timedelta(seconds=2)
    site.login("anna")


def test_guesses_at_once_are_as_many_as_one_after_the_other(site: Site) -> None:
    """R63: while one password is compared, the others count already."""
    together = threading.Barrier(PER_PAIR)

    def compare(_self: object, _kept: object, _password: object) -> bool:
        together.wait(60)
        return False

    def guess(number: int) -> int:
        body = {"username": "anna" + " " * number, "password": "a wrong password"}
        return site.post("/auth/login", body).status_code

    with (
        patch.object(type(site.accounts.passwords), "matches", compare),
        ThreadPoolExecutor(PER_PAIR * 2) as pool,
    ):
        codes = Counter(pool.map(guess, range(PER_PAIR * 2)))
    assert codes == {401: PER_PAIR, 429: PER_PAIR}


def test_a_user_cannot_be_locked_out_from_elsewhere(site: Site) -> None:
    for _ in range(PER_PAIR):
        site.accounts.throttle.reserve("anna", "203.0.113.9")
    site.login("anna")


def test_many_accounts_are_not_guessed_from_one_address(site: Site) -> None:
    for number in range(PER_ADDRESS):
        site.accounts.throttle.reserve(f"user{number}", CLIENT)
    assert site.post("/auth/login", {"username": "anna", "password": PASSWORD}).status_code == 429


def test_who_guesses_at_a_step_up_is_slowed_down_too(site: Site) -> None:
    login = site.login("anna")
    for _ in range(PER_PAIR):
        site.post("/auth/step-up", {"password": "wrong"}, login)
    assert site.post("/auth/step-up", {"password": PASSWORD}, login).status_code == 429


def test_logins_are_in_the_audit_without_what_was_typed(site: Site) -> None:
    """A name that no user has may be a password in the wrong field."""
    site.post("/auth/login", {"username": "my secret password", "password": "x"})
    site.post("/auth/login", {"username": "anna", "password": "wrong"})
    login = site.login("anna")
    site.post("/auth/logout", headers=login)
    assert site.audit()[:4] == [
        ("anna", "session.close", "done"),
        ("anna", "session.open", "done"),
        ("anna", "session.open", "not-authenticated"),
        (None, "session.open", "not-authenticated"),
    ]


def test_who_is_refused_again_and_again_does_not_fill_the_audit(site: Site) -> None:
    """The first refusal of an account and an address in a quarter of an hour is recorded."""
    before = len(site.audit())
    with patch.object(type(site.accounts.passwords), "matches", return_value=False):
        for number in range(PER_PAIR + 3):
            site.post("/auth/login", {"username": "anna", "password": "wrong"})
            site.post("/auth/login", {"username": f"nobody{number}", "password": "wrong"})
    assert sorted(site.audit()[: len(site.audit()) - before], key=str) == [
        ("anna", "session.open", "not-authenticated"),
        ("anna", "session.open", "too-many-requests"),
        (None, "session.open", "not-authenticated"),
    ]
    site.clock.ahead += WINDOW + timedelta(seconds=2)
    site.post("/auth/login", {"username": "anna", "password": "wrong"})
    assert site.audit()[0] == ("anna", "session.open", "not-authenticated")
    assert len(site.audit()) == before + 4


@pytest.mark.parametrize(("days", "kept"), [(730, 1), (731, 2), (0, 2), (10**9, 2)])
def test_the_audit_ends_where_the_configuration_says(site: Site, days: int, kept: int) -> None:
    audit = site.installation.database.audit
    audit.add(actor="anna", action="act", outcome="done")
    site.clock.ahead += timedelta(days=730, hours=1)
    audit.add(actor="anna", action="act", outcome="done")
    server = replace(site.installation.server, audit_days=days)
    installation = replace(site.installation, server=server)
    _begin(Door(installation, site.accounts))
    assert audit.list(action="act")[1] == kept


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "anna"},
        {"username": "anna", "password": ""},
        {"username": "anna", "password": "x" * 1025},
        {"username": "x" * 101, "password": "x"},
        {"username": ["anna"], "password": "x"},
        {"username": "anna", "password": "x", "role": "admin"},
        {"username": "anna\x00", "password": "x"},
        "anna",
    ],
)
def test_a_body_that_is_none_is_refused(shared_site: Site, body: object) -> None:
    answer = shared_site.post("/auth/login", body)
    assert answer.status_code in (401, 422)
    assert answer.headers["content-type"] == "application/problem+json"
