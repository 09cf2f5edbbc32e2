"""The jobs: added, claimed by one, reported, finished; and what happened to each.

A job is done by whoever claimed it, for as long as the claim is renewed. A claim has a
generation; when another takes the job over, it rises, and the old claim can write nothing
any more (`LeaseLost`). Every change of a job and the event that tells of it are one
transaction, made while the job's row is locked, so that the events of a job become visible in
the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session as OrmSession

from holdfast.catalog.job_rows import event_of, job_of, plain, put_progress, row_of
from holdfast.catalog.job_steps import (
    found_row,
    held_row,
    interruption_of,
    is_active,
    is_pending,
    next_to_run,
    put_end,
    put_lease,
    put_warnings,
    refuse_second_run,
    replaces_data,
    tell,
)
from holdfast.catalog.leases import LeaseClock
from holdfast.catalog.schema import JobEventRow, JobRow, LinkRow
from holdfast.catalog.values import Claim
from holdfast.errors import Cancelled, HoldfastError, JobFinished
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobEvent, JobKind, JobProgress, JobStatus

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

_Jobs = list[Job]
_Events = list[JobEvent]
_Claims = list[Claim]


class JobTable:
    """All jobs of all plans that use the catalog."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database
        self._leases = LeaseClock(database.clock)

    def add(
        self,
        *,
        plan: str,
        kind: JobKind,
        trigger: Trigger,
        actor: str | None = None,
        params: Mapping[str, Any] | None = None,
        nominal_at: datetime | None = None,
        attempt: int = 1,
        retry_of: str | None = None,
    ) -> Job:
        """Add a job, for somebody to claim.

        Raises:
            AlreadyRun: The plan has a job for this nominal time already.
        """
        now = self._now()
        job = Job(
            id=self._database.ids.next(now),
            plan=plan,
            kind=kind,
            status=JobStatus.PENDING,
            trigger=trigger,
            created_at=now,
            actor=actor,
            params=params or {},
            nominal_at=nominal_at,
            attempt=attempt,
            retry_of=retry_of,
        )
        with self._database.writing(alone=None if nominal_at is None else f"run {plan}") as session:
            if nominal_at is not None:
                refuse_second_run(session, plan, nominal_at)
            row = row_of(job)
            tell(session, row, "status", now)
            return job_of(row)

    def add_finished(self, job: Job) -> bool:
        """Add a job that is done, unless the job that made its backup is there.

        Returns:
            Whether it was added.
        """
        with self._database.writing(alone="finished jobs") as session:
            same = and_(
                JobRow.plan == job.plan,
                JobRow.kind == job.kind.value,
                JobRow.backup_id == job.backup_id,
                JobRow.status == job.status.value,
            )
            if session.scalar(select(exists().where(or_(same, JobRow.id == job.id)))):
                return False
            session.add(row_of(job))
            return True

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            JobNotFound: There is none with this id.
        """
        with self._database.reading() as session:
            return job_of(found_row(session.get(JobRow, job_id), job_id))

    def list(
        self,
        *,
        plan: str | None = None,
        kinds: Collection[JobKind] = (),
        statuses: Collection[JobStatus] = (),
        backup_id: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> tuple[_Jobs, int]:
        """Return jobs, newest first, and how many there are in all.

        Args:
            kinds: Only these; all if empty. Alike `statuses`.
            before: The id of the last job of the page before this one.
        """
        conditions: list[ColumnElement[bool]] = []
        if plan is not None:
            conditions.append(JobRow.plan == plan)
        if kinds:
            conditions.append(JobRow.kind.in_([kind.value for kind in kinds]))
        if statuses:
            conditions.append(JobRow.status.in_([status.value for status in statuses]))
        if backup_id is not None:
            conditions.append(JobRow.backup_id == backup_id)
        query = select(JobRow).where(*conditions).order_by(JobRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(JobRow.id < before)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(JobRow).where(*conditions))
            return [job_of(row) for row in session.scalars(query)], total or 0

    def ended_since(self, plan: str, since: datetime) -> _Jobs:
        """Return the jobs that completed or failed since an instant, oldest first."""
        query = select(JobRow).where(
            JobRow.plan == plan,
            JobRow.status.in_([JobStatus.COMPLETED.value, JobStatus.FAILED.value]),
            JobRow.completed_at >= since,
        )
        with self._database.reading() as session:
            return [job_of(row) for row in session.scalars(query.order_by(JobRow.completed_at))]

    def claim(
        self, owner: str, plan: str, *, lease_s: float, pressing_only: bool = False
    ) -> Claim | None:
        """Take the plan's next job that waits and may run now; None if there is none.

        A job that writes waits for as long as another of the plan is active and its lease runs.
        Which is the next: see `next_to_run`.

        Args:
            pressing_only: Leave those that neither write nor are urgent to others, or for later.
        """
        with self._database.reading() as session:
            if not session.scalar(select(exists().where(*is_pending(plan)))):
                return None
        with self._database.writing(alone=f"jobs {plan}") as session:
            now = self._now()
            self._free_slot(session, plan, now)
            row = session.scalar(next_to_run(session, plan, pressing_only=pressing_only))
            if row is None:
                return None
            row.status = JobStatus.RUNNING.value
            row.slot = plan if JobKind(row.kind).writes else None
            row.owner = owner
            row.generation += 1
            row.started_at = row.changed_at = now
            put_lease(row, lease_s, now)
            tell(session, row, "status", now)
            return Claim(job_of(row), owner, row.generation)

    def renew(self, claim: Claim, *, lease_s: float) -> bool:
        """Keep a claim for so long from now; return whether the job is to be cancelled.

        Raises:
            LeaseLost: Another has the job now, or it was given up.
        """
        with self._database.writing() as session:
            row = held_row(session, claim)
            put_lease(row, lease_s, self._now())
            return row.cancel_requested

    def report(
        self,
        claim: Claim,
        *,
        status: JobStatus | None = None,
        progress: JobProgress | None = None,
        warnings: Sequence[str] | None = None,
        backup_id: str | None = None,
    ) -> None:
        """Say how far a job is. Progress never runs backwards.

        Args:
            warnings: All there are by now.

        Raises:
            LeaseLost: Another has the job now, or it was given up.
        """
        with self._database.writing() as session:
            now = self._now()
            row = held_row(session, claim)
            if backup_id is not None:
                row.backup_id = backup_id
            if warnings is not None:
                put_warnings(session, row, warnings, now)
            if progress is not None and put_progress(row, progress, now):
                row.stalled = False
                tell(session, row, "progress", now)
            if status is not None and status.value != row.status:
                row.status = status.value
                row.changed_at = now
                tell(session, row, "status", now)

    def finish(
        self,
        claim: Claim,
        *,
        status: JobStatus,
        backup_id: str | None = None,
        items_restored: Mapping[str, int] | None = None,
        result: Mapping[str, Any] | None = None,
        warnings: Sequence[str] = (),
        error: HoldfastError | None = None,
    ) -> Job:
        """Say how a job ended; return it.

        Args:
            warnings: Those that were not reported yet are added.

        Raises:
            LeaseLost: Another has the job now, or it was given up.
        """
        with self._database.writing() as session:
            now = self._now()
            row = held_row(session, claim)
            row.backup_id = backup_id or row.backup_id
            row.items_restored = dict(items_restored or {})
            row.result = plain(result or {})
            put_warnings(session, row, list(dict.fromkeys([*row.warnings, *warnings])), now)
            put_end(session, row, status, now, error)
            if status is JobStatus.COMPLETED and replaces_data(row):
                # They were made of the data as they were before.
                session.execute(delete(LinkRow).where(LinkRow.plan == row.plan))
            return job_of(row)

    def request_cancel(self, job_id: str) -> Job:
        """Cancel a job that waits, or ask whoever does it to stop; return it.

        Raises:
            JobNotFound: There is none with this id.
            JobFinished: It came to its end already.
        """
        with self._database.writing() as session:
            now = self._now()
            row = found_row(session.get(JobRow, job_id, with_for_update=True), job_id)
            status = JobStatus(row.status)
            if status.finished:
                raise JobFinished(f"Job {job_id} is {status.value} already")
            if status is JobStatus.PENDING:
                put_end(session, row, JobStatus.CANCELLED, now, Cancelled("It never began."))
            elif not row.cancel_requested:
                row.cancel_requested = True
                tell(session, row, "status", now)
            return job_of(row)

    def take_abandoned(self, owner: str, plan: str, *, lease_s: float) -> _Claims:
        """Take over the restores whose lease has ended, to find out what became of the data."""
        with self._database.reading() as session:
            if not session.scalar(select(exists().where(*is_active(plan)))):
                return []
        with self._database.writing() as session:
            now = self._now()
            rows = [each for each in self._ended(session, plan, now) if replaces_data(each)]
            for row in rows:
                row.owner = owner
                row.generation += 1
                put_lease(row, lease_s, now)
            return [Claim(job_of(row), owner, row.generation) for row in rows]

    def fail_abandoned(self, plan: str) -> _Jobs:
        """Fail the jobs whose lease has ended, and fence off whoever had them; return them.

        Not those that replace data (`take_abandoned`).
        """
        with self._database.reading() as session:
            if not session.scalar(select(exists().where(*is_active(plan)))):
                return []
        with self._database.writing() as session:
            now = self._now()
            rows = [each for each in self._ended(session, plan, now) if not replaces_data(each)]
            for row in rows:
                row.generation += 1
                put_end(session, row, JobStatus.FAILED, now, interruption_of(row))
            return [job_of(row) for row in rows]

    def mark_stalled(self, claim: Claim, stalled: bool) -> None:
        """Say whether a job stands still.

        Raises:
            LeaseLost: Another has the job now, or it was given up.
        """
        with self._database.writing() as session:
            row = held_row(session, claim)
            if row.stalled != stalled:
                row.stalled = stalled
                tell(session, row, "status", self._now())

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> _Events:
        """Return what happened to a job since the event of this number, oldest first.

        When a job has ended, its events of progress are gone.
        """
        query = (
            select(JobEventRow)
            .where(JobEventRow.job_id == job_id, JobEventRow.number > after)
            .order_by(JobEventRow.number)
            .limit(limit)
        )
        with self._database.reading() as session:
            return [event_of(row) for row in session.scalars(query)]

    def last_nominal_at(self, plan: str) -> datetime | None:
        """Return the newest time of the schedule that has a job."""
        with self._database.reading() as session:
            return session.scalar(select(func.max(JobRow.nominal_at)).where(JobRow.plan == plan))

    def counts(self, plan: str) -> Mapping[JobStatus, int]:
        """Return how many jobs of a plan there are in each status."""
        query = (
            select(JobRow.status, func.count()).where(JobRow.plan == plan).group_by(JobRow.status)
        )
        with self._database.reading() as session:
            found = {JobStatus(status): count for status, count in session.execute(query)}
        return {status: found.get(status, 0) for status in JobStatus}

    def backups_made(self, plan: str, *, before: datetime) -> frozenset[str]:
        """Return the backups that were made by jobs which ended before an instant."""
        query = select(JobRow.backup_id).where(
            JobRow.plan == plan,
            JobRow.completed_at < before,
            JobRow.kind == JobKind.BACKUP.value,
            JobRow.backup_id.is_not(None),
        )
        with self._database.reading() as session:
            return frozenset(each for each in session.scalars(query) if each)

    def remove_finished(self, plan: str, *, before: datetime, backups: Collection[str] = ()) -> int:
        """Remove jobs that came to their end before an instant; return how many.

        The newest job of the schedule stays, as it says which time was served last.

        Args:
            backups: The backups that there are; the jobs that made them stay, since clients may
                know a backup by its job.
        """
        with self._database.writing() as session:
            newest = select(func.max(JobRow.nominal_at)).where(JobRow.plan == plan)
            old = delete(JobRow).where(
                JobRow.plan == plan,
                JobRow.completed_at < before,
                or_(
                    JobRow.nominal_at.is_(None),
                    JobRow.nominal_at < newest.scalar_subquery(),
                ),
                or_(
                    JobRow.kind != JobKind.BACKUP.value,
                    JobRow.backup_id.is_(None),
                    JobRow.backup_id.not_in(backups),
                ),
            )
            return session.execute(old).rowcount  # type: ignore[attr-defined, no-any-return]

    def _now(self) -> datetime:
        return self._database.clock.now()

    def _free_slot(self, session: OrmSession, plan: str, now: datetime) -> None:
        """Fence off a job that writes and whose lease has ended; it is failed another time."""
        for row in self._ended(session, plan, now):
            if row.slot is not None:
                row.slot = None
                row.generation += 1
        session.flush()

    def _ended(self, session: OrmSession, plan: str, now: datetime) -> Sequence[JobRow]:
        """Return active jobs whose lease has ended, locked."""
        if self._leases.in_doubt:
            return []
        query = select(JobRow).where(*is_active(plan)).order_by(JobRow.id).with_for_update()
        rows = session.scalars(query).all()
        for row in rows:
            latest = now + timedelta(seconds=row.lease_s or 0)
            row.lease_ends_at = min(row.lease_ends_at or now, latest)
        return [row for row in rows if row.lease_ends_at is not None and row.lease_ends_at <= now]
