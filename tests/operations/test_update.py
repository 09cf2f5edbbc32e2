"""What is said of a backup can be changed; the backup itself stays, whole and once."""

from __future__ import annotations

import threading

import pytest

from holdfast.errors import BackupNotFound, PreconditionFailed
from tests.operations.application import Application


def test_a_description_and_tags_are_changed_and_the_rest_stays(application: Application) -> None:
    """Only what is given changes, and the backup still proves."""
    service = application.service()
    made = service.create_backup(description="first", tags=["a"], verify=True)
    changed = service.update_backup(made.backup_id, description="second", tags=["b", "c", "b"])
    assert (changed.description, changed.tags, changed.keep) == ("second", ("b", "c"), False)
    assert (changed.backup_id, changed.created_at) == (made.backup_id, made.created_at)
    assert changed.verified
    assert service.list_backups() == [changed]
    assert service.update_backup(made.backup_id, keep=True).description == "second"
    assert service.verify_backup(made.backup_id)


def test_an_empty_description_removes_it(application: Application) -> None:
    service = application.service()
    made = service.create_backup(description="first", tags=["a"])
    changed = service.update_backup(made.backup_id, description="", tags=[])
    assert (changed.description, changed.tags) == (None, ())


def test_a_change_without_effect_makes_no_new_snapshot(application: Application) -> None:
    service = application.service()
    made = service.create_backup(description="same", tags=["a"])
    changed = service.update_backup(made.backup_id, description="same", tags=["a"], keep=False)
    assert changed.snapshot_id == made.snapshot_id


def test_a_change_or_deletion_decided_on_an_older_state_is_refused(
    application: Application,
) -> None:
    """Who has not seen the newest state neither changes nor removes the backup."""
    service = application.service()
    seen = service.create_backup()
    changed = service.update_backup(seen.backup_id, description="of somebody else")
    with pytest.raises(PreconditionFailed):
        service.update_backup(
            seen.backup_id, description="mine", expected_snapshot_id=seen.snapshot_id
        )
    with pytest.raises(PreconditionFailed):
        service.delete_backup(seen.backup_id, expected_snapshot_id=seen.snapshot_id)
    assert service.list_backups() == [changed]
    assert service.delete_backup(seen.backup_id, expected_snapshot_id=changed.snapshot_id)


def test_changes_at_the_same_time_leave_one_backup(application: Application) -> None:
    """Two changes at once happen one after the other: no copy of the backup is left."""
    service = application.service()
    made = service.create_backup()
    barrier = threading.Barrier(4)

    def change(number: int) -> None:
        barrier.wait()
        service.update_backup(made.backup_id, tags=[f"tag{number}"])

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.backup_id for each in service.list_backups()] == [made.backup_id]


def test_what_is_not_there_cannot_be_changed(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(BackupNotFound):
        service.update_backup("backup_20200101_000000", description="x")
