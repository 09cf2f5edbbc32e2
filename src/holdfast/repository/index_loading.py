"""Loading all index files although some may be damaged, and what they say of packs."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from holdfast.errors import ObjectNotFound, RepositoryDamaged, StoreError
from holdfast.repository.crypto import OVERHEAD_BYTES
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_files import decode_index
from holdfast.repository.layout import BlobType, ObjectKind
from holdfast.repository.objects import SealedObjects, list_ids
from holdfast.repository.packs import COMPRESSED_ENTRY, PLAIN_ENTRY
from holdfast.repository.reader import BlobReader
from holdfast.repository.repository import Repository
from holdfast.stores.base import Store

_HEADER_BYTES: Final = OVERHEAD_BYTES + 4


@dataclass
class LoadedIndex:
    """An index and the files that it could not take in, each with the reason."""

    index: BlobIndex = field(default_factory=BlobIndex)
    damaged: dict[str, str] = field(default_factory=dict)


def load_index_files(objects: SealedObjects, on_file: Callable[[int], None]) -> LoadedIndex:
    """Load every index file that can be read.

    Args:
        on_file: Called with the number of files seen so far.

    Raises:
        StoreError: The index files cannot be listed.
    """
    loaded = LoadedIndex()
    for number, (file_id, _) in enumerate(list(objects.list(ObjectKind.INDEX)), start=1):
        try:
            document = objects.load(ObjectKind.INDEX, file_id)
            # All of a file or nothing: half of one must not count.
            packs = list(decode_index(document, file_id))
        except ObjectNotFound:
            continue  # replaced by another process since it was listed
        except (RepositoryDamaged, StoreError) as error:
            loaded.damaged[file_id] = error.message
            continue
        for pack_id, entries in packs:
            loaded.index.add_pack(pack_id, entries)
        loaded.index.add_file(file_id)
        on_file(number)
    return loaded


def reader_of(repository: Repository, index: Callable[[], BlobIndex]) -> BlobReader:
    """Return a reader by an index of one's own, which does not change under one's feet."""
    return BlobReader(repository.store, repository.key, repository.zstd, index, lambda: False)


def list_packs(store: Store) -> dict[bytes, int]:
    """Return the size [bytes] of every stored pack by its id."""
    return {bytes.fromhex(pack_id): size for pack_id, size in list_ids(store, ObjectKind.PACK)}


def expected_pack_sizes(index: BlobIndex) -> tuple[array[int], array[int]]:
    """Return by number of pack: its size [bytes] as the index has it, and its blobs."""
    sizes = array("Q", [_HEADER_BYTES]) * len(index.packs())
    counts = array("Q", [0]) * len(index.packs())
    for blob_type in BlobType:
        for _, pack, _, length, uncompressed in index.table(blob_type).records():
            sizes[pack] += length + entry_bytes(uncompressed)
            counts[pack] += 1
    return sizes, counts


def entry_bytes(uncompressed_length: int) -> int:
    """Return what the header entry of a blob occupies [bytes]."""
    return COMPRESSED_ENTRY.size if uncompressed_length else PLAIN_ENTRY.size
