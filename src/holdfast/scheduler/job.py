"""One scheduled run: make a backup, prove it, let old ones go, and remember how it went."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from holdfast.clock import Clock
from holdfast.errors import (
    AlreadyRun,
    BackupBusy,
    Cancelled,
    HoldfastError,
    RepositoryLocked,
    VerificationFailed,
)
from holdfast.models.backup import (
    BackupMetadata,
    BackupStatus,
    BackupType,
    BackupVerification,
    Trigger,
)
from holdfast.models.progress import CancellationToken, ProgressCallback
from holdfast.models.schedule import BackupConfig

_logger = logging.getLogger("holdfast.scheduler")


class ScheduledService(Protocol):
    """What a scheduler asks of the service whose backups it runs."""

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
        """Make a backup.

        Args:
            due_at: When a run of the schedule was due; None for any other.
            retry_failed: Whether one that failed since then is no reason to refuse.

        Raises:
            AlreadyRun: A scheduled run began at or after `due_at`; to be found out while
                nobody else can begin one.
            BackupBusy: Another write operation of the plan is running.
            HoldfastError: It could not be made.
        """

    def verify_backup(
        self, backup_id: str, *, progress: ProgressCallback | None, cancel: CancellationToken
    ) -> BackupVerification:
        """Prove that a backup is intact."""

    def cleanup_after_run(
        self,
        *,
        retention_days: int,
        max_backups: int,
        progress: ProgressCallback | None,
        cancel: CancellationToken,
    ) -> object:
        """Remove the backups that the limits (0 is off) allow to go; what it returns is not used.

        With nobody watching it must not remove most of the backups at once: a clock that
        leapt a year ahead makes all earlier backups look too old.

        Raises:
            RetentionPaused: The policy is paused; nothing was removed.
        """

    def last_scheduled_run_at(self) -> datetime | None:
        """Return when the newest scheduled backup that was stored began, or None.

        Runs that failed or were cancelled do not count, so that a restart tries them again.
        Where there is none, a service may return since when it could have been: when its
        repository was made. Then a machine that is never on at the appointed hour is
        caught up on its next start.
        """


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the latest run went; its status is None until this process had one."""

    run_at: datetime | None = None
    status: str | None = None
    error: str | None = None


class BackupJob:
    """Runs a service's backup, one at a time. Safe to use from any thread.

    Attributes:
        last: How the latest run went, or is going.
    """

    def __init__(
        self,
        service: ScheduledService,
        clock: Clock,
        on_error: Callable[[Exception], None] | None,
    ) -> None:
        self.last = LastRun()
        self._service = service
        self._clock = clock
        self._on_error = on_error
        self._run_lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether a backup is being made now."""
        return self._run_lock.locked()

    def last_scheduled_run_at(self) -> datetime | None:
        """Ask the service when its newest scheduled backup began."""
        run_at = self._service.last_scheduled_run_at()
        if self.last.run_at is None:
            self._note(run_at=run_at)
        return run_at

    def run(
        self,
        config: BackupConfig,
        trigger: Trigger,
        cancel: CancellationToken,
        *,
        due_at: datetime | None = None,
        retry_failed: bool = False,
        progress: ProgressCallback | None = None,
    ) -> BackupMetadata:
        """Make one backup with all that belongs to it, and note how it went.

        Args:
            due_at: When a run of the schedule was due; None for any other.
            retry_failed: Whether to make it though it failed before.

        Raises:
            AlreadyRun: Another process made it.
            BackupBusy: Nothing was made, because something else is running.
            Exception: Whatever the service raised; of the cleanup nothing is raised.
        """
        if not self._run_lock.acquire(blocking=False):
            raise BackupBusy(
                "A backup is being made already", hint="Wait until it is done, then try again."
            )
        try:
            self._note(run_at=self._clock.now())
            backup = self._create(config, trigger, cancel, due_at, retry_failed, progress)
            if config.verify_after_create:
                backup = self._verify(backup, progress, cancel)
            self._note(status=backup.status.value, error=None)
            self._clean_up(config, backup, progress, cancel)
        except BackupBusy as error:
            self._note(status="waiting", error=str(error))
            raise
        except AlreadyRun as error:
            self._note(run_at=error.run_at, status="elsewhere", error=None)
            raise
        except Cancelled as error:
            self._note(status="cancelled", error=str(error))
            raise
        except Exception as error:
            self._note(status="failed", error=str(error))
            raise
        finally:
            self._run_lock.release()
        return backup

    def _create(
        self,
        config: BackupConfig,
        trigger: Trigger,
        cancel: CancellationToken,
        due_at: datetime | None,
        retry_failed: bool,
        progress: ProgressCallback | None,
    ) -> BackupMetadata:
        try:
            return self._service.create_backup(
                encrypt=config.encryption_enabled,
                compression=config.compression_enabled,
                backup_type=BackupType.SCHEDULED,
                trigger=trigger,
                cancel=cancel,
                due_at=due_at,
                retry_failed=retry_failed,
                progress=progress,
            )
        except RepositoryLocked as error:
            raise BackupBusy(error.message, hint=error.hint) from error

    def _verify(
        self,
        backup: BackupMetadata,
        progress: ProgressCallback | None,
        cancel: CancellationToken,
    ) -> BackupMetadata:
        try:
            proof = self._service.verify_backup(backup.backup_id, progress=progress, cancel=cancel)
        except (BackupBusy, RepositoryLocked) as error:
            raise VerificationFailed(
                f"{backup.backup_id} could not be verified: {error.message}", hint=error.hint
            ) from error
        if not proof:
            raise VerificationFailed(
                f"{backup.backup_id} failed its verification: {'; '.join(proof.errors)}",
                hint="Do not rely on it. Check the repository and make another backup.",
            )
        whole = backup.status is BackupStatus.COMPLETED
        return replace(
            backup,
            verified=True,
            verification_date=proof.verified_at,
            status=BackupStatus.VERIFIED if whole else backup.status,
        )

    def _clean_up(
        self,
        config: BackupConfig,
        backup: BackupMetadata,
        progress: ProgressCallback | None,
        cancel: CancellationToken,
    ) -> None:
        """Apply the limits after a good run. What goes wrong is reported, not raised."""
        if backup.status not in (BackupStatus.COMPLETED, BackupStatus.VERIFIED):
            problem = f"{backup.backup_id} is {backup.status.value}; no old backup was removed"
            self._note(error=problem)
            _logger.warning(problem)
            return
        if not config.retention_days and not config.max_backups:
            return
        try:
            self._service.cleanup_after_run(
                retention_days=config.retention_days,
                max_backups=config.max_backups,
                progress=progress,
                cancel=cancel,
            )
        except Exception as error:  # noqa: BLE001 - the backup is good, and that is what counts
            self._note(error=f"cleanup: {error}")
            self.report(error)

    def _note(self, **changes: Any) -> None:
        self.last = replace(self.last, **changes)

    def report(self, error: Exception) -> None:
        """Tell the log and the host of an error that nobody is there to catch."""
        expected = isinstance(error, HoldfastError)
        _logger.warning("scheduled backup: %s", error, exc_info=None if expected else error)
        if self._on_error is None:
            return
        try:
            self._on_error(error)
        except Exception:  # the host's own fault must not end its schedule
            _logger.warning("on_error raised an exception itself", exc_info=True)
