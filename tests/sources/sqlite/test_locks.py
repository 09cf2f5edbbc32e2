"""The application that embeds Holdfast keeps its locks: nothing opens its database in there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.sources.sqlite import SqliteSource
from tests.sources.sqlite.support import (
    JOURNAL_MODES,
    backup_of,
    capture,
    make,
    python,
    staged,
)

HOST = """
import sqlite3, sys
from pathlib import Path
from holdfast.errors import DatabaseLocked, TargetInUse
from holdfast.sources.sqlite import SqliteSource
from tests.sources.sqlite.support import backup_of, capture, python, staged

path, folder = Path(sys.argv[1]), Path(sys.argv[2])
TRY = '''
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("begin immediate")
    print("no lock")
except sqlite3.OperationalError as error:
    print(error)
'''
def others_see():
    return python(TRY, path).stdout.strip()

host = sqlite3.connect(path, isolation_level=None)
host.execute("begin immediate")
host.execute("insert into notes values('of the host')")
seen = [others_see()]
source = SqliteSource(path, busy_timeout_s=0.1)
captured = capture(source, folder)
seen.append(others_see())
backup = backup_of(captured, source)
with staged(source, backup, folder) as stage:
    stage.plan()
    assert all(check.passed for check in stage.check())
    stage.state()
    stage.live_version()
    seen.append(others_see())
    try:
        stage.swap()
        seen.append("swapped")
    except TargetInUse as error:
        seen.append("in use")
seen.append(others_see())
host.execute("commit")
end = "select count(*), (select * from pragma_integrity_check) from notes"
print(seen, host.execute(end).fetchall())
"""


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_a_write_transaction_of_the_host_keeps_its_lock(tmp_path: Path, journal_mode: str) -> None:
    """R08, R18: capture, plan, check and swap beside an open transaction of the same process.

    POSIX drops all locks of a process on a file when any descriptor of it is closed there.
    """
    path = make(tmp_path / "app.db", "insert into notes values(1)", journal_mode=journal_mode)
    host = tmp_path / "host.py"
    host.write_text(HOST)
    ended = subprocess.run(
        [sys.executable, host, path, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    locked = "database is locked"
    expected = [locked, locked, locked, "in use", locked]
    assert ended.stdout.strip() == f"{expected} [(2, 'ok')]", ended.stderr


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_this_process_never_opens_the_live_database(tmp_path: Path, journal_mode: str) -> None:
    """Every open of this process is looked at, by Python's own audit hook."""
    path = make(tmp_path / "app.db", "insert into notes values(1)", journal_mode=journal_mode)
    script = """
import os, sys
from pathlib import Path
from holdfast.sources.sqlite import SqliteSource
from tests.sources.sqlite.support import backup_of, capture, staged
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
live = {str(path) + suffix for suffix in ("", "-wal", "-shm", "-journal")}
opened = []
def hook(event, arguments):
    if event in ("open", "sqlite3.connect") and str(arguments[0]) in live:
        opened.append(arguments[0])
sys.addaudithook(hook)
source = SqliteSource(path)
captured = capture(source, folder)
with staged(source, backup_of(captured, source), folder, keep_previous=True) as stage:
    stage.plan(), stage.check(), stage.state(), stage.swap(), stage.undo()
assert "apsw" not in sys.modules and "sqlite3" in sys.modules
print(opened)
"""
    host = tmp_path / "host.py"
    host.write_text(script)
    ended = subprocess.run(
        [sys.executable, host, path, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert ended.stdout.strip() == "[]", ended.stderr


def test_the_rig_shows_that_opening_the_file_would_drop_the_lock(tmp_path: Path) -> None:
    """The danger is real: one open and close in the host's process, and the lock is gone."""
    path = make(tmp_path / "app.db", "insert into notes values(1)")
    ended = python(
        """
import sqlite3, subprocess, sys
host = sqlite3.connect(sys.argv[1], isolation_level=None)
host.execute("begin immediate")
open(sys.argv[1], "rb").close()
other = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0);"
    "c.execute('begin immediate')"
)
print(subprocess.run([sys.executable, "-c", other, sys.argv[1]]).returncode)
""",
        path,
    )

    assert ended.stdout.strip() == "0"


def test_nothing_of_a_restore_stays_open_in_this_process(tmp_path: Path) -> None:
    """The staged file becomes the live one when there was none: it must be closed by then."""
    path = make(tmp_path / "app.db", "insert into notes values(1)")
    source = SqliteSource(path)
    backup = backup_of(capture(source, tmp_path), source)
    path.unlink()
    with staged(source, backup, tmp_path) as stage:
        stage.swap()
        mine = [str(entry.resolve()) for entry in Path("/proc/self/fd").iterdir()]

    assert not [name for name in mine if name.startswith(str(path))]
