"""The weeks that the page is shown with really happened, and end with a protected application."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examples.sample_app.history import NIGHTS, ZONE
from examples.sample_app.office import quietly
from holdfast import BackupService
from holdfast.catalog import CatalogDatabase
from holdfast.config import load_plans, read_password
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType, Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from tests.rig.history import shared_history


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return shared_history(tmp_path_factory, worker_id)


@pytest.fixture(scope="module")
def service(history: Path) -> BackupService:
    (plan,) = load_plans(directory=history, environment={})
    source = plan.settings.encryption.password
    assert source is not None
    return BackupService.from_settings(plan.settings, password=read_password(source))


@pytest.fixture(scope="module")
def catalog(service: BackupService) -> Iterator[CatalogDatabase]:
    database = CatalogDatabase.beside(service.state_dir)
    yield database
    database.close()


@pytest.fixture(scope="module")
def jobs(catalog: CatalogDatabase) -> list[Job]:
    found, total = catalog.jobs.list(plan="default", limit=500)
    assert total == len(found)
    return found


@pytest.fixture(scope="module")
def backups(service: BackupService) -> list[BackupMetadata]:
    return list(service.list_backups(limit=None))


def test_there_was_a_run_on_each_night_at_its_time(jobs: list[Job]) -> None:
    """Each is of another day, began within a minute of its time, and one failed."""
    runs = [job for job in jobs if job.trigger is Trigger.SCHEDULED_CRON]
    times = [job.nominal_at for job in runs if job.nominal_at]
    assert len({at.date() for at in times}) == len(runs) >= NIGHTS - 1
    assert {at.astimezone(ZONE).hour for at in times} == {3}
    late = [job.started_at - job.nominal_at for job in runs if job.started_at and job.nominal_at]
    assert max(late) < timedelta(minutes=1)
    failed = [job for job in runs if job.status is JobStatus.FAILED]
    assert [bool(job.error_message) for job in failed] == [True]


def test_people_did_the_rest(jobs: list[Job]) -> None:
    """Who asked is known of each job that the schedule did not add."""
    asked = {job.actor for job in jobs if job.trigger is not Trigger.SCHEDULED_CRON}
    assert asked == {"anna", "otto"}
    kinds = Counter(job.kind for job in jobs)
    assert kinds[JobKind.VERIFY] > 5
    assert kinds[JobKind.DRILL] == 4
    assert kinds[JobKind.CHECK] == 3
    assert [job.status for job in jobs if job.kind is JobKind.RESTORE] == [JobStatus.COMPLETED]
    assert [job.attempt for job in jobs if job.retry_of] == [2]


def test_what_went_wrong_went_wrong(jobs: list[Job]) -> None:
    """One night the pictures were away: its backup is partial and says so."""
    partial = [job for job in jobs if (job.result or {}).get("status") == "partial"]
    assert len(partial) == 1
    assert any("thumbnails" in each for each in partial[0].warnings)


def test_there_is_one_of_each_kind_of_backup(backups: list[BackupMetadata]) -> None:
    """By hand and by the clock, kept, tagged, of some sources, and one that a restore made."""
    assert {BackupType.MANUAL, BackupType.SCHEDULED, BackupType.PRE_RESTORE} <= {
        each.backup_type for each in backups
    }
    assert sum(each.keep for each in backups) == 2
    assert {"release", "go-live"} <= {tag for each in backups for tag in each.tags}
    assert [each.only for each in backups if each.only] == [("thumbnails",)]


def test_retention_removed_some(backups: list[BackupMetadata], jobs: list[Job]) -> None:
    """Fewer are there than were made, and what is older than two weeks is not of each day."""
    made = [job for job in jobs if job.kind is JobKind.BACKUP and job.backup_id]
    assert len(backups) < len(made)
    removed = [each for job in jobs for each in (job.result or {}).get("removed", ())]
    assert removed
    assert not {each.backup_id for each in backups} & set(removed)


def test_the_end_is_well(service: BackupService, backups: list[BackupMetadata]) -> None:
    """The newest backup is of the last night and whole; one was proven in the last two days."""
    now = datetime.now(UTC)
    assert backups[0].status is BackupStatus.COMPLETED
    assert timedelta() < now - backups[0].created_at < timedelta(hours=26)
    proven = [
        each.verification_date for each in backups if each.verified and each.verification_date
    ]
    assert timedelta() < now - max(proven) < timedelta(hours=48)
    assert service.verify_backup(backups[0].backup_id).verified


def test_the_restore_brought_the_prices_back(history: Path) -> None:
    """What the shop has now is what the people made of it."""
    with closing(sqlite3.connect(history / "app" / "app.db")) as connection:
        (cheapest,) = connection.execute("SELECT min(UnitPrice) FROM Track").fetchone()
    assert cheapest > 0


def test_the_audit_names_who_did_what(catalog: CatalogDatabase) -> None:
    """Also a login that was refused, and nothing is of a time to come."""
    entries, _ = catalog.audit.list(limit=500)
    assert {"anna", "otto", "vera"} <= {each.actor for each in entries}
    assert {"session.open", "user.add", "token.add", "restore.start"} <= {
        each.action for each in entries
    }
    assert any(each.actor == "vera" and each.outcome != "done" for each in entries)
    assert max(each.at for each in entries) < datetime.now(UTC)


def test_what_goes_wrong_on_purpose_is_not_logged_and_the_log_is_as_it_was_after() -> None:
    logger = logging.getLogger("holdfast")
    before = logger.level
    with quietly():
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.level == before
