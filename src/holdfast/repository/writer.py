"""Writing blobs: cut, hash, look up, compress, seal, prove, pack, upload, index.

The calling thread reads and hashes the whole stream; workers do the rest in pieces of about
a mebibyte; uploaders store full packs and then the index files that name them. All queues
are bounded, and so is memory, whatever is written.

Order, always: packs durable, then the index that names them, then (not here) the snapshot.
After any failure nothing more is stored: the writer is poisoned and every call raises.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Final, Self

from holdfast.errors import RepositoryError
from holdfast.models.node import Node
from holdfast.models.progress import CancellationToken
from holdfast.repository.chunking import (
    SEGMENT_BYTES,
    CutPlan,
    PlacedCuts,
    Region,
    cut,
    plan_regions,
)
from holdfast.repository.compression import DEFAULT_LEVEL, Zstd
from holdfast.repository.crypto import OVERHEAD_BYTES, SealingKey
from holdfast.repository.index import BlobIndex
from holdfast.repository.layout import BlobType
from holdfast.repository.locks import Lease
from holdfast.repository.new_blobs import NewBlobs
from holdfast.repository.objects import SealedObjects
from holdfast.repository.pack_uploads import PackUploads
from holdfast.repository.row_chunking import FINE, ROW_LEVEL, RowCuts
from holdfast.repository.sealing import BlobSealer, SealedPiece
from holdfast.repository.trees import encode_tree
from holdfast.repository.workers import BufferPool, WorkerPool, worker_count
from holdfast.repository.write_results import PendingFile, SavedFile, WriteSummary
from holdfast.repository.write_state import WriteState
from holdfast.stores.base import Buffer, Store

_BATCH_FILES: Final = 128
"""Small files sealed together; more would only wait longer."""


@dataclass(slots=True)
class _Piece:
    """Some bytes of a file for a worker; `number` is their place among the file's pieces."""

    file: PendingFile
    number: int
    chunks: Iterator[tuple[bytes, memoryview]]


@dataclass(slots=True)
class _Reading:
    """A file that is being read.

    Attributes:
        head: What was read and not submitted yet [bytes].
    """

    file: PendingFile
    stream: BinaryIO
    plan: CutPlan
    sealer: BlobSealer
    head: bytes
    on_bytes: Callable[[int], object]
    hasher: hashlib._Hash = field(default_factory=hashlib.sha256)


class RepositoryWriter:
    """Adds blobs to a repository. Methods may be called from several threads.

    Use it as a context manager: leaving it without `finish` abandons what was not indexed.
    """

    def __init__(
        self,
        *,
        store: Store,
        key: SealingKey,
        objects: SealedObjects,
        index: BlobIndex,
        lease: Lease,
        zstd: Zstd,
        compression: int | None,
        compress_trees: bool,
        cancel: CancellationToken,
    ) -> None:
        self._known = index.table(BlobType.DATA)
        self._cancel = cancel
        self._state = WriteState()
        new = NewBlobs()
        tree_level = (compression or DEFAULT_LEVEL) if compress_trees else None
        self._sealers = {
            blob_type: BlobSealer(blob_type, key, zstd, level, index, new)
            for blob_type, level in ((BlobType.DATA, compression), (BlobType.TREE, tree_level))
        }
        row_level = None if compression is None else max(compression, ROW_LEVEL)
        self._row_sealer = BlobSealer(BlobType.DATA, key, zstd, row_level, index, new)
        self._uploads = PackUploads(
            store=store,
            key=key,
            objects=objects,
            index=index,
            lease=lease,
            new=new,
            state=self._state,
        )
        self._workers = WorkerPool(threads=worker_count(), waiting=2, name="holdfast-seal")
        self._buffers = BufferPool()
        self._batching = threading.Lock()
        self._batch: list[_Piece] = []
        self._batch_bytes = 0
        self._finished = False
        self._new_blobs = self._reused_blobs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; abandon what was not finished (idempotent)."""
        if not self._finished:
            self._state.fail(RepositoryError("The writer was closed before it had finished"))
        self._workers.close()
        self._uploads.close()

    def save_blob(self, blob_type: BlobType, data: Buffer) -> bytes:
        """Store one blob, unless the repository has it.

        Returns:
            Its id.
        """
        self._check()
        view = memoryview(data)
        digest = hashlib.sha256(view).digest()
        self._state.begin("sealing")
        try:
            (piece,), blobs = self._sealers[blob_type].seal([[(digest, view)]])
            self._uploads.add(blob_type, blobs)
        except BaseException as error:
            self._state.fail(error)  # others may rely on the blob that we claimed
            raise
        finally:
            self._state.end("sealing")
        self._count(piece)
        return digest

    def save_tree(self, nodes: Iterable[Node]) -> bytes:
        """Store a directory listing, in restic's order and spelling.

        Returns:
            Its id.

        Raises:
            ValueError: Two nodes have one name, or a name cannot be one.
        """
        return self.save_blob(BlobType.TREE, encode_tree(nodes))

    def save_file(
        self,
        stream: BinaryIO,
        *,
        size_hint: int,
        page_size: int | None,
        rows: bool = False,
        previous: bytes = b"",
        on_bytes: Callable[[int], None] | None = None,
    ) -> SavedFile:
        """Store a file and wait for it; for many small files `submit_file` is faster.

        Arguments and errors are those of `submit_file`.
        """
        return self.submit_file(
            stream,
            size_hint=size_hint,
            page_size=page_size,
            rows=rows,
            previous=previous,
            on_bytes=on_bytes,
        ).result()

    def submit_file(
        self,
        stream: BinaryIO,
        *,
        size_hint: int,
        page_size: int | None,
        rows: bool = False,
        previous: bytes = b"",
        on_bytes: Callable[[int], None] | None = None,
    ) -> PendingFile:
        """Read a file to its end and have it stored; the stream may be closed on return.

        The result can be asked for at once or much later. Small files are sealed many at a
        time, so submit all files of a directory before asking for the first result: asking
        flushes what has been collected.

        Args:
            stream: Yields the bytes, from its present position.
            size_hint: The expected length [bytes]; the file may turn out longer or shorter.
            page_size: Alignment of changes [bytes] for databases; None for ordinary files.
            rows: Whether it is a stream of rows, as of a dump: see `row_chunking`.
            previous: Chunk ids of the file in the parent backup, joined; see `chunking`.
            on_bytes: Called with the number of bytes read, about every mebibyte.

        Raises:
            Cancelled: The writer's token was cancelled.
            OSError: The stream could not be read; the writer stays usable.
        """
        self._check()
        file = PendingFile(self._result_of)
        head = b""
        small = FINE.most if rows else SEGMENT_BYTES
        if page_size is None and size_hint < small:
            head = _read_up_to(stream, size_hint + 1)
            if len(head) <= size_hint:
                self._submit_small(file, head)
                if on_bytes is not None:
                    on_bytes(len(head))
                return file
        reading = _Reading(
            file=file,
            stream=stream,
            plan=self._plan(size_hint, page_size, rows=rows, previous=previous),
            sealer=self._row_sealer if rows else self._sealers[BlobType.DATA],
            head=head,
            on_bytes=on_bytes or (lambda _: None),
        )
        while self._submit_segment(reading):
            pass
        file.checksum = reading.hasher.digest()
        return file

    def finish(self) -> WriteSummary:
        """Make everything durable: the packs, then the index files that name them.

        Only after this may a snapshot be saved that refers to what was written.

        Raises:
            StoreError: Something could not be stored; nothing more will be.
            LockLost: The lock was lost; nothing more will be stored.
        """
        self._check()
        self._flush_batch()
        self._state.wait_idle("sealing")
        self._uploads.finish()
        self._state.check()
        self._finished = True
        self.close()
        return WriteSummary(
            new_bytes=self._uploads.stored_bytes,
            new_blobs=self._new_blobs,
            reused_blobs=self._reused_blobs,
            packs=self._uploads.packs,
        )

    def _check(self) -> None:
        self._state.check()
        self._cancel.raise_if_cancelled()
        if self._finished:
            raise RepositoryError("The writer has finished; nothing can be added any more")

    def _plan(
        self, size_hint: int, page_size: int | None, *, rows: bool, previous: bytes
    ) -> CutPlan:
        if rows:
            find = self._known.find
            return RowCuts(is_known=lambda chunk: find(chunk) is not None, finer=bool(previous))
        return PlacedCuts(
            plan_regions(
                size_hint=size_hint,
                page_size=page_size,
                previous=previous,
                length_of=self._chunk_length,
            )
        )

    def _submit_segment(self, reading: _Reading) -> bool:
        """Read about a mebibyte and hand it to a worker; return whether there may be more."""
        self._check()
        plan, head = reading.plan, reading.head
        wanted = plan.next_length(SEGMENT_BYTES)
        buffer = self._buffers.take(wanted)
        view = memoryview(buffer)[:wanted]
        got = _fill(reading.stream, view, head)
        more = got == wanted
        if not got:
            self._buffers.give(buffer)
            return False
        regions = plan.regions(view[:got], last=not more)
        used = min(got, sum(region.length for region in regions))
        reading.head = bytes(view[used:got])
        data = view[:used]
        reading.hasher.update(data)
        reading.file.size += used
        piece = _add_piece(reading.file, plan.cut(data, regions))
        self._submit([piece], buffer, reading.sealer)
        reading.on_bytes(used)
        return more

    def _submit_small(self, file: PendingFile, data: bytes) -> None:
        file.size = len(data)
        if not data:
            file.checksum = hashlib.sha256().digest()
            return
        piece = _add_piece(file, cut(memoryview(data), [Region(len(data))]))
        with self._batching:
            self._batch.append(piece)
            self._batch_bytes += len(data)
            full = self._batch_bytes >= SEGMENT_BYTES or len(self._batch) >= _BATCH_FILES
        if full:
            self._flush_batch()

    def _flush_batch(self) -> None:
        with self._batching:
            batch, self._batch, self._batch_bytes = self._batch, [], 0
        if batch:
            self._submit(batch, None, self._sealers[BlobType.DATA])

    def _submit(self, pieces: list[_Piece], buffer: bytearray | None, sealer: BlobSealer) -> None:
        self._state.begin("sealing")
        self._workers.submit(lambda: self._seal(pieces, buffer, sealer))

    def _seal(self, pieces: list[_Piece], buffer: bytearray | None, sealer: BlobSealer) -> None:
        """Seal pieces, in a worker; then give back the buffer that they are views of."""
        sealed: list[SealedPiece] = []
        try:
            if not self._state.failed:
                sealed, blobs = sealer.seal(piece.chunks for piece in pieces)
                self._uploads.add(BlobType.DATA, blobs)
        except BaseException as error:  # noqa: BLE001 - raised again by `check` in the caller
            self._state.fail(error)
        finally:
            if buffer is not None:
                self._buffers.give(buffer)
            self._state.end("sealing", lambda: self._take_results(pieces, sealed))

    def _take_results(self, pieces: list[_Piece], sealed: list[SealedPiece]) -> None:
        for piece, result in zip(pieces, sealed, strict=False):
            piece.file.pieces[piece.number] = result
            piece.file.missing -= 1
            self._count(result)

    def _count(self, piece: SealedPiece) -> None:
        self._new_blobs += piece.new
        self._reused_blobs += piece.reused

    def _result_of(self, file: PendingFile) -> SavedFile:
        if file.missing:
            self._flush_batch()
        self._state.wait_for(lambda: not file.missing)
        pieces = [piece for piece in file.pieces if piece is not None]
        unsized = [blob_id for piece in pieces for blob_id in piece.unsized]
        if unsized:  # other files' pieces with the same blobs may still be under way
            self._flush_batch()
            self._state.wait_idle("sealing")
        length_of = self._sealers[BlobType.DATA].length_of
        content = b"".join([piece.ids for piece in pieces])
        return SavedFile(
            content=content,
            size=file.size,
            checksum=(file.checksum or content).hex(),
            stored_new=sum(piece.stored_new for piece in pieces),
            stored_total=sum(piece.stored_total for piece in pieces)
            + sum(length_of(blob_id) for blob_id in unsized),
        )

    def _chunk_length(self, blob_id: bytes) -> int | None:
        found = self._known.find(blob_id)
        return None if found is None else found[3] or found[2] - OVERHEAD_BYTES


def _add_piece(file: PendingFile, chunks: Iterator[tuple[bytes, memoryview]]) -> _Piece:
    piece = _Piece(file, len(file.pieces), chunks)
    file.pieces.append(None)
    file.missing += 1
    return piece


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or all there are if they are fewer."""
    data = stream.read(size)
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def _fill(stream: BinaryIO, view: memoryview, head: bytes) -> int:
    """Fill `view` with `head` and then from the stream; return how much there was [bytes]."""
    got = len(head)
    view[:got] = head
    read_into = getattr(stream, "readinto", None)
    while got < len(view):
        if read_into is not None:
            count = read_into(view[got:])
        else:
            data = stream.read(len(view) - got)
            count = len(data)
            view[got : got + count] = data
        if not count:
            break
        got += count
    return got
