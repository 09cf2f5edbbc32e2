"""The index: finds what was added, in little memory, whatever the ids are."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import RepositoryDamaged
from holdfast.repository import BlobIndex, BlobType
from holdfast.repository.index import RecordTable
from holdfast.repository.index_files import decode_index, encode_index
from holdfast.repository.packs import MAX_BLOB_BYTES, PackEntry

# Ids of few different bytes, so that ids begin alike and occur within other records.
_ids = st.binary(min_size=32, max_size=32) | st.lists(
    st.sampled_from([0, 1, 255]), min_size=32, max_size=32
).map(bytes)
_entries = st.builds(
    PackEntry,
    st.sampled_from(BlobType),
    _ids,
    st.integers(0, 2**31),
    st.integers(32, MAX_BLOB_BYTES),
    st.integers(0, MAX_BLOB_BYTES),
)
_packs = st.lists(st.tuples(_ids, st.lists(_entries, max_size=8)), max_size=5)


@given(_packs)
def test_every_blob_is_found_where_it_was_put(packs: list[tuple[bytes, list[PackEntry]]]) -> None:
    index = BlobIndex()
    known: dict[tuple[BlobType, bytes], set[tuple[bytes, int, int, int]]] = {}
    for pack_id, entries in packs:
        index.add_pack(pack_id, entries)
        for entry in entries:
            known.setdefault((entry.type, entry.id), set()).add((pack_id, *entry[2:]))
    for (blob_type, blob_id), places in known.items():
        found = index.locations(blob_type, blob_id)
        assert {location[:4] for location in found} == places
        assert index.lookup(blob_type, blob_id) in found
        assert index.has(blob_type, blob_id)
    assert not index.has(BlobType.DATA, b"\x07" * 32)
    assert {(pack, entry) for pack, entry in index.entries()} == {
        (pack_id, entry) for pack_id, entries in packs for entry in entries
    }
    assert set(index.packs()) == {pack_id for pack_id, _ in packs}


def test_a_pack_that_two_index_files_name_counts_once() -> None:
    index = BlobIndex()
    entry = PackEntry(BlobType.DATA, b"i" * 32, 0, 100, 0)
    for _ in range(2):
        index.add_pack(b"p" * 32, [entry])
    index.add_pack(b"q" * 32, [entry])
    assert index.count(BlobType.DATA) == 2
    assert [location.pack_id[:1] for location in index.locations(BlobType.DATA, entry.id)] == [
        b"p",
        b"q",
    ]
    assert index.pack_end(b"p" * 32) == 100
    assert index.pack_end(b"x" * 32) == 0


def test_many_blobs_are_found_after_the_table_has_grown() -> None:
    table = RecordTable()
    ids = [os.urandom(32) for _ in range(40_000)]
    for number, blob_id in enumerate(ids):
        table.add(blob_id, (1, number, 2, 3))
    assert len(table) == len(ids)
    assert all(table.find(blob_id) == (1, number, 2, 3) for number, blob_id in enumerate(ids))
    assert Counter(record[0] for record in table.records()) == Counter(ids)


def test_a_blob_costs_about_fifty_bytes_of_memory() -> None:
    """Ten million blobs must fit in half a gigabyte."""
    ids = [os.urandom(32) for _ in range(200_000)]
    tracemalloc.start()
    try:
        table = RecordTable()
        for blob_id in ids:
            table.add(blob_id, (1, 2, 3, 4))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    empty = 65_536 * (57 + 8)
    assert (used - empty) / len(ids) < 62  # few records in each bucket: the worst case


@given(_packs)
def test_index_files_come_back(packs: list[tuple[bytes, list[PackEntry]]]) -> None:
    assert list(decode_index(encode_index(packs), "ab" * 32)) == packs


def test_an_index_file_is_spelled_as_restic_spells_it() -> None:
    entries = [
        PackEntry(BlobType.DATA, b"\1" * 32, 0, 38, 0),
        PackEntry(BlobType.TREE, b"\2" * 32, 38, 112, 511),
    ]
    assert encode_index([(b"\3" * 32, entries)]) == (
        b'{"packs":[{"id":"' + b"03" * 32 + b'","blobs":['
        b'{"id":"' + b"01" * 32 + b'","type":"data","offset":0,"length":38},'
        b'{"id":"' + b"02" * 32 + b'","type":"tree","offset":38,"length":112,'
        b'"uncompressed_length":511}]}]}\n'
    )


def test_fields_of_older_programs_are_passed_over() -> None:
    document = b'{"supersedes":["' + b"01" * 32 + b'"],"packs":[]}'
    assert list(decode_index(document, "ab" * 32)) == []


@pytest.mark.parametrize("field", ["offset", "length", "uncompressed_length"])
@pytest.mark.parametrize("value", [-1, 2**32 - 1, 2**32, 2**63, 2**64, 10**30, "1", None, 1.5])
def test_hostile_numbers_are_refused(field: str, value: object) -> None:
    """R59: each number of an index file below 0, at its maximum, beyond it, and mistyped."""
    blob = {"id": "01" * 32, "type": "data", "offset": 0, "length": 40, field: value}
    document = json.dumps({"packs": [{"id": "02" * 32, "blobs": [blob]}]}).encode()
    with pytest.raises(RepositoryDamaged, match="Index abababababababab is damaged"):
        list(decode_index(document, "ab" * 32))


@pytest.mark.parametrize("length", [0, 1, 31, MAX_BLOB_BYTES + 33])
def test_lengths_that_no_blob_has_are_refused(length: int) -> None:
    """R59: a sealed blob is at least 32 bytes long."""
    entry = PackEntry(BlobType.DATA, b"\1" * 32, 0, length, 0)
    with pytest.raises(RepositoryDamaged, match="impossible length"):
        list(decode_index(encode_index([(b"\3" * 32, [entry])]), "ab" * 32))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"packs":[{"id":"../../x","blobs":[]}]}',
        b'{"packs":[{"id":"' + b"AB" * 32 + b'","blobs":[]}]}',
        b'{"packs":[{"id":"' + b"01" * 32 + b'","blobs":[{"id":"01","type":"data",'
        b'"offset":0,"length":40}]}]}',
        b'{"packs":[{"id":"' + b"01" * 32 + b'","blobs":[{"id":"' + b"01" * 32 + b'",'
        b'"type":"video","offset":0,"length":40}]}]}',
        b'{"packs":[],"x":' + b"[" * 9999,
    ],
)
def test_what_is_no_index_file_is_refused(document: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        list(decode_index(document, "ab" * 32))
