"""When the schedule says that a backup is due, and which job that makes.

A nominal time is one row of the catalog, whichever process adds it. What has been is therefore
read from there at each look, so that a process that was down, slept or was set going anew needs
to remember nothing. Times by which the clock was wrong, further ahead than it may be set back,
do not count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.errors import AlreadyRun
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.models.schedule import SETBACK_LIMIT, BackupConfig, CronSchedule
from holdfast.operations.recipe import policy_of, policy_to_json

LATE_AFTER = timedelta(seconds=60)
"""A run that cannot start within this time has been missed."""
MOST_REMOVED_SHARE = 0.5
"""Of the backups, by one run that nobody looks at: a clock may have leapt a year ahead."""

_log = logging.getLogger("holdfast.jobs")


class Timing:
    """Adds the jobs of one plan's schedule.

    Args:
        config: What a schedule in the catalog does not say: verify, encrypt, compress.
    """

    def __init__(
        self, database: CatalogDatabase, plan: str, config: Callable[[], BackupConfig]
    ) -> None:
        self._database = database
        self._plan = plan
        self._config = config
        self._seen_at: datetime | None = None

    def look(self) -> tuple[Job | None, datetime | None]:
        """Add the job that is due, if one is; return it, and when the next one will be."""
        schedule = self._database.schedules.get(self._plan)
        if schedule is None or not schedule.enabled:
            self._seen_at = None
            return None, None
        now = self._database.clock.now()
        cron = cron_of(schedule)
        since = self._served_until(schedule, now)
        due_at = latest_between(cron, since, now)
        job = None
        if due_at is not None and self._worth_running(schedule, due_at, now):
            job = self._add(schedule, due_at)
        return job, cron.next_after(max(now, since))

    def _served_until(self, schedule: Schedule, now: datetime) -> datetime:
        """Return the instant up to which nominal times have been dealt with."""
        horizon = now + SETBACK_LIMIT
        if self._seen_at is None or self._seen_at > horizon:
            self._seen_at = None
        known = [schedule.updated_at, self._last_nominal_at(horizon), self._seen_at]
        counted = [each for each in known if each is not None and each <= horizon]
        if not counted:
            # All that is known was noted by a clock that was wrong: begin anew.
            self._seen_at = now
            return now
        return max(counted)

    def _last_nominal_at(self, horizon: datetime) -> datetime | None:
        newest = self._database.jobs.last_nominal_at(self._plan)
        if newest is None or newest <= horizon:
            return newest
        times = (job.nominal_at for job in self._recent())
        return max((each for each in times if each and each <= horizon), default=None)

    def _recent(self) -> Iterator[Job]:
        jobs, _ = self._database.jobs.list(plan=self._plan, kinds=[JobKind.BACKUP], limit=500)
        yield from jobs

    def _worth_running(self, schedule: Schedule, due_at: datetime, now: datetime) -> bool:
        grace = self._config().misfire_grace
        if schedule.misfire == "skip":
            grace = LATE_AFTER
        late = now - due_at
        if grace is not None and late > max(grace, LATE_AFTER):
            if self._seen_at is None or self._seen_at < due_at:
                _log.warning("The backup due at %s was missed and is left out", due_at)
            self._seen_at = now
            return False
        return True

    def _add(self, schedule: Schedule, due_at: datetime) -> Job | None:
        if self._one_waits():
            return None
        try:
            return self._database.jobs.add(
                plan=self._plan,
                kind=JobKind.BACKUP,
                trigger=Trigger.SCHEDULED_CRON,
                params=run_params(schedule, self._config()),
                nominal_at=due_at,
            )
        except AlreadyRun:
            return None

    def _one_waits(self) -> bool:
        """Whether a run of the schedule has not begun yet: then this one is that one."""
        waiting, _ = self._database.jobs.list(
            plan=self._plan, kinds=[JobKind.BACKUP], statuses=[JobStatus.PENDING], limit=100
        )
        return any(job.trigger is Trigger.SCHEDULED_CRON for job in waiting)


def cron_of(schedule: Schedule) -> CronSchedule:
    """Return a schedule's nominal times.

    Raises:
        ConfigError: The expression or the time zone is none.
    """
    return CronSchedule(expression=schedule.cron, timezone=schedule.timezone)


def latest_between(cron: CronSchedule, since: datetime, until: datetime) -> datetime | None:
    """Return the newest nominal time after `since` and not after `until`; None if there is none.

    Several that were missed are one run. Found from the end, for a year of minutes is long.
    """
    span = timedelta(minutes=1)
    while True:
        begin = max(since, until - span)
        found = cron.next_after(begin)
        if found is not None and found <= until:
            break
        if begin <= since:
            return None
        span *= 2
    while (later := cron.next_after(found)) is not None and later <= until:
        found = later
    return found


def run_params(schedule: Schedule, config: BackupConfig) -> Mapping[str, Any]:
    """Return what a run of the schedule does, as it is when it is due."""
    return {
        "scheduled": True,
        "verify": config.verify_after_create,
        "encrypt": config.encryption_enabled,
        "compression": config.compression_enabled,
        "policy": dict(schedule.retention),
        "max_removed_share": MOST_REMOVED_SHARE,
    }


def schedule_of(plan: str, config: BackupConfig, retention: Mapping[str, Any] | None) -> Schedule:
    """Return the schedule that a configuration describes.

    Args:
        retention: What the service keeps by a policy of its own; it goes before the limits.
    """
    limits = {"retention_days": config.retention_days, "max_backups": config.max_backups}
    return Schedule(
        plan=plan,
        cron=config.schedule,
        timezone=config.timezone,
        enabled=config.enabled,
        retention=retention or {name: value for name, value in limits.items() if value},
        misfire=config.misfire,
    )


def checked(schedule: Schedule) -> Schedule:
    """Return a schedule as it is kept.

    Raises:
        ConfigError: Its expression, time zone, policy or misfire is none.
    """
    BackupConfig(schedule=schedule.cron, timezone=schedule.timezone, misfire=schedule.misfire)  # type: ignore[arg-type]
    return replace(schedule, retention=policy_to_json(policy_of(schedule.retention)) or {})
