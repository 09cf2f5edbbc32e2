"""What was proven to be damaged, noted in the repository, so that nothing relies on it again.

A note is a sealed object in `holdfast/damaged/`, in the form of an index file: it names packs
that are damaged, each with those of its blobs that are. Writers store such blobs anew instead of
relying on them, and a prune replaces such packs by what is intact in them.

Notes are advice: a lost or damaged one costs no backup, and the next deep check writes it again.
A new note is durable before those that it takes the place of are removed, so an interruption
leaves too many of them, never too few. No lock is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from holdfast.errors import ObjectNotFound, RepositoryDamaged
from holdfast.repository.index import BlobLocation
from holdfast.repository.index_files import decode_index, encode_index
from holdfast.repository.layout import BlobType, ObjectKind
from holdfast.repository.objects import SealedObjects
from holdfast.repository.packs import PackEntry

Damage = Mapping[bytes, Collection[PackEntry]]
"""By id of a damaged pack, its damaged blobs; none if only its header or its name is wrong."""

CopyKey = tuple[bytes, BlobType, bytes, int]
"""One copy of a blob: id of the pack, type, id of the blob, offset."""


@dataclass(frozen=True, slots=True)
class DamageNotes:
    """All that is noted.

    Attributes:
        packs: The damaged packs; some may be gone since.
        ids: The notes that say so.
        unreadable: Notes that are damaged themselves, each with the reason.
    """

    packs: dict[bytes, frozenset[PackEntry]] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    unreadable: dict[str, str] = field(default_factory=dict)

    def bad_copies(self) -> frozenset[CopyKey]:
        """Return every copy of a blob that is known to be damaged."""
        return frozenset(
            copy_key(pack_id, entry) for pack_id, blobs in self.packs.items() for entry in blobs
        )


def copy_key(pack_id: bytes, entry: PackEntry) -> CopyKey:
    """Return what tells this copy of a blob from all others."""
    return pack_id, entry.type, entry.id, entry.offset


def location_key(blob_type: BlobType, blob_id: bytes, location: BlobLocation) -> CopyKey:
    """Return the same of a copy that the index names."""
    return location.pack_id, blob_type, blob_id, location.offset


def load_damage(objects: SealedObjects) -> DamageNotes:
    """Return what is noted as damaged.

    Raises:
        StoreError: The notes cannot be listed, or one of them not read.
    """
    packs: dict[bytes, frozenset[PackEntry]] = {}
    ids: set[str] = set()
    unreadable: dict[str, str] = {}
    for note_id, _ in list(objects.list(ObjectKind.DAMAGE)):
        try:
            document = objects.load(ObjectKind.DAMAGE, note_id)
            noted = list(decode_index(document, note_id))
        except ObjectNotFound:
            continue  # another process has just written a better one
        except RepositoryDamaged as error:
            unreadable[note_id] = error.message
            continue
        ids.add(note_id)
        for pack_id, entries in noted:
            packs[pack_id] = packs.get(pack_id, frozenset()) | frozenset(entries)
    return DamageNotes(packs, frozenset(ids), unreadable)


def note_damage(objects: SealedObjects, found: Damage, *, settled: Iterable[bytes] = ()) -> None:
    """Note packs as damaged, and forget what was noted of others (idempotent).

    Args:
        found: Packs that were proven to be damaged.
        settled: Packs that are gone, or proven to be intact.

    Raises:
        StoreError: The notes could not be written; what was noted before still is.
    """
    before = load_damage(objects)
    after = dict(before.packs)
    for pack_id in settled:
        after.pop(pack_id, None)
    for pack_id, entries in found.items():
        after[pack_id] = after.get(pack_id, frozenset()) | frozenset(entries)
    if after == before.packs and len(before.ids) <= 1 and not before.unreadable:
        return
    if after:
        document = encode_index((id_, sorted(blobs)) for id_, blobs in sorted(after.items()))
        objects.save(ObjectKind.DAMAGE, document)
    for note_id in before.ids | before.unreadable.keys():
        try:
            objects.remove(ObjectKind.DAMAGE, note_id)
        except ObjectNotFound:
            continue  # another process has just done the same
