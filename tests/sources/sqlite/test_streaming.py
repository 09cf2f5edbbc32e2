"""What a capture streams from a database in WAL mode, to the end or not, through the agent."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from holdfast.errors import AgentFailed, Cancelled, DatabaseChanged, DatabaseDamaged
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import Capture, CaptureContext
from holdfast.sources.sqlite import SqliteSource
from holdfast.sources.sqlite.session import AgentSession
from tests.sources.sqlite.support import Other, capture, dump, make, run_sql

LARGE = "insert into notes select zeroblob(4000000)"
"""More than the pipe takes, so that the agent is not done when the test acts."""
EVERYTHING = "pragma wal_checkpoint(truncate)"


@contextmanager
def begun(
    source: SqliteSource, scratch: Path, cancel: CancellationToken | None = None
) -> Iterator[tuple[Capture, BinaryIO]]:
    """Begin a capture and read its first bytes."""
    scratch.mkdir()
    context = CaptureContext(scratch_dir=scratch, cancel=cancel or CancellationToken())
    with source.capture(context) as captured:
        (entry,) = captured.entries()
        assert entry.open is not None
        assert list(scratch.iterdir()) == []
        with entry.open() as stream:
            assert stream.read(16) == b"SQLite format 3\0"
            yield captured, stream


@pytest.mark.parametrize("in_use", [True, False])
def test_no_copy_is_made(tmp_path: Path, in_use: bool) -> None:
    """Neither the space for it is needed nor the time."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    with Other(path) as other:
        if in_use:
            other.sql("insert into notes values('in the log')")
        expected = dump(path)
        with begun(SqliteSource(path), tmp_path / "scratch") as (captured, stream):
            rest = b"".join(iter(lambda: stream.read(65536), b""))
            facts = captured.facts()
    (tmp_path / "captured.db").write_bytes(b"SQLite format 3\0" + rest)
    assert dump(tmp_path / "captured.db") == expected
    assert facts.facts["way"] == ("streamed" if in_use else "quiet")
    assert facts.table_counts == {"notes": 1 + in_use}


def test_the_counts_are_those_of_the_bytes(tmp_path: Path) -> None:
    """R07: rows that come while it is read are in neither."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    with Other(path) as other:
        other.sql("insert into notes values(1)")
        with begun(SqliteSource(path), tmp_path / "scratch") as (captured, stream):
            other.sql("insert into notes values(2)")
            other.sql("pragma wal_checkpoint(passive)")
            content = b"SQLite format 3\0" + stream.read()
            facts = captured.facts()
        assert other.sql("select count(*) from notes") == "[(3,)]"
    (tmp_path / "captured.db").write_bytes(content)
    assert run_sql(tmp_path / "captured.db", "select count(*) from notes") == [(2,)]
    assert facts.table_counts == {"notes": 2}


def test_an_agent_that_dies_ends_the_capture_and_the_transaction(tmp_path: Path) -> None:
    """R08: what came so far is never taken for the whole."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    with Other(path) as other:
        other.sql("insert into notes values(1)")
        source = SqliteSource(path)
        with begun(source, tmp_path / "scratch") as (_, stream):
            os.kill(child_of_this(), signal.SIGKILL)
            with pytest.raises(AgentFailed, match="SIGKILL"):
                stream.read()
        assert other.sql(EVERYTHING) == "[(0, 0, 0)]"


def test_an_agent_that_fails_is_heard_though_somebody_else_keeps_its_pipe(tmp_path: Path) -> None:
    """An application that forks at the wrong moment has the other end in its child for ever."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    root = run_sql(path, "select rootpage from sqlite_schema where name='notes'")[0][0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)

    def read_while_somebody_keeps_the_pipe(kept: ExitStack) -> None:
        with begun(SqliteSource(path), tmp_path / "scratch") as (_, stream):
            for entry in Path(f"/proc/{child_of_this()}/fd").iterdir():
                if int(entry.name) > 2 and entry.readlink().name.startswith("pipe:"):
                    kept.enter_context(entry.open("wb", buffering=0))
            stream.read()

    with ExitStack() as kept, pytest.raises(DatabaseDamaged, match="is damaged: "):
        read_while_somebody_keeps_the_pipe(kept)


def child_of_this() -> int:
    """Return the process id of the agent."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if line.endswith(f"holdfast.sources.sqlite.agent\0{os.getpid()}\0".encode()):
            return int(entry.name)
    raise AssertionError("no agent")


@pytest.mark.parametrize("agent", ["sending", "stopped"])
def test_a_cancelled_capture_lets_the_database_go(tmp_path: Path, agent: str) -> None:
    """R08: the application's log can begin anew."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    cancel = CancellationToken()
    with Other(path) as other:
        other.sql("insert into notes values(1)")
        with begun(SqliteSource(path), tmp_path / "scratch", cancel) as (_, stream):
            assert other.sql(EVERYTHING).startswith("[(1")
            if agent == "stopped":
                os.kill(child_of_this(), signal.SIGSTOP)
            cancel.cancel()
            with pytest.raises(Cancelled):
                stream.read()
        assert other.sql(EVERYTHING) == "[(0, 0, 0)]"


@pytest.mark.parametrize("how", ["left unread", "never opened"])
def test_who_does_not_read_to_the_end_gets_the_facts(tmp_path: Path, how: str) -> None:
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    with Other(path) as other:
        other.sql("insert into notes values(1)")
        if how == "left unread":
            with begun(SqliteSource(path), tmp_path / "scratch") as (captured, _):
                assert captured.facts().count == 2
        else:
            with SqliteSource(path).capture(CaptureContext(scratch_dir=tmp_path)) as captured:
                list(captured.entries())
                assert captured.facts().count == 2
        assert other.sql(EVERYTHING) == "[(0, 0, 0)]"


def test_the_transaction_ends_with_its_last_byte(tmp_path: Path) -> None:
    """Not with the backup, which may go on to other sources for hours."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    with Other(path, timeout_s=20) as other:
        other.sql("insert into notes values(1)")
        with begun(SqliteSource(path), tmp_path / "scratch") as (captured, stream):
            stream.read()
            assert other.sql(EVERYTHING) == "[(0, 0, 0)]"
            assert captured.facts().count == 2


def test_a_database_at_rest_that_is_written_to_meanwhile_is_copied_then(tmp_path: Path) -> None:
    """R07: its file changed under the reader; what was read is refused."""
    path = make(tmp_path / "app.db", LARGE, journal_mode="wal")
    source = SqliteSource(path)
    with begun(source, tmp_path / "scratch") as (captured, stream):
        run_sql(path, "insert into notes values('new')")  # and a checkpoint as it closes
        stream.read()
        with pytest.raises(DatabaseChanged) as caught:
            captured.facts()
    assert caught.value.hint is not None
    with source.capture(CaptureContext(scratch_dir=tmp_path, copy_first=True)) as captured:
        list(captured.entries())
        assert captured.facts().table_counts == {"notes": 2}


@pytest.mark.parametrize("in_use", [True, False])
def test_a_damaged_database_is_refused_or_taken_as_such(tmp_path: Path, in_use: bool) -> None:
    path = make(tmp_path / "app.db", "insert into notes values(1)", journal_mode="wal")
    root = run_sql(path, "select rootpage from sqlite_schema where name='notes'")[0][0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    with Other(path) as other:
        if in_use:
            other.sql("create table fine(x)")
        with pytest.raises(DatabaseDamaged, match="is damaged: "):
            capture(SqliteSource(path), tmp_path)
        captured = capture(SqliteSource(path), tmp_path, allow_damaged=True)
        assert captured.facts.damaged
        assert captured.path.read_bytes()[(root - 1) * 4096 :][:4096] == b"\xff" * 4096


def test_a_foreign_key_check_that_takes_too_long_does_not_end_the_moment(tmp_path: Path) -> None:
    """An interrupted statement leaves the transaction as it is."""
    path = make(
        tmp_path / "app.db",
        "create table a(id integer primary key); create table b(a references a);"
        "with n(i) as (select 1 union all select i+1 from n where i < 200000)"
        " insert into b select i from n",
        journal_mode="wal",
    )
    (tmp_path / "scratch").mkdir()
    with Other(path) as other, AgentSession(stream=True) as agent:
        other.sql("insert into a values(1)")
        agent.call(
            "capture",
            path=str(path),
            destination=str(tmp_path / "scratch/copy.db"),
            scratch=str(tmp_path / "scratch"),
            timeout_s=5,
            allow_damaged=False,
            stream=True,
        )
        agent.ask("send", out=agent.stream_end, allow_damaged=False, violations_limit_s=0)
        agent.close_stream()
        assert agent.answer()["violations"] is None
