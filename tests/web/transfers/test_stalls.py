"""Clients that stand still: ended after a time, without a server and without waiting for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from holdfast.errors import RequestInvalid
from holdfast.web.downloads import Downloads
from holdfast.web.uploads import UploadLimits, receive_file

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "headers": [(b"content-type", b"application/zip")],
    "query_string": b"",
}


@dataclass
class Film:
    """A file that says whether it is being read."""

    name: str = "film.zip"
    size_bytes: int = 100 << 20
    etag: str = "x"
    media_type: str = "application/zip"
    was_read: list[int] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        try:
            for number in range(100):
                self.was_read.append(number)
                yield bytes(1 << 20)
        finally:
            self.closed.set()


async def _forever() -> Any:
    await anyio.sleep_forever()


def _respond(film: Film, receive: Any, send: Any, **options: Any) -> None:
    async def respond() -> None:
        downloads = Downloads(**options)
        response = await downloads.respond(Request(SCOPE), film)
        await response(SCOPE, receive, send)
        # Its place is free again.
        await downloads.respond(Request(SCOPE), Film())

    anyio.run(respond)


def test_a_client_that_takes_nothing_is_given_up() -> None:
    """R63: reading ends, its place is free, and no error is made of it."""
    film = Film()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await anyio.sleep_forever()

    _respond(film, _forever, send, stall_s=0.01, parallel=1)
    assert film.was_read == [0]
    assert film.closed.is_set()


def test_a_client_that_goes_away_ends_the_reading() -> None:
    """Also where the server takes what is sent to nobody."""
    film = Film()

    async def run() -> None:
        gone = anyio.Event()
        sent: list[int] = []

        async def send(message: Any) -> None:
            sent.append(len(message.get("body", b"")))
            if len(sent) == 5:
                gone.set()
            await anyio.sleep(0)

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        downloads = Downloads(parallel=1)
        response = await downloads.respond(Request(SCOPE), film)
        await response(SCOPE, receive, send)
        await downloads.respond(Request(SCOPE), Film())

    anyio.run(run)
    assert len(film.was_read) < 50
    assert film.closed.is_set()


def test_a_broken_connection_is_no_error() -> None:
    """Some servers raise where a client is gone."""
    film = Film()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")

    _respond(film, _forever, send, parallel=1)
    assert film.closed.is_set()


def _receive(path: Path, receive: Any, limits: UploadLimits) -> None:
    async def run() -> None:
        await receive_file(Request(SCOPE, receive), path, limits)

    anyio.run(run)


def test_an_upload_that_stops_coming_is_ended(tmp_path: Path) -> None:
    """R63: and nothing is left of it."""
    limits = UploadLimits(max_bytes=1 << 20, reserve_bytes=0, idle_s=0.01)
    with pytest.raises(RequestInvalid, match="slowly"):
        _receive(tmp_path / "x", _forever, limits)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_drips_is_ended(tmp_path: Path) -> None:
    """R63: a byte now and then would hold a place for ever."""

    async def drip() -> Any:
        await anyio.sleep(0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    limits = UploadLimits(max_bytes=1 << 20, reserve_bytes=0, grace_s=0.0, min_bytes_per_s=1 << 60)
    with pytest.raises(RequestInvalid, match="slowly"):
        _receive(tmp_path / "x", drip, limits)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_whose_client_goes_away_leaves_nothing(tmp_path: Path) -> None:
    messages = iter([{"type": "http.request", "body": b"x" * 3_000_000, "more_body": True}])

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    with pytest.raises(RequestInvalid, match="broken off") as caught:
        _receive(tmp_path / "x", receive, UploadLimits(max_bytes=1 << 30, reserve_bytes=0))
    assert isinstance(caught.value.__cause__, ClientDisconnect)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    """It is written to a new file, or not at all; a link there is not followed."""
    kept = tmp_path / "kept"
    kept.write_text("mine")
    (tmp_path / "x").symlink_to(kept)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"evil", "more_body": False}

    with pytest.raises(Exception, match="could not be kept"):
        _receive(tmp_path / "x", receive, UploadLimits(max_bytes=100, reserve_bytes=0))
    assert kept.read_text() == "mine"
