"""`holdfast recover`: settling an interrupted restore, or giving it up where that cannot be."""

from __future__ import annotations

from pathlib import Path

from tests.cli.app import App


def test_where_no_restore_was_interrupted_there_is_nothing_to_recover(kept: App) -> None:
    assert kept.do("recover").out == "No restore was interrupted\n"
    assert kept.do("recover", "--give-up", "--json").document == {"recovery": None}


def test_an_error_of_an_interrupted_restore_names_the_command_that_gives_it_up(kept: App) -> None:
    """What only reads says so and goes on; what writes does not begin."""
    journal = kept.root / "backups" / "holdfast" / "restore-default.json"
    journal.write_text("not to be read")
    for line in ("list", "show latest", "stats", "check"):
        assert "`holdfast recover --give-up`" in kept.do(*line.split()).err, line
    for line in ("create", "recover", "undo --yes"):
        refused = kept.run(*line.split())
        assert refused.status == 1
        assert "`holdfast recover --give-up`" in refused.err, line
    recovery = kept.do("recover", "--give-up", "--json").document["recovery"]
    assert Path(recovery["given_up"]["journal"]).read_text() == "not to be read"
    assert not journal.exists()
    kept.do("create")
