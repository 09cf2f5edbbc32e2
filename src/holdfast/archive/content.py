"""The content of members: inflated, measured and compared as it is read, every time."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator

from holdfast.archive import records
from holdfast.archive.central import Located
from holdfast.archive.directory import Directory
from holdfast.archive.file import PIECE_BYTES, ArchiveFile
from holdfast.archive.limits import damaged, shown


def _ignore(_: bytes) -> None:
    """Take stored bytes and do nothing with them."""


def read_member(
    file: ArchiveFile,
    directory: Directory,
    index: int,
    *,
    digest: bytes | None,
    on_stored: Callable[[bytes], None] = _ignore,
) -> Iterator[bytes]:
    """Yield the content of a file in pieces of bounded size.

    What was yielded is proven only when the iterator ends.

    Args:
        digest: SHA-256 that it must have, or None while that is not known.
        on_stored: Is given the bytes as they stand in the file.

    Raises:
        ArchiveDamaged: It differs in length, CRC or SHA-256, or was changed meanwhile.
    """
    member = directory[index]
    file.check_unchanged()
    stored = _watched(file.pieces(directory.data_offset(index), member.stored_size), on_stored)
    size = crc = 0
    sha256 = hashlib.sha256()
    for piece in stored if member.method == records.STORED else _inflated(stored, member):
        size += len(piece)
        if size > member.size:
            raise damaged(f"{shown(member.path)} is longer than its header says")
        crc = zlib.crc32(piece, crc)
        sha256.update(piece)
        yield piece
    if size != member.size:
        raise damaged(f"{shown(member.path)} is shorter than its header says")
    if crc != member.crc:
        raise damaged(f"{shown(member.path)} does not have the CRC that its header says")
    if digest is not None and sha256.digest() != digest:
        raise damaged(f"{shown(member.path)} does not have the SHA-256 that its manifest says")


def _watched(pieces: Iterator[bytes], watch: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        watch(piece)
        yield piece


def _inflated(stored: Iterator[bytes], member: Located) -> Iterator[bytes]:
    """Inflate in pieces of at most `PIECE_BYTES`, whatever the stream would expand to."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in stored:
        rest = piece
        while rest and not inflater.eof:
            try:
                data = inflater.decompress(rest, PIECE_BYTES)
            except zlib.error as error:
                raise damaged(f"{shown(member.path)} cannot be decompressed") from error
            if data:
                yield data
            rest = inflater.unconsumed_tail
        if rest or inflater.unused_data:
            raise damaged(f"{shown(member.path)} ends before its stored bytes do")
    if not inflater.eof:
        raise damaged(f"{shown(member.path)} ends too early")
