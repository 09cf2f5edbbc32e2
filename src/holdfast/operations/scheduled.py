"""Which of the scheduled runs of a plan have been, so that several schedulers share the work."""

from __future__ import annotations

from datetime import datetime

from holdfast.catalog import RunKind, RunStatus
from holdfast.errors import AlreadyRun
from holdfast.models.backup import BackupType, Trigger
from holdfast.models.schedule import SETBACK_LIMIT
from holdfast.operations.backups import backups_of
from holdfast.operations.plan import Workplace


def last_scheduled_run_at(workplace: Workplace) -> datetime | None:
    """Return when the newest scheduled backup of the plan that is stored began."""
    return max(_stored(workplace), default=None)


def refuse_second_run(workplace: Workplace, due_at: datetime, *, retry_failed: bool) -> None:
    """Refuse the run that was due at an instant if it has been, in this or another process.

    The caller holds the plan's lock, so that no two processes can both find that it has not.

    Args:
        retry_failed: Whether a run that failed has not been. One that was cancelled, or whose
            process died, never counts.

    Raises:
        AlreadyRun: It has been.
    """
    runs = [] if retry_failed else _ended(workplace)
    # A clock that was wrong by more showed times that do not count.
    horizon = workplace.clock.now() + SETBACK_LIMIT
    since = [each for each in (*_stored(workplace), *runs) if due_at <= each <= horizon]
    if since:
        raise AlreadyRun(
            f"The backup due at {due_at:%Y-%m-%d %H:%M:%S} UTC has been made already",
            run_at=max(since),
        )


def _stored(workplace: Workplace) -> list[datetime]:
    return [
        each.created_at
        for each in backups_of(workplace).all()
        if each.plan == workplace.plan.name and each.backup_type is BackupType.SCHEDULED
    ]


def _ended(workplace: Workplace) -> list[datetime]:
    return [
        run.started_at
        for run in workplace.catalog.runs(plan=workplace.plan.name, kind=RunKind.BACKUP)
        if run.trigger == Trigger.SCHEDULED_CRON
        and run.status in (RunStatus.COMPLETED, RunStatus.FAILED)
        and run.completed_at is not None
    ]
