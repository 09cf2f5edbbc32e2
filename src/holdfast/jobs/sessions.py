"""Ends a worker process and all that it has started, whatever groups they made themselves.

The programs of database servers run in groups of their own, so that a group is not enough; a
session is left only by who means to. Its number is not given to another process while one of it
lives.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

_ROUNDS = 20
_SESSION_FIELD = 3
"""Of `/proc/<pid>/stat`, counted after the name: state, parent, group, session.

Source: proc_pid_stat(5).
"""


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


def kill_session(session: int, *, spare: int | None = None) -> None:
    """End all processes of a session at once (idempotent); who starts more is found again."""
    for _ in range(_ROUNDS):
        members = [pid for pid in session_members(session) if pid != spare]
        if not members:
            return
        for pid in members:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
