"""Backups of a whole application, from the service's door."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast import BackupStatus, BackupType, CancellationToken, Progress
from holdfast.errors import (
    BackupBusy,
    BackupNotFound,
    Cancelled,
    ConfigError,
    DatabaseDamaged,
    EncryptionMismatch,
    NotADatabase,
    NotEnoughSpace,
    PasswordMissing,
    RepositoryDamaged,
    SourceNotFound,
    WrongPassword,
)
from tests.operations.application import PASSWORD, Application
from tests.rig.disk import small_disk
from tests.rig.sim_clock import SimClock


def test_a_backup_holds_every_source_and_restic_reads_it(application: Application) -> None:
    service = application.service(app_version="1.2")
    made = service.create_backup(description="first", tags=["production", "deployment"])

    assert made.status is BackupStatus.COMPLETED
    assert made.backup_type is BackupType.MANUAL
    assert made.table_counts["events"] == 20
    assert made.total_records == sum(made.table_counts.values())
    assert made.tags == ("production", "deployment")
    assert made.encrypted
    assert made.compressed
    assert 0 < made.stored_size < made.original_size
    restic = application.restic()
    restic.run("check", "--read-data")
    restic.run("restore", "latest", "--target", str(application.root / "out"))
    restored = application.root / "out" / "database" / "app.db"
    with closing(sqlite3.connect(restored)) as database:
        assert database.execute("select count(*) from events").fetchone() == (20,)
    manifest = json.loads((application.root / "out" / "manifest.json").read_bytes())
    content = manifest["contents"]["database/app.db"]
    assert content["size"] == restored.stat().st_size or content["size"] > 0
    dumped = restic.run("dump", "latest", "/manifest.json")
    assert hashlib.sha256(dumped.encode()).hexdigest() == made.checksum
    settings = json.loads((application.root / "out" / "settings.json").read_bytes())
    assert settings["settings"] == {"theme": "dark"}
    assert manifest["skipped_settings"] == ["smtp_password"]
    assert "hush" not in json.dumps(manifest)


def test_the_checksum_of_each_content_is_that_of_its_bytes(application: Application) -> None:
    service = application.service()
    service.create_backup()
    restic = application.restic()
    restic.run("restore", "latest", "--target", str(application.root / "out"))
    manifest = json.loads((application.root / "out" / "manifest.json").read_bytes())
    for path in ("database/app.db", "settings.json"):
        data = (application.root / "out" / path).read_bytes()
        assert manifest["contents"][path]["checksum"] == hashlib.sha256(data).hexdigest()
        assert manifest["contents"][path]["size"] == len(data)


def test_the_progress_of_a_backup_ends_with_the_total(application: Application) -> None:
    """Also where less is read than was measured: a file vanished meanwhile."""
    seen: list[Progress] = []

    def vanish(progress: Progress) -> None:
        seen.append(progress)
        (application.thumbnails / "9.jpg").unlink(missing_ok=True)

    application.service().create_backup(progress=vanish)
    last = [each for each in seen if each.step.startswith("Backing up")][-1]
    assert last.done_bytes == last.total_bytes
    assert last.done_bytes > 0


def test_an_unchanged_application_stores_no_data_again(application: Application) -> None:
    service = application.service()
    first = service.create_backup()
    second = service.create_backup()
    assert second.stored_size < 8192
    assert second.table_counts == first.table_counts
    assert second.compressed_size == first.compressed_size


def test_a_changed_row_is_in_the_next_backup(application: Application) -> None:
    service = application.service()
    service.create_backup()
    application.add_events(1)
    made = service.create_backup()
    assert made.table_counts["events"] == 21


def test_backups_of_one_second_have_distinct_ids(application: Application) -> None:
    service = application.service()
    ids = [service.create_backup().backup_id for _ in range(3)]
    assert len(set(ids)) == 3
    assert [each.backup_id for each in service.list_backups()] == ids[::-1]


def test_a_prefix_names_a_backup_if_it_is_the_only_one(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    assert service.get_backup("backup_2").backup_id == made.backup_id
    assert service.get_backup("latest").backup_id == made.backup_id
    assert made.snapshot_id is not None
    assert service.get_backup(made.snapshot_id[:8]).backup_id == made.backup_id
    with pytest.raises(BackupNotFound, match="backup_1999"):
        service.get_backup("backup_1999")


def test_a_file_that_cannot_be_read_makes_the_backup_partial_and_is_named(
    application: Application,
) -> None:
    """R09: partial, each path named; a partial backup is not the newest complete one."""
    doomed = [application.thumbnails / f"vanishing-{number}.jpg" for number in range(30)]
    for path in doomed:
        path.write_bytes(b"x")
    service = application.service()

    def vanish(progress: Progress) -> None:
        if "thumbnails" in progress.step:
            for path in doomed:
                path.unlink(missing_ok=True)

    made = service.create_backup(progress=vanish)
    assert made.status is BackupStatus.PARTIAL
    assert any("vanishing" in each for each in made.problems)
    assert service.list_backups()[0].status is BackupStatus.PARTIAL


def test_a_missing_database_is_an_error_and_is_not_made(application: Application) -> None:
    service = application.service(database_url=f"sqlite:///{application.root}/nowhere.db")
    with pytest.raises(SourceNotFound, match=r"nowhere\.db"):
        service.create_backup()
    assert not (application.root / "nowhere.db").exists()


def test_an_empty_plan_protects_nothing_and_says_so(tmp_path: Path) -> None:
    application = Application(tmp_path)
    service = application.service(database_url=None, directories=None, settings=None)
    with pytest.raises(ConfigError, match="protects nothing"):
        service.create_backup()


def test_a_damaged_database_is_refused_and_taken_only_when_allowed(
    application: Application,
) -> None:
    application.execute("pragma wal_checkpoint(truncate)")
    with application.database.open("r+b") as file:
        file.seek(4096 + 8)
        file.write(os.urandom(2000))
    service = application.service(settings=None)
    with pytest.raises(DatabaseDamaged):
        service.create_backup()
    made = service.create_backup(allow_damaged=True)
    assert made.damaged


def test_without_a_password_nothing_is_stored_in_the_clear(application: Application) -> None:
    service = application.service(encryption_password=None)
    with pytest.raises(PasswordMissing):
        service.create_backup()
    assert not application.repository.exists()


def test_a_repository_without_encryption_is_made_only_when_asked_for(
    application: Application,
) -> None:
    service = application.service(encryption_password=None)
    made = service.create_backup(encrypt=False, compression=False)
    assert not made.encrypted
    assert not made.compressed
    assert any("not encrypted" in each for each in made.warnings)
    with pytest.raises(EncryptionMismatch):
        application.service().create_backup(encrypt=True)


def test_an_encrypted_repository_stays_encrypted(application: Application) -> None:
    service = application.service()
    service.create_backup()
    made = service.create_backup(encrypt=False)
    assert made.encrypted
    assert any("encrypted" in each for each in made.warnings)


def test_a_wrong_password_opens_nothing(application: Application) -> None:
    application.service().create_backup()
    with pytest.raises(WrongPassword):
        application.service(encryption_password="wrong").list_backups()


def test_a_cancelled_backup_leaves_nothing_visible(application: Application) -> None:
    service = application.service()
    token = CancellationToken()
    with pytest.raises(Cancelled):
        service.create_backup(progress=lambda _: token.cancel(), cancel=token)
    assert service.list_backups() == []
    assert application.leftovers() == []
    assert service.create_backup().status is BackupStatus.COMPLETED


def test_one_backup_of_a_plan_runs_at_a_time(application: Application) -> None:
    service = application.service()
    service.create_backup()
    began, go_on = threading.Event(), threading.Event()

    def hold(progress: Progress) -> None:
        began.set()
        go_on.wait(30)

    thread = threading.Thread(target=lambda: service.create_backup(progress=hold))
    application.add_events(1)
    thread.start()
    try:
        assert began.wait(30)
        with pytest.raises(BackupBusy):
            application.service().create_backup()
    finally:
        go_on.set()
        thread.join()


def test_a_full_disk_is_found_before_and_survived_midway(application: Application) -> None:
    """R36: nothing half-written is visible, and the next run succeeds by itself."""
    with small_disk(size_bytes=3 << 20) as disk:
        service = application.service(backup_dir=disk / "repo")
        service.create_backup()
        huge = application.thumbnails / "huge.bin"
        huge.write_bytes(os.urandom(6 << 20))
        with pytest.raises(NotEnoughSpace):
            service.create_backup()
        assert len(service.list_backups()) == 1
        assert service.verify_backup("latest")
        huge.unlink()
        assert service.create_backup().status is BackupStatus.COMPLETED
    with small_disk(size_bytes=3 << 20) as disk:
        (application.thumbnails / "huge.bin").write_bytes(os.urandom(20 << 20))
        service = application.service(backup_dir=disk / "repo")
        with pytest.raises(NotEnoughSpace, match=r"Not enough disk space: needs .*, has "):
            service.create_backup()


def test_a_database_that_is_opened_while_it_is_read_is_captured_again(
    application: Application,
) -> None:
    """R07: it was open nowhere, then an application starts, writes, and closes it."""
    with closing(sqlite3.connect(application.database)) as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table large as select randomblob(4000000) as body")
    starts = iter([True])

    def start(progress: Progress) -> None:
        if progress.step == "Backing up app" and progress.done_bytes and next(starts, False):
            with closing(sqlite3.connect(application.database)) as database:
                database.execute("insert into large values('new')")
                database.commit()

    service = application.service()
    made = service.create_backup(progress=start)

    assert next(starts, None) is None
    assert made.table_counts["large"] == 2
    assert service.verify_backup("latest")


def test_the_repository_inside_a_protected_directory_is_not_captured(
    application: Application,
) -> None:
    service = application.service(
        directories={"data": application.root / "data"},
        backup_dir=application.root / "data" / "backups",
    )
    service.create_backup()
    service.create_backup()
    paths = application.root / "out"
    service.restore_backup("latest", into=paths)
    assert not (paths / "files" / "data" / "backups").exists()
    assert not (paths / "files" / "data" / "app.db").exists()
    assert (paths / "files" / "data" / "thumbnails" / "1.jpg").exists()


def test_a_kept_backup_says_so_and_cannot_be_deleted(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    assert service.keep_backup(made.backup_id).keep
    with pytest.raises(Exception, match="marked to be kept"):
        service.delete_backup(made.backup_id)
    assert not service.keep_backup(made.backup_id, keep=False).keep
    assert service.delete_backup(made.backup_id)
    assert not service.delete_backup(made.backup_id)
    assert service.list_backups() == []


def test_a_backup_that_another_program_rewrote_loses_nothing_that_matters(
    application: Application,
) -> None:
    """`restic tag` writes the snapshot anew and drops the fields it does not know."""
    service = application.service(app_version="3")
    made = service.create_backup(description="before")
    application.restic().run("tag", "--add", "important", "latest")
    (after,) = service.list_backups()
    assert after.table_counts == made.table_counts
    assert after.checksum == made.checksum
    assert after.app_version == "3"
    assert after.original_size == made.original_size
    assert service.restore_backup("latest", into=application.root / "out")


def test_old_backups_go_and_their_space_is_freed(application: Application) -> None:
    service = application.service()
    for _ in range(4):
        application.add_events(3)
        service.create_backup()
    assert service.delete_old_backups(keep_count=2) == 2
    assert len(service.list_backups()) == 2
    application.restic().run("check", "--read-data")
    assert service.verify_backup("latest")


def test_the_password_is_nowhere_in_what_is_stored_beside_the_repository(
    application: Application,
) -> None:
    """R56: no secret in the catalog, the journal or any file name."""
    service = application.service()
    service.create_backup()
    service.restore_backup("latest")
    for path in application.root.rglob("*"):
        if path.is_file() and path != application.database:
            assert PASSWORD.encode() not in path.read_bytes(), path


def test_a_lost_pack_is_stored_anew_and_stops_a_cleanup(application: Application) -> None:
    """I8, R26: a new backup does not rely on what is gone, and older good ones are not removed."""
    service = application.service()
    for _ in range(2):
        application.add_events(1)
        service.create_backup()
    packs = [path for path in (application.repository / "data").rglob("*") if path.is_file()]
    max(packs, key=lambda path: path.stat().st_mtime_ns * (path.stat().st_size > 2000)).unlink()
    application.execute("insert into events (title) values ('after')")
    made = service.create_backup()
    assert service.verify_backup(made.backup_id)
    with pytest.raises(RepositoryDamaged):
        service.delete_old_backups(keep_count=1)
    assert len(service.list_backups()) == 3


def test_a_damaged_database_taken_on_purpose_comes_back_as_it_was(
    application: Application,
) -> None:
    application.execute("pragma wal_checkpoint(truncate)")
    with application.database.open("r+b") as file:
        file.seek(4096 + 8)
        file.write(os.urandom(2000))
    service = application.service(settings=None)
    service.create_backup(allow_damaged=True)
    result = service.restore_backup("latest", into=application.root / "out")
    assert any("damaged" in warning for warning in result.warnings)
    assert (application.root / "out" / "database" / "app.db").exists()


def test_a_pipe_is_no_database(application: Application) -> None:
    os.mkfifo(application.root / "pipe.db")
    service = application.service(database_url=f"sqlite:///{application.root}/pipe.db")
    with pytest.raises(NotADatabase, match="pipe"):
        service.create_backup()


def test_a_reference_to_an_unknown_directory_is_said_and_spoils_no_backup(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    service = application.service(references={"thumbs": "select thumbnail_path from events"})
    assert "thumbs" in caplog.text
    service.create_backup()
    assert service.verify_backup("latest")


def test_settings_were_changed_when_the_clock_of_the_service_says(
    application: Application,
) -> None:
    """As all else in a backup: where that clock is set, the machine's own is in none of it."""
    at = datetime(2024, 1, 1, tzinfo=UTC)
    service = application.service(settings={"theme": "dark"}, clock=SimClock(at))
    made = service.create_backup()
    listed = service.list_contents(made.backup_id)
    (settings,) = [each for each in listed if each.path == "settings.json"]
    assert settings.modified_at == at


def test_a_whole_id_never_means_another_backup_of_the_same_second(
    application: Application,
) -> None:
    """Who deletes a backup twice deletes nothing the second time."""
    service = application.service(clock=SimClock(datetime(2024, 1, 1, tzinfo=UTC)))
    first, second, third = (service.create_backup().backup_id for _ in range(3))
    assert (second, third) == (f"{first}_2", f"{first}_3")
    assert service.delete_backup(first)
    assert not service.delete_backup(first)
    with pytest.raises(BackupNotFound):
        service.verify_backup(first)
    # In any order: all are of one instant.
    assert {each.backup_id for each in service.list_backups()} == {third, second}
    assert service.verify_backup(second).verified
