"""Chunks of row streams: together they are the stream; what changes costs what lies near it."""

from __future__ import annotations

import hashlib
import io
import random
import tracemalloc
from itertools import pairwise
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.repository import BlobType, Repository, SavedFile
from holdfast.repository.row_chunking import COARSE, FINE, RowCuts, Sizes, row_cuts
from tests.repository.making import create, reopen

_SMALL = Sizes(64, 192)
"""Sizes for much data in little time; the algorithm is the same."""


def _cut(data: bytes, sizes: Sizes = COARSE) -> list[bytes]:
    return _pieces(data, list(row_cuts(memoryview(data), sizes, last=True)))


def _pieces(data: bytes, lengths: list[int]) -> list[bytes]:
    ends = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    return [data[start:end] for start, end in pairwise(ends)]


def _rows(count: int, seed: int = 1, width: int = 200) -> bytes:
    source = random.Random(seed)
    return b"".join(
        b"%d\t%s\t%d\n" % (number, source.randbytes(source.randrange(width)).hex().encode(), number)
        for number in range(count)
    )


_CONTENTS = {
    "rows": _rows(12_000),
    "narrow rows": b"".join(b"%d\n" % number for number in range(300_000)),
    "a long INSERT": b"INSERT INTO t VALUES (1)" + b",(12345,'text',NULL)" * 90_000,
    "hexadecimal": random.Random(2).randbytes(700_000).hex().encode(),
    "random bytes": random.Random(3).randbytes(1_500_000),
    "prose": b"Some words follow others. " * 60_000,
    "zeros": bytes(1_500_000),
    "newlines": b"\n" * 300_000,
    "one letter": b"x" * 1_500_000,
}


@pytest.mark.parametrize("kind", _CONTENTS)
def test_chunks_are_the_stream_and_bounded_whatever_it_holds(kind: str) -> None:
    data = _CONTENTS[kind]
    for sizes in (COARSE, FINE):
        chunks = _cut(data, sizes)
        assert b"".join(chunks) == data
        assert all(sizes.least <= len(chunk) <= sizes.most for chunk in chunks[:-1])
        assert 0 < len(chunks[-1]) <= sizes.most


@given(st.binary(max_size=3000) | st.lists(st.integers(0, 99)).map(lambda n: repr(n).encode()))
def test_any_bytes_are_cut_into_what_they_were(data: bytes) -> None:
    chunks = _cut(data, _SMALL)
    assert b"".join(chunks) == data
    assert all(_SMALL.least <= len(chunk) <= _SMALL.most for chunk in chunks[:-1])


@given(st.binary(max_size=3000), st.lists(st.integers(1, 1000), min_size=1))
def test_cuts_do_not_depend_on_how_the_stream_is_read(data: bytes, reads: list[int]) -> None:
    """What a segment leaves over is cut together with what follows, as if read at once."""
    found: list[int] = []
    rest = b""
    position = 0
    for number in range(len(data) + 1):
        rest += data[position : position + reads[number % len(reads)]]
        position += reads[number % len(reads)]
        last = position >= len(data)
        lengths = list(row_cuts(memoryview(rest), _SMALL, last=last))
        rest = rest[sum(lengths) :]
        found += lengths
        if last:
            break
    assert found == list(row_cuts(memoryview(data), _SMALL, last=True))


@pytest.mark.parametrize("kind", ["rows", "narrow rows", "hexadecimal", "random bytes"])
@pytest.mark.parametrize("place", [0, 0.4])
def test_an_insertion_changes_only_the_chunks_near_it(kind: str, place: float) -> None:
    """Though everything behind it has moved."""
    data = _CONTENTS[kind] if kind != "rows" else _rows(40_000)
    at = data.index(b"\n", int(len(data) * place)) + 1 if b"\n" in data else int(len(data) * place)
    changed = data[:at] + b"0\tinserted\t0\n" + data[at:]
    for sizes in (COARSE, FINE):
        before, after = _cut(data, sizes), _cut(changed, sizes)
        assert len(set(after) - set(before)) <= 4


def test_a_removed_row_costs_a_chunk_or_two() -> None:
    """On average, over rows removed one at a time from a stream of hundreds of chunks."""
    rows = _rows(12_000).splitlines(keepends=True)
    before = set(_cut(b"".join(rows), FINE))
    changed = [
        len(set(_cut(b"".join(rows[:place] + rows[place + 1 :]), FINE)) - before)
        for place in range(100, len(rows), 500)
    ]
    assert sum(changed) / len(changed) < 2


def test_chunks_end_where_rows_end_that_were_compared_whole() -> None:
    """A row that begins before the smallest size is never chosen: what is seen of it moves."""
    for chunk in _cut(_CONTENTS["rows"], FINE)[:-1]:
        assert chunk.endswith(b"\n")
        assert chunk.rindex(b"\n", 0, -1) + 1 >= FINE.least


@pytest.mark.parametrize("kind", ["zeros", "one letter"])
def test_chunks_without_rows_are_of_the_largest_size(kind: str) -> None:
    assert {len(chunk) for chunk in _cut(_CONTENTS[kind])[:-1]} == {COARSE.most}


def test_what_changed_is_cut_finer_and_the_rest_stays() -> None:
    """With a parent, a coarse chunk that the repository has not is cut into fine ones."""
    data = _CONTENTS["rows"]
    coarse = _cut(data)
    known = {hashlib.sha256(chunk).digest() for chunk in coarse[:3]}
    plan = RowCuts(is_known=known.__contains__, finer=True)
    view = memoryview(data)
    found = [bytes(chunk) for _, chunk in plan.cut(view, plan.regions(view, last=True))]
    assert found[:3] == coarse[:3]
    assert found[3:] == [part for chunk in coarse[3:] for part in _cut(chunk, FINE)]


def _save(
    repository: Repository, data: bytes, *, previous: bytes = b"", hint: int | None = None
) -> SavedFile:
    with repository.lock() as lock, repository.writer(lock) as writer:
        saved = writer.save_file(
            io.BytesIO(data),
            size_hint=len(data) if hint is None else hint,
            page_size=None,
            rows=True,
            previous=previous,
        )
        writer.finish()
    return saved


def _content(repository: Repository, saved: SavedFile) -> bytes:
    ids = (saved.content[i : i + 32] for i in range(0, len(saved.content), 32))
    return b"".join(repository.load_blob(BlobType.DATA, blob_id) for blob_id in ids)


@pytest.mark.parametrize("hint", [0, 10, FINE.most - 1, 2**20, 2**40])
@pytest.mark.parametrize("size", [0, 10, FINE.most, 2**20 - 1, 2**20, 2 * 2**20 + 1])
def test_the_expected_size_of_a_stream_of_rows_may_be_wrong(size: int, hint: int) -> None:
    repository = create()
    data = _rows(25_000)[:size]
    assert len(data) == size
    saved = _save(repository, data, hint=hint)
    assert saved.size == size
    assert saved.checksum == hashlib.sha256(data).hexdigest()
    assert _content(reopen(repository.store), saved) == data


def test_the_expected_size_does_not_move_the_cuts() -> None:
    contents = {_save(create(), _rows(20_000), hint=hint).content for hint in (0, 5, 2**20, 2**40)}
    assert len(contents) == 1


def test_increments_of_a_dump_are_small_and_the_second_is_smaller() -> None:
    """A row changes in one place: a coarse chunk is stored in fine ones, then one fine chunk."""
    repository = create()
    rows = _rows(20_000).splitlines(keepends=True)
    first = _save(repository, b"".join(rows))
    again = _save(repository, b"".join(rows), previous=first.content)
    assert (again.stored_new, again.content) == (0, first.content)
    rows[9000] = b"9000\tchanged\t9000\n"
    second = _save(repository, b"".join(rows), previous=first.content)
    rows[9001] = b"9001\tchanged\t9001\n"
    third = _save(repository, b"".join(rows), previous=second.content)
    assert second.stored_new < 3 * COARSE.most
    assert third.stored_new < 3 * FINE.most
    assert _content(reopen(repository.store), third) == b"".join(rows)


class _Endless(io.RawIOBase):
    """Rows without a second copy of them in memory."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._block = _rows(10_000)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast(bytearray, buffer))
        block = self._block[: min(len(view), self._left)]
        view[: len(block)] = block
        self._left -= len(block)
        return len(block)


def test_memory_is_bounded_whatever_the_length() -> None:
    """A stream of unknown length is held a few segments at a time."""
    repository = create()
    stream = cast(BinaryIO, _Endless(64 * 2**20))
    tracemalloc.start()
    try:
        with repository.lock() as lock, repository.writer(lock) as writer:
            writer.save_file(stream, size_hint=0, page_size=None, rows=True)
            writer.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 2**20
