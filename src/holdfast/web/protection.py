"""Whether a plan is protected: by what is stored and proven, not by whether jobs ran (R47).

Pure, but for `look`: a scheduler that stopped shows as backups that grow old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from holdfast.catalog import Schedule
from holdfast.jobs.freshness import is_good, is_of_plan, newest_good, too_old
from holdfast.jobs.soundness import soundness_of
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.operations.soundness import Soundness, checks_of_runs
from holdfast.web.backups import stored_backups
from holdfast.web.context import WebContext

_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED)
_JOBS_LOOKED_AT = 50


class Verdict(StrEnum):
    """What an administrator wants to know in one word."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"


class FindingCode(StrEnum):
    """What may be wrong with how a plan is protected."""

    NO_BACKUP = "no-backup"
    TOO_OLD = "too-old"
    NOT_VERIFIED = "not-verified"
    DISPROVEN = "disproven"
    DAMAGED = "damaged"
    PARTIAL = "partial"
    REPOSITORY_DAMAGED = "repository-damaged"
    JOB_FAILED = "job-failed"
    JOB_STALLED = "job-stalled"
    SCHEDULE_OFF = "schedule-off"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        message: For people.
        backup_id: The backup that it is about.
        job: The job that it is about.
        detail: What that job, or a check, said of it.
    """

    code: FindingCode
    message: str
    backup_id: str | None = None
    job: Job | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a plan at one moment.

    Attributes:
        backups: The stored ones, newest first.
        active: Jobs that somebody is at work on.
        counts: How many jobs there are in each status.
        runs: The next times of the schedule.
        last_job: The last that ended.
        last_backup_job: The last that ended of those that back up the whole plan.
        soundness: What checks and verifications have found against the backups.
    """

    at: datetime
    schedule: Schedule
    runs: Sequence[datetime]
    backups: Sequence[BackupMetadata]
    active: Sequence[Job]
    counts: Mapping[JobStatus, int]
    last_job: Job | None
    working: bool
    last_backup_job: Job | None = None
    soundness: Soundness = field(default_factory=Soundness)

    @property
    def newest_of_all(self) -> BackupMetadata | None:
        """The newest backup of the whole plan, good or not; a safety backup is none."""
        return next((each for each in self.backups if is_of_plan(each)), None)

    @property
    def failed_job(self) -> Job | None:
        """The job whose failure nothing has made up for: of a whole backup, else the last."""
        backup, newest = self.last_backup_job, self.newest_of_all
        if backup is not None and backup.status is JobStatus.FAILED:
            ended = backup.completed_at or backup.created_at
            if newest is None or newest.created_at <= ended:
                return backup
        last = self.last_job
        return last if last is not None and last.status is JobStatus.FAILED else None

    @property
    def last_success(self) -> BackupMetadata | None:
        """The newest backup that is stored whole, and that nothing is known against."""
        return newest_good(self.backups, self.soundness)

    @property
    def last_verified(self) -> BackupMetadata | None:
        """The newest backup whose last verification or drill passed, and stands."""
        verified = self._verified()
        return next((each for each in verified if not self.soundness.doubts(each)), None)

    @property
    def has_verified(self) -> bool:
        """Whether a good backup was ever verified, even if a check has found it damaged since."""
        return any(True for _ in self._verified())

    def _verified(self) -> Iterator[BackupMetadata]:
        return (each for each in self.backups if is_good(each) and each.verified)


def look(context: WebContext) -> Standing:
    """Return what is known of a plan now; blocking."""
    engine = context.engine
    active, _ = engine.list(statuses=[each for each in JobStatus if each.active])
    ended, _ = engine.list(statuses=_ENDED, limit=1)
    backups, _ = engine.list(kinds=(JobKind.BACKUP,), statuses=_ENDED, limit=_JOBS_LOOKED_AT)
    return Standing(
        at=context.service.clock.now(),
        schedule=engine.schedule(),
        runs=engine.next_runs(2),
        backups=stored_backups(context),
        active=active,
        counts=engine.database.jobs.counts(context.plan),
        last_job=ended[0] if ended else None,
        working=engine.working,
        last_backup_job=next((job for job in backups if not job.parts), None),
        soundness=soundness_of(
            engine.database, context.plan, checks_of_runs(context.service.state_dir)
        ),
    )


def judge(standing: Standing) -> tuple[Verdict, list[Finding]]:
    """Return how a plan stands, and why if not well, worst first."""
    failing = list(_failing(standing))
    found = [*failing, *_of_repository(standing), *_of_newest(standing), *_of_jobs(standing)]
    if not standing.schedule.enabled:
        off = "No backups are made by themselves: the schedule is off"
        found.append(Finding(FindingCode.SCHEDULE_OFF, off))
    if failing:
        return Verdict.FAILING, found
    return (Verdict.WARNING, found) if found else (Verdict.OK, [])


def _failing(standing: Standing) -> Iterator[Finding]:
    newest = standing.last_success
    if newest is None:
        told = "There is no backup that is stored whole"
        if any(is_good(each) for each in standing.backups):
            told = "There is no good backup: each that is stored whole was found damaged since"
        yield Finding(FindingCode.NO_BACKUP, told)
        return
    old = too_old(standing.schedule, newest, standing.at)
    if old:
        yield Finding(FindingCode.TOO_OLD, old, newest.backup_id)


def _of_repository(standing: Standing) -> Iterator[Finding]:
    damage = standing.soundness.damage
    if damage is not None:
        problem = damage.problem or "it does not say what"
        told = f"The check of {damage.at:%Y-%m-%d} found the repository damaged: {problem}"
        yield Finding(FindingCode.REPOSITORY_DAMAGED, told, detail=damage.problem)


def _of_newest(standing: Standing) -> Iterator[Finding]:
    success, newest = standing.last_success, standing.newest_of_all
    if success is not None and not standing.has_verified:
        told = "No backup has been verified"
        yield Finding(FindingCode.NOT_VERIFIED, told, success.backup_id)
    if newest is None:
        return
    disproven = newest.disproven or standing.soundness.refutes(newest)
    for applies, code, what in (
        (disproven, FindingCode.DISPROVEN, "failed its verification"),
        (newest.damaged, FindingCode.DAMAGED, "holds a database that was damaged already"),
        (newest.status is BackupStatus.PARTIAL, FindingCode.PARTIAL, "is partial"),
    ):
        if applies:
            told = f"The newest backup, {newest.backup_id}, {what}"
            yield Finding(code, told, newest.backup_id)


def _of_jobs(standing: Standing) -> Iterator[Finding]:
    last = standing.failed_job
    if last is not None:
        parts = f" of {', '.join(last.parts)}" if last.parts else ""
        told = f"The last job, {last.kind.value}{parts}, failed: {last.error_message}"
        yield Finding(FindingCode.JOB_FAILED, told, last.backup_id, last)
    for job in standing.active:
        if job.stalled:
            told = f"Job {job.id} stands still"
            yield Finding(FindingCode.JOB_STALLED, told, job.backup_id, job)
