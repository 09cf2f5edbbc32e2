"""Jobs: work that was asked for, who asked, how far it is and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from holdfast.models.backup import Trigger


class JobKind(StrEnum):
    """What a job does; `copy` restores into a new folder of the server."""

    BACKUP = "backup"
    RESTORE = "restore"
    RESTORE_ARCHIVE = "restore_archive"
    IMPORT = "import"
    UNDO = "undo"
    VERIFY = "verify"
    DRILL = "drill"
    CLEANUP = "cleanup"
    CHECK = "check"
    PRUNE = "prune"
    COPY = "copy"

    @property
    def writes(self) -> bool:
        """Whether it changes backups or live data; one such job of a plan runs at a time."""
        return self not in (JobKind.VERIFY, JobKind.DRILL, JobKind.CHECK, JobKind.COPY)

    @property
    def restores(self) -> bool:
        """Whether it replaces live data."""
        return self in (JobKind.RESTORE, JobKind.RESTORE_ARCHIVE, JobKind.UNDO)

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for their data: it goes before all other jobs."""
        return self.restores or self is JobKind.COPY


class JobStatus(StrEnum):
    """How a job stands. A restore is `validating`, then `restoring`, where others are `running`."""

    PENDING = "pending"
    RUNNING = "running"
    VALIDATING = "validating"
    RESTORING = "restoring"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)

    @property
    def active(self) -> bool:
        """Whether somebody is at work on it."""
        return self in (JobStatus.RUNNING, JobStatus.VALIDATING, JobStatus.RESTORING)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job is.

    Attributes:
        percent: 0 to 100; never runs backwards, and 100 only when the job is completed.
        current_step: What is being done now, for people.
        total_tables: Tables (or, where a plan has none, parts) in all; 0 while unknown.
        changed_at: When something last moved; a job that stands still is noticed by this.
    """

    percent: int = 0
    current_step: str = ""
    total_tables: int = 0
    completed_tables: int = 0
    done_bytes: int = 0
    total_bytes: int | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work that was asked for.

    Attributes:
        id: A UUID of version 7 (RFC 9562): later jobs sort after earlier ones.
        params: What was asked for, as JSON values; never a secret.
        actor: Who asked, as the authentication names them; None for the schedule.
        backup_id: The backup made, verified or restored, once it is known.
        items_restored: Rows or files restored, by table or part.
        result: What the kind of job adds when it is done, as JSON values.
        nominal_at: When a run of the schedule was due; one job for each plan and instant.
        attempt: 1, and one more with each retry.
        retry_of: The job that this one tries again.
        stalled: Whether it is running and has stood still for too long.
    """

    id: str
    plan: str
    kind: JobKind
    status: JobStatus
    trigger: Trigger
    created_at: datetime
    actor: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    progress: JobProgress = field(default_factory=JobProgress)
    backup_id: str | None = None
    items_restored: Mapping[str, int] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error_code: str | None = None
    error_message: str | None = None
    error_hint: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    nominal_at: datetime | None = None
    attempt: int = 1
    retry_of: str | None = None
    cancel_requested: bool = False
    stalled: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The sources that it backs up, where the plan has others; none: the whole plan.

        A backup of parts makes up for no failed one of the whole plan. What was made says it
        best; of one that is not made, what was asked for.
        """
        if self.kind is not JobKind.BACKUP:
            return ()
        said = self.result.get("only") if "only" in self.result else self.params.get("sources")
        return tuple(map(str, said or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One thing that happened to a job; numbers rise within a catalog.

    Attributes:
        kind: `status`, `progress`, `warning` or `finished`.
        data: The job as it was then, or the warning, as JSON values.
    """

    number: int
    job_id: str
    at: datetime
    kind: str
    data: Mapping[str, Any]
