"""A restore that is killed leaves the old data or the new, and says which."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import RestoreError
from holdfast.sources.sqlite import SqliteSource
from holdfast.sources.sqlite.agent import settling
from holdfast.sources.sqlite.agent.names import Names, names_for
from holdfast.sources.sqlite.session import AgentFailed
from tests.rig.daemon import alive, wait_until
from tests.rig.killer import Killer, Moment
from tests.sources.sqlite.dying import OWNERSHIP
from tests.sources.sqlite.support import (
    JOURNAL_MODES,
    Other,
    backup_of,
    capture,
    run_sql,
    staged,
    tree,
)

ROWS = (
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})"
    "insert into notes select '{word} ' || i || hex(zeroblob(400)) from n;"
)


def fill(path: Path, word: str, rows: int, journal_mode: str = "delete") -> Path:
    run_sql(
        path,
        f"pragma journal_mode={journal_mode}; create table notes(body);"
        "create table count_of_notes(n);"
        f"{ROWS.format(word=word, rows=rows)}"
        "insert into count_of_notes select count(*) from notes;",
    )
    return path


def content(path: Path) -> str:
    """Return `old` or `new`, if the database is wholly that, and sound."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        words = connection.execute("select distinct substr(body, 1, 3) from notes").fetchall()
        counts = connection.execute("select n, (select count(*) from notes) from count_of_notes")
        assert counts.fetchone() in [(12, 12), (20, 20)]
    assert len(words) == 1, "a mixture"
    return str(words[0][0])


class Scene:
    """An old live database, a staged new one, and room for more."""

    def __init__(self, folder: Path, live_kind: str) -> None:
        self.templates = folder / "templates"
        self.live = folder / "live"
        self.scratch = folder / "scratch"
        self.kind = live_kind
        self.templates.mkdir()
        if live_kind in JOURNAL_MODES:
            fill(self.templates / "old.db", "old", 12, live_kind)
        fill(self.templates / "new.db", "new", 20)
        self.path = self.live / "app.db"
        self.names: Names = names_for(str(self.path), "t0ken", str(self.scratch))

    def prepare(self) -> list[Any]:
        for folder in (self.live, self.scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        if self.kind in JOURNAL_MODES:
            shutil.copy(self.templates / "old.db", self.path)
        elif self.kind == "no database":
            self.path.write_bytes(b"old no database" * 50)
            self.path.with_name("app.db-wal").write_bytes(b"old wal")
        shutil.copy(self.templates / "new.db", self.names.staged)
        found = Path(self.names.staged).stat()
        self.staged_id = (found.st_dev, found.st_ino)
        return [list(self.names)]

    def state(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "staged_id": list(self.staged_id),
            "was_wal": self.kind == "wal",
            "ownership": list(OWNERSHIP),
        }

    def content(self) -> str:
        if not self.path.exists():
            return "old" if self.kind == "absent" else "gone"
        if self.path.read_bytes().startswith(b"old no database"):
            wal = self.path.with_name("app.db-wal")
            return "old" if wal.exists() and wal.read_bytes() == b"old wal" else "without its wal"
        return content(self.path)

    def settle(self, committed: bool | None) -> bool:
        way = settling.settle(
            self.names,
            staged_id=self.staged_id,
            was_wal=self.kind == "wal",
            ownership=OWNERSHIP,
            committed=committed,
            scratch=str(self.scratch),
            timeout_s=5,
        )
        return way is not None


KINDS = [*JOURNAL_MODES, "absent", "no database"]


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_step_of_a_swap(tmp_path: Path, kind: str) -> None:
    """R17: old or new, never mixed; the next start says which and can go either way."""
    scene = Scene(tmp_path, kind)
    seen: set[str] = set()
    with Killer("tests.sources.sqlite.dying:swap") as killer:
        for number, death in enumerate(killer.each(scene.prepare, [scene.live, scene.scratch])):
            told = scene.settle(None)
            now = scene.content()
            # Files that only lost what is beside them are put right by taking the swap back.
            assert now in ("old", "new", "without its wal"), str(death)
            assert told == (now == "new"), str(death)
            seen.add(now)
            wanted = number % 2 == 0
            assert scene.settle(wanted) is wanted, str(death)
            assert scene.content() == ("new" if wanted else "old"), str(death)
            if kind in JOURNAL_MODES:
                assert run_sql(scene.path, "pragma journal_mode") == [(kind,)]

    assert {"old", "new"} <= seen


@pytest.mark.parametrize("kind", ["absent", "no database"])
def test_killed_at_every_step_of_taking_a_swap_back(tmp_path: Path, kind: str) -> None:
    """R17: settling may be killed too; the next one ends it."""
    scene = Scene(tmp_path, kind)

    def prepare() -> list[Any]:
        scene.prepare()
        assert scene.settle(True)
        return [list(scene.names), list(scene.staged_id), False]

    with Killer("tests.sources.sqlite.dying:settle") as killer:
        for death in killer.each(prepare, [scene.live, scene.scratch], moment=Moment.AFTER):
            assert scene.settle(False) is False, str(death)
            assert scene.content() == "old", str(death)


def test_rows_written_after_a_crash_do_not_hide_what_happened(tmp_path: Path) -> None:
    """The application works on after the crash, and then the next start looks."""
    scene = Scene(tmp_path, "delete")
    work = (
        "update notes set body = substr(body, 1, 4) || 'worked on' where rowid % 3 = 0;"
        "create table made_later(x); insert into made_later values(1)"
    )
    seen = set()
    with Killer("tests.sources.sqlite.dying:swap") as killer:
        for death in killer.each(scene.prepare, [scene.live, scene.scratch], stride=2):
            before = content(scene.path)
            run_sql(scene.path, f"{work};")
            assert scene.settle(None) == (before == "new"), str(death)
            seen.add(before)

    assert seen == {"old", "new"}


def big_source(tmp_path: Path, journal_mode: str) -> tuple[SqliteSource, Path, bytes]:
    (tmp_path / "live").mkdir()
    path = tmp_path / "live/app.db"
    fill(path, "old", 12, journal_mode)
    run_sql(path, "create table big(x)")
    run_sql(path, "insert into big values(zeroblob(8000000))")
    new = fill(tmp_path / "new.db", "new", 20)
    run_sql(new, "create table big(x)")
    run_sql(new, "insert into big values(randomblob(12000000))")
    return SqliteSource(path), path, new.read_bytes()


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_an_agent_that_is_killed_in_the_middle_is_settled_at_once(
    tmp_path: Path, journal_mode: str
) -> None:
    """R17, R18: SIGKILL at any time, with the database open elsewhere: wholly old or new."""
    source, path, new = big_source(tmp_path, journal_mode)
    outcomes = []
    with Other(path) as other:
        other.sql("select * from count_of_notes")
        for delay_ms in (None, 0, 5, 15, 30, 60, 120):
            with staged(source, tree(source, new), tmp_path, keep_previous=True) as stage:
                stage.state()
                stage.live_version()
                assert stage._agent is not None
                kill = (stage._agent.pid, signal.SIGKILL)
                timer = threading.Timer((delay_ms or 0) / 1000, os.kill, kill)
                if delay_ms is None:
                    os.kill(*kill)  # for certain before it is done
                else:
                    timer.start()
                try:
                    stage.swap()
                    expected = "new"
                except AgentFailed:
                    expected = "old"
                timer.cancel()
                if delay_ms is not None:
                    timer.join()
                assert content(path) == expected
                outcomes.append(expected)
                if expected == "new":
                    stage.undo()
                assert content(path) == "old"
    assert "old" in outcomes
    assert [entry.name for entry in path.parent.iterdir() if "holdfast" in entry.name] == []


PARENT = """
import sys
from pathlib import Path
from tests.sources.sqlite.support import staged, tree
from holdfast.sources.sqlite import SqliteSource
import json
source = SqliteSource(Path(sys.argv[1]))
new = Path(sys.argv[2]).read_bytes()
with staged(source, tree(source, new), Path(sys.argv[3]), keep_previous=True) as stage:
    state = stage.state()
    stage.live_version()
    print(json.dumps(state), stage._agent.pid, flush=True, sep="\\t")
    sys.stdin.readline()
    stage.swap()
    print("swapped", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_a_parent_that_is_killed_is_recovered_from_its_journal(
    tmp_path: Path, journal_mode: str
) -> None:
    """R17: the process of Holdfast dies; `recover` says which and goes either way, twice."""
    source, path, new = big_source(tmp_path, journal_mode)
    (tmp_path / "new.bytes").write_bytes(new)
    seen = set()
    for number, delay_ms in enumerate((0, 20, 50, None)):
        with subprocess.Popen(
            [sys.executable, "-c", PARENT, path, tmp_path / "new.bytes", tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as parent:
            assert parent.stdout is not None
            line, _, pid = parent.stdout.readline().partition("\t")
            # The first is killed before its swap can begin, the last when it is done.
            if number:
                assert parent.stdin is not None
                parent.stdin.write("\n")
                parent.stdin.flush()
            if delay_ms is None:
                assert parent.stdout.readline() == "swapped\n"
            else:
                time.sleep(delay_ms / 1000)
            parent.kill()
        wait_until(lambda: not alive(int(pid)), "the agent's end")  # noqa: B023  at once
        state = json.loads(line)
        told = source.recover(state, committed=None)
        assert content(path) == ("new" if told else "old")
        seen.add(told)
        wanted = number % 2 == 1
        for _ in range(2):
            assert source.recover(state, committed=wanted) is wanted
            assert content(path) == ("new" if wanted else "old")
        assert not [entry.name for entry in path.parent.iterdir() if "holdfast" in entry.name]
        if wanted:
            again = tree(source, (tmp_path / "old.bytes").read_bytes())
            with staged(source, again, tmp_path) as stage:
                stage.swap()
        elif not number:
            (tmp_path / "old.bytes").write_bytes(capture(source, tmp_path).path.read_bytes())
    assert seen == {True, False}


LOOKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
look = ("select (select group_concat(word) from (select distinct substr(body, 1, 3) word"
        " from notes where rowid < 12)),"
        " (select count(*) from notes) >= (select n from count_of_notes)")
print("ready", flush=True)
while True:
    row = connection.execute(look).fetchone()
    print(*row, flush=True)
"""

WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
print("ready", flush=True)
while True:
    connection.execute("insert into notes select substr(body, 1, 3) || ' more' from notes limit 1")
    print("wrote", flush=True)
    time.sleep(0.002)
"""


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_readers_and_writers_of_a_live_application_see_one_switch(
    tmp_path: Path, journal_mode: str
) -> None:
    """R18: each reader's moment is wholly old or wholly new, and writers go on after it."""
    source, path, new = big_source(tmp_path, journal_mode)
    processes = [
        subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True)
        for script in (LOOKER, WRITER)
    ]
    looker, writer = processes
    assert looker.stdout is not None
    assert writer.stdout is not None
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        assert looker.stdout.readline() == "old 1\n"
        with staged(source, tree(source, new), tmp_path) as stage:
            stage.swap()
        words: list[str] = []
        while not words or words[-1] != "new 1\n":
            words.append(looker.stdout.readline())
        assert set(words) <= {"old 1\n", "new 1\n"}
        assert writer.stdout.readline() == "wrote\n"
        assert writer.poll() is None
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert run_sql(path, "pragma integrity_check") == [("ok",)]


def test_fact_4_a_stale_wal_beside_a_replaced_file_corrupts_it(tmp_path: Path) -> None:
    """R18, the experiment: why files are not replaced beside a -wal."""
    path = fill(tmp_path / "app.db", "old", 12, "wal")
    with Other(path) as other:
        other.sql("update notes set body = 'old ' || hex(randomblob(600))")
        other.kill()
    fill(tmp_path / "new.db", "new", 20).replace(path)

    with pytest.raises((AssertionError, sqlite3.DatabaseError)):
        assert content(path) == "new"


def test_fact_4_a_rename_over_an_open_database_is_not_seen(tmp_path: Path) -> None:
    """R18, the experiment: why a database that is open is never renamed over."""
    path = fill(tmp_path / "app.db", "old", 12)
    with Other(path) as other:
        other.sql("select 1 from notes")
        fill(tmp_path / "new.db", "new", 20).replace(path)

        assert other.sql("select distinct substr(body, 1, 3) from notes") == "[('old',)]"


def test_what_is_needed_to_settle_and_gone_is_named(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "delete")
    scene.prepare()
    state = scene.state()
    source = SqliteSource(scene.path)
    Path(scene.names.log).write_text("cookie 3\ncommitted\n")

    with pytest.raises(RestoreError, match="no longer at"):
        source.recover(state, committed=False)


def test_a_restore_that_never_began_is_told_as_old(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "wal")
    scene.prepare()
    source = SqliteSource(scene.path)
    backup_of(capture(source, tmp_path), source)

    assert source.recover(scene.state(), committed=None) is False
    assert source.recover(scene.state(), committed=False) is False
    assert sorted(entry.name for entry in scene.live.iterdir()) == ["app.db"]
