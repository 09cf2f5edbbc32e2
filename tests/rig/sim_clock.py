"""Time that a test sets: wall, monotonic and waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_POLL_S = 0.0002
_PATIENCE_S = 300.0


@dataclass(eq=False)
class _Waiter:
    event: threading.Event
    deadline_s: float
    thread: threading.Thread


class SimClock:
    """Implements `holdfast.clock.Clock`. Time stands still until the test moves it.

    `advance` is deterministic: it steps from one deadline to the next, wakes the thread that
    waits for it, and goes on when that thread waits again or has ended.

    Args:
        start: The wall clock's first instant.
        patience_s: A wait of at most so many seconds is over at once, and moves the clock.
    """

    def __init__(
        self, start: datetime = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), *, patience_s: float = 1
    ) -> None:
        self._wall = start
        self._patience_s = patience_s
        self._monotonic_s = 1000.0
        self._waiters: list[_Waiter] = []
        self._condition = threading.Condition()

    def now(self) -> datetime:
        with self._condition:
            return self._wall

    def monotonic_s(self) -> float:
        with self._condition:
            return self._monotonic_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        if timeout_s <= self._patience_s:
            self._move(timeout_s)
            return event.is_set()
        waiter = _Waiter(event, self.monotonic_s() + timeout_s, threading.current_thread())
        with self._condition:
            self._waiters.append(waiter)
            try:
                # The event is set without telling this condition, hence the short waits.
                while waiter in self._waiters and not event.is_set():
                    self._condition.wait(_POLL_S)
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Let time pass; whoever waits for a moment on the way is woken at that moment."""
        end_s = self.monotonic_s() + seconds
        while (waiter := self._next(end_s)) is not None:
            self._move(waiter.deadline_s - self.monotonic_s())
            self._wake(waiter)
        self._move(end_s - self.monotonic_s())

    def freeze(self, seconds: float) -> None:
        """Let time pass for a process that is stopped: nobody is woken until `thaw`."""
        self._move(seconds)

    def thaw(self) -> None:
        """Wake everybody whose moment passed while the process was stopped."""
        self.advance(0)

    def set_wall(self, instant: datetime) -> None:
        """Set the wall clock, as an administrator or NTP does; the monotonic one goes on."""
        with self._condition:
            self._wall = instant

    @property
    def waiting(self) -> int:
        """How many threads wait now."""
        with self._condition:
            return len(self._waiters)

    def _move(self, seconds: float) -> None:
        if seconds > 0:
            with self._condition:
                self._monotonic_s += seconds
                self._wall += timedelta(seconds=seconds)

    def _next(self, end_s: float) -> _Waiter | None:
        with self._condition:
            due = [waiter for waiter in self._waiters if waiter.deadline_s <= end_s]
        return min(due, key=lambda waiter: waiter.deadline_s, default=None)

    def _wake(self, waiter: _Waiter) -> None:
        with self._condition:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            self._condition.notify_all()
        eventually(lambda: self._settled(waiter.thread))

    def _settled(self, thread: threading.Thread) -> bool:
        with self._condition:
            return not thread.is_alive() or any(w.thread is thread for w in self._waiters)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait in real time until a condition holds, at most five minutes."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true within five minutes")
        time.sleep(_POLL_S)
