"""A backup's database in a scratch database on its server, for a drill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from holdfast.errors import Cancelled, HoldfastError, SourceError
from holdfast.models.backup import CheckResult
from holdfast.sources.base import RestoreContext
from holdfast.sources.mysql.checks import check_keys, check_tables, compare_counts
from holdfast.sources.mysql.inspection import count_rows, inspect, server_version
from holdfast.sources.mysql.loading import Loaded
from holdfast.sources.mysql.programs import ROUTINES
from holdfast.sources.mysql.references import naming, sentence
from holdfast.sources.mysql.restore import expected_counts
from holdfast.sources.mysql.schemas import OWN_TABLES
from holdfast.sources.mysql.server import Server
from holdfast.sources.mysql.session import Row, Session

_LIMIT_S = 60
_REFERENCES = "references"
_READS = re.compile(r"\s*(?:\(\s*)*(?:SELECT|WITH|VALUES|TABLE|SHOW)\b", re.IGNORECASE)
_FALSE = (None, 0, "0", "", b"", b"0", b"\0")


class RestoredDatabase:
    """See `Restored`.

    Args:
        schema: The scratch database.
        violations: Rows that broke foreign keys when it was captured, if known.
        loaded: What the dump had.
    """

    def __init__(
        self,
        server: Server,
        context: RestoreContext,
        *,
        root: str,
        schema: str,
        violations: object,
        loaded: Loaded,
    ) -> None:
        self._server = server
        self._context = context
        self._root = root
        self._schema = schema
        self._violations = violations
        self._loaded = loaded

    def _open(self, database: str | None) -> Session:
        return self._server.open(database, self._context.cancel)

    def check(self) -> tuple[CheckResult, ...]:
        """Check rows against the manifest, foreign keys, and every table with its indexes."""
        with self._open(None) as session:
            names = [
                each for each in inspect(session, self._schema).counted if each not in OWN_TABLES
            ]
            found = count_rows(session, self._schema, names)
            return (
                compare_counts(found, expected_counts(self._context, self._root)),
                check_keys(session, self._schema, self._violations),
                *check_tables(session, self._schema),
                *self._check_references(),
            )

    def _check_references(self) -> tuple[CheckResult, ...]:
        """Find what a query of a drill would read elsewhere; it runs no trigger and no event."""
        entry = self._context.tree.manifest.contents.get(self._root)
        captured = entry.facts.get("database") if entry else None
        if not isinstance(captured, str):
            return ()
        read = [each for each in self._loaded.programs if each.kind in ("view", *ROUTINES)]
        found = naming(read, captured, self._loaded.counts)
        if not found:
            return ()
        return (CheckResult(name=_REFERENCES, passed=False, detail=sentence(found, captured)),)

    def ask(self, queries: Sequence[str]) -> tuple[CheckResult, ...]:
        """Check that each query yields one true value."""
        return tuple(self._expect(query) for query in queries)

    def _expect(self, query: str) -> CheckResult:
        name = f"expect: {query}"
        try:
            rows = self._read(query)
        except SourceError as error:
            return CheckResult(name=name, passed=False, detail=error.message)
        if len(rows) != 1 or len(rows[0]) != 1:
            return CheckResult(name=name, passed=False, detail="it does not yield one value")
        value = rows[0][0]
        return CheckResult(name=name, passed=value not in _FALSE, detail=f"it yields {value!r}")

    def column(self, query: str) -> Iterator[str]:
        """Yield the first column of a query's rows as text; NULLs are left out.

        Raises:
            SourceError: It cannot be answered.
        """
        for row in self._read(query):
            if row and row[0] is not None:
                value = row[0]
                yield (
                    value.decode("utf-8", "surrogateescape")
                    if isinstance(value, bytes)
                    else str(value)
                )

    def _read(self, query: str) -> list[Row]:
        """Run a query that only reads, for a minute at most."""
        if not _READS.match(query):
            raise SourceError(f"Not a query: {query}", hint="It begins with SELECT or WITH.")
        with self._open(self._schema) as session:
            limit_statements(session, _LIMIT_S)
            session.run("START TRANSACTION READ ONLY")
            try:
                return session.rows(query)
            except (SourceError, Cancelled):
                raise
            except HoldfastError as error:
                raise SourceError(error.message, hint=error.hint) from error


def limit_statements(session: Session, limit_s: float) -> None:
    """Let the server end every statement of a session that takes longer."""
    if server_version(session).flavour == "mariadb":
        session.run(f"SET max_statement_time = {limit_s:g}")
    else:
        session.run(f"SET max_execution_time = {round(limit_s * 1000)}")
