"""What the source takes, how it treats the database, and what it says when it cannot."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from holdfast.errors import (
    Cancelled,
    ConfigError,
    DatabaseLocked,
    DatabaseRefused,
    DatabaseUnreachable,
    MissingExtra,
    NotADatabase,
    SourceNotFound,
)
from holdfast.models.progress import CancellationToken, no_progress
from holdfast.sources.base import (
    CaptureContext,
    DatabaseServer,
    Restored,
    Source,
    Versioned,
    Watched,
)
from holdfast.sources.tables import TablesSource
from tests.rig.mariadb import MariaDbDatabase
from tests.rig.postgresql import PostgresDatabase
from tests.sources.tables.conftest import ENGINES, Database, NewDatabase
from tests.sources.tables.support import MemoryTree, context_of, rows_of, staged


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)


def fill(database: Database) -> None:
    engine = database.engine()
    Base.metadata.create_all(engine)
    engine.dispose()
    database.run(
        "INSERT INTO notes VALUES (2)",
        "INSERT INTO notes VALUES (1)",
        "INSERT INTO tags VALUES (7)",
    )


@pytest.mark.parametrize("engine_name", ENGINES)
def test_what_a_host_has_is_taken(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """Engines, sessions and makers, synchronous and not; the connection is our own."""
    database = new_database(engine_name)
    fill(database)
    expected = MemoryTree(database.source(), scratch).data
    url = sa.make_url(database.url)
    asynchronous = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    given: list[Any] = [url, database.engine(), sessionmaker(database.engine())]
    given += [Session(database.engine()), database.engine().url]
    if engine_name in asynchronous:
        engine = create_async_engine(url.set(drivername=asynchronous[engine_name]))
        given += [engine, AsyncSession(engine), async_sessionmaker(engine), str(engine.url)]
        given[-1] = engine.url.render_as_string(hide_password=False)
    for each in given:
        assert MemoryTree(TablesSource(each), scratch).data == expected


def test_models_choose_tables(new_database: NewDatabase, scratch: Path) -> None:
    """A metadata, a base, or mapped classes; unknown names are refused."""
    database = new_database("sqlite")
    fill(database)
    database.run("CREATE TABLE more (id integer)")
    for models, names in {
        Base: {"notes", "tags"},
        Base.metadata: {"notes", "tags"},
        (Note,): {"notes"},
        Tag: {"tags"},
    }.items():
        assert set(MemoryTree(database.source(models=models), scratch).facts.tables) == names
    tree = MemoryTree(database.source(models=[Note], tables=["more"]), scratch)
    assert set(tree.facts.tables) == {"more", "notes"}
    with pytest.raises(SourceNotFound, match="none"):
        MemoryTree(database.source(tables=["notes", "none"]), scratch)


def test_it_is_what_operations_expect(new_database: NewDatabase, scratch: Path) -> None:
    """The protocols of a source, of a server and of what is staged and rehearsed."""
    database = new_database("sqlite")
    fill(database)
    source: Source = database.source()
    assert isinstance(source, DatabaseServer)
    tree = MemoryTree(database.source(), scratch)
    with staged(database.source(), tree, scratch) as found:
        assert isinstance(found, Watched)
        assert isinstance(found, Versioned)
        assert [each.detail for each in found.plan()] == [
            "2 rows, as now; contents may differ",
            "1 row, as now; contents may differ",
        ]
    with source.rehearse(context_of(tree, scratch)) as restored:
        drill: Restored = restored
        assert all(each.passed for each in drill.check())
        answers = drill.ask(["SELECT count(*) = 2 FROM notes", "SELECT 0", "nonsense"])
        assert [each.passed for each in answers] == [True, False, False]
        assert list(drill.column("SELECT id FROM notes ORDER BY id")) == ["1", "2"]
    assert source.drop_kept() == ()
    assert source.place().exists
    assert list(scratch.iterdir()) == []


def test_damage_of_what_is_stored_shows(new_database: NewDatabase, scratch: Path) -> None:
    """R03: any altered byte fails the check and the drill, and a restore."""
    database = new_database("sqlite")
    fill(database)
    tree = MemoryTree(database.source(), scratch)
    source = database.source()

    def sound() -> bool:
        found = source.check_stored(tree, progress=no_progress, cancel=CancellationToken())
        return all(each.passed for each in found)

    assert sound()
    good = tree.data["tables/notes.json"]
    for index in range(len(good)):
        tree.data["tables/notes.json"] = bytes(
            byte ^ (1 if at == index else 0) for at, byte in enumerate(good)
        )
        assert not sound()


def test_rows_stand_in_the_order_of_the_key_on_every_engine(
    new_database: NewDatabase, scratch: Path
) -> None:
    """Independent of collations, case and accents: the files are the same."""
    files = set()
    for engine_name in ENGINES:
        database = new_database(engine_name)
        database.run("CREATE TABLE words (word varchar(20) PRIMARY KEY, n integer)")
        words = ["Zebra", "apple", "Äpfel", "éclair", "a b", "a_b", "日本", "10", "9"]
        engine = database.engine()
        mark = "?" if engine_name == "sqlite" else "%s"
        with engine.connect() as connection:
            for number, word in enumerate(words):
                connection.exec_driver_sql(
                    f"INSERT INTO words VALUES ({mark}, {mark})", (word, number)
                )
            connection.commit()
        engine.dispose()
        tree = MemoryTree(database.source(), scratch)
        assert [row["word"] for row in rows_of(tree, "words")] == sorted(words)
        files.add(tree.data["tables/words.json"])
    assert len(files) == 1


def test_a_busy_sqlite_database_is_left_as_it_is(tmp_path: Path, scratch: Path) -> None:
    """R08: no checkpoint while the application has it open, neither by reading nor by writing."""
    path = tmp_path / "app.db"
    application = sqlite3.connect(path, isolation_level=None)
    application.execute("PRAGMA journal_mode = wal")
    application.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
    application.execute("INSERT INTO notes VALUES (1)")
    wal, before = Path(f"{path}-wal"), path.read_bytes()
    inode, size = wal.stat().st_ino, wal.stat().st_size
    source = TablesSource(f"sqlite:///{path}")
    application.execute("BEGIN IMMEDIATE")
    tree = MemoryTree(source, scratch)  # a writer does not disturb it
    application.execute("INSERT INTO notes VALUES (2)")
    application.execute("COMMIT")
    with staged(source, tree, scratch) as found:
        found.swap()
    assert application.execute("SELECT id FROM notes").fetchall() == [(1,)]
    assert path.read_bytes() == before
    assert wal.stat().st_ino == inode
    assert wal.stat().st_size > size
    application.close()


def test_no_checkpoint_even_where_nobody_else_is(tmp_path: Path, scratch: Path) -> None:
    """R08: after an application that crashed, the file is not written by closing it last."""
    path = tmp_path / "app.db"
    code = f"""
import os, sqlite3
database = sqlite3.connect({str(path)!r}, isolation_level=None)
database.execute("PRAGMA journal_mode = wal")
database.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
database.execute("INSERT INTO notes VALUES (1)")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)
    before = path.read_bytes()
    source = TablesSource(f"sqlite:///{path}")
    tree = MemoryTree(source, scratch)
    assert rows_of(tree, "notes") == [{"id": 1}]
    with staged(source, tree, scratch) as found:
        found.swap()
    assert path.read_bytes() == before
    assert Path(f"{path}-wal").stat().st_size > 0


def test_reading_a_sqlite_database_leaves_no_files(tmp_path: Path, scratch: Path) -> None:
    """R08: a database in WAL mode that is open nowhere gets no -wal and no -shm."""
    path = tmp_path / "app.db"
    application = sqlite3.connect(path)
    application.execute("PRAGMA journal_mode = wal")
    application.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
    application.commit()
    application.close()
    MemoryTree(TablesSource(f"sqlite:///{path}"), scratch)
    assert sorted(each.name for each in tmp_path.glob("app*")) == ["app.db"]


def test_the_locks_of_the_host_survive(tmp_path: Path, scratch: Path) -> None:
    """A transaction of this process keeps its locks while its database is exported."""
    path = tmp_path / "app.db"
    host = sqlite3.connect(path, isolation_level=None)
    host.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
    host.execute("BEGIN IMMEDIATE")
    host.execute("INSERT INTO notes VALUES (1)")
    tree = MemoryTree(TablesSource(f"sqlite:///{path}"), scratch)
    assert rows_of(tree, "notes") == []
    code = f"import sqlite3; sqlite3.connect({str(path)!r}, 0).execute('BEGIN IMMEDIATE')"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600
    )
    assert "database is locked" in other.stderr
    host.close()


@pytest.mark.parametrize("url", ["", "nonsense", "oracle://u:secret@h/d", "sqlite://"])
def test_what_is_no_database_is_refused(url: str) -> None:
    """Without a connection, and without repeating a password."""
    with pytest.raises(ConfigError) as caught:
        TablesSource(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError):
        TablesSource(object())


def test_no_password_is_shown() -> None:
    """The place of a database is told without it, and without options."""
    source = TablesSource("postgres://app:secret@db.example:5433/shop?sslmode=require")
    assert source.location == "postgresql://app@db.example:5433/shop"
    assert not TablesSource("mariadb://app:secret@127.0.0.1:1/x").place().exists


def test_failures_to_connect_are_told_apart(
    postgres_database: PostgresDatabase, mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """Wrong password, missing database, no server, no file: each its own error."""
    for url in (postgres_database.url, mariadb_database.url):
        right = sa.make_url(url)
        for wrong, error in {
            right.set(password="wrong"): DatabaseRefused,
            right.set(database="none_such"): SourceNotFound,
            right.set(port=1): DatabaseUnreachable,
        }.items():
            with pytest.raises(error) as caught:
                TablesSource(wrong).size_bytes()
            assert "wrong" not in caught.value.message
    with pytest.raises(SourceNotFound):
        TablesSource(f"sqlite:///{tmp_path}/none.db").size_bytes()
    (tmp_path / "text.db").write_text("this is no database" * 99)
    with pytest.raises(NotADatabase):
        MemoryTree(TablesSource(f"sqlite:///{tmp_path}/text.db"), tmp_path)


def test_a_locked_database_is_told(tmp_path: Path, scratch: Path) -> None:
    """A lock that lasts beyond the timeout is an error of its own."""
    path = tmp_path / "app.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseLocked):
        MemoryTree(TablesSource(f"sqlite:///{path}", lock_timeout_s=0.1), scratch)
    other.close()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_cancelled_capture_stops(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """In the middle of a table, and no connection is left."""
    database = new_database(engine_name)
    database.run("CREATE TABLE notes (id integer PRIMARY KEY, body varchar(500))")
    rows = ", ".join(f"({n}, '{'x' * 500}')" for n in range(3000))
    database.run(f"INSERT INTO notes VALUES {rows}")
    cancel = CancellationToken()
    context = CaptureContext(scratch_dir=scratch, cancel=cancel)
    with database.source().capture(context) as capture:
        (entry,) = [each for each in capture.entries() if each.open is not None]
        assert entry.open is not None
        with entry.open() as stream:
            stream.read(10)
            cancel.cancel()
            with pytest.raises(Cancelled):
                stream.read()


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install` and what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra) as caught:
        TablesSource("postgresql://app@127.0.0.1:1/x").size_bytes()
    assert "holdfast[postgresql]" in (caught.value.hint or "")


@pytest.mark.parametrize("engine_name", ENGINES)
def test_memory_does_not_grow_with_a_table(engine_name: str, new_database: NewDatabase) -> None:
    """60,000 rows of 1 kB, 60 MB, are exported in far less memory."""
    database = new_database(engine_name)
    database.run("CREATE TABLE notes (id integer PRIMARY KEY, body varchar(1000))")
    numbers = {
        "postgresql": "SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n",
        "mysql": "SELECT seq, repeat('x', 1000) FROM seq_1_to_60000",
        "sqlite": "WITH s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 60000)"
        " SELECT n, printf('%.*c', 1000, 'x') FROM s",
    }
    database.run(f"INSERT INTO notes {numbers[engine_name]}")
    code = f"""
import resource, tempfile
from pathlib import Path
from holdfast.sources.base import CaptureContext
from holdfast.sources.tables import TablesSource
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
total = 0
with TablesSource({database.url!r}).capture(CaptureContext(scratch_dir=Path("/"))) as capture:
    start = peak()
    for entry in capture.entries():
        if entry.open:
            with entry.open() as stream:
                while piece := stream.read(1 << 20):
                    total += len(piece)
    assert capture.facts().count == 60000
assert total > 60_000_000
print(peak() - start)
"""
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 30
