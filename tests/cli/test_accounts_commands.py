"""Users and tokens of the server from the command line, for who administers the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.app import App

FIRST, SECOND = "a long pass phrase", "another pass phrase"


@pytest.fixture
def shop(app: App) -> App:
    """An application with two passwords in files."""
    (app.root / "first").write_text(FIRST)
    (app.root / "second").write_text(SECOND)
    return app


def add(shop: App, name: str, role: str) -> None:
    shop.do("users", "add", name, "--role", role, "--new-password-file", "first")


def names(shop: App) -> list[tuple[str, str, bool]]:
    users = shop.do("users", "list", "--json").document["users"]
    return [(each["username"], each["role"], each["disabled"]) for each in users]


def test_users_are_looked_after(shop: App) -> None:
    assert "There are no users yet" in shop.do("users", "list").out
    add(shop, "anna", "admin")
    add(shop, "ben", "viewer")
    shop.do("users", "role", "ben", "--role", "operator")
    shop.do("users", "disable", "ben")
    assert names(shop) == [("anna", "admin", False), ("ben", "operator", True)]
    shop.do("users", "enable", "ben")
    shop.do("users", "passwd", "ben", "--new-password-file", "second")
    refused = shop.run("users", "remove", "ben")
    assert (refused.status, "Not confirmed" in refused.err) == (2, True)
    shop.do("users", "remove", "ben", "--yes")
    assert names(shop) == [("anna", "admin", False)]
    listed = shop.do("users", "list")
    assert "anna" in listed.out
    assert "argon2" not in listed.out + shop.do("users", "list", "--json").out


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("users add", 2, "needs the name"),
        ("users list anna", 2, "takes no name"),
        ("users add ben", 2, "--role"),
        ("users passwd anna --role admin", 2, "--role"),
        ("users role nobody --role admin", 1, "There is no user nobody"),
        ("users add anna --role viewer --new-password-file first", 1, "anna already"),
        ("users add b\u202en --role viewer --new-password-file first", 1, "name of a user"),
        ("users add ben --role viewer --new-password-file backup", 2, "cannot be read"),
        ("users remove anna --yes", 1, "last administrator"),
        ("users disable anna", 1, "last administrator"),
        ("tokens add anna", 2, "--name and --permission"),
        ("tokens add nobody --name x --permission read", 1, "There is no user nobody"),
        ("tokens add anna --name x --permission read --days 0", 2, "from 1 to 730"),
        ("tokens add anna --name x --permission read --for-plan y", 2, "There is no plan y"),
        ("tokens revoke nothing", 1, "There is no token"),
        ("tokens list x", 2, "neither"),
    ],
)
def test_what_cannot_be_done_is_said(shop: App, line: str, status: int, said: str) -> None:
    add(shop, "anna", "admin")
    done = shop.run(*line.split())
    assert (done.status, said in done.err) == (status, True), done.err


def test_a_password_is_asked_for_twice(shop: App) -> None:
    with shop.sit("users", "add", "anna", "--role", "admin") as terminal:
        for prompt in ("New password: ", "The same again: "):
            terminal.expect(prompt)
            terminal.enter(FIRST)
        assert terminal.wait() == 0
    assert FIRST not in terminal.screen


def test_a_token_is_shown_once_and_revoked(shop: App) -> None:
    add(shop, "anna", "admin")
    line = ["tokens", "add", "anna", "--name", "nightly", "--permission", "run"]
    made = shop.do(*line)
    secret = made.out.strip()
    assert secret.startswith("hf_")
    assert "shown this once" in made.err
    (token,) = shop.do("tokens", "list", "--json").document["tokens"]
    assert (token["permissions"], token["revoked_at"]) == (["run"], None)
    shop.do("tokens", "revoke", token["id"])
    listed = shop.do("tokens", "list").out
    assert "revoked" in listed
    assert secret not in listed + _everything(shop.root)


def _everything(root: Path) -> str:
    return "".join(
        path.read_bytes().decode("latin-1") for path in root.rglob("*") if path.is_file()
    )
