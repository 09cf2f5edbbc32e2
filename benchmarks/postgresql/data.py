"""Build a realistic PostgreSQL database of a given size, and change it as applications do.

About half of it is pgbench's: millions of short rows that compress to a fortieth. The other half
are members, documents and events of the same project tracker as in `benchmarks.database`: text,
JSON and numbers, with seven indexes. The same seed and size make the same rows.

    python -m benchmarks.postgresql.data build URL --size 1G
    python -m benchmarks.postgresql.data change URL --how random
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from benchmarks.database import Row, Rows, choose_ids
from benchmarks.sizes import parse_size
from benchmarks.text import Pool

_SCHEMA = """
CREATE TABLE members (
    id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL,
    joined_at timestamptz NOT NULL, profile jsonb NOT NULL
);
CREATE TABLE documents (
    id bigint PRIMARY KEY, owner_id bigint NOT NULL, title text NOT NULL, body text NOT NULL,
    tags jsonb NOT NULL, revision integer NOT NULL, updated_at timestamptz NOT NULL
);
CREATE TABLE events (
    id bigint PRIMARY KEY, member_id bigint NOT NULL, document_id bigint, kind text NOT NULL,
    at timestamptz NOT NULL, amount numeric(9, 2) NOT NULL, payload jsonb NOT NULL
);
"""
_INDEXES = """
CREATE INDEX documents_owner ON documents (owner_id, updated_at);
CREATE INDEX documents_title ON documents (title);
CREATE INDEX events_member ON events (member_id, at);
CREATE INDEX events_document ON events (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX events_kind ON events (kind, at);
CREATE INDEX members_joined ON members (joined_at);
"""
_UPDATES = {
    "members": """
        UPDATE members SET profile = jsonb_set(profile, '{about}', to_jsonb(%s::text))
        WHERE id = %s""",
    "documents": """
        UPDATE documents SET body = %s || substr(body, 200), revision = revision + 1,
        updated_at = '2025-06-01T12:00:00Z' WHERE id = %s""",
    "events": "UPDATE events SET amount = %s WHERE id = %s",
}
_TABLES = ("members", "documents", "events")
# Rows per table for each 1 GiB of database, half of which is pgbench's.
_ROWS_PER_GIB = {"members": 50_000, "documents": 140_000, "events": 800_000}
_PGBENCH_SCALE_PER_GIB = 34.0
_ACCOUNTS_PER_SCALE = 100_000
_UPDATED_SHARE = 0.01
_APPENDED_SHARE = 0.005
_NEWEST_SHARE = 0.05
_STEPS = 16


def build(url: str, size_bytes: int, *, pgbench: str, seed: int = 1) -> None:
    """Fill the empty database at `url` until it has about `size_bytes`.

    Args:
        pgbench: The program.
    """
    scale = max(1, round(_PGBENCH_SCALE_PER_GIB * size_bytes / (1 << 30)))
    subprocess.run([pgbench, "-i", "-q", "-s", str(scale), url], check=True, capture_output=True)
    rows = _PostgresRows(Pool(random.Random(seed)))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(_SCHEMA)
        for step in range(_STEPS):
            # The server puts later rows where pages have room left, as in a used database;
            # loaded at once, every page would have such room.
            for table, per_gib in _ROWS_PER_GIB.items():
                count = max(_STEPS, per_gib * size_bytes >> 30)
                ids = range(1 + count * step // _STEPS, 1 + count * (step + 1) // _STEPS)
                _append(connection, table, rows.make(table, ids))
                connection.execute(f"VACUUM ANALYZE {table}")
        connection.execute(_INDEXES)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def change(url: str, how: str, *, seed: int) -> None:
    """Change 1 % of the rows; it is one transaction, and nothing is vacuumed afterwards.

    Args:
        how: `accounts`: 1 % of pgbench's accounts at random, nothing else. `random`: 1 % of
            every table at random, and 0.5 % appended. `recent`: the same shares, half of the
            updates among the newest 3 % of the rows. `newest`: all of them among the newest
            5 %, as where what is done is done.
    """
    pool = Pool(random.Random(seed))
    rows = _PostgresRows(pool)
    with _connect(url) as connection:
        _update_accounts(connection, pool.random, "random" if how == "accounts" else how)
        if how == "accounts":
            return
        for table in _TABLES:
            count = _one(connection, f"SELECT max(id) FROM {table}")
            ids = _choose(pool.random, count, how)
            _update(connection, table, ids, pool)
            appended = range(count + 1, count + 1 + int(count * _APPENDED_SHARE))
            _append(connection, table, rows.make(table, appended))


class _PostgresRows:
    """The tracker's rows in the order and with the types of the tables here."""

    def __init__(self, pool: Pool) -> None:
        self._rows = Rows(pool)

    def make(self, table: str, ids: range) -> Iterator[Row]:
        rows = self._rows.make(table, ids)
        if table != "events":
            return rows
        return ((*row[:4], _timestamp(row[4]), *row[5:]) for row in rows)


def _timestamp(seconds: object) -> str:
    assert isinstance(seconds, int)
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _append(connection: psycopg.Connection, table: str, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _update_accounts(connection: psycopg.Connection, source: random.Random, how: str) -> None:
    count = _one(connection, "SELECT max(aid) FROM pgbench_accounts")
    ids = _choose(source, count, how)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE pgbench_accounts SET abalance = abalance + %s WHERE aid = %s",
            [(source.randrange(-5_000, 5_000), account) for account in ids],
        )
        cursor.executemany(
            "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)"
            " VALUES (%s, %s, %s, %s, '2025-06-01T12:00:00')",
            [(1 + n % 10, 1, account, n % 5_000) for n, account in enumerate(ids)],
        )


def _choose(source: random.Random, count: int, how: str) -> list[int]:
    if how != "newest":
        return choose_ids(source, count, how)
    first = count - int(count * _NEWEST_SHARE)
    return source.sample(range(first + 1, count + 1), int(count * _UPDATED_SHARE))


def _update(connection: psycopg.Connection, table: str, ids: list[int], pool: Pool) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_UPDATES[table], [(_new_value(table, pool), row_id) for row_id in ids])


def _new_value(table: str, pool: Pool) -> str:
    if table == "events":
        return str(round(pool.random.random() * 500, 2))
    return pool.text(60 if table == "members" else 200)


def _one(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection]:
    """Open one transaction; what it writes is committed at the end."""
    with psycopg.connect(url) as connection:
        connection.execute("SET synchronous_commit = off")
        yield connection


def main() -> None:
    """Build or change a database as the command line says."""
    parser = argparse.ArgumentParser(description="Build or change a PostgreSQL database.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("build", "change"):
        command = commands.add_parser(name)
        command.add_argument("url")
        command.add_argument("--seed", type=int, default=1)
    commands.choices["build"].add_argument("--size", type=parse_size, default="1G")
    commands.choices["build"].add_argument("--pgbench", default="pgbench")
    commands.choices["change"].add_argument(
        "--how", choices=("accounts", "random", "recent", "newest"), required=True
    )
    options = parser.parse_args()
    if options.command == "build":
        build(options.url, options.size, pgbench=options.pgbench, seed=options.seed)
    else:
        change(options.url, options.how, seed=options.seed)


if __name__ == "__main__":
    main()
