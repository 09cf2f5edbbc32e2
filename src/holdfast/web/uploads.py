"""Take a file that a client sends: to disk as it comes, counted, and removed if anything fails.

The file is in a private directory, for its owner only, and has a name of ours. How long it is
going to be is believed of no header: it is counted, and the disk keeps a reserve for whoever
else writes to it.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from holdfast.errors import NotEnoughSpace, RequestInvalid, StoreError, UploadTooLarge
from holdfast.operations.workspace import existing_parent, format_bytes
from holdfast.web.multipart import FileForm
from holdfast.web.threads import Threads

PASSPHRASE_HEADER = "Holdfast-Passphrase"  # noqa: S105 - a name
RAW_TYPES = (
    "application/zip",
    "application/x-zip-compressed",
    "application/octet-stream",
    "application/age",
)

_FORM_TYPE = "multipart/form-data"
_PASSPHRASE = "passphrase"  # noqa: S105 - a name
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WRITE_BYTES = 2**20
_LOOK_EVERY_BYTES = 2**24
_FORM_OVERHEAD_BYTES = 2**16
_MAX_SHOWN_NAME = 200
_MAX_PASSPHRASE_BYTES = 4096
_THREADS = Threads("upload-threads", 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What an upload may cost.

    Attributes:
        max_bytes: The longest file.
        reserve_bytes: What stays free on the disk whatever is sent.
        idle_s: How long nothing may come [s].
        min_bytes_per_s: A client that is slower over `grace_s` seconds is no honest one.
    """

    max_bytes: int
    reserve_bytes: int = 256 * 2**20
    idle_s: float = 60.0
    min_bytes_per_s: int = 1024
    grace_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file that was sent.

    Attributes:
        file_name: What the client calls it, fit to be shown; "" where it did not say.
        passphrase: What the client says opens it; never shown.
        texts: The other fields of its form that were asked for.
    """

    path: Path
    size_bytes: int
    file_name: str = ""
    passphrase: str | None = field(default=None, repr=False)
    texts: Mapping[str, str] = field(default_factory=dict)


async def receive_file(
    request: Request,
    path: Path,
    limits: UploadLimits,
    *,
    file_field: str = "file",
    text_fields: tuple[str, ...] = (),
) -> ReceivedFile:
    """Write the file that a request brings, as a form or as its body, to a new file.

    Args:
        path: Where to write it; there must be nothing.
        file_field: Of a form, the field with the file; besides it there may be `passphrase`.
        text_fields: What there may be too.

    Raises:
        UploadTooLarge: It is longer than it may be.
        NotEnoughSpace: The disk has not the room for it and the reserve.
        RequestInvalid: It is not what was announced, or was broken off, or comes too slowly.
            In all cases nothing is left at `path`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM_TYPE and kind not in RAW_TYPES:
        raise RequestInvalid(
            "The request brings no file that can be read"
            + (f": its content type is {kind[:100]!r}" if kind else ": it has no content type"),
            hint=f"Send {_FORM_TYPE} with a field {file_field}, or {RAW_TYPES[0]}.",
        )
    _refuse_announced(request, path, limits)
    form = None
    if kind == _FORM_TYPE:
        form = FileForm(request.headers["content-type"], file_field, (_PASSPHRASE, *text_fields))
    sink = _Sink(path, limits)
    try:
        await _THREADS.run(sink.open)
        async for chunk in _chunks(request, limits):
            for piece in form.feed(chunk) if form else [chunk]:
                if sink.take(piece):
                    await _THREADS.run(sink.flush)
        if form:
            form.finish()
        await _THREADS.run(sink.finish)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _THREADS.run(sink.discard)
        raise
    texts = dict(form.texts) if form else {}
    given = texts.pop(_PASSPHRASE, None)
    return ReceivedFile(
        path=path,
        size_bytes=sink.size_bytes,
        file_name=_shown_name(form.file_name) if form else "",
        passphrase=given or _passphrase(request),
        texts=texts,
    )


def _refuse_announced(request: Request, path: Path, limits: UploadLimits) -> None:
    """Refuse what says itself that it is too long, before anything is sent."""
    announced = request.headers.get("content-length", "")
    if not (announced.isascii() and announced.isdigit() and len(announced) < 20):
        return
    if int(announced) > limits.max_bytes + _FORM_OVERHEAD_BYTES:
        raise _too_large(limits)
    _require_room(path, int(announced), limits)


def _require_room(path: Path, needed_bytes: int, limits: UploadLimits) -> None:
    usage = os.statvfs(existing_parent(path.parent))
    free = usage.f_bavail * usage.f_frsize
    if needed_bytes + limits.reserve_bytes > free:
        raise NotEnoughSpace(
            f"Not enough disk space: needs {format_bytes(needed_bytes)} for the file and"
            f" {format_bytes(limits.reserve_bytes)} in reserve, has {format_bytes(free)}",
            hint="Free some space on the server, or name another directory for temporary files.",
        )


async def _chunks(request: Request, limits: UploadLimits) -> AsyncIterator[bytes]:
    """Yield what comes, as long as it comes."""
    began_at, received = time.monotonic(), 0
    stream = aiter(request.stream())
    while True:
        try:
            with anyio.fail_after(limits.idle_s):
                chunk = await anext(stream, None)
        except TimeoutError as error:
            raise _too_slow() from error
        except ClientDisconnect as error:
            raise RequestInvalid("The upload was broken off", hint="Send it again.") from error
        if chunk is None:
            return
        received += len(chunk)
        if received > limits.max_bytes + _FORM_OVERHEAD_BYTES:
            # Also of what is no part of the file, and after the end of a form.
            raise _too_large(limits)
        elapsed = time.monotonic() - began_at
        if elapsed > limits.grace_s and received < elapsed * limits.min_bytes_per_s:
            raise _too_slow()
        if chunk:
            yield chunk


class _Sink:
    """A file being written, in pieces of about a megabyte."""

    def __init__(self, path: Path, limits: UploadLimits) -> None:
        self._path = path
        self._limits = limits
        self._descriptor = -1
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._look_at = 0
        self.size_bytes = 0

    def open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._attempt(lambda: setattr(self, "_descriptor", os.open(self._path, flags, 0o600)))

    def take(self, piece: bytes) -> bool:
        """Hold a piece; return whether so much is held that it should be written.

        Raises:
            UploadTooLarge: It is more than may come.
        """
        self.size_bytes += len(piece)
        if self.size_bytes > self._limits.max_bytes:
            raise _too_large(self._limits)
        self._held.append(piece)
        self._held_bytes += len(piece)
        return self._held_bytes >= _WRITE_BYTES

    def flush(self) -> None:
        if self.size_bytes >= self._look_at:
            _require_room(self._path, self._held_bytes, self._limits)
            self._look_at = self.size_bytes + _LOOK_EVERY_BYTES
        data = b"".join(self._held)
        self._held, self._held_bytes = [], 0
        self._attempt(lambda: self._write(data))

    def finish(self) -> None:
        self.flush()
        descriptor, self._descriptor = self._descriptor, -1
        self._attempt(lambda: os.close(descriptor))

    def discard(self) -> None:
        """Leave nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def _attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:
            full = error.errno in _FULL
            raise (NotEnoughSpace if full else StoreError)(
                f"The file that was sent could not be kept: {error.strerror or error}",
                hint="Nothing was left of it. Free some space on the server, or name another"
                " directory for temporary files.",
            ) from error


def _passphrase(request: Request) -> str | None:
    given = request.headers.get(PASSPHRASE_HEADER)
    if not given:
        return None
    if len(given) > 3 * _MAX_PASSPHRASE_BYTES:
        raise RequestInvalid(f"The header {PASSPHRASE_HEADER} is longer than any it could have")
    try:
        return unquote_to_bytes(given).decode()
    except UnicodeDecodeError:
        raise RequestInvalid(
            f"The header {PASSPHRASE_HEADER} is not UTF-8",
            hint="Write what is not ASCII, and %, as %XX.",
        ) from None


def _shown_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable()).strip()[:_MAX_SHOWN_NAME]


def _too_large(limits: UploadLimits) -> UploadTooLarge:
    return UploadTooLarge(
        f"The file may have {limits.max_bytes:,} bytes at most",
        hint="Copy it to the server and restore it by the command line.",
    )


def _too_slow() -> RequestInvalid:
    return RequestInvalid(
        "The upload comes so slowly that it was ended", hint="Send it again, over a better line."
    )
