"""What of each pack is used, and which copy stays of a blob that is stored more than once.

Before a copy goes, the one that stays is read and proven: a second copy may be there because the
first one is damaged.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from holdfast.errors import ObjectNotFound, RepositoryDamaged
from holdfast.repository.damage_notes import CopyKey, Damage, copy_key
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_loading import entry_bytes, expected_pack_sizes
from holdfast.repository.layout import BlobType
from holdfast.repository.marks import IndexMarks
from holdfast.repository.pack_checks import PackChecker
from holdfast.repository.packs import PackEntry
from holdfast.repository.reachability import REACHED, reader_of
from holdfast.repository.repository import Repository

KEPT: Final = 4
"""Mark of the one record of a reached blob that stays; copies of it do not."""

TYPE_BITS: Final = {BlobType.DATA: 1, BlobType.TREE: 2}
MIXED: Final = 3

_Record = tuple[bytes, int, int, int, int]
"""As `RecordTable` has it: id, number of the pack, offset, length, uncompressed length."""


@dataclass(slots=True)
class Usage:
    """What is used, by number of pack, with what the header needs for each blob [bytes].

    Attributes:
        types: Sum of the `TYPE_BITS` of the blobs in it.
        damaged: Packs with something wrong.
        irreplaceable: Those of them that hold a damaged blob that a backup needs, of which
            there is no better copy. They are left as they are.
    """

    used_bytes: array[int]
    unused_bytes: array[int]
    used_blobs: array[int]
    unused_blobs: array[int]
    types: bytearray
    damaged: frozenset[int] = frozenset()
    irreplaceable: set[int] = field(default_factory=set)


def measure(
    repository: Repository,
    index: BlobIndex,
    marks: IndexMarks,
    packs: dict[bytes, int],
    noted: Damage,
) -> Usage:
    """Sum up what is used in each pack, and mark which copy of each reached blob stays.

    Args:
        marks: `REACHED` for what backups need; `KEPT` is added.
        packs: Size [bytes] of each stored pack.
        noted: What is known to be damaged.

    Raises:
        RepositoryDamaged: A blob that a backup needs is gone, or none of its copies is intact.
        StoreError: A copy that is to stay could not be read.
    """
    count = len(index.packs())
    zeros = array("Q", [0]) * count
    usage = Usage(zeros[:], zeros[:], zeros[:], zeros[:], bytearray(count))
    copies = _measure_single(index, marks, usage)
    judge = _Judge(repository, index, packs, noted)
    usage.damaged = judge.damaged_packs()
    _choose_copies(index, marks, usage, copies, judge)
    if usage.damaged:
        _judge_kept(index, marks, usage, judge)
    return usage


_Copies = dict[tuple[BlobType, int], list[list[int]]]
"""By type and bucket: the positions of the records of each blob that has several."""


def _measure_single(index: BlobIndex, marks: IndexMarks, usage: Usage) -> _Copies:
    copies: _Copies = {}
    for blob_type in BlobType:
        blob_marks = marks[blob_type]
        for number, bucket in enumerate(index.table(blob_type).buckets()):
            first: dict[bytes, int] = {}
            several: dict[bytes, list[int]] = {}
            for position, record in enumerate(bucket):
                usage.types[record[1]] |= TYPE_BITS[blob_type]
                original = first.setdefault(record[0], position)
                if original != position:
                    several.setdefault(record[0], [original]).append(position)
            bucket_marks = blob_marks.bucket(number)
            for blob_id, position in first.items():
                if blob_id in several:
                    continue
                used = bool(bucket_marks[position] & REACHED)
                if used:
                    bucket_marks[position] |= KEPT
                _add(usage, bucket[position], used=used)
            if several:
                copies[blob_type, number] = list(several.values())
    return copies


class _Judge:
    """Knows which copies of blobs are good.

    Args:
        packs: Size [bytes] of each stored pack.
    """

    def __init__(
        self, repository: Repository, index: BlobIndex, packs: dict[bytes, int], noted: Damage
    ) -> None:
        self._index = index
        self._packs = packs
        self._noted = noted
        self._bad: set[CopyKey] = {
            copy_key(pack_id, entry) for pack_id, entries in noted.items() for entry in entries
        }
        blobs = reader_of(repository, lambda: index)
        self._checker = PackChecker(repository.store, repository.key, blobs)

    def damaged_packs(self) -> frozenset[int]:
        """Return the numbers of packs that are noted, or that are not as long as they must be."""
        sizes, _ = expected_pack_sizes(self._index)
        return frozenset(
            number
            for number, pack_id in enumerate(self._index.packs())
            if pack_id in self._noted or self._packs.get(pack_id) != sizes[number]
        )

    def is_there(self, record: _Record) -> bool:
        """Return whether the stored pack reaches to the end of this copy."""
        size = self._packs.get(self._index.pack_id(record[1]), 0)
        return record[2] + record[3] <= size

    def is_noted(self, blob_type: BlobType, record: _Record) -> bool:
        """Return whether this copy is known to be damaged."""
        return copy_key(*self._entry(blob_type, record)) in self._bad

    def is_intact(self, blob_type: BlobType, record: _Record) -> bool:
        """Read this copy and return whether it is right."""
        if not self.is_there(record) or self.is_noted(blob_type, record):
            return False
        try:
            return self._checker.is_intact(*self._entry(blob_type, record))
        except ObjectNotFound:
            return False

    def refuse(self, record: _Record) -> RepositoryDamaged:
        """Return the error for a copy that is needed and not there."""
        pack_id = self._index.pack_id(record[1])
        found = self._packs.get(pack_id)
        state = "missing" if found is None else f"cut off after {found} bytes"
        return RepositoryDamaged(
            f"Pack {pack_id.hex()[:16]}, which backups need, is {state}; nothing is removed",
            hint="Run `holdfast check` to see which backups are touched. The next backup stores"
            " anew what it still finds; what it does not is lost with the backups that need it.",
        )

    def _entry(self, blob_type: BlobType, record: _Record) -> tuple[bytes, PackEntry]:
        blob_id, pack, offset, length, uncompressed = record
        entry = PackEntry(blob_type, blob_id, offset, length, uncompressed)
        return self._index.pack_id(pack), entry


def _choose_copies(
    index: BlobIndex, marks: IndexMarks, usage: Usage, copies: _Copies, judge: _Judge
) -> None:
    """Of blobs that are stored more than once, keep an intact copy.

    That in an undamaged pack is better, and then that in the pack that is used most.
    """
    for blob_type in BlobType:
        for number, bucket in enumerate(index.table(blob_type).buckets()):
            bucket_marks = marks[blob_type].bucket(number)
            for positions in copies.get((blob_type, number), ()):
                kept = None
                if bucket_marks[positions[0]] & REACHED:
                    kept = _best_copy(blob_type, bucket, positions, usage, judge)
                    bucket_marks[kept] |= KEPT
                for position in positions:
                    _add(usage, bucket[position], used=position == kept)


def _best_copy(
    blob_type: BlobType,
    bucket: Sequence[_Record],
    positions: Sequence[int],
    usage: Usage,
    judge: _Judge,
) -> int:
    def rank(position: int) -> tuple[bool, int]:
        pack = bucket[position][1]
        return pack in usage.damaged, -usage.used_bytes[pack]

    for position in sorted(positions, key=rank):
        if judge.is_intact(blob_type, bucket[position]):
            return position
    for position in positions:
        if judge.is_noted(blob_type, bucket[position]):
            return position  # the backups that need it are known to be damaged
    raise RepositoryDamaged(
        f"No copy of {blob_type.value} blob {bucket[positions[0]][0].hex()[:16]}, which backups "
        "need, is intact; nothing is removed",
        hint="Run `holdfast check --read-data` to see which backups are touched.",
    )


def _judge_kept(index: BlobIndex, marks: IndexMarks, usage: Usage, judge: _Judge) -> None:
    """Find out which damaged packs hold blobs that backups need and that are nowhere better."""
    for blob_type in BlobType:
        for number, bucket in enumerate(index.table(blob_type).buckets()):
            bucket_marks = marks[blob_type].bucket(number)
            for position, record in enumerate(bucket):
                if record[1] not in usage.damaged or not bucket_marks[position] & KEPT:
                    continue
                if judge.is_noted(blob_type, record):
                    usage.irreplaceable.add(record[1])
                elif not judge.is_there(record):
                    raise judge.refuse(record)


def _add(usage: Usage, record: _Record, *, used: bool) -> None:
    _, pack, _, length, uncompressed = record
    size = length + entry_bytes(uncompressed)
    if used:
        usage.used_bytes[pack] += size
        usage.used_blobs[pack] += 1
    else:
        usage.unused_bytes[pack] += size
        usage.unused_blobs[pack] += 1
