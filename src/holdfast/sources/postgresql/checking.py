"""A stored dump read from its first to its last byte, without any server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.errors import ContainerUnavailable, ProgramFailed
from holdfast.models.backup import CheckResult
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback
from holdfast.sources.postgresql.clients import Clients, Version, newest_clients
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.programs import LocalPlace, Place, run

_NAME = "dump"
_MAJOR = re.compile(r"\d+")


def check_dump(
    server: Server, dump: StoredDump, *, progress: ProgressCallback, cancel: CancellationToken
) -> tuple[CheckResult, ...]:
    """Parse all of a dump with `pg_restore`, which writes what it reads to nowhere.

    Raises:
        Cancelled: The token was cancelled.
    """
    needed = needed_version(dump)
    clients = reader_of(server, needed)
    if clients is None:
        detail = f"no pg_restore {needed.major or ''}".rstrip() + " or newer is installed here"
        return (CheckResult(name=_NAME, passed=False, detail=detail, skipped=True),)
    how = clients.place.invocation(
        clients.path("pg_restore"),
        ["--format=custom", "--file=/dev/null"],
        {"LC_ALL": "C"},
        stdin=True,
    )
    try:
        run(how, feed=_pieces(dump, progress), cancel=cancel, stall_s=server.stall_s)
    except ProgramFailed as error:
        return (CheckResult(name=_NAME, passed=False, detail=error.message),)
    detail = f"all of {dump.name} read by pg_restore {clients.version}"
    return (CheckResult(name=_NAME, passed=True, detail=detail),)


def needed_version(dump: StoredDump) -> Version:
    """Return the version of the `pg_dump` that wrote a dump; its format may be new with it."""
    match = _MAJOR.match(str(dump.facts.get("client_version", "")))
    return Version(int(match[0]) if match else 0)


def reader_of(server: Server, needed: Version) -> Clients | None:
    """Return programs that read such a dump: of this machine, else of the plan's container."""
    for place in _places(server):
        clients = newest_clients(place, folders=_folders(server, place))
        if clients is not None and clients.version.major >= needed.major:
            return clients
    return None


def _places(server: Server) -> Iterator[Place]:
    yield LocalPlace()
    if server.container is not None:
        try:
            yield server.place()
        except ContainerUnavailable:
            return


def _folders(server: Server, place: Place) -> Sequence[Path] | None:
    return server.client_folders if place.local else None


def _pieces(dump: StoredDump, progress: ProgressCallback) -> Iterator[bytes]:
    done = 0
    for piece in dump.tree.read(dump.root):
        yield piece
        done += len(piece)
        progress(
            Progress(step=f"Reading {dump.name}", done_bytes=done, total_bytes=dump.size_bytes)
        )
