"""Ends a worker process and all that it has started, whatever groups they made themselves.

The programs of database servers run in groups of their own, so that a group is not enough; a
session is left only by who means to. Its number is not given to another process while one of it
lives.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ROUNDS = 20
_SESSION_FIELD = 3
"""Of `/proc/<pid>/stat`, counted after the name: state, parent, group, session.

Source: proc_pid_stat(5).
"""
_USER_FIELD = 11
"""The time computed as user; that of the system follows."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def session_members(session: int) -> list[int]:
    """Return the processes of a session that are not dead."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are all that is needed, and fast
        if not name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            stat = Path("/proc", name, "stat").read_text(errors="replace")
            fields = stat[stat.rindex(")") + 2 :].split()
            if int(fields[_SESSION_FIELD]) == session and fields[0] not in "ZX":
                found.append(int(name))
    return found


@dataclass(frozen=True, slots=True)
class Activity:
    """What a session has done so far: computed [s], and read and written [bytes]."""

    cpu_s: float
    io_bytes: int


def session_activity(session: int) -> Activity:
    """Return what the processes of a session that live now have done."""
    cpu_s, io_bytes = 0.0, 0
    for pid in session_members(session):
        with suppress(OSError, ValueError, IndexError):
            stat = Path("/proc", str(pid), "stat").read_text(errors="replace")
            fields = stat[stat.rindex(")") + 2 :].split()
            cpu_s += (int(fields[_USER_FIELD]) + int(fields[_USER_FIELD + 1])) / _TICKS_PER_S
            counts = Path("/proc", str(pid), "io").read_text().split()
            io_bytes += int(counts[1]) + int(counts[3])  # rchar, wchar
    return Activity(cpu_s, io_bytes)


def kill_session(session: int, *, spare: int | None = None) -> None:
    """End all processes of a session at once (idempotent); who starts more is found again."""
    for _ in range(_ROUNDS):
        members = [pid for pid in session_members(session) if pid != spare]
        if not members:
            return
        for pid in members:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
