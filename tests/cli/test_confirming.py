"""R20: restoring over the wrong data is hard: the target is shown, and may have to be named."""

from __future__ import annotations

import platform
import re

import pytest

from tests.cli.app import App

NAMED = '\n[restore]\ntarget_name = "production"\n'


@pytest.fixture
def production(kept: App) -> App:
    """An application whose live data have a name, and a row more than the backup."""
    config = kept.root / "holdfast.toml"
    config.write_text(config.read_text() + NAMED)
    kept.add_user(5)
    return kept


def test_a_dry_run_shows_the_target_and_what_is_there(kept: App) -> None:
    """R20: with its fingerprint, and the counts that would be replaced."""
    kept.add_user(5)
    shown = kept.do("restore", "latest", "--dry-run").out
    title = shown.splitlines()[0]
    found = re.fullmatch(r"Target ([0-9a-f]{4}-[0-9a-f]{4}): plan default on (\S+)", title)
    assert found, title
    assert found[2] == platform.node()
    assert re.search(r"/data/app\.db +\d+\.\d KiB, last written 2\d{3}-", shown)
    assert re.search(r"/data/thumbnails +6 files, 29\.3 KiB, last written 2\d{3}-", shown)
    assert "6 rows -> 5 rows" in shown
    target = kept.do("restore", "latest", "--dry-run", "--json").document["restore"]["target"]
    assert (target["fingerprint"], target["named"]) == (found[1], False)
    assert target["places"][0]["root"] == "files/thumbnails"


def test_the_fingerprint_of_a_dry_run_confirms_exactly_that_target(kept: App) -> None:
    """R20: seen here, meant here; a fingerprint from elsewhere has no effect."""
    kept.add_user(5)
    shown = kept.do("restore", "latest", "--dry-run", "--json").document["restore"]["target"]
    wrong = kept.run("restore", "latest", "--confirm", "0000-0000", "--yes")
    assert (wrong.status, wrong.out, kept.users()) == (2, "", 6)
    kept.do("restore", "latest", "--confirm", shown["fingerprint"])
    assert kept.users() == 5


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--yes",),
        ("--no-safety-backup", "--no-verify", "--yes"),
        ("--confirm", "staging"),
        ("--confirm", "staging", "--yes"),
        ("--only", "app", "--yes"),
    ],
    ids=" ".join,
)
def test_without_the_name_of_the_data_nothing_is_replaced(
    production: App, arguments: tuple[str, ...]
) -> None:
    """R20: a missing or wrong confirmation has no effect; --yes is none."""
    for command in (("restore", "latest"), ("undo",)):
        if command == ("undo",) and {"--only", "--no-verify"} & set(arguments):
            continue
        done = production.run(*command, *arguments)
        assert (done.status, done.out) == (2, "")
        assert f"production on {platform.node()}" in done.err
    assert production.users() == 6
    assert len(production.do("list", "--json").document["backups"]) == 1


def test_the_variable_names_the_data_too(kept: App) -> None:
    """R20: one configuration, several environments."""
    kept.add_user(5)
    kept.environment["BACKUP_RESTORE_TARGET_NAME"] = "production"
    assert kept.run("restore", "latest", "--yes").status == 2
    kept.do("restore", "latest", "--confirm", "production")
    assert kept.users() == 5


def test_the_name_is_given_as_an_option(production: App) -> None:
    """R20: for restores and for the undo."""
    production.do("restore", "latest", "--confirm", "production")
    assert production.users() == 5
    production.do("undo", "--confirm", "production")
    assert production.users() == 6


def test_on_a_terminal_the_name_is_typed_below_what_it_names(production: App) -> None:
    """R20: y is not enough, nor is --yes."""
    for options, answer in (((), "y"), (("--yes",), "prod"), ((), "")):
        with production.sit("restore", "latest", *options) as terminal:
            terminal.expect("To replace the data of production, type its name: ")
            assert "Target production (" in terminal.screen
            assert str(production.root / "data" / "app.db") in terminal.screen
            assert "6 rows -> 5 rows" in terminal.screen
            terminal.enter(answer)
            assert terminal.wait() == 2
            assert "nothing was changed" in terminal.screen
    assert production.users() == 6
    with production.sit("restore", "latest") as terminal:
        terminal.expect("type its name: ")
        terminal.enter("production")
        assert terminal.wait() == 0
    assert production.users() == 5


def test_a_new_place_needs_no_name(production: App) -> None:
    production.do("restore", "latest", "--into", "out")
    production.do("restore", "latest", "--dry-run")
    assert production.users() == 6
