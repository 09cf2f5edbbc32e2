"""Loading the index files although some may be damaged, and what they say of packs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection
from typing import Final

from holdfast.errors import HoldfastError, ObjectNotFound, RepositoryDamaged
from holdfast.repository.crypto import OVERHEAD_BYTES
from holdfast.repository.damage_notes import CopyKey, copy_key
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_files import decode_index
from holdfast.repository.layout import BlobType, ObjectKind
from holdfast.repository.objects import SealedObjects, list_ids
from holdfast.repository.packs import COMPRESSED_ENTRY, PLAIN_ENTRY
from holdfast.stores.base import Store

HEADER_BYTES: Final = OVERHEAD_BYTES + 4


def load_index_files(
    objects: SealedObjects,
    index: BlobIndex,
    *,
    tolerated: tuple[type[HoldfastError], ...] = (RepositoryDamaged,),
    without: Collection[bytes] = (),
    without_copies: Collection[CopyKey] = (),
    on_file: Callable[[int], None] = lambda _: None,
) -> BlobIndex:
    """Add to an index the index files that it lacks.

    A damaged file is passed over and noted in `BlobIndex.damaged_files`: what the others name
    can still be restored.

    Args:
        tolerated: Errors of a single file that are noted instead of raised.
        without: Packs to leave out.
        without_copies: Copies of blobs to leave out.
        on_file: Called with the number of files seen so far.

    Returns:
        The same index.

    Raises:
        StoreError: The index files cannot be listed, or one of them not read.
    """
    known = index.files | index.damaged_files.keys()
    for number, (file_id, _) in enumerate(list(objects.list(ObjectKind.INDEX)), start=1):
        if file_id in known:
            continue
        try:
            document = objects.load(ObjectKind.INDEX, file_id)
            packs = list(decode_index(document, file_id))  # all of a file, or nothing
        except ObjectNotFound:
            continue  # replaced by another process since it was listed
        except tolerated as error:
            index.damaged_files[file_id] = error.message
            continue
        for pack_id, entries in packs:
            if pack_id not in without:
                wanted = (e for e in entries if copy_key(pack_id, e) not in without_copies)
                index.add_pack(pack_id, wanted if without_copies else entries)
        index.add_file(file_id)
        on_file(number)
    return index


def lost_packs(store: Store, index: BlobIndex) -> frozenset[bytes]:
    """Return the packs that an index names and that are not stored, or are cut short.

    The index must have been loaded before, so that its packs were stored before this looks.
    """
    stored = list_packs(store)
    return frozenset(
        pack_id for pack_id in index.packs() if stored.get(pack_id, -1) < index.pack_end(pack_id)
    )


def list_packs(store: Store) -> dict[bytes, int]:
    """Return the size [bytes] of every stored pack by its id."""
    return {bytes.fromhex(pack_id): size for pack_id, size in list_ids(store, ObjectKind.PACK)}


def expected_pack_sizes(index: BlobIndex) -> tuple[array[int], array[int]]:
    """Return by number of pack: its size [bytes] as the index has it, and its blobs."""
    sizes = array("Q", [HEADER_BYTES]) * len(index.packs())
    counts = array("Q", [0]) * len(index.packs())
    for blob_type in BlobType:
        for _, pack, _, length, uncompressed in index.table(blob_type).records():
            sizes[pack] += length + entry_bytes(uncompressed)
            counts[pack] += 1
    return sizes, counts


def entry_bytes(uncompressed_length: int) -> int:
    """Return what the header entry of a blob occupies [bytes]."""
    return COMPRESSED_ENTRY.size if uncompressed_length else PLAIN_ENTRY.size
