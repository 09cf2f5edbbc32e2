"""Fixtures: one server of each kind per test worker, and databases that live for one test.

A server is started when the first test asks for it. Where its programs are missing the test
fails: a service that is not there proves nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.container import PostgresContainer
from tests.rig.daemon import wait_until
from tests.rig.mariadb import MariaDbDatabase, MariaDbServer, User
from tests.rig.postgresql import PostgresDatabase, PostgresServer, Role, identifier

_DATA = Path(__file__).with_name("data")
CHINOOK = "chinook"
FEATURES = "features"
_POSTGRES_SCRIPTS = {
    CHINOOK: (_DATA / "Chinook_PostgreSql.sql", "\\c chinook;"),
    FEATURES: (_DATA / "features_postgresql.sql", ""),
}
_MARIADB_SCRIPTS = {
    CHINOOK: (_DATA / "Chinook_MySql.sql", "USE `Chinook`;"),
    FEATURES: (_DATA / "features_mysql.sql", ""),
}
# What a plain dump of `FEATURES` loses without a word: floats beyond six digits, dates that no
# calendar has, values of enums that the server cannot name. See the script.
MARIADB_TABLES_THAT_DUMPS_CHANGE = frozenset(
    {"single_precision", "invalid_dates", "enum_beyond_three_bytes"}
)
_PATIENCE_S = 60.0
_numbers = itertools.count(1)


class PostgresDatabases:
    """Makes databases for one test, and afterwards removes them and what was made beside them.

    Attributes:
        tolerated: Application names whose sessions may outlive the test.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._before = server.databases()
        self.tolerated: set[str] = set()

    def __call__(
        self, content: str | None = None, *, name: str | None = None, owner: str | None = None
    ) -> PostgresDatabase:
        """Make a database.

        Args:
            content: `CHINOOK`, `FEATURES`, or nothing.
            name: Its name; a unique one is made up by default.
            owner: The role that owns it; the tables of a content stay the superuser's.
        """
        name = name or f"app_{next(_numbers)}"
        template = "template0" if content is None else _template(self._server, content)
        self._server.create_database(name, template=template, owner=owner)
        return PostgresDatabase(self._server, name)

    def remove(self) -> None:
        """Remove the databases; fail the test if somebody still uses them."""
        self._server.start()  # a test may have stopped it
        try:
            if not _comes_true(lambda: not self._left_open()):
                pytest.fail(f"sessions were left open: {self._left_open()}")
        finally:
            for name in self._new():
                self._server.drop_database(name)

    def _left_open(self) -> list[object]:
        new = self._new()
        return [
            each
            for each in self._server.connections()
            if each.database in new and each.application not in self.tolerated
        ]

    def _new(self) -> set[str]:
        """Return what was made since the test began, by it or by what it tests."""
        return self._server.databases() - self._before


class MariaDbDatabases:
    """Makes databases for one test, and afterwards removes them and what was made beside them.

    Attributes:
        tolerated: Users whose sessions may outlive the test.
    """

    def __init__(self, server: MariaDbServer) -> None:
        self._server = server
        self._before = server.databases()
        self.tolerated: set[str] = set()

    def __call__(
        self, content: str | None = None, *, name: str | None = None, charset: str = "utf8mb4"
    ) -> MariaDbDatabase:
        """Make a database.

        Args:
            content: `CHINOOK`, `FEATURES`, or nothing.
            name: Its name; a unique one is made up by default.
        """
        name = name or f"app_{next(_numbers)}"
        self._server.create_database(name, charset=charset)
        if content is not None:
            script, after = _MARIADB_SCRIPTS[content]
            self._server.load(script, name, after=after)
        return MariaDbDatabase(self._server, name)

    def remove(self) -> None:
        """Remove the databases; fail the test if somebody still uses them."""
        self._server.start()  # a test may have stopped it
        try:
            if not _comes_true(lambda: not self._left_open()):
                pytest.fail(f"sessions were left open: {self._left_open()}")
        finally:
            for name in self._new():
                self._server.drop_database(name)

    def _left_open(self) -> list[object]:
        new = self._new()
        return [
            each
            for each in self._server.connections()
            if each.database in new and each.user not in self.tolerated
        ]

    def _new(self) -> set[str]:
        """Return what was made since the test began, by it or by what it tests."""
        return self._server.databases() - self._before


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that the tests of this worker share."""
    with PostgresServer.started() as server:
        yield server


@pytest.fixture
def new_postgres_role(postgres_server: PostgresServer) -> Iterator[Callable[..., Role]]:
    """Make roles for one test; see `PostgresServer.create_role`, the name is optional."""
    made: list[Role] = []

    def make(name: str | None = None, **rights: object) -> Role:
        made.append(postgres_server.create_role(name or f"role_{next(_numbers)}", **rights))  # type: ignore[arg-type]
        return made[-1]

    yield make
    postgres_server.start()
    for role in reversed(made):
        postgres_server.drop_role(role.name)


@pytest.fixture
def new_postgres_database(
    postgres_server: PostgresServer,
    new_postgres_role: object,  # roles go after the databases that they own
) -> Iterator[PostgresDatabases]:
    """Make databases for one test."""
    databases = PostgresDatabases(postgres_server)
    yield databases
    databases.remove()


@pytest.fixture
def postgres_database(new_postgres_database: PostgresDatabases) -> PostgresDatabase:
    """An empty PostgreSQL database."""
    return new_postgres_database()


@pytest.fixture
def chinook_postgres(new_postgres_database: PostgresDatabases) -> PostgresDatabase:
    """A PostgreSQL database that holds the Chinook store."""
    return new_postgres_database(CHINOOK)


@pytest.fixture
def features_postgres(new_postgres_database: PostgresDatabases) -> PostgresDatabase:
    """A PostgreSQL database that uses every feature; see `data/features_postgresql.sql`."""
    return new_postgres_database(FEATURES)


@pytest.fixture(scope="session")
def postgres_container() -> Iterator[PostgresContainer]:
    """A container with a PostgreSQL server in it, which `podman` finds as long as it lives.

    The tests of this worker share it: who stops it starts it again.
    """
    with PostgresContainer.started() as container, pytest.MonkeyPatch.context() as patch:
        for name, value in container.env.items():
            patch.setenv(name, value)
        yield container


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDbServer]:
    """A MariaDB server that the tests of this worker share."""
    with MariaDbServer.started() as server:
        yield server


@pytest.fixture
def new_mariadb_user(mariadb_server: MariaDbServer) -> Iterator[Callable[..., User]]:
    """Make users for one test; see `MariaDbServer.create_user`, the name is optional."""
    made: list[User] = []

    def make(name: str | None = None, **rights: object) -> User:
        made.append(mariadb_server.create_user(name or f"user_{next(_numbers)}", **rights))  # type: ignore[arg-type]
        return made[-1]

    yield make
    mariadb_server.start()
    for user in made:
        mariadb_server.drop_user(user.name)


@pytest.fixture
def new_mariadb_database(mariadb_server: MariaDbServer) -> Iterator[MariaDbDatabases]:
    """Make databases for one test."""
    databases = MariaDbDatabases(mariadb_server)
    yield databases
    databases.remove()


@pytest.fixture
def mariadb_database(new_mariadb_database: MariaDbDatabases) -> MariaDbDatabase:
    """An empty MariaDB database."""
    return new_mariadb_database()


@pytest.fixture
def chinook_mariadb(new_mariadb_database: MariaDbDatabases) -> MariaDbDatabase:
    """A MariaDB database that holds the Chinook store."""
    return new_mariadb_database(CHINOOK)


@pytest.fixture
def features_mariadb(new_mariadb_database: MariaDbDatabases) -> MariaDbDatabase:
    """A MariaDB database that uses every feature; see `data/features_mysql.sql`."""
    return new_mariadb_database(FEATURES)


def _template(server: PostgresServer, content: str) -> str:
    """Return the name of a template database with this content, made when first asked for."""
    name = f"template_{content}"
    if not server.run(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        server.create_database(name)
        script, after = _POSTGRES_SCRIPTS[content]
        server.load(script, name, after=after)
        server.run("VACUUM FREEZE ANALYZE", name)
        server.run(f"ALTER DATABASE {identifier(name)} IS_TEMPLATE true")
    return name


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Say whether a condition holds in time: a server sees a closed session late."""
    try:
        wait_until(condition, "it", _PATIENCE_S)
    except pytest.fail.Exception:
        return False
    return True
