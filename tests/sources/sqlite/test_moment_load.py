"""R07: moments beside several writers, checkpoints of every kind, VACUUM, and other readers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from holdfast.sources.sqlite.agent import inspection, moment
from tests.rig.daemon import wait_until
from tests.rig.load import backups_under_load
from tests.sources.sqlite.support import beside, run_sql
from tests.sources.sqlite.test_moment import backed_up, comparable, read_out

MOMENTS = backups_under_load(12)
"""For each page size."""
FEWEST_STREAMED = 0.8
"""Of the moments; the rest may go by way of a copy, when the application never pauses."""

WRITER = """
import random, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("pragma synchronous=off")  # no power is lost in this test
connection.execute(f"pragma wal_autocheckpoint={sys.argv[3]}")
acknowledged = open(sys.argv[2], "w", buffering=1)
while True:
    amount, rows = random.randrange(100), random.randrange(1, 60)
    connection.execute("begin immediate")
    connection.execute("update accounts set balance = balance - ? where id = 1", (amount,))
    (number,) = connection.execute("insert into commits default values returning id").fetchone()
    connection.executemany(
        "insert into lines(of_commit, body) values (?, ?)",
        [(number, random.randbytes(random.randrange(900))) for _ in range(rows)],
    )
    connection.execute("update commits set line_count = ? where id = ?", (rows, number))
    connection.execute("update accounts set balance = balance + ? where id = 2", (amount,))
    kept = random.choice((5, 20, 100))
    connection.execute("delete from lines where of_commit < ?", (number - kept,))
    connection.execute("delete from commits where id < ?", (number - kept,))
    connection.execute("commit")
    acknowledged.write(f"{number}\\n")
    time.sleep(random.random() / 200)
"""

KEEPER = """
import random, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0.2)
done = 0
while True:
    what = random.choice(("wal_checkpoint(passive)", "wal_checkpoint(full)",
                          "wal_checkpoint(restart)", "wal_checkpoint(truncate)",
                          "incremental_vacuum(20)", "vacuum"))
    try:
        connection.execute(what if what == "vacuum" else "pragma " + what).fetchall()
    except sqlite3.OperationalError:
        pass  # busy
    done += 1
    print(done, flush=True)
    time.sleep(random.random() / 100)
"""

READER = """
import random, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
while True:
    connection.execute("begin")
    connection.execute("select count(*) from lines").fetchall()
    time.sleep(random.random() / 20)
    connection.execute("select count(*) from lines").fetchall()
    connection.execute("commit")
"""

SCHEMA = (
    "create table accounts(id integer primary key, balance int);"
    "insert into accounts values(1, 500), (2, 500);"
    "create table commits(id integer primary key autoincrement, line_count int default 0);"
    "create table lines(of_commit int, body);"
    "create index of_commit on lines(of_commit);"
)
TORN = (
    "select count(*) from commits c where line_count !="
    " (select count(*) from lines where of_commit = c.id)"
)
ORPHANS = "select count(*) from lines where of_commit not in (select id from commits)"


@contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def newest(log: Path) -> int:
    whole = log.read_text().rpartition("\n")[0].split() if log.exists() else []
    return int(whole[-1]) if whole else 0


@pytest.mark.parametrize("page_size", [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])
def test_moments_under_load(tmp_path: Path, page_size: int) -> None:
    """R07, R08: each is sound, keeps the invariants, has every acknowledged commit, and is
    what SQLite copies and counts in the same transaction; the application is not disturbed.
    """
    (tmp_path / "live").mkdir()
    path = tmp_path / "live/app.db"
    run_sql(
        path,
        f"pragma page_size={page_size}; pragma auto_vacuum=incremental;"
        f"pragma journal_mode=wal; {SCHEMA}",
    )
    logs = [tmp_path / "first", tmp_path / "second"]
    streamed = with_frames = 0
    with ExitStack() as stack:
        processes = [
            stack.enter_context(running(WRITER, path, logs[0], 1000)),
            stack.enter_context(running(WRITER, path, logs[1], 20)),
            stack.enter_context(running(KEEPER, path)),
            stack.enter_context(running(READER, path)),
            stack.enter_context(running(READER, path)),
        ]
        wait_until(lambda: all(map(newest, logs)), "the first commits")
        files = beside(path)
        for _ in range(MOMENTS):
            acknowledged = max(map(newest, logs))
            held = moment.hold(str(path), 30)
            if held is None:
                continue
            streamed += 1
            with_frames += bool(held.frames)
            try:
                content = read_out(held)
                assert comparable(content) == comparable(backed_up(held, tmp_path))
                counts, _ = inspection.count_rows(held.connection)
                held.require_held()
            finally:
                held.close()
            look_at(tmp_path / "captured.db", content, acknowledged, counts)
        assert all(process.poll() is None for process in processes), "somebody was disturbed"
        assert beside(path) == files
    assert streamed >= MOMENTS * FEWEST_STREAMED
    print(f"pages of {page_size}: {streamed} of {MOMENTS} streamed, {with_frames} with a log")
    assert run_sql(path, "pragma integrity_check") == [("ok",)]


def look_at(captured: Path, content: bytes, acknowledged: int, counts: dict[str, int]) -> None:
    captured.write_bytes(content)
    assert run_sql(captured, "pragma integrity_check") == [("ok",)]
    assert run_sql(captured, "select sum(balance) from accounts") == [(1000,)]
    assert run_sql(captured, "select max(id) from commits")[0][0] >= acknowledged
    assert run_sql(captured, TORN) == [(0,)]
    assert run_sql(captured, ORPHANS) == [(0,)]
    for table, count in counts.items():
        assert run_sql(captured, f"select count(*) from {table}") == [(count,)]
    captured.unlink()
