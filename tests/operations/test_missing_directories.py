"""Directories of the plan that are not there: a disk that is not mounted, a restore to nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from holdfast import BackupService, BackupStatus, Progress
from holdfast.errors import RetentionPaused, SourceNotFound
from tests.operations.application import Application


def two_directories(application: Application) -> tuple[BackupService, Path]:
    """Return a service that protects a second directory too, and that directory."""
    media = application.root / "media"
    media.mkdir()
    (media / "film").write_bytes(b"a film")
    directories = {"thumbnails": application.thumbnails, "media": media}
    return application.service(directories=directories), media


def test_a_missing_directory_among_others_makes_the_backup_partial_and_is_named(
    application: Application,
) -> None:
    """R09: a missing root path; what else there is, is worth saving."""
    service, media = two_directories(application)
    shutil.rmtree(media)
    made = service.create_backup()
    assert made.status is BackupStatus.PARTIAL
    assert made.problems == (f"files/media: There is no directory {media}",)
    assert set(service.backup_manifest("latest")["contents"]) == {
        "database/app.db",
        "settings.json",
        "files/thumbnails",
    }


def test_a_missing_directory_that_is_all_there_is_fails_and_stores_nothing(
    application: Application,
) -> None:
    """R09: without anything else a backup would be empty."""
    service = application.service(
        database_url=None, settings=None, directories={"gone": application.root / "gone"}
    )
    service.init_repository()
    with pytest.raises(SourceNotFound, match="gone"):
        service.create_backup()
    assert service.list_backups() == []
    assert service.get_backup_stats().failed_backups == 1


def test_a_restore_leaves_alone_what_was_missing_when_the_backup_was_made(
    application: Application,
) -> None:
    """R09: a disk that was not mounted then and is now must not be emptied."""
    service, media = two_directories(application)
    media.rename(application.root / "unmounted")
    partial = service.create_backup()
    (application.root / "unmounted").rename(media)
    application.add_events(2)
    for dry_run in (True, False):
        result = service.restore_backup(partial.backup_id, dry_run=dry_run)
        assert any("files/media" in each and "left as it is" in each for each in result.warnings), (
            result.warnings
        )
        assert not any(str(media) in change.target for change in result.changes)
    assert (media / "film").read_bytes() == b"a film"
    assert application.rows("select count(*) from events") == [(20,)]


def test_a_restore_into_a_new_place_says_what_the_backup_could_not_take(
    application: Application,
) -> None:
    service, media = two_directories(application)
    shutil.rmtree(media)
    service.create_backup()
    result = service.restore_backup("latest", into=application.root / "out")
    assert result.warnings == (f"files/media is not in the backup: There is no directory {media}",)


def test_a_partial_safety_backup_is_announced_before_anything_is_replaced(
    application: Application,
) -> None:
    service = application.service()
    made = service.create_backup()
    application.add_events(1)
    doomed = [application.thumbnails / f"vanishing-{number}" for number in range(30)]
    for path in doomed:
        path.write_bytes(b"x")
    steps: list[str] = []

    def vanish(progress: Progress) -> None:
        steps.append(progress.step)
        if progress.step == "Backing up thumbnails":
            for path in doomed:
                path.unlink(missing_ok=True)

    result = service.restore_backup(made.backup_id, progress=vanish)
    announced = next(each for each in steps if "is partial" in each)
    assert "vanishing" in announced
    assert announced in result.warnings
    assert steps.index(announced) < steps.index("Replacing thumbnails")


def test_undo_removes_a_directory_that_the_restore_made(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    before = application.state()
    shutil.rmtree(application.thumbnails)
    service.restore_backup(made.backup_id)
    planned = service.undo(dry_run=True)
    assert [each.action for each in planned.changes if str(application.thumbnails) == each.target]
    assert application.thumbnails.is_dir()
    assert service.undo()
    assert not application.thumbnails.exists()
    assert application.leftovers() == []
    assert service.undo()  # and the undo is undone
    assert application.state() == before


def test_retention_pauses_while_a_mount_point_is_empty(application: Application) -> None:
    """R26: the directory is there and holds nothing, and so would every backup from now on."""
    service = application.service()
    for _ in range(3):
        assert service.create_backup().total_files == 20
    for path in application.thumbnails.iterdir():
        path.unlink()
    service.create_backup()
    with pytest.raises(RetentionPaused, match="no files"):
        service.delete_old_backups(keep_count=1)
    assert len(service.list_backups()) == 4
