"""R49: set-up does not finish until a way into the repository is kept elsewhere."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.app import PASSWORD, App
from tests.rig.restic import Restic

UNFINISHED = "Set-up is not finished"


def key_in(kit: Path) -> str:
    (line,) = [line for line in kit.read_text().splitlines() if line.startswith("Recovery key:")]
    return line.split()[-1]


def finished(app: App) -> bool:
    return bool(app.do("keys", "list", "--json").document["escrow"]["finished"])


def test_a_script_goes_on_and_is_told_how_to_finish(app: App) -> None:
    """R49: without a terminal and new options `init` works, and says what is left."""
    made = app.do("init")
    assert "is ready" not in made.out
    (line,) = made.err.splitlines()
    assert line.startswith(f"warning: {UNFINISHED}")
    assert "`holdfast keys recovery -o FILE`" in line
    assert "`holdfast keys confirm`" in line
    assert not finished(app)


def test_until_then_commands_remind_in_one_line_and_never_fail(app: App) -> None:
    """R49: on standard error, or in the document."""
    app.do("init")
    for line in ("create --quiet", "stats", "config show"):
        done = app.do(*line.split())
        assert [UNFINISHED in said for said in done.err.splitlines()] == [True], line
    commands = ("create", "stats", "config show", "keys list", "drill")
    for line in commands:
        done = app.do(*line.split(), "--json")
        assert UNFINISHED not in done.err
        (reminder,) = done.document["reminders"]
        assert reminder.startswith(UNFINISHED)
    app.do("keys", "confirm", "--password-kept-elsewhere")
    assert UNFINISHED not in app.do("create").err
    assert app.do("keys", "list", "--json").document["reminders"] == []


def test_without_encryption_nobody_is_reminded(app: App) -> None:
    made = app.do("init", "--no-encrypt", "--json")
    assert made.document["setup"]["finished"] is True
    for option in ("--password-kept-elsewhere", "--recovery-kit=kit.txt"):
        assert app.run("init", "--repo", "other", "--no-encrypt", option).status == 2
    assert not (app.root / "other").exists()
    assert UNFINISHED not in app.do("create").err


def test_a_setting_of_no_password_command_runs_to_remind(app: App) -> None:
    """R49: `config show` asks nobody for the password to tell whether set-up is finished."""
    app.do("init")
    del app.environment["BACKUP_ENCRYPTION_PASSWORD"]
    done = app.do("config", "show", "--password-command", "touch was-run")
    assert UNFINISHED in done.err
    assert not (app.root / "was-run").exists()


def test_init_writes_the_kit_at_once(app: App) -> None:
    """R49."""
    made = app.do("init", "--recovery-kit", "kit.txt")
    assert "it is ready" in made.out
    assert made.err == ""
    assert finished(app)
    kit = app.root / "kit.txt"
    assert kit.stat().st_mode & 0o777 == 0o600
    assert key_in(kit) not in made.out
    app.environment["BACKUP_ENCRYPTION_PASSWORD"] = key_in(kit)
    app.do("list")


def test_init_with_a_kit_that_cannot_be_written_makes_nothing(app: App) -> None:
    (app.root / "kit.txt").write_text("mine")
    for path in ("kit.txt", "no/such/kit.txt", "backups/kit.txt"):
        assert app.run("init", "--recovery-kit", path).status in (1, 2), path
        assert not (app.root / "backups").exists(), path
    assert (app.root / "kit.txt").read_text() == "mine"


def test_init_takes_the_word_that_the_password_is_kept_elsewhere(app: App) -> None:
    made = app.do("init", "--password-kept-elsewhere", "--json").document["setup"]
    assert made == {"finished": True, "recovery_kit": None, "password_kept_elsewhere": True}
    assert finished(app)


def test_on_a_terminal_init_asks_where_to_write_the_kit(app: App) -> None:
    """R49: it is not called ready before; a bad place is asked for again."""
    with app.sit("init") as terminal:
        terminal.expect("Write the kit to which file?")
        assert "ready" not in terminal.screen
        terminal.enter("backups/kit.txt")
        terminal.expect("is inside the repository")
        terminal.expect("Write the kit to which file?")
        terminal.enter("kit.txt")
        assert terminal.wait() == 0
        assert "it is ready" in terminal.screen
        assert key_in(app.root / "kit.txt") not in terminal.screen
    assert finished(app)


def test_on_a_terminal_init_takes_a_typed_confirmation(app: App) -> None:
    """R49: an empty answer and a yes are none."""
    with app.sit("init") as terminal:
        for answer in ("", "yes"):
            terminal.expect("Write the kit to which file?")
            terminal.enter("")
            terminal.expect("type: kept elsewhere\n> ")
            terminal.enter(answer)
        terminal.expect("Write the kit to which file?")
        assert "ready" not in terminal.screen
        terminal.enter("")
        terminal.expect("> ")
        terminal.enter("Kept elsewhere")
        assert terminal.wait() == 0
        assert "it is ready" in terminal.screen
    assert finished(app)


def test_on_a_terminal_init_without_an_answer_is_not_finished(app: App) -> None:
    """R49: the repository is there, and nobody was told that it is ready."""
    with app.sit("init") as terminal:
        for _ in range(3):
            terminal.expect("Write the kit to which file?")
            terminal.enter("")
            terminal.expect("> ")
            terminal.enter("")
        assert terminal.wait() == 2
        assert "was made" in terminal.screen or "Made the repository" in terminal.screen
        assert "set-up is not finished" in terminal.screen
        assert "ready" not in terminal.screen
    assert not finished(app)
    with app.sit("init", "--repo", "second") as terminal:
        terminal.expect("Write the kit to which file?")
        terminal.process.send_signal(2)
        assert terminal.wait() == 130
    again = app.run("init", "--repo", "second")
    assert again.status == 1
    assert UNFINISHED in again.err


def test_the_word_is_taken_back_when_the_password_changes(app: App) -> None:
    """R49."""
    app.do("init", "--password-kept-elsewhere")
    (app.root / "new").write_text("another password")
    app.do("keys", "change", "--new-password-file", "new")
    app.environment["BACKUP_ENCRYPTION_PASSWORD"] = "another password"
    assert UNFINISHED in app.do("create").err


def test_confirming_needs_the_option_or_the_typed_words(app: App) -> None:
    app.do("init")
    done = app.run("keys", "confirm", answer="kept elsewhere\n")
    assert (done.status, done.out) == (2, "")
    assert "--password-kept-elsewhere" in done.err
    with app.sit("keys", "confirm") as terminal:
        terminal.expect("> ")
        terminal.enter("yes")
        assert terminal.wait() == 2
    assert not finished(app)
    with app.sit("keys", "confirm") as terminal:
        terminal.expect("> ")
        terminal.enter("kept elsewhere")
        assert terminal.wait() == 0
    assert finished(app)


def test_the_kit_restores_on_a_fresh_machine_as_it_says(kept: App, tmp_path: Path) -> None:
    """R49, R25: the commands on the page are run as they stand, with Holdfast and with restic."""
    kept.do("keys", "recovery", "-o", "kit.txt")
    page = (kept.root / "kit.txt").read_text()
    key = key_in(kept.root / "kit.txt")
    fresh = App(tmp_path / "fresh")
    fresh.root.mkdir()
    shutil.copytree(kept.root / "backups", fresh.root / "DIR")
    fresh.environment["BACKUP_ENCRYPTION_PASSWORD"] = key.lower()
    lines = [line.split() for line in page.splitlines() if line.startswith("    ")]
    assert [line[0] for line in lines] == ["holdfast", "holdfast", "restic", "restic", "holdfast"]
    fresh.do(*lines[0][1:])
    fresh.do(*lines[1][1:])
    restic = Restic(fresh.root / "DIR", key, tmp_path / "home")
    restic.run("snapshots")
    restic.restore("latest", fresh.root / "by-restic")
    for place in ("restored", "by-restic"):
        with closing(sqlite3.connect(fresh.root / place / "database" / "app.db")) as database:
            assert database.execute("select count(*) from users").fetchone() == (5,)
    with fresh.sit(*lines[4][1:]) as terminal:
        terminal.expect(f"Recovery key ({key[:5]}-...): ")
        terminal.enter(key)
        assert terminal.wait() == 0
        assert key[6:11] not in terminal.screen


def test_on_the_fresh_machine_the_key_is_typed_as_the_password(kept: App) -> None:
    """R49: in small letters, with spaces; a typing mistake is told from a wrong password."""
    kept.do("keys", "recovery", "-o", "kit.txt")
    key = key_in(kept.root / "kit.txt")
    del kept.environment["BACKUP_ENCRYPTION_PASSWORD"]
    with kept.sit("list") as terminal:
        terminal.expect("Password of the repository: ")
        terminal.enter(key.lower().replace("-", " "))
        assert terminal.wait() == 0
    with kept.sit("list") as terminal:
        terminal.expect("Password of the repository: ")
        terminal.enter(key[:-1] + ("0" if key[-1] != "0" else "1"))
        assert terminal.wait() == 12
        assert "looks like a recovery key with a typing mistake" in terminal.screen


def test_a_drill_on_a_terminal_forgives_a_typing_mistake(kept: App) -> None:
    """R49: three attempts; the password of this machine does not help."""
    kept.do("keys", "recovery", "-o", "kit.txt")
    key = key_in(kept.root / "kit.txt")
    with kept.sit("keys", "drill") as terminal:
        terminal.expect("Recovery key")
        terminal.enter(PASSWORD)
        terminal.expect("instead of 35")
        terminal.expect("Recovery key")
        terminal.enter(key[:-1])
        terminal.expect("34 characters instead of 35")
        terminal.expect("Recovery key")
        terminal.enter(key)
        assert terminal.wait() == 0
        assert "opens the repository" in terminal.screen
    assert kept.do("keys", "list", "--json").document["escrow"]["opened_at"]


def test_a_drill_reads_a_kit_or_standard_input(kept: App) -> None:
    """R49: never an argument."""
    kept.do("keys", "recovery", "-o", "kit.txt")
    page = (kept.root / "kit.txt").read_text()
    key = key_in(kept.root / "kit.txt")
    proof = kept.do("keys", "drill", "--kit", "kit.txt", "--json").document["unlock_drill"]
    assert proof["recovery_key"] == key[:5]
    for given in (page, key, f"{key.lower()}\n"):
        assert kept.run("keys", "drill", "--kit", "-", answer=given).status == 0
    assert kept.run("keys", "drill", answer=key).status == 12
    assert kept.run("keys", "drill", key).status == 2
    for content in (b"", b"\xff\xfe", b"x" * 100_000):
        (kept.root / "bad").write_bytes(content)
        assert kept.run("keys", "drill", "--kit", "bad").status in (2, 12), content[:5]
    assert kept.run("keys", "drill", "--kit", "nowhere").status == 2


def test_the_kit_of_another_repository_says_of_which(kept: App) -> None:
    """R49."""
    other = kept.do("init", "--repo", "other", "--recovery-kit", "other.txt", "--json").document
    done = kept.run("keys", "drill", "--kit", "other.txt", "--json")
    error = done.document["error"]
    assert (error["code"], done.status) == ("recovery-key-foreign", 12)
    assert f"its kit is of the repository {other['repository']['id'][:10]}" in error["message"]
    wrong = kept.run("keys", "drill", "--kit", "-", "--json", answer="wrong").document["error"]
    assert wrong["code"] == "wrong-password"
    kept.do("keys", "recovery", "-o", "kit.txt")
    mistyped = kept.run("keys", "drill", "--kit", "-", "--json", answer="wrong").document["error"]
    assert mistyped["code"] == "recovery-key-mistyped"


def test_a_restore_drill_reminds_when_the_key_was_not_tried_for_long(kept: App) -> None:
    """R49: 180 days by default, as many as are set, or never."""
    kept.do("keys", "recovery", "-o", "kit.txt")
    assert kept.do("drill", "--json").document["reminders"] == []
    key_id = next(
        key["id"]
        for key in kept.do("keys", "list", "--json").document["keys"]
        if not key["current"]
    )
    record = kept.root / "backups" / "holdfast" / "escrow.json"
    record.write_text(json.dumps({"keys": {key_id: {"opened_at": "2020-01-01T00:00:00Z"}}}))
    # The key itself is new: that it was just made counts as well.
    assert kept.do("drill", "--json").document["reminders"] == []
    _make_older(kept, key_id)
    (reminder,) = kept.do("drill", "--json").document["reminders"]
    assert reminder.startswith("The recovery key was never tried; `holdfast keys drill` proves")
    assert kept.do("create", "--json").document["reminders"] == []  # a schedule is not to nag
    config = kept.root / "holdfast.toml"
    config.write_text(config.read_text() + "\n[encryption]\ndrill_days = 0\n")
    assert kept.do("drill", "--json").document["reminders"] == []
    config.write_text(config.read_text().replace("drill_days = 0", "drill_days = 99999"))
    assert kept.do("drill", "--json").document["reminders"] == []
    config.write_text(config.read_text().replace("drill_days = 99999", "drill_days = 90"))
    kept.do("keys", "drill", "--kit", "kit.txt")
    assert kept.do("drill", "--json").document["reminders"] == []


def _make_older(app: App, key_id: str) -> None:
    """Store the same key as if it had been made long ago; its name is the hash of its content."""
    import hashlib

    path = app.root / "backups" / "keys" / key_id
    document = json.loads(path.read_bytes())
    document["created"] = "2020-01-01T00:00:00Z"
    content = json.dumps(document).encode()
    path.with_name(hashlib.sha256(content).hexdigest()).write_bytes(content)
    path.unlink()


def test_a_recovery_key_is_not_replaced_by_a_change_of_the_password(kept: App) -> None:
    """R49: whoever lost the password opens by the key, and wants to keep it."""
    kept.do("keys", "recovery", "-o", "kit.txt")
    kept.environment["BACKUP_ENCRYPTION_PASSWORD"] = key_in(kept.root / "kit.txt")
    (kept.root / "new").write_text("another password")
    done = kept.run("keys", "change", "--new-password-file", "new")
    assert (done.status, "holdfast keys add" in done.err) == (2, True)
    kept.do("keys", "add", "--new-password-file", "new")
    kept.do("list", "--password-file", "new")


def test_a_password_that_opens_already_is_not_added(kept: App) -> None:
    (kept.root / "same").write_text(PASSWORD)
    done = kept.run("keys", "add", "--new-password-file", "same")
    assert (done.status, done.out) == (2, "")
    assert "This password opens the repository already" in done.err
    assert PASSWORD not in done.err
    assert len(kept.do("keys", "list", "--json").document["keys"]) == 1


@pytest.mark.parametrize("line", ["keys recovery", "keys list -o kit.txt"])
def test_the_file_of_a_kit_is_named_where_one_is_written(kept: App, line: str) -> None:
    assert kept.run(*line.split()).status == 2
    assert not (kept.root / "kit.txt").exists()
