from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.application import Application
from tests.operations.shop import ENGINES, MakeShop, Shop


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """A small application with live data."""
    made = Application(tmp_path)
    made.create()
    return made


@pytest.fixture
def make_shop(request: pytest.FixtureRequest, tmp_path: Path) -> MakeShop:
    """Make an application on one engine; only that engine's server is started."""

    def make(engine: str) -> Shop:
        name = {"postgresql": "postgres_database", "mysql": "mariadb_database"}[engine]
        shop = Shop(request.getfixturevalue(name), tmp_path)
        shop.create()
        return shop

    return make


@pytest.fixture(params=ENGINES)
def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Shop:
    """An application with live data, on each engine."""
    return make_shop(request.param)
