"""Check and describe a database file that came from anywhere, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast.errors import DatabaseDamaged
from holdfast.models.progress import CancellationToken
from holdfast.sources.sqlite.checks import check_limit_s
from holdfast.sources.sqlite.session import AgentFailed, AgentSession

_VIOLATIONS_LIMIT_S = 10.0


def describe_database(path: Path, *, cancel: CancellationToken | None = None) -> dict[str, Any]:
    """Check a database file that nobody writes to, and return the facts that a backup keeps.

    Raises:
        DatabaseDamaged: It is none, or is not intact, or crashed SQLite, or took too long.
    """
    total_s = check_limit_s(path)
    try:
        with AgentSession(cancel) as agent:
            agent.call("limit", cpu_s=int(total_s))
            agent.ask(
                "check",
                path=str(path.absolute()),
                tables=None,
                expect=[],
                full=True,
                known_violations=None,
                limit_s=_VIOLATIONS_LIMIT_S,
            )
            _, passed, said = next(iter(list(agent.parts(timeout_s=total_s))))
            if not passed:
                raise _damaged(said)
            agent.ask(
                "inspect",
                path=str(path.absolute()),
                live=path.name,
                allow_damaged=False,
                violations_limit_s=_VIOLATIONS_LIMIT_S,
            )
            found: dict[str, Any] = agent.answer(timeout_s=total_s)
    except AgentFailed as error:
        raise _damaged(error.message) from error
    return found


def _damaged(said: str) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"The database is damaged: {said}", hint="Take another backup of the same data."
    )
