"""A ZIP file made in one go, for a sink that cannot seek or for whoever takes piece by piece.

Not the standard library's `zipfile`: that keeps about a kilobyte per member in memory, and
its ZIP64 headers differ between Python versions, so the same backup would not give the same
bytes and the reader could not hold every bit of a header to its meaning.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from holdfast.archive import records
from holdfast.archive.limits import WRITTEN_RATIO, ArchiveLimits
from holdfast.archive.records import Member
from holdfast.errors import ArchiveError

BLOCK_BYTES = 2**20
EVERYTHING = 2**63
"""As `skip_before` of a `ZipStream`: beyond the end of any archive."""
ANY_CHECKSUM = "0" * 64
"""Stands for a checksum where only the length of an archive is counted."""
_EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"  # a stored block of no bytes, after the flush before it
_RATIO_FLOOR_BYTES = ArchiveLimits().ratio_floor_bytes


class Sink(Protocol):
    """What an archive is written to: anything with `write`, such as a file or a socket."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""


@dataclass(frozen=True, slots=True)
class Written:
    """Length [bytes] and SHA-256 (hexadecimal) of a file's content."""

    size: int
    checksum: str


class Spool:
    """Bytes to be written later, held compressed: one record per file, a million files."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)
        self._held = bytearray()
        self.length = 0

    def append(self, data: bytes) -> None:
        self._held += self._compressor.compress(data)
        self.length += len(data)

    def replay(self) -> Iterator[bytes]:
        """Yield everything appended, in pieces; nothing can be appended afterwards."""
        self._held += self._compressor.flush()
        decompressor = zlib.decompressobj()
        for start in range(0, len(self._held), BLOCK_BYTES):
            piece = bytes(self._held[start : start + BLOCK_BYTES])
            while piece:
                if block := decompressor.decompress(piece, BLOCK_BYTES):
                    yield block
                piece = decompressor.unconsumed_tail


class ZipStream:
    """Yields members one after the other, then the central directory.

    Args:
        skip_before: Members that end at or before this offset are counted and not read, if all
            members are stored (level 0). Their checksums are then not known, so that what
            lists them must not be used.

    Attributes:
        position: Where in the archive the next byte goes; after a piece was yielded, its end.
    """

    def __init__(
        self,
        *,
        level: int,
        large_from: int = records.LARGE_FROM_BYTES,
        skip_before: int = 0,
    ) -> None:
        self._level = level
        self._large_from = large_from
        self._skip_before = skip_before if level == 0 else 0
        self._directory = Spool()
        self._digest = hashlib.sha256()
        self.position = 0
        self._count = 0

    def checksum(self) -> str:
        """Return the SHA-256 of everything before `position`, in hexadecimal."""
        return self._digest.hexdigest()

    def add_directory(self, name: bytes, *, mode: int, mtime_ns: int) -> Generator[bytes]:
        """Yield a directory; `name` ends in a slash."""
        yield from self._add(name, mode, mtime_ns, 0, (), deflate=False)

    def add_file(
        self,
        name: bytes,
        *,
        mode: int,
        mtime_ns: int,
        size: int,
        pieces: Iterable[bytes],
        deflate: bool,
    ) -> Generator[bytes, None, Written]:
        """Yield a file of exactly `size` bytes.

        Raises:
            ArchiveError: `pieces` are more or fewer bytes.
        """
        return (yield from self._add(name, mode, mtime_ns, size, pieces, deflate=deflate))

    def finish(self) -> Generator[bytes]:
        """Yield the central directory and the end of the archive."""
        offset = self.position
        for piece in self._directory.replay():
            yield self._counted(piece)
        yield self._counted(
            records.encode_end(count=self._count, size=self._directory.length, offset=offset)
        )

    def _add(
        self,
        name: bytes,
        mode: int,
        mtime_ns: int,
        size: int,
        pieces: Iterable[bytes],
        *,
        deflate: bool,
    ) -> Generator[bytes, None, Written]:
        deflate = deflate and size > 0 and self._level > 0
        draft = Member(
            name=name,
            mode=mode,
            mtime_ns=mtime_ns,
            method=records.DEFLATED if deflate else records.STORED,
            size=size,
            stored_size=0,
            crc=0,
            offset=self.position,
            large=size >= self._large_from,
        )
        if self._skips(replace(draft, stored_size=size)):
            return Written(size, ANY_CHECKSUM)
        yield self._counted(records.encode_local(draft))
        start, content = self.position, _Content(pieces)
        for piece in _deflated(content.blocks(), self._level) if deflate else content.blocks():
            yield self._counted(piece)
        if content.size != size:
            raise ArchiveError(
                f"{name.decode()} has {content.size} bytes in the backup, not {size} as listed",
                hint="Verify the backup before exporting it.",
            )
        member = replace(draft, stored_size=self.position - start, crc=content.crc)
        yield self._counted(records.encode_descriptor(member))
        self._list(member)
        return Written(size, content.digest.hexdigest())

    def _skips(self, member: Member) -> bool:
        """Count a member without reading it, if nobody wants a byte of it."""
        if not self._skip_before:
            return False
        framing = len(records.encode_local(member)) + len(records.encode_descriptor(member))
        end = self.position + framing + member.size
        if end > self._skip_before:
            return False
        self.position = end
        self._list(member)
        return True

    def _list(self, member: Member) -> None:
        self._directory.append(records.encode_central(member))
        self._count += 1

    def _counted(self, data: bytes) -> bytes:
        self._digest.update(data)
        self.position += len(data)
        return data


class _Content:
    """A file's bytes in blocks of one size, measured as they pass.

    Blocks of one size make the compressed bytes depend on the content alone, not on how the
    backup is chunked.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.size = 0
        self.crc = 0
        self.digest = hashlib.sha256()

    def blocks(self) -> Iterator[bytes]:
        held = bytearray()
        for piece in self._pieces:
            held += piece
            while len(held) >= BLOCK_BYTES:
                yield self._measured(bytes(held[:BLOCK_BYTES]))
                del held[:BLOCK_BYTES]
        if held:
            yield self._measured(bytes(held))

    def _measured(self, block: bytes) -> bytes:
        self.size += len(block)
        self.crc = zlib.crc32(block, self.crc)
        self.digest.update(block)
        return block


def _deflated(blocks: Iterator[bytes], level: int) -> Iterator[bytes]:
    """Compress; pad with empty blocks what would look like a bomb, such as a sparse file."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        data = compressor.compress(block)
        given += len(data)
        missing = taken // WRITTEN_RATIO - given
        if taken > _RATIO_FLOOR_BYTES and missing > 0:
            flushed = compressor.flush(zlib.Z_SYNC_FLUSH)
            padding = _EMPTY_BLOCK * (missing // len(_EMPTY_BLOCK))
            given += len(flushed) + len(padding)
            data += flushed + padding
        if data:
            yield data
    yield compressor.flush()
