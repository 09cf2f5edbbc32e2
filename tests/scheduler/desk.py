"""A scheduler with a clock that the test sets and a service that only keeps a diary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from holdfast.models.backup import (
    BackupMetadata,
    BackupStatus,
    BackupType,
    BackupVerification,
    Trigger,
)
from holdfast.models.progress import CancellationToken, ProgressCallback
from holdfast.scheduler import BackupConfig, BackupScheduler
from tests.rig.sim_clock import SimClock, eventually


def utc(text: str) -> datetime:
    """Read an instant such as `2024-03-01 02:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Diary:
    """Implements `ScheduledService`: notes when it was asked for what.

    Attributes:
        runs: When each backup began; those that failed too.
        during: Called while a backup is being made; what it raises is the backup's failure.
        last_run_at: What the service knows of scheduled backups before this process.
    """

    clock: SimClock
    runs: list[datetime] = field(default_factory=list)
    asked: list[tuple[bool, bool, BackupType, Trigger]] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    cleanups: list[tuple[int, int]] = field(default_factory=list)
    status: BackupStatus = BackupStatus.COMPLETED
    errors: tuple[str, ...] = ()
    during: Callable[[CancellationToken], None] = field(default=lambda _: None)
    after: Callable[[], None] = field(default=lambda: None)
    last_run_at: Callable[[], datetime | None] = field(default=lambda: None)

    def create_backup(
        self,
        *,
        encrypt: bool,
        compression: bool,
        backup_type: BackupType,
        trigger: Trigger,
        cancel: CancellationToken,
        due_at: datetime | None,
        retry_failed: bool,
        progress: ProgressCallback | None,
    ) -> BackupMetadata:
        began_at = self.clock.now()
        self.runs.append(began_at)
        self.asked.append((encrypt, compression, backup_type, trigger))
        self.during(cancel)
        return BackupMetadata(
            backup_id=f"backup_{began_at:%Y%m%d_%H%M%S}",
            created_at=began_at,
            backup_type=backup_type,
            status=self.status,
            original_size=1,
            stored_size=1,
            compressed_size=1,
            encrypted=encrypt,
            compressed=compression,
            checksum="",
        )

    def verify_backup(
        self, backup_id: str, *, progress: ProgressCallback | None, cancel: CancellationToken
    ) -> BackupVerification:
        self.verified.append(backup_id)
        return BackupVerification(
            backup_id=backup_id,
            verified=not self.errors,
            errors=self.errors,
            checks=(),
            verified_at=self.clock.now(),
        )

    def cleanup_after_run(
        self,
        *,
        retention_days: int,
        max_backups: int,
        progress: ProgressCallback | None,
        cancel: CancellationToken,
    ) -> None:
        self.cleanups.append((retention_days, max_backups))
        self.after()

    def last_scheduled_run_at(self) -> datetime | None:
        return self.last_run_at()


class Desk:
    """A scheduler, its clock and its service; time is moved by the methods here."""

    def __init__(self, now: str, config: BackupConfig | None = None) -> None:
        self.clock = SimClock(utc(now))
        self.service = Diary(self.clock)
        self.errors: list[Exception] = []
        self.scheduler = BackupScheduler(
            self.service, config, clock=self.clock, on_error=self.errors.append
        )

    def start(self) -> None:
        """Start the scheduler and let it do what is due at once."""
        self.scheduler.start()
        self.settle()

    def settle(self) -> None:
        """Wait until the scheduler waits."""
        eventually(lambda: self.clock.waiting == 1)

    def sleep_until(self, instant: str) -> None:
        """Let time pass as in a suspended machine, then wake up at `instant`."""
        self.clock.freeze((utc(instant) - self.clock.now()).total_seconds())
        self.clock.thaw()
        self.settle()

    def live_until(self, instant: str) -> None:
        """Let time pass minute by minute."""
        self.clock.advance((utc(instant) - self.clock.now()).total_seconds())

    def set_clock(self, instant: str) -> None:
        """Set the wall clock and let the scheduler look at it."""
        self.clock.set_wall(utc(instant))
        self.clock.advance(60)

    @property
    def runs(self) -> list[str]:
        """When backups began, to the minute."""
        return [f"{run_at:%Y-%m-%d %H:%M}" for run_at in self.service.runs]


def minutes(number: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=number)
