"""Where a piece of work is done: what it may ask, and whom it tells how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from holdfast.errors import BackupBusy, RepositoryLocked
from holdfast.jobs.options import Order
from holdfast.jobs.progress import Meter
from holdfast.jobs.protocol import Entered, Moved, Report
from holdfast.models.job import JobStatus
from holdfast.models.progress import CancellationToken, Progress

_TELL_EVERY_S = 0.1
_LOOK_S = 0.1
_ASK_AGAIN_S = 1.0

_Result = TypeVar("_Result")


class Desk:
    """The desk of one piece of work. Safe to use from any thread.

    Args:
        tell: Takes what is told.
    """

    def __init__(
        self, order: Order, tell: Callable[[Report], None], cancel: CancellationToken
    ) -> None:
        self.order = order
        self.cancel = cancel
        self._tell = tell
        self._meter = Meter(order.kind)
        self._last: Progress | None = None
        self._told_at_s = float("-inf")
        self._status: JobStatus | None = None
        self._lock = threading.Lock()

    def progress(self, told: Progress) -> None:
        """Tell how far the work is, if it moved; not more often than anybody reads."""
        with self._lock:
            if told == self._last:
                return
            new_step = self._last is None or told.step != self._last.step
            self._last = told
            moved = Moved(progress=self._meter.take(told))
            now_s = time.monotonic()
            if not new_step and now_s - self._told_at_s < _TELL_EVERY_S:
                return
            self._told_at_s = now_s
        self._tell(moved)

    def enter(self, status: JobStatus) -> None:
        """Tell that the work has come to another status."""
        if status is not self._status:
            self._status = status
            self._tell(Entered(status=status))

    def name_backup(self, backup_id: str) -> None:
        """Tell which backup the work is about."""
        self._tell(Entered(backup_id=backup_id))

    def finish(self) -> None:
        """Tell that all there was to do is done."""
        with self._lock:
            last = self._meter.progress
        done = max(last.completed_tables, last.total_tables)
        self._tell(Moved(progress=replace(last, completed_tables=done, total_tables=done)))

    def patiently(self, work: Callable[[], _Result], wait_s: float) -> _Result:
        """Do something once nobody else writes: a command line may hold the plan for a while.

        Args:
            wait_s: How long to wait for that [s].

        Raises:
            BackupBusy, RepositoryLocked: Somebody else wrote for all that time.
        """
        deadline_s = time.monotonic() + wait_s
        while True:
            try:
                return work()
            except (BackupBusy, RepositoryLocked):
                if time.monotonic() > deadline_s:
                    raise
                self.progress(Progress(step="Waiting for other work on this plan"))
            again_s = time.monotonic() + _ASK_AGAIN_S
            while time.monotonic() < again_s:
                self.cancel.raise_if_cancelled()
                time.sleep(_LOOK_S)
