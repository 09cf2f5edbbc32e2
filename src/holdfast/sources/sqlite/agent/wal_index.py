"""The wal-index: what SQLite keeps in a `-shm` about the frames of a `-wal`.

Numbers are in the byte order of the host; offsets are those of a host's C structures.

Source: https://www.sqlite.org/walformat.html, section 2, and https://www.sqlite.org/fileformat2.html,
section 4, for the frames themselves.
"""

from __future__ import annotations

import os
import struct
from array import array
from typing import NamedTuple

FRAME_HEADER_BYTES = 24
_WAL_HEADER_BYTES = 32

_HEADER = struct.Struct("=IIIBBHII8s8s8s")
_VERSION = 3_007_000
_BACKFILL_AT = 2 * _HEADER.size
_BACKFILL = struct.Struct("=I")
_BLOCK_BYTES = 1 << 15
_BLOCK_FRAMES = 4096
_PREFIX_BYTES = 136
"""Two headers and the checkpoint information take the place of 34 frames in the first block."""
_FRAME = struct.Struct(">II8s8s")


class IndexHeader(NamedTuple):
    """What every reader's snapshot is: equal headers are equal snapshots.

    Attributes:
        frames: The last frame of the snapshot, 0 if it needs none (`mxFrame`).
        pages: The size of the database in this snapshot, in pages (`nPage`).
        salts: What the header of each of its frames carries.
    """

    raw: bytes
    page_size: int
    frames: int
    pages: int
    salts: bytes


def read_header(descriptor: int) -> IndexHeader | None:
    """Return the header of an open `-shm`; None while it is being written, or is none."""
    data = os.pread(descriptor, 2 * _HEADER.size, 0)
    raw = data[: _HEADER.size]
    if len(data) != 2 * _HEADER.size or raw != data[_HEADER.size :]:
        return None
    version, _, _, ready, _, page_size, frames, pages, _, salts, _ = _HEADER.unpack(raw)
    if version != _VERSION or not ready:
        return None
    # 65536 does not fit into 16 bits: there bit 0 stands for bit 16.
    page_size = (page_size & 0xFE00) | (page_size & 1) << 16
    return IndexHeader(raw, page_size, frames, pages, salts)


def read_backfill(descriptor: int) -> int:
    """Return how many frames are in the database file already (`nBackfill`)."""
    data = os.pread(descriptor, _BACKFILL.size, _BACKFILL_AT)
    return int(_BACKFILL.unpack(data)[0])


def last_frames(descriptor: int, header: IndexHeader) -> dict[int, int] | None:
    """Return the last frame of each page that has one in the snapshot, in page order.

    None if the index does not have them all.
    """
    found: dict[int, int] = {}
    first = 1
    block = 0
    while first <= header.frames:
        skipped = 0 if block else _PREFIX_BYTES
        there = _BLOCK_FRAMES - skipped // _BACKFILL.size
        count = min(there, header.frames - first + 1)
        pages = array("I", os.pread(descriptor, 4 * count, block * _BLOCK_BYTES + skipped))
        if len(pages) != count or 0 in pages:
            return None
        found.update(zip(pages, range(first, first + count), strict=True))
        first += count
        block += 1
    return {page: found[page] for page in sorted(found) if page <= header.pages}


def frame_offset(frame: int, page_size: int) -> int:
    """Return where in the `-wal` a frame begins, counted from 1."""
    return _WAL_HEADER_BYTES + (frame - 1) * (FRAME_HEADER_BYTES + page_size)


def frame_is_of(frame_header: bytes | bytearray, page: int, salts: bytes) -> bool:
    """Whether a frame's header names this page and belongs to this use of the `-wal`."""
    found, _, own_salts, _ = _FRAME.unpack(frame_header)
    return bool(found == page and own_salts == salts)
