"""PostgreSQL: values as its own text output, rows by COPY, everything in one transaction.

What psycopg cannot load (years before Christ, infinity, intervals of months) never becomes a
Python object: such columns are read and written as text.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from holdfast.sources.tables import values
from holdfast.sources.tables.columns import Column, Reference, Table
from holdfast.sources.tables.link import BATCH_BYTES, MOST_ROWS, Converter, Link
from holdfast.sources.tables.postgresql_catalog import Catalog
from holdfast.sources.tables.postgresql_types import adopted, type_of

_SETTINGS = (
    "SET datestyle = 'ISO, YMD'",
    "SET intervalstyle = 'iso_8601'",
    "SET timezone = 'UTC'",
    "SET extra_float_digits = 3",
    "SET bytea_output = 'hex'",
    "SET lc_monetary = 'C'",
    "SET client_encoding = 'UTF8'",
    "SET row_security = off",  # an error instead of rows that are silently missing
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET standard_conforming_strings = on",
)
_MOMENTS = frozenset(["date", "time", "timetz", "timestamp", "timestamptz"])
_AS_IT_IS = frozenset(["integer", "boolean", "float", "binary"])
_PLAIN_ORDER = _AS_IT_IS | _MOMENTS | {"decimal", "uuid", "interval"}
_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


class PostgresLink(Link):
    """A connection to PostgreSQL."""

    engine_name: ClassVar[str] = "postgresql"
    extra: ClassVar[str] = "postgresql"

    def _engine_options(self) -> dict[str, Any]:
        return {
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {
                "connect_timeout": max(2, int(self.options.connect_timeout_s)),
                "prepare_threshold": None,  # poolers hand each statement to another session
                "application_name": "holdfast",
            },
        }

    def _prepare(self) -> None:
        for statement in _SETTINGS:
            self.execute(statement)
        self.execute(f"SET lock_timeout = {int(self.options.lock_timeout_s * 1000)}")
        if not self.options.writable:
            self.execute("SET default_transaction_read_only = on")
        self._catalog = Catalog(self.fetch)
        self._dropped: list[tuple[Table, str, str, str | None]] = []
        self._disabled: list[tuple[Table, str, str, str]] = []
        self._wanted: list[tuple[Table, Reference]] = []
        self._every: tuple[Table, ...] | None = None

    @property
    def versions(self) -> dict[str, str]:
        """The version of the server."""
        return {"postgresql": str(self.fetch("SHOW server_version")[0][0]).partition(" ")[0]}

    def begin_reading(self) -> None:
        """Begin to read one moment, which no writer waits for."""
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.fetch("SELECT 1")

    def begin_writing(self) -> None:
        """Begin the transaction that replaces the tables."""
        self._dropped, self._disabled, self._wanted = [], [], []
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")

    def tables(self) -> tuple[Table, ...]:
        """Return every table that is no partition, of no extension and of no system schema."""
        self._every = self._catalog.tables()
        return self._every

    def left_out(self) -> tuple[str, ...]:
        """Return nothing: views, functions and the like are no tables."""
        return self._catalog.left_out()

    def size_bytes(self) -> int:
        """Return the bytes of all tables as PostgreSQL keeps them."""
        return self._catalog.size_bytes()

    def _schema_of(self, table: Table) -> str | None:
        return table.schema or self._catalog.default_schema

    def _from(self, table: Table) -> str:
        return self.name(table) if table.facts.get("partitioned") else f"ONLY {self.name(table)}"

    def _expression(self, column: Column) -> str:
        name = self.quote(column.name)
        if column.kind in _AS_IT_IS or column.native.startswith("character("):
            return name
        return f"{name}::text"

    def _sort_key(self, column: Column) -> str:
        name = self.quote(column.name)
        plain = column.kind in _PLAIN_ORDER
        first = " NULLS FIRST" if column.nullable else ""
        return f"{name if plain else f'{name}::text'}{'' if plain else _C}{first}"

    def converter(self, column: Column) -> Converter | None:
        """Return what makes JSON of a value as psycopg gives it."""
        if column.kind == "integer":
            return values.integer if column.bits == 64 else None
        if column.kind == "float":
            return values.single if column.bits == 32 else values.real
        if column.kind == "binary":
            return lambda value: b64encode(value).decode()
        return values.moment if column.kind in _MOMENTS else None

    def binder(self, column: Column, *, verbatim: bool) -> Converter:
        """Return what makes the text that PostgreSQL reads of a JSON value."""
        del verbatim  # its own JSON is the standard one
        if column.kind == "binary":
            return lambda value: "\\x" + b64decode(value, validate=True).hex()
        if column.kind == "boolean":
            return lambda value: "t" if value else "f"
        if column.kind in ("integer", "float"):
            return lambda value: value if isinstance(value, str) else repr(value)
        return str

    def _stream(self, statement: str) -> Iterator[Sequence[Any]]:
        count = 8
        with self.raw.cursor(name="holdfast_rows") as cursor:
            cursor.execute(statement, ())
            while found := cursor.fetchmany(count):
                yield from found
                size = sum(len(e) for row in found for e in row if isinstance(e, (str, bytes)))
                count = max(1, count // 4) if size > BATCH_BYTES else min(count * 2, MOST_ROWS * 4)

    def lock(self, tables: Sequence[Table]) -> None:
        """Keep writers of the tables waiting; plain readers go on.

        `SELECT ... FOR UPDATE` waits too: if it only waited for a row, it would find the row
        gone when the swap commits, and the new one not yet there.
        """
        names = ", ".join(self._from(table) for table in tables)
        if names:
            self.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")

    def before_writing(self, tables: Sequence[Table]) -> None:
        """Take away what would act on the rows: triggers, rules, and keys that cannot hold.

        Both come back before the commit; PostgreSQL checks the foreign keys as it adds them.
        """
        for table in tables:
            for kind, name, state in table.facts.get("triggers", ()):
                self.execute(f"ALTER TABLE {self.name(table)} DISABLE {kind} {self.quote(name)}")
                self._disabled.append((table, kind, name, state))
        self.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, name in _once(self._in_the_way(tables)):
            definition, comment = self._catalog.constraint(table, name)
            self.execute(f"ALTER TABLE {self.name(table)} DROP CONSTRAINT {self.quote(name)}")
            self._dropped.append((table, name, definition, comment))

    def _in_the_way(self, tables: Sequence[Table]) -> Iterator[tuple[Table, str]]:
        """Yield foreign keys from tables that stay, or to a later table, and `NOT VALID` ones."""
        for table in tables:
            for name in self._catalog.unvalidated(table):
                yield table, name
        place = {table.key: index for index, table in enumerate(tables)}
        for child in self._every if self._every is not None else self.tables():
            for reference in child.references:
                if reference.table in place and (
                    child.key not in place or place[reference.table] > place[child.key]
                ):
                    yield child, reference.name or ""

    def clear(self, table: Table) -> None:
        """Delete all rows."""
        self.execute(f"DELETE FROM {self._from(table)}")  # noqa: S608

    def load(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows by one COPY, at whose end the table's foreign keys to itself are checked."""
        if not names:
            for _ in rows:
                self.execute(f"INSERT INTO {self.name(table)} DEFAULT VALUES")
            return
        statement = f"COPY {self.name(table)} ({self.columns_list(names)}) FROM STDIN"
        # Without parameters psycopg takes a percent sign as it is.
        with self.raw.cursor() as cursor, cursor.copy(statement.replace("%%", "%")) as copy:
            for row in rows:
                copy.write_row(row)

    def after_writing(self, tables: Sequence[Table]) -> None:
        """Bring triggers and foreign keys back; no sequence stays behind the rows."""
        self.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for child, constraint, definition, comment in self._dropped:
            name, owner = self.quote(constraint), self.name(child)
            self.execute(_plain(f"ALTER TABLE {owner} ADD CONSTRAINT {name}", definition))
            if comment is not None:
                text = _literal(comment)
                self.execute(_plain(f"COMMENT ON CONSTRAINT {name} ON {owner} IS", text))
        for child, reference in self._wanted:
            self.execute(self._foreign_key(child, reference))
        for table, kind, name, state in self._disabled:
            how = _ENABLE.get(state, "ENABLE")
            self.execute(f"ALTER TABLE {self.name(table)} {how} {kind} {self.quote(name)}")
        for table in tables:
            self._advance_sequences(table)

    def _advance_sequences(self, table: Table) -> None:
        """Raise sequences to the largest value. Only ever upwards: this cannot be rolled back."""
        found = self._catalog.sequences(self.name(table).replace("%%", "%"))
        for sequence, column in found:
            name = self.quote(column)
            self.fetch(
                "SELECT setval(%s::regclass, greatest(m, coalesce(pg_sequence_last_value"  # noqa: S608
                "(%s::regclass), m))) FROM "
                f"(SELECT max({name})::bigint m FROM {self.name(table)}) t, pg_sequence s"
                " WHERE m IS NOT NULL AND s.seqrelid = %s::regclass AND s.seqincrement > 0"
                " AND m BETWEEN s.seqmin AND s.seqmax",
                (sequence, sequence, sequence),
            )

    def broken_references(self, tables: Sequence[Table]) -> dict[str, int]:
        """Count rows that break a `NOT VALID` foreign key; the others PostgreSQL checks."""
        among = {table.key for table in tables}
        unchecked = self._catalog.unchecked()
        every = self._every if self._every is not None else self.tables()
        by_key = {table.key: table for table in every}
        found: dict[str, int] = {}
        for table in every if unchecked else ():
            for reference in table.references:
                near = table.key in among or reference.table in among
                if near and (table.facts["oid"], reference.name) in unchecked:
                    query = self._unmatched(table, reference, self.name(by_key[reference.table]))
                    found[table.key] = found.get(table.key, 0) + int(self.fetch(query)[0][0])
        return {key: count for key, count in found.items() if count}

    def adopt(self, table: Table, engine: str) -> Table:
        """Return the table as PostgreSQL would hold it; see `adopted`."""
        schema = table.schema if engine == self.engine_name else None
        columns = tuple(adopted(each, engine, self._knows) for each in table.columns)
        return replace(table, schema=schema, columns=columns, facts={})

    def _knows(self, type_name: str) -> bool:
        return self.fetch("SELECT to_regtype(%s) IS NOT NULL", (type_name,))[0][0] is True

    def create(self, tables: Sequence[Table]) -> None:
        """Create tables; their foreign keys come when the rows are there."""
        for schema in sorted({table.schema for table in tables if table.schema}):
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(schema)}")
        for table in tables:
            for column in table.columns:
                self._create_enum(table, column)
        for table in tables:
            parts = [self._definition(table, each) for each in table.columns]
            if table.primary_key:
                parts.append(f"PRIMARY KEY ({self.columns_list(table.primary_key)})")
            parts += [f"UNIQUE ({self.columns_list(each)})" for each in table.unique]
            self.execute(f"CREATE TABLE {self.name(table)} ({', '.join(parts)})")
            self._wanted += [(table, each) for each in table.references]
        self._every = None

    def _create_enum(self, table: Table, column: Column) -> None:
        if column.kind != "enum":
            return
        name = self._enum_name(table, column)
        members = ", ".join(_literal(each).replace("%", "%%") for each in column.members)
        if not self._knows(name.replace("%%", "%")):
            self.execute(f"CREATE TYPE {name} AS ENUM ({members})")

    def _enum_name(self, table: Table, column: Column) -> str:
        schema = self.quote(self._schema_of(table) or "public")
        return f"{schema}.{self.quote(f'{table.name}_{column.name}'[:50])}"

    def _definition(self, table: Table, column: Column) -> str:
        kind = self._enum_name(table, column) if column.kind == "enum" else type_of(column)
        automatic = " GENERATED BY DEFAULT AS IDENTITY" if column.automatic else ""
        null = "" if column.nullable else " NOT NULL"
        return f"{self.quote(column.name)} {kind}{automatic}{null}"

    def _foreign_key(self, table: Table, reference: Reference) -> str:
        schema, _, name = reference.table.rpartition(".")
        other = Table(name=_unescaped(name), schema=_unescaped(schema) if schema else None)
        return (
            f"ALTER TABLE {self.name(table)} ADD FOREIGN KEY"
            f" ({self.columns_list(reference.columns)}) REFERENCES {self.name(other)}"
            f" ({self.columns_list(reference.to)})"
            # As they were in the backup, rows may break it, and new ones may not.
            f"{' NOT VALID' if table.facts.get('violations') else ''}"
        )


_C = ' COLLATE "C"'


def _once(found: Iterator[tuple[Table, str]]) -> list[tuple[Table, str]]:
    return list({(table.key, name): (table, name) for table, name in found}.values())


def _unescaped(name: str) -> str:
    return name.replace("%2E", ".").replace("%25", "%")


def _plain(statement: str, text: str) -> str:
    """Return a statement that ends in text in which a percent sign is only that."""
    return f"{statement} {text.replace('%', '%%')}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
