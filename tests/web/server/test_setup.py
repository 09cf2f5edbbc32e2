"""The first run: who can read the console, and nobody else, makes the first administrator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.web.server.site import PASSWORD, Site

BODY = {"username": "anna", "password": PASSWORD}


def test_the_token_works_once(empty_site: Site) -> None:
    token = empty_site.accounts.setup_token.make()
    path = empty_site.accounts.setup_token.path
    assert path.stat().st_mode & 0o777 == 0o600
    assert token not in path.read_text()
    assert empty_site.get("/setup").json() == {"needed": True}
    answer = empty_site.post("/setup", BODY | {"token": token})
    assert (answer.status_code, answer.json()["role"]) == (201, "admin")
    assert not path.exists()
    assert empty_site.get("/setup").json() == {"needed": False}
    again = empty_site.post("/setup", BODY | {"token": token, "username": "eve"})
    assert again.status_code == 401
    empty_site.login("anna")
    assert empty_site.audit()[1][1:] == ("server.set_up", "not-authenticated")
    assert empty_site.audit()[2][1:] == ("server.set_up", "done")


def test_of_two_who_have_it_one_is_first(empty_site: Site) -> None:
    token = empty_site.accounts.setup_token.make()
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda name: (
                    empty_site.post("/setup", BODY | {"token": token, "username": name}).status_code
                ),
                ["anna", "ben", "carl", "dora"],
            )
        )
    assert answers.count(201) == 1
    assert set(answers) <= {201, 401, 409}
    assert len(empty_site.accounts.users()) == 1


def test_with_users_there_is_no_set_up(site: Site) -> None:
    """Even with a token that somebody left behind."""
    token = site.accounts.setup_token.make()
    answer = site.post("/setup", BODY | {"token": token, "username": "eve"})
    assert (answer.status_code, answer.json()["code"]) == (409, "account-exists")


def test_the_token_is_not_guessed(empty_site: Site) -> None:
    empty_site.accounts.setup_token.make()
    codes = [
        empty_site.post("/setup", BODY | {"token": f"guess {number}"}).status_code
        for number in range(7)
    ]
    assert codes == [401] * 5 + [429] * 2
    assert empty_site.accounts.users() == []


def test_a_new_start_makes_a_new_token(empty_site: Site) -> None:
    """Whoever saw the console of an earlier start has nothing."""
    old = empty_site.accounts.setup_token.make()
    new = empty_site.accounts.setup_token.make()
    assert empty_site.post("/setup", BODY | {"token": old}).status_code == 401
    assert empty_site.post("/setup", BODY | {"token": new}).status_code == 201


def test_a_password_that_is_refused_leaves_the_token(empty_site: Site) -> None:
    token = empty_site.accounts.setup_token.make()
    short = empty_site.post("/setup", BODY | {"token": token, "password": "short"})
    assert short.status_code == 422
    assert empty_site.post("/setup", BODY | {"token": token}).status_code == 201


def test_without_a_user_nobody_logs_in(empty_site: Site) -> None:
    """There is no default password (and none that is empty)."""
    for name in ("admin", "root", "holdfast"):
        for password in ("admin", "holdfast", "password", name):
            answer = empty_site.post("/auth/login", {"username": name, "password": password})
            assert answer.status_code in (401, 429)
