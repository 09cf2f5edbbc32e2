"""Restores and undos as a person does them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.app import App
from tests.rig.postgresql import PostgresDatabase


def test_a_restore_shows_its_plan_and_asks(kept: App) -> None:
    kept.add_user(5)
    with kept.sit("restore", "latest") as terminal:
        terminal.expect("Restore will replace all data. Continue? [y/N] ")
        assert str(kept.root / "data" / "app.db") in terminal.screen
        assert "6 rows -> 5 rows" in terminal.screen
        terminal.enter("n")
        assert terminal.wait() == 2
    assert kept.users() == 6
    with kept.sit("restore", "latest") as terminal:
        terminal.expect("[y/N] ")
        terminal.enter("y")
        assert terminal.wait() == 0
        assert "`holdfast undo` puts it back" in terminal.screen
    assert kept.users() == 5


def test_without_a_terminal_a_restore_must_be_confirmed_by_an_option(kept: App) -> None:
    """R20: a missing confirmation has no effect."""
    kept.add_user(5)
    for command in (("restore", "latest"), ("undo",), ("delete", "latest")):
        done = kept.run(*command)
        assert (done.status, done.out) == (2, ""), command
        assert "--yes" in done.err or command == ("undo",)
    assert kept.users() == 6


def test_an_undo_puts_back_what_a_restore_replaced(kept: App) -> None:
    kept.add_user(5)
    restored = kept.do("restore", "latest", "--yes", "--json").document["restore"]
    assert kept.users() == 5
    kept.do("undo", "--dry-run")
    assert kept.users() == 5
    undone = kept.do("undo", "--yes", "--json").document["restore"]
    assert undone["backup_id"] == restored["safety_backup_id"]
    assert kept.users() == 6
    assert (kept.root / "data" / "thumbnails" / "5.jpg").exists()


def test_a_dry_run_changes_nothing(kept: App) -> None:
    kept.add_user(5)
    before = (kept.root / "data" / "app.db").read_bytes()
    document = kept.do("restore", "latest", "--dry-run", "--json").document["restore"]
    assert document["dry_run"] is True
    assert any("users" in change["target"] for change in document["changes"])
    assert (kept.root / "data" / "app.db").read_bytes() == before
    assert len(kept.do("list", "--json").document["backups"]) == 1


def test_a_single_file_or_source_is_restored(kept: App) -> None:
    picture = kept.root / "data" / "thumbnails" / "3.jpg"
    picture.unlink()
    kept.add_user(5)
    kept.do("restore", "latest", "--path", "files/thumbnails/3.jpg", "--yes")
    assert picture.read_bytes() == b"\x03" * 5000
    assert kept.users() == 6
    kept.do("restore", "latest", "--only", "app", "--yes")
    assert kept.users() == 5
    assert (kept.root / "data" / "thumbnails" / "5.jpg").exists()


def test_on_a_fresh_machine_repository_and_password_are_enough(kept: App, tmp_path: Path) -> None:
    """R25: no configuration, no catalog, no application; and restic alone would do."""
    fresh = App(tmp_path / "fresh")
    fresh.root.mkdir()
    shutil.copytree(kept.root / "backups", fresh.root / "r")
    shutil.rmtree(fresh.root / "r" / "holdfast", ignore_errors=True)
    listed = fresh.do("list", "--repo", "r")
    assert "backup_" in listed.out
    assert f"restic -r {fresh.root}/r snapshots" in listed.err
    restored = fresh.do("restore", "--repo", "r", "latest", "--into", "out")
    assert f"restic -r {fresh.root}/r restore " in restored.err
    with closing(sqlite3.connect(fresh.root / "out" / "database" / "app.db")) as database:
        assert database.execute("select count(*) from users").fetchone() == (5,)
    names = {path.name for path in (fresh.root / "out").iterdir()}
    assert names == {"database", "files", "manifest.json", "settings.json"}
    assert (fresh.root / "out" / "files" / "thumbnails" / "3.jpg").read_bytes() == b"\x03" * 5000


def test_a_new_place_must_be_empty(kept: App) -> None:
    done = kept.run("restore", "latest", "--into", "data")
    assert done.status == 1
    assert "data" in done.err


def test_an_archive_goes_out_and_comes_back(kept: App, tmp_path: Path) -> None:
    (kept.root / "passphrase").write_text("open sesame")
    secret = ("--passphrase-file", "passphrase")
    plain = Path(kept.do("export", "latest", "--json").document["export"]["path"])
    assert plain.parent == kept.root
    assert plain.name.startswith("shop-backup-")
    kept.do("export", "latest", "-o", "x.zip.age", *secret)
    kept.do("export", "latest", "-o", "x.db.gz")

    refused = kept.run("export", "latest", "-o", plain.name)
    assert (refused.status, "--force" in refused.err) == (1, True)
    kept.do("export", "latest", "-o", plain.name, "--force")

    kept.add_user(5)
    kept.do("restore", plain.name, "--yes")
    assert kept.users() == 5
    kept.do("restore", "x.zip.age", *secret, "--into", "out")
    assert (kept.root / "out" / "database" / "app.db").exists()
    imported = kept.do("import", plain.name, "--json").document["backup"]
    assert imported["trigger"] == "upload"
    assert imported["total_records"] == 6


def test_an_archives_passphrase_is_asked_for(kept: App) -> None:
    with kept.sit("export", "latest", "-o", "x.zip.age") as terminal:
        terminal.expect("Passphrase of x.zip.age: ")
        terminal.enter("open sesame")
        terminal.expect("The same again: ")
        terminal.enter("open sesame")
        assert terminal.wait() == 0
    done = kept.run("import", "x.zip.age")
    assert done.status == 12
    with kept.sit("import", "x.zip.age") as terminal:
        terminal.expect("Passphrase of x.zip.age: ")
        terminal.enter("wrong")
        assert terminal.wait() == 12


def test_a_file_that_is_no_archive_is_refused(kept: App) -> None:
    (kept.root / "x.zip").write_bytes(b"PK no zip")
    for command in ("import", "restore"):
        done = kept.run(command, "x.zip", *(["--yes"] if command == "restore" else []))
        assert (done.status, done.out) == (1, "")
        assert "x.zip" in done.err or "Backup file" in done.err


@pytest.mark.parametrize("line", ["import one.db", "import one.DB.GZ", "restore one.db --yes"])
def test_a_single_database_in_the_place_of_an_archive_is_refused_with_how_it_is_restored(
    kept: App, line: str
) -> None:
    kept.do("export", "latest", "-o", "one.db")
    done = kept.run(*line.split())
    assert done.status == 2
    assert "archives end in .zip or .zip.age" in done.err
    assert "-wal and -shm" in done.err
    assert kept.users() == 5
    assert "copying it" in kept.do(line.split()[0], "--help").out


def test_what_a_server_keeps_is_named_with_how_to_drop_it(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    postgres_database.run("CREATE TABLE users (id int)")
    app = App(tmp_path)
    (tmp_path / "holdfast.toml").write_text(f'database_url = "{postgres_database.url}"\n')
    app.do("create")
    said = app.do("restore", "latest", "--yes", "--no-safety-backup").out
    (kept,) = postgres_database.relatives()
    assert f"the database {kept} on the server keeps" in " ".join(said.split())
    assert "`holdfast cleanup --drop-old` drops it now" in said
    planned = app.do("cleanup", "--keep", "9", "--dry-run").out
    assert f"{kept}, which a restore had replaced, would be dropped" in planned
    assert postgres_database.relatives() == {kept}
