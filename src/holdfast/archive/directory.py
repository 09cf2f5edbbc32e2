"""The central directory of an archive, checked record by record before anything is trusted.

Held as the bytes from the file and two numbers per record, so that a million members cost
about a hundred megabytes, and ten million are refused before the first is looked at.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterator
from itertools import pairwise

from holdfast.archive import records
from holdfast.archive.central import Located, check_local, check_member, located, written_by_us
from holdfast.archive.ending import find_end
from holdfast.archive.file import ArchiveFile
from holdfast.archive.limits import ArchiveLimits, damaged, refused, shown, sorting_cost
from holdfast.archive.names import fold_id, has_place, sort_key
from holdfast.models.progress import CancellationToken


class Directory:
    """All members of an archive, in the order of `sort_key`, findable by path.

    Attributes:
        offset: Where the central directory begins, which is where the last member ends.
        total_bytes: Sum of the sizes of all files.
        ours: Whether a record proves that Holdfast wrote the file. Then every bit of it must
            be as Holdfast writes it; else other programs packed it, and only what it holds
            counts.
        in_order: Whether the members stand in the file in the order in which they are here.
        misplaced: A name that the layout of version 1 has no place for, or None.
    """

    def __init__(self, raw: bytes, count: int, offset: int) -> None:
        self._raw = raw
        self._starts = array("I")
        self._data_offsets = array("Q")
        self._count = count
        self.offset = offset
        self.total_bytes = 0
        self.ours = False
        self.in_order = True
        self.misplaced: bytes | None = None

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Located]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Located:
        return located(self._raw, self._starts[index])

    @property
    def size(self) -> int:
        """Length of the central directory [bytes]."""
        return len(self._raw)

    def path(self, index: int) -> bytes:
        """Return the path of a member, without a final slash."""
        start = self._starts[index]
        length = int.from_bytes(self._raw[start + 28 : start + 30], "little")
        begin = start + records.CENTRAL.size
        return self._raw[begin : begin + length].removesuffix(b"/")

    def data_offset(self, index: int) -> int:
        """Return where a member's stored bytes begin."""
        return self._data_offsets[index]

    def end(self, index: int) -> int:
        """Return where a member ends and the next begins, if they are `in_order`."""
        return self[index + 1].offset if index + 1 < len(self) else self.offset

    def find(self, path: bytes) -> int | None:
        """Return the index of the member at `path`, or None."""
        index = self._bisect(sort_key(path))
        return index if index < len(self) and self.path(index) == path else None

    def end_of_subtree(self, path: bytes) -> int:
        """Return the index after the last member below the directory `path`."""
        return self._bisect(sort_key(path) + b"\x01") if path else len(self)

    def _bisect(self, key: bytes) -> int:
        return bisect.bisect_left(
            range(len(self)), key, key=lambda index: sort_key(self.path(index))
        )

    def load(self, file: ArchiveFile, limits: ArchiveLimits, cancel: CancellationToken) -> None:
        """Check every record and its local header, and remember where they are."""
        position = 0
        offsets = array("Q")
        for _ in range(self._count):
            cancel.raise_if_cancelled()
            member = located(self._raw, position)
            check_member(member, limits)
            self._count_size(member, limits)
            self.ours = self.ours or written_by_us(member)
            if self.misplaced is None and not has_place(member.name):
                self.misplaced = member.name
            self._starts.append(position)
            offsets.append(member.offset)
            position += len(member.raw)
        if position != len(self._raw):
            raise damaged("its directory holds more than the entries that it counts")
        self._walk(file, offsets, cancel)
        self._check_unique()
        self._sort(limits)

    def add_directories(self, central_records: bytes, limits: ArchiveLimits) -> None:
        """Take directories in that the file does not hold itself, by records made for them."""
        position = len(self._raw)
        self._raw += central_records
        while position < len(self._raw):
            self._starts.append(position)
            self._data_offsets.append(0)
            position += len(self[-1].raw)
        self._check_unique()
        self._sort(limits)

    def check_parents(self) -> None:
        """Make sure that each member lies in a directory that is there.

        Raises:
            ArchiveRefused: One does not.
        """
        open_directories: list[bytes] = []
        for index in range(len(self)):
            path = self.path(index)
            while open_directories and not path.startswith(open_directories[-1] + b"/"):
                open_directories.pop()
            parent = path.rpartition(b"/")[0]
            if parent and (not open_directories or open_directories[-1] != parent):
                raise refused(f"{shown(path)} lies in a directory that the file does not hold")
            if self[index].is_directory:
                open_directories.append(path)

    def _count_size(self, member: Located, limits: ArchiveLimits) -> None:
        self.total_bytes += member.size
        if self.total_bytes > limits.total_bytes:
            raise refused(f"it would expand to more than {limits.total_bytes:,} bytes")

    def _walk(self, file: ArchiveFile, offsets: array[int], cancel: CancellationToken) -> None:
        """Go through the file from its first byte: every byte belongs to one member."""
        order: range | list[int] = range(len(self))
        if any(after < before for before, after in pairwise(offsets)):
            self.in_order = False
            order = sorted(order, key=offsets.__getitem__)
        expected = 0
        self._data_offsets = array("Q", bytes(8 * len(self)))
        for index in order:
            cancel.raise_if_cancelled()
            member = self[index]
            _check_contiguous(member, expected)
            self._data_offsets[index], expected = check_local(file, member, self.offset)
        if expected != self.offset:
            raise refused(f"{self.offset - expected:,} bytes after its last entry belong to none")

    def _check_unique(self) -> None:
        ids = array("Q", (fold_id(self.path(index)) for index in range(len(self))))
        twice = next((one for one, other in pairwise(sorted(ids)) if one == other), None)
        if twice is None:
            return
        first, second = [self[index].name for index, one in enumerate(ids) if one == twice][:2]
        if first == second:
            raise refused(f"it holds {shown(first)} twice")
        if first.removesuffix(b"/") == second.removesuffix(b"/"):
            raise refused(f"it holds {shown(first)} as a file and as a directory")
        raise refused(f"{shown(first)} and {shown(second)} differ only in case or in accents")

    def _sort(self, limits: ArchiveLimits) -> None:
        keys = (sort_key(self.path(index)) for index in range(len(self)))
        if all(before < after for before, after in pairwise(keys)):
            return
        self.in_order = False
        if sorting_cost(directory_bytes=self.size, entries=len(self)) > limits.index_bytes:
            raise refused("it was packed again, and has too many entries for that")
        order = sorted(range(len(self)), key=lambda index: sort_key(self.path(index)))
        self._starts = array("I", (self._starts[index] for index in order))
        self._data_offsets = array("Q", (self._data_offsets[index] for index in order))


def read_directory(
    file: ArchiveFile, limits: ArchiveLimits, cancel: CancellationToken
) -> Directory:
    """Read and check the structure of the whole file; no content is read.

    Raises:
        ArchiveDamaged: It is not a whole ZIP file.
        ArchiveRefused: It could do harm, or be read in two ways.
    """
    end = find_end(file, limits)
    directory = Directory(file.read(end.offset, end.size), end.entries, end.offset)
    directory.load(file, limits, cancel)
    return directory


def _check_contiguous(member: Located, expected: int) -> None:
    if member.offset < expected:
        raise refused(f"{shown(member.name)} overlaps the entry before it")
    if member.offset > expected:
        place = "before its first record" if not expected else f"before {shown(member.name)}"
        raise refused(f"{member.offset - expected:,} bytes {place} belong to no entry")
