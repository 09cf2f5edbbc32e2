"""Index files: JSON documents that say which blobs lie in which packs.

Source: restic's design document, section "Indexing".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated, Final, Literal

import msgspec

from holdfast.errors import RepositoryDamaged
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.layout import BlobType, ObjectKind, parse_id
from holdfast.repository.locks import Lease, save_referring
from holdfast.repository.objects import SealedObjects
from holdfast.repository.packs import PackEntry, check_lengths

MAX_BLOBS: Final = 50_000
"""Blobs after which a new index file is begun; restic's own number."""

_TYPES: Final = {"data": BlobType.DATA, "tree": BlobType.TREE}
_Uint32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]


class _Blob(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    id: str
    type: Literal["data", "tree"]
    offset: _Uint32
    length: _Uint32
    uncompressed_length: _Uint32 = 0


class _Pack(msgspec.Struct, frozen=True, gc=False):
    id: str
    blobs: list[_Blob]


class _Index(msgspec.Struct, frozen=True):
    packs: list[_Pack]


def encode_index(packs: Iterable[tuple[bytes, Iterable[PackEntry]]]) -> bytes:
    """Return the index file that lists these packs, each with its blobs."""
    document = _Index(
        [
            _Pack(
                pack_id.hex(),
                [
                    _Blob(
                        entry.id.hex(),
                        entry.type.value,
                        entry.offset,
                        entry.length,
                        entry.uncompressed_length,
                    )
                    for entry in entries
                ],
            )
            for pack_id, entries in packs
        ]
    )
    return msgspec.json.encode(document) + b"\n"


def decode_index(document: bytes, file_id: str) -> Iterator[tuple[bytes, list[PackEntry]]]:
    """Yield the packs that an index file lists, each with its blobs.

    Raises:
        RepositoryDamaged: It is no index file, or states lengths that no blob has.
    """
    try:
        index = msgspec.json.decode(document, type=_Index)
        for pack in index.packs:
            yield parse_id(pack.id), [_entry(blob) for blob in pack.blobs]
    except INVALID_DOCUMENT as error:
        raise RepositoryDamaged(f"Index {file_id[:16]} is damaged: {error}") from error


def save_index(
    objects: SealedObjects, lease: Lease, packs: Collection[tuple[bytes, Iterable[PackEntry]]]
) -> tuple[str, int]:
    """Save an index file that lists these packs, which are durable; see `save_referring`."""

    def all_there() -> bool:
        return all(objects.has(ObjectKind.PACK, pack_id.hex()) for pack_id, _ in packs)

    document = encode_index(packs)
    return save_referring(objects, [lease], ObjectKind.INDEX, document, holds=all_there)


def _entry(blob: _Blob) -> PackEntry:
    entry = PackEntry(
        _TYPES[blob.type],
        parse_id(blob.id),
        blob.offset,
        blob.length,
        blob.uncompressed_length,
    )
    check_lengths(entry)
    return entry
