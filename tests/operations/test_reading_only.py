"""A repository on a medium that cannot be written."""

from __future__ import annotations

import shutil

import pytest

from holdfast.errors import RepositoryLocked
from holdfast.repository import Repository
from holdfast.stores import open_store
from tests.operations.application import PASSWORD, Application
from tests.operations.damaging import flip_last, spoil_file
from tests.rig.disk import remount, small_disk


def test_a_check_goes_on_without_a_lock_and_says_so(application: Application) -> None:
    """R36: a read-only mount is checked to the last byte; what cannot be noted there is told."""
    service = application.service()
    made = service.create_backup()
    with small_disk(size_bytes=8 << 20) as disk:
        copied = disk / "copy"
        shutil.copytree(application.repository, copied)
        spoil_file(copied, "files/thumbnails/3.jpg", flip_last, seal=False)
        remount(disk, "ro")
        report = application.service(backup_dir=copied).check(read_data=True)
        remount(disk, "rw")

    assert report.touched_backups == (made.backup_id,)
    assert "without a lock" in report.notes[0]
    assert "could not be noted" in report.notes[-1]


def test_a_verification_and_a_list_work_where_nothing_can_be_written(
    application: Application,
) -> None:
    made = application.service().create_backup()
    with small_disk(size_bytes=8 << 20) as disk:
        copied = disk / "copy"
        shutil.copytree(application.repository, copied)
        remount(disk, "ro")
        service = application.service(backup_dir=copied)
        assert service.check(read_data=True).ok
        assert [each.backup_id for each in service.list_backups()] == [made.backup_id]
        assert service.verify_backup(made.backup_id)
        service.restore_backup(made.backup_id, into=application.root / "out")
        remount(disk, "rw")


def test_a_check_respects_the_lock_of_another(application: Application) -> None:
    """Only a lock that cannot be written is done without, not one that another holds."""
    service = application.service()
    service.create_backup()
    repository = Repository.open(open_store(str(application.repository)), PASSWORD)
    with repository.lock(exclusive=True), pytest.raises(RepositoryLocked):
        service.check()
