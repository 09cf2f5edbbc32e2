"""Where files are cut into blobs.

Ordinary files are cut every mebibyte. Streams of rows, in which an insertion shifts everything
after it, are cut by their content: see `row_chunking`.

Files that change page by page, as databases do, are cut at multiples of the page size, so
that a changed page costs the chunk it lies in and nothing moves. Two sizes are at work:

* `hot`: 16 KiB, or a page if that is larger. Small chunks make small increments.
* `base`: as large as it must be for the file to have at most about 65,536 chunks, from
  16 KiB up to 4 MiB. It bounds memory, index and tree for any size of file.

The parent backup's chunk list says where the file is hot: a changed chunk larger than `hot`
is split into hot ones, and later backups keep these boundaries. So that a file does not end
up in hot chunks everywhere, regions of `base` that did not change are merged again - one
region in 16 each time, because merging stores the region once more. Which ones is decided
by a hash of the region and of the parent's list, so that it needs no memory of its own.

A file of up to 1 GiB has `base` = `hot`: nothing is ever split or merged. Measured on a
1 GiB SQLite database, after 1 % of its rows had changed: 16 KiB chunks stored 150 MB,
128 KiB ones 254 MB, restic's content-defined ones 334 MB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Final, NamedTuple, Protocol

from holdfast.models.node import ID_BYTES

ORDINARY_CHUNK_BYTES: Final = 2**20
SEGMENT_BYTES: Final = 2**20
"""About how much is read and handed to a worker at once."""

HOT_CHUNK_BYTES: Final = 16 * 2**10
LARGEST_CHUNK_BYTES: Final = 4 * 2**20
_TARGET_CHUNKS: Final = 65_536
_MERGE_ONE_IN: Final = 16


class Region(NamedTuple):
    """The next bytes of a file, and how to cut them.

    Attributes:
        length: How many bytes; the last region of a file may turn out shorter.
        ids: Ids of the chunks that the parent has here, joined; empty if that is unknown
            or does not matter.
        cuts: Lengths of these chunks, if they are to be merged when none changed.
        split: Length of the chunks to cut the region into when it changed; 0 for never.
    """

    length: int
    ids: bytes = b""
    cuts: tuple[int, ...] = ()
    split: int = 0


class CutPlan(Protocol):
    """How one file is cut, a segment at a time."""

    def next_length(self, at_least: int) -> int:
        """Return how much to read for the next segment [bytes], `at_least` or more."""

    def regions(self, data: memoryview, *, last: bool) -> list[Region]:
        """Return the regions of a segment.

        They may end before the segment: its rest then begins the next one. Only a segment that
        is shorter than what was asked for is the `last`.
        """

    def cut(
        self, data: memoryview, regions: Iterable[Region]
    ) -> Iterator[tuple[bytes, memoryview]]:
        """Cut the bytes of regions; yield each chunk with its SHA-256, in order.

        It is called by other threads than the rest.
        """


class PlacedCuts:
    """The plan for a file whose regions are known before it is read.

    Args:
        regions: As of `plan_regions`.
    """

    def __init__(self, regions: Iterator[Region]) -> None:
        self._coming = regions
        self._segment: list[Region] = []

    def next_length(self, at_least: int) -> int:
        """Return how long the next regions are [bytes]."""
        self._segment = []
        length = 0
        while length < at_least:
            region = next(self._coming)
            self._segment.append(region)
            length += region.length
        return length

    def regions(self, data: memoryview, *, last: bool) -> list[Region]:  # noqa: ARG002
        """Return the regions that `next_length` added up."""
        return self._segment

    def cut(
        self, data: memoryview, regions: Iterable[Region]
    ) -> Iterator[tuple[bytes, memoryview]]:
        """Cut as the regions say; see `cut`."""
        return cut(data, regions)


def plan_regions(
    *,
    size_hint: int,
    page_size: int | None,
    previous: bytes,
    length_of: Callable[[bytes], int | None],
) -> Iterator[Region]:
    """Yield regions without end; the reader stops at the end of the file.

    Args:
        size_hint: The expected length of the file [bytes].
        page_size: Alignment of changes [bytes], a power of two; None for ordinary files.
        previous: The parent's chunk ids, joined.
        length_of: Gives the length [bytes] of a chunk by its id, or None.

    Raises:
        ValueError: The page size is not a power of two up to 4 MiB.
    """
    if page_size is None:
        return repeat(Region(ORDINARY_CHUNK_BYTES))
    if page_size < 1 or page_size & (page_size - 1) or page_size > LARGEST_CHUNK_BYTES:
        raise ValueError(f"page size {page_size} is not a power of two up to 4 MiB")
    hot = max(HOT_CHUNK_BYTES, page_size)
    base = base_chunk_bytes(size_hint, page_size)
    if not previous or (base == hot and len(previous) // ID_BYTES * hot >= size_hint):
        return repeat(Region(base))
    return _follow(previous, length_of, base=base, hot=hot, page_size=page_size)


def base_chunk_bytes(size: int, page_size: int) -> int:
    """Return the chunk size [bytes] for a page-aligned file of `size` bytes."""
    wanted = max(1, -(-size // _TARGET_CHUNKS))
    power = 1 << (wanted - 1).bit_length()
    return max(min(max(power, HOT_CHUNK_BYTES), LARGEST_CHUNK_BYTES), page_size)


def cut(data: memoryview, regions: Iterable[Region]) -> Iterator[tuple[bytes, memoryview]]:
    """Cut bytes as their regions say; yield each chunk with its SHA-256, in order.

    Args:
        data: The bytes of the regions; the last region may be cut short by the end.
        regions: Regions that together are at least as long.
    """
    sha256 = hashlib.sha256
    start = 0
    for length, ids, cuts, split in regions:
        region = data[start : start + length]
        if not region:
            return
        start += length
        if cuts:
            yield from _cut_mergeable(region, ids, cuts)
            continue
        digest = sha256(region).digest()
        if split and digest != ids and len(region) > split:
            for offset in range(0, len(region), split):
                chunk = region[offset : offset + split]
                yield sha256(chunk).digest(), chunk
        else:
            yield digest, region


def _cut_mergeable(
    region: memoryview, ids: bytes, cuts: tuple[int, ...]
) -> Iterator[tuple[bytes, memoryview]]:
    chunks: list[tuple[bytes, memoryview]] = []
    offset = 0
    for length in cuts:
        chunk = region[offset : offset + length]
        offset += length
        if len(chunk):
            chunks.append((hashlib.sha256(chunk).digest(), chunk))
    if b"".join(digest for digest, _ in chunks) == ids:
        yield hashlib.sha256(region).digest(), region
    else:
        yield from chunks


def _follow(
    previous: bytes,
    length_of: Callable[[bytes], int | None],
    *,
    base: int,
    hot: int,
    page_size: int,
) -> Iterator[Region]:
    list_hash = hashlib.sha256(previous).digest()
    offset = 0
    run: list[tuple[bytes, int]] = []  # chunks since the last multiple of base
    run_start = 0
    for chunk_id, length in _parent_chunks(previous, length_of, hot=hot, page_size=page_size):
        if offset % base == 0:
            yield from _run_regions(run, run_start, base, hot, list_hash)
            run, run_start = [], offset
        run.append((chunk_id, length))
        offset += length
    yield from _run_regions(run, run_start, base, hot, list_hash)
    if offset % base:
        yield Region(base - offset % base)
    yield from repeat(Region(base))


def _parent_chunks(
    previous: bytes, length_of: Callable[[bytes], int | None], *, hot: int, page_size: int
) -> Iterator[tuple[bytes, int]]:
    """Yield the parent's chunks as long as they can be followed.

    The parent's file may have ended anywhere. Where its last chunk ended, this file may go
    on, so that chunk is made to end at a multiple of `hot`.
    """
    for start in range(0, len(previous), ID_BYTES):
        chunk_id = previous[start : start + ID_BYTES]
        length = length_of(chunk_id)
        if length is None or not 0 < length <= LARGEST_CHUNK_BYTES:
            return
        last = start + ID_BYTES >= len(previous)
        if last:
            length = -(-length // hot) * hot
        elif length % page_size:
            return
        yield chunk_id, length


def _run_regions(
    run: list[tuple[bytes, int]], start: int, base: int, hot: int, list_hash: bytes
) -> Iterator[Region]:
    """Yield the regions of the parent's chunks between two multiples of base."""
    total = sum(length for _, length in run)
    mergeable = (
        len(run) > 1
        and total == base
        and start % base == 0
        and any(length <= hot < base for _, length in run)
    )
    if mergeable and _chosen(run[0][0], list_hash):
        ids = b"".join(chunk_id for chunk_id, _ in run)
        yield Region(total, ids, tuple(length for _, length in run))
        return
    for chunk_id, length in run:
        yield Region(length, chunk_id, (), hot) if length > hot else Region(length)


def _chosen(first_id: bytes, list_hash: bytes) -> bool:
    return hashlib.sha256(first_id + list_hash).digest()[0] % _MERGE_ONE_IN == 0
