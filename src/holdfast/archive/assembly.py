"""The members of an archive, one after the other: what each is called, and what lists them."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from holdfast.archive.instructions import restore_text
from holdfast.archive.limits import ArchiveLimits, shown
from holdfast.archive.members import SPECIAL_BITS, Contents, Entry, entries
from holdfast.archive.names import RESTORE_PATH, quote
from holdfast.archive.writer import ANY_CHECKSUM, Spool, Written, ZipStream
from holdfast.errors import ArchiveError
from holdfast.models.manifest import (
    MANIFEST_PATH,
    DirectoryMetadata,
    FileChecksum,
    LinkMetadata,
    Manifest,
)
from holdfast.models.node import NodeType
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback
from holdfast.models.tree import BackupTree

_OWN_MODE = 0o644
_MAX_MTIME_NS = 2**63 - 1
# What is compressed already gains nothing from deflate and costs 20 ms a megabyte.
_COMPRESSED_SUFFIXES = (
    "7z aac avi avif br bz2 docx epub flac gif gz heic heif jar jpeg jpg jxl lz4 m4a m4v mkv mov "
    "mp3 mp4 mpeg mpg odt ogg ogv opus pdf png pptx rar tbz2 tgz txz webm webp whl wma wmv woff "
    "woff2 xlsx xz zip zst zstd"
)
_COMPRESSED = frozenset(_COMPRESSED_SUFFIXES.split())


class Assembly:
    """One archive being made of a tree.

    Attributes:
        tail_offset: Where `manifest.json` begins, once it was made.
    """

    def __init__(
        self,
        tree: BackupTree,
        contents: Contents,
        stream: ZipStream,
        progress: ProgressCallback,
        cancel: CancellationToken,
    ) -> None:
        self._tree = tree
        self._contents = contents
        self._stream = stream
        self.tail_offset = 0
        self._progress = progress
        self._cancel = cancel
        self._files = _Listing()
        self._directories = _Listing()
        self._links = _Listing()
        self._done_bytes = self._done_items = 0
        problems = (*tree.manifest.problems, *contents.left_out)
        self._manifest = msgspec.structs.replace(
            tree.manifest,
            problems=problems,
            files=msgspec.UNSET,
            directories=msgspec.UNSET,
            links=msgspec.UNSET,
        )
        self._created_ns = _created_ns(self._manifest)

    def run(self) -> Iterator[bytes]:
        """Yield the archive, in pieces of about a megabyte at most."""
        most = ArchiveLimits().head_bytes
        if len(self._manifest.encode()) > most - 1024:
            raise ArchiveError(
                f"The backup's manifest is larger than the {most:,} bytes that an archive allows",
                hint="Restore the backup into a directory instead.",
            )
        self._check_whole()
        yield from self._add_own(RESTORE_PATH, restore_text(self._manifest, self._contents))
        for entry in entries(self._tree):
            self._cancel.raise_if_cancelled()
            yield from self._add(entry)
        self.tail_offset = self._stream.position
        yield from self._add_manifest()
        yield from self._stream.finish()

    def _check_whole(self) -> None:
        """The tree must hold what its manifest says was captured, or no reader takes it."""
        roots = self._manifest.sources
        for path in roots:
            if self._tree.node(path) is None:
                raise ArchiveError(
                    f"The backup does not hold {path}, which its manifest names",
                    hint="Verify the backup before exporting it.",
                )
        parents = {path.rpartition("/")[0] for path in roots}
        for entry in self._contents.tops:
            path = entry.path
            if not (path in parents or path in roots or path.rpartition("/")[0] in roots):
                raise ArchiveError(
                    f"The backup holds {shown(path)}, which its manifest does not name",
                    hint="Archives are made of Holdfast's own backups; restore this one instead.",
                )

    def _add(self, entry: Entry) -> Iterator[bytes]:
        node = entry.node
        if node.type is NodeType.SYMLINK:
            target = quote(node.link_target.encode("utf-8", "surrogateescape"))
            link = LinkMetadata(target=target, mtime_ns=_clamped(node.mtime_ns))
            self._links.append(entry.name.decode(), msgspec.json.encode(link))
        elif node.type is NodeType.DIR:
            yield from self._add_directory(entry)
        elif node.type is NodeType.FILE:
            yield from self._add_file(entry)
        self._done_items += 1
        self._report()

    def _add_directory(self, entry: Entry) -> Iterator[bytes]:
        mode, mtime_ns = entry.node.mode & 0o7777, _clamped(entry.node.mtime_ns)
        metadata = DirectoryMetadata(mode=mode, mtime_ns=mtime_ns, name=_true_name(entry))
        self._directories.append(entry.name.decode(), msgspec.json.encode(metadata))
        name = entry.name + b"/"
        yield from self._stream.add_directory(name, mode=stat.S_IFDIR | mode, mtime_ns=mtime_ns)

    def _add_file(self, entry: Entry) -> Iterator[bytes]:
        node = entry.node
        mode, mtime_ns = node.mode & 0o7777 & ~SPECIAL_BITS, _clamped(node.mtime_ns)
        written = yield from self._stream.add_file(
            entry.name,
            mode=stat.S_IFREG | mode,
            mtime_ns=mtime_ns,
            size=node.size,
            pieces=self._read(entry.path),
            deflate=node.name.rpartition(".")[2].lower() not in _COMPRESSED,
        )
        self._check_captured(entry.path, written)
        self._list_file(entry.name.decode(), written, mode, mtime_ns, _true_name(entry))

    def _check_captured(self, path: str, written: Written) -> None:
        """What was captured as one file must still have the checksum of that moment."""
        captured = self._manifest.contents.get(path)
        if (
            captured is not None
            and captured.checksum
            and written.checksum not in (captured.checksum, ANY_CHECKSUM)
        ):
            raise ArchiveError(
                f"{path} does not have the checksum that the backup's manifest says",
                hint="Verify the backup before exporting it.",
            )

    def _add_own(self, path: str, data: bytes) -> Iterator[bytes]:
        written = yield from self._stream.add_file(
            path.encode(),
            mode=stat.S_IFREG | _OWN_MODE,
            mtime_ns=self._created_ns,
            size=len(data),
            pieces=[data],
            deflate=True,
        )
        self._list_file(path, written, _OWN_MODE, self._created_ns, None)

    def _list_file(
        self, path: str, written: Written, mode: int, mtime_ns: int, name: str | None
    ) -> None:
        checksum = FileChecksum(
            size=written.size,
            checksum=written.checksum,
            mode=mode,
            mtime_ns=mtime_ns,
            name=name,
        )
        self._files.append(path, msgspec.json.encode(checksum))

    def _add_manifest(self) -> Iterator[bytes]:
        """Yield `manifest.json`, last because it holds what the members before it turned out.

        It is stored, not deflated: every bit of it then counts for its CRC.
        """
        manifest = msgspec.structs.replace(self._manifest, archive_checksum=self._stream.checksum())
        head = manifest.encode().removesuffix(b"\n}\n")
        listings = (
            (b"files", self._files),
            (b"directories", self._directories),
            (b"links", self._links),
        )
        size = len(head) + sum(len(_opening(key)) + listing.length for key, listing in listings) + 3
        yield from self._stream.add_file(
            MANIFEST_PATH.encode(),
            mode=stat.S_IFREG | _OWN_MODE,
            mtime_ns=self._created_ns,
            size=size,
            pieces=_manifest_pieces(head, listings),
            deflate=False,
        )

    def _read(self, path: str) -> Iterator[bytes]:
        for piece in self._tree.read(path):
            self._cancel.raise_if_cancelled()
            yield piece
            self._done_bytes += len(piece)
            self._report()

    def _report(self) -> None:
        self._progress(
            Progress(
                step="Writing the archive",
                done_bytes=self._done_bytes,
                total_bytes=self._contents.total_bytes,
                done_items=self._done_items,
                total_items=self._contents.entries,
            )
        )


class _Listing:
    """A JSON object of the manifest, one line per key, growing while the archive is written."""

    def __init__(self) -> None:
        self._lines = Spool()

    @property
    def length(self) -> int:
        """Bytes that `replay` yields."""
        return self._lines.length + (len(b"\n  }") if self._lines.length else len(b"}"))

    def append(self, key: str, value: bytes) -> None:
        comma = b"," if self._lines.length else b""
        self._lines.append(comma + b"\n    " + msgspec.json.encode(key) + b": " + value)

    def replay(self) -> Iterator[bytes]:
        closing = b"\n  }" if self._lines.length else b"}"
        yield from self._lines.replay()
        yield closing


def _manifest_pieces(head: bytes, listings: tuple[tuple[bytes, _Listing], ...]) -> Iterator[bytes]:
    yield head
    for key, listing in listings:
        yield _opening(key)
        yield from listing.replay()
    yield b"\n}\n"


def _opening(key: bytes) -> bytes:
    return b',\n  "%s": {' % key


def _true_name(entry: Entry) -> str | None:
    if not entry.renamed:
        return None
    return quote(entry.node.name.encode("utf-8", "surrogateescape"))


def _clamped(mtime_ns: int) -> int:
    return min(max(mtime_ns, -_MAX_MTIME_NS), _MAX_MTIME_NS)


def _created_ns(manifest: Manifest) -> int:
    """Return when the backup began [ns since 1970-01-01 UTC]; 0 if the manifest does not say."""
    try:
        created_at = datetime.fromisoformat(manifest.created_at)
    except ValueError:
        return 0
    if created_at.tzinfo is None:
        created_at = created_at.replace(tzinfo=UTC)
    return int(created_at.timestamp()) * 10**9
