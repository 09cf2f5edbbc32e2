"""How old the newest good backup may be: by what is stored, not by whether jobs ran (R47)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from holdfast.catalog import Schedule
from holdfast.errors import ConfigError
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType
from holdfast.models.schedule import CronSchedule

GRACE = timedelta(hours=1)
"""How long a run may take beyond its time before the backups count as old."""
_GOOD = (BackupStatus.COMPLETED, BackupStatus.VERIFIED, BackupStatus.RESTORED)


def is_good(backup: BackupMetadata) -> bool:
    """Whether a backup of the whole plan is stored whole and was not disproven."""
    return (
        backup.status in _GOOD
        and not backup.disproven
        and not backup.damaged
        and is_of_plan(backup)
    )


def is_of_plan(backup: BackupMetadata) -> bool:
    """Whether it is a backup of the whole plan: no part, safety backup or restic's."""
    whole = bool(backup.plan) and not backup.only
    return whole and backup.backup_type is not BackupType.PRE_RESTORE


def newest_good(backups: Iterable[BackupMetadata]) -> BackupMetadata | None:
    """Return the newest good backup of some, which come newest first."""
    return next((each for each in backups if is_good(each)), None)


def allowed_age(schedule: Schedule, since: datetime) -> timedelta | None:
    """Return how old the newest good backup may be; None where the schedule is off.

    One run may be missed before the second one after it: then something is wrong.
    """
    if not schedule.enabled:
        return None
    try:
        cron = CronSchedule(expression=schedule.cron, timezone=schedule.timezone)
    except ConfigError:
        return None
    first = cron.next_after(since)
    second = cron.next_after(first) if first else None
    return second - since + GRACE if second else None


def too_old(schedule: Schedule, newest: BackupMetadata, at: datetime) -> str | None:
    """Return in a sentence that the newest good backup is too old; None if it is not."""
    allowed = allowed_age(schedule, newest.created_at)
    age = at - newest.created_at
    if allowed is None or age <= allowed:
        return None
    old = f"The newest good backup, {newest.backup_id}, is {_span(age)} old"
    return f"{old}; by the schedule it should be {_span(allowed)} at most"


def missing(schedule: Schedule, at: datetime) -> str | None:
    """Return in a sentence that there should be a backup by now, where there is no good one."""
    since = schedule.updated_at
    allowed = allowed_age(schedule, since) if since else None
    if since is None or allowed is None or at - since <= allowed:
        return None
    return f"There is no good backup, {_span(at - since)} after the schedule was set"


def _span(age: timedelta) -> str:
    """Return a span for people."""
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.1f} hours"
