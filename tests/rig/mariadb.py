"""A real MariaDB server for tests: its own folder, port, socket and passwords.

    with MariaDbServer.started() as server:
        server.create_database("app")
        server.run("CREATE TABLE notes (id int AUTO_INCREMENT PRIMARY KEY)", "app")

It loses data in a power cut of the machine (nothing is synced), never in a crash of the server.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.rig.daemon import Daemon, DaemonFolder, free_port, wait_until

if TYPE_CHECKING:
    import pymysql

_USER = "mysql"
_ENV = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/bin", "TZ": "UTC"}
_PORTS_TO_TRY = 5
_OWN_DATABASES = {"information_schema", "mysql", "performance_schema", "sys"}
_SETTINGS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-flush-method=nosync",  # and what was committed outlives the process, not the machine
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--max-connections=60",
    "--event-scheduler=OFF",
    "--log-warnings=1",
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A session that the server has."""

    pid: int
    database: str | None
    user: str
    command: str
    state: str
    query: str


@dataclass(frozen=True, slots=True)
class User:
    """A user that may log in from anywhere."""

    name: str
    password: str


def program(name: str) -> str:
    """Return the path of a program that MariaDB brings."""
    found = shutil.which(name, path=_ENV["PATH"])
    if found is None:
        pytest.fail(f"There is no {name}; run scripts/install_system_packages.sh")
    return found


class MariaDbServer:
    """A server that runs; `MariaDbServer.started` makes one.

    Attributes:
        host: The address that it listens on.
        socket: The path of its Unix socket.
        superuser: The name of the user that may do everything.
        password: The password of that user.
    """

    host = "127.0.0.1"
    superuser = "root"

    def __init__(self, *settings: str) -> None:
        self.port = 0
        self.password = secrets.token_urlsafe(12)
        self._settings = settings
        self._folder = DaemonFolder("holdfast-my-", _USER)
        self.socket = self._folder.make("socket") / "mariadb.sock"
        self._data = self._folder.make("data")
        self._scratch = self._folder.make("scratch")
        self._daemon: Daemon | None = None
        self._initialize()

    @classmethod
    @contextmanager
    def started(cls, *settings: str) -> Iterator[MariaDbServer]:
        """Start a server, and at the end stop and remove it.

        Args:
            settings: More settings, each as `--name=value`.
        """
        server = cls(*settings)
        try:
            server.start()
            yield server
        finally:
            server.remove()

    @property
    def running(self) -> bool:
        """Whether the server's process runs."""
        return self._daemon is not None and self._daemon.running

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        assert self._daemon is not None, "the server was never started"
        return self._daemon.pid

    @property
    def version(self) -> str:
        """The server's version, such as `10.11.19`."""
        return str(self.run("SELECT version()")[0][0]).partition("-")[0]

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
                pytest.fail(f"MariaDB does not start: {daemon.said()}")
        pytest.fail(f"MariaDB found no free port {_PORTS_TO_TRY} times")

    def stop(self) -> None:
        """Stop the server as an administrator does: sessions are ended, all is written."""
        if self._daemon is not None:
            self._daemon.end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server's process."""
        if self._daemon is not None:
            self._daemon.kill()

    def remove(self) -> None:
        """Stop the server at once and remove all that it had."""
        self.kill()
        self._folder.remove()

    def url(
        self,
        database: str = "",
        user: str | None = None,
        password: str | None = None,
        driver: str = "mysql",
    ) -> str:
        """Return the URL of a database, for the superuser unless another user is named."""
        account = self._account(user, password)
        return f"{driver}://{account}@{self.host}:{self.port}/{quote(database, safe='')}"

    def socket_url(
        self,
        database: str = "",
        user: str | None = None,
        password: str | None = None,
        driver: str = "mysql",
    ) -> str:
        """Return the URL of a database by the server's Unix socket."""
        account = self._account(user, password)
        socket = quote(str(self.socket), safe="")
        name = quote(database, safe="")
        return f"{driver}://{account}@localhost/{name}?unix_socket={socket}"

    def connect(
        self, database: str | None = None, *, user: User | None = None
    ) -> pymysql.connections.Connection[Any]:
        """Open a session that commits each statement; text is utf8mb4."""
        import pymysql

        login = user or User(self.superuser, self.password)
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=login.name,
            password=login.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            ssl_disabled=True,  # or each connection reads all of the machine's authorities
        )

    def run(
        self, sql: str | bytes, database: str | None = None, *, user: User | None = None
    ) -> list[Row]:
        """Run one statement; return its rows."""
        return self.run_all([sql], database, user=user)

    def run_all(
        self,
        statements: Sequence[str | bytes],
        database: str | None = None,
        *,
        user: User | None = None,
    ) -> list[Row]:
        """Run statements one by one in one session; return the rows of the last one."""
        rows: list[Row] = []
        session = self.connect(database, user=user)
        try:
            with session.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                    rows = list(cursor.fetchall())
        finally:
            session.close()
        return rows

    def load(self, script: Path, database: str, *, after: str = "") -> None:
        """Run a script of this project through the `mariadb` client.

        Args:
            after: A line of the script; what comes before it is left out.
        """
        text = script.read_text(encoding="utf-8")
        argv = [program("mariadb"), "--no-defaults", "--default-character-set=utf8mb4"]
        where = [f"--host={self.host}", f"--port={self.port}", f"--user={self.superuser}"]
        done = subprocess.run(
            [*argv, *where, database],
            env={**_ENV, "MYSQL_PWD": self.password},
            # One transaction: thousands of rows, each inserted by a statement of its own.
            input="SET autocommit = 0;\n"
            + (text.partition(after)[2] if after else text)
            + "COMMIT;",
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            pytest.fail(f"{script.name} did not load: {done.stderr}")

    def create_database(self, name: str, *, charset: str = "utf8mb4") -> str:
        """Make a database; return its URL."""
        self.run(f"CREATE DATABASE {identifier(name)} CHARACTER SET {charset}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database if it is there, ending the sessions that use it."""
        self.end_connections(name)
        self.run(f"DROP DATABASE IF EXISTS {identifier(name)}")

    def create_user(
        self, name: str, *, password: str | None = None, grants: Sequence[str] = ()
    ) -> User:
        """Make a user.

        Args:
            grants: What it may do, such as ``SELECT ON `app`.*``; by default nothing.
        """
        user = User(name, secrets.token_urlsafe(12) if password is None else password)
        account = f"{literal(name)}@'%'"
        created = f"CREATE USER {account} IDENTIFIED BY {literal(user.password)}"
        self.run_all([created, *(f"GRANT {each} TO {account}" for each in grants)])
        return user

    def drop_user(self, name: str) -> None:
        """Remove a user if it is there."""
        self.run(f"DROP USER IF EXISTS {literal(name)}@'%'")

    def databases(self) -> set[str]:
        """Return the names of all databases but the server's own."""
        return {str(name) for (name,) in self.run("SHOW DATABASES")} - _OWN_DATABASES

    def users(self) -> set[str]:
        """Return the names of all users but the server's own."""
        rows = self.run("SELECT user FROM mysql.user WHERE host = '%'")
        return {str(name) for (name,) in rows} - {self.superuser}

    def connections(self, database: str | None = None) -> list[Connection]:
        """Return the sessions of clients, in one database or in all, but not the one that asks."""
        rows = self.run(
            "SELECT id, db, user, command, coalesce(state, ''), coalesce(info, '')"
            " FROM information_schema.processlist"
            " WHERE id <> connection_id() AND user <> 'system user' ORDER BY id"
        )
        names = ("pid", "database", "user", "command", "state", "query")
        found = [Connection(**dict(zip(names, row, strict=True))) for row in rows]
        return [each for each in found if database is None or each.database == database]

    def end_connections(self, database: str) -> None:
        """End all sessions of a database, as an administrator or a network does."""
        import pymysql

        for connection in self.connections(database):
            try:
                self.run(f"KILL {connection.pid}")
            except pymysql.err.OperationalError as error:
                if error.args[0] != 1094:  # it ended by itself
                    raise

    def _account(self, user: str | None, password: str | None) -> str:
        name = self.superuser if user is None else user
        secret = self.password if password is None and user is None else password
        given = "" if secret is None else f":{quote(secret, safe='')}"
        return f"{quote(name, safe='')}{given}"

    def _initialize(self) -> None:
        # Never the machine's temporary folder: each server that starts empties it of tables.
        where = [f"--datadir={self._data}", f"--tmpdir={self._scratch}", f"--user={_USER}"]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        install = [program("mariadb-install-db"), "--no-defaults", "--skip-name-resolve"]
        self._folder.run([*install, *where, *options], {**_ENV, "TMPDIR": str(self._scratch)})

    def _launch(self, port: int) -> Daemon:
        ready = self._folder.path / "log"
        before = ready.read_text(errors="replace").count(_READY) if ready.exists() else 0
        where = [f"--datadir={self._data}", f"--socket={self.socket}", f"--port={port}"]
        more = [f"--tmpdir={self._scratch}", f"--init-file={self._accounts()}"]
        argv = [program("mariadbd"), "--no-defaults", *where, *more]
        daemon = self._folder.start([*argv, *_SETTINGS, *self._settings], _ENV)
        wait_until(
            lambda: not daemon.running or ready.read_text(errors="replace").count(_READY) > before,
            "MariaDB's start",
        )
        return daemon

    def _accounts(self) -> Path:
        """Write the statements that leave one superuser, with a password, and nobody else."""
        account = f"{self.superuser}@'%'"
        return self._folder.write(
            "accounts.sql",
            f"CREATE OR REPLACE USER {account} IDENTIFIED BY {literal(self.password)};\n"
            f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;\n"
            f"DELETE FROM mysql.global_priv WHERE user = 'root' AND host <> '%';\n"
            "FLUSH PRIVILEGES;\n",
        )


_READY = "ready for connections"


@dataclass(frozen=True, slots=True)
class MariaDbDatabase:
    """A database of one test."""

    server: MariaDbServer
    name: str

    @property
    def url(self) -> str:
        """Its URL for the superuser."""
        return self.server.url(self.name)

    def url_for(self, user: User, driver: str = "mysql") -> str:
        """Return its URL for a user."""
        return self.server.url(self.name, user.name, user.password, driver)

    def run(self, sql: str | bytes, *, user: User | None = None) -> list[Row]:
        """Run one statement in it; return its rows."""
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
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """Return a text quoted for SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
