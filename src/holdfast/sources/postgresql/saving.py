"""What is live, dumped into scratch before it is replaced: from there `undo` puts it back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.errors import NotEnoughSpace, ProgramFailed
from holdfast.models.manifest import Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.failures import explain_program
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.programs import Child

_NO_SPACE = (28, 122)
_PIECE_BYTES = 1 << 20


def before_path(scratch_dir: Path, token: str) -> Path:
    """Return where a restore in place saves what it replaces."""
    return scratch_dir / f"postgresql-before-{token}.dump"


def save_live(
    site: Site, path: Path, cancel: CancellationToken, options: Sequence[str] = ()
) -> None:
    """Dump the live database into a file that only we may read.

    Args:
        options: More options for `pg_dump`.

    Raises:
        NotEnoughSpace: There is no room for it.
        SourceError: It cannot be dumped.
    """
    with site.database() as session:
        program = site.server.clients(site.place, session).path("pg_dump")
        connection = session.connection
    arguments = ("--format=custom", "--compress=1", "--no-password", *options)
    how = site.place.invocation(program, arguments, connection.environment())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            Child(how, writes=True, cancel=cancel, redact=connection.redact) as child,
        ):
            buffer = memoryview(bytearray(_PIECE_BYTES))
            while count := child.read_into(buffer):
                file.write(buffer[:count])
            child.finish()
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, ProgramFailed):
            raise explain_program(error, connection) from error
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise NotEnoughSpace(
                f"There is no room in {path.parent} for what the restore replaces in {site.live}",
                hint="Free some space there, then try again; nothing was changed.",
            ) from error
        raise


def saved_dump(path: Path) -> StoredDump:
    """Return what `save_live` wrote, as a dump to restore."""
    return StoredDump(
        tree=_SavedDump(path),
        root=path.name,
        size_bytes=path.stat().st_size,
        facts={},
        counts=None,
    )


class _SavedDump:
    """What was live, as a backup that holds one dump."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def manifest(self) -> Manifest:
        raise NotImplementedError

    def node(self, path: str) -> Node | None:
        size = self._path.stat().st_size
        return Node(name=path, type=NodeType.FILE, mode=0o600, size=size)

    def children(self, path: str) -> Iterator[Node]:
        raise NotImplementedError

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        raise NotImplementedError

    def read(self, path: str) -> Iterator[bytes]:
        del path
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece

    def write_to(self, path: str, descriptor: int) -> None:
        for piece in self.read(path):
            os.write(descriptor, piece)
