"""The index in memory: where each blob of the repository lies, in 48 bytes a blob.

Records of fixed size stand in buckets, one `bytearray` for each range of ids; a bucket is
searched by `bytearray.find`, which runs at memory speed and takes no lock. A dictionary of
Python objects would need eight times the memory: ten million blobs would fill 4 GB instead
of 0.5 GB.
"""

from __future__ import annotations

import struct
import threading
from array import array
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from holdfast.repository.layout import BlobType
from holdfast.repository.packs import PackEntry

_ID_BYTES: Final = 32
RECORD: Final = struct.Struct("<32sIIII")
"""id, number of the pack, offset, length, uncompressed length [bytes]; 48 bytes."""

_FIELDS: Final = struct.Struct("<IIII")
_RECORD_BYTES: Final = RECORD.size
_MANY_RECORDS: Final = 16_384
"""From here on 65,536 buckets instead of 256; empty they weigh 4 MB."""


class BlobLocation(NamedTuple):
    """Where a blob lies.

    Attributes:
        pack_id: The pack's id, 32 bytes.
        offset: Where its sealed bytes begin in the pack [bytes].
        length: How many they are [bytes].
        uncompressed_length: Length of the plaintext [bytes] if it is compressed, else 0.
        plain_length: Length of the plaintext [bytes].
    """

    pack_id: bytes
    offset: int
    length: int
    uncompressed_length: int
    plain_length: int


class RecordTable:
    """Records of blobs of one type, found by id; one id may have several.

    Any number of threads may search while one adds: adding appends whole records, and
    growing replaces the list of buckets at once.
    """

    __slots__ = ("_buckets", "_count", "_wide")

    def __init__(self) -> None:
        self._buckets: list[bytearray] = [bytearray() for _ in range(256)]
        self._wide = False
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def find(self, blob_id: bytes) -> tuple[int, int, int, int] | None:
        """Return pack number, offset, length and uncompressed length of one record, or None."""
        buckets = self._buckets
        bucket = buckets[blob_id[0] if len(buckets) == 256 else blob_id[0] << 8 | blob_id[1]]
        position = bucket.find(blob_id)
        while position % _RECORD_BYTES:
            if position < 0:
                return None
            position = bucket.find(blob_id, position + 1)
        return _FIELDS.unpack_from(bucket, position + _ID_BYTES)

    def find_all(self, blob_id: bytes) -> list[tuple[int, int, int, int]]:
        """Return pack number, offset, length and uncompressed length of all records of an id."""
        bucket = self._bucket(blob_id)
        found: list[tuple[int, int, int, int]] = []
        position = bucket.find(blob_id)
        while position >= 0:
            if position % _RECORD_BYTES == 0:
                found.append(_FIELDS.unpack_from(bucket, position + _ID_BYTES))
            position = bucket.find(blob_id, position + 1)
        return found

    def add(self, blob_id: bytes, fields: tuple[int, int, int, int]) -> None:
        """Add a record. Only one thread at a time may add."""
        self._bucket(blob_id).extend(RECORD.pack(blob_id, *fields))
        self._count += 1
        if self._count > _MANY_RECORDS and not self._wide:
            self._widen()

    def records(self) -> Iterator[tuple[bytes, int, int, int, int]]:
        """Yield all records: id, pack number, offset, length, uncompressed length."""
        for bucket in self._buckets:
            yield from RECORD.iter_unpack(bytes(bucket))

    def slots(self, blob_id: bytes) -> list[tuple[int, int]]:
        """Return bucket number and record number of all records of an id.

        They stay true as long as nothing is added.
        """
        number = self._bucket_number(blob_id)
        bucket = self._buckets[number]
        found: list[tuple[int, int]] = []
        position = bucket.find(blob_id)
        while position >= 0:
            if position % _RECORD_BYTES == 0:
                found.append((number, position // _RECORD_BYTES))
            position = bucket.find(blob_id, position + 1)
        return found

    def first_slot(self, blob_id: bytes) -> tuple[int, int] | None:
        """Return bucket number and record number of the record that `find` finds, or None."""
        number = self._bucket_number(blob_id)
        bucket = self._buckets[number]
        position = bucket.find(blob_id)
        while position % _RECORD_BYTES:
            if position < 0:
                return None
            position = bucket.find(blob_id, position + 1)
        return number, position // _RECORD_BYTES

    def bucket_lengths(self) -> list[int]:
        """Return the number of records in each bucket."""
        return [len(bucket) // _RECORD_BYTES for bucket in self._buckets]

    def buckets(self) -> Iterator[list[tuple[bytes, int, int, int, int]]]:
        """Yield the records of each bucket, as `records` does; equal ids share a bucket."""
        for bucket in self._buckets:
            yield list(RECORD.iter_unpack(bytes(bucket)))

    def _bucket_number(self, blob_id: bytes) -> int:
        return blob_id[0] if len(self._buckets) == 256 else blob_id[0] << 8 | blob_id[1]

    def _bucket(self, blob_id: bytes) -> bytearray:
        buckets = self._buckets
        return buckets[blob_id[0] if len(buckets) == 256 else blob_id[0] << 8 | blob_id[1]]

    def _widen(self) -> None:
        wide = [bytearray() for _ in range(65_536)]
        for bucket in self._buckets:
            for start in range(0, len(bucket), _RECORD_BYTES):
                wide[bucket[start] << 8 | bucket[start + 1]] += bucket[
                    start : start + _RECORD_BYTES
                ]
        self._wide = True
        self._buckets = wide


class BlobIndex:
    """Where the blobs of a repository lie. Searching is safe from many threads, adding too."""

    def __init__(self) -> None:
        self._tables = {BlobType.DATA: RecordTable(), BlobType.TREE: RecordTable()}
        self._pack_ids: list[bytes] = []
        self._pack_numbers: dict[bytes, int] = {}
        self._pack_ends = array("Q")
        self._files: set[str] = set()
        self.damaged_files: dict[str, str] = {}
        """Index files that could not be read, each with the reason; what only they name is
        not found."""
        self._adding = threading.Lock()

    @property
    def files(self) -> frozenset[str]:
        """Return the ids of the index files that this index was loaded from."""
        return frozenset(self._files)

    def table(self, blob_type: BlobType) -> RecordTable:
        """Return the records of one type, for searching in a tight loop."""
        return self._tables[blob_type]

    def pack_id(self, number: int) -> bytes:
        """Return the id of the pack that records call by this number."""
        return self._pack_ids[number]

    def pack_end(self, pack_id: bytes) -> int:
        """Return where the last known blob of a pack ends [bytes]; 0 for an unknown pack."""
        number = self._pack_numbers.get(pack_id)
        return 0 if number is None else self._pack_ends[number]

    def has(self, blob_type: BlobType, blob_id: bytes) -> bool:
        """Return whether the blob is known."""
        return self._tables[blob_type].find(blob_id) is not None

    def lookup(self, blob_type: BlobType, blob_id: bytes) -> BlobLocation | None:
        """Return one place where the blob lies, or None."""
        found = self._tables[blob_type].find(blob_id)
        return None if found is None else self._location(found)

    def locations(self, blob_type: BlobType, blob_id: bytes) -> list[BlobLocation]:
        """Return all places where the blob lies; a blob may be in several packs."""
        return [self._location(found) for found in self._tables[blob_type].find_all(blob_id)]

    def stored_length(self, content: bytes) -> int | None:
        """Return what the blobs of a file occupy [bytes], or None if one of them is not known.

        Args:
            content: The ids of the blobs, joined, as in `Node.content`.
        """
        find = self._tables[BlobType.DATA].find
        total = 0
        for start in range(0, len(content), _ID_BYTES):
            found = find(content[start : start + _ID_BYTES])
            if found is None:
                return None
            total += found[2]
        return total

    def count(self, blob_type: BlobType) -> int:
        """Return the number of records of a type; a blob in two packs counts twice."""
        return len(self._tables[blob_type])

    def __len__(self) -> int:
        return sum(len(table) for table in self._tables.values())

    def packs(self) -> list[bytes]:
        """Return the ids of all packs that the index names."""
        return list(self._pack_ids)

    def entries(self) -> Iterator[tuple[bytes, PackEntry]]:
        """Yield all records as `(pack id, entry)`, in no useful order."""
        for blob_type, table in self._tables.items():
            for blob_id, pack, offset, length, uncompressed in table.records():
                entry = PackEntry(blob_type, blob_id, offset, length, uncompressed)
                yield self._pack_ids[pack], entry

    def add_pack(self, pack_id: bytes, entries: Iterable[PackEntry]) -> None:
        """Add what a pack holds. A record that is there already is not added again."""
        with self._adding:
            number = self._pack_numbers.get(pack_id)
            known = number is not None
            if number is None:
                number = self._pack_numbers[pack_id] = len(self._pack_ids)
                self._pack_ids.append(pack_id)
                self._pack_ends.append(0)
            end = self._pack_ends[number]
            for blob_type, blob_id, offset, length, uncompressed in entries:
                table = self._tables[blob_type]
                fields = (number, offset, length, uncompressed)
                if known and fields in table.find_all(blob_id):
                    continue
                table.add(blob_id, fields)
                end = max(end, offset + length)
            self._pack_ends[number] = end

    def add_file(self, file_id: str) -> None:
        """Remember that an index file has been loaded whole."""
        self._files.add(file_id)

    def _location(self, found: tuple[int, int, int, int]) -> BlobLocation:
        pack, offset, length, uncompressed = found
        return BlobLocation(
            self._pack_ids[pack], offset, length, uncompressed, uncompressed or length - 32
        )
