"""Hand out a backup as an archive that is made while it is taken, or one file of it.

Nothing is ever written.

The archive is the one that an export writes, to the byte, so that a download which was broken
off goes on where it stopped, hours later and in another process. Its members are stored and
not compressed, unless that is asked for: only then its length is known from the metadata
alone, before the first byte. To go on in the middle, what stands before is read and summed up
again, though not sent: the archive ends in the checksums of all of it.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from holdfast import __version__
from holdfast.archive import (
    ArchiveMeasure,
    TablesTree,
    archive_pieces,
    default_name,
    measure_archive,
)
from holdfast.errors import BackupNotFound, ObjectNotFound, RepositoryDamaged
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import backups_of
from holdfast.operations.contents import locate_file, shown_text
from holdfast.operations.plan import Workplace
from holdfast.repository import SnapshotTree

STORED = 0
"""The compression level of downloads, unless another is asked for."""

_REMEMBERED = 256

Opening = Callable[[], AbstractContextManager[Workplace]]
"""Opens the repository; what it gives is closed when the context ends."""


class Measures:
    """How long archives are, remembered by what decides it. Safe to use from many threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[bytes, int, bool], ArchiveMeasure] = OrderedDict()
        self._guard = threading.Lock()

    def of(
        self, tree_id: bytes, tree: BackupTree, level: int, *, tables_only: bool = False
    ) -> ArchiveMeasure:
        """Return the measure of a tree's archive; measured the first time.

        Args:
            tree: What goes into it, of the tree with that id.
            tables_only: Whether that is nothing but its tables.

        Raises:
            ArchiveError: The tree cannot go into an archive.
        """
        with self._guard:
            known = self._known.get((tree_id, level, tables_only))
        if known is None:
            known = measure_archive(tree, compression_level=level)
            with self._guard:
                self._known[tree_id, level, tables_only] = known
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A backup that can be taken as an archive, in whole or in part, any number of times.

    Holds nothing open. Safe to use from many threads.

    Attributes:
        name: What to call the file.
        tables_only: Whether it holds nothing but the backup's tables.
        etag: Changes with any byte of it; an entity tag of HTTP without its quotes.
    """

    backup_id: str
    name: str
    size_bytes: int
    etag: str
    media_type: str = "application/zip"
    tree_id: bytes
    measure: ArchiveMeasure
    compression_level: int
    opening: Opening
    tables_only: bool = False

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `stop`, in pieces of a megabyte at most.

        Pieces are empty while what stands before `start` is read again.

        The repository is open, and not locked, until the iterator ends or is closed. A cleanup
        that moves what is being read meanwhile is followed.

        Raises:
            BackupNotFound: The backup was removed.
            RepositoryDamaged: What is stored is not intact.
        """
        stop = self.size_bytes if stop is None else min(stop, self.size_bytes)
        return _followed(self._pieces, start, stop)

    def _pieces(self, start: int, stop: int) -> Iterator[bytes]:
        with _opened_again(self.opening, self.backup_id, self.tree_id) as tree:
            yield from archive_pieces(
                TablesTree(tree) if self.tables_only else tree,
                self.measure,
                start,
                stop,
                compression_level=self.compression_level,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDownload:
    """One file of a backup, to be taken in whole or in part, any number of times.

    Holds nothing open. Safe to use from many threads.

    Attributes:
        path: Where it is in the backup, as the tree has it.
        name: What to call the file.
        etag: Changes with any byte of it; an entity tag of HTTP without its quotes.
        media_type: Always bytes: what a backup holds is saved, and never opened by a browser.
    """

    backup_id: str
    path: str
    name: str
    size_bytes: int
    etag: str
    media_type: str = "application/octet-stream"
    tree_id: bytes
    opening: Opening

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `stop`, in pieces of some megabytes at most.

        What stands before `start` is not read. Else as `Download.read`.

        Raises:
            BackupNotFound: The backup was removed.
            RepositoryDamaged: What is stored is not intact.
        """
        stop = self.size_bytes if stop is None else min(stop, self.size_bytes)
        return _followed(self._pieces, start, stop)

    def _pieces(self, start: int, stop: int) -> Iterator[bytes]:
        with (
            _opened_again(self.opening, self.backup_id, self.tree_id) as tree,
            closing(tree.read(self.path, start=start)) as pieces,
        ):
            # The length of all of it is checked after the last piece: that one is held until then.
            held, left = b"", stop - start
            for piece in pieces:
                if held:
                    yield held
                held, left = piece[: max(left, 0)], left - len(piece)
                if left <= 0 and stop < self.size_bytes:
                    break
            if held:
                yield held


def open_download(
    opening: Opening,
    measures: Measures,
    wanted: str,
    *,
    compression_level: int = STORED,
    tables_only: bool = False,
) -> Download:
    """Find a backup and say how long its archive is; nothing stays open.

    Args:
        compression_level: 1 to 9 make the whole archive once to measure it, and read the
            backup twice.
        tables_only: Leave out whatever is not a table that was exported as JSON.

    Raises:
        BackupNotFound: There is none.
        PathNotInBackup: It has no such tables.
        ArchiveError: It cannot go into an archive.
    """
    with opening() as work:
        backup_id, snapshot = backups_of(work).resolve(wanted)
        tree: BackupTree = work.repository.tree(snapshot)
        # Where there is nothing else, it is the archive that everybody gets.
        tables_only = tables_only and any(
            each.kind != "tables" for each in tree.manifest.sources.values()
        )
        if tables_only:
            tree = TablesTree(tree)
        measure = measures.of(snapshot.tree, tree, compression_level, tables_only=tables_only)
        manifest = tree.manifest
    return Download(
        backup_id=backup_id,
        name=default_name(manifest.app, datetime.fromisoformat(manifest.created_at)),
        size_bytes=measure.size_bytes,
        etag=_etag(snapshot.tree, compression_level, tables_only=tables_only),
        tree_id=snapshot.tree,
        measure=measure,
        compression_level=compression_level,
        opening=opening,
        tables_only=tables_only,
    )


def open_file(opening: Opening, wanted: str, path: str) -> FileDownload:
    """Find a file in a backup; nothing stays open.

    Args:
        path: Where it is, as `list_contents` shows it.

    Raises:
        BackupNotFound: There is no such backup.
        PathNotInBackup: Nothing is at the path, or no file.
    """
    with opening() as work:
        backup_id, snapshot = backups_of(work).resolve(wanted)
        stored, node = locate_file(work.repository.tree(snapshot), path)
    return FileDownload(
        backup_id=backup_id,
        path=stored,
        name=shown_text(node.name),
        size_bytes=node.size,
        etag=hashlib.sha256(f"file\0{node.size}\0".encode() + node.content).hexdigest()[:32],
        tree_id=snapshot.tree,
        opening=opening,
    )


@contextmanager
def _opened_again(opening: Opening, backup_id: str, tree_id: bytes) -> Iterator[SnapshotTree]:
    """Open the repository, and give the tree of the backup that a download began with."""
    with opening() as work:
        _, snapshot = backups_of(work).resolve(backup_id)
        if snapshot.tree != tree_id:
            raise BackupNotFound(
                f"{backup_id} is another backup than it was when the download began",
                hint="Download it again from its beginning.",
            )
        yield work.repository.tree(snapshot)


def _followed(
    pieces: Callable[[int, int], Iterator[bytes]], position: int, stop: int
) -> Iterator[bytes]:
    """Yield the pieces between two positions, also while a cleanup moves what they are made of."""
    began_at = -1
    while position < stop:
        try:
            for piece in pieces(position, stop):
                position += len(piece)
                yield piece
            return
        except (RepositoryDamaged, ObjectNotFound):
            # A cleanup may have repacked what this reader's index still names. It is so
            # only if another look gets further.
            if position == began_at:
                raise
            began_at = position


def _etag(tree_id: bytes, level: int, *, tables_only: bool) -> str:
    """Return what stands for every byte of the archive: what it holds and who makes it.

    A part made by another version of Holdfast, or compressed by another zlib, is not the
    continuation of what was downloaded before.
    """
    made_by = [__version__, str(level), zlib.ZLIB_RUNTIME_VERSION if level else ""]
    made_by += ["tables"] if tables_only else []
    return hashlib.sha256(tree_id + "\0".join(made_by).encode()).hexdigest()[:32]
