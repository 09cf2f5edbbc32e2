"""Looks at the stored backups in a thread of its own: their medium may hang for hours (NFS).

Whoever tells people how backups fare never waits for it (R45).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from holdfast.errors import HoldfastError
from holdfast.jobs.listing import BackupFilter, BackupListing
from holdfast.jobs.trouble import Trouble
from holdfast.models.backup import BackupMetadata
from holdfast.operations.soundness import Check, checks_of_runs
from holdfast.service import BackupService

_SILENT = "it does not answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen in one look.

    Attributes:
        at: When the look began.
        backups: The stored backups of the plan, newest first.
        checks: The checks of the repository that the log of runs knows.
    """

    at: datetime
    backups: Sequence[BackupMetadata]
    checks: Sequence[Check] = ()


class Lookout:
    """The thread that looks after the stored backups of one plan.

    Args:
        every_s: How often [s].
        seen: Called after each look that went well.
    """

    def __init__(self, service: BackupService, every_s: float, seen: Callable[[], None]) -> None:
        self._service = service
        self._backups = BackupListing(service)
        self._every_s = every_s
        self._seen = seen
        self._lock = threading.Lock()
        self._sight: Sight | None = None
        self._seen_at_s = time.monotonic()
        self._problem: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def blind_s(self) -> float:
        """How long ago the last look that went well ended, or the first began [s]; 0: none did."""
        with self._lock:
            return time.monotonic() - self._seen_at_s if self._thread else 0.0

    @property
    def problem(self) -> str:
        """Why there is no newer look."""
        with self._lock:
            return self._problem or _SILENT

    def start(self) -> None:
        """Begin to look (idempotent)."""
        with self._lock:
            if self._thread is None:
                self._seen_at_s = time.monotonic()
                self._thread = threading.Thread(
                    target=self._run, name="holdfast-lookout", daemon=True
                )
                self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Look no more; a look that hangs is left to itself."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def take(self) -> Sight | None:
        """Return what was seen last, once."""
        with self._lock:
            sight, self._sight = self._sight, None
            return sight

    def _run(self) -> None:
        trouble = Trouble("How old the backups are cannot be found out")
        while not self._stopping.is_set():
            with trouble:
                self._look()
            self._stopping.wait(self._every_s)

    def _look(self) -> None:
        begun_at = self._service.clock.now()
        with self._lock:
            self._problem = None
        try:
            sight = Sight(
                at=begun_at,
                backups=self._backups.list(BackupFilter(plan=self._service.plan.name)),
                checks=checks_of_runs(self._service.state_dir),
            )
        except HoldfastError as error:
            with self._lock:
                self._problem = error.message
            raise
        with self._lock:
            self._sight, self._seen_at_s = sight, time.monotonic()
        self._seen()
