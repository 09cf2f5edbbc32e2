"""R07: captures under load are whole moments and miss no commit that was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.sources.sqlite import SqliteSource
from tests.rig.daemon import wait_until
from tests.rig.load import backups_under_load
from tests.sources.sqlite.support import JOURNAL_MODES, capture, run_sql

CAPTURES = backups_under_load(20)

WRITER = """
import random, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("pragma synchronous=off")  # no power is lost in this test
acknowledged = open(sys.argv[2], "w", buffering=1)
while True:
    amount, rows = random.randrange(100), random.randrange(1, 60)
    connection.execute("begin immediate")
    connection.execute("update accounts set balance = balance - ? where id = 1", (amount,))
    (number,) = connection.execute("insert into commits default values returning id").fetchone()
    connection.executemany(
        "insert into lines(of_commit, body) values (?, ?)", [(number, "x" * 200)] * rows
    )
    connection.execute("update commits set line_count = ? where id = ?", (rows, number))
    connection.execute("update accounts set balance = balance + ? where id = 2", (amount,))
    connection.execute("delete from commits where id < ?", (number - 50,))
    connection.execute("delete from lines where of_commit < ?", (number - 50,))
    connection.execute("commit")
    acknowledged.write(f"{number}\\n")
    time.sleep(0.002)  # applications breathe too
"""


def last_acknowledged(log: Path) -> int:
    whole = log.read_text().rpartition("\n")[0].split()
    return int(whole[-1]) if whole else 0


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_captures_under_load(tmp_path: Path, journal_mode: str) -> None:
    """R07: two tables agree in each copy, and it has every commit acknowledged before."""
    path, log = tmp_path / "app.db", tmp_path / "acknowledged"
    run_sql(
        path,
        f"pragma journal_mode={journal_mode};"
        "create table accounts(id integer primary key, balance int);"
        "insert into accounts values(1, 500), (2, 500);"
        "create table commits(id integer primary key autoincrement, line_count int default 0);"
        "create table lines(of_commit int, body);",
    )
    source = SqliteSource(path)
    log.touch()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(log)])
    try:
        before = 0
        for _ in range(CAPTURES):
            goal = before + 1
            wait_until(lambda: last_acknowledged(log) >= goal, "a commit")  # noqa: B023  at once
            before = last_acknowledged(log)
            captured = capture(source, tmp_path).path
            assert run_sql(captured, "select sum(balance) from accounts") == [(1000,)]
            assert run_sql(captured, "select max(id) from commits")[0][0] >= before
            wrong = (
                "select count(*) from commits c where line_count !="
                " (select count(*) from lines where of_commit = c.id)"
            )
            run_sql(captured, "create index i on lines(of_commit)")
            assert run_sql(captured, wrong) == [(0,)]
            captured.unlink()
        assert writer.poll() is None, "the application was disturbed"
    finally:
        writer.kill()
        writer.wait()
    assert run_sql(path, "pragma integrity_check") == [("ok",)]
