"""The thread that keeps the times of a schedule."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from holdfast.clock import Clock, SystemClock
from holdfast.errors import AlreadyRun, BackupBusy, Cancelled
from holdfast.models.backup import BackupMetadata, Trigger
from holdfast.models.progress import CancellationToken, ProgressCallback
from holdfast.models.schedule import SETBACK_LIMIT, BackupConfig, CronSchedule
from holdfast.scheduler.job import BackupJob, ScheduledService

JOB_ID = "backup"

LONGEST_WAIT_S = 60.0
"""How often the wall clock is looked at; a clock that was set is noticed after this time."""

LATE_AFTER = timedelta(seconds=60)
"""A run that cannot start within this time has been missed."""

CANCEL_WAIT_S = 30.0
"""How long `stop` waits for a run that it cancelled to reach its next safe point."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)

_logger = logging.getLogger("holdfast.scheduler")


class JobInfo(TypedDict):
    """How the scheduled job stands.

    Attributes:
        next_run_time: In the schedule's time zone; None while the scheduler is not running.
        last_run_time: When the latest run began, of this process or known to the service.
        last_status: `completed`, `verified`, `partial`, `failed`, `cancelled`, `waiting` (for
            another run to end), `elsewhere` (another process made it), or None before the
            first run of this process.
        last_error: What went wrong in the latest run, or in the cleanup after it.
        running: Whether a backup is being made now.
    """

    id: str
    enabled: bool
    schedule: str
    timezone: str
    next_run_time: datetime | None
    last_run_time: datetime | None
    last_status: str | None
    last_error: str | None
    running: bool


@dataclass(slots=True)
class _Session:
    """What one thread between `start` and `stop` goes by.

    Attributes:
        begun_at: When the schedule began to be kept; what was due before was missed.
        done_until: All nominal times up to this instant have been dealt with.
        waiting: Whether the run that is due found another one running.
    """

    begun_at: datetime
    done_until: datetime
    thread: threading.Thread | None = None
    wake: threading.Event = field(default_factory=threading.Event)
    cancel: CancellationToken = field(default_factory=CancellationToken)
    stopping: bool = False
    waiting: bool = False


class BackupScheduler:
    """Runs a service's backups by a schedule. Safe to use from any thread.

    Args:
        on_error: Called in the scheduler's thread with what a scheduled run raised.
    """

    def __init__(
        self,
        service: ScheduledService,
        config: BackupConfig | None = None,
        *,
        clock: Clock | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self._config = config or BackupConfig()
        self._clock = clock or SystemClock()
        self._job = BackupJob(service, self._clock, on_error)
        self._state = threading.RLock()
        self._session: _Session | None = None

    @property
    def config(self) -> BackupConfig:
        """The configuration in force."""
        return self._config

    def start(self) -> None:
        """Start the thread (idempotent); does nothing if the configuration is not enabled.

        Returns at once: whether a run was missed is found out in the thread.
        """
        with self._state:
            if not self._config.enabled or self.is_running():
                return
            now = self._clock.now()
            session = _Session(begun_at=now, done_until=now)
            session.thread = threading.Thread(
                target=self._keep_time, args=(session,), name="holdfast-scheduler", daemon=True
            )
            self._session = session
            session.thread.start()

    def stop(self, wait: bool = True, timeout: float | None = None) -> bool:
        """Stop the thread (idempotent).

        Args:
            wait: Let a scheduled run that is being made come to its end. If False, it is
                asked to stop at its next safe point, and this returns at once.
            timeout: How long it may take [s] before it is asked to stop after all; None is
                as long as it takes.

        Returns:
            Whether the thread has ended.
        """
        with self._state:
            session, self._session = self._session, None
            if session is None or session.thread is None:
                return True
            session.stopping = True
            session.wake.set()
        if not wait:
            session.cancel.cancel()
        elif session.thread is not threading.current_thread():
            session.thread.join(timeout)
            if session.thread.is_alive():
                session.cancel.cancel()
                session.thread.join(CANCEL_WAIT_S)
        return not session.thread.is_alive()

    def is_running(self) -> bool:
        """Return whether the schedule is being kept."""
        session = self._session
        return session is not None and session.thread is not None and session.thread.is_alive()

    def trigger_backup(
        self,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> BackupMetadata:
        """Run the job now, in this thread: back up, verify and clean up as configured.

        Works also while the scheduler is stopped. What goes wrong in the cleanup is not
        raised, as the backup is good; `get_job_info` tells it.

        Raises:
            BackupBusy: Another run has not ended yet.
            Cancelled: `cancel` was; a backup that was made by then stays.
            VerificationFailed: The backup was made, but is not intact.
            HoldfastError: The backup could not be made.
        """
        return self._job.run(
            self._config, Trigger.MANUAL_API, cancel or CancellationToken(), progress=progress
        )

    def get_next_run_time(self) -> datetime | None:
        """Return the next nominal time, in the schedule's zone; None while not running."""
        with self._state:
            session = self._session
            if session is None or not self.is_running():
                return None
            now, cron = self._clock.now(), self._config.cron()
            next_at = cron.next_after(max(now, _past_of(session, now)))
            return None if next_at is None else next_at.astimezone(cron.zone)

    def update_schedule(self, schedule: str, timezone: str | None = None) -> None:
        """Keep another schedule from now on; a run that is being made goes on.

        Raises:
            ConfigError: The schedule or the time zone is none; the old one stays in force.
        """
        with self._state:
            zone = timezone or self._config.timezone
            self._config = replace(self._config, schedule=schedule, timezone=zone)
            if self._session is not None:
                now = self._clock.now()
                self._session.done_until = max(now, _past_of(self._session, now))
                self._session.wake.set()

    def get_job_info(self) -> JobInfo:
        """Return how the job stands."""
        with self._state:
            last, zone = self._job.last, self._config.cron().zone
            return JobInfo(
                id=JOB_ID,
                enabled=self._config.enabled,
                schedule=self._config.schedule,
                timezone=self._config.timezone,
                next_run_time=self.get_next_run_time(),
                last_run_time=None if last.run_at is None else last.run_at.astimezone(zone),
                last_status=last.status,
                last_error=last.error,
                running=self._job.running,
            )

    def _keep_time(self, session: _Session) -> None:
        """Run what is due until the session is stopped."""
        session.done_until = self._last_run_at() or session.done_until
        while True:
            session.wake.clear()  # before the look at `stopping`: `stop` sets that first
            if session.stopping:
                return
            wait_s = self._run_if_due(session)
            if wait_s > 0:
                self._clock.wait(session.wake, wait_s)

    def _last_run_at(self) -> datetime | None:
        try:
            run_at = self._job.last_scheduled_run_at()
        except Exception as error:  # noqa: BLE001 - whatever it is, the schedule must go on
            self._job.report(error)
            return None
        return None if run_at is None else run_at.astimezone(UTC)

    def _run_if_due(self, session: _Session) -> float:
        """Run the job if its time has come; return how long to wait then [s]."""
        # What kept us waiting may have been this very run, in another process.
        run_at = self._last_run_at() if session.waiting else None
        now = self._clock.now()
        with self._state:
            config, cron = self._config, self._config.cron()
            session.done_until = max(_past_of(session, now), run_at or _BEGINNING)
            due_at = cron.next_after(session.done_until)
            if due_at is None or due_at > now:
                session.waiting = False
                left_s = LONGEST_WAIT_S if due_at is None else (due_at - now).total_seconds()
                return min(left_s, LONGEST_WAIT_S)
            if not self._worth_running(cron, now):
                _logger.warning("the backup due at %s was missed and is left out", due_at)
                session.done_until, session.waiting = now, False
                return 0
        try:
            self._job.run(
                config,
                Trigger.SCHEDULED_CRON,
                session.cancel,
                due_at=due_at,
                retry_failed=due_at <= session.begun_at,
            )
        except BackupBusy as error:
            if not session.waiting:
                session.waiting = True
                self._job.report(error)
            return LONGEST_WAIT_S
        except AlreadyRun as error:
            # What came due after that run is still to be made.
            now = error.run_at.astimezone(UTC)
        except Cancelled:
            pass
        except Exception as error:  # noqa: BLE001 - an error in one run never stops the next
            self._job.report(error)
        with self._state:
            session.done_until, session.waiting = max(session.done_until, now), False
        return 0

    def _worth_running(self, cron: CronSchedule, now: datetime) -> bool:
        """Whether the latest nominal time is not too long ago to be run now."""
        grace = self._config.misfire_grace
        if self._config.misfire == "skip":
            grace = LATE_AFTER
        if grace is None:
            return True
        latest_at = cron.next_after(now - max(grace, LATE_AFTER))
        return latest_at is not None and latest_at <= now


def _past_of(session: _Session, now: datetime) -> datetime:
    """Return up to when nominal times are dealt with, by a clock that may have been set back."""
    ahead = session.done_until - now > SETBACK_LIMIT
    return now if ahead else session.done_until
