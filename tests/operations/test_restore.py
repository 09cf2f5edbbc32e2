"""Restores of a whole application: all or nothing, and undone with one call."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from holdfast import BackupStatus, BackupType, CancellationToken, Progress
from holdfast.errors import (
    BackupNotFound,
    Cancelled,
    LiveDataChanged,
    NotEnoughSpace,
    NothingToUndo,
    PathNotInBackup,
    RepositoryDamaged,
    TargetExists,
    UsageError,
    VerificationFailed,
)
from holdfast.sources.sqlite.restore import SqliteStaged
from tests.operations.application import Application
from tests.rig.disk import small_disk


def test_a_restore_brings_back_database_and_files_and_undo_takes_it_back(
    application: Application,
) -> None:
    service = application.service()
    made = service.create_backup()
    before = application.state()
    application.add_events(5)
    (application.thumbnails / "3.jpg").unlink()
    changed = application.state()

    result = service.restore_backup(made.backup_id)
    assert result
    assert application.state() == before
    assert service.get_backup(made.backup_id).status is BackupStatus.RESTORED
    assert result.safety_backup_id is not None
    assert service.get_backup(result.safety_backup_id).backup_type is BackupType.PRE_RESTORE

    assert service.undo()
    assert application.state() == changed
    assert service.undo()
    assert application.state() == before
    assert application.leftovers() == []


def test_restic_tells_a_safety_backup_from_the_others(application: Application) -> None:
    """Its own `latest` may be one; the recovery kit says to choose among those without the tag."""
    service = application.service()
    made = service.create_backup(tags=["release"])
    safety = service.restore_backup(made.backup_id).safety_backup_id
    assert safety is not None
    listed = json.loads(application.restic().run("snapshots", "--json"))
    assert {each["short_id"]: each.get("tags") for each in listed} == {
        (made.snapshot_id or "")[:8]: ["release"],
        (service.get_backup(safety).snapshot_id or "")[:8]: ["pre_restore"],
    }
    assert service.get_backup("latest").backup_id == made.backup_id


def test_settings_of_a_read_only_provider_are_not_put_back_and_the_result_says_so(
    application: Application,
) -> None:
    settings = {"title": "old"}
    service = application.service(settings=lambda: settings)
    made = service.create_backup()
    settings["title"] = "new"
    for dry_run in (True, False):
        result = service.restore_backup(made.backup_id, dry_run=dry_run)
        assert result.success
        (warning,) = [each for each in result.warnings if "Settings are not put back" in each]
        assert "restore(values)" in warning
        (change,) = [each for each in result.changes if each.target == "settings"]
        assert change.action == "skip"


def test_the_application_reads_and_writes_on_through_a_restore(application: Application) -> None:
    """R18: an open connection sees the old state, then wholly the new one; it can write on."""
    service = application.service()
    made = service.create_backup()
    with closing(sqlite3.connect(application.database, timeout=30)) as live:
        live.execute("insert into events (title) values ('late')")
        live.commit()
        assert live.execute("select count(*) from events").fetchone() == (21,)
        service.restore_backup(made.backup_id)
        assert live.execute("select count(*) from events").fetchone() == (20,)
        live.execute("insert into events (title) values ('after')")
        live.commit()
        assert live.execute("pragma integrity_check").fetchone() == ("ok",)
        newest = live.execute("select max(id) from events").fetchone()[0]
    assert newest == 21  # R19: the sequence goes on where the backup's ended


def test_a_dry_run_says_what_would_change_and_changes_nothing(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    application.add_events(1)
    before = application.state()
    result = service.restore_backup(made.backup_id, dry_run=True)
    assert result.dry_run
    assert any("21 rows -> 20 rows" in change.detail for change in result.changes)
    assert any(change.action == "remove" for change in result.changes)
    assert application.state() == before
    assert len(service.list_backups()) == 1


def test_a_new_place_gets_the_whole_layout(application: Application) -> None:
    service = application.service()
    service.create_backup()
    target = application.root / "out"
    assert service.restore_backup("latest", into=target)
    names = sorted(path.name for path in target.iterdir())
    assert names == ["database", "files", "manifest.json", "settings.json"]
    assert (target / "files" / "thumbnails" / "1.jpg").read_bytes().startswith(b"thumbnail")
    with closing(sqlite3.connect(target / "database" / "app.db")) as database:
        assert database.execute("select count(*) from events").fetchone() == (20,)


def test_a_place_that_holds_something_is_not_written_to(application: Application) -> None:
    service = application.service()
    service.create_backup()
    target = application.root / "out"
    target.mkdir()
    (target / "mine").write_text("mine")
    with pytest.raises(TargetExists):
        service.restore_backup("latest", into=target)
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_a_single_file_comes_back_and_nothing_else_changes(application: Application) -> None:
    service = application.service()
    service.create_backup()
    application.add_events(1)
    (application.thumbnails / "2.jpg").write_bytes(b"spoiled")
    (application.thumbnails / "3.jpg").write_bytes(b"meant to be so")
    service.restore_backup("latest", paths=["files/thumbnails/2.jpg"])
    assert (application.thumbnails / "2.jpg").read_bytes().startswith(b"thumbnail")
    assert (application.thumbnails / "3.jpg").read_bytes() == b"meant to be so"
    assert application.rows("select count(*) from events") == [(21,)]


def test_a_single_file_can_be_taken_out(application: Application) -> None:
    service = application.service()
    service.create_backup()
    target = application.root / "one"
    service.restore_backup("latest", into=target, paths=["files/thumbnails/2.jpg"])
    found = [path for path in target.rglob("*") if path.is_file()]
    assert found == [target / "files" / "thumbnails" / "2.jpg"]


def test_a_path_that_is_not_there_is_an_error(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(PathNotInBackup, match=r"nothing\.jpg"):
        service.restore_backup("latest", paths=["files/thumbnails/nothing.jpg"])


def test_only_the_chosen_source_is_replaced(application: Application) -> None:
    service = application.service()
    service.create_backup()
    application.add_events(2)
    service.restore_backup("latest", sources=["app"])
    assert application.rows("select count(*) from events") == [(20,)]
    assert (application.thumbnails / "22.jpg").exists()
    service.undo()
    assert application.rows("select count(*) from events") == [(22,)]


def test_privileges_that_a_restore_takes_from_programs_are_told(application: Application) -> None:
    """R24: set-uid and set-gid bits stay off, in place and in a new place, and that is said."""
    program = application.thumbnails / "program"
    program.touch()
    program.chmod(0o4755)
    service = application.service()
    service.create_backup()
    into = service.restore_backup("latest", into=application.root / "out")
    assert into.warnings == ("not restored here: 1 times set-uid or set-gid bit",)
    in_place = service.restore_backup("latest")
    assert "files/thumbnails: not restored here: 1 times set-uid or set-gid bit" in (
        in_place.warnings
    )
    assert program.stat().st_mode & 0o7777 == 0o755


def test_what_was_lost_comes_back(application: Application) -> None:
    """The database and the directory are gone: nothing can be saved, all is restored."""
    service = application.service()
    made = service.create_backup()
    before = application.state()
    for path in (application.root / "data").glob("app.db*"):
        path.unlink()
    for path in application.thumbnails.iterdir():
        path.unlink()
    application.thumbnails.rmdir()
    result = service.restore_backup(made.backup_id)
    assert result
    assert application.state() == before


def test_a_damaged_live_database_is_replaced_and_still_saved_first(
    application: Application,
) -> None:
    service = application.service(settings=None)
    made = service.create_backup()
    before = application.state()
    for suffix in ("-wal", "-shm"):
        Path(f"{application.database}{suffix}").unlink(missing_ok=True)
    application.database.write_bytes(os.urandom(50_000))
    result = service.restore_backup(made.backup_id)
    assert application.state() == before
    assert result.safety_backup_id is not None


def test_a_backup_with_one_wrong_byte_is_not_restored(application: Application) -> None:
    """R15: the last byte of the last pack is wrong; nothing live is touched."""
    service = application.service()
    made = service.create_backup()
    before = application.state()
    packs = sorted(
        (path for path in (application.repository / "data").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    data = bytearray(packs[-1].read_bytes())
    data[len(data) // 2] ^= 1
    packs[-1].chmod(0o600)
    packs[-1].write_bytes(data)
    with pytest.raises(VerificationFailed):
        service.restore_backup(made.backup_id)
    with pytest.raises((VerificationFailed, RepositoryDamaged)):
        service.restore_backup(made.backup_id, verify_first=False)
    assert application.state() == before
    assert application.leftovers() == []
    assert len(service.list_backups()) == 1, "no safety backup is made of a restore that cannot be"
    assert not service.verify_backup(made.backup_id)


def test_a_cancelled_restore_changes_nothing(application: Application) -> None:
    service = application.service()
    service.create_backup()
    application.add_events(1)
    before = application.state()
    token = CancellationToken()

    def cancel(progress: Progress) -> None:
        if progress.step.startswith(("Staging", "Making a safety")):
            token.cancel()

    with pytest.raises(Cancelled):
        service.restore_backup("latest", progress=cancel, cancel=token)
    assert application.state() == before
    assert application.leftovers() == []


def test_a_full_disk_while_the_safety_backup_is_made_stops_the_restore(
    application: Application,
) -> None:
    """R16: without a safety backup nothing is replaced."""
    with small_disk(size_bytes=3 << 20) as disk:
        service = application.service(backup_dir=disk / "repo")
        service.create_backup()
        (application.thumbnails / "new.bin").write_bytes(os.urandom(5 << 20))
        before = application.state()
        with pytest.raises(NotEnoughSpace):
            service.restore_backup("latest")
        assert application.state() == before
        assert service.restore_backup("latest", create_safety_backup=False)
        with pytest.raises(NothingToUndo, match="without a safety backup"):
            service.undo()


def test_a_schema_version_that_differs_is_said(application: Application) -> None:
    """R21: both versions are named before anything happens."""
    application.execute("create table alembic_version (version_num text)")
    application.execute("insert into alembic_version values ('aaa111')")
    service = application.service()
    made = service.create_backup()
    assert made.schema_version == "aaa111"
    application.execute("update alembic_version set version_num = 'bbb222'")
    result = service.restore_backup(made.backup_id, dry_run=True)
    assert any("aaa111" in each and "bbb222" in each for each in result.warnings)


def test_undo_before_any_restore_has_nothing_to_put_back(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(NothingToUndo):
        service.undo()


def test_undo_goes_by_the_newest_restore_that_changed_something(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R20: the safety backup of a refused restore is of no use: what it holds is live."""

    def refuse(_: SqliteStaged) -> None:
        raise LiveDataChanged("somebody wrote")

    service = application.service()
    made = service.create_backup()
    application.add_events(1)
    before = application.state()

    def be_refused() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(SqliteStaged, "swap", refuse)
            with pytest.raises(LiveDataChanged):
                service.restore_backup(made.backup_id)

    be_refused()
    assert service.list_backups(backup_type=BackupType.PRE_RESTORE)
    with pytest.raises(NothingToUndo):
        service.undo(dry_run=True)
    result = service.restore_backup(made.backup_id)
    application.add_events(2)
    be_refused()
    assert service.undo().backup_id == result.safety_backup_id
    assert application.state() == before


def test_latest_is_not_the_safety_backup(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    service.restore_backup("latest")
    assert service.get_backup("latest").backup_id == made.backup_id


def test_a_backup_that_is_not_there_restores_nothing(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(BackupNotFound):
        service.restore_backup("backup_19990101_000000")


def test_a_plan_without_sources_restores_only_into_a_new_place(application: Application) -> None:
    """R25: the repository and its password are enough."""
    application.service().create_backup()
    bare = application.service(database_url=None, directories=None, settings=None)
    with pytest.raises(UsageError, match="belongs to this plan"):
        bare.restore_backup("latest")
    assert bare.restore_backup("latest", into=application.root / "out")


def test_a_writer_that_never_stops_loses_no_acknowledged_row_to_the_restore(
    application: Application,
) -> None:
    """R18: every row that was committed is in the safety backup or in the restored database."""
    service = application.service()
    made = service.create_backup()
    stop = threading.Event()
    acknowledged: list[int] = []

    def write() -> None:
        with closing(sqlite3.connect(application.database, timeout=60)) as live:
            number = 0
            while not stop.is_set():
                number += 1
                live.execute("insert into events (title) values (?)", (f"w{number}",))
                live.commit()
                acknowledged.append(number)
                stop.wait(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        result = service.restore_backup(made.backup_id)
    finally:
        stop.set()
        writer.join()
    assert result.safety_backup_id is not None
    out = application.root / "safety"
    service.restore_backup(result.safety_backup_id, into=out)
    with closing(sqlite3.connect(out / "database" / "app.db")) as database:
        saved = {title for (title,) in database.execute("select title from events")}
    live = {title for (title,) in application.rows("select title from events")}
    lost = [number for number in acknowledged if f"w{number}" not in saved | live]
    assert lost == []


def test_a_disk_without_room_to_stage_is_found_before_anything_is_written(
    application: Application,
) -> None:
    """R36: the sentence names both numbers."""
    (application.thumbnails / "big.bin").write_bytes(os.urandom(8 << 20))
    application.service().create_backup()
    with small_disk(size_bytes=4 << 20) as disk:
        service = application.service(
            database_url=None, settings=None, directories={"thumbnails": disk / "thumbnails"}
        )
        with pytest.raises(NotEnoughSpace, match=r"Not enough disk space: needs .*, has "):
            service.restore_backup("latest", create_safety_backup=False)
        assert list(disk.iterdir()) == []


def test_what_restic_stored_lists_verifies_and_restores(application: Application) -> None:
    """A repository that restic made is as good as our own."""
    restic = application.restic()
    restic.init()
    restic.run("backup", "--tag", "theirs", "data", cwd=application.root)
    service = application.service()
    (backup,) = service.list_backups()
    assert backup.tags == ("theirs",)
    assert backup.backup_id.startswith("backup_20")
    assert service.verify_backup(backup.backup_id)
    out = application.root / "out"
    assert service.restore_backup("latest", into=out)
    restored = list(out.rglob("1.jpg"))
    assert restored[0].read_bytes() == (application.thumbnails / "1.jpg").read_bytes()
    assert service.create_backup().table_counts["events"] == 20


def test_a_live_socket_is_named_and_stays_through_a_restore(tmp_path: Path) -> None:
    """R09: what cannot be backed up is said, and what was never backed up is not removed."""
    application = Application(tmp_path)
    application.create()
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(application.thumbnails)  # the path of a socket may have 107 bytes only
        try:
            listener.bind("live.sock")
        finally:
            os.chdir(here)
        service = application.service()
        made = service.create_backup()
        assert any("live.sock" in each for each in made.warnings)
        (application.thumbnails / "1.jpg").unlink()
        service.restore_backup("latest")
        assert (application.thumbnails / "1.jpg").exists()
        assert (application.thumbnails / "live.sock").is_socket()
