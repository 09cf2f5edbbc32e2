"""What is done to the row of a job, within a transaction that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, delete, exists, select
from sqlalchemy.orm import Session as OrmSession

from holdfast.catalog.job_rows import event_row
from holdfast.catalog.schema import JobEventRow, JobRow
from holdfast.catalog.values import Claim
from holdfast.errors import AlreadyRun, HoldfastError, JobInterrupted, JobNotFound, LeaseLost
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind, JobStatus

_ACTIVE = [status.value for status in JobStatus if status.active]
_PRESSING = [kind.value for kind in JobKind if kind.writes or kind.urgent]
_READ_ONLY = [kind.value for kind in JobKind if not kind.writes]
_URGENT = [kind.value for kind in JobKind if kind.urgent]


def is_pending(plan: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a plan's jobs that wait."""
    return JobRow.plan == plan, JobRow.status == JobStatus.PENDING.value


def is_active(plan: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a plan's jobs that somebody is at work on."""
    return JobRow.plan == plan, JobRow.status.in_(_ACTIVE)


def replaces_data(row: JobRow) -> bool:
    """Whether a job replaces live data."""
    return JobKind(row.kind).restores


def next_to_run(session: OrmSession, plan: str, *, pressing_only: bool = False) -> Select[JobRow]:
    """Return the query for the job that is to run now.

    Restores go first, as somebody waits for their data; then the runs of the schedule, then what
    else was asked for; the older ones before the newer.
    """
    turn = case(
        (JobRow.kind.in_(_URGENT), 0),
        (JobRow.trigger == Trigger.SCHEDULED_CRON.value, 1),
        else_=2,
    )
    query = select(JobRow).where(*is_pending(plan)).order_by(turn, JobRow.id)
    query = query.limit(1).with_for_update()
    if pressing_only:
        query = query.where(JobRow.kind.in_(_PRESSING))
    if session.scalar(select(exists().where(JobRow.slot == plan))):
        query = query.where(JobRow.kind.in_(_READ_ONLY))
    return query


def refuse_second_run(session: OrmSession, plan: str, nominal_at: datetime) -> None:
    """Refuse a second job for one time of a plan's schedule.

    Raises:
        AlreadyRun: There is one.
    """
    same = select(JobRow).where(JobRow.plan == plan, JobRow.nominal_at == nominal_at)
    if (row := session.scalar(same)) is not None:
        raise AlreadyRun(
            f"The run of plan {plan} due at {nominal_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC has a"
            " job already",
            run_at=row.created_at,
        )


def held_row(session: OrmSession, claim: Claim) -> JobRow:
    """Return the job of a claim, locked.

    Raises:
        LeaseLost: The claim is not the newest, or the job has ended.
    """
    row = session.get(JobRow, claim.job.id, with_for_update=True)
    if row is None or row.generation != claim.generation or row.status not in _ACTIVE:
        raise LeaseLost(
            f"Job {claim.job.id} is not {claim.owner}'s any more",
            hint="It was not renewed in time, and has been given up or taken over.",
        )
    return row


def found_row(row: JobRow | None, job_id: str) -> JobRow:
    """Return a row that was looked for.

    Raises:
        JobNotFound: It is not there.
    """
    if row is None:
        raise JobNotFound(f"There is no job {job_id}")
    return row


def put_lease(row: JobRow, lease_s: float, now: datetime) -> None:
    """Let a lease run for so long from now."""
    row.lease_s = lease_s
    row.lease_ends_at = now + timedelta(seconds=lease_s)


def put_warnings(session: OrmSession, row: JobRow, warnings: Sequence[str], now: datetime) -> None:
    """Keep the warnings that there are by now, with an event for each new one."""
    for warning in warnings:
        if warning not in row.warnings:
            session.add(event_row(row, "warning", now, {"warning": warning}))
    row.warnings = list(warnings)


def put_end(
    session: OrmSession,
    row: JobRow,
    status: JobStatus,
    now: datetime,
    error: HoldfastError | None = None,
) -> None:
    """Bring a job to its end; nobody holds it then, and its events of progress go."""
    row.status = status.value
    row.completed_at = row.changed_at = now
    row.slot = row.owner = row.lease_ends_at = None
    row.stalled = False
    if status is JobStatus.COMPLETED:
        row.percent = 100
    if error is not None:
        row.error_code, row.error_message, row.error_hint = error.code, error.message, error.hint
    session.execute(
        delete(JobEventRow).where(JobEventRow.job_id == row.id, JobEventRow.kind == "progress")
    )
    tell(session, row, "finished", now)


def tell(session: OrmSession, row: JobRow, kind: str, now: datetime) -> None:
    """Save a job and the event that tells of it."""
    session.add(row)
    session.flush()
    session.add(event_row(row, kind, now))


def interruption_of(row: JobRow) -> JobInterrupted:
    """Return the error of a job whose owner is gone."""
    return JobInterrupted(
        f"The process that did this job ({row.owner}) ended before the work was done",
        hint="Nothing half-done is visible; try it again.",
    )
