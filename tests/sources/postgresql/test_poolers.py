"""Through a pooler: pgbouncer, a real one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from holdfast.errors import DatabaseRefused
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.daemon import DaemonFolder, free_port, wait_until
from tests.rig.postgresql import PostgresDatabase
from tests.sources.postgresql.support import Reader

_SETTINGS = """
[databases]
* = host={host} port={port} user=postgres password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
ignore_startup_parameters = extra_float_digits
"""


@contextmanager
def pgbouncer(database: PostgresDatabase, mode: str) -> Iterator[str]:
    """Run pgbouncer in front of a database; yield the URL that leads through it."""
    port, server = free_port(), database.server
    folder = DaemonFolder("holdfast-pgbouncer-", "postgres")
    settings = _SETTINGS.format(
        host=server.host, port=server.port, password=server.password, own_port=port, mode=mode
    )
    file = folder.write("pgbouncer.ini", settings)
    daemon = folder.start(["/usr/sbin/pgbouncer", file], {"PATH": "/usr/bin:/bin"})
    try:
        wait_until(lambda: not daemon.running or listens(port), "pgbouncer's start")
        assert daemon.running, daemon.said()
        yield f"postgresql://postgres@127.0.0.1:{port}/{database.name}"
    finally:
        daemon.kill()
        folder.remove()


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_a_pooler_in_transaction_mode_is_found_out_and_explained(
    chinook_postgres: PostgresDatabase, tmp_path: Path
) -> None:
    """Before anything is dumped, and before any setting is left behind in it."""
    with pgbouncer(chinook_postgres, "transaction") as url:
        with pytest.raises(DatabaseRefused, match="is a pooler in transaction mode") as caught:
            Reader(tmp_path).capture(PostgresSource(url))
        assert "address of the server itself" in str(caught.value.hint)


def test_a_pooler_in_session_mode_works(chinook_postgres: PostgresDatabase, tmp_path: Path) -> None:
    with pgbouncer(chinook_postgres, "session") as url:
        captured = Reader(tmp_path).capture(PostgresSource(url))
    direct = Reader(tmp_path).capture(PostgresSource(chinook_postgres.url))
    assert captured.facts.table_counts == direct.facts.table_counts
