"""The rig itself: what it starts is apart from all else, and gone afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.daemon import free_port, wait_until
from tests.rig.mariadb import MariaDbDatabase, MariaDbServer
from tests.rig.postgresql import PostgresDatabase, PostgresServer

_ROOT = Path(__file__).parents[2]


def test_two_postgresql_servers_share_nothing_and_leave_nothing() -> None:
    """Each has its own port, folder and databases; when they are gone nothing is left."""
    with PostgresServer.started() as one, PostgresServer.started() as other:
        one.create_database("mine")
        assert (one.databases(), other.databases()) == ({"mine"}, set())
        assert one.port != other.port
        folders, pids = {one.socket_dir.parent, other.socket_dir.parent}, {one.pid, other.pid}
        assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_two_mariadb_servers_share_nothing_and_leave_nothing() -> None:
    """Each has its own port, folder and databases; when they are gone nothing is left."""
    with MariaDbServer.started() as one, MariaDbServer.started() as other:
        one.create_database("mine")
        assert (one.databases(), other.databases()) == ({"mine"}, set())
        assert one.port != other.port
        folders, pids = {one.socket.parents[1], other.socket.parents[1]}, {one.pid, other.pid}
        assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize(
    ("module", "server"), [("postgresql", "PostgresServer"), ("mariadb", "MariaDbServer")]
)
def test_servers_end_with_a_test_run_that_is_killed(module: str, server: str) -> None:
    """Nobody tidies up after `kill -9`, but the process that watches for it."""
    code = (
        "import os, signal\n"
        f"from tests.rig.{module} import {server}\n"
        f"server = {server}()\n"
        "server.start()\n"
        "print(server.pid, server._folder.path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True)
    pid, folder = done.stdout.split()
    wait_until(lambda: not Path(folder).exists(), "the removal of the server's folder")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the server's end")


def test_a_killed_postgresql_server_starts_again_where_it_was(
    postgres_server: PostgresServer, postgres_database: PostgresDatabase
) -> None:
    postgres_database.run("CREATE TABLE notes (id int); INSERT INTO notes VALUES (1)")
    port = postgres_server.port
    postgres_server.kill()
    assert not postgres_server.running
    postgres_server.start()
    assert postgres_server.port == port
    assert postgres_database.run("SELECT id FROM notes") == [(1,)]


def test_a_killed_mariadb_server_starts_again_where_it_was(
    mariadb_server: MariaDbServer, mariadb_database: MariaDbDatabase
) -> None:
    mariadb_database.run("CREATE TABLE notes (id int PRIMARY KEY)")
    mariadb_database.run("INSERT INTO notes VALUES (1)")
    mariadb_server.stop()
    mariadb_server.start()
    mariadb_server.kill()
    assert not mariadb_server.running
    mariadb_server.start()
    assert mariadb_database.run("SELECT id FROM notes") == [(1,)]


def test_chinook_is_in_postgresql(chinook_postgres: PostgresDatabase) -> None:
    assert chinook_postgres.run("SELECT count(*) FROM invoice_line") == [(2240,)]


def test_chinook_is_in_mariadb(chinook_mariadb: MariaDbDatabase) -> None:
    assert chinook_mariadb.run("SELECT count(*) FROM InvoiceLine") == [(2240,)]


def test_a_free_port_is_free() -> None:
    assert 1024 < free_port() < 65536


def test_a_wrong_password_is_refused(
    postgres_server: PostgresServer, mariadb_server: MariaDbServer
) -> None:
    import psycopg
    import pymysql

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.url(user="postgres", password="wrong"))
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(host=mariadb_server.host, port=mariadb_server.port, user="root")
