"""Foreign keys of tables that a restore takes away, to tables that stay.

They would guard the tables that stay on behalf of rows that nobody uses any more: the application
could not delete what only they refer to. So they are dropped once the tables are away, and added
again, unchecked as they may have been, where the tables come back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from holdfast.sources.mysql.inspection import ForeignKey, foreign_keys, text
from holdfast.sources.mysql.session import Session, identifier

_CONSTRAINT = re.compile(
    r"^  (?P<sql>CONSTRAINT (?P<name>`(?:[^`]|``)+`) FOREIGN KEY .*?),?$", re.MULTILINE
)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A foreign key; `sql` is what adds it to its table, with the live database as the current."""

    table: str
    name: str
    sql: str


def leaving(session: Session, schema: str, tables: Collection[str]) -> list[Key]:
    """Return the foreign keys that leave the tables that go; empty `tables` means all go."""
    found = [
        key
        for key in foreign_keys(session, "TABLE_SCHEMA = %s", (schema,))
        if (not tables or key.table in tables) and _leaves(key, tables)
    ]
    wanted = {(key.table, key.name) for key in found}
    tables_with = sorted({key.table for key in found})
    keys = (key for table in tables_with for key in _keys(session, schema, table))
    return [key for key in keys if (key.table, key.name) in wanted]


def _leaves(key: ForeignKey, tables: Collection[str]) -> bool:
    return key.to_schema != key.schema or (bool(tables) and key.to_table not in tables)


def _keys(session: Session, schema: str, table: str) -> Iterator[Key]:
    shown = session.rows(f"SHOW CREATE TABLE {identifier(schema)}.{identifier(table)}")[0]
    for found in _CONSTRAINT.finditer(text(shown[1])):
        yield Key(table=table, name=found["name"][1:-1].replace("``", "`"), sql=found["sql"])


def drop_leaving(session: Session, schema: str) -> None:
    """Drop the foreign keys of a database to others (idempotent)."""
    for key in foreign_keys(session, "TABLE_SCHEMA = %s", (schema,)):
        if key.to_schema != key.schema:
            session.run(
                f"ALTER TABLE {identifier(schema)}.{identifier(key.table)}"
                f" DROP FOREIGN KEY {identifier(key.name)}"
            )


def add_back(session: Session, schema: str, keys: Iterable[Key]) -> None:
    """Add foreign keys to the session's current database, `schema`, unless they are there."""
    there = {(key.table, key.name) for key in foreign_keys(session, "TABLE_SCHEMA = %s", (schema,))}
    session.run("SET foreign_key_checks = 0")
    for key in keys:
        if (key.table, key.name) not in there:
            _add(session, schema, key)
    session.run("SET foreign_key_checks = 1")


def _add(session: Session, schema: str, key: Key) -> None:
    """Add a key; an index that the server had made for the one before it keeps its name."""
    table = identifier(key.table)
    before = _indexes(session, schema, key.table)
    session.run(f"ALTER TABLE {table} ADD {key.sql}")
    after = _indexes(session, schema, key.table)
    for old, new in zip(sorted(before - after), sorted(after - before), strict=False):
        session.run(f"ALTER TABLE {table} RENAME INDEX {identifier(new)} TO {identifier(old)}")


def _indexes(session: Session, schema: str, table: str) -> set[str]:
    rows = session.rows(
        "SELECT INDEX_NAME FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        (schema, table),
    )
    return {text(name) for (name,) in rows}
