"""Jobs from their submission to their end, in a process and in a thread of their own."""

from __future__ import annotations

import pytest

from holdfast.errors import JobFinished, RequestInvalid
from holdfast.jobs import JobEngine, JobOptions
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from tests.jobs.conftest import MakeEngine
from tests.operations.application import Application

LONG_S = 120.0
IN_A_THREAD = JobOptions(isolation="thread")


def done(engine: JobEngine, job: Job) -> Job:
    """Return a job when it has ended."""
    found = engine.wait(job.id, LONG_S)
    assert found.status.finished, found
    return found


@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_a_backup_is_made_and_restored(
    isolation: str, application: Application, make_engine: MakeEngine
) -> None:
    """A job goes from pending to completed, and says what it made and what came back."""
    engine = make_engine(JobOptions(isolation=isolation))  # type: ignore[arg-type]
    before = application.state()
    backup = done(engine, engine.submit(JobKind.BACKUP, {"tags": ["one"]}, actor="ada"))
    assert (backup.status, backup.actor, backup.progress.percent) == (
        JobStatus.COMPLETED,
        "ada",
        100,
    )
    assert (backup.progress.total_tables, backup.progress.completed_tables) == (2, 2)
    assert backup.started_at is not None
    assert backup.completed_at is not None
    assert backup.created_at <= backup.started_at <= backup.completed_at
    application.add_events(3)
    restore = done(engine, engine.submit(JobKind.RESTORE, {"backup_id": backup.backup_id}))
    assert restore.status is JobStatus.COMPLETED
    assert restore.items_restored["events"] == 20
    assert restore.items_restored["files/thumbnails"] == 20
    assert application.state() == before
    assert restore.result["safety_backup_id"] in [each.backup_id for each in engine.backups.list()]


def test_each_kind_of_job_is_done(application: Application, make_engine: MakeEngine) -> None:
    """Verify, drill, cleanup, undo, check and prune are jobs too, and end well."""
    engine = make_engine(IN_A_THREAD)
    old = done(engine, engine.submit(JobKind.BACKUP))
    backup = done(engine, engine.submit(JobKind.BACKUP))
    for kind in (JobKind.VERIFY, JobKind.DRILL, JobKind.RESTORE):
        job = done(engine, engine.submit(kind, {"backup_id": backup.backup_id}))
        assert (job.status, job.backup_id) == (JobStatus.COMPLETED, backup.backup_id), job
    application.add_events(1)
    assert done(engine, engine.submit(JobKind.UNDO)).status is JobStatus.COMPLETED
    cleanup = done(engine, engine.submit(JobKind.CLEANUP, {"policy": {"keep_last": 1}}))
    assert cleanup.status is JobStatus.COMPLETED
    assert old.backup_id in cleanup.result["removed"]
    assert old.backup_id not in [each.backup_id for each in engine.backups.list()]
    check = done(engine, engine.submit(JobKind.CHECK, {"read_data": True}))
    assert (check.status, check.result["passed"]) == (JobStatus.COMPLETED, True)
    prune = done(engine, engine.submit(JobKind.PRUNE))
    assert (prune.status, prune.result["freed_bytes"]) == (JobStatus.COMPLETED, 0)


def test_a_job_that_fails_says_why(application: Application, make_engine: MakeEngine) -> None:
    """The error of a worker process arrives with its code, sentence and hint."""
    engine = make_engine()
    done(engine, engine.submit(JobKind.BACKUP))
    job = done(engine, engine.submit(JobKind.RESTORE, {"backup_id": "backup_20000101_000000"}))
    assert (job.status, job.error_code) == (JobStatus.FAILED, "backup-not-found")
    assert job.error_message is not None
    assert "backup_20000101_000000" in job.error_message
    assert job.error_hint


def test_a_misspelled_parameter_is_refused_at_once(make_engine: MakeEngine) -> None:
    """Nothing is queued that could only fail."""
    engine = make_engine(IN_A_THREAD)
    with pytest.raises(RequestInvalid, match="descripton"):
        engine.submit(JobKind.BACKUP, {"descripton": "x"})
    with pytest.raises(RequestInvalid, match="backup_id"):
        engine.submit(JobKind.RESTORE)
    assert engine.list() == ([], 0)


def test_what_has_ended_is_not_cancelled_and_can_be_tried_again(make_engine: MakeEngine) -> None:
    """A retry is another job that names the first; what is done is not done twice."""
    engine = make_engine(IN_A_THREAD)
    made = done(engine, engine.submit(JobKind.BACKUP, {"description": "d"}))
    for again in (engine.cancel, engine.retry):
        with pytest.raises(JobFinished):
            again(made.id)
    first = done(engine, engine.submit(JobKind.VERIFY, {"backup_id": "20010101-000000-aaaa"}))
    assert first.status is JobStatus.FAILED
    second = done(engine, engine.retry(first.id, actor="bob"))
    assert (second.retry_of, second.attempt, second.params) == (first.id, 2, first.params)


def test_a_run_of_the_schedule_that_a_person_tries_again_removes_nothing(
    make_engine: MakeEngine,
) -> None:
    """Its policy is the schedule's: whoever may make a backup may not remove others by it."""
    engine = make_engine(IN_A_THREAD)
    engine.start()
    params = {"scheduled": True, "policy": {"max_backups": 1}, "max_removed_share": 0.5}
    missed = {"due_at": "2026-01-01T00:00:00+00:00", "verify": True}
    run = engine.database.jobs.add(
        plan=engine.plan,
        kind=JobKind.BACKUP,
        trigger=Trigger.SCHEDULED_CRON,
        params={**params, **missed, "compression_level": 99},
    )
    assert done(engine, run).status is JobStatus.FAILED
    again = engine.retry(run.id, actor="bob")
    assert (again.trigger, again.nominal_at) == (Trigger.MANUAL_API, None)
    assert again.params == {"verify": True, "compression_level": 99}
    done(engine, again)
