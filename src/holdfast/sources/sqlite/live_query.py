"""Ask a live database a question, from the process that may open it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from holdfast.sources.sqlite.session import AgentSession


def query_live_pairs(path: Path, sql: str, *, busy_timeout_s: float) -> list[tuple[Any, Any]]:
    """Return the first two columns of a query on one moment of a live database.

    Meant for small results, such as a table of settings: they are held in memory.

    Raises:
        SourceError: The database cannot be read, or the query is wrong.
    """
    with AgentSession() as agent, tempfile.TemporaryDirectory() as scratch:
        rows = agent.call(
            "pairs",
            path=os.path.realpath(path),
            sql=sql,
            scratch=scratch,
            timeout_s=busy_timeout_s,
        )
    return [(key, value) for key, value in rows]
