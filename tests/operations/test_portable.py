"""Archives out of and into a repository, and restored from directly."""

from __future__ import annotations

import gzip
import random
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from holdfast import Trigger
from holdfast.archive import write_archive
from holdfast.errors import (
    ArchiveDamaged,
    ArchivePassphraseError,
    ArchiveRefused,
    NotEnoughSpace,
    PasswordMissing,
    TargetExists,
    UsageError,
)
from holdfast.operations.backups import backups_of
from tests.operations.application import Application
from tests.rig.disk import small_disk
from tests.rig.steps import watch


def test_an_archive_moves_a_backup_to_another_repository(application: Application) -> None:
    service = application.service()
    made = service.create_backup(description="to move", tags=["move"])
    archive = service.export_backup("latest", application.root / "moved.zip")
    other = application.service(backup_dir=application.root / "other", encryption_password="else")
    taken = other.import_archive(archive)
    assert taken.backup_id == made.backup_id
    assert taken.created_at == made.created_at
    assert taken.table_counts == made.table_counts
    assert taken.description == "to move"
    assert taken.tags == ("move",)
    assert taken.trigger is Trigger.UPLOAD
    assert other.verify_backup(taken.backup_id)
    application.add_events(1)
    other.restore_backup(taken.backup_id)
    assert application.rows("select count(*) from events") == [(20,)]


def test_an_archive_taken_in_twice_has_two_ids(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    archive = service.export_backup("latest", application.root / "again.zip")
    taken = service.import_archive(archive)
    assert taken.backup_id == f"{made.backup_id}_2"


def test_a_restore_from_an_archive_replaces_the_live_data_and_can_be_undone(
    application: Application,
) -> None:
    service = application.service()
    service.create_backup()
    archive = service.export_backup("latest", application.root / "own.zip")
    before = application.state()
    application.add_events(2)
    changed = application.state()
    assert service.restore_archive(archive)
    assert application.state()[0] == before[0]
    service.undo()
    assert application.state() == changed


@pytest.mark.parametrize("name", ["a.zip", "a.db"])
def test_an_export_that_does_not_fit_is_found_before_anything_is_written(
    application: Application, name: str
) -> None:
    """R36: the disk is full afterwards only if it was before."""
    application.execute("create table blobs (data)")
    application.execute(f"insert into blobs values (randomblob({3 << 20}))")
    service = application.service()
    service.create_backup()
    with small_disk(size_bytes=3 << 20) as small, watch([small]) as steps:
        with pytest.raises(NotEnoughSpace, match=r"needs .*, has .*exported file"):
            service.export_backup("latest", small / name)
        assert steps == []


def test_an_export_that_fills_the_disk_leaves_nothing(application: Application) -> None:
    """R36: what was stored uncompressed does not say how large its archive will be."""
    (application.thumbnails / "noise").write_bytes(random.Random(1).randbytes(4 << 20))
    service = application.service()
    service.create_backup(compression=False)
    with small_disk(size_bytes=2 << 20) as small:
        with pytest.raises(NotEnoughSpace, match=r"a\.zip could not be written"):
            service.export_backup("latest", small / "a.zip")
        assert list(small.iterdir()) == []


def test_an_exported_file_and_its_name_are_durable(application: Application) -> None:
    """I2: the directory is synced after the rename, or a power failure takes the name back."""
    service = application.service()
    service.create_backup()
    out = application.root / "out"
    out.mkdir()
    with watch([out]) as steps:
        service.export_backup("latest", out / "a.zip")
    assert [step.function for step in steps][-3:] == ["fsync", "replace", "fsync"]


def test_an_archive_whose_manifest_counts_other_rows_is_refused_at_import(
    application: Application,
) -> None:
    """It would be a backup that no restore accepts."""
    service = application.service()
    made = service.create_backup()
    with service._work() as work:
        _, snapshot = backups_of(work).resolve(made.backup_id)
        tree = work.repository.tree(snapshot)
        lying = msgspec.structs.replace(
            tree.manifest, table_counts={**tree.manifest.table_counts, "events": 21}
        )
        tree._manifest = lying
        with (application.root / "lying.zip").open("wb") as sink:
            write_archive(tree, sink)
    with pytest.raises(ArchiveRefused, match="events: 20 instead of 21"):
        service.import_archive(application.root / "lying.zip")
    assert len(service.list_backups()) == 1


def _fresh_machine(application: Application) -> Path:
    """Export a backup, and take the repository away; return the archive."""
    service = application.service()
    service.create_backup()
    archive = service.export_backup("latest", application.root / "own.zip")
    shutil.rmtree(application.repository)
    return archive


def test_an_archive_restores_in_place_without_a_repository_if_no_undo_is_wanted(
    application: Application,
) -> None:
    archive = _fresh_machine(application)
    before = application.state()
    application.add_events(2)
    service = application.service(encryption_password=None)
    planned = service.restore_archive(archive, dry_run=True)
    assert planned.changes
    result = service.restore_archive(archive, create_safety_backup=False)
    assert application.state() == before
    assert result.safety_backup_id is None
    assert not service.repository_exists()
    assert application.leftovers() == []


def test_an_archive_restores_to_a_machine_that_has_nothing(application: Application) -> None:
    archive = _fresh_machine(application)
    before = application.state()
    shutil.rmtree(application.root / "data")
    (application.root / "data").mkdir()
    service = application.service(encryption_password=None)
    assert service.restore_archive(archive)
    assert application.state() == before
    assert not service.repository_exists()
    assert service.init_repository(encrypt=False)
    assert service.create_backup(encrypt=None).table_counts["events"] == 20


def test_without_a_repository_the_safety_backup_of_a_restore_makes_it(
    application: Application,
) -> None:
    archive = _fresh_machine(application)
    before = application.state()
    application.add_events(2)
    changed = application.state()
    service = application.service()
    result = service.restore_archive(archive)
    assert application.state() == before
    assert service.get_backup(result.safety_backup_id or "").table_counts["events"] == 22
    service.undo()
    assert application.state() == changed


def test_without_repository_and_password_live_data_are_not_replaced_unasked(
    application: Application,
) -> None:
    archive = _fresh_machine(application)
    application.add_events(2)
    before = application.state()
    service = application.service(encryption_password=None)
    with pytest.raises(PasswordMissing, match="safety backup") as refused:
        service.restore_archive(archive)
    assert "--no-safety-backup" in (refused.value.hint or "")
    assert application.state() == before


def test_a_changed_archive_is_refused_before_anything_is_touched(
    application: Application,
) -> None:
    service = application.service()
    service.create_backup()
    archive = service.export_backup("latest", application.root / "bad.zip")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    before = application.state()
    with pytest.raises(ArchiveDamaged, match="Backup file is corrupted"):
        service.restore_archive(archive)
    with pytest.raises(ArchiveDamaged):
        service.import_archive(archive)
    assert application.state() == before
    assert len(service.list_backups()) == 1
    assert application.leftovers() == []


def _packed_again(application: Application, archive: Path) -> Path:
    """Unpack an archive and pack it again, as users do to look into one or to send it."""
    unpacked, packed = application.root / "unpacked", application.root / "packed.zip"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(unpacked)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(unpacked.rglob("*"), reverse=True):
            if path.is_file():
                made.write(path, path.relative_to(unpacked))
    return packed


def test_an_archive_that_was_packed_again_is_the_same_backup(application: Application) -> None:
    (application.thumbnails / "nothing").mkdir(mode=0o750)
    (application.thumbnails / "first.jpg").symlink_to("1.jpg")
    service = application.service()
    made = service.create_backup(description="to move")
    before = application.state()
    archive = _packed_again(
        application, service.export_backup("latest", application.root / "a.zip")
    )
    other = application.service(backup_dir=application.root / "other", encryption_password="else")
    taken = other.import_archive(archive)
    assert (taken.backup_id, taken.table_counts) == (made.backup_id, made.table_counts)
    assert other.verify_backup(taken.backup_id)
    application.add_events(2)
    other.restore_backup(taken.backup_id)
    assert application.state() == before
    application.add_events(2)
    service.restore_archive(archive)
    assert application.state() == before


def test_content_that_was_changed_and_packed_again_is_refused(application: Application) -> None:
    service = application.service()
    service.create_backup()
    archive = service.export_backup("latest", application.root / "a.zip")
    packed = _packed_again(application, archive)
    with zipfile.ZipFile(packed, "a") as opened:
        opened.writestr("files/thumbnails/extra.jpg", "not backed up")
    with pytest.raises(ArchiveRefused, match=r"'files/thumbnails/extra\.jpg' is not in its manif"):
        service.import_archive(packed)
    database = application.root / "unpacked" / "database" / "app.db"
    data = bytearray(database.read_bytes())
    data[len(data) // 2] ^= 1
    with zipfile.ZipFile(packed, "w") as opened:
        for path in (application.root / "unpacked").rglob("*"):
            if path.is_file():
                name = path.relative_to(application.root / "unpacked").as_posix()
                opened.writestr(name, data if path == database else path.read_bytes())
    with pytest.raises(ArchiveDamaged, match=r"corrupted: 'database/app\.db' .* SHA-256"):
        service.import_archive(packed)
    assert len(service.list_backups()) == 1


def test_the_archive_opens_with_any_program(application: Application) -> None:
    service = application.service(app="shop")
    service.create_backup()
    archive = service.export_backup("latest", application.root)
    assert archive.name.startswith("shop-backup-20")
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        names = set(opened.namelist())
        assert {"database/app.db", "settings.json", "manifest.json", "RESTORE.txt"} <= names
        opened.extract("database/app.db", application.root / "out")
    with closing(sqlite3.connect(application.root / "out" / "database" / "app.db")) as database:
        assert database.execute("select count(*) from events").fetchone() == (20,)


def test_a_single_database_comes_out_plain_or_compressed(application: Application) -> None:
    service = application.service()
    service.create_backup()
    plain = service.export_backup("latest", application.root / "one.db")
    packed = service.export_backup("latest", application.root / "one.db.gz")
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    with closing(sqlite3.connect(plain)) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_an_encrypted_archive_needs_its_passphrase(application: Application) -> None:
    service = application.service()
    service.create_backup()
    target = application.root / "secret.zip.age"
    with pytest.raises(ArchivePassphraseError):
        service.export_backup("latest", target)
    assert not target.exists()
    service.export_backup("latest", target, passphrase="hunter2hunter2")
    assert b"CREATE TABLE" not in target.read_bytes()
    with pytest.raises(ArchivePassphraseError):
        service.restore_archive(target, passphrase="wrong", dry_run=True)
    result = service.restore_archive(
        target, passphrase="hunter2hunter2", into=application.root / "out"
    )
    assert result
    assert application.leftovers() == []


def test_a_file_that_is_there_is_not_overwritten_unasked(application: Application) -> None:
    service = application.service()
    service.create_backup()
    target = application.root / "mine.zip"
    target.write_text("mine")
    with pytest.raises(TargetExists):
        service.export_backup("latest", target)
    assert target.read_text() == "mine"
    service.export_backup("latest", target, overwrite=True)
    assert zipfile.is_zipfile(target)


def test_an_unknown_form_is_refused(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(UsageError, match="no form"):
        service.export_backup("latest", application.root / "backup.tar")
