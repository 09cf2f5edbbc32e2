"""Build a realistic SQLite database of a given size, and change it as applications do.

It is a small project tracker: members, documents with text, events with JSON and numbers,
attachments with bytes that do not compress; seven indexes; WAL mode. The same seed and size
make the same rows.

    python -m benchmarks.database build FILE --size 1G
    python -m benchmarks.database change FILE --how random
"""

from __future__ import annotations

import argparse
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.sizes import parse_size
from benchmarks.text import Pool

_SCHEMA = """
CREATE TABLE members (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    joined_at TEXT NOT NULL, profile TEXT NOT NULL
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES members (id),
    title TEXT NOT NULL, body TEXT NOT NULL, tags TEXT NOT NULL,
    revision INTEGER NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL, document_id INTEGER,
    kind TEXT NOT NULL, at INTEGER NOT NULL, amount REAL NOT NULL, payload TEXT NOT NULL
);
CREATE TABLE attachments (
    id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL, name TEXT NOT NULL,
    media_type TEXT NOT NULL, content BLOB NOT NULL
);
CREATE INDEX documents_owner ON documents (owner_id, updated_at);
CREATE INDEX documents_title ON documents (title);
CREATE INDEX events_member ON events (member_id, at);
CREATE INDEX events_document ON events (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX events_kind ON events (kind, at);
CREATE INDEX attachments_document ON attachments (document_id);
CREATE INDEX members_joined ON members (joined_at);
"""
_INSERTS = {
    "members": "INSERT INTO members VALUES (?, ?, ?, ?, ?)",
    "documents": "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
    "events": "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
    "attachments": "INSERT INTO attachments VALUES (?, ?, ?, ?, ?)",
}
# Rows per table for each 1 GiB of database.
_ROWS_PER_GIB = {
    "members": 62_000,
    "documents": 195_000,
    "events": 1_540_000,
    "attachments": 14_500,
}
_KINDS = ("viewed", "edited", "commented", "shared", "exported", "signed_in", "paid")
_MEDIA_TYPES = ("image/jpeg", "image/png", "application/pdf")
_FIRST_AT = 1_672_531_200  # 2023-01-01
_SECONDS_BETWEEN_EVENTS = 40
_UPDATED_SHARE = 0.01
_APPENDED_SHARE = 0.005

Row = tuple[object, ...]


class Rows:
    """Makes rows by id; sizes vary as they do in life, with a long tail."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._random = pool.random
        self._makers: dict[str, Callable[[int], Row]] = {
            "members": self._member,
            "documents": self._document,
            "events": self._event,
            "attachments": self._attachment,
        }

    def make(self, table: str, ids: range) -> Iterator[Row]:
        maker = self._makers[table]
        return (maker(row_id) for row_id in ids)

    def _member(self, row_id: int) -> Row:
        pool = self._pool
        first, last = pool.word(), pool.word()
        profile = (
            f'{{"language": "{pool.word()[:2]}", "theme": "{pool.word()}", '
            f'"about": "{pool.text(60)}", "visits": {row_id * 7919 % 1000}}}'
        )
        return (
            row_id,
            f"{first}.{last}.{row_id}@example.org",
            f"{first.title()} {last.title()}",
            f"2023-{1 + row_id % 12:02}-{1 + row_id % 28:02}T08:15:00Z",
            profile,
        )

    def _document(self, row_id: int) -> Row:
        pool = self._pool
        length = 300 + int(5200 * self._random.random() ** 2)
        tags = f'["{pool.word()}", "{pool.word()}", "{pool.word()}"]'
        owner = 1 + int(self._random.random() ** 2 * 20_000)
        at = f"2024-{1 + row_id % 12:02}-{1 + row_id % 28:02}T{row_id % 24:02}:30:00Z"
        return row_id, owner, pool.text(40), pool.text(length), tags, 1, at

    def _event(self, row_id: int) -> Row:
        pool, chance = self._pool, self._random.random()
        kind = _KINDS[int(chance * len(_KINDS))]
        payload = (
            f'{{"request": "{self._random.getrandbits(64):016x}", "address": '
            f'"10.{row_id % 251}.{int(chance * 255)}.7", "note": "{pool.text(48)}", '
            f'"duration_ms": {int(chance * 90_000)}, "ok": true}}'
        )
        document = 1 + int(chance * 150_000) if row_id % 3 else None
        at = _FIRST_AT + row_id * _SECONDS_BETWEEN_EVENTS
        member = 1 + int(self._random.random() ** 2 * 50_000)
        return row_id, member, document, kind, at, round(chance * 500, 2), payload

    def _attachment(self, row_id: int) -> Row:
        length = 2_000 + int(22_000 * self._random.random() ** 2)
        media_type = _MEDIA_TYPES[row_id % len(_MEDIA_TYPES)]
        document = 1 + row_id * 13 % 150_000
        return row_id, document, f"scan-{row_id}.bin", media_type, self._pool.blob(length)


def build(path: Path, size_bytes: int, *, seed: int = 1) -> None:
    """Build a database of about `size_bytes` at the new file `path`."""
    rows = Rows(Pool(random.Random(seed)))
    with closing(_connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA page_size = 4096;")
        connection.executescript(_SCHEMA)
        steps = 64
        for step in range(steps):
            # The tables grow together, so that their pages lie mixed as in a used database.
            with connection:
                for table, per_gib in _ROWS_PER_GIB.items():
                    count = max(steps, per_gib * size_bytes >> 30)
                    ids = range(1 + count * step // steps, 1 + count * (step + 1) // steps)
                    connection.executemany(_INSERTS[table], rows.make(table, ids))
        connection.execute("PRAGMA journal_mode = WAL")


def change(path: Path, how: str, *, seed: int) -> None:
    """Update 1 % of the rows and append 0.5 % more, then close the database.

    Args:
        how: `random`: any row alike. `recent`: mostly the newest, as in most applications.
    """
    pool = Pool(random.Random(seed))
    rows = Rows(pool)
    with closing(_connect(path)) as connection, connection:
        for table in _ROWS_PER_GIB:
            (count,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
            ids = choose_ids(pool.random, count, how)
            connection.executemany(*_update(table, ids, pool))
            appended = range(count + 1, count + 1 + int(count * _APPENDED_SHARE))
            connection.executemany(_INSERTS[table], rows.make(table, appended))


def choose_ids(random_source: random.Random, count: int, how: str) -> list[int]:
    """Return the ids of 1 % of `count` rows: `random`, or mostly the `recent` ones."""
    wanted = int(count * _UPDATED_SHARE)
    if how == "random":
        return random_source.sample(range(1, count + 1), wanted)
    # The fifth power puts half of the updates into the newest 3 % of the rows.
    chosen: dict[int, None] = {}
    while len(chosen) < wanted:
        chosen[count - int(count * random_source.random() ** 5)] = None
    return list(chosen)


def _update(table: str, ids: list[int], pool: Pool) -> tuple[str, list[Row]]:
    if table == "members":
        sql = "UPDATE members SET profile = json_set(profile, '$.about', ?) WHERE id = ?"
        return sql, [(pool.text(60), row_id) for row_id in ids]
    if table == "documents":
        sql = (
            "UPDATE documents SET body = ? || substr(body, 200), revision = revision + 1, "
            "updated_at = '2025-06-01T12:00:00Z' WHERE id = ?"
        )
        return sql, [(pool.text(200), row_id) for row_id in ids]
    if table == "events":
        sql = "UPDATE events SET amount = ? WHERE id = ?"
        return sql, [(round(pool.random.random() * 500, 2), row_id) for row_id in ids]
    sql = "UPDATE attachments SET content = ? WHERE id = ?"
    return sql, [(pool.blob(8_000), row_id) for row_id in ids]


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
    return connection


def main() -> None:
    """Build or change a database as the command line says."""
    parser = argparse.ArgumentParser(description="Build or change a benchmark database.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("build", "change"):
        command = commands.add_parser(name)
        command.add_argument("file", type=Path)
        command.add_argument("--seed", type=int, default=1)
    commands.choices["build"].add_argument("--size", type=parse_size, default="1G")
    commands.choices["change"].add_argument("--how", choices=("random", "recent"), required=True)
    options = parser.parse_args()
    if options.command == "build":
        build(options.file, options.size, seed=options.seed)
    else:
        change(options.file, options.how, seed=options.seed)


if __name__ == "__main__":
    main()
