"""Chunks: together they are the file; they lie on pages; unchanged files keep theirs."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.repository.chunking import (
    HOT_CHUNK_BYTES,
    LARGEST_CHUNK_BYTES,
    ORDINARY_CHUNK_BYTES,
    Region,
    base_chunk_bytes,
    cut,
    plan_regions,
)

KIB = 1024
_GIB = 2**30


def _chunks(
    data: bytes,
    *,
    page_size: int | None,
    size_hint: int | None = None,
    previous: list[bytes] | None = None,
) -> list[bytes]:
    """Cut data as a writer does, a segment at a time."""
    previous = previous or []
    lengths = {hashlib.sha256(chunk).digest(): len(chunk) for chunk in previous}
    regions = plan_regions(
        size_hint=len(data) if size_hint is None else size_hint,
        page_size=page_size,
        previous=_ids(previous),
        length_of=lengths.get,
    )
    found: list[bytes] = []
    start = 0
    while start < len(data):
        segment: list[Region] = []
        length = 0
        while length < 2**20:
            segment.append(next(regions))
            length += segment[-1].length
        piece = memoryview(data)[start : start + length]
        for digest, chunk in cut(piece, segment):
            assert digest == hashlib.sha256(chunk).digest()
            found.append(bytes(chunk))
        start += length
    return found


def _ids(chunks: list[bytes]) -> bytes:
    return b"".join(hashlib.sha256(chunk).digest() for chunk in chunks)


def _data(length: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(length)


@pytest.mark.parametrize(
    ("size", "page_size", "base"),
    [
        (0, 4096, 16 * KIB),
        (1, 512, 16 * KIB),
        (_GIB, 4096, 16 * KIB),
        (_GIB + 1, 4096, 32 * KIB),
        (2 * _GIB, 4096, 32 * KIB),
        (3 * _GIB, 4096, 64 * KIB),
        (_GIB, 65536, 64 * KIB),
        (256 * _GIB, 4096, 4096 * KIB),
        (2**50, 4096, 4096 * KIB),
    ],
)
def test_the_base_grows_with_the_file_so_that_chunks_stay_few(
    size: int, page_size: int, base: int
) -> None:
    assert base_chunk_bytes(size, page_size) == base


def test_ordinary_files_are_cut_every_mebibyte() -> None:
    data = _data(2 * ORDINARY_CHUNK_BYTES + 5)
    assert [len(chunk) for chunk in _chunks(data, page_size=None)] == [2**20, 2**20, 5]
    assert [len(chunk) for chunk in _chunks(data[:7], page_size=None)] == [7]
    assert _chunks(b"", page_size=None) == []


@pytest.mark.parametrize("page_size", [0, -1, 3, 4095, 2 * LARGEST_CHUNK_BYTES])
def test_a_page_size_that_is_none_is_refused(page_size: int) -> None:
    with pytest.raises(ValueError, match="page size"):
        _chunks(b"x", page_size=page_size)


_sizes = st.integers(0, 400 * KIB)
# The hint decides the base chunk, so a small file can be cut like a huge one.
_hints = st.sampled_from([0, 2 * _GIB, 4 * _GIB, 9 * _GIB])


@given(_sizes, _hints, st.sampled_from([512, 4096, 32 * KIB]))
def test_chunks_are_the_file_and_lie_on_pages(size: int, hint: int, page_size: int) -> None:
    data = _data(size)
    chunks = _chunks(data, page_size=page_size, size_hint=hint)
    assert b"".join(chunks) == data
    assert all(len(chunk) % page_size == 0 for chunk in chunks[:-1])


@given(
    _sizes,
    _sizes,
    _hints,
    _hints,
    st.lists(st.integers(0, 99), max_size=6),
    st.sampled_from([512, 4096]),
)
def test_following_a_parent_loses_nothing(
    size: int, new_size: int, hint: int, new_hint: int, pages: list[int], page_size: int
) -> None:
    """Whatever changed, grew or shrank: chunks are the file and lie on pages."""
    parent = _chunks(_data(size), page_size=page_size, size_hint=hint)
    data = bytearray(_data(size)[:new_size].ljust(new_size, b"\7"))
    for page in pages:
        data[page * page_size : (page + 1) * page_size] = b"\1" * len(
            data[page * page_size : (page + 1) * page_size]
        )
    chunks = _chunks(bytes(data), page_size=page_size, size_hint=new_hint, previous=parent)
    assert b"".join(chunks) == data
    assert all(len(chunk) % page_size == 0 for chunk in chunks[:-1])


@given(_sizes, _hints)
def test_an_unchanged_file_keeps_its_chunks(size: int, hint: int) -> None:
    data = _data(size)
    parent = _chunks(data, page_size=4096, size_hint=hint)
    again = _chunks(data, page_size=4096, size_hint=hint, previous=parent)
    assert again == parent


def test_a_changed_large_chunk_is_split_and_its_neighbours_stay() -> None:
    data = bytearray(_data(1024 * KIB))
    parent = _chunks(bytes(data), page_size=4096, size_hint=4 * _GIB)
    assert {len(chunk) for chunk in parent} == {64 * KIB}
    data[130 * KIB] ^= 1
    chunks = _chunks(bytes(data), page_size=4096, size_hint=4 * _GIB, previous=parent)
    assert [len(chunk) for chunk in chunks] == [64 * KIB] * 2 + [16 * KIB] * 4 + [64 * KIB] * 13
    assert len(set(chunks) - set(parent)) == 4


def test_hot_boundaries_stay_in_later_backups() -> None:
    """A second change in the same place costs one hot chunk."""
    data = bytearray(_data(64 * KIB))
    first = _chunks(bytes(data), page_size=4096, size_hint=4 * _GIB)
    data[20 * KIB] ^= 1
    second = _chunks(bytes(data), page_size=4096, size_hint=4 * _GIB, previous=first)
    data[20 * KIB] ^= 2
    third = _chunks(bytes(data), page_size=4096, size_hint=4 * _GIB, previous=second)
    assert [len(chunk) for chunk in third] == [16 * KIB] * 4
    assert len(set(third) - set(second)) == 1


def test_cold_regions_are_merged_a_few_at_a_time_until_all_are() -> None:
    """Merging costs storing the region again, so one in sixteen is merged each time."""
    data = _data(16 * 2**20)
    small = [data[start : start + 16 * KIB] for start in range(0, len(data), 16 * KIB)]
    chunks, runs = small, 0
    merged_each_time: list[int] = []
    while any(len(chunk) < 64 * KIB for chunk in chunks) and runs < 400:
        after = _chunks(data, page_size=4096, size_hint=4 * _GIB, previous=chunks)
        merged_each_time.append((len(chunks) - len(after)) // 3)
        chunks, runs = after, runs + 1
        if not merged_each_time[-1]:
            break  # nothing was chosen: the list is as it was, and so is the choice
    assert b"".join(chunks) == data
    assert 1 <= merged_each_time[0] <= 50  # of 256; 16 are expected
    assert sum(merged_each_time) > 100


def test_a_region_that_changed_is_not_merged() -> None:
    data = bytearray(_data(16 * 2**20))
    small = [bytes(data[start : start + 16 * KIB]) for start in range(0, len(data), 16 * KIB)]
    for start in range(0, len(data), 64 * KIB):
        data[start] ^= 1
    chunks = _chunks(bytes(data), page_size=4096, size_hint=4 * _GIB, previous=small)
    assert {len(chunk) for chunk in chunks} == {HOT_CHUNK_BYTES}


def test_a_file_that_grows_keeps_all_but_its_last_chunk() -> None:
    data = _data(300 * KIB + 4096)
    parent = _chunks(data[: 100 * KIB], page_size=4096)
    chunks = _chunks(data, page_size=4096, previous=parent)
    assert chunks[: len(parent) - 1] == parent[:-1]
    assert chunks == _chunks(data, page_size=4096)


def test_a_parent_whose_chunks_are_not_on_pages_is_not_followed() -> None:
    data = _data(200 * KIB)
    odd = [data[:1001], data[1001 : 70 * KIB], data[70 * KIB :]]
    assert _chunks(data, page_size=4096, size_hint=4 * _GIB, previous=odd) == _chunks(
        data, page_size=4096, size_hint=4 * _GIB
    )


def test_parent_chunks_that_the_index_does_not_know_are_not_followed() -> None:
    regions = plan_regions(
        size_hint=4 * _GIB, page_size=4096, previous=bytes(320), length_of=lambda _: None
    )
    assert next(regions) == Region(64 * KIB)
