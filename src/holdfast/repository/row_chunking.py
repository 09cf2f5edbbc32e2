"""Where streams of rows are cut: dumps and tables, in which an insertion shifts what follows.

A cut is chosen by content: of all rows that end between the smallest and the largest size of a
chunk, the chunk ends with the one whose CRC-32 is lowest. So a changed row costs the chunk that
it lies in, and behind an insertion or a removal the cuts are soon where they were. Comparing
the rows of a window with each other, instead of one by one with a threshold, gives cuts
whatever the rows look like; and the work is split, map and min, which run in C at 0.9 GB/s.
(Measured: a gear hash in numpy is three times slower, sums of translated bytes as large integers
ten times, classes of bytes in a regular expression twenty-five times. The Cython one of `fastcdc`
is three times faster and stores the same; it was not worth its dependencies.)

What a program writes into the stream at places that do not move with the rows, such as a block's
length every so many bytes, spoils this: pg_dump did so nowhere up to version 18.

Two sizes are at work, as for pages (see `chunking`):

* `COARSE` for what was not backed up before. Large chunks compress well.
* `FINE` within a coarse chunk that the repository does not have, if the file has a parent: what
  changes costs little, now and in later backups, where the fine chunks are found again.

So no memory of the parent's cuts is needed, nor does the length of the stream matter. Fine
chunks are not merged again when they become cold.

Measured on 164 MB of pg_dump's custom format (half pgbench, half text and JSON): stored MB of a
full backup, then the share of it that 1 % of the rows costs when they lie anywhere:

    fine only, 4-12 KiB    42.7, .24      64-192 KiB, then 8-24 KiB    34.9, .78
    16-48 KiB only         37.9, .44      64-192 KiB, then 4-12 KiB    34.9, .84
    64-192 KiB only        35.0, .75      pg_dump -Fc                  35.7, 1

Changed anywhere a second time, the two-sized ones cost .49 and .43; the newest rows cost .07
and .08.

What an observer of the store learns: restic cuts by a secret polynomial, so that the lengths of
chunks do not tell which known file they come from. These cuts follow from the content alone, as
all of ours do; lengths of chunks stand only in encrypted headers and index files, and packs are
filled whatever is in them. Someone who may store rows of his own and watches which parts of the
packs a restore reads could learn a little; that is not defended against. Sizes are bounded
whatever the content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple
from zlib import crc32

from holdfast.repository.chunking import Region

ROW_LEVEL: Final = 6
"""Least zstd level of row streams: a dump program is slower than it, and gzip stores no less."""


class Sizes(NamedTuple):
    """The smallest and the largest chunk [bytes]; the last one of a stream may be smaller."""

    least: int
    most: int


COARSE: Final = Sizes(64 * 2**10, 192 * 2**10)
FINE: Final = Sizes(4 * 2**10, 12 * 2**10)

_ENDS: Final = (b"\n", b"),(", b"00", b". ", b"A")
"""What rows end with, the first that is found often enough: lines; rows of a long INSERT; then
places in values longer than a window: hexadecimal, prose, base64. Other bytes have lines."""

_LEAST_ROWS: Final = 4
_ENOUGH_ROWS: Final = 256
_FIRST_WINDOW_BYTES: Final = 16 * 2**10
_NEVER: Final = 1 << 32


class RowCuts:
    """The plan for one stream of rows.

    Args:
        is_known: Whether the repository has a chunk of this id.
        finer: Whether the stream has a parent, so that what is new in it has changed.
    """

    def __init__(self, *, is_known: Callable[[bytes], bool], finer: bool) -> None:
        self._is_known = is_known
        self._finer = finer

    def next_length(self, at_least: int) -> int:
        """Return how much to read next [bytes]: several chunks, whatever is asked."""
        return max(at_least, 4 * COARSE.most)

    def regions(self, data: memoryview, *, last: bool) -> list[Region]:
        """Return the chunks that `data` begins with; all of it if it is the `last`."""
        return [Region(length) for length in row_cuts(data, COARSE, last=last)]

    def cut(
        self, data: memoryview, regions: Iterable[Region]
    ) -> Iterator[tuple[bytes, memoryview]]:
        """Yield each chunk with its SHA-256, in order; safe to call from any thread."""
        start = 0
        for region in regions:
            chunk = data[start : start + region.length]
            start += region.length
            digest = hashlib.sha256(chunk).digest()
            if self._finer and not self._is_known(digest):
                yield from _cut_finer(chunk)
            else:
                yield digest, chunk


def row_cuts(data: memoryview, sizes: Sizes, *, last: bool) -> Iterator[int]:
    """Yield the lengths of the chunks [bytes] that `data` begins with.

    A cut depends on the bytes behind it up to the largest chunk, so what is not the last of a
    stream is cut only so far; cutting what is left, with what follows, gives the same cuts as
    cutting all at once.
    """
    start = 0
    while len(data) - start > sizes.most:
        window = data[start + sizes.least : start + sizes.most]
        length = sizes.least + _end_of_lowest_row(window)
        yield length
        start += length
    if last and start < len(data):
        yield len(data) - start


def _cut_finer(chunk: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    start = 0
    for length in row_cuts(chunk, FINE, last=True):
        part = chunk[start : start + length]
        start += length
        yield hashlib.sha256(part).digest(), part


def _end_of_lowest_row(window: memoryview) -> int:
    """Return where the row with the lowest CRC-32 ends [bytes]; the whole window without rows.

    Where rows are short, so many are not needed: only those near the beginning are compared.
    """
    for end in _ENDS:
        rows = _rows(window, end)
        if len(rows) >= _LEAST_ROWS:
            break
    else:
        return len(window)
    rows.pop()
    sums = list(map(crc32, rows))
    sums[0] = _NEVER  # what the window begins with may be half a row
    lowest = sums.index(min(sums))
    return sum(map(len, rows[: lowest + 1])) + (lowest + 1) * len(end)


def _rows(window: memoryview, end: bytes) -> list[bytes]:
    width = _FIRST_WINDOW_BYTES
    while True:
        rows = bytes(window[:width]).split(end)
        if len(rows) > _ENOUGH_ROWS or width >= len(window):
            return rows
        width *= 2
