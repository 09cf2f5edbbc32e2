"""A moment of a live database is read from where it lies, and stays one moment while it is held."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import apsw
import pytest

from holdfast.errors import DatabaseChanged
from holdfast.sources.sqlite.agent import capturing, moment, pumping, reading, wal_index
from tests.sources.sqlite.support import Other, beside, make, run_sql

PAGE_SIZES = [512, 1024, 4096, 32768, 65536]
CHECKPOINTS = ["passive", "full", "restart", "truncate"]

ALTERED = [(24, 28), (40, 44), (92, 100)]
"""What SQLite's online backup sets itself in a header: change counter, schema cookie, the
version-valid-for number and the version of SQLite."""


def read_out(held: moment.Moment) -> bytes:
    """Return the bytes that a moment sends."""
    reading_end, writing_end = os.pipe()
    pump = pumping.Pump(held, writing_end)
    with os.fdopen(reading_end, "rb") as stream:
        content = stream.read()
    pump.wait()
    return content


def backed_up(held: moment.Moment, folder: Path) -> bytes:
    """Return SQLite's own copy of the transaction that a moment holds."""
    copy = folder / "backed-up.db"
    capturing.back_up(held.connection, str(copy))
    content = copy.read_bytes()
    copy.unlink()
    return content


def comparable(content: bytes) -> bytes:
    for start, end in ALTERED:
        content = content[:start] + bytes(end - start) + content[end:]
    return content


@contextmanager
def holding(path: Path) -> Iterator[moment.Moment]:
    held = moment.hold(str(path), 5)
    assert held is not None
    try:
        yield held
    finally:
        held.close()


def live(folder: Path, page_size: int = 4096) -> Path:
    """Make a database in WAL mode with some pages, all of them in the file."""
    (folder / "live").mkdir()
    path = folder / "live/app.db"
    run_sql(
        path,
        f"pragma page_size={page_size}; pragma journal_mode=wal; create table t(id integer"
        " primary key, body); with n(i) as (select 1 union all select i+1 from n where i<400)"
        " insert into t select i, zeroblob(i) from n;",
    )
    return path


CHANGES = {
    "nothing": [],
    "rows changed": ["update t set body = randomblob(300) where id % 7 = 0"],
    "pages added": ["insert into t select id + 1000, randomblob(900) from t"],
    "pages freed": ["delete from t where id > 50"],
    "vacuumed": ["delete from t where id > 50", "vacuum"],
    "shrunk and grown": ["delete from t", "vacuum", "insert into t values(1, zeroblob(200000))"],
}


@pytest.mark.parametrize("page_size", PAGE_SIZES)
@pytest.mark.parametrize("checkpoint", [None, *CHECKPOINTS])
@pytest.mark.parametrize("change", CHANGES)
def test_it_is_what_sqlite_copies_in_the_same_transaction(
    tmp_path: Path, page_size: int, checkpoint: str | None, change: str
) -> None:
    """R07: page by page, whatever is in the log, in the file, or in both."""
    path = live(tmp_path, page_size)
    with Other(path) as other:
        other.sql("pragma wal_autocheckpoint=0")
        for statement in [*CHANGES[change], "update t set body = 'a' where id = 1"]:
            other.sql(statement)
        if checkpoint:
            assert other.sql(f"pragma wal_checkpoint({checkpoint})").startswith("[(0")
            other.sql("update t set body = 'b' where id = 2")
        with holding(path) as held:
            assert comparable(read_out(held)) == comparable(backed_up(held, tmp_path))


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
@pytest.mark.parametrize("backfilled", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_it_stays_as_it_was_whatever_the_application_does(
    tmp_path: Path, checkpoint: str, backfilled: bool, change: str
) -> None:
    """R07: commits, checkpoints of every kind and VACUUM after the moment do not reach it."""
    path = live(tmp_path)
    with Other(path) as other:
        other.sql("update t set body = randomblob(500) where id % 5 = 0")
        if backfilled:
            assert other.sql("pragma wal_checkpoint(truncate)").startswith("[(0")
        with holding(path) as held:
            before = read_out(held)
            for statement in [*CHANGES[change], "update t set body = 'new'"]:
                assert other.sql(statement) == "[]"
            other.sql(f"pragma wal_checkpoint({checkpoint})")
            other.sql("insert into t(body) values('more')")
            other.sql(f"pragma wal_checkpoint({checkpoint})")

            assert read_out(held) == before
            held.require_held()
        assert other.sql("select count(*) from t where body = 'more'") == "[(1,)]"
        assert other.sql("pragma wal_checkpoint(truncate)") == "[(0, 0, 0)]"


@pytest.mark.parametrize("backfilled", [True, False])
def test_old_readers_with_marks_of_their_own_do_not_matter(
    tmp_path: Path, backfilled: bool
) -> None:
    """R07: all five read marks taken by readers of older snapshots; ours is a lower mark."""
    path = live(tmp_path)
    with ExitStack() as stack:
        readers = [stack.enter_context(Other(path)) for _ in range(6)]
        other = stack.enter_context(Other(path))
        for number, reader in enumerate(readers):
            other.sql(f"update t set body = randomblob(700) where id % {number + 2} = 0")
            reader.sql("begin")
            reader.sql("select count(*) from t")
        if backfilled:
            other.sql("pragma wal_checkpoint(passive)")
        other.sql("update t set body = 'last' where id = 3")
        with holding(path) as held:
            other.sql("pragma wal_checkpoint(passive)")
            other.sql("update t set body = 'after'")
            assert comparable(read_out(held)) == comparable(backed_up(held, tmp_path))
            count = "select count(*) from t where body = 'last'"
            assert held.connection.execute(count).get == 1


def test_a_commit_while_it_begins_makes_it_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R07: the header and the transaction are of one snapshot, at whatever instant it began."""
    path = live(tmp_path)
    begin = reading.begin
    statements = iter(
        ["update t set body = randomblob(9) where id = 1", "pragma wal_checkpoint(restart)"] * 3
    )
    with Other(path) as other:
        other.sql("update t set body = 'x' where id = 1")

        def begin_late(connection: apsw.Connection) -> None:
            if statement := next(statements, None):
                other.sql(statement)
            begin(connection)
            if statement := next(statements, None):
                other.sql(statement)

        monkeypatch.setattr(reading, "begin", begin_late)
        with holding(path) as held:
            assert next(statements, None) is None
            assert comparable(read_out(held)) == comparable(backed_up(held, tmp_path))


def test_a_database_that_never_rests_is_copied_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = live(tmp_path)
    begin = reading.begin
    with Other(path) as other:
        other.sql("update t set body = 'x' where id = 1")

        def begin_late(connection: apsw.Connection) -> None:
            begin(connection)
            other.sql("update t set body = randomblob(3) where id = 1")

        monkeypatch.setattr(reading, "begin", begin_late)

        assert moment.hold(str(path), 5) is None
        assert other.sql("pragma wal_checkpoint(truncate)") == "[(0, 0, 0)]"


def test_it_leaves_the_files_as_they_are(tmp_path: Path) -> None:
    """R08: not a byte and no name changes, in use or not; no checkpoint when it ends."""
    path = live(tmp_path)
    before = (beside(path), path.read_bytes(), path.stat())
    with holding(path) as held:
        assert held.way == "quiet"
        read_out(held)
    assert (beside(path), path.read_bytes(), path.stat()) == before
    with Other(path) as other:
        other.sql("update t set body = 'x'")
        wal = path.with_name("app.db-wal")
        before_in_use = (beside(path), path.read_bytes(), wal.read_bytes(), wal.stat())
        with holding(path) as held:
            assert held.way == "streamed"
            read_out(held)
        assert (beside(path), path.read_bytes(), wal.read_bytes(), wal.stat()) == before_in_use


def test_the_lock_lasts_until_the_end_of_the_moment(tmp_path: Path) -> None:
    """The descriptors for plain reads are closed after the connection: see the package."""
    path = live(tmp_path)
    with Other(path) as other:
        other.sql("update t set body = 'x'")
        with holding(path) as held:
            read_out(held)
            assert other.sql("pragma wal_checkpoint(truncate)").startswith("[(1")
        assert other.sql("pragma wal_checkpoint(truncate)") == "[(0, 0, 0)]"


def test_a_rest_that_ends_before_all_was_read_is_no_moment(tmp_path: Path) -> None:
    """A database that was open nowhere is opened, written to and checkpointed meanwhile."""
    path = live(tmp_path)
    with holding(path) as held:
        run_sql(path, "update t set body = 'new' where id = 1")
        with pytest.raises(DatabaseChanged, match="was changed while it was read"):
            held.require_held()


def test_a_writer_that_does_not_checkpoint_does_not_end_the_rest(tmp_path: Path) -> None:
    path = live(tmp_path)
    with holding(path) as held:
        before = read_out(held)
        with Other(path) as other:
            other.sql("update t set body = 'new' where id = 1")
            assert read_out(held) == before
            held.require_held()


@pytest.mark.parametrize("journal_mode", ["delete", "truncate", "persist"])
def test_a_rollback_journal_is_not_held(tmp_path: Path, journal_mode: str) -> None:
    """Its readers keep writers waiting, so a copy is made instead."""
    path = make(tmp_path / "app.db", journal_mode=journal_mode)

    assert moment.hold(str(path), 5) is None


def test_a_wal_longer_than_its_map_may_be_is_copied_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = live(tmp_path)
    monkeypatch.setattr(moment, "_MOST_FRAMES", 3)
    with Other(path) as other:
        other.sql("update t set body = randomblob(500)")

        assert moment.hold(str(path), 5) is None


def test_a_wal_of_several_index_blocks(tmp_path: Path) -> None:
    """The first block of the index names 4062 frames, each further one 4096."""
    path = live(tmp_path, 512)
    with Other(path) as other:
        other.sql("pragma wal_autocheckpoint=0")
        for number in range(30):
            other.sql(f"update t set body = zeroblob(500 + {number})")
        assert path.with_name("app.db-wal").stat().st_size > 9000 * (512 + 24)
        with holding(path) as held:
            assert comparable(read_out(held)) == comparable(backed_up(held, tmp_path))


def test_a_frame_of_another_use_of_the_wal_is_refused(tmp_path: Path) -> None:
    """An application that does not keep to the locks loses the moment; nobody is told lies."""
    path = live(tmp_path)
    with Other(path) as other:
        other.sql("update t set body = 'x'")
        with holding(path) as held:
            held.salts = b"otherone"
            with pytest.raises(DatabaseChanged):
                read_out(held)


def test_missing_pages_read_as_zeros(tmp_path: Path) -> None:
    """As SQLite reads them: the length is that of the database, not of the file."""
    path = live(tmp_path)
    with Other(path) as other:
        other.sql("select * from t")
        with holding(path) as held:
            whole = read_out(held)
            os.truncate(path, len(whole) - 5000)

            assert read_out(held) == whole[:-5000] + bytes(5000)


def test_it_is_read_and_written_where_it_cannot_be_spliced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = live(tmp_path)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(22, "Invalid argument")

    with holding(path) as held:
        spliced = read_out(held)
        monkeypatch.setattr(os, "splice", refuse)

        assert read_out(held) == spliced


def test_a_reader_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    """The application's log can begin anew, though the parent stopped in the middle."""
    path = live(tmp_path)
    run_sql(path, "insert into t(body) values(zeroblob(3000000))")
    reading_end, writing_end = os.pipe()
    with holding(path) as held:
        pump = pumping.Pump(held, writing_end, stall_limit_s=0.05)
        with pytest.raises(DatabaseChanged, match="nothing was stored"):
            pump.wait()
    os.close(reading_end)


def test_a_moment_beside_which_the_log_grows_a_lot_is_given_up(tmp_path: Path) -> None:
    """The application's disk is not filled for a store that is slower than it writes."""
    path = live(tmp_path)
    run_sql(path, "insert into t(body) values(zeroblob(3000000))")
    reading_end, writing_end = os.pipe()
    with Other(path) as other:
        other.sql("insert into t(body) values(1)")
        with holding(path) as held:
            pump = pumping.Pump(held, writing_end, growth_limit_bytes=4 << 20)
            other.sql("insert into t(body) values(zeroblob(9000000))")
            while os.read(reading_end, 1 << 16):
                pass
            with pytest.raises(DatabaseChanged, match="-wal grew"):
                pump.wait()
    os.close(reading_end)


def test_a_reader_that_left_is_no_error(tmp_path: Path) -> None:
    path = live(tmp_path)
    reading_end, writing_end = os.pipe()
    with holding(path) as held:
        pump = pumping.Pump(held, writing_end, stall_limit_s=30)
        os.close(reading_end)
        pump.wait()


def test_all_is_taken_before_it_is_done(tmp_path: Path) -> None:
    """What is in the pipe may still be the file itself: the moment lasts until it is read."""
    path = live(tmp_path)
    reading_end, writing_end = os.pipe()
    done = threading.Event()
    with holding(path) as held:
        held.size = 4096
        pump = pumping.Pump(held, writing_end)

        def wait() -> None:
            pump.wait()
            done.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not done.wait(0.05)
        os.read(reading_end, 4096)
        waiting.join()
    assert done.is_set()
    os.close(reading_end)


def test_a_torn_index_header_is_no_header(tmp_path: Path) -> None:
    """Both copies must agree, be ready, and be of the version that is known."""
    path = live(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update t set body = 'x' where id = 1")
        connection.commit()
        index = path.with_name("app.db-shm").read_bytes()
    file = tmp_path / "index"
    with file.open("w+b") as stream:

        def parsed(content: bytes) -> wal_index.IndexHeader | None:
            stream.seek(0)
            stream.truncate()
            stream.write(content)
            stream.flush()
            return wal_index.read_header(stream.fileno())

        header = parsed(index)
        assert header is not None
        assert (header.page_size, header.pages) == (4096, path.stat().st_size // 4096)
        assert header.frames >= 1
        for offset in (8, 16, 48 + 8, 48 + 16):
            torn = bytearray(index)
            torn[offset] ^= 1
            assert parsed(bytes(torn)) is None
        for offset in (0, 12):  # its version, and whether it is ready, in both copies
            other = bytearray(index)
            other[offset] ^= 1
            other[48 + offset] ^= 1
            assert parsed(bytes(other)) is None
        assert parsed(index[:95]) is None
