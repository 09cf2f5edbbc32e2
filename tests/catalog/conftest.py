"""Fixtures: a catalog in each of the two databases that can hold one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase
from tests.rig.postgresql import PostgresDatabase
from tests.rig.sim_clock import SimClock


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a catalog can be made; nothing is there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'catalog.db'}"
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    return database.url


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
