"""A swap that kills its own process just before one of its statements; see `tests.rig.killer`."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

from holdfast.sources.postgresql import session, staged_beside
from holdfast.sources.postgresql.exchange import Exchange, carry_out, take_back
from tests.sources.postgresql.restoring import source_at


def exchange(url: str, state: Mapping[str, Any], forward: bool, kill_at: int) -> int:
    """Swap what was staged, or take it back, and die at a statement; 3 if it lives."""
    _die_at(kill_at)
    site = source_at(url)._site()
    assert state["way"] == staged_beside.WAY
    change = Exchange(**state["exchange"])
    if forward:
        carry_out(change, site.maintenance)
    else:
        take_back(change, site.maintenance, comment=state["mark"])
    return 3


def _die_at(kill_at: int) -> None:
    left = kill_at
    run = session.Session._run

    def dying(self: session.Session, sql: str) -> list[str]:
        nonlocal left
        # The sessions are ended from a thread, whose statements come as they like.
        if "pg_terminate_backend" not in sql:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return run(self, sql)

    session.Session._run = dying  # type: ignore[method-assign]
