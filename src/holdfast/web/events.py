"""What happens to a job, as server-sent events: numbered, so that a reader can go on anywhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypeAlias

import msgspec
from fastapi import Header, Query, Request

from holdfast.errors import HoldfastError, RequestInvalid
from holdfast.models.job import Job, JobEvent
from holdfast.web.context import WebContext
from holdfast.web.job_answers import find_job
from holdfast.web.schemas.jobs import job_shape

POLL_S = 0.5
KEEP_ALIVE_S = 15.0
"""Proxies close a connection on which nothing moves, many of them after a minute."""

LONGEST_S = 300.0
"""After this long the stream ends, and the reader comes back by itself: a server that is to
stop need not wait for it longer."""

LastEventId: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=20,
        description="Number of the last event that was seen; browsers send it by themselves.",
        examples=["17"],
    ),
]
After: TypeAlias = Annotated[
    int | None,
    Query(
        ge=0,
        le=2**53,
        description="The same, for readers that cannot send headers.",
        examples=[17],
    ),
]


def first_number(last_event_id: str | None, after: int | None) -> int:
    """Return the number of the last event that was seen, 0 for none.

    Raises:
        RequestInvalid: It is no number that an event can have.
    """
    if last_event_id is None or not last_event_id.strip():
        return after or 0
    text = last_event_id.strip()
    if not text.isascii() or not text.isdigit() or int(text) > 2**53:
        raise RequestInvalid(
            "Last-Event-ID is not the number of an event", hint="Leave it out to begin anew."
        )
    return int(text)


async def job_events(
    context: WebContext, request: Request, job_id: str, after: int
) -> AsyncIterator[bytes]:
    """Yield the events of a job until it has ended; no thread is held while nothing happens."""
    began_s = spoke_s = time.monotonic()
    yield b"retry: 2000\n\n"
    while time.monotonic() - began_s < LONGEST_S:
        try:
            finished, events = await context.run(_look, context, job_id, after)
        except HoldfastError:  # the answer has begun; a reader that comes back is told more
            return
        for event in events:
            after = event.number
            yield _encode(event, request)
        if events:
            spoke_s = time.monotonic()
            continue
        if finished:
            return
        if time.monotonic() - spoke_s > KEEP_ALIVE_S:
            spoke_s = time.monotonic()
            yield b": still there\n\n"
        await asyncio.sleep(POLL_S)


def _look(context: WebContext, job_id: str, after: int) -> tuple[bool, list[JobEvent]]:
    # The job before its events: when it has ended, its last event is among them.
    finished = find_job(context, job_id).status.finished
    return finished, context.engine.database.jobs.events(job_id, after=after)


def _encode(event: JobEvent, request: Request) -> bytes:
    """Return one event as it goes over the wire; JSON has no line breaks of its own."""
    data: dict[str, Any] = {"at": event.at}
    if "warning" in event.data:
        data["warning"] = event.data["warning"]
    else:
        job = msgspec.convert(event.data, Job)
        data["job"] = job_shape(job, request).model_dump(mode="json")
    lines = (event.number, event.kind.encode(), msgspec.json.encode(data))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % lines
