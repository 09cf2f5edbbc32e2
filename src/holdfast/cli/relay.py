"""Signals while a guarded command runs: they are the command's, and it decides how to end.

Before it runs they stop the backup, as everywhere. Afterwards they do not stop the data from
coming back, unless somebody insists.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from types import FrameType
from typing import Any

from holdfast.cli.interruption import Interruption

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_TOLD = (signal.SIGUSR1, signal.SIGUSR2)
_BY_TERMINAL = frozenset({signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
_BRINGING_BACK = (
    b"\nThe data are being brought back; once more to stop at once, with the data half changed.\n"
)


class Relay:
    """The signals of one guarded command, for the time of the context."""

    def __init__(self, interruption: Interruption) -> None:
        self._interruption = interruption
        self._process: subprocess.Popen[bytes] | None = None
        self._own_group = False
        self._warned = False
        self._previous: dict[int, Any] = {}

    def started(self, process: subprocess.Popen[bytes]) -> None:
        """Send signals to this process from now on, and to all that it starts."""
        try:
            self._own_group = os.getpgid(process.pid) != os.getpgrp()
        except ProcessLookupError:
            self._own_group = False
        self._process = process

    def __enter__(self) -> Relay:
        for each in (*_ENDING, *_TOLD):
            # What nohup or a shell has ignored stays so, for the command too.
            if signal.getsignal(each) is not signal.SIG_IGN:
                self._previous[each] = signal.signal(each, self.receive)
        return self

    def __exit__(self, *details: object) -> None:
        for each, handler in self._previous.items():
            signal.signal(each, handler)

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Take in a signal, as its handler."""
        process = self._process
        if process is None:
            if number in _ENDING:
                self._interruption.receive(number, frame)
        elif process.poll() is None:
            self._pass_on(process, number)
        elif number in _ENDING:
            if self._warned:
                os._exit(128 + number)
            self._warned = True
            os.write(2, _BRINGING_BACK)

    def _pass_on(self, process: subprocess.Popen[bytes], number: int) -> None:
        if self._own_group:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        elif number not in _BY_TERMINAL:
            # Those the terminal has sent to the command as well: twice would break off its tidying.
            process.send_signal(number)
