from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.jobs import JobEngine, JobOptions
from holdfast.notify import Channel
from tests.operations.application import Application
from tests.rig.receivers import Webhook, webhook

OPTIONS = JobOptions(
    isolation="thread", poll_s=0.05, heartbeat_s=0.1, schedule_poll_s=0.1, overdue_poll_s=0.05
)
CANARY = "canary-of-the-channel"
EVERY = ("failed", "recovered", "succeeded", "overdue")

MakeEngine = Callable[..., JobEngine]


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """A small application with live data."""
    made = Application(tmp_path)
    made.create(events=3)
    return made


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook that takes what it gets."""
    with webhook() as made:
        yield made


@pytest.fixture
def make_engine(application: Application, hook: Webhook) -> Iterator[MakeEngine]:
    """Make engines that tell the webhook; they are stopped in the end."""
    made: list[JobEngine] = []

    def make(
        events: tuple[str, ...] = EVERY, *, options: JobOptions = OPTIONS, **service: Any
    ) -> JobEngine:
        channel = Channel("ops", hook.url(f"/{CANARY}"), events)
        given = {"settings": None, "notifications": [channel], **service}
        engine = JobEngine(application.service(**given), options=options)
        made.append(engine)
        return engine

    yield make
    hook.open.set()
    for engine in made:
        engine.stop()
