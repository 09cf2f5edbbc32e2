"""One client program that runs: its bytes in and out, what it says, and how it ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.errors import ProgramFailed
from holdfast.models.progress import CancellationToken
from holdfast.sources.programs.place import Invocation

_TICK_S = 0.1
_PIPE_BYTES = 1 << 20
_SAID_BYTES = 1 << 16
_HEARD_BYTES = 1 << 20
_SHOWN_CHARACTERS = 2000
DEFAULT_STALL_S = 900.0
"""How long a program may neither take nor give a byte. It may wait for a lock, or sort."""


class Child:
    """A program that was started. Use as a context manager: leaving it early kills the program.

    Args:
        reads: Whether it takes bytes from `write`.
        writes: Whether it gives bytes to `read_into`; else its output is thrown away.
        stall_s: How long it may keep this process waiting for a byte [s].
        redact: Takes secrets out of what it says, before anyone sees it.

    Raises:
        ProgramFailed: It cannot be started.
    """

    def __init__(
        self,
        invocation: Invocation,
        *,
        reads: bool = False,
        writes: bool = False,
        cancel: CancellationToken | None = None,
        stall_s: float = DEFAULT_STALL_S,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.name = Path(invocation.argv[0]).name
        self._cancel = cancel or CancellationToken()
        self._stall_s = stall_s
        self._redact = redact
        self._heard = 0
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        try:
            self._process = subprocess.Popen(
                invocation.argv,
                env=dict(invocation.env),
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE if writes else subprocess.DEVNULL,
                stderr=self._stderr,
                bufsize=0,
                process_group=0,
            )
        except OSError as error:
            self._stderr.close()
            raise ProgramFailed(self.name, 127, str(error.strerror or error)) from error
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a user's pipes may hold only so much
                    fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)

    @property
    def pid(self) -> int:
        """Its process id, which is that of its process group."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read_into(self, buffer: memoryview) -> int:
        """Read some bytes of its output; 0 at the end, which says nothing of its success.

        Raises:
            Cancelled: The token was cancelled; the program was killed.
            ProgramFailed: It was silent for too long and was killed.
        """
        assert self._process.stdout is not None
        self._wait_for(self._process.stdout.fileno(), select.POLLIN)
        return os.readv(self._process.stdout.fileno(), [buffer])

    def write(self, data: bytes | memoryview) -> None:
        """Give it bytes.

        Raises:
            Cancelled: The token was cancelled; the program was killed.
            ProgramFailed: It ended before it took them, or took nothing for too long.
        """
        assert self._process.stdin is not None
        rest = memoryview(data)
        descriptor = self._process.stdin.fileno()
        while rest:
            self._wait_for(descriptor, select.POLLOUT)
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                self.finish()
                raise ProgramFailed(self.name, 0, "it ended before it had read all") from error

    def _wait_for(self, descriptor: int, event: int) -> None:
        poll = select.poll()  # unlike select, it takes descriptors above 1023
        poll.register(descriptor, event)
        deadline = time.monotonic() + self._stall_s
        while True:
            if self._cancel.cancelled:
                self.kill()
                self._cancel.raise_if_cancelled()
            if poll.poll(_TICK_S * 1000):
                return
            if time.monotonic() > deadline:
                self.kill()
                raise ProgramFailed(self.name, None, self.said())

    def end_input(self) -> None:
        """Tell it that nothing more comes (idempotent)."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def finish(self) -> str:
        """Close its input, wait for its end, and return what it said.

        Raises:
            ProgramFailed: Its exit status is not 0, or it did not end.
            Cancelled: The token was cancelled; the program was killed.
        """
        self.end_input()
        deadline = time.monotonic() + self._stall_s
        while self._runs():
            if self._cancel.cancelled:
                self.kill()
                self._cancel.raise_if_cancelled()
            if time.monotonic() > deadline:
                self.kill()
                raise ProgramFailed(self.name, None, self.said())
        if self._process.returncode:
            raise ProgramFailed(self.name, self._process.returncode, self.said())
        return self.said()

    def _runs(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_TICK_S)
        return self._process.poll() is None

    def said(self) -> str:
        """Return the end of what it wrote to standard error, without secrets."""
        # At a position: the offset of the file is the program's, too.
        start = max(0, os.fstat(self._stderr.fileno()).st_size - _SAID_BYTES)
        found = os.pread(self._stderr.fileno(), _SAID_BYTES, start)
        return self._redact(found.decode(errors="replace").strip())[-_SHOWN_CHARACTERS:]

    def heard(self) -> str:
        """Return the lines that it wrote to standard error since this was last asked.

        They are as it wrote them, secrets and all.
        """
        found = os.pread(self._stderr.fileno(), _HEARD_BYTES, self._heard)
        lines = found[: found.rfind(b"\n") + 1] if len(found) < _HEARD_BYTES else found
        self._heard += len(lines)
        return lines.decode(errors="replace")

    def kill(self) -> None:
        """End it at once, with what it started (idempotent)."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Kill it if it still runs, and release what it used (idempotent)."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._stderr.close()


def run(
    invocation: Invocation,
    *,
    feed: Iterable[bytes] | None = None,
    cancel: CancellationToken | None = None,
    stall_s: float = DEFAULT_STALL_S,
    redact: Callable[[str], str] = str,
) -> bytes:
    """Run a program to its end and return its output, which must be small if it is fed.

    Args:
        feed: What it reads, piece by piece; its output is thrown away then.

    Raises:
        ProgramFailed: It failed.
        Cancelled: The token was cancelled; the program was killed.
    """
    how = {"cancel": cancel, "stall_s": stall_s, "redact": redact}
    if feed is not None:
        with Child(invocation, reads=True, **how) as child:  # type: ignore[arg-type]
            for piece in feed:
                child.write(piece)
            child.finish()
        return b""
    found = bytearray()
    buffer = memoryview(bytearray(1 << 16))
    with Child(invocation, writes=True, **how) as child:  # type: ignore[arg-type]
        while count := child.read_into(buffer):
            found += buffer[:count]
        child.finish()
    return bytes(found)
