"""The records of a ZIP file, exactly as Holdfast writes them.

One value, `Member`, decides every byte of a member's local header, data descriptor and
central record. The reader encodes the same value again and compares, so that no bit of these
records can change unseen. Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5; Info-ZIP's
`UT` extra field (extrafld.txt in its sources).
"""

from __future__ import annotations

import stat
import struct
import time
from dataclasses import dataclass
from typing import NamedTuple

STORED = 0
DEFLATED = 8

FLAG_ENCRYPTED = 1 << 0
FLAG_DESCRIPTOR = 1 << 3
FLAG_STRONG_ENCRYPTION = 1 << 6
FLAG_UTF8 = 1 << 11
FLAG_MASKED = 1 << 13

MAX_16 = 0xFFFF
MAX_32 = 0xFFFFFFFF
LARGE_FROM_BYTES = 4_000_000_000
"""Files from this size have 64-bit sizes: 2**32 less what deflate adds in the worst case."""

VERSION_PLAIN = 20
VERSION_ZIP64 = 45
MADE_BY = 3 << 8 | VERSION_ZIP64  # 3: the external attributes are those of Unix
DOS_DIRECTORY = 0x10

EXTRA_ZIP64 = 0x0001
EXTRA_TIME = 0x5455
TIME_IS_MODIFICATION = 1

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
DESCRIPTOR = struct.Struct("<4s3L")
DESCRIPTOR_64 = struct.Struct("<4sL2Q")

LOCAL_SIGNATURE = b"PK\x03\x04"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
CENTRAL_SIGNATURE = b"PK\x01\x02"
END_SIGNATURE = b"PK\x05\x06"
END_64_SIGNATURE = b"PK\x06\x06"
LOCATOR_64_SIGNATURE = b"PK\x06\x07"

_FIRST_DOS_S = 315_532_800  # 1980-01-01 00:00:00 UTC
_LAST_DOS_S = 4_354_819_198  # 2107-12-31 23:59:58 UTC
_LAST_TIME_S = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of an archive, known to the last bit.

    Attributes:
        name: Path in the archive, UTF-8, with a final slash for a directory.
        mode: Type and permission bits, as `st_mode`.
        stored_size: Bytes in the archive.
        offset: Where its local header begins.
        large: Whether its sizes are written with 64 bits.
    """

    name: bytes
    mode: int
    mtime_ns: int
    method: int
    size: int
    stored_size: int
    crc: int
    offset: int
    large: bool

    @property
    def flags(self) -> int:
        """UTF-8 names; sizes and CRC after the data, unless there is none."""
        return FLAG_UTF8 | (FLAG_DESCRIPTOR if self.size else 0)


class CentralRecord(NamedTuple):
    """The fixed fields of a central record, in their order in the file."""

    signature: bytes
    made_by: int
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    stored_size: int
    size: int
    name_length: int
    extra_length: int
    comment_length: int
    disk: int
    internal_attributes: int
    external_attributes: int
    offset: int


class LocalHeader(NamedTuple):
    """The fixed fields of a local header, in their order in the file."""

    signature: bytes
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    stored_size: int
    size: int
    name_length: int
    extra_length: int


def dos_time(mtime_ns: int) -> tuple[int, int]:
    """Return DOS time and date of an instant, in UTC and clamped to 1980..2107."""
    seconds = min(max(mtime_ns // 10**9, _FIRST_DOS_S), _LAST_DOS_S)
    at = time.gmtime(seconds)
    date = (at.tm_year - 1980) << 9 | at.tm_mon << 5 | at.tm_mday
    return at.tm_hour << 11 | at.tm_min << 5 | at.tm_sec // 2, date


def is_beyond_time_field(clock_and_date: bytes) -> bool:
    """Whether DOS time and date are what `dos_time` gives for what `UT` fields cannot hold."""
    year = 1980 + (clock_and_date[3] >> 1)
    return year >= 2038 or clock_and_date == struct.pack("<2H", *dos_time(-1))


def encode_local(member: Member) -> bytes:
    """Return the local header with name and extra fields; sizes and CRC come afterwards."""
    extra = _time_extra(member.mtime_ns)
    if member.large:
        extra = struct.pack("<2H2Q", EXTRA_ZIP64, 16, 0, 0) + extra
    size = MAX_32 if member.large else 0
    clock, date = dos_time(member.mtime_ns)
    fixed = LOCAL.pack(
        LOCAL_SIGNATURE,
        VERSION_ZIP64 if member.large else VERSION_PLAIN,
        member.flags,
        member.method,
        clock,
        date,
        0,
        size,
        size,
        len(member.name),
        len(extra),
    )
    return fixed + member.name + extra


def encode_descriptor(member: Member) -> bytes:
    """Return the data descriptor: CRC and sizes, after the data."""
    if not member.size:
        return b""
    layout = DESCRIPTOR_64 if member.large else DESCRIPTOR
    return layout.pack(DESCRIPTOR_SIGNATURE, member.crc, member.stored_size, member.size)


def encode_central(member: Member) -> bytes:
    """Return the record of the central directory."""
    far = member.offset >= MAX_32
    long = ([member.size, member.stored_size] if member.large else []) + (
        [member.offset] if far else []
    )
    extra = struct.pack(f"<2H{len(long)}Q", EXTRA_ZIP64, 8 * len(long), *long) if long else b""
    extra += _time_extra(member.mtime_ns)
    clock, date = dos_time(member.mtime_ns)
    fixed = CENTRAL.pack(
        CENTRAL_SIGNATURE,
        MADE_BY,
        VERSION_ZIP64 if long else VERSION_PLAIN,
        member.flags,
        member.method,
        clock,
        date,
        member.crc,
        MAX_32 if member.large else member.stored_size,
        MAX_32 if member.large else member.size,
        len(member.name),
        len(extra),
        0,
        0,
        0,
        member.mode << 16 | (DOS_DIRECTORY if stat.S_ISDIR(member.mode) else 0),
        MAX_32 if far else member.offset,
    )
    return fixed + member.name + extra


def encode_end(*, count: int, size: int, offset: int) -> bytes:
    """Return the records that end an archive.

    Args:
        count: Members.
        size: Length of the central directory [bytes].
        offset: Where the central directory begins.
    """
    wide = b""
    if count >= MAX_16 or size >= MAX_32 or offset >= MAX_32:
        wide = END_64.pack(
            END_64_SIGNATURE, 44, MADE_BY, VERSION_ZIP64, 0, 0, count, count, size, offset
        ) + LOCATOR_64.pack(LOCATOR_64_SIGNATURE, 0, offset + size, 1)
    few = min(count, MAX_16)
    return wide + END.pack(END_SIGNATURE, 0, 0, few, few, min(size, MAX_32), min(offset, MAX_32), 0)


def _time_extra(mtime_ns: int) -> bytes:
    """Return the extra field with the time in UTC, since DOS times are taken as local."""
    seconds = mtime_ns // 10**9
    if not 0 <= seconds <= _LAST_TIME_S:
        return b""
    return struct.pack("<2HBL", EXTRA_TIME, 5, TIME_IS_MODIFICATION, seconds)
