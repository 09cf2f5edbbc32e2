"""Databases of the three engines, by name, for tests that hold for each of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from holdfast.sources.tables import TablesSource
from holdfast.sources.tables.host import database_url

ENGINES = ("sqlite", "postgresql", "mysql")


@dataclass(frozen=True)
class Database:
    """A database of any engine.

    Attributes:
        url: As SQLAlchemy takes it.
    """

    engine_name: str
    url: str

    def source(self, **options: Any) -> TablesSource:
        return TablesSource(self.url, **options)

    def engine(self) -> sa.Engine:
        return sa.create_engine(database_url(self.url), poolclass=NullPool)

    def run(self, *statements: str) -> None:
        """Run statements as they stand, each in a transaction of its own."""
        engine = self.engine()
        for statement in statements:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
                connection.commit()
        engine.dispose()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        engine = self.engine()
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.exec_driver_sql(statement)]
        engine.dispose()
        return rows


NewDatabase = Callable[[str], Database]


@pytest.fixture
def new_database(tmp_path: Path, request: pytest.FixtureRequest) -> NewDatabase:
    """Make empty databases for one test."""
    numbers = itertools.count(1)

    def make(engine_name: str) -> Database:
        if engine_name == "sqlite":
            path = tmp_path / f"app_{next(numbers)}.db"
            path.touch()
            return Database("sqlite", f"sqlite:///{path}")
        kind = "postgres" if engine_name == "postgresql" else "mariadb"
        return Database(engine_name, request.getfixturevalue(f"new_{kind}_database")().url)

    return make


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    path = tmp_path / "scratch"
    path.mkdir()
    return path
