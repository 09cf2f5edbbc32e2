"""What stands in the arguments of this machine's programs, which every user can read."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_PAUSE_S = 0.001


class SeenArguments:
    """Collects the arguments of all programs that run while the context lasts.

    A thread looks all the time; `look` is for a moment at which a program runs for certain, for
    on a busy machine the thread may miss one.
    """

    def __init__(self) -> None:
        self.lines: set[bytes] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="arguments")

    def look(self) -> None:
        """Add what runs now."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.lines.add(path.read_bytes())
            except OSError:
                continue  # it ended

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_PAUSE_S):
            self.look()
