"""A capture takes what is committed, whatever the database is like, and says what it took."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from holdfast.errors import (
    Cancelled,
    DatabaseDamaged,
    DatabaseEncrypted,
    DatabaseLocked,
    NotADatabase,
    SourceNotFound,
)
from holdfast.models.manifest import ContentEntry
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import CaptureContext
from holdfast.sources.sqlite import SqliteSource, fingerprint
from holdfast.sources.sqlite.agent import reading
from tests.sources.sqlite.support import (
    JOURNAL_MODES,
    Other,
    beside,
    capture,
    dump,
    make,
    python,
    rest,
    run_sql,
)

ROWS = "insert into notes select value from json_each('[1,2,3]')"


@pytest.mark.parametrize("journal_mode", [*JOURNAL_MODES, "truncate", "persist"])
@pytest.mark.parametrize("open_elsewhere", [True, False])
def test_capture_takes_what_is_committed_and_not_more(
    tmp_path: Path, journal_mode: str, open_elsewhere: bool
) -> None:
    """R08: any journal mode, in use or not; the source is as it was."""
    (tmp_path / "live").mkdir()
    path = make(tmp_path / "live/app.db", ROWS, journal_mode=journal_mode)
    expected = dump(path)
    if not open_elsewhere:
        before = beside(path)
        assert dump(capture(SqliteSource(path), tmp_path).path) == expected
        assert beside(path) == before
        return
    with Other(path) as other:
        assert other.sql("begin immediate") == "[]"
        assert other.sql("insert into notes values('not committed')") == "[]"
        before = beside(path)

        captured = capture(SqliteSource(path), tmp_path)

        assert beside(path) == before
        assert other.sql("commit") == "[]"
    assert dump(captured.path) == expected
    assert captured.facts.table_counts == {"notes": 3}


def test_wal_frames_stay_in_the_wal(tmp_path: Path) -> None:
    """R08: a capture never checkpoints: not a byte of the database or its -wal changes."""
    (tmp_path / "live").mkdir()
    path = make(tmp_path / "live/app.db", journal_mode="wal")
    wal = tmp_path / "live/app.db-wal"
    with Other(path) as other:
        other.sql(ROWS)
        before = (path.read_bytes(), wal.read_bytes(), wal.stat(), path.stat())

        captured = capture(SqliteSource(path), tmp_path)

        after = (path.read_bytes(), wal.read_bytes(), wal.stat(), path.stat())
    assert len(before[1]) > 0
    assert after[:2] == before[:2]
    assert [s.st_mtime_ns for s in after[2:]] == [s.st_mtime_ns for s in before[2:]]
    assert captured.facts.table_counts == {"notes": 3}


@pytest.mark.parametrize("page_size", [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])
def test_every_page_size(tmp_path: Path, page_size: int) -> None:
    """R08: pages of 512 to 65536 bytes."""
    path = tmp_path / "app.db"
    run_sql(path, f"pragma page_size={page_size}; create table notes(body); {ROWS};")

    captured = capture(SqliteSource(path), tmp_path)

    assert captured.entry.page_size == page_size
    assert captured.entry.node.size == path.stat().st_size
    assert dump(captured.path) == dump(path)


@pytest.mark.parametrize(
    "script",
    [
        (
            "pragma auto_vacuum=full; create table t(x); insert into t values(zeroblob(9999));"
            "delete from t"
        ),
        "pragma auto_vacuum=incremental; create table t(x); insert into t values(1)",
        "pragma encoding='UTF-16le'; create table t(x); insert into t values('zß水🍌')",
        "create table t(k text primary key, v) without rowid; insert into t values('a', 1)",
        "create table t(a int, b int as (a*2) stored, c int as (a+1)); insert into t values(1)",
        "create table t(a int, b text) strict; insert into t values(1, 'x')",
        (
            "create table t(x); create view v as select x from t;"
            " create trigger g after insert on t begin delete from t; end;"
            " create index i on t(x) where x > 1"
        ),
        "create table t(id integer primary key autoincrement, x); insert into t(x) values(1)",
    ],
)
def test_every_kind_of_table(tmp_path: Path, script: str) -> None:
    path = tmp_path / "app.db"
    run_sql(path, f"{script};")

    captured = capture(SqliteSource(path), tmp_path)

    assert dump(captured.path) == dump(path)
    assert list(captured.facts.table_counts) == ["t"]


def test_full_text_tables_are_counted_and_what_backs_them_is_not(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "create virtual table words using fts5(word)")
    run_sql(path, "insert into words values('hello'), ('world')")

    captured = capture(SqliteSource(path), tmp_path)

    assert captured.facts.table_counts == {"notes": 0, "words": 2}
    assert run_sql(captured.path, "select rowid from words where words match 'world'") == [(2,)]


@pytest.mark.parametrize(
    "name", ["a b.db", "what?.db", "50%25.db", "#1.db", "Dätä-水.db", "a'b.db"]
)
def test_any_file_name(tmp_path: Path, name: str) -> None:
    captured = capture(SqliteSource(make(tmp_path / name, ROWS)), tmp_path)

    assert captured.entry.path == f"database/{name}"
    assert captured.facts.count == 3


def test_a_link_is_followed_and_named_as_the_link(tmp_path: Path) -> None:
    path = make(tmp_path / "release-3.db", journal_mode="wal")
    (tmp_path / "app.db").symlink_to(path)
    with Other(path) as other:
        other.sql(ROWS)
        captured = capture(SqliteSource(tmp_path / "app.db"), tmp_path)

    assert captured.entry.path == "database/app.db"
    assert captured.facts.count == 3


def test_beyond_the_lock_page_at_1_gib(tmp_path: Path) -> None:
    """R08: the page at 1 GiB, which SQLite leaves out, is crossed (in a sparse file)."""
    path = tmp_path / "app.db"
    run_sql(path, "pragma page_size=65536; create table notes(body);")
    last = (1 << 30) // 65536 + 3
    with path.open("r+b") as file:
        file.truncate(last * 65536)
    # A table root beyond the lock page; what lies before it is unused, so only content counts.
    with path.open("r+b") as file:
        root = bytearray(65536)
        root[0:8] = bytes([13, 0, 0, 0, 0, 0, 0, 0])
        file.seek((last - 1) * 65536)
        file.write(root)
        file.seek(28)
        file.write(last.to_bytes(4, "big"))
    move = f"update sqlite_schema set rootpage={last} where name='notes'"
    run_sql(path, f"pragma writable_schema=on; {move};")
    run_sql(path, ROWS)
    assert run_sql(path, "select rootpage from sqlite_schema") == [(last,)]
    source = SqliteSource(path)
    with source.capture(
        CaptureContext(scratch_dir=tmp_path, allow_damaged=True)
    ) as captured:  # damaged only in that most of its pages are never used
        (entry,) = captured.entries()
        assert entry.node.size == last * 65536
        facts = captured.facts()

    assert facts.table_counts == {"notes": 3}


def test_a_file_of_zero_bytes_is_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.touch()

    captured = capture(SqliteSource(path), tmp_path)

    assert captured.path.read_bytes() == b""
    assert captured.facts.table_counts == {}
    assert not captured.facts.damaged


def test_a_missing_file_is_named_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with pytest.raises(SourceNotFound, match=str(path)):
        capture(SqliteSource(path), tmp_path)

    assert not path.exists()


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADatabase, match="is a directory"):
        capture(SqliteSource(tmp_path), tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """R08: not a database -> a clear error, or as it is if that is allowed."""
    path = tmp_path / "app.db"
    path.write_text("Dear diary, " * 100)

    with pytest.raises(NotADatabase, match="is not a SQLite database"):
        capture(SqliteSource(path), tmp_path)
    captured = capture(SqliteSource(path), tmp_path, allow_damaged=True)

    assert captured.path.read_bytes() == path.read_bytes()
    assert captured.facts.damaged


def test_an_encrypted_database_is_refused_as_such(tmp_path: Path) -> None:
    """R08: encrypted -> a clear error."""
    path = tmp_path / "app.db"
    path.write_bytes(os.urandom(8192))

    with pytest.raises(DatabaseEncrypted, match="looks encrypted"):
        capture(SqliteSource(path), tmp_path)


def damage(path: Path) -> None:
    """Overwrite the root page of a table."""
    root = run_sql(path, "select rootpage from sqlite_schema where name='notes'")[0][0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)


def test_a_damaged_database_is_refused_or_taken_as_such(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", ROWS)
    damage(path)

    with pytest.raises(DatabaseDamaged, match="is damaged: ") as caught:
        capture(SqliteSource(path), tmp_path)
    captured = capture(SqliteSource(path), tmp_path, allow_damaged=True)

    assert "--allow-damaged" in str(caught.value.hint)
    assert captured.facts.damaged
    assert "app.db is damaged" in captured.facts.warnings[-1]


def test_a_truncated_database_is_refused_or_taken_as_such(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "insert into notes values(zeroblob(50000))")
    with path.open("r+b") as file:
        file.truncate(20_000)

    with pytest.raises(DatabaseDamaged):
        capture(SqliteSource(path), tmp_path)
    assert capture(SqliteSource(path), tmp_path, allow_damaged=True).facts.damaged


def test_a_database_locked_beyond_the_timeout_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", ROWS)
    with Other(path) as other:
        other.sql("begin exclusive")
        with pytest.raises(DatabaseLocked) as caught:
            capture(SqliteSource(path, busy_timeout_s=0.2), tmp_path)

    expected = "Cannot back up: the database is locked by another process"
    assert caught.value.message == f"{expected} ({path})"
    assert caught.value.hint is not None


def test_a_lock_within_the_timeout_is_waited_for(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", ROWS)
    script = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin exclusive")
print("locked", flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        threading.Timer(0.3, process.kill).start()

        assert capture(SqliteSource(path), tmp_path).facts.count == 3


CRASH = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("pragma cache_size=1")
connection.execute("begin immediate")
connection.execute("update notes set body = body || '!'")
connection.execute("insert into notes select zeroblob(100000)")
os._exit(0)
"""


def test_a_hot_journal_is_rolled_back_in_a_copy(tmp_path: Path) -> None:
    """R08: a writer that crashed half-way: its commit is not taken, its journal is not touched."""
    (tmp_path / "live").mkdir()
    path = make(tmp_path / "live/app.db", ROWS)
    expected = dump(path)
    python(CRASH, path)
    journal = tmp_path / "live/app.db-journal"
    before = (path.read_bytes(), journal.read_bytes(), beside(path))
    assert len(before[0]) > 20_000  # the crashed transaction is in the file

    captured = capture(SqliteSource(path), tmp_path)

    assert dump(captured.path) == expected
    assert (path.read_bytes(), journal.read_bytes(), beside(path)) == before


def wal_of_a_crashed_writer(folder: Path, live: Path, *, shm: bool) -> Path:
    """Make a database whose last rows are only in its -wal, with or without a -shm."""
    path = make(folder / "source.db", journal_mode="wal")
    with Other(path) as other:
        other.sql(ROWS)
        for suffix in ("", "-wal", "-shm") if shm else ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{live}{suffix}")
    return live


READ_ONLY = """
import subprocess, sys
from pathlib import Path
from tests.sources.sqlite.support import SqliteSource, capture
live, folder = Path(sys.argv[1]), Path(sys.argv[2])
subprocess.run(["mount", "--bind", live, live], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", live], check=True)
print({p.stem: capture(SqliteSource(p), folder).facts.count for p in sorted(live.glob("*.db"))})
"""


def test_a_read_only_file_system(tmp_path: Path) -> None:
    """R08: with a rollback journal, at rest in WAL mode, and after a crash in WAL mode."""
    live = tmp_path / "live"
    live.mkdir()
    make(live / "a.db", ROWS)
    make(live / "b.db", ROWS, journal_mode="wal")
    wal_of_a_crashed_writer(tmp_path, live / "c.db", shm=False)
    (tmp_path / "d").mkdir()
    wal_of_a_crashed_writer(tmp_path / "d", live / "d.db", shm=True)
    before = sorted(entry.name for entry in live.iterdir())

    ended = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", READ_ONLY, live, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert ended.stdout.strip() == "{'a': 3, 'b': 3, 'c': 3, 'd': 3}", ended.stderr
    assert sorted(entry.name for entry in live.iterdir()) == before


def test_a_wal_without_shm_is_read(tmp_path: Path) -> None:
    path = wal_of_a_crashed_writer(tmp_path, tmp_path / "app.db", shm=False)

    assert capture(SqliteSource(path), tmp_path).facts.count == 3


def test_another_user_leaves_no_file_that_the_owner_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A -shm of the backup's user would lock the application out of its own database."""
    path = wal_of_a_crashed_writer(tmp_path, tmp_path / "app.db", shm=False)
    before = beside(path)
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)

    def count(connection: apsw.Connection) -> object:
        return connection.execute("select count(*) from notes").get

    assert reading.read_live(str(path), 5, str(tmp_path), count) == (3, "recovered")
    assert beside(path) == before


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_equal_content_is_captured_as_equal_bytes(tmp_path: Path, journal_mode: str) -> None:
    path = make(tmp_path / "app.db", ROWS, journal_mode=journal_mode)

    first = capture(SqliteSource(path), tmp_path)
    os.utime(path)  # as if it had been written to
    second = capture(SqliteSource(path), tmp_path)

    assert second.path.read_bytes() == first.path.read_bytes()


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_a_database_at_rest_is_unchanged_without_being_opened(
    tmp_path: Path, journal_mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "app.db", ROWS, journal_mode=journal_mode)
    rest_now(path)
    source = SqliteSource(path)
    first = capture(source, tmp_path)
    monkeypatch.setattr("holdfast.sources.sqlite.session.subprocess.Popen", None)

    again = capture(source, tmp_path, previous={source.root: first.content})

    assert again.unchanged
    assert again.facts == first.facts
    assert again.entry.node == first.entry.node


def rest_now(path: Path) -> None:
    """Let two seconds pass for the files' times, change time included."""
    newest = max(path.stat().st_ctime, path.stat().st_mtime)
    time.sleep(max(0.0, newest + 2.05 - time.time()))


def test_a_write_just_before_the_capture_leaves_a_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write in the same tick as the last one leaves the times equal: they prove nothing."""
    # On a busy machine two seconds may go by between the write and the capture.
    monkeypatch.setattr(fingerprint, "AT_REST_NS", 3600 * 10**9)
    path = make(tmp_path / "app.db", ROWS)
    source = SqliteSource(path)
    first = capture(source, tmp_path)

    assert not capture(source, tmp_path, previous={source.root: first.content}).unchanged


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_a_commit_is_seen_as_a_change(tmp_path: Path, journal_mode: str) -> None:
    path = make(tmp_path / "app.db", ROWS, journal_mode=journal_mode)
    with Other(path) as other:
        other.sql("select * from notes")
        rest(path)
        source = SqliteSource(path)
        first = capture(source, tmp_path)
        previous = {source.root: trusted(first.content)}
        other.sql("insert into notes values('new')")

        again = capture(source, tmp_path, previous=previous)

    assert not again.unchanged
    assert again.facts.count == 4


def test_a_database_captured_right_after_a_write_is_read_once_more_and_then_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times proved nothing then; those that the second capture takes do."""
    source = SqliteSource(make(tmp_path / "app.db", ROWS))
    monkeypatch.setattr(fingerprint, "AT_REST_NS", 10**18)
    first = capture(source, tmp_path)
    monkeypatch.setattr(fingerprint, "AT_REST_NS", 0)  # as time passes
    second = capture(source, tmp_path, previous={source.root: first.content})
    third = capture(source, tmp_path, previous={source.root: second.content})
    fourth = capture(source, tmp_path, previous={source.root: third.content})

    assert [each.unchanged for each in (second, third, fourth)] == [False, True, True]


def trusted(content: ContentEntry) -> ContentEntry:
    content.facts["fingerprint"]["trusted"] = True
    return content


def test_a_damaged_parent_does_not_vouch(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", ROWS)
    damage(path)
    source = SqliteSource(path)
    first = capture(source, tmp_path, allow_damaged=True)

    with pytest.raises(DatabaseDamaged):
        capture(source, tmp_path, previous={source.root: trusted(first.content)})


def test_the_schema_version_is_alembics_head(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "create table alembic_version(version_num)")
    run_sql(path, "insert into alembic_version values('b2'), ('a1')")

    assert capture(SqliteSource(path), tmp_path).facts.schema_version == "a1,b2"


def test_the_schema_version_of_the_application_goes_first(tmp_path: Path) -> None:
    source = SqliteSource(make(tmp_path / "app.db"), schema_version=lambda: "7")

    assert capture(source, tmp_path).facts.schema_version == "7"


def test_facts_tell_engines_and_settings(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "pragma user_version=7; pragma application_id=99")

    facts = capture(SqliteSource(path), tmp_path).facts

    assert facts.engines["sqlite_application"] == sqlite3.sqlite_version
    assert facts.engines["sqlite"].startswith("3.")
    assert facts.facts["user_version"] == 7
    assert facts.facts["application_id"] == 99


@pytest.mark.parametrize("version", [3_040_001, 3_007_000, 3_051_002])
def test_an_affected_sqlite_of_the_application_is_warned_of(tmp_path: Path, version: int) -> None:
    """R08: who writes a WAL database with SQLite 3.7.0 to 3.51.2 is told."""
    path = make(tmp_path / "app.db", journal_mode="wal")
    written_by(path, version)

    (warning,) = capture(SqliteSource(path), tmp_path).facts.warnings

    assert "in WAL mode with SQLite 3." in warning
    assert "3.51.3" in warning


@pytest.mark.parametrize(("version", "mode"), [(3_051_003, "wal"), (3_040_001, "delete")])
def test_other_versions_and_modes_are_not_warned_of(
    tmp_path: Path, version: int, mode: str
) -> None:
    path = make(tmp_path / "app.db", journal_mode=mode)
    written_by(path, version)

    assert capture(SqliteSource(path), tmp_path).facts.warnings == ()


def written_by(path: Path, version: int) -> None:
    with path.open("r+b") as file:
        file.seek(96)
        file.write(version.to_bytes(4, "big"))


def test_what_only_the_application_has_is_named_and_does_not_fail(tmp_path: Path) -> None:
    """Its own collations, functions and virtual tables are not in this process."""
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.create_collation("mine", lambda a, b: (a > b) - (a < b))
        connection.create_function("double", 1, lambda x: x * 2, deterministic=True)
        connection.executescript(
            "create table a(x text collate mine primary key); insert into a values('b'), ('a');"
            "create table b(x, y as (double(x)) stored); insert into b(x) values(2);"
            "create index c on b(double(x));"
            "pragma writable_schema=on;"
            "insert into sqlite_schema values('table', 'ghost', 'ghost', 0,"
            " 'create virtual table ghost using nowhere(x)');"
        )
        connection.commit()

    facts = capture(SqliteSource(path), tmp_path).facts

    assert facts.table_counts == {"a": 2, "b": 1}
    assert not facts.damaged
    assert any("ghost" in warning and "nowhere" in warning for warning in facts.warnings)


def test_a_cancelled_capture_leaves_nothing(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = make(tmp_path / "app.db", ROWS)
    cancel = CancellationToken()
    cancel.cancel()

    with (
        pytest.raises(Cancelled),
        SqliteSource(path).capture(CaptureContext(scratch_dir=scratch, cancel=cancel)),
    ):
        pass

    assert list(scratch.iterdir()) == []


def test_the_scratch_copy_is_private(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", ROWS)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with SqliteSource(path).capture(CaptureContext(scratch_dir=scratch)) as captured:
        assert [entry.stat().st_mode & 0o777 for entry in scratch.iterdir()] == [0o600]
        list(captured.entries())
        captured.facts()
