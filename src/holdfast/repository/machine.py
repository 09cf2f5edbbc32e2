"""Who and where we are, as keys, locks and snapshots record it."""

from __future__ import annotations

import os
import pwd
import socket


def host_name() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def user_name() -> str:
    """Return the name of the user that runs us, or "" for one without a name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def process_exists(pid: int) -> bool:
    """Return whether a process of this machine has the number `pid`."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
