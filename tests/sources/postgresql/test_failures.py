"""A capture that fails in any way is an error, never a backup, and leaves nobody behind.

Proves R01 and R56. The fixtures fail a test that leaves a session open on the server.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import (
    Cancelled,
    DatabaseUnreachable,
    HoldfastError,
    ProgramFailed,
    SourceNotFound,
)
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.arguments import SeenArguments
from tests.rig.daemon import wait_until
from tests.rig.postgresql import PostgresDatabase, PostgresServer, Role, program
from tests.rig.tools import FAILURES, Behaviour, install_tool
from tests.sources.postgresql.support import Reader

_BIG = """
CREATE TABLE big (id int PRIMARY KEY, text text);
INSERT INTO big SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 60000) g;
"""


@pytest.fixture(scope="module")
def good_dump(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A dump of a small database, for tools that only pretend."""
    name = "model_of_a_dump"
    postgres_server.create_database(name)
    try:
        postgres_server.run("CREATE TABLE t AS SELECT generate_series(1, 1000) AS i", name)
        reader = Reader(tmp_path_factory.mktemp("scratch"))
        return reader.capture(PostgresSource(postgres_server.url(name))).dump
    finally:
        postgres_server.drop_database(name)


def fake_clients(folder: Path, behaviour: Behaviour, dump: bytes, restore: Path | None) -> Path:
    version = "(PostgreSQL) 15.99"
    install_tool(folder, "pg_dump", behaviour, output=dump, version=f"pg_dump {version}")
    real = program("pg_restore")
    (folder / "pg_restore").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_restore {version}" && exit\n'
        f'exec {restore or real} "$@"\n'
    )
    (folder / "pg_restore").chmod(0o755)
    return folder


@pytest.mark.parametrize("behaviour", FAILURES, ids=lambda each: each.name)
def test_a_pg_dump_that_fails_in_any_way_fails_the_capture(
    behaviour: Behaviour, good_dump: bytes, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R01: whatever it wrote before."""
    folder = fake_clients(tmp_path / "bin", behaviour, good_dump, None)
    source = PostgresSource(postgres_database.url, client_folders=[folder], stall_s=0.5)
    with pytest.raises(HoldfastError):
        Reader(tmp_path).capture(source)


def test_a_pretending_pg_dump_that_does_well_is_believed(
    good_dump: bytes, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R01: or the test above would prove nothing."""
    folder = fake_clients(tmp_path / "bin", Behaviour.GOOD, good_dump, None)
    source = PostgresSource(postgres_database.url, client_folders=[folder], stall_s=120)
    assert Reader(tmp_path).capture(source).dump == good_dump


# Exit 0 of a program that only throws away what it reads is a success, whatever it writes.
_NO_PROOF = [each for each in FAILURES if each not in (Behaviour.EMPTY, Behaviour.TRUNCATED)]


@pytest.mark.parametrize("behaviour", _NO_PROOF, ids=lambda each: each.name)
def test_a_proof_that_fails_in_any_way_fails_the_capture(
    behaviour: Behaviour, good_dump: bytes, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R01: a dump that was not read to its end is none."""
    proof = install_tool(tmp_path / "proof", "pg_restore", behaviour, output=b"x")
    folder = fake_clients(tmp_path / "bin", Behaviour.GOOD, good_dump, proof)
    source = PostgresSource(postgres_database.url, client_folders=[folder], stall_s=0.5)
    with pytest.raises(HoldfastError):
        Reader(tmp_path).capture(source)


def test_a_dump_cut_anywhere_fails_the_capture(
    good_dump: bytes, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R02: the program that reads the stream sees it, though pg_dump reports success."""
    for end in (1, 4, 30, len(good_dump) // 3, len(good_dump) - 6, len(good_dump) - 1):
        folder = fake_clients(tmp_path / "bin", Behaviour.GOOD, good_dump[:end], None)
        source = PostgresSource(postgres_database.url, client_folders=[folder], stall_s=120)
        with pytest.raises(ProgramFailed, match="pg_restore"):
            Reader(tmp_path).capture(source)


def test_a_wrong_database_is_not_found(postgres_server: PostgresServer, tmp_path: Path) -> None:
    source = PostgresSource(postgres_server.url("nowhere"))
    with pytest.raises(SourceNotFound):
        Reader(tmp_path).capture(source)
    with pytest.raises(SourceNotFound):
        source.size_bytes()


def test_a_server_killed_in_the_middle_is_an_error(tmp_path: Path) -> None:
    with PostgresServer.started() as server:
        server.create_database("app")
        server.run(_BIG, "app")
        reader = Reader(tmp_path, on_piece=server.kill)
        with pytest.raises(DatabaseUnreachable):
            reader.capture(PostgresSource(server.url("app")))
        with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
            Reader(tmp_path).capture(PostgresSource(server.url("app")))


def test_a_connection_lost_in_the_middle_is_an_error(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    postgres_database.run(_BIG)

    def on_piece() -> None:
        postgres_database.server.end_connections(postgres_database.name)

    with pytest.raises(DatabaseUnreachable):
        Reader(tmp_path, on_piece=on_piece).capture(PostgresSource(postgres_database.url))


def processes_of(database: PostgresDatabase) -> list[str]:
    """Return the command lines of programs of this machine that use a database."""
    wanted = f"PGDATABASE={database.name}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended
    return found


def test_a_cancelled_capture_leaves_no_program_and_no_session(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    postgres_database.run(_BIG)
    cancel = CancellationToken()
    seen: list[str] = []

    def on_piece() -> None:
        seen.extend(processes_of(postgres_database))
        cancel.cancel()

    reader = Reader(tmp_path, cancel=cancel, on_piece=on_piece)
    with pytest.raises(Cancelled):
        reader.capture(PostgresSource(postgres_database.url))
    assert any("pg_dump" in line for line in seen)
    assert processes_of(postgres_database) == []


def test_a_capture_cancelled_while_it_waits_for_a_lock_leaves_nobody_waiting(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """The server does not notice by itself that a killed pg_dump is gone: it is told."""
    import psycopg

    postgres_database.run("CREATE TABLE t (i int)")
    cancel = CancellationToken()

    def waits() -> bool:
        return bool(
            postgres_database.run(
                "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted"
                f" AND datname = '{postgres_database.name}'"
            )
        )

    def cancel_when_it_waits() -> None:
        try:
            wait_until(waits, "its wait for the lock")
        finally:
            cancel.cancel()

    with psycopg.connect(postgres_database.url) as session:
        watcher = threading.Thread(target=cancel_when_it_waits)

        def on_begin() -> None:
            session.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            watcher.start()

        with pytest.raises(Cancelled):
            Reader(tmp_path, cancel=cancel, on_begin=on_begin).capture(
                PostgresSource(postgres_database.url)
            )
        watcher.join()
        # The server is told, and does it as soon as it has the processor for it.
        wait_until(lambda: not waits(), "the end of its wait")


def test_a_capture_that_nobody_reads_ends_with_its_context(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """The caller failed, for example for want of space: nothing stays behind."""
    from holdfast.sources.base import CaptureContext

    postgres_database.run(_BIG)
    source = PostgresSource(postgres_database.url)
    with source.capture(CaptureContext(scratch_dir=tmp_path)) as capture:
        (entry,) = capture.entries()
        assert entry.open is not None
        entry.open().read(10)
    assert processes_of(postgres_database) == []


def test_a_password_is_in_no_argument_and_no_manifest(
    postgres_database: PostgresDatabase,
    new_postgres_role: Callable[..., Role],
    tmp_path: Path,
) -> None:
    """R56: nor is the database's name an argument, which may be taken for a connection string."""
    postgres_database.run(_BIG)
    secret = "canary+%/? :'\"" + "x" * 9
    role = new_postgres_role(password=secret, superuser=True)
    source = PostgresSource(postgres_database.url_for(role))
    with SeenArguments() as seen:
        captured = Reader(tmp_path, on_piece=seen.look).capture(source)
    arguments = b"\0\n".join(seen.lines)
    assert b"pg_dump" in arguments
    assert b"pg_restore" in arguments
    assert b"canary" not in arguments
    assert f"\0{postgres_database.name}\0".encode() not in arguments
    assert "canary" not in repr((captured.facts, captured.entries, source.location, source.server))


def test_a_password_is_in_no_error(
    good_dump: bytes, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R56: not even where the program writes all of its environment."""
    folder = fake_clients(tmp_path / "bin", Behaviour.FAILS_AT_ONCE, good_dump, None)
    version = shutil.copy(folder / "pg_dump", tmp_path / "versions")
    (folder / "pg_dump").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {version} --version\nenv >&2\nexit 1\n'
    )
    source = PostgresSource(postgres_database.url, client_folders=[folder])
    with pytest.raises(ProgramFailed) as caught:
        Reader(tmp_path).capture(source)
    assert "PGPASSWORD=***" in caught.value.message
    assert postgres_database.server.password not in repr(caught.value.__dict__)


def test_what_fails_shows_the_reason_and_not_the_progress(
    good_dump: bytes, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """`pg_dump --verbose` writes a line for each object; the reason is the last one."""
    folder = fake_clients(tmp_path / "bin", Behaviour.GOOD, good_dump, None)
    (folder / "pg_dump").write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo 'pg_dump (PostgreSQL) 15.99' && exit\n"
        "echo 'pg_dump: reading schemas' >&2\n"
        "echo 'pg_dump: dumping contents of table \"public.t\"' >&2\n"
        "echo 'pg_dump: error: the reason' >&2\nexit 1\n"
    )
    source = PostgresSource(postgres_database.url, client_folders=[folder])
    with pytest.raises(ProgramFailed) as caught:
        Reader(tmp_path).capture(source)
    assert caught.value.message == "pg_dump failed with exit code 1: pg_dump: error: the reason"
