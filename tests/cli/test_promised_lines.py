"""The exact command lines that are promised, on a real application."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.app import PASSWORD, App

_CREATE = (
    'create --encrypt --compress --description "Pre-deployment backup" --tags production deployment'
)


def do(app: App, line: str) -> str:
    return app.do(*shlex.split(line)).out


def test_the_promised_lines_work_one_after_the_other(app: App) -> None:
    do(app, _CREATE)
    (first,) = app.do("list", "--json").document["backups"]
    assert first["description"] == "Pre-deployment backup"
    assert first["tags"] == ["production", "deployment"]
    assert (first["encrypted"], first["compressed"]) == (True, True)
    backup_id = first["backup_id"]

    app.add_user(5)
    assert "verified" in do(app, "create --encrypt --compress --verify")
    do(app, "create --no-encrypt --no-compress")
    assert backup_id in do(app, "list --limit 10")
    assert "intact and readable" in do(app, f"verify {backup_id}")

    assert app.users() == 6
    do(app, f"restore {backup_id} --no-safety-backup --no-verify --yes")
    assert app.users() == 5
    assert not (app.root / "data" / "thumbnails" / "5.jpg").exists()

    do(app, f"delete {backup_id} --yes")
    assert len(app.do("list", "--json").document["backups"]) == 2
    do(app, "cleanup --keep 7")
    assert len(app.do("list", "--json").document["backups"]) == 2
    assert "Deduplication" in do(app, "stats")


def test_cleanup_needs_no_terminal(kept: App) -> None:
    """A scheduled job cannot answer questions; it removes at most half of the backups."""
    for _ in range(3):
        kept.do("create")
    document = kept.do("cleanup", "--keep", "2", "--json").document["cleanup"]
    assert len(document["removed"]) == 2
    assert len(kept.do("list", "--json").document["backups"]) == 2


def test_without_a_configuration_the_variables_do(app: App) -> None:
    (app.root / "holdfast.toml").unlink()
    app.environment |= {
        "DATABASE_URL": "sqlite:///./data/app.db",
        "BACKUP_DIR": "./data/backups",
        "BACKUP_COMPRESSION_ENABLED": "false",
        "BACKUP_VERIFY_AFTER_CREATE": "1",
    }
    backup = app.do("create", "--json").document["backup"]
    assert (backup["compressed"], backup["verified"], backup["total_records"]) == (False, True, 6)
    assert (app.root / "data" / "backups" / "config").exists()


def test_without_a_configuration_the_options_do(app: App, tmp_path: Path) -> None:
    (app.root / "holdfast.toml").unlink()
    repository = ("--repo", str(tmp_path / "r"))
    plan = ("--database", "data/app.db", "--directory", "t=data/thumbnails", "--exclude", "3.*")
    app.do("create", *repository, *plan, "--settings-table", "settings")
    shown = app.do("show", "latest", *repository, "--json").document["manifest"]
    assert list(shown["contents"]) == ["database/app.db", "settings.json", "files/t"]
    assert shown["contents"]["files/t"]["count"] == 4


def test_without_a_password_there_is_no_silent_unencrypted_backup(app: App) -> None:
    del app.environment["BACKUP_ENCRYPTION_PASSWORD"]
    done = app.run("create")
    assert (done.status, done.out) == (12, "")
    assert "needs a password and none was given" in done.err
    for way in ("--password-file", "--password-command", "BACKUP_ENCRYPTION_PASSWORD"):
        assert way in done.err
    assert not (app.root / "backups").exists()


@pytest.mark.parametrize(
    "arguments", [("create", "--no-encrypt"), ("init", "--no-encrypt")], ids=["create", "init"]
)
def test_without_encryption_only_when_it_is_said_and_then_with_a_warning(
    app: App, arguments: tuple[str, ...]
) -> None:
    del app.environment["BACKUP_ENCRYPTION_PASSWORD"]
    assert "warning: " in app.do(*arguments).err
    assert app.do("create", "--json").document["backup"]["encrypted"] is False
    refused = app.run("create", "--encrypt")
    assert refused.status == 1
    assert "made without encryption" in refused.err


def test_on_a_terminal_a_new_password_is_asked_for_twice_and_an_old_one_once(app: App) -> None:
    del app.environment["BACKUP_ENCRYPTION_PASSWORD"]
    with app.sit("create") as terminal:
        terminal.expect("Password for the new repository: ")
        terminal.enter(PASSWORD)
        terminal.expect("The same again: ")
        terminal.enter(PASSWORD)
        assert terminal.wait() == 0
        assert "Made backup" in terminal.screen
    with app.sit("list") as terminal:
        terminal.expect("Password of the repository: ")
        terminal.enter(PASSWORD)
        assert terminal.wait() == 0
        assert "backup_" in terminal.screen


def test_a_password_comes_from_a_file_or_a_command(kept: App) -> None:
    del kept.environment["BACKUP_ENCRYPTION_PASSWORD"]
    (kept.root / "password").write_text(f"{PASSWORD}\n")
    kept.do("list", "--password-file", "password")
    kept.do("--password-command", "cat password", "list")


def test_nothing_is_asked_or_made_for_a_plan_that_protects_nothing(app: App) -> None:
    (app.root / "holdfast.toml").unlink()
    del app.environment["BACKUP_ENCRYPTION_PASSWORD"]
    with app.sit("create") as terminal:
        assert terminal.wait() == 2
        assert "protects nothing" in terminal.screen
    assert not (app.root / "backups").exists()
