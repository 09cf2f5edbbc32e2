"""What tests of transfers send, and where it lies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from tests.operations.application import Application
from tests.web.serving import Served


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


def streamed(data: bytes) -> AsyncIterator[bytes]:
    """Return a body that is sent in chunks, without its length."""
    return _pieces(data)


def sent(web: Served, data: bytes, *, name: str = "backup.zip", **options: Any) -> httpx.Response:
    """Send a file as a browser does."""
    files = {"file": (name, data, "application/zip")}
    answer = web.post("/restores", files=files, **options)
    assert answer.status_code == 201, answer.text
    return answer


def inbox_of(application: Application) -> list[Path]:
    """Return the files that were sent and wait."""
    scratch = application.root / "scratch"
    return [
        path
        for path in scratch.rglob("*")
        if path.is_file() and not path.name.startswith(".in-use")
    ]
