"""How old the newest good backup may be: by what is stored, not by whether jobs ran (R47)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from holdfast.catalog import Schedule
from holdfast.errors import ConfigError
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType
from holdfast.models.schedule import CronSchedule
from holdfast.operations.soundness import Soundness

GRACE = timedelta(hours=1)
"""How long a run may take beyond its time before the backups count as old."""
_GOOD = (BackupStatus.COMPLETED, BackupStatus.VERIFIED, BackupStatus.RESTORED)


class Dated(Protocol):
    """A backup, as far as its age goes."""

    @property
    def backup_id(self) -> str:
        """Its id."""

    @property
    def created_at(self) -> datetime:
        """When it was taken."""


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


def newest_good(backups: Iterable[BackupMetadata], soundness: Soundness) -> BackupMetadata | None:
    """Return the newest good backup of some, which come newest first.

    One that a check or somebody who read it found damaged since it was last proven is none.
    """
    good = (each for each in backups if is_good(each))
    return next((each for each in good if not soundness.doubts(each)), None)


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


def too_old(schedule: Schedule, newest: Dated, at: datetime) -> str | None:
    """Return in a sentence that the newest good backup is too old; None if it is not."""
    allowed = allowed_age(schedule, newest.created_at)
    age = at - newest.created_at
    if allowed is None or age <= allowed:
        return None
    old = f"The newest good backup, {newest.backup_id}, is {span_of(age)} old"
    return f"{old}; by the schedule it should be {span_of(allowed)} at most"


def missing(schedule: Schedule, at: datetime) -> str | None:
    """Return in a sentence that there should be a backup by now, where there is no good one."""
    since = schedule.updated_at
    allowed = allowed_age(schedule, since) if since else None
    if since is None or allowed is None or at - since <= allowed:
        return None
    return f"There is no good backup, {span_of(at - since)} after the schedule was set"


def span_of(age: timedelta) -> str:
    """Return a span for people."""
    hours = age.total_seconds() / 3600
    if hours < 1:
        return f"{hours * 60:.0f} minutes"
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.1f} hours"
