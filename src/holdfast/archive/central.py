"""One member of a ZIP file as its central record and its local header tell, both checked.

Tolerant of how other programs write records, since users unpack archives and pack them again;
never of what could be read in two ways. Whether a record is to the bit one of ours is another
question, which `written_by_us` answers. Sources: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.6;
Info-ZIP's extrafld.txt.
"""

from __future__ import annotations

import stat
import struct
import zlib
from typing import NamedTuple

from holdfast.archive import records
from holdfast.archive.file import ArchiveFile
from holdfast.archive.limits import ArchiveLimits, damaged, refused, shown
from holdfast.archive.members import SPECIAL_BITS
from holdfast.archive.names import path_fault
from holdfast.archive.records import CentralRecord, LocalHeader, Member

_ENCRYPTION_FLAGS = records.FLAG_ENCRYPTED | records.FLAG_STRONG_ENCRYPTION | records.FLAG_MASKED
_DEFLATE_FLAGS = 0b110  # say how hard the writer tried
_KNOWN_FLAGS = records.FLAG_DESCRIPTOR | records.FLAG_UTF8 | _DEFLATE_FLAGS

_EXTRA_UNICODE_PATH = 0x7075
# What ordinary programs add, and the most bytes that it has: times and owners, none of which
# are used. 0x5855 and 0x7875: owners as macOS and Info-ZIP write them; 0x000a: NTFS times.
_EXTRA_BYTES = {
    records.EXTRA_ZIP64: 28,
    records.EXTRA_TIME: 13,
    0x000A: 32,
    0x5855: 12,
    0x7875: 19,
    _EXTRA_UNICODE_PATH: 0xFFFF,
}
_EMPTY_DEFLATE_BYTES = 2
_DOS_SPECIAL = 0x08 | 0x40  # a volume's label, a device
_DOS_LINK = 0x400  # a reparse point


class Located(NamedTuple):
    """One member as its central record tells.

    Attributes:
        name: As in the file: a final slash for a directory.
        attributes: The external attributes: Unix mode above, DOS attributes below.
        large: Whether the sizes are in 64-bit fields.
        raw: The whole central record.
    """

    name: bytes
    flags: int
    method: int
    attributes: int
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

    @property
    def mode(self) -> int:
        """Type and permission bits, or 0 where the writer knew none."""
        return self.attributes >> 16


def located(raw: bytes, start: int) -> Located:
    """Read the central record at `start`.

    Raises:
        ArchiveDamaged: It is broken.
        ArchiveRefused: It has parts that no archive needs.
    """
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
    if record.flags & _ENCRYPTION_FLAGS:
        raise refused(f"{shown(name)} is encrypted inside the ZIP file")
    extra = _extra_fields(raw[begin : begin + record.extra_length], name)
    wide = [record.size, record.stored_size, record.offset]
    size, stored_size, offset = _widened(wide, extra.get(records.EXTRA_ZIP64, b""), name)
    return Located(
        name=name,
        flags=record.flags,
        method=record.method,
        attributes=record.external_attributes,
        crc=record.crc,
        stored_size=stored_size,
        size=size,
        offset=offset,
        large=record.size == records.MAX_32,
        raw=raw[start:end],
    )


def written_by_us(member: Located) -> bool:
    """Whether a central record proves that Holdfast wrote it, going by itself alone.

    Only files with content and an ASCII name prove it: that a descriptor follows them and
    that their names are marked as UTF-8 is what no other program says of them, even one that
    copies all the rest. `RESTORE.txt` and `manifest.json` are two of them in every archive.
    """
    ours = records.FLAG_UTF8 | records.FLAG_DESCRIPTOR
    if not member.size or member.flags != ours or not member.name.isascii():
        return False
    extra = _extra_fields(member.raw[records.CENTRAL.size + len(member.name) :], member.name)
    time_field = extra.get(records.EXTRA_TIME, b"")
    expected = bytearray(
        records.encode_central(
            Member(
                name=member.name,
                mode=member.mode,
                mtime_ns=int.from_bytes(time_field[1:5], "little") * 10**9 if time_field else -1,
                method=member.method,
                size=member.size,
                stored_size=member.stored_size,
                crc=member.crc,
                offset=member.offset,
                large=member.large,
            )
        )
    )
    if not time_field and records.is_beyond_time_field(member.raw[12:16]):
        expected[12:16] = member.raw[12:16]
    return expected == member.raw


def time_of(member: Located) -> int | None:
    """Return a member's modification time [s since 1970-01-01 UTC], if its record says it."""
    extra = _extra_fields(member.raw[records.CENTRAL.size + len(member.name) :], member.name).get(
        records.EXTRA_TIME, b""
    )
    if len(extra) < 5 or not extra[0] & records.TIME_IS_MODIFICATION:
        return None
    return int.from_bytes(extra[1:5], "little")


def check_member(member: Located, limits: ArchiveLimits) -> None:
    """Check what the central record alone tells.

    Raises:
        ArchiveDamaged: It contradicts itself.
        ArchiveRefused: It is of a kind that no backup holds, or asks for too much.
    """
    name = shown(member.name)
    if reason := path_fault(member.name):
        raise refused(f"the name {name} {reason}")
    if member.flags & ~_KNOWN_FLAGS:
        raise refused(f"{name} has unknown flags")
    if member.method not in (records.STORED, records.DEFLATED):
        raise refused(f"{name} is compressed by an unknown method ({member.method})")
    _check_mode(member, name)
    _check_sizes(member, name, limits)


def check_local(file: ArchiveFile, member: Located, limit: int) -> tuple[int, int]:
    """Compare the local header and the descriptor with the central record.

    Args:
        limit: Where the central directory begins.

    Returns:
        Where the data begins and where the member ends.

    Raises:
        ArchiveDamaged: They differ.
    """
    differs = damaged(f"the two headers of {shown(member.name)} differ")
    fixed = file.read(member.offset, records.LOCAL.size)
    local = LocalHeader._make(records.LOCAL.unpack(fixed))
    begin = member.offset + records.LOCAL.size + local.name_length
    data_offset = begin + local.extra_length
    end = data_offset + member.stored_size
    if end > limit:
        raise damaged(f"{shown(member.name)} reaches beyond the entries")
    name = file.read(member.offset + records.LOCAL.size, local.name_length)
    if (local.signature, name) != (records.LOCAL_SIGNATURE, member.name) or (
        local.flags,
        local.method,
    ) != (member.flags, member.method):
        raise differs
    extra = _extra_fields(file.read(begin, local.extra_length), member.name)
    size, stored_size = _local_sizes(local, extra.get(records.EXTRA_ZIP64, b""), name)
    has_descriptor = bool(member.flags & records.FLAG_DESCRIPTOR)
    for said, true in (
        (size, member.size),
        (stored_size, member.stored_size),
        (local.crc, member.crc),
    ):
        if said != true and not (has_descriptor and said == 0):
            raise differs
    if has_descriptor:
        end += _descriptor_length(file, member, end, limit, wide=records.EXTRA_ZIP64 in extra)
    return data_offset, end


def _descriptor_length(
    file: ArchiveFile, member: Located, start: int, limit: int, *, wide: bool
) -> int:
    """Return the length [bytes] of the data descriptor at `start`; its signature is optional."""
    found = file.read(start, min(records.DESCRIPTOR_64.size, limit - start))
    is_long = max(member.stored_size, member.size) > records.MAX_32
    for layout in ("<L2Q",) if wide or is_long else ("<L2L", "<L2Q"):
        numbers = struct.pack(layout, member.crc, member.stored_size, member.size)
        for descriptor in (records.DESCRIPTOR_SIGNATURE + numbers, numbers):
            if found.startswith(descriptor):
                return len(descriptor)
    if len(found) < records.DESCRIPTOR.size:
        raise damaged(f"{shown(member.name)} reaches beyond the entries")
    raise damaged(f"what follows {shown(member.name)} differs from its header")


def _extra_fields(data: bytes, name: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(data):
        kind = int.from_bytes(data[position : position + 2], "little")
        length = int.from_bytes(data[position + 2 : position + 4], "little")
        if length > _EXTRA_BYTES.get(kind, -1) or kind in fields:
            raise refused(f"{shown(name)} has an extra field of kind {kind:#06x}")
        fields[kind] = data[position + 4 : position + 4 + length]
        position += 4 + length
    if position != len(data):
        raise damaged(f"the extra fields of {shown(name)} are broken")
    second = fields.get(_EXTRA_UNICODE_PATH)
    if second is not None and second != struct.pack("<BL", 1, zlib.crc32(name)) + name:
        raise refused(f"{shown(name)} has a second name")
    return fields


def _widened(values: list[int], extra: bytes, name: bytes) -> list[int]:
    """Replace each value that says so by the next 64-bit number of `extra`."""
    if len(extra) != 8 * values.count(records.MAX_32):
        raise refused(f"the 64-bit sizes of {shown(name)} are not what its record announces")
    wide = iter(
        int.from_bytes(extra[start : start + 8], "little") for start in range(0, len(extra), 8)
    )
    return [next(wide) if value == records.MAX_32 else value for value in values]


def _local_sizes(local: LocalHeader, extra: bytes, name: bytes) -> list[int]:
    """Return size and stored size; a local header may give both again with 64 bits."""
    narrow = [local.size, local.stored_size]
    if len(extra) != 16:
        return _widened(narrow, extra, name)
    wide = list(struct.unpack("<2Q", extra))
    if any(short not in (long, records.MAX_32) for short, long in zip(narrow, wide, strict=True)):
        raise refused(f"the 64-bit sizes of {shown(name)} are not what its record announces")
    return wide


def _check_mode(member: Located, name: str) -> None:
    kind = stat.S_IFMT(member.mode)
    if kind == stat.S_IFLNK or member.attributes & _DOS_LINK:
        raise refused(f"{name} is a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or member.attributes & _DOS_SPECIAL:
        raise refused(f"{name} is a device, a pipe or a socket")
    says_directory = kind == stat.S_IFDIR or bool(member.attributes & records.DOS_DIRECTORY)
    if says_directory > member.is_directory or (kind == stat.S_IFREG and member.is_directory):
        raise refused(f"{name} is a file by its name and a directory by its type, or vice versa")
    if member.mode & SPECIAL_BITS and not member.is_directory:
        raise refused(f"{name} has the set-user-id or set-group-id bit")


def _check_sizes(member: Located, name: str, limits: ArchiveLimits) -> None:
    # Python's zipfile deflates the nothing of a directory to two bytes.
    stored = 0 if member.stored_size == _EMPTY_DEFLATE_BYTES else member.stored_size
    if member.is_directory and (member.size or stored or member.crc):
        raise refused(f"the directory {name} has content")
    if member.method == records.STORED and member.size != member.stored_size:
        raise damaged(f"{name} is stored with another size than its own")
    if member.size > limits.file_bytes:
        raise refused(f"{name} would expand to more than {limits.file_bytes:,} bytes")
    if member.size > max(limits.ratio_floor_bytes, limits.ratio * member.stored_size):
        raise refused(f"{name} would expand to more than {limits.ratio} times its stored size")
