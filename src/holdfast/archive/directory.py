"""The central directory of an archive, checked record by record before anything is trusted.

Held as the bytes from the file and one number per record, so that a million members cost
about a hundred megabytes, and ten million are refused before the first is looked at.
"""

from __future__ import annotations

import bisect
import stat
from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from holdfast.archive import records
from holdfast.archive.ending import find_end
from holdfast.archive.file import ArchiveFile
from holdfast.archive.limits import ArchiveLimits, damaged, refused, shown
from holdfast.archive.members import SPECIAL_BITS
from holdfast.archive.names import fold_id, has_place, path_fault, sort_key
from holdfast.archive.records import CentralRecord, LocalHeader
from holdfast.models.progress import CancellationToken

_ENCRYPTION_FLAGS = records.FLAG_ENCRYPTED | records.FLAG_STRONG_ENCRYPTION | records.FLAG_MASKED
_DEFLATE_FLAGS = 0b110  # say how hard the writer tried
_KNOWN_FLAGS = records.FLAG_DESCRIPTOR | records.FLAG_UTF8 | _DEFLATE_FLAGS
_UNIX = 3


class Located(NamedTuple):
    """One member as its central record tells.

    Attributes:
        name: As in the file: a final slash for a directory.
        mode: Type and permission bits, or 0 where the writer was not a Unix.
        large: Whether the sizes are in 64-bit fields.
        raw: The whole central record.
    """

    name: bytes
    flags: int
    method: int
    mode: int
    crc: int
    stored_size: int
    size: int
    offset: int
    large: bool
    raw: bytes

    @property
    def is_directory(self) -> bool:
        return self.name.endswith(b"/")

    @property
    def path(self) -> bytes:
        return self.name.removesuffix(b"/")


class Directory:
    """All members of an archive, in the order of the file, findable by path.

    Attributes:
        offset: Where the central directory begins, which is where the last member ends.
        total_bytes: Sum of the sizes of all files.
        misplaced: A name that the layout of version 1 has no place for, or None.
    """

    def __init__(self, raw: bytes, count: int, offset: int) -> None:
        self._raw = raw
        self._starts = array("I")
        self._data_offsets = array("Q")
        self._count = count
        self.offset = offset
        self.total_bytes = 0
        self.misplaced: bytes | None = None

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Located]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Located:
        return _located(self._raw, self._starts[index])

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
        """Return where a member ends and the next begins."""
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
        position = expected = 0
        ids = array("Q")
        for _ in range(self._count):
            cancel.raise_if_cancelled()
            member = _located(self._raw, position)
            _check_member(member, limits)
            _check_contiguous(member, expected)
            data_offset, expected = _check_local(file, member, self.offset)
            self._starts.append(position)
            self._data_offsets.append(data_offset)
            self._count_size(member, limits)
            if self.misplaced is None and not has_place(member.name):
                self.misplaced = member.name
            ids.append(fold_id(member.path))
            position += len(member.raw)
        if position != len(self._raw):
            raise damaged("its directory holds more than the entries that it counts")
        if expected != self.offset:
            raise refused(f"{self.offset - expected:,} bytes after its last entry belong to none")
        self._check_unique(ids)
        if self.misplaced is None:  # else it is refused soon, unless the format is a newer one
            self._check_order()

    def _count_size(self, member: Located, limits: ArchiveLimits) -> None:
        self.total_bytes += member.size
        if self.total_bytes > limits.total_bytes:
            raise refused(f"it would expand to more than {limits.total_bytes:,} bytes")

    def _check_unique(self, ids: array[int]) -> None:
        twice = next((one for one, other in pairwise(sorted(ids)) if one == other), None)
        if twice is None:
            return
        first, second = [self[index].name for index, one in enumerate(ids) if one == twice][:2]
        if first == second:
            raise refused(f"it holds {shown(first)} twice")
        if first.removesuffix(b"/") == second.removesuffix(b"/"):
            raise refused(f"it holds {shown(first)} as a file and as a directory")
        raise refused(f"{shown(first)} and {shown(second)} differ only in case or in accents")

    def _check_order(self) -> None:
        """Each member lies in a directory that is a member, and they are in our order."""
        open_directories: list[bytes] = []
        before = b""
        for index in range(len(self)):
            path = self.path(index)
            key = sort_key(path)
            if key <= before:
                raise refused(f"{shown(path)} is not where Holdfast puts it in the file")
            before = key
            while open_directories and not path.startswith(open_directories[-1] + b"/"):
                open_directories.pop()
            parent = path.rpartition(b"/")[0]
            if parent and (not open_directories or open_directories[-1] != parent):
                raise refused(f"{shown(path)} lies in a directory that the file does not hold")
            if self[index].is_directory:
                open_directories.append(path)


def read_directory(
    file: ArchiveFile, limits: ArchiveLimits, cancel: CancellationToken
) -> Directory:
    """Read and check the structure of the whole file; no content is read.

    Raises:
        ArchiveDamaged: It is not a whole ZIP file.
        ArchiveRefused: It holds what no export of ours does.
    """
    end = find_end(file, limits)
    directory = Directory(file.read(end.offset, end.size), end.entries, end.offset)
    directory.load(file, limits, cancel)
    return directory


def _located(raw: bytes, start: int) -> Located:
    begin = start + records.CENTRAL.size
    if begin > len(raw) or not raw.startswith(records.CENTRAL_SIGNATURE, start):
        raise damaged("its directory is broken")
    record = CentralRecord._make(records.CENTRAL.unpack_from(raw, start))
    end = begin + record.name_length + record.extra_length + record.comment_length
    if end > len(raw):
        raise damaged("its directory is broken")
    name = raw[begin : begin + record.name_length]
    begin += record.name_length
    if record.comment_length:
        raise refused(f"{shown(name)} carries a comment")
    if record.disk or record.internal_attributes > 1:
        raise refused(f"{shown(name)} lies on another disk or has unknown attributes")
    extra = _extra_fields(raw[begin : begin + record.extra_length], name)
    wide = [record.size, record.stored_size, record.offset]
    size, stored_size, offset = _widened(wide, extra.get(records.EXTRA_ZIP64, b""), name)
    unix = record.made_by >> 8 == _UNIX
    return Located(
        name=name,
        flags=record.flags,
        method=record.method,
        mode=record.external_attributes >> 16 if unix else 0,
        crc=record.crc,
        stored_size=stored_size,
        size=size,
        offset=offset,
        large=record.size == records.MAX_32,
        raw=raw[start:end],
    )


def _extra_fields(data: bytes, name: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(data):
        kind = int.from_bytes(data[position : position + 2], "little")
        length = int.from_bytes(data[position + 2 : position + 4], "little")
        if kind not in (records.EXTRA_ZIP64, records.EXTRA_TIME) or kind in fields:
            raise refused(f"{shown(name)} has an extra field of kind {kind:#06x}")
        fields[kind] = data[position + 4 : position + 4 + length]
        position += 4 + length
    if position != len(data):
        raise damaged(f"the extra fields of {shown(name)} are broken")
    return fields


def _widened(values: list[int], extra: bytes, name: bytes) -> list[int]:
    """Replace each value that says so by the next 64-bit number of `extra`."""
    if len(extra) != 8 * values.count(records.MAX_32):
        raise refused(f"the 64-bit sizes of {shown(name)} are not what its record announces")
    wide = iter(
        int.from_bytes(extra[start : start + 8], "little") for start in range(0, len(extra), 8)
    )
    return [next(wide) if value == records.MAX_32 else value for value in values]


def _check_member(member: Located, limits: ArchiveLimits) -> None:
    name = shown(member.name)
    if reason := path_fault(member.name):
        raise refused(f"the name {name} {reason}")
    if not member.flags & records.FLAG_UTF8 and not member.name.isascii():
        raise refused(f"the name {name} is not marked as UTF-8")
    if member.flags & _ENCRYPTION_FLAGS:
        raise refused(f"{name} is encrypted inside the ZIP file")
    if member.flags & ~_KNOWN_FLAGS:
        raise refused(f"{name} has unknown flags")
    if member.method not in (records.STORED, records.DEFLATED):
        raise refused(f"{name} is compressed by an unknown method ({member.method})")
    _check_mode(member, name)
    _check_sizes(member, name, limits)


def _check_mode(member: Located, name: str) -> None:
    kind = stat.S_IFMT(member.mode)
    if kind == stat.S_IFLNK:
        raise refused(f"{name} is a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused(f"{name} is a device, a pipe or a socket")
    if kind and (kind == stat.S_IFDIR) != member.is_directory:
        raise refused(f"{name} is a file by its name and a directory by its type, or vice versa")
    if member.mode & SPECIAL_BITS and not member.is_directory:
        raise refused(f"{name} has the set-user-id or set-group-id bit")


def _check_sizes(member: Located, name: str, limits: ArchiveLimits) -> None:
    if member.is_directory and (member.size or member.stored_size or member.crc):
        raise refused(f"the directory {name} has content")
    if member.method == records.STORED and member.size != member.stored_size:
        raise damaged(f"{name} is stored with another size than its own")
    if member.size > limits.file_bytes:
        raise refused(f"{name} would expand to more than {limits.file_bytes:,} bytes")
    if member.size > max(limits.ratio_floor_bytes, limits.ratio * member.stored_size):
        raise refused(f"{name} would expand to more than {limits.ratio} times its stored size")


def _check_contiguous(member: Located, expected: int) -> None:
    if member.offset < expected:
        raise refused(f"{shown(member.name)} overlaps the entry before it")
    if member.offset > expected:
        place = "before its first record" if not expected else f"before {shown(member.name)}"
        raise refused(f"{member.offset - expected:,} bytes {place} belong to no entry")


def _check_local(file: ArchiveFile, member: Located, limit: int) -> tuple[int, int]:
    """Compare the local header and the descriptor with the central record.

    Args:
        limit: Where the central directory begins.

    Returns:
        Where the data begins and where the member ends.
    """
    differs = damaged(f"the two headers of {shown(member.name)} differ")
    fixed = file.read(member.offset, records.LOCAL.size)
    local = LocalHeader._make(records.LOCAL.unpack(fixed))
    central = CentralRecord._make(records.CENTRAL.unpack_from(member.raw))
    begin = member.offset + records.LOCAL.size + local.name_length
    data_offset = begin + local.extra_length
    if data_offset + member.stored_size > limit:
        raise damaged(f"{shown(member.name)} reaches beyond the entries")
    name = file.read(member.offset + records.LOCAL.size, local.name_length)
    if (
        local.signature != records.LOCAL_SIGNATURE
        or name != member.name
        or (local.flags, local.method, local.time, local.date)
        != (central.flags, central.method, central.time, central.date)
    ):
        raise differs
    extra = _extra_fields(file.read(begin, local.extra_length), member.name)
    sizes = _widened([local.size, local.stored_size], extra.get(records.EXTRA_ZIP64, b""), name)
    end = data_offset + member.stored_size
    if not member.flags & records.FLAG_DESCRIPTOR:
        if [*sizes, local.crc] != [member.size, member.stored_size, member.crc]:
            raise differs
        return data_offset, end
    if any(sizes) or local.crc:
        raise differs
    layout = records.DESCRIPTOR_64 if local.size else records.DESCRIPTOR
    if end + layout.size > limit:
        raise damaged(f"{shown(member.name)} reaches beyond the entries")
    descriptor = layout.unpack(file.read(end, layout.size))
    told = (records.DESCRIPTOR_SIGNATURE, member.crc, member.stored_size, member.size)
    if descriptor != told:
        raise damaged(f"what follows {shown(member.name)} differs from its header")
    return data_offset, end + layout.size
