"""Filling packs: sealed blobs go into a buffer until it is long enough for a pack."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from holdfast.repository.layout import BlobType
from holdfast.repository.packs import MAX_ENTRIES, TARGET_BYTES
from holdfast.repository.workers import BufferPool


@dataclass(slots=True)
class FilledPack:
    """The blobs of one pack.

    Attributes:
        buffer: Holds the sealed blobs in its first `used` bytes; what follows is left over.
        header: The plain header entries of the blobs.
    """

    blob_type: BlobType
    buffer: bytearray
    used: int = 0
    count: int = 0
    header: bytearray = field(default_factory=bytearray)

    def append(self, data: bytes | bytearray) -> None:
        """Add bytes behind those that are there, growing the buffer when it must."""
        end = self.used + len(data)
        self.buffer[self.used : end] = data
        self.used = end


class PackFiller:
    """Collects blobs of one type; each pack holds one type only, as format version 2 demands."""

    def __init__(self, blob_type: BlobType, buffers: BufferPool) -> None:
        self._type = blob_type
        self._buffers = buffers
        self._filling = threading.Lock()
        self._pack: FilledPack | None = None

    def add(self, sealed: bytearray, header: bytearray, count: int) -> FilledPack | None:
        """Add sealed blobs that follow each other; return the pack if it is now full."""
        with self._filling:
            pack = self._pack
            if pack is None:
                pack = self._pack = FilledPack(self._type, self._buffers.take(0))
            pack.append(sealed)
            pack.header += header
            pack.count += count
            if pack.used < TARGET_BYTES and pack.count < MAX_ENTRIES:
                return None
            self._pack = None
            return pack

    def take(self) -> FilledPack | None:
        """Return what was collected so far, if anything."""
        with self._filling:
            pack, self._pack = self._pack, None
            return pack
