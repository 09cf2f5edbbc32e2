"""What a running writer has under way, and whether it has failed."""

from __future__ import annotations

import threading
from collections.abc import Callable


class WriteState:
    """Counts work under way and remembers the first failure. Safe to use from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way = {"sealing": 0, "storing": 0}
        self._failure: BaseException | None = None

    @property
    def failed(self) -> bool:
        """Return whether anything failed."""
        return self._failure is not None

    def fail(self, error: BaseException) -> None:
        """Record a failure; the first one counts. From now on `check` raises it."""
        with self._changed:
            if self._failure is None:
                self._failure = error
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what failed, if anything did."""
        if self._failure is not None:
            raise self._failure

    def begin(self, kind: str) -> None:
        """Count one more piece of work of a kind: `sealing` or `storing`."""
        with self._changed:
            self._under_way[kind] += 1

    def end(self, kind: str, finish: Callable[[], None] | None = None) -> None:
        """Count one less; `finish` runs first, while waiting threads cannot look."""
        with self._changed:
            if finish is not None:
                finish()
            self._under_way[kind] -= 1
            self._changed.notify_all()

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until `done()` holds, then return; raise what failed if that comes first."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or done())
        self.check()

    def wait_idle(self, kind: str) -> None:
        """Wait until no work of a kind is under way; raise what failed if that comes first."""
        self.wait_for(lambda: not self._under_way[kind])
