"""A restore is staged, planned, checked, swapped in one transaction, and can be undone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from holdfast.errors import (
    Cancelled,
    LiveDataChanged,
    NotEnoughSpace,
    PathNotInBackup,
    RestoreError,
    TargetInUse,
)
from holdfast.models.backup import PlannedChange
from holdfast.models.progress import CancellationToken
from holdfast.sources.sqlite import SqliteSource
from tests.sources.sqlite.support import (
    JOURNAL_MODES,
    Other,
    Tree,
    backup_of,
    beside,
    capture,
    dump,
    make,
    run_sql,
    staged,
    tree,
)

NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {})"
BIG = NUMBERS.format(500) + "insert into notes select zeroblob(1000) from n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "live").mkdir()
    return tmp_path / "live/app.db"


def new_content(folder: Path, *, page_size: int = 4096, rows: int = 5) -> tuple[Path, Tree]:
    """Return a database file and a backup of it, named as the live one."""
    other = folder / "other"
    other.mkdir()
    file = other / "app.db"
    run_sql(
        file,
        f"pragma page_size={page_size}; create table notes(body);"
        "create table more(id integer primary key autoincrement, x);"
        "insert into more(x) values(1);"
        f"{NUMBERS.format(rows)} insert into notes select 'new ' || i from n;",
    )
    source = SqliteSource(file)
    return file, backup_of(capture(source, folder), source)


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
@pytest.mark.parametrize("open_elsewhere", [True, False])
def test_a_live_database_is_replaced_and_put_back(
    tmp_path: Path, path: Path, journal_mode: str, open_elsewhere: bool
) -> None:
    """R18: in place, with the database open elsewhere or not; journal mode and mode stay."""
    make(path, "insert into notes values('old')", journal_mode=journal_mode)
    path.chmod(0o664)
    inode = path.stat().st_ino
    old = dump(path)
    file, backup = new_content(tmp_path)
    with Other(path) as other:
        if open_elsewhere:
            assert other.sql("select * from notes") == "[('old',)]"
        with staged(SqliteSource(path), backup, tmp_path, keep_previous=True) as stage:
            assert all(check.passed for check in stage.check())
            stage.swap()
            assert dump(path) == dump(file)
            if open_elsewhere:
                assert other.sql("select count(*) from notes") == "[(5,)]"
            assert (path.stat().st_ino, path.stat().st_mode & 0o777) == (inode, 0o664)
            assert run_sql(path, "pragma journal_mode") == [(journal_mode,)]

            stage.undo()

            assert dump(path) == old
    assert run_sql(path, "pragma journal_mode") == [(journal_mode,)]
    assert list(beside(path)) == ["app.db"]


@pytest.mark.parametrize("backup_mode", JOURNAL_MODES)
@pytest.mark.parametrize("live_mode", JOURNAL_MODES)
def test_the_live_journal_mode_stays_whatever_the_backup_had(
    tmp_path: Path, path: Path, live_mode: str, backup_mode: str
) -> None:
    make(path, journal_mode=live_mode)
    (tmp_path / "other").mkdir()
    source = SqliteSource(make(tmp_path / "other/app.db", BIG, journal_mode=backup_mode))
    backup = backup_of(capture(source, tmp_path), source)
    with Other(path) as other, staged(SqliteSource(path), backup, tmp_path) as stage:
        other.sql("select 1 from notes")
        stage.swap()
        assert other.sql("insert into notes values('x')") == "[]"

    assert run_sql(path, "pragma journal_mode") == [(live_mode,)]
    assert run_sql(path, "select count(*) from notes") == [(501,)]


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_another_page_size_when_nobody_has_it_open(
    tmp_path: Path, path: Path, journal_mode: str
) -> None:
    make(path, "insert into notes values('old')", journal_mode=journal_mode)
    file, backup = new_content(tmp_path, page_size=1024)
    old = dump(path)
    with staged(SqliteSource(path), backup, tmp_path, keep_previous=True) as stage:
        stage.swap()
        assert dump(path) == dump(file)
        assert run_sql(path, "pragma journal_mode") == [(journal_mode,)]
        stage.undo()
        assert dump(path) == old

    assert run_sql(path, "pragma journal_mode") == [(journal_mode,)]
    assert list(beside(path)) == ["app.db"]


def test_another_page_size_of_a_wal_that_is_open_is_refused(tmp_path: Path, path: Path) -> None:
    """Fact 4: SQLite cannot change the page size under a -wal; found before anything is written."""
    make(path, "insert into notes values('old')", journal_mode="wal")
    _, backup = new_content(tmp_path, page_size=1024)
    with Other(path) as other:
        other.sql("insert into notes values('acknowledged')")
        with (
            staged(SqliteSource(path), backup, tmp_path) as stage,
            pytest.raises(TargetInUse, match="another page size"),
        ):
            stage.swap()
        assert other.sql("insert into notes values('later')") == "[]"

    assert run_sql(path, "select count(*) from notes") == [(3,)]
    assert run_sql(path, "pragma journal_mode") == [("wal",)]


def test_a_missing_target_is_created_with_the_backups_mode(tmp_path: Path, path: Path) -> None:
    file, backup = new_content(tmp_path)
    target = path.parent / "deep/er/new.db"
    with staged(SqliteSource(path), backup, tmp_path, target=target) as stage:
        assert stage.plan()[0].action == "create"
        stage.swap()

    assert dump(target) == dump(file)
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(beside(target)) == ["new.db"]
    assert not path.exists()


def test_a_created_target_can_be_undone(tmp_path: Path, path: Path) -> None:
    _, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path) as stage:
        stage.swap()
        stage.undo()

    assert list(path.parent.iterdir()) == []


def test_a_stage_that_is_not_swapped_leaves_nothing(tmp_path: Path, path: Path) -> None:
    _, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path, target=path.parent / "a/b/c.db"):
        pass

    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("undo", [True, False])
def test_what_a_vanished_database_left_is_never_married_to_the_restored_one(
    tmp_path: Path, path: Path, undo: bool
) -> None:
    """R18, fact 4: a stale -wal beside a replaced file corrupted it in 20 of 20 trials."""
    make(path, BIG, journal_mode="wal")
    with Other(path) as other:
        other.sql("update notes set body = 'stale'")
        wal = path.with_name("app.db-wal")
        stale = wal.read_bytes()
        other.kill()
    path.unlink()
    assert stale
    file, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path) as stage:
        assert (
            PlannedChange(
                target=str(wal),
                action="remove",
                detail="it belongs to the file that was there and would corrupt the restored one",
            )
            in stage.plan()
        )
        stage.swap()
        assert run_sql(path, "pragma integrity_check") == [("ok",)]
        assert dump(path) == dump(file)
        if undo:
            stage.undo()

    if undo:
        assert not path.exists()
        assert wal.read_bytes() == stale
    else:
        assert list(beside(path)) == ["app.db"]


@pytest.mark.parametrize("content", [b"no database" * 100, os.urandom(8192)])
def test_a_file_that_is_no_database_is_exchanged(
    tmp_path: Path, path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    path.chmod(0o604)
    wal = path.with_name("app.db-wal")
    wal.write_bytes(b"its wal")
    file, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path) as stage:
        assert "cannot be read" in stage.plan()[0].detail
        stage.swap()
        assert dump(path) == dump(file)
        assert path.stat().st_mode & 0o777 == 0o604
        stage.undo()
        assert (path.read_bytes(), wal.read_bytes()) == (content, b"its wal")
        stage.swap()

    assert dump(path) == dump(file)
    assert list(beside(path)) == ["app.db"]


def test_a_file_that_is_no_database_and_in_use_is_refused(tmp_path: Path, path: Path) -> None:
    """An encrypted database that its application has open holds locks as any other."""
    path.write_bytes(os.urandom(8192))
    _, backup = new_content(tmp_path)
    with (
        path.open("r+b") as held,
        staged(SqliteSource(path), backup, tmp_path) as stage,
    ):
        fcntl.lockf(held, fcntl.LOCK_SH | fcntl.LOCK_NB, 510, 0x40000002)
        with pytest.raises(TargetInUse, match="has it open"):
            stage.swap()

    assert list(beside(path)) == ["app.db"]


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_a_damaged_live_database_is_replaced(tmp_path: Path, path: Path, journal_mode: str) -> None:
    make(path, BIG)
    run_sql(path, f"pragma journal_mode={journal_mode}")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    new, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path, keep_previous=True) as stage:
        stage.plan()
        stage.swap()

    assert dump(path) == dump(new)


def test_an_empty_file_is_a_target_and_a_source(tmp_path: Path, path: Path) -> None:
    path.touch()
    file, backup = new_content(tmp_path)
    source = SqliteSource(path)
    empty = backup_of(capture(source, tmp_path), source)
    with staged(source, backup, tmp_path) as stage:
        stage.swap()
    assert dump(path) == dump(file)
    with staged(source, empty, tmp_path) as stage:
        assert all(check.passed for check in stage.check())
        stage.swap()

    assert run_sql(path, "select count(*) from sqlite_schema") == [(0,)]


def test_the_plan_says_what_would_change_and_changes_nothing(tmp_path: Path, path: Path) -> None:
    make(path, "insert into notes values('old'); create table gone(x)")
    _, backup = new_content(tmp_path, rows=2)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    with staged(SqliteSource(path), backup, tmp_path) as stage:
        plan = stage.plan()

    assert plan == (
        PlannedChange(target=str(path), action="replace", detail="12.0 KiB -> 16.0 KiB"),
        PlannedChange(target=f"{path}: gone", action="remove", detail="0 rows"),
        PlannedChange(target=f"{path}: more", action="create", detail="1 row"),
        PlannedChange(target=f"{path}: notes", action="replace", detail="1 row -> 2 rows"),
    )
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_both_schema_versions_are_told(tmp_path: Path, path: Path) -> None:
    make(path, "create table alembic_version(version_num); insert into alembic_version values('a')")
    source = SqliteSource(path)
    backup = backup_of(capture(source, tmp_path), source)
    run_sql(path, "update alembic_version set version_num = 'b'")
    with staged(source, backup, tmp_path) as stage:
        assert (stage.schema_version, stage.live_schema_version) == ("a", "b")
        assert "schema b -> a" in stage.plan()[0].detail


def test_a_backup_without_this_database_is_refused(tmp_path: Path, path: Path) -> None:
    _, backup = new_content(tmp_path)
    with (
        pytest.raises(PathNotInBackup, match=r"database/none\.db"),
        staged(SqliteSource(tmp_path / "none.db"), backup, tmp_path),
    ):
        pass


def test_a_database_over_a_directory_is_refused(tmp_path: Path, path: Path) -> None:
    _, backup = new_content(tmp_path)
    with (
        pytest.raises(RestoreError, match="over the directory"),
        staged(SqliteSource(path), backup, tmp_path, target=tmp_path),
    ):
        pass


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_a_commit_after_the_data_was_saved_stops_the_swap(
    tmp_path: Path, path: Path, journal_mode: str
) -> None:
    """No acknowledged write is lost unnoticed between the safety backup and the swap."""
    make(path, "insert into notes values('old')", journal_mode=journal_mode)
    file, backup = new_content(tmp_path)
    source = SqliteSource(path)
    with Other(path) as other, staged(source, backup, tmp_path) as stage:
        other.sql("select * from notes")
        token = stage.live_version()
        assert stage.live_version() == token
        capture(source, tmp_path)
        assert stage.live_version() == token
        other.sql("insert into notes values('acknowledged')")
        stage.expect_unchanged_since(token)
        with pytest.raises(LiveDataChanged, match="was written to"):
            stage.swap()
        assert other.sql("select count(*) from notes") == "[(2,)]"
        with pytest.raises(LiveDataChanged):  # the old token is worth nothing any more
            stage.swap()

        stage.expect_unchanged_since(stage.live_version())
        stage.swap()

    assert dump(path) == dump(file)


def test_a_database_that_appears_meanwhile_stops_the_swap(tmp_path: Path, path: Path) -> None:
    _, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path) as stage:
        stage.expect_unchanged_since(stage.live_version())
        make(path, "insert into notes values('acknowledged')")
        with pytest.raises(LiveDataChanged):
            stage.swap()

    assert run_sql(path, "select * from notes") == [("acknowledged",)]


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_held_writers_wait_while_readers_and_captures_go_on(
    tmp_path: Path, path: Path, journal_mode: str
) -> None:
    make(path, "insert into notes values('old')", journal_mode=journal_mode)
    file, backup = new_content(tmp_path)
    source = SqliteSource(path)
    with Other(path) as other, staged(source, backup, tmp_path) as stage:
        with stage.hold_writers():
            token = stage.live_version()
            assert "locked" in other.sql("insert into notes values('no')")
            assert other.sql("select * from notes") == "[('old',)]"
            assert capture(source, tmp_path).facts.count == 1
            assert stage.live_version() == token
        assert other.sql("insert into notes values('yes')") == "[]"
        with stage.hold_writers():
            assert capture(source, tmp_path).facts.count == 2
            stage.expect_unchanged_since(stage.live_version())
            stage.swap()
        assert other.sql("insert into notes values('after')") == "[]"

    assert run_sql(path, "select count(*) from notes") == [(6,)]
    assert dump(path) != dump(file)


def test_a_lock_beyond_the_timeout_stops_the_swap(tmp_path: Path, path: Path) -> None:
    make(path)
    _, backup = new_content(tmp_path)
    source = SqliteSource(path, busy_timeout_s=0.2)
    with Other(path) as other:
        other.sql("begin immediate")
        with (
            staged(source, backup, tmp_path) as stage,
            pytest.raises(TargetInUse, match="Cannot restore: the database is locked"),
        ):
            stage.swap()


def test_undo_without_a_kept_copy_is_refused(tmp_path: Path, path: Path) -> None:
    make(path)
    file, backup = new_content(tmp_path)
    with staged(SqliteSource(path), backup, tmp_path) as stage:
        stage.swap()
        with pytest.raises(RestoreError, match="was not kept"):
            stage.undo()

    assert dump(path) == dump(file)


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_undo_puts_back_the_moment_of_the_swap(
    tmp_path: Path, path: Path, journal_mode: str
) -> None:
    """R16: what is kept is what was there when the lock was taken, not what was staged by."""
    make(path, "insert into notes values('old')", journal_mode=journal_mode)
    _, backup = new_content(tmp_path)
    with (
        Other(path) as other,
        staged(SqliteSource(path), backup, tmp_path, keep_previous=True) as stage,
    ):
        other.sql("insert into notes values('late')")
        stage.swap()
        stage.undo()

    assert run_sql(path, "select * from notes") == [("old",), ("late",)]


@pytest.mark.parametrize("journal_mode", JOURNAL_MODES)
def test_the_first_write_after_a_restore_works(
    tmp_path: Path, path: Path, journal_mode: str
) -> None:
    """R19: AUTOINCREMENT goes on after the restored rows, in a process that had it open."""
    script = (
        "create table t(id integer primary key autoincrement, x);"
        "insert into t(x) values(1), (2), (3); delete from t where id = 3"
    )
    make(path, script, journal_mode=journal_mode)
    source = SqliteSource(path)
    backup = backup_of(capture(source, tmp_path), source)
    with Other(path) as other:
        other.sql("delete from t")
        other.sql("update sqlite_sequence set seq = 0")
        with staged(source, backup, tmp_path) as stage:
            stage.swap()
        assert other.sql("insert into t(x) values(9) returning id") == "[(4,)]"


def test_a_staged_file_that_is_damaged_is_found_before_anything_live_is_touched(
    tmp_path: Path, path: Path
) -> None:
    """R15: the last byte of the backup is wrong."""
    make(path, "insert into notes values('old')")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    _, backup = new_content(tmp_path)
    content = bytearray(backup.content)
    content[4096 + 3 : 4096 + 5] = b"\xff\xff"
    with staged(SqliteSource(path), tree(SqliteSource(path), bytes(content)), tmp_path) as stage:
        (result,) = stage.check()

    assert (result.name, result.passed) == ("integrity", False)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_row_counts_are_checked_against_the_manifest(tmp_path: Path, path: Path) -> None:
    make(path, "insert into notes values('old')")
    source = SqliteSource(path)
    captured = capture(source, tmp_path)
    run_sql(captured.path, "insert into notes values('forged')")
    with staged(source, backup_of(captured, source), tmp_path) as stage:
        results = {check.name: check for check in stage.check()}

    assert not results["table counts"].passed
    assert results["table counts"].detail == "notes: 2 instead of 1"


def test_a_full_disk_while_staging_leaves_nothing(tmp_path: Path, path: Path) -> None:
    """R36: found while staging; the live database is as it was."""
    make(path)
    _, backup = new_content(tmp_path)

    class Full(Tree):
        def write_to(self, path: str, descriptor: int) -> None:
            raise OSError(28, "No space left on device")

    full = Full(backup.root, backup.content, backup.manifest)
    with (
        pytest.raises(NotEnoughSpace, match=str(path)),
        staged(SqliteSource(path), full, tmp_path),
    ):
        pass

    assert list(beside(path)) == ["app.db"]


def test_a_cancelled_restore_leaves_nothing(tmp_path: Path, path: Path) -> None:
    make(path, "insert into notes values('old')")
    _, backup = new_content(tmp_path)
    cancel = CancellationToken()
    with staged(SqliteSource(path), backup, tmp_path, cancel=cancel) as stage:
        stage.state()
        cancel.cancel()
        with pytest.raises(Cancelled):
            stage.swap()

    assert run_sql(path, "select * from notes") == [("old",)]
    assert list(beside(path)) == ["app.db"]


def test_a_link_is_restored_through(tmp_path: Path, path: Path) -> None:
    make(path)
    link = tmp_path / "app.db"
    link.symlink_to(path)
    file, backup = new_content(tmp_path)
    with staged(SqliteSource(link), backup, tmp_path) as stage:
        stage.swap()

    assert link.is_symlink()
    assert dump(path) == dump(file)
