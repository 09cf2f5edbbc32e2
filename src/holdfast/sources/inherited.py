"""What child processes inherit of this process's environment: what they need to start.

The rest may hold secrets, and no setting is read from it here.
"""

from __future__ import annotations

import os

STARTING = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
"""What any program may need to start."""


def inherited(*names: str) -> dict[str, str]:
    """Return those of the variables that are set, and those that any program needs."""
    return {name: os.environ[name] for name in (*STARTING, *names) if name in os.environ}
