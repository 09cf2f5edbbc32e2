"""Fixtures: a catalog in each of the two databases that can hold one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase
from tests.rig.daemon import wait_until
from tests.rig.postgresql import PostgresServer
from tests.rig.sim_clock import SimClock

_numbers = itertools.count(1)


@pytest.fixture
def new_schema(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Make schemas for one test, and return URLs at which only they are seen.

    A schema is made in a tenth of the time that a database takes.
    """
    made: list[str] = []

    def make() -> str:
        made.append(f"catalog_{next(_numbers)}")
        postgres_server.run(f"CREATE SCHEMA {made[-1]}")
        return f"{postgres_server.url()}?options=-csearch_path%3D{made[-1]}"

    yield make
    wait_until(lambda: not _left_open(postgres_server), "the end of all sessions")
    for name in made:
        postgres_server.run(f"SET client_min_messages = error; DROP SCHEMA {name} CASCADE")


def _left_open(server: PostgresServer) -> bool:
    return any(each.application == "holdfast-catalog" for each in server.connections())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a catalog can be made; nothing is there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'catalog.db'}"
    made: str = request.getfixturevalue("new_schema")()
    return made


@pytest.fixture
def clock() -> SimClock:
    """Time that stands still until the test moves it."""
    return SimClock()


@pytest.fixture
def another(url: str, clock: SimClock) -> Iterator[Callable[[], CatalogDatabase]]:
    """Open the same catalog again, as another process does."""
    opened: list[CatalogDatabase] = []

    def open_again() -> CatalogDatabase:
        opened.append(CatalogDatabase(url, clock=clock))
        return opened[-1]

    yield open_again
    for database in opened:
        database.close()


@pytest.fixture
def catalog(another: Callable[[], CatalogDatabase]) -> CatalogDatabase:
    """A new catalog."""
    return another()
