"""Replace the rows of tables in one transaction, with all that guards and numbers them intact.

Foreign keys from and to the tables are taken off for the time and put on again: that checks every
row, whatever the order in which they came, and nothing cascades into tables that stay.
"""

# ruff: noqa: S608 - names and values are quoted by `identifier` and `literal`

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from holdfast.errors import DatabaseLocked, HoldfastError, RestoreError, TargetInUse
from holdfast.sources.postgresql.failures import SqlError, sqlstate_of
from holdfast.sources.postgresql.inspection import Table, count_rows
from holdfast.sources.postgresql.session import Session, identifier, literal
from holdfast.sources.postgresql.table_data import Row, TableRows

LOCK_WAIT_S = 30
_BATCH_CHARACTERS = 1 << 20
_VIOLATION = "23503"
_FOREIGN_KEYS = """
SELECT n.nspname AS schema, r.relname AS table, c.conname AS name,
       pg_catalog.pg_get_constraintdef(c.oid) AS definition,
       pg_catalog.obj_description(c.oid, 'pg_constraint') AS comment
  FROM pg_catalog.pg_constraint c
  JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
 WHERE c.contype = 'f' AND c.conparentid = 0
   AND (c.conrelid = ANY ({oids}) OR c.confrelid = ANY ({oids}))
 ORDER BY 1, 2, 3
"""
_TRIGGERS = """
SELECT tgname AS name, tgenabled AS mode FROM pg_catalog.pg_trigger
 WHERE tgrelid = {table}::pg_catalog.regclass AND NOT tgisinternal AND tgenabled <> 'D'
"""
_RULES = """
SELECT rulename AS name, ev_enabled AS mode FROM pg_catalog.pg_rewrite
 WHERE ev_class = {table}::pg_catalog.regclass AND ev_enabled <> 'D'
"""
_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_COLUMNS = """
SELECT attname AS name FROM pg_catalog.pg_attribute
 WHERE attrelid = {table}::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
   AND attgenerated = '' ORDER BY attnum
"""
_SEQUENCES = """
SELECT a.attname AS column, n.nspname AS schema, s.relname AS name
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
   AND d.refobjid = {table}::pg_catalog.regclass
"""


def columns_of(session: Session, table: Table) -> tuple[str, ...]:
    """Return the columns of a live table that are stored, not generated."""
    found = session.query(_COLUMNS.format(table=literal(table.quoted)))
    return tuple(row["name"] for row in found)


def lock(session: Session, tables: Sequence[Table], mode: str) -> None:
    """Lock tables in the session's transaction.

    Raises:
        TargetInUse: Somebody holds one of them for too long.
    """
    session.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
    names = ", ".join(f"ONLY {each.quoted}" for each in sorted(tables, key=lambda t: t.label))
    with _said_as_in_use(tables):
        session.execute(f"LOCK TABLE {names} IN {mode} MODE")


@contextmanager
def _said_as_in_use(tables: Sequence[Table]) -> Iterator[None]:
    try:
        yield
    except DatabaseLocked as error:
        raise TargetInUse(
            f"{', '.join(each.label for each in tables)} cannot be replaced: {error.message}",
            hint="End the transactions that use them, then try again; nothing was changed.",
        ) from error


def replace_rows(
    session: Session, tables: Sequence[Table], contents: Iterable[TableRows]
) -> dict[str, int]:
    """Replace the rows of tables, in the session's transaction; return how many each has now.

    Raises:
        RestoreError: Rows of other tables refer to rows that are not there then, or a row does
            not fit.
        TargetInUse: A table that refers to them is locked for too long.
    """
    by_name = {(each.schema, each.name): each for each in tables}
    with (
        _said_as_in_use(tables),
        _without_foreign_keys(session, tables),
        _without_triggers(session, tables),
    ):
        names = ", ".join(f"ONLY {each.quoted}" for each in tables)
        session.execute(f"TRUNCATE TABLE {names}")
        for content in contents:
            table = by_name[content.schema, content.name]
            _insert(session, table, content)
        for table in tables:
            _advance_sequences(session, table)
    return {each.label: count_rows(session, each) for each in tables}


@contextmanager
def _without_foreign_keys(session: Session, tables: Sequence[Table]) -> Iterator[None]:
    quoted = ", ".join(literal(each.quoted) for each in tables)
    oids = f"ARRAY[{quoted}]::pg_catalog.regclass[]"
    keys = session.query(_FOREIGN_KEYS.format(oids=oids))
    for key in keys:
        session.execute(f"ALTER TABLE {_table(key)} DROP CONSTRAINT {identifier(key['name'])}")
    yield
    for key in keys:
        _add_foreign_key(session, key)


def _add_foreign_key(session: Session, key: Mapping[str, str]) -> None:
    name = identifier(key["name"])
    try:
        session.execute(f"ALTER TABLE {_table(key)} ADD CONSTRAINT {name} {key['definition']}")
    except HoldfastError as error:
        if sqlstate_of(error) != _VIOLATION:
            raise
        raise RestoreError(
            f"The foreign key {key['name']} of {key['schema']}.{key['table']} forbids it: rows"
            " would refer to rows that are not there",
            hint="Restore the table that it joins as well, or the whole database; nothing was"
            " changed.",
        ) from error
    if key["comment"]:
        comment = literal(key["comment"])
        session.execute(f"COMMENT ON CONSTRAINT {name} ON {_table(key)} IS {comment}")


def _table(key: Mapping[str, str]) -> str:
    return identifier(key["schema"], key["table"])


@contextmanager
def _without_triggers(session: Session, tables: Sequence[Table]) -> Iterator[None]:
    """Let no trigger or rule of the application's act on rows that it had acted on before."""
    found = [
        (table, kind, row)
        for table in tables
        for kind, question in (("TRIGGER", _TRIGGERS), ("RULE", _RULES))
        for row in session.query(question.format(table=literal(table.quoted)))
    ]
    for table, kind, row in found:
        session.execute(f"ALTER TABLE {table.quoted} DISABLE {kind} {identifier(row['name'])}")
    yield
    for table, kind, row in found:
        enable, name = _ENABLE[row["mode"]], identifier(row["name"])
        session.execute(f"ALTER TABLE {table.quoted} {enable} {kind} {name}")


def _insert(session: Session, table: Table, content: TableRows) -> None:
    for batch in _batches(content.rows()):
        try:
            _insert_batch(session, table, content.columns, batch)
        except HoldfastError as error:
            cause = error.__cause__
            if not isinstance(cause, SqlError) or not cause.sqlstate.startswith(("22", "23")):
                raise
            raise RestoreError(
                f"A row of the backup does not fit into {table.label}: {cause.said}",
                hint="Nothing was changed. Restore the whole database instead.",
            ) from error


def _insert_batch(
    session: Session, table: Table, columns: Sequence[str], batch: Sequence[Row]
) -> None:
    if not columns:
        for _ in batch:
            session.execute(f"INSERT INTO {table.quoted} DEFAULT VALUES")
        return
    names = ", ".join(identifier(name) for name in columns)
    values = ", ".join(f"({', '.join(map(_value, row))})" for row in batch)
    session.execute(f"INSERT INTO {table.quoted} ({names}) OVERRIDING SYSTEM VALUE VALUES {values}")


def _value(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if value is not None) + 8 * len(row) + 8
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _advance_sequences(session: Session, table: Table) -> None:
    """Set sequences past the restored rows, never back: a number that was given stays given."""
    for row in session.query(_SEQUENCES.format(table=literal(table.quoted))):
        sequence = identifier(row["schema"], row["name"])
        column = identifier(row["column"])
        session.query(
            f"SELECT pg_catalog.setval({literal(sequence)}, m.top) AS set"
            f" FROM {sequence} s, (SELECT pg_catalog.max({column}) AS top FROM {table.quoted}) m"
            " WHERE m.top > s.last_value OR (m.top = s.last_value AND NOT s.is_called)"
        )
