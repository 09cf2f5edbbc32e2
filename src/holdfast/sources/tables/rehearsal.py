"""Tables of a backup in a scratch SQLite database, for a drill and for questions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.engine import URL

from holdfast.errors import DataDoesNotFit, SourceError
from holdfast.models.backup import CheckResult
from holdfast.models.progress import CancellationToken, Progress
from holdfast.sources.base import RestoreContext
from holdfast.sources.tables.binding import RowBinder
from holdfast.sources.tables.columns import Column, Table
from holdfast.sources.tables.failures import translated
from holdfast.sources.tables.link import Options
from holdfast.sources.tables.replacing import Content
from holdfast.sources.tables.rows import RowReader
from holdfast.sources.tables.selection import StoredTable
from holdfast.sources.tables.sqlite import SqliteLink
from holdfast.sources.tables.sqlite_types import adopted
from holdfast.sources.tables.staged import stored_checks

_QUERY_LIMIT_S = 60.0
_COLUMN_LIMIT_S = 600.0
_TICK = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""
_EXACT_DIGITS = 15
"""Digits of a decimal that SQLite's numbers keep."""


class RestoredTables:
    """A scratch database with the tables, restored by `fill`."""

    def __init__(self, path: Path, context: RestoreContext) -> None:
        self._path = path
        self._context = context
        self._checks: list[CheckResult] = []

    def fill(self, stored: Sequence[StoredTable]) -> None:
        """Make the tables and write every row.

        Raises:
            RestoreError: A file cannot be read.
        """
        url = URL.create("sqlite", database=str(self._path))
        with (
            translated(str(self._path), restoring=True),
            SqliteLink(url, Options(writable=True), create=True) as link,
        ):
            link.execute("PRAGMA synchronous = OFF")  # a crash ends the drill anyway
            link.begin_writing()
            tables = [_lenient(each) for each in stored]
            keys = {table.key for table in tables}
            link.create([_within(table, keys) for table in tables])
            for number, (each, table) in enumerate(zip(stored, tables, strict=True)):
                self._context.progress(
                    Progress(
                        step=f"Restoring table {each.key}",
                        done_items=number,
                        total_items=len(tables),
                    )
                )
                self._fill_table(link, each, table)
            self._check_references(link, stored, tables)
            link.commit()

    def _fill_table(self, link: SqliteLink, stored: StoredTable, table: Table) -> None:
        pieces_of = self._context.tree.read(stored.path)
        reader = RowReader(_until_cancelled(pieces_of, self._context.cancel), stored.key)
        binder = RowBinder(stored.table, table, stored.engine, link)
        link.load(table, binder.names, binder.bound(reader))
        self._checks += stored_checks(_content(stored), reader)

    def _check_references(
        self, link: SqliteLink, stored: Sequence[StoredTable], tables: Sequence[Table]
    ) -> None:
        known = {table.key: each.violations for each, table in zip(stored, tables, strict=True)}
        broken = link.broken_references(tables)
        wrong = {key: count for key, count in broken.items() if count > known.get(key, 0)}
        detail = ", ".join(f"{count} rows of {key} refer to none" for key, count in wrong.items())
        self._checks.append(CheckResult(name="foreign keys", passed=not wrong, detail=detail))

    def check(self) -> tuple[CheckResult, ...]:
        """Return counts and checksums of each table, and whether foreign keys hold."""
        return tuple(self._checks)

    def ask(self, queries: Sequence[str]) -> tuple[CheckResult, ...]:
        """Check that each query yields one true value."""
        return tuple(self._answer(query) for query in queries)

    def _answer(self, query: str) -> CheckResult:
        name = f"expect: {query}"
        try:
            rows = list(self._rows(query, _QUERY_LIMIT_S, most=2))
        except SourceError as error:
            return CheckResult(name=name, passed=False, detail=error.message)
        if len(rows) != 1 or len(rows[0]) != 1:
            return CheckResult(name=name, passed=False, detail="it yields not one value")
        value = rows[0][0]
        return CheckResult(
            name=name, passed=bool(value), detail="" if value else f"it yields {value!r}"[:200]
        )

    def column(self, query: str) -> Iterator[str]:
        """Yield the first column of a query's rows as text, without NULLs.

        Raises:
            SourceError: It cannot be answered.
        """
        for row in self._rows(query, _COLUMN_LIMIT_S):
            if row[0] is not None:
                value = row[0]
                yield (
                    value.decode(errors="surrogateescape")
                    if isinstance(value, bytes)
                    else str(value)
                )

    def _rows(
        self, query: str, limit_s: float, most: int | None = None
    ) -> Iterator[tuple[object, ...]]:
        connection = sqlite3.connect(f"file:{self._path}?mode=ro&immutable=1", uri=True)
        end_s = time.monotonic() + limit_s

        def is_over() -> bool:
            return time.monotonic() > end_s or self._context.cancel.cancelled

        connection.set_progress_handler(is_over, _TICK)
        try:
            cursor = connection.execute(query)
            if cursor.description is None:
                raise SourceError(f"That is no query: {query}", hint="Write a SELECT.")
            for number, row in enumerate(cursor):
                if most is not None and number >= most:
                    break
                yield row
        except (sqlite3.Error, sqlite3.Warning) as error:
            self._context.cancel.raise_if_cancelled()
            said = f"it did not answer within {limit_s:g} s" if is_over() else str(error)
            raise SourceError(
                f"The query cannot be answered: {said}: {query}",
                hint="It is asked of a SQLite database, whatever the tables come from.",
            ) from error
        finally:
            connection.close()


def _until_cancelled(found: Iterator[bytes], cancel: CancellationToken) -> Iterator[bytes]:
    for piece in found:
        cancel.raise_if_cancelled()
        yield piece


def _content(stored: StoredTable) -> Content:
    return Content(
        source=stored.table,
        engine=stored.engine,
        path=Path(stored.path),
        count=stored.count,
        checksum=stored.checksum,
    )


def check_stored_table(
    stored: StoredTable, found: Iterator[bytes], cancel: CancellationToken
) -> list[CheckResult]:
    """Parse all rows of a table's file; return what that shows."""
    reader = RowReader(_until_cancelled(found, cancel), stored.key)
    columns = {column.name for column in stored.table.columns}
    for row in reader:
        if row.keys() != columns:
            detail = f"row {reader.count} has other columns than the manifest says"
            return [CheckResult(name=f"table {stored.key}: rows", passed=False, detail=detail)]
    return stored_checks(_content(stored), reader)


def _lenient(stored: StoredTable) -> Table:
    """Return the table as a scratch database has it, where every type has a place."""
    columns = tuple(_lenient_column(each, stored.engine) for each in stored.table.columns)
    schema = stored.table.schema
    name = stored.table.name if schema is None else f"{schema}.{stored.table.name}"
    return replace(stored.table, name=name, schema=None, columns=columns, facts={})


def _lenient_column(column: Column, engine: str) -> Column:
    if engine != "sqlite":
        if column.kind == "decimal" and (column.precision or 99) > _EXACT_DIGITS:
            return replace(column, kind="any", native="", generated=False)
        if column.kind in ("date", "time", "timestamp", "timestamptz", "float", "native"):
            # Infinity, NaN, years before Christ: what SQLite has not stays as it is written.
            return replace(column, kind="any", native="", generated=False)
        try:
            return adopted(column, engine)
        except DataDoesNotFit:
            return replace(column, kind="any", native="", generated=False)
    return adopted(column, engine)


def _within(table: Table, keys: set[str]) -> Table:
    """Return the table with the foreign keys that lead to tables of the scratch database."""
    references = tuple(each for each in table.references if each.table in keys)
    return replace(table, references=references)
