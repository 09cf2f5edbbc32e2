"""The end of a ZIP file, which says where everything is; found without trusting any of it."""

from __future__ import annotations

from typing import NamedTuple

from holdfast.archive import records
from holdfast.archive.file import ArchiveFile
from holdfast.archive.limits import ArchiveLimits, damaged, index_cost, refused

_MAX_COMMENT_BYTES = 0xFFFF
_WIDE_BYTES = records.END_64.size + records.LOCATOR_64.size


class Ending(NamedTuple):
    """Where the central directory is: members, length [bytes], offset."""

    entries: int
    size: int
    offset: int


def find_end(file: ArchiveFile, limits: ArchiveLimits) -> Ending:
    """Read the end records and check them against the file and the limits.

    Raises:
        ArchiveDamaged: There is no end, or it does not fit the file.
        ArchiveRefused: It claims too much, or the file holds more than one archive.
    """
    position = _position(file)
    ending, begin = _parsed(file, position)
    if ending.entries > limits.entries:
        raise refused(
            f"it claims {ending.entries:,} entries, at most {limits.entries:,} are allowed"
        )
    if ending.size > limits.directory_bytes:
        raise refused(
            f"its directory has {ending.size:,} bytes, "
            f"at most {limits.directory_bytes:,} are allowed"
        )
    cost = index_cost(
        directory_bytes=ending.size, entries=ending.entries, special=0, special_bytes=0
    )
    if cost > limits.index_bytes:
        raise refused(f"the names of its {ending.entries:,} entries are too long in all")
    _check_fits(file, ending, begin)
    if ending.entries == 0:
        raise damaged("it holds nothing")
    if ending.entries * records.CENTRAL.size > ending.size:
        raise damaged("its directory is too short for the entries that it counts")
    return ending


def _position(file: ArchiveFile) -> int:
    """Return where the last end record begins: exactly at the end of the file."""
    length = records.END.size
    tail_size = min(file.size, length + _MAX_COMMENT_BYTES)
    tail = file.read(file.size - tail_size, tail_size)
    found = tail.rfind(records.END_SIGNATURE, 0, max(len(tail) - length + 4, 0))
    if found < 0:
        if file.size >= 4 and file.read(0, 4) == records.LOCAL_SIGNATURE:
            raise damaged("it is cut off: its end is missing")
        raise damaged("it is not a ZIP file" if file.size else "it is empty")
    comment_length = records.END.unpack_from(tail, found)[-1]
    left = len(tail) - found - length
    if comment_length > left:
        raise damaged("it is cut off: its end is missing")
    if comment_length < left:
        raise damaged(f"{left - comment_length:,} bytes stand after its end")
    if comment_length:
        raise refused("it carries a comment")
    return file.size - length


def _parsed(file: ArchiveFile, position: int) -> tuple[Ending, int]:
    """Return what the end says and where its first record begins."""
    _, disk, first_disk, here, count, size, offset, _ = records.END.unpack(
        file.read(position, records.END.size)
    )
    if disk or first_disk or here != count:
        raise refused("it is one part of several")
    needs_wide = count == records.MAX_16 or records.MAX_32 in (size, offset)
    wide = _wide(file, position)
    if wide is None:
        if needs_wide:
            raise damaged("its 64-bit end record is missing")
        return Ending(count, size, offset), position
    begin = position - _WIDE_BYTES
    _, length, _, _, disk, first_disk, here_64, count_64, size_64, offset_64 = wide
    if length != records.END_64.size - 12:
        raise refused("its 64-bit end record has unknown parts")
    if disk or first_disk or here_64 != count_64:
        raise refused("it is one part of several")
    for narrow, true, most in (
        (count, count_64, records.MAX_16),
        (size, size_64, records.MAX_32),
        (offset, offset_64, records.MAX_32),
    ):
        if narrow not in (true, most):
            raise refused("its two end records contradict each other")
    return Ending(count_64, size_64, offset_64), begin


def _wide(file: ArchiveFile, position: int) -> tuple[int, ...] | None:
    """Return the fields of the 64-bit end record before `position`, or None if there is none."""
    begin = position - _WIDE_BYTES
    if begin < 0:
        return None
    data = file.read(begin, _WIDE_BYTES)
    locator = records.LOCATOR_64.unpack_from(data, records.END_64.size)
    fields = records.END_64.unpack_from(data)
    expected = (records.LOCATOR_64_SIGNATURE, 0, begin, 1)
    return fields if locator == expected and fields[0] == records.END_64_SIGNATURE else None


def _check_fits(file: ArchiveFile, ending: Ending, begin: int) -> None:
    """The directory must reach exactly to the end record."""
    reach = ending.offset + ending.size
    if reach > begin:
        raise damaged("its directory reaches beyond the end of the file")
    if reach == begin:
        return
    if file.read(reach, 4) in (records.END_SIGNATURE, records.END_64_SIGNATURE):
        raise refused("it has two ends")
    shifted = begin - ending.size
    if file.read(shifted, 4) == records.CENTRAL_SIGNATURE:
        raise refused(f"{begin - reach:,} bytes stand before its first record")
    raise damaged(f"{begin - reach:,} bytes between its directory and its end belong to neither")
