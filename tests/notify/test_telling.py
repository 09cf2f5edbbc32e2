"""What there is to tell of a job, by what came before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.jobs.telling import announcement_of
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.notify import Event

NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)
DONE = Job(
    id="0198c5a2-7f2e-7c3a-9d51-3f6f6a1c9b10",
    plan="default",
    kind=JobKind.BACKUP,
    status=JobStatus.COMPLETED,
    trigger=Trigger.MANUAL_API,
    created_at=NOW,
    completed_at=NOW,
    backup_id="backup_20260131_020000",
)
FAILED = replace(
    DONE,
    status=JobStatus.FAILED,
    backup_id=None,
    error_code="database-unreachable",
    error_message="The server does not answer",
    completed_at=NOW - timedelta(hours=1),
)
PART = replace(DONE, params={"sources": ["thumbnails"]})


def events(job: Job, *before: Job) -> tuple[Event, ...]:
    told = announcement_of(job, before)
    return () if told is None else tuple(told.events)


def test_the_first_success_after_a_failure_is_a_recovery() -> None:
    assert events(DONE, FAILED) == (Event.RECOVERED, Event.SUCCEEDED)
    assert events(DONE, DONE, FAILED) == (Event.SUCCEEDED,)


def test_a_backup_of_some_sources_makes_up_for_no_failed_one() -> None:
    """The plan as a whole is not well again; the next backup of all is what is told."""
    assert events(PART, FAILED) == (Event.SUCCEEDED,)
    assert events(DONE, PART, FAILED) == (Event.RECOVERED, Event.SUCCEEDED)


def test_a_failure_of_a_part_says_so_and_needs_no_recovery() -> None:
    """It is no failure of the plan: the next backup of all is a success as any other."""
    part = replace(FAILED, params={"sources": ["thumbnails"]})
    told = announcement_of(part, [DONE])
    assert told is not None
    assert told.message == "Backup of thumbnails failed: The server does not answer"
    assert events(DONE, part, DONE) == (Event.SUCCEEDED,)
    assert events(DONE, part, FAILED) == (Event.RECOVERED, Event.SUCCEEDED)


def test_what_was_made_says_best_whether_it_is_a_part() -> None:
    """A job that was rebuilt from a stored backup knows no parameters."""
    rebuilt = replace(DONE, params={"tags": []}, result={"only": ["thumbnails"]})
    assert events(rebuilt, FAILED) == (Event.SUCCEEDED,)
    named_all = replace(PART, result={"only": []})
    assert events(named_all, FAILED) == (Event.RECOVERED, Event.SUCCEEDED)
