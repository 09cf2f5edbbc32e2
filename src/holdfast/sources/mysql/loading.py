"""A dump loaded into a database of ours, statement by statement, through no client program."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from holdfast.errors import HoldfastError, RestoreError, SourceError
from holdfast.sources.mysql.dump import DumpReader, read_dump
from holdfast.sources.mysql.inspection import text
from holdfast.sources.mysql.schemas import OWN_TABLES
from holdfast.sources.mysql.session import Row, Session, identifier
from holdfast.sources.mysql.statements import (
    CreateSequence,
    CreateTable,
    Program,
    Rows,
    Statement,
    row_values,
    unquote,
    written_columns,
)

_PROGRAMS_LIMIT = 100_000
_GENERATED_IGNORED = 1906
"""MariaDB says it for every row whose generated columns the dump repeats."""
_HEX = re.compile(rb"('[^'\\]*+(?:\\.[^'\\]*+)*+')|0x((?:[0-9A-Fa-f]{2})++)", re.DOTALL)
_ESCAPES = {0: b"\\0", 10: b"\\n", 13: b"\\r", 26: b"\\Z", 34: b'\\"', 39: b"\\'", 92: b"\\\\"}
_ESCAPED = re.compile(rb"[\x00\n\r\x1a\"'\\]")
_TRUNCATED_NUMBER = 1265
_TRUNCATED = re.compile(r"Data truncated for column '(?P<column>.+)' at row (?P<row>[1-9]\d*)")
_MOST_WARNINGS = 65535
_SETTINGS = (
    "SET NAMES utf8mb4",
    "SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
    "SET unique_checks = 0, foreign_key_checks = 0, sql_notes = 0, max_error_count = 65535",
)


@dataclass(slots=True)
class Loaded:
    """What a dump had.

    Attributes:
        programs: Those of the chosen tables, or all; not created yet.
    """

    counts: dict[str, int] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)


class Loader:
    """Loads into the current database of a session.

    Args:
        tables: The only tables to load, with their triggers; empty means everything.
        refer_to: The database that holds what chosen tables refer to and is not chosen.
    """

    def __init__(
        self, session: Session, *, tables: Collection[str] = (), refer_to: str | None = None
    ) -> None:
        self._session = session
        self._tables = frozenset(tables)
        self._refer_to = refer_to
        self._packet_bytes = int(session.value("SELECT @@max_allowed_packet"))

    def load(self, pieces: Iterable[bytes], *, on_progress: Callable[[str, int], None]) -> Loaded:
        """Load a whole dump.

        Raises:
            RestoreError: It is not whole, has something that no dump has, or the server
                refused a statement or warned of one.
        """
        reader, loaded = DumpReader(), Loaded()
        done_bytes, table = 0, ""

        def count(size: int) -> None:
            nonlocal done_bytes
            done_bytes += size
            on_progress(table, done_bytes)

        for each in _SETTINGS:
            self._session.run(each)
        for statement in read_dump(pieces, reader, on_bytes=count):
            if isinstance(statement, CreateTable):
                table = statement.name
            self._take(statement, loaded)
        missing = self._tables - reader.counts.keys()
        if missing:
            raise RestoreError(
                f"The backup has no table {', '.join(sorted(missing))}",
                hint="`holdfast show` says which tables it has.",
            )
        loaded.counts = {name: n for name, n in reader.counts.items() if self._chosen(name)}
        return loaded

    def _chosen(self, table: str) -> bool:
        return not self._tables or table in self._tables

    def _take(self, statement: Statement, loaded: Loaded) -> None:
        if isinstance(statement, Program):
            if statement.table in self._tables or not self._tables:
                loaded.programs.append(statement)
            if len(loaded.programs) > _PROGRAMS_LIMIT:
                raise RestoreError(f"The dump has more than {_PROGRAMS_LIMIT} programs")
        elif isinstance(statement, Rows):
            if self._chosen(statement.table):
                self._insert(statement)
        elif isinstance(statement, CreateTable) and self._chosen(statement.name):
            self._create(statement)
        elif isinstance(statement, CreateSequence) and self._chosen(statement.name):
            self._run(statement.name, statement.sql)

    def _create(self, table: CreateTable) -> None:
        if table.name in OWN_TABLES:
            raise RestoreError(f"The dump has a table {table.name!r}, a name that Holdfast uses")
        self._run(table.name, self._referring(table))

    def _referring(self, table: CreateTable) -> bytes:
        """Name the live database where a chosen table refers to one that stays there."""
        if self._refer_to is None or not self._tables:
            return table.sql
        sql = table.sql
        place = identifier(self._refer_to).encode() + b"."
        for start, end in reversed(table.references):
            if unquote(sql[start + 1 : end - 1]) not in self._tables:
                sql = sql[:start] + place + sql[start:]
        return sql

    def _insert(self, rows: Rows) -> None:
        sql = rows.sql
        if len(sql) >= self._packet_bytes:
            sql = _HEX.sub(_as_text, sql)
        if len(sql) >= self._packet_bytes:
            raise RestoreError(
                f"A row of {rows.table} takes a statement of {len(sql)} bytes, more than the"
                f" server's max_allowed_packet of {self._packet_bytes}",
                hint="Raise max_allowed_packet on the server, then try again.",
            )
        self._run(rows.table, sql, rows=True)

    def _run(self, table: str, sql: bytes, *, rows: bool = False) -> None:
        try:
            if rows:
                warned = self._session.send(sql)
            else:
                self._session.run(sql)
                warned = 1
            warnings = self._session.rows("SHOW WARNINGS") if warned else []
        except HoldfastError as error:
            if type(error) is not SourceError:
                raise
            raise RestoreError(
                f"The table {table} cannot be restored: {error.message}",
                hint="Nothing live was changed.",
            ) from error
        bad = [row for row in warnings if row[1] != _GENERATED_IGNORED and text(row[0]) != "Note"]
        if bad and not (rows and self._is_empty_enum(table, sql, bad)):
            raise RestoreError(
                f"The server warned while {table} was restored: {text(bad[0][2])} ({bad[0][1]})",
                hint="What it says would not be as it was backed up. Nothing live was changed.",
            )

    def _is_empty_enum(self, table: str, sql: bytes, warnings: Sequence[Row]) -> bool:
        """Whether all that the server warns of is ENUMs that were nothing valid before.

        Such a value is dumped as '', and '' becomes that value again.
        """
        if len(warnings) >= _MOST_WARNINGS:
            return False  # it tells no more of them
        columns = self._session.rows(f"SHOW COLUMNS FROM {identifier(table)}")
        enums = {text(name) for name, kind, *_ in columns if text(kind).startswith("enum(")}
        named = written_columns(sql) or [text(row[0]) for row in columns]
        values = row_values(sql)
        for _, number, said in warnings:
            found = _TRUNCATED.fullmatch(text(said)) if number == _TRUNCATED_NUMBER else None
            if found is None or found["column"] not in enums & set(named):
                return False
            row = values[int(found["row"]) - 1]
            if row[named.index(found["column"])] != b"''":
                return False
        return True


def _as_text(found: re.Match[bytes]) -> bytes:
    """Write bytes as themselves instead of in hexadecimal, which is half as long."""
    if found[1] is not None:
        return found[1]
    raw = bytes.fromhex(found[2].decode())
    return b"_binary'" + _ESCAPED.sub(lambda each: _ESCAPES[each[0][0]], raw) + b"'"
