"""Check and query database files that are ours: restored, extracted, never live."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from holdfast.errors import SourceError
from holdfast.models.backup import CheckResult
from holdfast.models.progress import CancellationToken
from holdfast.sources.sqlite.agent import files
from holdfast.sources.sqlite.session import AgentFailed, AgentSession

_STATEMENT_LIMIT_S = 60.0
_CHECK_BYTES_PER_S = 10 << 20
"""An integrity check does 170 MB/s on a slow machine; a hostile file may be slower."""
_LEAST_LIMIT_S = 120
QUERY_LIMIT_S = 600.0
_INTERRUPTED = "interrupted"
"""What SQLite says of a statement that was stopped at its limit."""


def check_limit_s(path: Path) -> int:
    """Return how long checking a database file may take [s]."""
    return _LEAST_LIMIT_S + files.size(str(path)) // _CHECK_BYTES_PER_S


def check_database(
    path: Path,
    *,
    table_counts: Mapping[str, int] | None = None,
    expect: Sequence[str] = (),
    full: bool = True,
    known_violations: int | None = None,
    limit_s: float = _STATEMENT_LIMIT_S,
    cancel: CancellationToken | None = None,
) -> list[CheckResult]:
    """Check a database file that nobody writes to, whoever made it.

    It runs in a process of its own with limits on memory and time: a file that crashes
    SQLite or never ends fails its check, and that is all.

    Args:
        path: The file; a file of zero bytes is a valid empty database.
        table_counts: Rows per table that it must have, or None to not count.
        expect: Queries; each must return one true value.
        full: `integrity_check` with all indexes, else `quick_check`.
        known_violations: Rows that broke foreign keys when it was captured, if known.
        limit_s: How long the counts and each query may take [s].

    Returns:
        The checks `integrity`, `foreign keys`, `table counts`, `expect: <sql>`; only the
        first if it failed.
    """
    total_s = check_limit_s(path) + limit_s * (2 + len(expect))
    results: list[CheckResult] = []
    try:
        with AgentSession(cancel) as agent:
            agent.call("limit", cpu_s=int(total_s))
            agent.ask(
                "check",
                path=str(path.absolute()),
                tables=None if table_counts is None else dict(table_counts),
                expect=list(expect),
                full=full,
                known_violations=known_violations,
                limit_s=limit_s,
            )
            for name, passed, said in agent.parts(timeout_s=total_s):
                late = name.startswith("expect") and said == _INTERRUPTED
                detail = f"it did not answer within {limit_s:g} s" if late else said
                results.append(CheckResult(name=name, passed=passed, detail=detail))
    except AgentFailed as error:
        results.append(CheckResult(name="integrity", passed=False, detail=error.message))
    return results


def query_column(
    path: Path,
    sql: str,
    *,
    limit_s: float = QUERY_LIMIT_S,
    cancel: CancellationToken | None = None,
) -> Iterator[str]:
    """Yield the first column of a query on a database file that nobody writes to, as text.

    NULLs are left out; bytes are decoded as UTF-8, what does not fit as surrogate escapes.

    Args:
        limit_s: How long the query may take [s].

    Raises:
        SourceError: The query cannot be run on this database, or takes too long.
    """
    begun_s = time.monotonic()
    try:
        with AgentSession(cancel) as agent:
            agent.call("limit", cpu_s=int(limit_s) + 1)
            agent.ask("query", path=str(path.absolute()), sql=sql)
            for batch in agent.parts(timeout_s=limit_s):
                yield from batch
    except AgentFailed as error:
        if time.monotonic() - begun_s < limit_s:
            raise
        raise SourceError(
            f"The query did not end within {limit_s:g} s and was stopped: {sql}",
            hint="Make it cheaper, with an index for example.",
        ) from error
