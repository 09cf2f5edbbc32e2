"""Long work tells how far it is, and stops where it is asked to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast import BackupScheduler, BackupService, CancellationToken, Progress
from holdfast.errors import Cancelled
from holdfast.scheduler import BackupConfig
from tests.operations.application import Application


def seen_by(work: Callable[[Callable[[Progress], None]], object]) -> list[Progress]:
    """Return the progress that some work told."""
    told: list[Progress] = []
    work(told.append)
    return told


@pytest.fixture
def service(application: Application) -> BackupService:
    """A service with three backups."""
    made = application.service()
    for _ in range(3):
        made.create_backup()
        application.add_events(1)
    return made


def test_a_restore_into_a_new_place_tells_how_much_there_is(
    service: BackupService, application: Application
) -> None:
    told = seen_by(
        lambda progress: service.restore_backup(
            "latest", into=application.root / "out", progress=progress
        )
    )
    writing = [each for each in told if each.step == "Restoring into out"]
    assert {each.total_bytes for each in writing} == {writing[-1].done_bytes}
    assert {each.total_items for each in writing} == {writing[-1].done_items}


def test_a_drill_tells_how_far_it_is_and_when_it_checks(service: BackupService) -> None:
    told = seen_by(lambda progress: service.drill("latest", progress=progress))
    assert all(each.total_bytes for each in told if each.step.startswith("Restoring"))
    assert "Checking database/app.db" in [each.step for each in told]


def test_removing_old_backups_tells_how_many(service: BackupService) -> None:
    told = seen_by(lambda progress: service.delete_old_backups(1, progress=progress))
    removing = [each for each in told if each.step == "Removing backups"]
    assert [(each.done_items, each.total_items) for each in removing] == [(0, 2), (1, 2)]


def test_planning_a_prune_tells_what_it_does(service: BackupService) -> None:
    assert seen_by(lambda progress: service.plan_prune(progress=progress))


def test_a_triggered_backup_tells_how_far_it_is(service: BackupService) -> None:
    scheduler = BackupScheduler(service, BackupConfig(max_backups=1, retention_days=0))
    steps = {
        each.step for each in seen_by(lambda progress: scheduler.trigger_backup(progress=progress))
    }
    assert {"Backing up thumbnails", "Verifying"} <= steps


@pytest.mark.parametrize("work", ["prune", "plan_prune", "delete_old_backups"])
def test_what_is_cancelled_before_it_begins_does_nothing(service: BackupService, work: str) -> None:
    """Also where there is nothing to do: who cancelled is told so."""
    service.delete_old_backups(3)
    service.prune()
    cancel = CancellationToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        getattr(service, work)(cancel=cancel)
    assert len(service.list_backups()) == 3


def test_a_triggered_backup_that_is_cancelled_leaves_none(service: BackupService) -> None:
    cancel = CancellationToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        BackupScheduler(service).trigger_backup(cancel=cancel)
    assert len(service.list_backups()) == 3
