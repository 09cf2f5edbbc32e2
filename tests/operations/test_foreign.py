"""Backups that restic made, as Holdfast lists and shows them."""

from __future__ import annotations

from dataclasses import replace

from holdfast.repository import Repository
from holdfast.stores import open_store
from tests.operations.application import PASSWORD, Application


def made_by_restic(application: Application) -> Repository:
    restic = application.restic()
    restic.init()
    restic.run("backup", "thumbnails", cwd=application.root / "data")
    return Repository.open(open_store(str(application.repository)), PASSWORD)


def thumbnails(application: Application) -> tuple[int, int]:
    """Return how many there are and their size [bytes]."""
    sizes = [path.stat().st_size for path in application.thumbnails.iterdir()]
    return len(sizes), sum(sizes)


def test_what_is_not_known_of_a_backup_is_not_claimed(application: Application) -> None:
    """An older restic says nothing of sizes; a list does not read directories to find out."""
    repository = made_by_restic(application)
    (snapshot,) = repository.list_snapshots()
    repository.save_snapshot(replace(snapshot, id=None, extra={}))
    repository.remove_snapshot(snapshot.id or "")
    (listed,) = application.service().list_backups()
    assert (listed.compressed, listed.original_size, listed.stored_size) == (None, 0, 0)


def test_a_single_backup_is_measured(application: Application) -> None:
    made_by_restic(application)
    shown = application.service().get_backup("latest")
    assert (shown.total_files, shown.original_size) == thumbnails(application)
    assert 0 < shown.compressed_size < shown.original_size
    assert shown.compressed is True


def test_the_summary_of_a_newer_restic_is_listed(application: Application) -> None:
    """restic 0.17 and later keep it in the snapshot."""
    repository = made_by_restic(application)
    (snapshot,) = repository.list_snapshots()
    summary = {"total_bytes_processed": 12345, "total_files_processed": 7, "data_added_packed": 678}
    repository.save_snapshot(replace(snapshot, id=None, extra={"summary": summary}))
    repository.remove_snapshot(snapshot.id or "")
    (listed,) = application.service().list_backups()
    assert (listed.original_size, listed.total_files, listed.stored_size) == (12345, 7, 678)


def test_our_own_backups_say_what_they_are(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    assert made.compressed is True
    assert service.get_backup(made.backup_id) == made
