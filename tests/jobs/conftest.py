from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.jobs import JobEngine, JobOptions
from tests.operations.application import Application

MakeEngine = Callable[..., JobEngine]


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """A small application with live data."""
    made = Application(tmp_path)
    made.create()
    return made


@pytest.fixture
def make_engine(application: Application) -> Iterator[MakeEngine]:
    """Make engines over the application; they are stopped in the end."""
    made: list[JobEngine] = []

    def make(
        options: JobOptions | None = None,
        *,
        service: BackupService | None = None,
        catalog_url: str | None = None,
    ) -> JobEngine:
        engine = JobEngine(
            service or application.service(), options=options, catalog_url=catalog_url
        )
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop()
