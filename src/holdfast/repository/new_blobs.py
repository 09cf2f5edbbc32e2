"""The blobs that one writer has stored, from the claim to the index file that names them.

A blob goes through three states, and at each moment a search finds it in at least one:

1. claimed: one worker seals it; others that meet the same bytes leave it to that one;
2. packed: its pack is complete, and perhaps being uploaded; its record is in a batch;
3. indexed: an index file names it durably; it is in the repository's index.

Batches keep memory bounded: when an index file is written its batch is dropped.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from holdfast.repository.index import RecordTable
from holdfast.repository.index_files import MAX_BLOBS
from holdfast.repository.layout import BlobType
from holdfast.repository.packs import PackEntry, decode_header


@dataclass(slots=True, eq=False)
class IndexBatch:
    """The packs that one index file will name.

    Attributes:
        packs: Pack id and plain header of each pack that is stored durably.
        expected: How many packs it will have, once it is closed.
        closed: No pack will be added any more.
    """

    packs: list[tuple[bytes, bytes]] = field(default_factory=list)
    expected: int = 0
    blobs: int = 0
    closed: bool = False
    tables: dict[BlobType, RecordTable] = field(
        default_factory=lambda: {blob_type: RecordTable() for blob_type in BlobType}
    )

    @property
    def complete(self) -> bool:
        """Return whether all packs are durable, so that the index file may be written."""
        return self.closed and len(self.packs) == self.expected

    def entries(self) -> list[tuple[bytes, list[PackEntry]]]:
        """Return the packs with the blobs in them."""
        return [(pack_id, decode_header(header)) for pack_id, header in self.packs]


class NewBlobs:
    """Knows what one writer stored. Searching takes no lock."""

    def __init__(self) -> None:
        self.claims: dict[BlobType, dict[bytes, bytes | int]] = {kind: {} for kind in BlobType}
        """Blobs not yet in a complete pack: their id while one worker is sealing them, then
        the length of their sealed bytes."""
        self._current = IndexBatch()
        self._batches: tuple[IndexBatch, ...] = (self._current,)
        self._changing = threading.Lock()

    def find(self, blob_type: BlobType, blob_id: bytes) -> int:
        """Return the sealed length [bytes] of a packed blob, or 0."""
        for batch in self._batches:
            found = batch.tables[blob_type].find(blob_id)
            if found is not None:
                return found[2]
        return 0

    def pack_completed(self, header: bytes) -> IndexBatch:
        """Record a complete pack by its plain header; its blobs are no longer claims.

        Returns:
            The batch that it belongs to.
        """
        entries = decode_header(header)
        with self._changing:
            batch = self._current
            for blob_type, blob_id, offset, length, uncompressed in entries:
                batch.tables[blob_type].add(blob_id, (0, offset, length, uncompressed))
            batch.expected += 1
            batch.blobs += len(entries)
            if batch.blobs >= MAX_BLOBS:
                self._close_current()
        for entry in entries:
            self.claims[entry.type].pop(entry.id, None)
        return batch

    def pack_stored(self, batch: IndexBatch, pack_id: bytes, header: bytes) -> bool:
        """Record that a pack is durable; return whether the batch's index file is now due."""
        with self._changing:
            batch.packs.append((pack_id, header))
            return batch.complete

    def close_current(self) -> IndexBatch | None:
        """Close the open batch; return it if its index file is now due."""
        with self._changing:
            batch = self._current
            self._close_current()
            return batch if batch.complete and batch.packs else None

    def drop(self, batch: IndexBatch) -> None:
        """Forget a batch that the repository's index now knows."""
        with self._changing:
            self._batches = tuple(other for other in self._batches if other is not batch)

    def _close_current(self) -> None:
        self._current.closed = True
        self._current = IndexBatch()
        self._batches = (*self._batches, self._current)
