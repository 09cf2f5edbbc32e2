"""MariaDB and MySQL: dates as text, floats unrounded, one transaction of InnoDB."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from holdfast.errors import DataDoesNotFit
from holdfast.sources.tables import values
from holdfast.sources.tables.columns import Column, Reference, Table
from holdfast.sources.tables.link import Batches, Converter, Link
from holdfast.sources.tables.mariadb_catalog import Catalog
from holdfast.sources.tables.mariadb_types import adopted, type_of

_MODE = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES"
_MOMENTS = frozenset(["date", "time", "timestamp", "timestamptz"])
_TEXTS = frozenset(["text", "enum", "set", "json"])


class MariaLink(Link):
    """A connection to MariaDB or MySQL."""

    engine_name: ClassVar[str] = "mysql"
    extra: ClassVar[str] = "mysql"

    def _engine_options(self) -> dict[str, Any]:
        return {
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {
                "connect_timeout": max(1, int(self.options.connect_timeout_s)),
                "charset": "utf8mb4",
                "local_infile": False,
            },
        }

    def _prepare(self) -> None:
        self.execute(f"SET SESSION sql_mode = '{_MODE}'")
        self.execute("SET SESSION time_zone = '+00:00'")
        self.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seconds = max(1, int(self.options.lock_timeout_s))
        self.execute(f"SET SESSION innodb_lock_wait_timeout = {seconds}")
        self.execute(f"SET SESSION lock_wait_timeout = {seconds}")
        # Rows are taken as slowly as they are stored.
        self.execute("SET SESSION net_write_timeout = 3600")
        self._catalog = Catalog(self.fetch)
        self._every: tuple[Table, ...] | None = None

    @property
    def versions(self) -> dict[str, str]:
        """The version of the server, by its flavour."""
        version = str(self.fetch("SELECT version()")[0][0])
        flavour = "mariadb" if "maria" in version.lower() else "mysql"
        return {flavour: version.partition("-")[0]}

    def begin_reading(self) -> None:
        """Begin to read one moment, which no writer waits for."""
        self.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def begin_writing(self) -> None:
        """Begin the transaction that replaces the tables."""
        self.execute("START TRANSACTION")

    def tables(self) -> tuple[Table, ...]:
        """Return every table of the database."""
        self._every = self._catalog.tables()
        return self._every

    def left_out(self) -> tuple[str, ...]:
        """Say which tables may not be of the same moment as the others."""
        return tuple(
            f"The table {table.key} is not transactional ({table.facts['engine']}): it may be of"
            " another moment than the others, and cannot be replaced in one transaction"
            for table in self._every or self.tables()
            if table.problem
        ) + tuple(
            f"The table {table.key} has triggers ({', '.join(table.facts['fired'])}): it can be"
            " restored on its own only while they are dropped"
            for table in self._every or self.tables()
            if table.facts["fired"]
        )

    def size_bytes(self) -> int:
        """Return the bytes of all tables, as the server estimates them."""
        return self._catalog.size_bytes()

    def _expression(self, column: Column) -> str:
        name = self.quote(column.name)
        if column.kind in _MOMENTS or column.kind == "uuid":
            return f"CAST({name} AS CHAR)"
        if column.kind == "float" and column.bits == 32:
            return f"CAST({name} AS DOUBLE)"  # as FLOAT it is printed with six digits
        if column.kind == "bit":
            return f"LPAD(BIN({name} + 0), {int(column.length or 1)}, '0')"
        if column.kind == "native":
            return f"CAST({name} AS CHAR)" if _is_address(column) else f"HEX({name})"
        return name

    def _sort_key(self, column: Column) -> str:
        name = self.quote(column.name)
        if column.kind in _TEXTS:
            return f"CONVERT({name} USING utf8mb4) COLLATE utf8mb4_bin"
        if column.kind in ("uuid", "native"):
            return f"{self._expression(column)} COLLATE utf8mb4_bin"
        return name

    def converter(self, column: Column) -> Converter | None:
        """Return what makes JSON of a value as PyMySQL gives it."""
        match column.kind:
            case "integer":
                return values.integer if column.bits == 64 else None
            case "boolean":
                return lambda value: bool(value) if value in (0, 1) else int(value)
            case "decimal":
                return lambda value: format(value, "f")
            case "float":
                return values.single if column.bits == 32 else values.real
            case "binary":
                return lambda value: b64encode(_bytes(value)).decode()
            case "bit" | "native" | "json":
                return lambda value: value.decode() if isinstance(value, bytes) else str(value)
            case "set":
                return lambda v: (
                    ",".join(sorted(v, key=column.members.index))
                    if isinstance(v, set | frozenset)
                    else str(v)
                )
            case kind if kind in _MOMENTS:
                return values.moment
            case _:
                return None

    def binder(self, column: Column, *, verbatim: bool) -> Converter:
        """Return what makes a value for PyMySQL of a JSON value."""
        del verbatim  # its own JSON is the standard one
        match column.kind:
            case "integer":
                return int
            case "boolean":
                return int
            case "float":
                return values.read_float
            case "binary":
                return lambda value: b64decode(value, validate=True)
            case "bit":
                return lambda value: int(value, 2)
            case "native" if not _is_address(column):
                return bytes.fromhex
            case "timestamp":
                return lambda value: value.replace("T", " ")
            case "timestamptz":
                return lambda value: value.replace("T", " ").removesuffix("+00:00")
            case _:
                return str

    def _stream(self, statement: str) -> Iterator[Sequence[Any]]:
        from pymysql.cursors import SSCursor

        cursor = self.raw.cursor(SSCursor)
        finished = False
        try:
            cursor.execute(statement, ())
            while (row := cursor.fetchone()) is not None:
                yield row
            finished = True
        finally:
            if finished:
                cursor.close()
            else:
                self._abandon(cursor)

    def _abandon(self, cursor: Any) -> None:
        """End the connection: closing the cursor would read all that the server has to send."""
        result, cursor._result = cursor._result, None  # noqa: SLF001
        if result is not None:
            result.unbuffered_active = False
            result.connection = None
        cursor.connection = None
        self.raw._force_close()  # noqa: SLF001

    def lock(self, tables: Sequence[Table]) -> None:
        """Lock every row and the gaps between them; readers of earlier moments go on."""
        for table in tables:
            self.fetch(f"SELECT count(*) FROM {self.name(table)} FOR UPDATE")  # noqa: S608

    def require_replaceable(self, table: Table) -> None:
        """Raise `DataDoesNotFit` if it has no transactions, or triggers."""
        super().require_replaceable(table)
        require_no_triggers(table, table.facts["fired"])

    def before_writing(self, tables: Sequence[Table]) -> None:
        """Leave foreign keys unchecked, and their actions undone, until `broken_references`.

        Raises:
            DataDoesNotFit: Triggers would act on the rows, and perhaps on other tables.
        """
        fired = self._catalog.triggers()
        for table in tables:
            require_no_triggers(table, fired.get(table.name, ()))
        self._fired_before = self._fired()
        self.execute("SET SESSION foreign_key_checks = 0")

    def clear(self, table: Table) -> None:
        """Delete all rows."""
        self.execute(f"DELETE FROM {self.name(table)}")  # noqa: S608

    def load(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, many by one statement."""
        marks = ", ".join(["%s"] * len(names))
        statement = f"INSERT INTO {self.name(table)} ({self.columns_list(names)}) VALUES ({marks})"  # noqa: S608
        cursor = self.raw.cursor()
        try:
            for batch in Batches().of(rows):
                if names:
                    cursor.executemany(statement, batch)
                else:
                    cursor.execute(f"INSERT INTO {self.name(table)} () VALUES ()", ())  # noqa: S608
        finally:
            cursor.close()

    def after_writing(self, tables: Sequence[Table]) -> None:
        """Check foreign keys again. InnoDB has raised AUTO_INCREMENT with the rows.

        Raises:
            DataDoesNotFit: A trigger has acted that this user is not shown; roll back.
        """
        self.execute("SET SESSION foreign_key_checks = 1")
        if self._fired() != self._fired_before:
            names = ", ".join(table.key for table in tables)
            raise DataDoesNotFit(f"A trigger acted on the rows of {names}", hint=_WAY_ON)

    def _fired(self) -> int:
        """Return how many triggers this connection has fired. MySQL does not count them."""
        found = self.fetch("SHOW SESSION STATUS LIKE 'Executed_triggers'")
        return int(found[0][1]) if found else 0

    def broken_references(self, tables: Sequence[Table]) -> dict[str, int]:
        """Count the rows of each table whose foreign keys name no row."""
        among = {table.key for table in tables}
        found: dict[str, int] = {}
        every = self._every if self._every is not None else self.tables()
        for table in every:
            for reference in table.references:
                if table.key in among or reference.table in among:
                    other = next((each for each in every if each.key == reference.table), None)
                    if other is not None:
                        query = self._unmatched(table, reference, self.name(other))
                        found[table.key] = found.get(table.key, 0) + int(self.fetch(query)[0][0])
        return {key: count for key, count in found.items() if count}

    def adopt(self, table: Table, engine: str) -> Table:
        """Return the table as MariaDB would hold it; see `adopted`."""
        keys = {*table.primary_key, *(name for each in table.unique for name in each)}
        keys |= {name for each in table.references for name in each.columns}
        columns = tuple(adopted(each, engine, in_key=each.name in keys) for each in table.columns)
        if "mysql" in self.versions:  # which has no such type; SQLAlchemy has this one instead
            columns = tuple(
                replace(each, kind="text", length=32) if each.kind == "uuid" else each
                for each in columns
            )
        first = {table.primary_key[0]} if table.primary_key else set()
        numbered = [each for each in columns if each.automatic and each.name in first]
        return replace(
            table,
            schema=None,
            columns=tuple(replace(each, automatic=each in numbered[:1]) for each in columns),
            facts={},
        )

    def create(self, tables: Sequence[Table]) -> None:
        """Create tables with their foreign keys. Each statement commits, as MariaDB has it."""
        self.execute("SET SESSION foreign_key_checks = 0")
        for table in tables:
            parts = [self._definition(each) for each in table.columns]
            if table.primary_key:
                parts.append(f"PRIMARY KEY ({self.columns_list(table.primary_key)})")
            parts += [f"UNIQUE ({self.columns_list(each)})" for each in table.unique]
            parts += [self._foreign_key(each) for each in table.references]
            self.execute(
                f"CREATE TABLE {self.name(table)} ({', '.join(parts)}) ENGINE=InnoDB"
                " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            )
        self.execute("SET SESSION foreign_key_checks = 1")
        self._every = None

    def drop(self, tables: Sequence[Table]) -> None:
        """Drop tables that `create` made."""
        self.execute("SET SESSION foreign_key_checks = 0")
        super().drop(tables)
        self.execute("SET SESSION foreign_key_checks = 1")
        self._every = None

    def _definition(self, column: Column) -> str:
        automatic = " AUTO_INCREMENT" if column.automatic else ""
        null = "" if column.nullable else " NOT NULL"
        explicit = " NULL" if column.kind == "timestamptz" and column.nullable else null
        return f"{self.quote(column.name)} {type_of(column)}{explicit}{automatic}"

    def _foreign_key(self, reference: Reference) -> str:
        other = Table(name=reference.table.replace("%2E", ".").replace("%25", "%"))
        return (
            f"FOREIGN KEY ({self.columns_list(reference.columns)})"
            f" REFERENCES {self.name(other)} ({self.columns_list(reference.to)})"
        )


_WAY_ON = (
    "Nothing was changed. Restore the whole database by the source `mysql`, or drop the triggers"
    " for the restore and make them again after it."
)


def require_no_triggers(table: Table, names: Sequence[str]) -> None:
    """Raise `DataDoesNotFit` for a table whose triggers would act on rows that are written.

    No statement makes them step aside, and to drop them would commit.
    """
    if names:
        raise DataDoesNotFit(
            f"The table {table.key} has triggers that would act on restored rows, and through them"
            f" on other tables: {', '.join(names)}",
            hint=_WAY_ON,
        )


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _is_address(column: Column) -> bool:
    return column.native in ("inet4", "inet6")
