"""Ctrl-C and SIGTERM: ask the work to end tidily; a second one ends it at once.

Only the command line installs signal handlers; the library has a cancellation token.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from holdfast.models.progress import CancellationToken

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STOPPING = b"\nStopping tidily; once more to stop at once.\n"


class Interruption:
    """The signals of one run.

    Work that took the `token` is asked through it; anything else (a prompt, a quick reading)
    is broken off by KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._token = CancellationToken()
        self._tidy = False
        self._previous: dict[int, Any] = {}

    @property
    def token(self) -> CancellationToken:
        """The token for work that watches it; from now on signals go through it."""
        self._tidy = True
        return self._token

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """While a person is asked something, a signal breaks the question off."""
        before, self._tidy = self._tidy, False
        try:
            yield
        finally:
            self._tidy = before

    def __enter__(self) -> Interruption:
        self._previous = {each: signal.signal(each, self.receive) for each in _SIGNALS}
        return self

    def __exit__(self, *details: object) -> None:
        for each, handler in self._previous.items():
            signal.signal(each, handler)

    def receive(self, signal_number: int, frame: FrameType | None) -> None:
        """Take in a signal, as its handler."""
        del frame
        if self.signal_number is not None:
            # Everything on disk is safe under SIGKILL, so it is under this too.
            os._exit(128 + signal_number)
        self.signal_number = signal_number
        if not self._tidy:
            raise KeyboardInterrupt
        self._token.cancel()
        # Not through sys.stderr: the handler may have come in the middle of a write to it.
        os.write(2, _STOPPING)
