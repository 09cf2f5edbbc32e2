"""What there is to tell of a job that came to its end. Pure: every process tells the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from holdfast.models.backup import BackupStatus, Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.notify import Event

MOST_ATTEMPTS = 3
"""How often a run of the schedule is tried whose process died."""
_DO_NOT_RELY = "Other backups stand as they were. See what could not be captured, and mend that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One thing to tell.

    Attributes:
        key: Names what happened, so that it is told once on each channel.
        events: What it may be told as, the first that a channel wants.
        message: A sentence, which may still hold what the host calls secret.
        job: What it is about; None for the plan as a whole.
        lasting: Whether it still holds, so that it is news on a channel that is newer.
    """

    key: str
    events: Sequence[Event]
    at: datetime
    message: str
    hint: str | None = None
    job: Job | None = None
    backup_id: str | None = None
    lasting: bool = False


def announcement_of(job: Job, before: Iterable[Job]) -> Announcement | None:
    """Return what there is to tell of a job; None if nothing is.

    Args:
        before: Earlier jobs of its kind that ended, newest first.
    """
    if job.completed_at is None or not _counts(job):
        return None
    if not _went_well(job):
        return _failure(job, job.completed_at)
    previous = next((each for each in before if _counts(each) and not each.parts), None)
    if previous is None or _went_well(previous) or job.parts:
        return _success(job, job.completed_at)
    return _recovery(job, job.completed_at, previous)


def recovery_key(backup_id: str) -> str:
    """Return the key of the news that there is a good backup again, whoever notices first."""
    return f"recovered {backup_id}"


def is_tried_again(job: Job) -> bool:
    """Whether a job is a run of the schedule that was interrupted, and is tried by itself again."""
    return (
        job.trigger is Trigger.SCHEDULED_CRON
        and job.status is JobStatus.FAILED
        and job.error_code == "job-interrupted"
        and job.attempt < MOST_ATTEMPTS
    )


def _counts(job: Job) -> bool:
    """Whether a job ended for good, and was more than a look."""
    ended = job.status in (JobStatus.COMPLETED, JobStatus.FAILED)
    return ended and not is_tried_again(job) and not job.params.get("dry_run")


def _went_well(job: Job) -> bool:
    """Whether a job did all that it was for: a partial backup is no success."""
    return job.status is JobStatus.COMPLETED and not _is_partial(job)


def _is_partial(job: Job) -> bool:
    return job.kind is JobKind.BACKUP and job.result.get("status") == BackupStatus.PARTIAL


def _failure(job: Job, at: datetime) -> Announcement:
    if _is_partial(job):
        problems = [str(each) for each in job.result.get("problems") or ("some paths",)]
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        message = f"{job.backup_id} is partial, as not all was captured: {problems[0]}{more}"
        hint: str | None = _DO_NOT_RELY
    else:
        message = f"{_name(job)} failed: {job.error_message or 'no reason is known'}"
        hint = job.error_hint
    return Announcement(
        key=f"job {job.id}",
        events=(Event.FAILED,),
        at=at,
        message=message,
        hint=hint,
        job=job,
        backup_id=job.backup_id,
    )


def _success(job: Job, at: datetime) -> Announcement:
    return Announcement(
        key=f"job {job.id}",
        events=(Event.SUCCEEDED,),
        at=at,
        message=f"{_name(job)} done{_of(job)}",
        hint=f"It came with a warning: {job.warnings[0]}" if job.warnings else None,
        job=job,
        backup_id=job.backup_id,
    )


def _recovery(job: Job, at: datetime, previous: Job) -> Announcement:
    failed_at = previous.completed_at or previous.created_at
    is_backup = job.kind is JobKind.BACKUP and job.backup_id is not None
    return Announcement(
        key=recovery_key(str(job.backup_id)) if is_backup else f"job {job.id}",
        events=(Event.RECOVERED, Event.SUCCEEDED),
        at=at,
        message=f"{_name(job)} done{_of(job)}, after it had failed at {failed_at:%Y-%m-%d %H:%M}"
        " UTC",
        job=job,
        backup_id=job.backup_id,
    )


def _name(job: Job) -> str:
    parts = f" of {', '.join(job.parts)}" if job.parts else ""
    return job.kind.value.replace("_", " ").capitalize() + parts


def _of(job: Job) -> str:
    return f": {job.backup_id}" if job.backup_id else ""
