"""What a database holds, as a value to compare: rows, sequences, large objects, definitions.

Two databases with equal fingerprints have the same rows in the same tables, whatever the
order, and the same next numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from tests.rig.mariadb import MariaDbDatabase, literal
from tests.rig.mariadb import identifier as mariadb_identifier
from tests.rig.postgresql import PostgresDatabase
from tests.rig.postgresql import identifier as postgres_identifier

Fingerprint = dict[str, tuple[object, ...]]

_POSTGRES_RELATIONS = """
SELECT n.nspname, c.relname, c.relkind::text FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND c.relispopulated AND c.relpersistence <> 't'
AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_NUMBERS = "SELECT last_value, is_called FROM {table}"
_ROWS = """
SELECT count(*), coalesce(sum(('x' || md5(t::text))::bit(64)::bigint), 0) FROM ONLY {table} AS t
"""
_LARGE_OBJECTS = "SELECT oid::text, md5(lo_get(oid)) FROM pg_largeobject_metadata"


def postgres_fingerprint(database: PostgresDatabase) -> Fingerprint:
    """Return the rows and sequences of each schema, and the large objects."""
    import psycopg

    found: Fingerprint = {}
    with psycopg.connect(database.url, autocommit=True) as session:
        for schema, name, kind in session.execute(_POSTGRES_RELATIONS.encode()).fetchall():
            table = f"{postgres_identifier(schema)}.{postgres_identifier(name)}"
            question = (_NUMBERS if kind == "S" else _ROWS).format(table=table)
            (found[table],) = session.execute(question.encode()).fetchall()
        objects = session.execute(_LARGE_OBJECTS).fetchall()
    return found | {f"large object {oid}": (md5,) for oid, md5 in objects}


def mariadb_fingerprint(database: MariaDbDatabase, leave_out: Collection[str] = ()) -> Fingerprint:
    """Return the rows of each table, and how it is defined.

    Args:
        leave_out: Tables that are not looked at.
    """
    found: Fingerprint = {}
    rows = database.run(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        " AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
    )
    for (name,) in rows:
        if name not in leave_out:
            quoted = mariadb_identifier(name)
            ((_, definition),) = database.run(f"SHOW CREATE TABLE {quoted}")
            found[name] = (*_hash_rows(database, name), definition)
    return found


def _hash_rows(database: MariaDbDatabase, table: str) -> tuple[int, str]:
    columns = database.run(
        "SELECT column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema = database() AND table_name = {literal(table)}"
        " ORDER BY ordinal_position"
    )
    # As bytes: the client's decoding must not hide a difference. Floats as doubles, because the
    # server tells only six digits of them.
    values = ", ".join(
        f"hex(cast({mariadb_identifier(name)} AS {'double' if kind == 'float' else 'binary'}))"
        for name, kind in columns
    )
    rows = database.run(f"SELECT {values} FROM {mariadb_identifier(table)}")
    digest = hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()
    return len(rows), digest
