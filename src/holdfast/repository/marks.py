"""A byte of marks for each record of the index: which blobs are reached, which are kept.

Sets of ids would need a hundred bytes a blob; ten million blobs would fill a gigabyte.
"""

from __future__ import annotations

from holdfast.repository.index import BlobIndex, RecordTable
from holdfast.repository.layout import BlobType


class BlobMarks:
    """Marks of the records of one table, which must not grow meanwhile.

    A mark is one bit of eight, given as a number: 1, 2, 4 ...
    """

    def __init__(self, table: RecordTable) -> None:
        self._table = table
        self._marks = [bytearray(length) for length in table.bucket_lengths()]

    def add(self, blob_id: bytes, mark: int) -> bool | None:
        """Mark a blob, at its first record.

        Returns:
            Whether it was not marked yet; None if the table has no such blob.
        """
        slot = self._table.first_slot(blob_id)
        if slot is None:
            return None
        bucket, record = slot
        marks = self._marks[bucket]
        if marks[record] & mark:
            return False
        marks[record] |= mark
        return True

    def has(self, blob_id: bytes, mark: int) -> bool:
        """Return whether a blob is marked, at its first record."""
        slot = self._table.first_slot(blob_id)
        return slot is not None and bool(self._marks[slot[0]][slot[1]] & mark)

    def bucket(self, number: int) -> bytearray:
        """Return the marks of all records of a bucket, to read and change."""
        return self._marks[number]


class IndexMarks:
    """Marks of all records of an index."""

    def __init__(self, index: BlobIndex) -> None:
        self._marks = {blob_type: BlobMarks(index.table(blob_type)) for blob_type in BlobType}

    def __getitem__(self, blob_type: BlobType) -> BlobMarks:
        return self._marks[blob_type]
