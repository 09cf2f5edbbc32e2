"""Whether a plan is protected: by what is stored and proven, not by whether jobs ran (R47).

Pure, but for `look`: a scheduler that stopped shows as backups that grow old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from holdfast.catalog import Schedule
from holdfast.jobs.freshness import is_good, newest_good, too_old
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.models.job import Job, JobStatus
from holdfast.web.backups import stored_backups
from holdfast.web.context import WebContext


class Verdict(StrEnum):
    """What an administrator wants to know in one word."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a plan at one moment.

    Attributes:
        backups: The stored ones, newest first.
        active: Jobs that somebody is at work on.
        counts: How many jobs there are in each status.
        runs: The next times of the schedule.
    """

    at: datetime
    schedule: Schedule
    runs: Sequence[datetime]
    backups: Sequence[BackupMetadata]
    active: Sequence[Job]
    counts: Mapping[JobStatus, int]
    last_job: Job | None
    working: bool

    @property
    def last_success(self) -> BackupMetadata | None:
        """The newest backup that is stored whole and was not disproven."""
        return newest_good(self.backups)

    @property
    def last_verified(self) -> BackupMetadata | None:
        """The newest backup whose last verification or drill passed."""
        good = (each for each in self.backups if is_good(each) and each.verified)
        return next(good, None)


def look(context: WebContext) -> Standing:
    """Return what is known of a plan now; blocking."""
    engine = context.engine
    active, _ = engine.list(statuses=[each for each in JobStatus if each.active])
    ended, _ = engine.list(statuses=(JobStatus.COMPLETED, JobStatus.FAILED), limit=1)
    return Standing(
        at=context.service.clock.now(),
        schedule=engine.schedule(),
        runs=engine.next_runs(2),
        backups=stored_backups(context),
        active=active,
        counts=engine.database.jobs.counts(context.plan),
        last_job=ended[0] if ended else None,
        working=engine.working,
    )


def judge(standing: Standing) -> tuple[Verdict, list[str]]:
    """Return how a plan stands, and why if not well, worst first."""
    failing, warnings = _failing(standing), _warnings(standing)
    if failing:
        return Verdict.FAILING, [*failing, *warnings]
    return (Verdict.WARNING, warnings) if warnings else (Verdict.OK, [])


def _failing(standing: Standing) -> list[str]:
    newest = standing.last_success
    if newest is None:
        return ["There is no backup that is stored whole"]
    old = too_old(standing.schedule, newest, standing.at)
    return [old] if old else []


def _warnings(standing: Standing) -> list[str]:
    found = []
    if standing.last_success is not None and standing.last_verified is None:
        found.append("No backup has been verified")
    newest = next(iter(standing.backups), None)
    if newest is not None and newest.disproven:
        found.append(f"The newest backup, {newest.backup_id}, failed its verification")
    if newest is not None and newest.status is BackupStatus.PARTIAL:
        found.append(f"The newest backup, {newest.backup_id}, is partial")
    job = standing.last_job
    if job is not None and job.status is JobStatus.FAILED:
        found.append(f"The last job, {job.kind.value}, failed: {job.error_message}")
    found += [f"Job {job.id} stands still" for job in standing.active if job.stalled]
    if not standing.schedule.enabled:
        found.append("No backups are made by themselves: the schedule is off")
    return found
