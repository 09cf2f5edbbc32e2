"""The host application's own commands: run without a shell, waited for, and never shown in full.

They inherit this process's environment and streams, because they are the host's.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ConfigError
from holdfast.models.progress import CancellationToken

TIMED_OUT = 124
CANNOT_RUN = 126
NOT_FOUND = 127
"""As of timeout(1) and of shells."""

_LONGEST = 200
_GRACE_S = 10.0
_KILLED_S = 5.0
_LOOK_S = 0.1
# The password itself may hold an "@", so the last one counts; some drivers take a parameter.
_IN_URL = re.compile(
    r"(://[^/:@\s]*):[^/\s]*@|([?&](?:password|passwd|pwd)=)[^&\s]*", re.IGNORECASE
)
_TELLING = r"[\w-]*(?:passw|secret|token|credential|api-?_?key|pwd)[\w-]*"
_GIVEN = re.compile(rf"(?i)^({_TELLING}[=:]).+")
_OPTION = re.compile(rf"(?i)^-{_TELLING}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnd:
    """How a command ended.

    Attributes:
        exit_code: As a shell tells it: 128 and the signal's number where one ended it.
        signal: The signal that ended it.
        timed_out: It ran for longer than it was given, and was ended.
        started: Whether it ran at all.
        left: Processes that came up in this process's own group and outlived its failure. Only
            on a terminal, where the group is shared and nobody can tell whose they are.
    """

    exit_code: int
    signal: int | None = None
    timed_out: bool = False
    started: bool = True
    left: tuple[int, ...] = ()

    def sentence(self) -> str:
        """Say it for people, after the command's name."""
        if not self.started:
            return "could not be started"
        if self.timed_out:
            return "took too long and was ended"
        if self.signal is not None:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(self.signal).name}"
        return f"failed with exit code {self.exit_code}"


def split_command(command: str | Sequence[str]) -> tuple[str, ...]:
    """Return the arguments of a command, which a text is split into as a shell would.

    Raises:
        ConfigError: It has unbalanced quotes.
    """
    try:
        return tuple(shlex.split(command) if isinstance(command, str) else command)
    except ValueError as error:
        raise ConfigError(f"A command cannot be read: {error}") from error


def spelled(command: Sequence[str]) -> str:
    """Return a command for people: one line, cut, with what looks like a secret left out."""
    shown: list[str] = []
    hide = False
    for argument in command:
        shown.append("***" if hide else without_secret(argument))
        hide = bool(_OPTION.match(argument))
    text = " ".join(shlex.join(shown).replace("'***'", "***").split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def without_secret(argument: str) -> str:
    """Return an argument without what looks like a secret in it."""
    hidden = _IN_URL.sub(
        lambda found: f"{found[1]}:***@" if found[1] else f"{found[2]}***", argument
    )
    return _GIVEN.sub(r"\1***", hidden)


def run_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    own_output: bool = True,
    timeout_s: float | None = None,
    cancel: CancellationToken | None = None,
    started: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> CommandEnd:
    """Run a command to its end; its streams are this process's.

    When it fails, what it started and left behind is ended as well, for it must not write while
    the data are brought back. What it left behind after success goes on: it may be a service.

    Args:
        environment: In the place of this process's.
        own_output: Whether standard output is the command's; else it writes to standard error.
        timeout_s: After so long it is asked to end, and is killed ten seconds later [s].
        cancel: Asks it to end as well.
        started: Told of the process, so that a program can forward signals to it.
    """
    own_group = not _on_terminal()
    before = () if own_group else _living(os.getpgrp())
    try:
        process = subprocess.Popen(
            command,
            stdout=None if own_output else 2,
            env=environment,
            # Without a terminal all that it starts can be ended with it. On one, Ctrl-C reaches
            # the foreground group, and who is not in it may not read.
            process_group=0 if own_group else None,
        )
    except FileNotFoundError:
        return CommandEnd(exit_code=NOT_FOUND, started=False)
    except OSError:
        return CommandEnd(exit_code=CANNOT_RUN, started=False)
    if started is not None:
        started(process)
    try:
        timed_out = not _wait(process, timeout_s, cancel, own_group)
    except BaseException:
        _end(process, own_group)
        raise
    status = process.returncode
    left: tuple[int, ...] = ()
    if status or timed_out:
        left = _end_rest(process.pid) if own_group else _new_in_group(before)
    if timed_out:
        return CommandEnd(exit_code=TIMED_OUT, timed_out=True, left=left)
    if status < 0:
        return CommandEnd(exit_code=128 - status, signal=-status, left=left)
    return CommandEnd(exit_code=status, left=left)


def _on_terminal() -> bool:
    """Return whether this process is in the foreground of a terminal that a child may read."""
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno() if sys.__stdin__ else 0) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _wait(
    process: subprocess.Popen[bytes],
    timeout_s: float | None,
    cancel: CancellationToken | None,
    own_group: bool,
) -> bool:
    """Wait for its end; return whether it came in time. It is asked to end where it did not."""
    deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_S)
            return True
        if deadline_s is not None and time.monotonic() >= deadline_s:
            _end(process, own_group)
            return False
        if cancel is not None and cancel.cancelled:
            _end(process, own_group)
            return True


def _end(process: subprocess.Popen[bytes], own_group: bool) -> None:
    """Ask a command to end, then kill it with all that it started."""
    _send(process, own_group, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    # Also after its own end: what it started must not write while the data are brought back.
    _send(process, own_group, signal.SIGKILL)
    process.wait()


def _send(process: subprocess.Popen[bytes], own_group: bool, number: int) -> None:
    if own_group:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
    else:
        process.send_signal(number)


def _end_rest(group: int) -> tuple[int, ...]:
    """End the processes of a command's own group that outlived it; return those that remain."""
    for number, grace_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, _KILLED_S)):
        left = _living(group)
        if not left:
            return ()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        deadline_s = time.monotonic() + grace_s
        while _living(group) and time.monotonic() < deadline_s:
            time.sleep(_LOOK_S)
    return _living(group)


def _new_in_group(before: Collection[int]) -> tuple[int, ...]:
    known = {*before, os.getpid()}
    return tuple(pid for pid in _living(os.getpgrp()) if pid not in known)


def _living(group: int) -> tuple[int, ...]:
    """Return the processes of a group, without those that only wait to be buried."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            # After the name in parentheses, which may hold anything: state, parent, group.
            state, _, of, *_ = path.read_bytes().rpartition(b")")[2].split()
            if int(of) == group and state not in (b"Z", b"X"):
                found.append(int(path.parent.name))
    return tuple(found)
