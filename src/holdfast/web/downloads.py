"""Hand out a file over HTTP while it is made: exact length, ranges, and nothing left behind.

What is handed out is anything that knows its size and yields any part of itself, such as
`Download`. A client that is slow holds one piece of it in memory, and neither a thread nor a
lock; one that goes away, or takes nothing for minutes, ends the reading at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import quote

import anyio
from anyio import CancelScope
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from holdfast.errors import PreconditionFailed, RangeNotSatisfiable, TooManyRequests
from holdfast.web.problems import problem_response
from holdfast.web.ranges import Part, parse_range
from holdfast.web.threads import Threads

_log = logging.getLogger("holdfast.web")

PARALLEL = 32
"""Downloads at once from one `Downloads`: each has the repository open."""

STALL_S = 300.0
"""A client that takes not a piece of a megabyte in so long is gone [s]."""

_RETRY_AFTER_S = 30
_THREADS = Threads("download-threads", PARALLEL)


class Streamed(Protocol):
    """A file that is made while it is taken.

    Attributes:
        etag: Changes with any byte of it; without quotes.
    """

    @property
    def name(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def etag(self) -> str: ...

    @property
    def media_type(self) -> str: ...

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield a part of it; to be closed if it is not taken to its end."""


class Downloads:
    """Answers requests for files, so many at once.

    Args:
        parallel: How many downloads may run at once; each has the repository open.
        stall_s: How long a client may take nothing [s].
    """

    def __init__(self, *, parallel: int = PARALLEL, stall_s: float = STALL_S) -> None:
        self._slots = threading.BoundedSemaphore(parallel)
        self._stall_s = stall_s

    async def respond(self, request: Request, file: Streamed) -> Response:
        """Answer GET or HEAD with the file, or with the part of it that is asked for.

        The first piece is read before this returns, so that what fails at once is a problem
        and no broken download.

        Raises:
            TooManyRequests: So many downloads run already.
            PreconditionFailed: `If-Match` names another state of the file.
        """
        etag = f'"{file.etag}"'
        headers = {**_headers(file), "ETag": etag}
        asked = request.headers
        if "if-match" in asked and not _matches(asked["if-match"], etag):
            raise PreconditionFailed(
                "The file is not what it was", hint="Download it from its beginning."
            )
        if "if-none-match" in asked and _matches(asked["if-none-match"], etag, weak=True):
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(file.size_bytes)})
        try:
            part = _part(request, file, etag)
        except RangeNotSatisfiable as error:
            refusal = problem_response(error, request)
            refusal.headers["Content-Range"] = f"bytes */{file.size_bytes}"
            return refusal
        whole = Part(0, file.size_bytes)
        if part is not None:
            headers["Content-Range"] = part.content_range(file.size_bytes)
        chosen = part or whole
        pieces = self._held(file.read(chosen.start, chosen.stop))
        first = await _next(pieces)
        return _Sending(
            pieces,
            first,
            length=chosen.length,
            stall_s=self._stall_s,
            status_code=206 if part else 200,
            headers={**headers, "Content-Length": str(chosen.length)},
        )

    def _held(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Take a slot with the first piece, and give it back whatever becomes of the rest."""
        if not self._slots.acquire(blocking=False):
            raise TooManyRequests(
                "So many downloads are running already that no other is begun",
                hint="Wait until one of them is done.",
                retry_after_s=_RETRY_AFTER_S,
            )
        try:
            yield from pieces
        finally:
            self._slots.release()


class _Sending(Response):
    """A response whose body is read piece by piece, as fast as the client takes it."""

    def __init__(
        self,
        pieces: Iterator[bytes],
        first: bytes | None,
        *,
        length: int,
        stall_s: float,
        status_code: int,
        headers: dict[str, str],
    ) -> None:
        super().__init__(status_code=status_code, headers=headers)
        self._pieces = pieces
        self._first = first
        self._length = length
        self._stall_s = stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        failure: BaseException | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_until_gone, receive, group.cancel_scope)
                try:
                    await self._send(send)
                except Exception as error:  # noqa: BLE001 - not as a group of exceptions
                    failure = error
                group.cancel_scope.cancel()
        finally:
            with CancelScope(shield=True):
                await _THREADS.run(_close, self._pieces)
        if isinstance(failure, TimeoutError | OSError):
            _log.info("A download was ended, for the client took nothing any more")
        elif failure is not None:
            # The length was announced, so the client sees that this is not all of it.
            _log.error("A download broke off: %s", failure)
            raise failure

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        piece, left = self._first, self._length
        while piece is not None:
            left -= len(piece)
            if piece:
                with anyio.fail_after(self._stall_s):
                    message = {"type": "http.response.body", "body": piece, "more_body": True}
                    await send(message)
            piece = await _next(self._pieces)
        if left:
            raise AssertionError(f"a download is {left} bytes from the length announced")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive, scope: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _next(pieces: Iterator[bytes]) -> bytes | None:
    return await _THREADS.run(next, pieces, None)


def _close(pieces: Iterator[bytes]) -> None:
    pieces.close()  # type: ignore[attr-defined]


def _part(request: Request, file: Streamed, etag: str) -> Part | None:
    """Return the part asked for; None for the whole, also where the client has another state."""
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != etag:
        return None
    return parse_range(request.headers.get("range"), file.size_bytes)


def _matches(value: str, etag: str, *, weak: bool = False) -> bool:
    tags = [each.strip() for each in value.split(",")]
    if weak:
        tags = [each.removeprefix("W/") for each in tags]
    return "*" in tags or etag in tags


def _headers(file: Streamed) -> dict[str, str]:
    return {
        "Content-Type": file.media_type,
        "Content-Disposition": content_disposition(file.name),
        "Accept-Ranges": "bytes",
        # A copy in a cache would be all of somebody's data; an altered one no archive.
        "Cache-Control": "private, no-store, no-transform",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def content_disposition(name: str) -> str:
    """Return a header that makes a browser save a file under `name`, whatever is in it.

    Source: RFC 6266, with the name for old clients in a subset of ASCII and the true one as
    RFC 8187 writes it. What is no part of a plain name becomes `_`.
    """
    name = "".join("_" if each in '/\\"' or not each.isprintable() else each for each in name)
    name = name.strip(". ") or "download"
    ascii_name = "".join(each if " " <= each <= "~" and each not in "%;" else "_" for each in name)
    header = f'attachment; filename="{ascii_name}"'
    if ascii_name != name:
        header += f"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
    return header
