"""Desks whose scheduler is stopped at the end of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from holdfast.scheduler import BackupConfig
from tests.scheduler.desk import Desk

MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk() -> Iterator[MakeDesk]:
    """Makes desks: `make_desk("2024-03-01 01:00", schedule="0 2 * * *")`."""
    made: list[Desk] = []

    def make(now: str, **config: object) -> Desk:
        made.append(Desk(now, BackupConfig(**config)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for desk in made:
        assert desk.scheduler.stop()
