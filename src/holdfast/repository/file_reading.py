"""Reading whole files in parallel: which bytes of which packs, in which order, to where.

The blobs of a file are grouped into stretches of packs of a few mebibytes, so that the store
is read in few and large pieces; worker threads open and verify each stretch.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Final, NamedTuple

from holdfast.errors import RepositoryDamaged, StoreError
from holdfast.models.node import ID_BYTES
from holdfast.repository.index import BlobLocation
from holdfast.repository.layout import BlobType
from holdfast.repository.reader import BlobReader, Damaged
from holdfast.repository.workers import worker_count
from holdfast.stores.base import Buffer

_WINDOW_BLOBS: Final = 16_384
"""Blobs planned at once, about 7 MB; the next plan is made while threads work on the last."""

_STRETCH_BYTES: Final = 2 * 2**20
"""Longest stretch of a pack read at once, unless a single blob is longer."""

_STRETCH_PLAIN_BYTES: Final = 4 * 2**20
"""Most plaintext of one stretch: blobs of zeros compress to almost nothing."""

_GAP_BYTES: Final = 64 * 2**10
"""Unwanted bytes read along rather than asking the store once more."""

_PIECE_BYTES: Final = 2**20
_VECTOR_BUFFERS: Final = 512
"""Buffers in one system call; Linux takes at most 1024."""


class _Placed(NamedTuple):
    """A blob of a file and where its content goes [bytes from the start of the file]."""

    location: BlobLocation
    id: bytes
    offset: int


class FileReader:
    """Reads the content of files by the ids of their blobs."""

    def __init__(self, blobs: BlobReader) -> None:
        self._blobs = blobs

    def write_to(self, content: bytes, size: int, descriptor: int, *, where: str) -> None:
        """Write a file's content to an empty open file, in any order; zeros become holes.

        Args:
            content: Ids of the blobs, joined.
            size: What the content must come to [bytes].
            where: The file's path, for messages.

        Raises:
            RepositoryDamaged: A blob is missing or damaged, or the length is wrong.
            OSError: The file could not be written.
        """
        if len(content) == ID_BYTES:
            data = self._blobs.load(BlobType.DATA, content, where=where)
            _check_size(len(data), size, where)
            _write_run(descriptor, [data], 0)
            os.ftruncate(descriptor, size)
            return
        end = 0
        with _Executor() as executor:
            for start in range(0, len(content), _WINDOW_BLOBS * ID_BYTES):
                ids = content[start : start + _WINDOW_BLOBS * ID_BYTES]
                blobs, end = self._place(ids, end, where)
                _check_size(end, size, where, at_most=True)
                for stretch in _stretches(blobs):
                    executor.submit(self._restore, stretch, descriptor, where)
            executor.wait()
        _check_size(end, size, where)
        os.ftruncate(descriptor, size)

    def read(self, content: bytes, size: int, *, where: str, start: int = 0) -> Iterator[bytes]:
        """Yield a file's content in order, in pieces of about a mebibyte.

        A few pieces are read ahead by threads.

        Args:
            start: Where to begin [bytes]; blobs that lie before are not read.

        Raises:
            RepositoryDamaged: A blob is missing or damaged, or the length is wrong.
        """
        if len(content) == ID_BYTES:
            data = self._blobs.load(BlobType.DATA, content, where=where)
            _check_size(len(data), size, where)
            yield data[start:]
            return
        passed, total = self._before(content, start, where)
        skip = start - total
        with closing(self._read_ahead(content[passed * ID_BYTES :], where)) as pieces:
            for data in pieces:
                total += len(data)
                yield data[skip:] if skip else data
                skip = 0
        _check_size(total, size, where)

    def _before(self, content: bytes, start: int, where: str) -> tuple[int, int]:
        """Return how many blobs end at `start` or before, and how many bytes they are."""
        if not start:
            return 0, 0
        end = 0
        for number, at in enumerate(range(0, len(content), ID_BYTES)):
            blob_id = content[at : at + ID_BYTES]
            length = self._blobs.locate(BlobType.DATA, blob_id, where=where).plain_length
            if end + length > start:
                return number, end
            end += length
        return len(content) // ID_BYTES, end

    def _read_ahead(self, content: bytes, where: str) -> Generator[bytes, None, None]:
        ahead: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(worker_count(), "holdfast-read") as pool:
            try:
                for piece in self._pieces(content, where):
                    ahead.append(pool.submit(self._load_piece, piece, where))
                    if len(ahead) > worker_count() + 1:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()

    def _place(self, ids: bytes, offset: int, where: str) -> tuple[list[_Placed], int]:
        """Find each blob, and where in the file it goes, beginning at `offset`."""
        placed: list[_Placed] = []
        for start in range(0, len(ids), ID_BYTES):
            blob_id = ids[start : start + ID_BYTES]
            location = self._blobs.locate(BlobType.DATA, blob_id, where=where)
            placed.append(_Placed(location, blob_id, offset))
            offset += location.plain_length
        return placed, offset

    def _restore(self, stretch: list[_Placed], descriptor: int, where: str) -> None:
        """Load the blobs of a stretch and write them where they go."""
        run: list[Buffer] = []
        run_start = run_end = 0
        for placed, data in self._open_stretch(stretch, where):
            zero = _is_zero(data)
            if placed.offset != run_end or len(run) >= _VECTOR_BUFFERS or zero:
                _write_run(descriptor, run, run_start)
                run = []
                run_start = placed.offset
            run_end = placed.offset + len(data)
            if zero:
                run_start = run_end
            else:
                run.append(data)
        _write_run(descriptor, run, run_start)

    def _open_stretch(self, stretch: list[_Placed], where: str) -> Iterator[tuple[_Placed, Buffer]]:
        """Yield verified content, in the order of the stretch.

        It may be views of buffers that hold until this thread opens something else.
        """
        opened = self._open_together(_without_repetitions(stretch))
        data: Buffer = b""
        data_id = b""
        for placed in stretch:
            if placed.id != data_id:
                found = next(opened, None)
                if found is None:
                    found = self._blobs.rescue(BlobType.DATA, placed.id, where=where)
                data, data_id = found, placed.id
            yield placed, data

    def _open_together(self, blobs: list[_Placed]) -> Iterator[Buffer | None]:
        """Yield the content of blobs that lie near each other, None for a damaged one.

        It ends early when the store could not be read.
        """
        start = blobs[0].location.offset
        end = max(placed.location.offset + placed.location.length for placed in blobs)
        try:
            loaded = memoryview(
                self._blobs.load_range(blobs[0].location.pack_id, start, end - start)
            )
        except StoreError:
            return
        sealed = [
            loaded[location.offset - start : location.offset - start + location.length]
            for location, _, _ in blobs
        ]
        ids = [placed.id for placed in blobs]
        uncompressed = [placed.location.uncompressed_length for placed in blobs]
        try:
            yield from self._blobs.open_all(sealed, ids, uncompressed)
        except Damaged:
            for data, placed in zip(sealed, blobs, strict=True):
                try:
                    yield self._blobs.open(data, placed.id, placed.location)
                except Damaged:
                    yield None

    def _pieces(self, content: bytes, where: str) -> Iterator[list[_Placed]]:
        """Yield blobs in the file's order, about a mebibyte of content at a time."""
        piece: list[_Placed] = []
        length = 0
        for start in range(0, len(content), ID_BYTES):
            blob_id = content[start : start + ID_BYTES]
            location = self._blobs.locate(BlobType.DATA, blob_id, where=where)
            piece.append(_Placed(location, blob_id, len(piece)))
            length += location.plain_length
            if length >= _PIECE_BYTES:
                yield piece
                piece, length = [], 0
        if piece:
            yield piece

    def _load_piece(self, piece: list[_Placed], where: str) -> bytes:
        parts: list[Buffer] = [b""] * len(piece)
        for stretch in _stretches(piece):
            for placed, data in self._open_stretch(stretch, where):
                parts[placed.offset] = bytes(data)
        return b"".join(parts)


class _Executor:
    """Runs work on threads, a bounded amount at once; the first failure stops the rest."""

    def __init__(self) -> None:
        count = worker_count()
        self._pool = ThreadPoolExecutor(count, "holdfast-restore")
        self._limit = count * 2
        self._running: deque[Future[None]] = deque()

    def __enter__(self) -> _Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(
        self,
        work: Callable[[list[_Placed], int, str], None],
        stretch: list[_Placed],
        fd: int,
        where: str,
    ) -> None:
        self._running.append(self._pool.submit(work, stretch, fd, where))
        while len(self._running) > self._limit:
            self._running.popleft().result()

    def wait(self) -> None:
        while self._running:
            self._running.popleft().result()


def _stretches(blobs: list[_Placed]) -> Iterator[list[_Placed]]:
    """Group blobs into stretches of packs, each in the order of its pack.

    Packs come in the order in which the file first needs them.
    """
    order: dict[bytes, int] = {}
    keyed = [
        (order.setdefault(placed.location.pack_id, len(order)), placed.location.offset, number)
        for number, placed in enumerate(blobs)
    ]
    keyed.sort()
    stretch: list[_Placed] = []
    pack = -1
    start = end = plain = 0
    for number_of_pack, offset, number in keyed:
        placed = blobs[number]
        length = placed.location.length
        fits = (
            number_of_pack == pack
            and offset - end <= _GAP_BYTES
            and offset + length - start <= _STRETCH_BYTES
            and plain + placed.location.plain_length <= _STRETCH_PLAIN_BYTES
        )
        if not fits:
            if stretch:
                yield stretch
            stretch, pack, start, plain = [], number_of_pack, offset, 0
        stretch.append(placed)
        end = offset + length
        plain += placed.location.plain_length
    if stretch:
        yield stretch


def _without_repetitions(stretch: list[_Placed]) -> list[_Placed]:
    """Return one of those that are the same blob, for several parts of the file."""
    return [
        placed
        for number, placed in enumerate(stretch)
        if not number or placed.id != stretch[number - 1].id
    ]


def _is_zero(data: Buffer) -> bool:
    return data[0] == 0 and not bytes(data).strip(b"\0") if data else True


def _write_run(descriptor: int, run: list[Buffer], offset: int) -> None:
    """Write buffers that follow each other from `offset`."""
    while run:
        written = os.pwritev(descriptor, run, offset)
        offset += written
        while run and written >= len(run[0]):
            written -= len(run.pop(0))
        if run and written:
            run[0] = run[0][written:]


def _check_size(got: int, size: int, where: str, *, at_most: bool = False) -> None:
    if got > size or (got < size and not at_most):
        raise RepositoryDamaged(
            f"The blobs of {where} come to {got} bytes, but the file has {size}",
            hint="Run `holdfast check` to see which backups are touched.",
            check="checksum",
        )
