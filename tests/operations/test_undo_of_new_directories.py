"""An undo of a restore that made a directory: what the restore put goes, all else stays."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from holdfast import BackupService, DirectoryOptions
from holdfast.sources.directory import taking_back
from tests.operations.application import Application


def restored_to_nothing(application: Application, **options: object) -> BackupService:
    """Restore the files where their directory was lost."""
    service = application.service(**options)
    made = service.create_backup()
    shutil.rmtree(application.thumbnails.resolve())
    service.restore_backup(made.backup_id)
    return service


def left(application: Application) -> list[str]:
    return sorted(
        str(path.relative_to(application.thumbnails))
        for path in application.thumbnails.rglob("*")
        if not path.is_dir()
    )


def test_files_that_the_restore_did_not_put_there_stay_and_are_counted(
    application: Application,
) -> None:
    """R16: what no backup holds, what was put there since, and what was changed since."""
    (application.thumbnails / "deep").mkdir()
    (application.thumbnails / "deep" / "old.jpg").write_bytes(b"old")
    sparing = DirectoryOptions(path=application.thumbnails, exclude=("*.raw",))
    service = restored_to_nothing(application, directories={"thumbnails": sparing})
    live = application.thumbnails
    (live / "original.raw").write_bytes(b"left out of every backup")
    (live / "deep" / "new.jpg").write_bytes(b"put there since")
    (live / "1.jpg").write_bytes(b"changed since")
    (live / "empty").mkdir()
    result = service.undo()
    assert left(application) == ["1.jpg", "deep/new.jpg", "original.raw"]
    assert (live / "empty").is_dir()
    assert any(f"4 files are left in {live}" in each for each in result.warnings), result.warnings
    assert application.leftovers() == []


def test_a_file_that_changes_after_the_safety_backup_stays(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R16: nobody has its newest bytes."""
    service = restored_to_nothing(application)
    original = taking_back.TakingBack.remove

    def change_first(taking: taking_back.TakingBack, path: Path) -> int:
        kept = (path / "2.jpg").stat()
        (path / "2.jpg").write_bytes(b"THUMBNAIL " * 50 + b"2.jpg")
        os.utime(path / "2.jpg", ns=(kept.st_atime_ns, kept.st_mtime_ns))
        return original(taking, path)

    monkeypatch.setattr(taking_back.TakingBack, "remove", change_first)
    service.undo()
    assert left(application) == ["2.jpg"]


def test_another_directory_at_the_path_is_left_as_it_is(application: Application) -> None:
    """R16: a disk that was mounted since, be its content the same."""
    service = restored_to_nothing(application)
    live = application.thumbnails
    away = live.with_name("away")
    shutil.copytree(live, away)
    live.rename(live.with_name("first"))
    away.rename(live)
    for dry_run in (True, False):
        result = service.undo(dry_run=dry_run)
        assert not any(each.target == str(live) for each in result.changes)
        assert any(str(live) in each and "left as it is" in each for each in result.warnings)
    assert len(left(application)) == 20


def test_a_directory_behind_a_link_goes_and_the_link_stays(application: Application) -> None:
    """R24: the link is the administrator's."""
    disk = application.root / "disk"
    application.thumbnails.rename(disk)
    application.thumbnails.symlink_to(disk)
    before = application.state()
    service = restored_to_nothing(application)
    result = service.undo()
    assert application.thumbnails.readlink() == disk
    assert not disk.exists()
    assert not any("could not be removed" in each for each in result.warnings)
    service.undo()  # and the undo is undone
    assert application.state() == before


def test_what_is_mounted_below_is_not_entered(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R24: a mount of the same file system has the same device number."""
    (application.thumbnails / "deep").mkdir()
    (application.thumbnails / "deep" / "old.jpg").write_bytes(b"old")
    service = restored_to_nothing(application)
    mounted = frozenset({str(application.thumbnails.resolve() / "deep")})
    monkeypatch.setattr(taking_back, "mount_points", lambda: mounted)
    service.undo()
    assert left(application) == ["deep/old.jpg"]


def test_a_link_that_the_restore_put_there_goes_and_what_it_names_stays(
    application: Application,
) -> None:
    """R24: and so do all names of one file."""
    outside = application.root / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"precious")
    (application.thumbnails / "link").symlink_to(outside)
    os.link(application.thumbnails / "1.jpg", application.thumbnails / "same.jpg")
    restored_to_nothing(application).undo()
    assert not os.path.lexists(application.thumbnails)
    assert (outside / "precious").read_bytes() == b"precious"


def test_a_restore_of_a_backup_that_is_gone_is_undone_but_for_the_directory(
    application: Application,
) -> None:
    """R16: nobody can tell any more what it put there."""
    service = restored_to_nothing(application)
    service.create_backup()
    service.delete_backup(service.list_backups()[-1].backup_id)
    result = service.undo()
    assert len(left(application)) == 20
    assert any("to compare with" in each for each in result.warnings), result.warnings


def test_an_interrupted_restore_that_recovery_completes_is_undone_as_well(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the journal knows what was made before it is made."""
    service = application.service()
    made = service.create_backup()
    shutil.rmtree(application.thumbnails)

    with monkeypatch.context() as patch:
        # As if the power failed when everything was swapped.
        patch.setattr("holdfast.operations.restore.remove_journal", lambda *_: None)
        service.restore_backup(made.backup_id)
    assert any("completed" in each for each in service.create_backup().warnings)
    assert len(left(application)) == 20
    service.undo()
    assert not application.thumbnails.exists()
