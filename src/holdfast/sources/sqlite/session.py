"""The parent's end of the agent: starts it, asks it, ends it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from holdfast import errors
from holdfast.errors import AgentFailed as AgentFailed
from holdfast.errors import HoldfastError, SourceError
from holdfast.models.progress import CancellationToken
from holdfast.sources.inherited import inherited

_TICK_S = 0.1
_END_S = 10.0
_READ_BYTES = 1 << 16
_PIPE_BYTES = 1 << 20
_SHOWN_CHARACTERS = 500


def _no_tick() -> None:
    """Do nothing while waiting."""


class AgentSession:
    """One agent process. Use from one thread at a time, as a context manager.

    Args:
        stream: Give it a pipe to send bytes through; it knows its end as `stream_end`.

    Leaving the context ends the process: in order if it is idle, else by SIGKILL, which
    leaves nothing half-done.
    """

    def __init__(self, cancel: CancellationToken | None = None, *, stream: bool = False) -> None:
        self._cancel = cancel or CancellationToken()
        self._pending = b""
        self._waiting = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        self._stream, self.stream_end = _pipe() if stream else (-1, -1)
        try:
            self._process = subprocess.Popen(
                [
                    *(_interpreter(), "-P", "-X", "utf8"),
                    *("-m", "holdfast.sources.sqlite.agent", str(os.getpid())),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=_environment(),
                bufsize=0,
                process_group=0,
                pass_fds=(self.stream_end,) if stream else (),
            )
        except OSError as error:
            self._stderr.close()
            self.close_stream()
            raise AgentFailed(f"The helper process cannot be started: {error}") from error
        finally:
            if stream:
                os.close(self.stream_end)  # the number is the agent's from here on

    @property
    def pid(self) -> int:
        """The process id of the agent."""
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

    def call(self, do: str, *, tick: Callable[[], None] = _no_tick, **arguments: Any) -> Any:
        """Ask and wait for the answer; see `ask` and `answer`."""
        self.ask(do, **arguments)
        return self.answer(tick=tick)

    def ask(self, do: str, **arguments: Any) -> None:
        """Send a request; its answer must be taken before the next request."""
        self._waiting = True
        data = memoryview(json.dumps({"do": do, **arguments}).encode() + b"\n")
        assert self._process.stdin is not None
        try:
            while data:
                data = data[os.write(self._process.stdin.fileno(), data) :]
        except BrokenPipeError as error:
            raise self._failure() from error

    def answer(self, *, tick: Callable[[], None] = _no_tick, timeout_s: float | None = None) -> Any:
        """Wait for the answer and return its value.

        Args:
            tick: Called about ten times a second while waiting.

        Raises:
            HoldfastError: What the agent raised.
            AgentFailed: It died, or did not answer in time and was killed.
            Cancelled: The token was cancelled; the agent was killed.
        """
        for part in self.parts(tick=tick, timeout_s=timeout_s):
            raise AssertionError(f"the agent sent a part: {part!r}")
        return self._value

    def parts(
        self, *, tick: Callable[[], None] = _no_tick, timeout_s: float | None = None
    ) -> Iterator[Any]:
        """Yield the parts of a streamed answer. Raises as `answer` does."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            message = json.loads(self._line(tick, deadline))
            if "part" in message:
                yield message["part"]
                continue
            self._waiting = False
            if "error" in message:
                raise _error(message["error"])
            self._value = message["value"]
            return

    def _line(self, tick: Callable[[], None], deadline: float | None) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()  # unlike select, it takes descriptors above 1023
        poll.register(descriptor, select.POLLIN)
        while b"\n" not in self._pending:
            self._require_wanted()
            if deadline is not None and time.monotonic() > deadline:
                self.kill()
                raise AgentFailed("The helper process did not answer in time and was ended")
            if not poll.poll(_TICK_S * 1000):
                tick()
                continue
            data = os.read(descriptor, _READ_BYTES)
            if not data:
                raise self._failure()
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _failure(self) -> AgentFailed:
        self.kill()
        code = self._process.returncode
        end = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip()[-_SHOWN_CHARACTERS:]
        return AgentFailed(
            f"The helper process ended unexpectedly ({end}){': ' + said if said else ''}",
            hint="Try again; if it was killed, see that the machine has enough memory.",
        )

    def read_into(self, buffer: memoryview) -> int:
        """Read bytes that the agent sends; 0 at the end, and when it died or answered.

        It answers once all bytes are taken, or when it has failed. The end of the pipe alone
        would not tell: the application may have forked a process that keeps the other end.

        Raises:
            Cancelled: The token was cancelled; the agent was killed.
        """
        poll = select.poll()
        poll.register(self._stream, select.POLLIN)
        self._require_wanted()
        while not poll.poll(_TICK_S * 1000):
            self._require_wanted()
            if self._has_ended() and not poll.poll(0):
                return 0
        return os.readv(self._stream, [buffer])

    def _require_wanted(self) -> None:
        if self._cancel.cancelled:
            self.kill()
            self._cancel.raise_if_cancelled()

    def _has_ended(self) -> bool:
        """Whether the agent has answered or died."""
        assert self._process.stdout is not None
        answers = select.poll()
        answers.register(self._process.stdout.fileno(), select.POLLIN)
        return bool(self._pending or answers.poll(0)) or self._process.poll() is not None

    def close_stream(self) -> None:
        """Take no more of what the agent sends (idempotent)."""
        if self._stream >= 0:
            os.close(self._stream)
        self._stream = -1

    def kill(self) -> None:
        """End the process at once (idempotent)."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the process and release what it used (idempotent)."""
        self.close_stream()
        if self._waiting:
            self.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process.stdout.close()
        self._stderr.close()


def _pipe() -> tuple[int, int]:
    reading_end, writing_end = os.pipe()
    with contextlib.suppress(OSError):  # a user may have used up what all pipes together may hold
        fcntl.fcntl(reading_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reading_end, writing_end


def _error(answer: dict[str, Any]) -> HoldfastError:
    kind = getattr(errors, str(answer["kind"]), SourceError)
    if not (isinstance(kind, type) and issubclass(kind, HoldfastError)):
        kind = SourceError
    return kind(answer["message"], hint=answer["hint"])


def _interpreter() -> str:
    """Return the Python to start; `sys.executable` may be a server that embeds Python."""
    name = Path(sys.executable).name if sys.executable else ""
    if name.startswith(("python", "pypy")):
        return sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for prefix in (sys.exec_prefix, sys.base_exec_prefix):
        for candidate in (Path(prefix, "bin", f"python{version}"), Path(prefix, "bin/python3")):
            if candidate.exists():
                return str(candidate)
    raise AgentFailed(
        "No Python interpreter was found to start the helper process with",
        hint=f"Install one under {sys.exec_prefix}/bin.",
    )


def _environment() -> dict[str, str]:
    search = [entry or str(Path.cwd()) for entry in sys.path]
    return {**inherited("PYTHONHOME"), "PYTHONPATH": os.pathsep.join(search)}
