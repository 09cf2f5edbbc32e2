"""Packs: files of sealed blobs with a sealed header that lists them.

    sealed blob 1 || ... || sealed blob n || sealed header || length of sealed header (4, LE)

A header entry is `type (1) || length of sealed blob (4) || id (32)`, or for a compressed
blob (format version 2) `type (1) || length (4) || uncompressed length (4) || id (32)`.
Source: restic's design document, section "Pack Format".
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from holdfast.errors import RepositoryDamaged
from holdfast.repository.crypto import OVERHEAD_BYTES, AuthenticationFailed, SealingKey, unproven
from holdfast.repository.layout import BlobType, ObjectKind, object_name
from holdfast.stores.base import Buffer, Store

TARGET_BYTES: Final = 16 * 2**20
"""Packs are closed when they are this long [bytes]; restic's own default."""

MAX_ENTRIES: Final = 50_000
"""Packs are closed at this many blobs, so that an index file of one pack stays small."""

MAX_HEADER_BYTES: Final = 16 * 2**20
"""Longest sealed header that restic reads [bytes]."""

MAX_BLOB_BYTES: Final = 256 * 2**20
"""Longest blob that we read, sealed or plain [bytes]. restic's data blobs have at most 8 MiB;
a tree blob of a folder with half a million files has about this."""

PLAIN_ENTRY: Final = struct.Struct("<BI32s")
COMPRESSED_ENTRY: Final = struct.Struct("<BII32s")
_LENGTH: Final = struct.Struct("<I")
_EAGER_BYTES: Final = 16 * 2**10

_PLAIN_CODES: Final = {BlobType.DATA: 0, BlobType.TREE: 1}
_COMPRESSED_CODES: Final = {BlobType.DATA: 2, BlobType.TREE: 3}
_TYPES: Final = (BlobType.DATA, BlobType.TREE, BlobType.DATA, BlobType.TREE)


class PackEntry(NamedTuple):
    """One blob in a pack.

    Attributes:
        type: Data or tree.
        id: SHA-256 of its plaintext.
        offset: Where its sealed bytes begin in the pack [bytes].
        length: How many they are [bytes].
        uncompressed_length: Length of the plaintext [bytes] if it is compressed, else 0.
    """

    type: BlobType
    id: bytes
    offset: int
    length: int
    uncompressed_length: int

    @property
    def plain_length(self) -> int:
        """Return the length of the plaintext [bytes]."""
        return self.uncompressed_length or self.length - OVERHEAD_BYTES


def encode_entry(entry: PackEntry) -> bytes:
    """Return the header entry of a blob."""
    if entry.uncompressed_length:
        code = _COMPRESSED_CODES[entry.type]
        return COMPRESSED_ENTRY.pack(code, entry.length, entry.uncompressed_length, entry.id)
    return PLAIN_ENTRY.pack(_PLAIN_CODES[entry.type], entry.length, entry.id)


def entry_codes(blob_type: BlobType) -> tuple[int, int]:
    """Return the type bytes of plain and of compressed blobs."""
    return _PLAIN_CODES[blob_type], _COMPRESSED_CODES[blob_type]


def decode_header(plain: bytes) -> list[PackEntry]:
    """Read an opened header.

    Raises:
        ValueError: It is malformed, or names a blob of impossible length.
    """
    entries: list[PackEntry] = []
    position = offset = 0
    while position < len(plain):
        code = plain[position]
        if code > 3:
            raise ValueError(f"blob type {code} is unknown")
        uncompressed_length = 0
        try:
            if code < 2:
                _, length, blob_id = PLAIN_ENTRY.unpack_from(plain, position)
                position += PLAIN_ENTRY.size
            else:
                _, length, uncompressed_length, blob_id = COMPRESSED_ENTRY.unpack_from(
                    plain, position
                )
                position += COMPRESSED_ENTRY.size
        except struct.error:
            raise ValueError("the last entry is cut off") from None
        entry = PackEntry(_TYPES[code], blob_id, offset, length, uncompressed_length)
        check_lengths(entry)
        entries.append(entry)
        offset += length
    return entries


def check_lengths(entry: PackEntry) -> None:
    """Refuse lengths that no honest blob has, before anything is allocated by them.

    Raises:
        ValueError: The lengths are impossible.
    """
    if not OVERHEAD_BYTES <= entry.length <= MAX_BLOB_BYTES + OVERHEAD_BYTES:
        raise ValueError(f"blob {entry.id.hex()[:16]} has the impossible length {entry.length}")
    if not 0 <= entry.uncompressed_length <= MAX_BLOB_BYTES:
        raise ValueError(
            f"blob {entry.id.hex()[:16]} has the impossible uncompressed length "
            f"{entry.uncompressed_length}"
        )
    if entry.offset < 0 or entry.offset + entry.length > 0xFFFF_FFFF:
        raise ValueError(f"blob {entry.id.hex()[:16]} lies beyond any pack's end")


def seal_header(header: bytes, key: SealingKey) -> bytes:
    """Return what ends a pack: its sealed header and the length of that.

    Raises:
        RepositoryDamaged: It did not open to what was sealed.
    """
    sealed = key.seal(header)
    try:
        proof = key.open(sealed)
    except AuthenticationFailed:
        raise unproven("pack header") from None
    if proof != header:
        raise unproven("pack header")
    return sealed + _LENGTH.pack(len(sealed))


def open_tail(tail: Buffer, key: SealingKey) -> list[PackEntry] | int:
    """Read the header at the end of the last bytes of a pack.

    Returns:
        The entries; or, if `tail` is too short for the header, how many bytes [bytes] of the
        pack's end are needed.

    Raises:
        ValueError: There is no valid header.
    """
    view = memoryview(tail)
    if len(view) < _LENGTH.size:
        raise ValueError("it is too short for a header")
    (length,) = _LENGTH.unpack(view[-_LENGTH.size :])
    if not OVERHEAD_BYTES <= length <= MAX_HEADER_BYTES:
        raise ValueError(f"its header has the impossible length {length}")
    if len(view) < length + _LENGTH.size:
        return int(length) + _LENGTH.size
    return decode_header(key.open(view[-_LENGTH.size - length : -_LENGTH.size]))


def load_header(
    store: Store, key: SealingKey, pack_id: str, size_bytes: int
) -> tuple[list[PackEntry], int]:
    """Read which blobs a pack holds, from the pack itself.

    Returns:
        The entries, and the length of header and length field together [bytes].

    Raises:
        ObjectNotFound: There is no such pack.
        RepositoryDamaged: Its header is damaged.
    """
    name = object_name(ObjectKind.PACK, pack_id)
    want = min(_EAGER_BYTES, size_bytes)
    try:
        tail = store.load(name, offset=size_bytes - want, length=want)
        found = open_tail(tail, key)
        if isinstance(found, int):
            if found > size_bytes:
                raise ValueError(f"its header of {found} bytes is longer than the pack")
            tail = store.load(name, offset=size_bytes - found, length=found)
            found = open_tail(tail, key)
            if isinstance(found, int):
                raise ValueError("its length field changed while it was read")
        blobs = sum(entry.length for entry in found)
        (length,) = _LENGTH.unpack(tail[-_LENGTH.size :])
        header_bytes = length + _LENGTH.size
        if blobs + header_bytes > size_bytes:
            raise ValueError("its header lists more than the pack holds")
    except AuthenticationFailed:
        raise _damaged(pack_id, "its header is altered") from None
    except ValueError as error:
        raise _damaged(pack_id, str(error)) from error
    return found, header_bytes


def _damaged(pack_id: str, what: str) -> RepositoryDamaged:
    return RepositoryDamaged(
        f"Pack {pack_id[:16]} is damaged: {what}",
        hint="Run `holdfast check --read-data` to see which backups it touches.",
    )
