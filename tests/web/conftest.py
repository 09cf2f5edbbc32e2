from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.application import Application
from tests.web.serving import Served, served


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """A small application with live data."""
    made = Application(tmp_path)
    made.create(events=3)
    return made


@pytest.fixture
def web(application: Application) -> Iterator[Served]:
    """It, serving its backups to an administrator."""
    with served(application) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Another with one backup, for tests that change nothing that others look at."""
    made = Application(tmp_path_factory.mktemp("shared"))
    made.create(events=3)
    with served(made) as running:
        running.back_up(description="The first", tags=["first"])
        yield running
