"""Tell whether two PostgreSQL databases hold the same rows."""

from __future__ import annotations

import psycopg
from psycopg import sql

Fingerprint = dict[str, list[str]]

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_ROWS = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} AS t")


def fingerprint(url: str) -> Fingerprint:
    """Return, per table, the number of rows and a sum over all of them, in whatever order."""
    with psycopg.connect(url) as connection:
        tables = [name for (name,) in connection.execute(_TABLES)]
        found = {}
        for table in tables:
            row = connection.execute(_ROWS.format(sql.Identifier(table))).fetchone()
            found[table] = [str(value) for value in row or ()]
    return found
