"""A real PostgreSQL server for tests: its own folder, port, socket and passwords.

    with PostgresServer.started() as server:
        server.create_database("app")
        server.run("CREATE TABLE notes (id serial)", "app")

It loses data in a power cut of the machine (`fsync=off`), never in a crash of the server.
"""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.rig.daemon import Daemon, DaemonFolder, free_port, wait_until

_USER = "postgres"
_ENV = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
_STATUS_LINE = 7
_SHARED_MEMORY_LINE = 6
_PORTS_TO_TRY = 5
_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "autovacuum=off",  # or its workers hold databases that a test wants to drop
    "log_min_messages=warning",
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A session that the server has."""

    pid: int
    database: str
    user: str
    application: str
    state: str
    query: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role that can log in."""

    name: str
    password: str


def program(name: str) -> Path:
    """Return the path of a program of the newest PostgreSQL server on this machine."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parent.parent.name),
    )
    if not found:
        pytest.fail(f"There is no PostgreSQL {name}; run scripts/install_system_packages.sh")
    return found[-1]


class PostgresServer:
    """A server that runs; `PostgresServer.started` makes one.

    Attributes:
        host: The address that it listens on.
        socket_dir: The folder of its Unix socket.
        superuser: The name of the role that may do everything.
        password: The password of that role.
    """

    host = "127.0.0.1"
    superuser = "postgres"

    def __init__(self, *settings: str) -> None:
        self.port = 0
        self.password = secrets.token_urlsafe(12)
        self._settings = settings
        self._folder = DaemonFolder("holdfast-pg-", _USER)
        self.socket_dir = self._folder.make("socket")
        self._data = self._folder.make("data")
        self._daemon: Daemon | None = None
        self._initialize()

    @classmethod
    @contextmanager
    def started(cls, *settings: str) -> Iterator[PostgresServer]:
        """Start a server, and at the end stop and remove it.

        Args:
            settings: More settings, each as `name=value`.
        """
        server = cls(*settings)
        try:
            server.start()
            yield server
        finally:
            server.remove()

    @property
    def running(self) -> bool:
        """Whether the server's first process runs."""
        return self._daemon is not None and self._daemon.running

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        assert self._daemon is not None, "the server was never started"
        return self._daemon.pid

    @property
    def version(self) -> str:
        """The server's version, such as `15.18`."""
        said = subprocess.run(
            [program("postgres"), "--version"], check=True, capture_output=True, text=True
        ).stdout
        return said.split()[2]

    @property
    def log(self) -> str:
        """The end of what the server wrote to its log."""
        assert self._daemon is not None, "the server was never started"
        return self._daemon.said()

    def start(self) -> None:
        """Start the server if it does not run, on the port that it had before."""
        if self.running:
            return
        for _ in range(_PORTS_TO_TRY):
            port = self.port or free_port()
            daemon = self._launch(port)
            if daemon.running:
                self.port, self._daemon = port, daemon
                return
            if "Address already in use" not in daemon.said():
                pytest.fail(f"PostgreSQL does not start: {daemon.said()}")
        pytest.fail(f"PostgreSQL found no free port {_PORTS_TO_TRY} times")

    def stop(self) -> None:
        """Stop the server as an administrator does: sessions are ended, all is written."""
        if self._daemon is not None:
            self._daemon.end(signal.SIGINT)

    def kill(self) -> None:
        """Kill every process of the server."""
        if self._daemon is not None:
            self._daemon.kill()

    def remove(self) -> None:
        """Stop the server at once and remove all that it had."""
        if self._daemon is not None:
            self._daemon.end(signal.SIGQUIT)
            self._free_shared_memory()
        self._folder.remove()

    def url(
        self,
        database: str = "postgres",
        user: str | None = None,
        password: str | None = None,
        driver: str = "postgresql",
    ) -> str:
        """Return the URL of a database, for the superuser unless another user is named."""
        account = self._account(user, password)
        return f"{driver}://{account}@{self.host}:{self.port}/{quote(database, safe='')}"

    def socket_url(
        self,
        database: str = "postgres",
        user: str | None = None,
        password: str | None = None,
        driver: str = "postgresql",
    ) -> str:
        """Return the URL of a database by the server's Unix socket."""
        account = self._account(user, password)
        folder = quote(str(self.socket_dir), safe="")
        name = quote(database, safe="")
        return f"{driver}://{account}@/{name}?host={folder}&port={self.port}"

    def run(self, sql: str, database: str = "postgres", *, user: Role | None = None) -> list[Row]:
        """Run SQL, one or more statements, outside of a transaction; return the last one's rows."""
        import psycopg

        role = user or Role(self.superuser, self.password)
        url = self.url(database, role.name, role.password)
        with psycopg.connect(url, autocommit=True, application_name="holdfast-rig") as session:
            cursor = session.execute(sql.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def load(self, script: Path, database: str, *, after: str = "") -> None:
        """Run a script of this project through `psql`.

        Args:
            after: A line of the script; what comes before it is left out.
        """
        text = script.read_text(encoding="utf-8")
        argv = [str(program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
        env = {**_ENV, "PGPASSWORD": self.password, "PGOPTIONS": "-c client_min_messages=warning"}
        where = ["-h", self.host, "-p", str(self.port), "-U", self.superuser, "-d", database]
        done = subprocess.run(
            [*argv, *where],
            env=env,
            input=text.partition(after)[2] if after else text,
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            pytest.fail(f"{script.name} did not load: {done.stderr}")

    def create_database(
        self, name: str, *, template: str = "template0", owner: str | None = None
    ) -> str:
        """Make a database; return its URL."""
        owned = f" OWNER {identifier(owner)}" if owner else ""
        # Copying files is quicker than writing them to the log of changes; nothing is synced.
        self.run(
            f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(template)}{owned}"
            " STRATEGY file_copy"
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database if it is there, ending the sessions that use it."""
        self.run(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")

    def create_role(
        self,
        name: str,
        *,
        password: str | None = None,
        superuser: bool = False,
        createdb: bool = False,
        createrole: bool = False,
        member_of: Sequence[str] = (),
    ) -> Role:
        """Make a role that can log in, by default with no other right."""
        role = Role(name, secrets.token_urlsafe(12) if password is None else password)
        rights = [
            "SUPERUSER" if superuser else "NOSUPERUSER",
            "CREATEDB" if createdb else "NOCREATEDB",
            "CREATEROLE" if createrole else "NOCREATEROLE",
        ]
        groups = f" IN ROLE {', '.join(map(identifier, member_of))}" if member_of else ""
        self.run(
            f"CREATE ROLE {identifier(name)} LOGIN {' '.join(rights)}"
            f" PASSWORD {literal(role.password)}{groups}"
        )
        return role

    def drop_role(self, name: str) -> None:
        """Remove a role if it is there; whatever it owns in `postgres` goes with it."""
        if self.run(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(name)}"):
            self.run(f"DROP OWNED BY {identifier(name)} CASCADE; DROP ROLE {identifier(name)}")

    def databases(self) -> set[str]:
        """Return the names of all databases but the server's own."""
        rows = self.run("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return {str(name) for (name,) in rows} - {"postgres"}

    def roles(self) -> set[str]:
        """Return the names of all roles but those that every server has."""
        rows = self.run("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")
        return {str(name) for (name,) in rows} - {self.superuser}

    def connections(self, database: str | None = None) -> list[Connection]:
        """Return the sessions of clients, in one database or in all, but not the one that asks."""
        rows = self.run(
            "SELECT pid, datname, usename, application_name, coalesce(state, ''), query"
            " FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid() ORDER BY backend_start"
        )
        names = ("pid", "database", "user", "application", "state", "query")
        found = [Connection(**dict(zip(names, row, strict=True))) for row in rows]
        return [each for each in found if database is None or each.database == database]

    def prepared_transactions(self) -> list[str]:
        """Return the names of transactions that were prepared and never ended."""
        return [str(name) for (name,) in self.run("SELECT gid FROM pg_prepared_xacts")]

    def end_connections(self, database: str) -> None:
        """End all sessions of a database, as an administrator or a network does."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = {literal(database)} AND pid <> pg_backend_pid()"
        )

    def _account(self, user: str | None, password: str | None) -> str:
        name = self.superuser if user is None else user
        secret = self.password if password is None and user is None else password
        given = "" if secret is None else f":{quote(secret, safe='')}"
        return f"{quote(name, safe='')}{given}"

    def _initialize(self) -> None:
        password = self._folder.write("password", self.password)
        options = ["-U", self.superuser, "-A", "scram-sha-256", f"--pwfile={password}"]
        more = ["-E", "UTF8", "--no-sync", "--no-instructions"]
        self._folder.run([program("initdb"), "-D", self._data, *options, *more], _ENV)
        password.unlink()

    def _launch(self, port: int) -> Daemon:
        settings = [
            f"port={port}",
            f"listen_addresses={self.host}",
            f"unix_socket_directories={self.socket_dir}",
            *_SETTINGS,
            *self._settings,
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        daemon = self._folder.start([program("postgres"), "-D", self._data, *options], _ENV)
        wait_until(
            lambda: not daemon.running or self._status(daemon) == "ready", "PostgreSQL's start"
        )
        return daemon

    def _status(self, daemon: Daemon) -> str:
        """Return what the server says of itself where `pg_ctl` looks, too."""
        lines = self._pid_lines()
        ours = len(lines) > _STATUS_LINE and lines[0].strip() == str(daemon.pid)
        return lines[_STATUS_LINE].strip() if ours else ""

    def _pid_lines(self) -> list[str]:
        with suppress(OSError):
            return (self._data / "postmaster.pid").read_text().splitlines()
        return []

    def _free_shared_memory(self) -> None:
        """Remove the few bytes of shared memory that a killed server leaves."""
        lines = self._pid_lines()
        if len(lines) > _SHARED_MEMORY_LINE and (ids := lines[_SHARED_MEMORY_LINE].split()):
            subprocess.run(["ipcrm", "-m", ids[-1]], capture_output=True)


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database of one test."""

    server: PostgresServer
    name: str

    @property
    def url(self) -> str:
        """Its URL for the superuser."""
        return self.server.url(self.name)

    def url_for(self, role: Role, driver: str = "postgresql") -> str:
        """Return its URL for a role."""
        return self.server.url(self.name, role.name, role.password, driver)

    def run(self, sql: str, *, user: Role | None = None) -> list[Row]:
        """Run SQL in it, one or more statements; return the last one's rows."""
        return self.server.run(sql, self.name, user=user)

    def connections(self) -> list[Connection]:
        """Return the sessions that use it."""
        return self.server.connections(self.name)

    def relatives(self) -> set[str]:
        """Return the other databases whose names begin with its own."""
        return {
            name
            for name in self.server.databases()
            if name.startswith(self.name) and name != self.name
        }


def identifier(name: str) -> str:
    """Return a name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text quoted for SQL."""
    return "'" + re.sub("'", "''", text) + "'"
