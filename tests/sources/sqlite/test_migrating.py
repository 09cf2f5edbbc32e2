"""A staged database may be migrated by the application before it is put in place (R21)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from holdfast.errors import RestoreError, TargetInUse
from holdfast.sources.base import Migratable
from holdfast.sources.sqlite import SqliteSource
from tests.sources.sqlite.support import backup_of, beside, capture, make, run_sql, staged

SCHEMA = "create table alembic_version(version_num); insert into alembic_version values('a')"
FORWARD = (
    "update alembic_version set version_num = 'b'; create table more(x);"
    "insert into more values (1), (2)"
)


@pytest.fixture
def source(tmp_path: Path) -> SqliteSource:
    (tmp_path / "live").mkdir()
    path = make(tmp_path / "live/app.db", SCHEMA)
    return SqliteSource(path, url_scheme="sqlite+aiosqlite", busy_timeout_s=0.2)


def test_django_tells_the_schema_version_where_alembic_does_not(tmp_path: Path) -> None:
    path = make(
        tmp_path / "app.db",
        "create table django_migrations(id integer primary key, app, name, applied)",
    )
    run_sql(
        path,
        "insert into django_migrations(app, name) values ('shop', '0002_price'),"
        " ('auth', '0001_initial'), ('shop', '0001_initial')",
    )
    version = capture(SqliteSource(path), tmp_path).facts.schema_version
    assert version == "django:auth.0001_initial,shop.0002_price"


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_what_was_migrated_is_what_comes_into_place(
    mode: str, source: SqliteSource, tmp_path: Path
) -> None:
    backup = backup_of(capture(source, tmp_path), source)
    with staged(source, backup, tmp_path) as stage:
        assert isinstance(stage, Migratable)
        assert stage.staged_schema_version() == "a"
        url = urlsplit(stage.staged_url())
        assert (url.scheme, url.path) == ("sqlite+aiosqlite", f"/{stage.staged_path}")
        assert all(check.passed for check in stage.check())
        run_sql(stage.staged_path, f"pragma journal_mode={mode}; {FORWARD}")
        assert any(check.failed for check in stage.check()), "the counts are not the backup's"
        stage.migrated()
        assert stage.staged_schema_version() == "b"
        assert all(check.passed for check in stage.check())
        stage.swap()
    with closing(sqlite3.connect(source.path)) as live:
        assert live.execute("select count(*) from more").fetchall() == [(2,)]
    assert list(beside(source.path)) == ["app.db"]


def test_what_a_dead_migration_left_in_its_log_is_taken_in(
    source: SqliteSource, tmp_path: Path
) -> None:
    """A process that ends without closing leaves its last commits in the -wal."""
    backup = backup_of(capture(source, tmp_path), source)
    with staged(source, backup, tmp_path) as stage:
        other = tmp_path / "other.db"
        shutil.copy(stage.staged_path, other)
        with closing(sqlite3.connect(other)) as database:
            database.executescript(f"pragma journal_mode=wal; {FORWARD}")
            log = Path(f"{other}-wal").read_bytes()
            stage.staged_path.write_bytes(other.read_bytes())
            Path(f"{stage.staged_path}-wal").write_bytes(log)
        stage.migrated()
        assert stage.staged_schema_version() == "b"
        assert not Path(f"{stage.staged_path}-wal").exists()


def test_a_staged_database_that_stays_open_is_refused(source: SqliteSource, tmp_path: Path) -> None:
    backup = backup_of(capture(source, tmp_path), source)
    with (
        staged(source, backup, tmp_path) as stage,
        closing(sqlite3.connect(stage.staged_path)) as database,
    ):
        database.executescript("pragma journal_mode=wal; insert into notes values('x')")
        with pytest.raises(TargetInUse, match="still open"):
            stage.migrated()


def test_another_file_in_its_place_is_refused(source: SqliteSource, tmp_path: Path) -> None:
    """After a crash the journal knows the staged file by its inode."""
    backup = backup_of(capture(source, tmp_path), source)
    with staged(source, backup, tmp_path) as stage:
        copy = tmp_path / "copy.db"
        shutil.copy(stage.staged_path, copy)
        copy.replace(stage.staged_path)
        with pytest.raises(RestoreError, match="replaced by another file"):
            stage.migrated()
