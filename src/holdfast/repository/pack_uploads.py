"""From sealed blobs to durable, indexed packs.

Order, always: a pack is durable before an index file names it. Before each store write the
lease is asked whether the lock is still ours. After a failed write nothing more is written.
"""

from __future__ import annotations

import hashlib
from typing import Final

from holdfast.repository.crypto import SealingKey
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_files import save_index
from holdfast.repository.layout import BlobType, ObjectKind, object_name
from holdfast.repository.locks import Lease
from holdfast.repository.new_blobs import IndexBatch, NewBlobs
from holdfast.repository.objects import SealedObjects
from holdfast.repository.packing import FilledPack, PackFiller
from holdfast.repository.packs import seal_header
from holdfast.repository.sealing import SealedBlobs
from holdfast.repository.workers import BufferPool, WorkerPool
from holdfast.repository.write_state import WriteState
from holdfast.stores.base import Store

_UPLOADERS: Final = 2
"""At most one pack is filled, one waits and two are stored: 64 MiB at 16 MiB each."""


class PackUploads:
    """Fills packs, stores them, and writes the index files that name them."""

    def __init__(
        self,
        *,
        store: Store,
        key: SealingKey,
        objects: SealedObjects,
        index: BlobIndex,
        lease: Lease,
        new: NewBlobs,
        state: WriteState,
    ) -> None:
        self._store = store
        self._key = key
        self._objects = objects
        self._index = index
        self._lease = lease
        self._new = new
        self._state = state
        self._buffers = BufferPool()
        self._fillers = {kind: PackFiller(kind, self._buffers) for kind in BlobType}
        self._pool = WorkerPool(threads=_UPLOADERS, waiting=1, name="holdfast-store")
        self.packs = 0
        self.stored_bytes = 0

    def add(self, blob_type: BlobType, blobs: SealedBlobs) -> None:
        """Take sealed blobs; blocks while too many packs wait to be stored."""
        if blobs.count:
            pack = self._fillers[blob_type].add(blobs.sealed, blobs.header, blobs.count)
            if pack is not None:
                self._complete(pack)

    def finish(self) -> None:
        """Store what is left, wait for all packs, and write the last index file."""
        for filler in self._fillers.values():
            pack = filler.take()
            if pack is not None:
                self._complete(pack)
        self._state.wait_idle("storing")
        batch = self._new.close_current()
        if batch is not None:
            self._save_index(batch)

    def close(self) -> None:
        """End the threads (idempotent)."""
        self._pool.close()

    def _complete(self, pack: FilledPack) -> None:
        """End a pack with its header, name it, and hand it to the uploaders."""
        header = bytes(pack.header)
        pack.append(seal_header(header, self._key))
        with memoryview(pack.buffer) as view, view[: pack.used] as content:
            pack_id = hashlib.sha256(content).digest()
        batch = self._new.pack_completed(header)
        self._state.begin("storing")
        self._pool.submit(lambda: self._store_pack(pack, pack_id, header, batch))

    def _store_pack(
        self, pack: FilledPack, pack_id: bytes, header: bytes, batch: IndexBatch
    ) -> None:
        try:
            self._state.check()
            self._lease.ensure()
            with memoryview(pack.buffer) as view, view[: pack.used] as content:
                self._store.save(object_name(ObjectKind.PACK, pack_id.hex()), content)
            self._buffers.give(pack.buffer)
            if self._new.pack_stored(batch, pack_id, header):
                self._save_index(batch)
        except BaseException as error:  # noqa: BLE001 - raised again by `check` in the caller
            self._state.fail(error)
        finally:
            self._state.end("storing", lambda: self._count(pack.used, packs=1))

    def _save_index(self, batch: IndexBatch) -> None:
        packs = batch.entries()
        self._state.check()
        try:
            file_id, size = save_index(self._objects, self._lease, packs)
        except BaseException as error:
            self._state.fail(error)
            raise
        for pack_id, entries in packs:
            self._index.add_pack(pack_id, entries)
        self._index.add_file(file_id)
        self._new.drop(batch)
        self.stored_bytes += size

    def _count(self, size: int, *, packs: int) -> None:
        self.packs += packs
        self.stored_bytes += size
