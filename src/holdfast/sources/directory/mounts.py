"""Where other file systems are mounted, as the kernel tells."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNT_INFO = Path("/proc/self/mountinfo")


def mount_points() -> frozenset[str]:
    """Return the absolute paths of all mount points; empty where the kernel does not tell.

    Source: proc_pid_mountinfo(5), field 5; blanks and the like are octal escapes.
    """
    try:
        lines = _MOUNT_INFO.read_bytes().splitlines()
    except OSError:
        return frozenset()
    return frozenset(os.fsdecode(_unescape(line.split(b" ")[4])) for line in lines)


def _unescape(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), field)
