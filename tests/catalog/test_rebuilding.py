"""The catalog may be lost: what the repository knows comes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase
from holdfast.errors import RepositoryNotFound
from holdfast.jobs.rebuilding import finished_job, rebuild_catalog
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType, Trigger
from holdfast.models.job import Job, JobKind, JobProgress, JobStatus
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock


@pytest.fixture
def application(tmp_path: Path) -> Application:
    made = Application(tmp_path)
    made.create(events=3)
    return made


def test_a_lost_catalog_is_rebuilt_from_the_repository(
    application: Application, catalog: CatalogDatabase, clock: SimClock
) -> None:
    """R25: a finished job for each backup, of every kind; two rebuilds agree, id for id."""
    service = application.service(clock=clock)
    made = [service.create_backup(description="first", tags=["a"]).backup_id]
    clock.advance(60)
    made.append(
        service.create_backup(
            backup_type=BackupType.SCHEDULED, trigger=Trigger.SCHEDULED_CRON
        ).backup_id
    )
    clock.advance(60)
    made.append(service.restore_backup(made[0]).safety_backup_id or "")
    assert rebuild_catalog(service, catalog) == 3
    assert rebuild_catalog(service, catalog) == 0
    jobs, _ = catalog.jobs.list(plan="default")
    assert [job.backup_id for job in jobs] == made[::-1]
    assert [job.trigger for job in jobs[1:]] == [Trigger.SCHEDULED_CRON, Trigger.MANUAL_API]
    assert jobs[0].trigger is Trigger.PRE_RESTORE_SAFETY
    assert {(job.kind, job.status) for job in jobs} == {(JobKind.BACKUP, JobStatus.COMPLETED)}
    assert jobs[2].params == {"description": "first", "tags": ["a"]}
    assert jobs[2].result["table_counts"]["events"] == 3
    service.keep_backup(made[0])  # which gives its snapshot another id
    anew = CatalogDatabase.beside(application.root / "another")
    assert rebuild_catalog(service, anew) == 3
    assert [job.id for job in anew.jobs.list()[0]] == [job.id for job in jobs]
    anew.close()


def test_without_a_repository_there_is_nothing_to_rebuild_from(
    application: Application, catalog: CatalogDatabase
) -> None:
    with pytest.raises(RepositoryNotFound):
        rebuild_catalog(application.service(), catalog)


def test_a_backup_tells_all_of_its_job(clock: SimClock) -> None:
    """Also one that another program made, which names neither a plan nor a trigger."""
    at = clock.now()
    backup = BackupMetadata(
        backup_id="backup_1",
        created_at=at,
        backup_type=BackupType.SCHEDULED,
        status=BackupStatus.COMPLETED,
        original_size=1000,
        stored_size=10,
        compressed_size=100,
        encrypted=True,
        compressed=None,
        checksum="",
        table_counts={"users": 3, "orders": 4},
        warnings=("old",),
        plan="",
        duration_s=2.5,
    )
    job = finished_job(backup, "app")
    assert job == Job(
        id=job.id,
        plan="app",
        kind=JobKind.BACKUP,
        status=JobStatus.COMPLETED,
        trigger=Trigger.SCHEDULED_CRON,
        created_at=at,
        params={"description": None, "tags": []},
        progress=JobProgress(
            percent=100,
            total_tables=2,
            completed_tables=2,
            done_bytes=1000,
            total_bytes=1000,
            changed_at=at + timedelta(seconds=2.5),
        ),
        backup_id="backup_1",
        result=job.result,
        warnings=("old",),
        started_at=at,
        completed_at=at + timedelta(seconds=2.5),
    )
    assert job == finished_job(backup, "app")
