"""A program on a pseudo-terminal, as a person would sit before it."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

PROGRAM = (sys.executable, "-m", "holdfast")
DEADLINE_S = 300.0


class Terminal:
    """Runs a program whose three streams are one terminal; `screen` is all that it wrote."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        columns: int = 100,
    ) -> None:
        self.screen = ""
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        )
        os.close(slave)

    def expect(self, text: str) -> None:
        """Read until the program has written `text` since the last `enter`."""
        until_s = time.monotonic() + DEADLINE_S
        while text not in self.screen:
            if not self._read(until_s):
                raise AssertionError(f"{text!r} never came; the screen says:\n{self.screen}")

    def enter(self, line: str) -> None:
        """Type a line, and look only at what comes after it."""
        self.screen = ""
        os.write(self._master, f"{line}\n".encode())

    def wait(self) -> int:
        """Read until the program ends; return its exit status."""
        until_s = time.monotonic() + DEADLINE_S
        while self._read(until_s):
            pass
        return self.process.wait(DEADLINE_S)

    def _read(self, until_s: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, until_s - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: the other side is closed
            return False
        self.screen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


def clean_environment(**more: str) -> dict[str, str]:
    """Return an environment without the variables that Holdfast reads."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BACKUP_") and name not in ("DATABASE_URL", "NO_COLOR")
    }
    return kept | {"TERM": "xterm", "PYTHONWARNINGS": "error"} | more
