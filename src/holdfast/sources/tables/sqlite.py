"""SQLite: each value in the storage class that it has, and the application's files left alone.

No checkpoint is ever made: SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode when two
connections checkpoint at a bad moment, and the SQLite of Python may be such a one. A connection
that writes does not checkpoint by itself, and is not the last one to be closed: that is one that
may not write, and so may not checkpoint. A database in WAL mode that nobody has open is read as
immutable, because opening it otherwise leaves a `-wal` and a `-shm` behind; its times and size
prove afterwards that nobody wrote to it meanwhile.

The live file is opened through Python's own SQLite and by nothing else in this process: POSIX
drops all locks of a process on a file when any descriptor of it is closed, and only that copy of
SQLite knows of the locks of an application that uses it too.
"""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from sqlalchemy.engine import URL

from holdfast.errors import ConfigError, DatabaseChanged, NotADatabase, SourceNotFound
from holdfast.sources.tables.columns import Column, Table
from holdfast.sources.tables.link import Batches, Converter, Link, Options
from holdfast.sources.tables.sqlite_catalog import Catalog
from holdfast.sources.tables.sqlite_types import (
    BytesOfText,
    adopted,
    reader,
    standard_binder,
    type_of,
    verbatim_binder,
)

_HEADER = 20
_MAGIC = b"SQLite format 3\0"


def database_path(url: URL) -> str:
    """Return the absolute path of the database file.

    Raises:
        ConfigError: The database is in memory.
    """
    name = url.database or ""
    if name.startswith("file:"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
        name = name.removeprefix("//localhost") if name.startswith("//localhost/") else name
        name = name[2:] if name.startswith("///") else name
    if name in ("", ":memory:") or "mode=memory" in (url.database or ""):
        raise ConfigError(
            "Tables of a database in memory cannot be exported: it has no file",
            hint="Give the URL of a database file, such as sqlite:///./data/app.db.",
        )
    return str(Path(name).resolve())


class SqliteLink(Link):
    """A connection to a SQLite database file."""

    engine_name: ClassVar[str] = "sqlite"

    def __init__(
        self, url: URL, options: Options, *, create: bool = False, quietly: bool = True
    ) -> None:
        self.path = database_path(url)
        self._create = create
        self._guard: sqlite3.Connection | None = None
        self._triggers: list[tuple[str, str]] = []
        self._proof: tuple[int, ...] | None = None
        if not create and not Path(self.path).is_file():
            self._refuse_path()
        if quietly and not options.writable and self._is_quiet():
            self._proof = self._stats()
        super().__init__(url, options)

    def _refuse_path(self) -> None:
        if Path(self.path).exists():
            raise NotADatabase(f"{self.path} is no file", hint="Name the database file itself.")
        raise SourceNotFound(
            f"There is no database at {self.path}", hint="Check the path or the database URL."
        )

    def _is_quiet(self) -> bool:
        """Whether the database is in WAL mode and open nowhere.

        Another process looks: see the module.
        """
        if any(Path(self.path + suffix).exists() for suffix in ("-wal", "-journal")):
            return False
        command = ["head", "-c", str(_HEADER), "--", self.path]
        header = subprocess.run(command, capture_output=True, check=False).stdout
        return header.startswith(_MAGIC) and header[18:20] == b"\x02\x02"

    def _stats(self) -> tuple[int, ...]:
        found = Path(self.path).stat()
        return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def require_one_moment(self) -> None:
        """Raise `DatabaseChanged` unless what was read as immutable stayed as it was."""
        if self._proof is None:
            return
        if self._proof != self._stats() or Path(self.path + "-wal").exists():
            raise DatabaseChanged(
                f"The database {self.path} was changed while it was read",
                hint="Start the backup again.",
            )

    def _engine_options(self) -> dict[str, Any]:
        return {"creator": self._connect, "isolation_level": "AUTOCOMMIT"}

    def _connect(self) -> sqlite3.Connection:
        if not self.options.writable:
            return self._open("mode=ro" + ("&immutable=1" if self._proof else ""))
        connection = self._open("mode=rwc" if self._create else "mode=rw")
        if not self._create:
            self._guard = self._open("mode=ro")
            self._guard.execute("SELECT count(*) FROM sqlite_master").fetchall()
        return connection

    def _open(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(self.path)}?{mode}",
            uri=True,
            timeout=self.options.lock_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    def _prepare(self) -> None:
        self.raw.text_factory = _text
        self.execute("PRAGMA foreign_keys = OFF")  # checked once, when all rows are there
        self.execute("PRAGMA trusted_schema = OFF")
        self.execute("PRAGMA cell_size_check = ON")
        self.execute("PRAGMA temp_store = FILE")
        if self.options.writable:
            self.execute("PRAGMA synchronous = FULL")
        self._catalog = Catalog(self.fetch)

    def close(self) -> None:
        """End the connection; the last to go is one that cannot checkpoint."""
        # SQLAlchemy keeps a connection of its own pool; what it closes may be closed already.
        if getattr(self, "raw", None) is not None:
            with contextlib.suppress(sqlite3.Error):
                self.raw.close()
        if getattr(self, "sa", None) is not None:
            with contextlib.suppress(Exception):
                self.sa.invalidate()
        super().close()
        if self._guard is not None:
            self._guard.close()

    @property
    def versions(self) -> dict[str, str]:
        """The version of Python's SQLite."""
        return {"sqlite": sqlite3.sqlite_version}

    def begin_reading(self) -> None:
        """Begin to read one moment; with write-ahead logging no writer waits for it."""
        self.execute("BEGIN")
        self.fetch("SELECT count(*) FROM sqlite_master")

    def begin_writing(self) -> None:
        """Begin the transaction that replaces the tables; other writers wait from now on."""
        self._triggers = []
        self.execute("BEGIN IMMEDIATE")

    def tables(self) -> tuple[Table, ...]:
        """Return every ordinary table."""
        return self._catalog.tables()

    def left_out(self) -> tuple[str, ...]:
        """Say which virtual tables are not exported."""
        return self._catalog.left_out()

    def size_bytes(self) -> int:
        """Return the bytes of the file and its `-wal`."""
        files = (Path(self.path), Path(self.path + "-wal"))
        return sum(each.stat().st_size for each in files if each.exists())

    def _expression(self, column: Column) -> str:
        return self.quote(column.name)

    def _sort_key(self, column: Column) -> str:
        return f"{self.quote(column.name)} COLLATE BINARY"

    def converter(self, column: Column) -> Converter | None:
        """Return what makes JSON of a value, by its storage class."""
        return reader(column)

    def binder(self, column: Column, *, verbatim: bool) -> Converter:
        """Return what makes a value of the storage class that it had, or that suits its kind."""
        return verbatim_binder(column) if verbatim else standard_binder(column)

    def _stream(self, statement: str) -> Iterator[Sequence[Any]]:
        cursor = self.raw.cursor()
        try:
            yield from cursor.execute(statement)
        finally:
            cursor.close()

    def lock(self, tables: Sequence[Table]) -> None:
        """Nothing more: one writer at a time is all that SQLite knows."""

    def before_writing(self, tables: Sequence[Table]) -> None:
        """Drop the triggers of the tables, which would act on the rows."""
        for table in tables:
            self._triggers += self._catalog.triggers(table.name)
        for name, _ in self._triggers:
            self.execute(f"DROP TRIGGER {self.quote(name)}")

    def clear(self, table: Table) -> None:
        """Delete all rows."""
        self.execute(f"DELETE FROM {self.name(table)}")  # noqa: S608

    def load(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows."""
        cursor = self.raw.cursor()
        try:
            for batch in Batches().of(rows):
                if any(isinstance(each, BytesOfText) for row in batch for each in row):
                    for row in batch:
                        cursor.execute(self._insert(table, names, row), row)
                else:
                    cursor.executemany(self._insert(table, names, batch[0]), batch)
        finally:
            cursor.close()

    def _insert(self, table: Table, names: Sequence[str], row: Sequence[Any]) -> str:
        if not names:
            return f"INSERT INTO {self.name(table)} DEFAULT VALUES"
        marks = ["CAST(? AS TEXT)" if isinstance(each, BytesOfText) else "?" for each in row]
        return (
            f"INSERT INTO {self.name(table)} ({self.columns_list(names)})"  # noqa: S608
            f" VALUES ({', '.join(marks)})"
        )

    def after_writing(self, tables: Sequence[Table]) -> None:
        """Make the triggers again. AUTOINCREMENT goes on from where it was, or from the rows."""
        del tables
        for _, statement in self._triggers:
            self.execute(statement)

    def broken_references(self, tables: Sequence[Table]) -> dict[str, int]:
        """Count the rows of each table whose foreign keys name no row."""
        return self._catalog.violations(tables)

    def adopt(self, table: Table, engine: str) -> Table:
        """Return the table as SQLite would hold it; see `adopted`."""
        columns = tuple(adopted(each, engine) for each in table.columns)
        return replace(table, schema=None, columns=columns, facts={})

    def create(self, tables: Sequence[Table]) -> None:
        """Create tables with their foreign keys."""
        for table in tables:
            parts = [self._definition(table, each) for each in table.columns]
            if table.primary_key and not _is_rowid(table):
                parts.append(f"PRIMARY KEY ({self.columns_list(table.primary_key)})")
            parts += [f"UNIQUE ({self.columns_list(each)})" for each in table.unique]
            for reference in table.references:
                other = Table(name=reference.table.replace("%2E", ".").replace("%25", "%"))
                parts.append(
                    f"FOREIGN KEY ({self.columns_list(reference.columns)})"
                    f" REFERENCES {self.name(other)} ({self.columns_list(reference.to)})"
                )
            self.execute(f"CREATE TABLE {self.name(table)} ({', '.join(parts)})")

    def _definition(self, table: Table, column: Column) -> str:
        if _is_rowid(table) and column.name in table.primary_key:
            return f"{self.quote(column.name)} INTEGER PRIMARY KEY"
        null = "" if column.nullable else " NOT NULL"
        return f"{self.quote(column.name)} {type_of(column)}{null}"


def _is_rowid(table: Table) -> bool:
    return len(table.primary_key) == 1 and table.column(table.primary_key[0]).kind == "integer"


def _text(data: bytes) -> str:
    # What is not UTF-8 is kept as surrogates, and told apart when it becomes JSON.
    return data.decode("utf-8", "surrogateescape")
