"""Between rows of jobs and jobs as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from holdfast.catalog.schema import JobEventRow, JobRow
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobEvent, JobKind, JobProgress, JobStatus


def job_of(row: JobRow) -> Job:
    """Return the job that a row holds."""
    return Job(
        id=row.id,
        plan=row.plan,
        kind=JobKind(row.kind),
        status=JobStatus(row.status),
        trigger=Trigger(row.trigger),
        created_at=row.created_at,
        actor=row.actor,
        params=row.params,
        progress=_progress_of(row),
        backup_id=row.backup_id,
        items_restored=row.items_restored,
        result=row.result,
        warnings=tuple(row.warnings),
        error_code=row.error_code,
        error_message=row.error_message,
        error_hint=row.error_hint,
        started_at=row.started_at,
        completed_at=row.completed_at,
        nominal_at=row.nominal_at,
        attempt=row.attempt,
        retry_of=row.retry_of,
        cancel_requested=row.cancel_requested,
        stalled=row.stalled,
    )


def row_of(job: Job) -> JobRow:
    """Return the row for a job that nobody holds."""
    return JobRow(
        id=job.id,
        plan=job.plan,
        kind=job.kind.value,
        status=job.status.value,
        trigger=job.trigger.value,
        created_at=job.created_at,
        actor=job.actor,
        params=plain(job.params),
        percent=job.progress.percent,
        current_step=job.progress.current_step,
        total_tables=job.progress.total_tables,
        completed_tables=job.progress.completed_tables,
        done_bytes=job.progress.done_bytes,
        total_bytes=job.progress.total_bytes,
        changed_at=job.progress.changed_at,
        backup_id=job.backup_id,
        items_restored=dict(job.items_restored),
        result=plain(job.result),
        warnings=list(job.warnings),
        error_code=job.error_code,
        error_message=job.error_message,
        error_hint=job.error_hint,
        started_at=job.started_at,
        completed_at=job.completed_at,
        nominal_at=job.nominal_at,
        attempt=job.attempt,
        retry_of=job.retry_of,
        cancel_requested=job.cancel_requested,
        stalled=job.stalled,
        generation=0,
    )


def put_progress(row: JobRow, progress: JobProgress, now: datetime) -> bool:
    """Take over how far a job is, never backwards; return whether something moved.

    A percentage of 100 is kept for when the job is completed.
    """
    before = _progress_of(row)
    row.percent = max(row.percent, min(progress.percent, 99))
    row.current_step = progress.current_step
    row.total_tables = progress.total_tables
    row.completed_tables = progress.completed_tables
    row.done_bytes = progress.done_bytes
    row.total_bytes = progress.total_bytes
    if _progress_of(row) == before:
        return False
    row.changed_at = now
    return True


def event_of(row: JobEventRow) -> JobEvent:
    """Return the event that a row holds."""
    return JobEvent(number=row.number, job_id=row.job_id, at=row.at, kind=row.kind, data=row.data)


def event_row(row: JobRow, kind: str, now: datetime, data: Any = None) -> JobEventRow:
    """Return the row of an event, by default with the job as it is now."""
    return JobEventRow(
        job_id=row.id, at=now, kind=kind, data=plain(job_of(row)) if data is None else data
    )


def plain(value: Any) -> Any:
    """Return a value as JSON values; instants are RFC 3339."""
    return msgspec.to_builtins(value)


def _progress_of(row: JobRow) -> JobProgress:
    return JobProgress(
        percent=row.percent,
        current_step=row.current_step,
        total_tables=row.total_tables,
        completed_tables=row.completed_tables,
        done_bytes=row.done_bytes,
        total_bytes=row.total_bytes,
        changed_at=row.changed_at,
    )
