"""An application that commits all the time, and notes each commit that it was told is durable.

Run as `python -m tests.operations.committing DATABASE LOG`. In every commit two accounts keep
their sum, and a commit says how many lines it has; older commits are deleted, so that pages
are freed and used again.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

_KEPT = 50
_SUM = 1000


def prepare(database: Path, journal_mode: str) -> None:
    """Make the database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            f"pragma journal_mode = {journal_mode};"
            "create table accounts (id integer primary key, balance int);"
            f"insert into accounts values (1, {_SUM // 2}), (2, {_SUM // 2});"
            "create table commits (id integer primary key autoincrement, line_count int);"
            "create table lines (of_commit int, body text);"
            "create index lines_by_commit on lines (of_commit);"
        )


def last_acknowledged(log: Path) -> int:
    """Return the number of the last commit that was acknowledged, or 0."""
    whole = log.read_text().rpartition("\n")[0].split()
    return int(whole[-1]) if whole else 0


def broken_invariants(database: Path, acknowledged: int) -> list[str]:
    """Say what a copy of the database breaks that every moment of it keeps."""
    with closing(sqlite3.connect(database)) as connection:
        (total,) = connection.execute("select sum(balance) from accounts").fetchone()
        (newest,) = connection.execute("select coalesce(max(id), 0) from commits").fetchone()
        (torn,) = connection.execute(
            "select count(*) from commits c where line_count !="
            " (select count(*) from lines where of_commit = c.id)"
        ).fetchone()
        (integrity,) = connection.execute("pragma integrity_check").fetchone()
    found = {
        f"the accounts come to {total}": total != _SUM,
        f"commit {newest} is the newest, {acknowledged} was acknowledged": newest < acknowledged,
        f"{torn} commits lack lines": torn,
        integrity: integrity != "ok",
    }
    return [sentence for sentence, broken in found.items() if broken]


def _commit(connection: sqlite3.Connection) -> int:
    amount, lines = random.randrange(100), random.randrange(1, 40)
    connection.execute("begin immediate")
    connection.execute("update accounts set balance = balance - ? where id = 1", (amount,))
    number = connection.execute("insert into commits (line_count) values (?)", (lines,)).lastrowid
    assert number is not None
    connection.executemany("insert into lines values (?, ?)", [(number, "x" * 200)] * lines)
    connection.execute("delete from commits where id < ?", (number - _KEPT,))
    connection.execute("delete from lines where of_commit < ?", (number - _KEPT,))
    connection.execute("update accounts set balance = balance + ? where id = 2", (amount,))
    connection.execute("commit")
    return number


def main(database: str, log: str) -> None:
    """Commit until killed."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    connection.execute("pragma synchronous = off")  # no power is lost in this test
    with Path(log).open("a", buffering=1) as acknowledged:
        while True:
            acknowledged.write(f"{_commit(connection)}\n")
            time.sleep(0.003)  # applications breathe too


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
