"""One connection of Holdfast's own to a database, with what differs from engine to engine.

Nothing is begun or committed unasked: the connection is in autocommit, and transactions are
statements. Statements are made of names that SQLAlchemy quotes, and of nothing else of a file.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool

from holdfast.errors import DataDoesNotFit, MissingExtra
from holdfast.sources.tables.columns import Column, Reference, Table
from holdfast.sources.tables.failures import translated

Converter = Callable[[Any], Any]
MOST_ROWS = 500
"""How many rows are asked for, or written, at once at most."""
BATCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to connect.

    Attributes:
        connect_timeout_s: How long to wait for the server [s].
        lock_timeout_s: How long to wait for a lock of another connection [s].
        writable: Else the engine itself refuses every write.
    """

    connect_timeout_s: float = 30.0
    lock_timeout_s: float = 30.0
    writable: bool = False


def shown(url: URL) -> str:
    """Return a URL for people, without secrets."""
    return URL.create(
        url.get_backend_name(),
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
    ).render_as_string()


class Link(ABC):
    """A connection. Use as a context manager."""

    engine_name: ClassVar[str]
    extra: ClassVar[str] = "tables"

    def __init__(self, url: URL, options: Options) -> None:
        self.url = url
        self.options = options
        self.location = shown(url)
        self._engine = self._make_engine()
        try:
            with translated(self.location):
                self.sa = self._engine.connect()
                raw: Any = self.sa.connection.dbapi_connection
                self.raw = raw
                self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    def _make_engine(self) -> Engine:
        try:
            return sa.create_engine(self.url, poolclass=NullPool, **self._engine_options())
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"The driver of {self.engine_name} is not installed",
                hint=f"pip install 'holdfast[{self.extra}]'",
            ) from error

    def close(self) -> None:
        """End the connection, and with it a transaction that was not committed."""
        with contextlib.suppress(Exception):
            self.sa.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement of the driver's own spelling; return the rows that it concerned."""
        cursor = self.raw.cursor()
        try:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def fetch(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query with a small result."""
        cursor = self.raw.cursor()
        try:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    @property
    def preparer(self) -> Any:
        """SQLAlchemy's own way of quoting names."""
        return self.sa.dialect.identifier_preparer

    def quote(self, name: str) -> str:
        """Return a name, quoted."""
        return str(self.preparer.quote_identifier(name))

    def name(self, table: Table) -> str:
        """Return the name of a table, quoted, with its schema."""
        parts = [self._schema_of(table), table.name]
        return ".".join(self.quote(part) for part in parts if part is not None)

    def _schema_of(self, table: Table) -> str | None:
        return table.schema

    def columns_list(self, names: Iterable[str]) -> str:
        """Return names of columns, quoted, for a statement."""
        return ", ".join(self.quote(name) for name in names)

    def read(self, table: Table) -> Iterator[list[Any]]:
        """Yield the rows as the JSON file has them, in the order of the primary key."""
        converters = [
            (index, convert)
            for index, column in enumerate(table.columns)
            if (convert := self.converter(column)) is not None
        ]
        for found in self._stream(self._select(table)):
            row = list(found) if table.columns else []
            for index, convert in converters:
                if row[index] is not None:
                    row[index] = convert(row[index])
            yield row

    def _select(self, table: Table) -> str:
        columns = ", ".join(self._expression(column) for column in table.columns)
        keys = [table.column(name) for name in table.primary_key] or list(table.columns)
        order = ", ".join(self._sort_key(column) for column in keys)
        statement = f"SELECT {columns or 'NULL'} FROM {self._from(table)}"  # noqa: S608
        return statement + (f" ORDER BY {order}" if order else "")

    def _from(self, table: Table) -> str:
        return self.name(table)

    @property
    @abstractmethod
    def versions(self) -> dict[str, str]:
        """The version of the engine, by its name."""

    @abstractmethod
    def _engine_options(self) -> dict[str, Any]: ...

    @abstractmethod
    def _prepare(self) -> None:
        """Set the session up so that every value is printed exactly."""

    @abstractmethod
    def begin_reading(self) -> None:
        """Begin to read one moment."""

    @abstractmethod
    def begin_writing(self) -> None:
        """Begin the transaction that replaces the tables."""

    def commit(self) -> None:
        """Make everything since `begin_writing` durable."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """End a transaction without a trace."""
        with contextlib.suppress(Exception):
            self.execute("ROLLBACK")

    @abstractmethod
    def tables(self) -> tuple[Table, ...]:
        """Return every table of the database that can be exported."""

    @abstractmethod
    def left_out(self) -> tuple[str, ...]:
        """Return sentences about what is in the database and is no table to export."""

    @abstractmethod
    def size_bytes(self) -> int:
        """Estimate the bytes of the tables, quickly."""

    @abstractmethod
    def _expression(self, column: Column) -> str:
        """Return the SQL that gives a column's value exactly."""

    @abstractmethod
    def _sort_key(self, column: Column) -> str:
        """Return the SQL to sort by a column, independent of collations."""

    @abstractmethod
    def converter(self, column: Column) -> Converter | None:
        """Return what makes JSON of a value that is not NULL; None if it is that already."""

    @abstractmethod
    def binder(self, column: Column, *, verbatim: bool) -> Converter:
        """Return what makes a value for the driver of a JSON value that is not null.

        Args:
            verbatim: The JSON is this engine's own.
        """

    @abstractmethod
    def _stream(self, statement: str) -> Iterator[Sequence[Any]]:
        """Yield the rows of a query, holding few of them."""

    @abstractmethod
    def lock(self, tables: Sequence[Table]) -> None:
        """Within `begin_writing`: keep other writers of these tables waiting; readers go on."""

    def require_replaceable(self, table: Table) -> None:
        """Raise `DataDoesNotFit` if the rows of a table cannot be replaced all or nothing."""
        if table.problem:
            raise DataDoesNotFit(
                f"The table {table.key} cannot be replaced: {table.problem}",
                hint="Nothing was changed. ALTER TABLE ... ENGINE=InnoDB, or leave it out.",
            )

    @abstractmethod
    def before_writing(self, tables: Sequence[Table]) -> None:
        """Make ready to replace all rows of tables, which stand in the order of writing."""

    @abstractmethod
    def clear(self, table: Table) -> None:
        """Delete all rows of a table."""

    @abstractmethod
    def load(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, whose values `binder` made."""

    @abstractmethod
    def after_writing(self, tables: Sequence[Table]) -> None:
        """Take back `before_writing`; set what numbers new rows."""

    @abstractmethod
    def broken_references(self, tables: Sequence[Table]) -> dict[str, int]:
        """Count rows that name no row, of and to these tables, by table; without zeros."""

    @abstractmethod
    def adopt(self, table: Table, engine: str) -> Table:
        """Return a table of a backup, captured from `engine`, as this one would hold it.

        Raises:
            DataDoesNotFit: It has no type for a column.
        """

    @abstractmethod
    def create(self, tables: Sequence[Table]) -> None:
        """Create tables, whose columns are this engine's own, in the order of writing."""

    def drop(self, tables: Sequence[Table]) -> None:
        """Drop tables that `create` made, and that stand in the order of writing."""
        for table in reversed(tables):
            self.execute(f"DROP TABLE IF EXISTS {self.name(table)}")

    def _unmatched(self, table: Table, reference: Reference, other: str) -> str:
        """Return the SQL that counts rows whose foreign key names no row of `other`."""
        pairs = list(zip(reference.columns, reference.to, strict=True))
        given = " AND ".join(f"c.{self.quote(one)} IS NOT NULL" for one, _ in pairs)
        same = " AND ".join(f"p.{self.quote(to)} = c.{self.quote(one)}" for one, to in pairs)
        return (
            f"SELECT count(*) FROM {self.name(table)} c WHERE {given} AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {other} p WHERE {same})"
        )


class Batches:
    """Cuts rows into batches that hold few rows or few bytes."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows

    def of(self, rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
        """Yield the batches."""
        batch: list[Sequence[Any]] = []
        size = 0
        for row in rows:
            batch.append(row)
            size += sum(len(each) for each in row if isinstance(each, (str, bytes)))
            if len(batch) >= self._most_rows or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
