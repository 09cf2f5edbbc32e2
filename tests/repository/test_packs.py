"""Pack headers: spelled as restic's, and refused when they lie."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ObjectNotFound, RepositoryDamaged
from holdfast.repository.crypto import OVERHEAD_BYTES, SealingKey
from holdfast.repository.layout import BlobType, ObjectKind, object_name
from holdfast.repository.packs import (
    MAX_BLOB_BYTES,
    PackEntry,
    decode_header,
    encode_entry,
    load_header,
    open_tail,
    seal_header,
)
from holdfast.stores import MemoryStore

_KEY = SealingKey.random()
_PACK_ID = "ab" * 32
_NAME = object_name(ObjectKind.PACK, _PACK_ID)

_entries = st.lists(
    st.tuples(
        st.sampled_from(BlobType),
        st.binary(min_size=32, max_size=32),
        st.integers(OVERHEAD_BYTES, 2**20),
        st.integers(0, MAX_BLOB_BYTES),
    ),
    max_size=20,
)


@given(_entries)
def test_a_header_lists_what_was_put_into_it(
    raw: list[tuple[BlobType, bytes, int, int]],
) -> None:
    entries: list[PackEntry] = []
    offset = 0
    for blob_type, blob_id, length, uncompressed in raw:
        entries.append(PackEntry(blob_type, blob_id, offset, length, uncompressed))
        offset += length
    header = b"".join(encode_entry(entry) for entry in entries)
    assert decode_header(header) == entries
    assert open_tail(seal_header(header, _KEY), _KEY) == entries


def test_entries_are_spelled_as_the_format_says() -> None:
    blob_id = bytes(range(32))
    assert encode_entry(PackEntry(BlobType.DATA, blob_id, 0, 38, 0)) == (
        b"\0" + bytes([38, 0, 0, 0]) + blob_id
    )
    assert encode_entry(PackEntry(BlobType.TREE, blob_id, 0, 38, 0))[0] == 1
    assert encode_entry(PackEntry(BlobType.DATA, blob_id, 0, 112, 511)) == (
        b"\x02" + bytes([112, 0, 0, 0]) + bytes([255, 1, 0, 0]) + blob_id
    )
    assert encode_entry(PackEntry(BlobType.TREE, blob_id, 0, 112, 511))[0] == 3


@pytest.mark.parametrize("code", [4, 5, 127, 255])
def test_unknown_blob_types_are_refused(code: int) -> None:
    with pytest.raises(ValueError, match="unknown"):
        decode_header(bytes([code]) + bytes(60))


@pytest.mark.parametrize("length", [0, 1, OVERHEAD_BYTES - 1, MAX_BLOB_BYTES + 33, 2**32 - 1])
def test_impossible_lengths_are_refused(length: int) -> None:
    """R59: a blob's length at 0, 1, below the least, above the most, and the maximum."""
    with pytest.raises(ValueError, match="impossible length"):
        decode_header(struct.pack("<BI32s", 0, length, bytes(32)))


@pytest.mark.parametrize("length", [MAX_BLOB_BYTES + 1, 2**32 - 1])
def test_impossible_uncompressed_lengths_are_refused(length: int) -> None:
    """R59: an announced length beyond what we would ever allocate."""
    with pytest.raises(ValueError, match="impossible uncompressed length"):
        decode_header(struct.pack("<BII32s", 2, 100, length, bytes(32)))


@pytest.mark.parametrize("cut", range(1, 37))
def test_a_header_cut_within_an_entry_is_refused(cut: int) -> None:
    whole = encode_entry(PackEntry(BlobType.DATA, bytes(32), 0, 50, 0))
    with pytest.raises(ValueError, match="cut off"):
        decode_header(whole[:cut])


@pytest.mark.parametrize("length", [0, 1, OVERHEAD_BYTES - 1, 16 * 2**20 + 1, 2**32 - 1])
def test_impossible_header_lengths_are_refused(length: int) -> None:
    """R59: the length of the header at 0, 1, too short, too long, and the maximum."""
    store = MemoryStore({_NAME: bytes(100) + struct.pack("<I", length)})
    with pytest.raises(RepositoryDamaged, match="impossible length"):
        load_header(store, _KEY, _PACK_ID, 104)


def test_a_header_longer_than_its_pack_is_refused() -> None:
    store = MemoryStore({_NAME: bytes(100) + struct.pack("<I", 5000)})
    with pytest.raises(RepositoryDamaged, match="longer than the pack"):
        load_header(store, _KEY, _PACK_ID, 104)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_pack_too_short_for_a_length_is_refused(size: int) -> None:
    store = MemoryStore({_NAME: bytes(size)})
    with pytest.raises(RepositoryDamaged, match="too short"):
        load_header(store, _KEY, _PACK_ID, size)


def test_a_header_that_lists_more_than_the_pack_holds_is_refused() -> None:
    header = encode_entry(PackEntry(BlobType.DATA, bytes(32), 0, 1000, 0))
    pack = bytes(999) + seal_header(header, _KEY)
    with pytest.raises(RepositoryDamaged, match="more than the pack holds"):
        load_header(MemoryStore({_NAME: pack}), _KEY, _PACK_ID, len(pack))


def test_a_long_header_is_read_whole() -> None:
    """Headers longer than the first read are fetched by a second."""
    entries = [
        PackEntry(BlobType.DATA, number.to_bytes(32, "big"), number * 40, 40, 0)
        for number in range(2000)
    ]
    tail = seal_header(b"".join(encode_entry(entry) for entry in entries), _KEY)
    pack = bytes(80_000) + tail
    found, header_bytes = load_header(MemoryStore({_NAME: pack}), _KEY, _PACK_ID, len(pack))
    assert found == entries
    assert header_bytes == len(tail)


def test_a_missing_pack_is_not_a_damaged_one() -> None:
    with pytest.raises(ObjectNotFound):
        load_header(MemoryStore(), _KEY, _PACK_ID, 100)


def test_an_altered_header_is_found() -> None:
    """R03: each byte of the header and of its length."""
    header = encode_entry(PackEntry(BlobType.DATA, bytes(32), 0, 40, 0))
    pack = bytearray(bytes(40) + seal_header(header, _KEY))
    for position in range(40, len(pack)):
        altered = bytearray(pack)
        altered[position] ^= 0x10
        with pytest.raises(RepositoryDamaged):
            load_header(MemoryStore({_NAME: bytes(altered)}), _KEY, _PACK_ID, len(pack))
