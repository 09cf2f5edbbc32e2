"""Any part of an archive, made on demand: what a download that is resumed asks for."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.archive import archive_pieces, measure_archive, write_archive
from holdfast.models.node import Node, NodeType
from tests.archive.memory_tree import MemoryTree, manifest, memory_tree, sample_tree

LEVELS = [0, 1]


def archived(tree: MemoryTree, level: int) -> bytes:
    """Return the whole archive of a tree."""
    sink = io.BytesIO()
    write_archive(tree, sink, compression_level=level)
    return sink.getvalue()


def part(tree: MemoryTree, start: int, stop: int, level: int) -> bytes:
    """Return a part of a tree's archive, as its pieces joined."""
    measure = measure_archive(tree, compression_level=level)
    return b"".join(archive_pieces(tree, measure, start, stop, compression_level=level))


@pytest.mark.parametrize("level", LEVELS)
@given(data=st.data())
def test_every_part_is_the_part_of_the_whole(level: int, data: st.DataObject) -> None:
    """Whatever stands before the part, and whether it was read or passed over."""
    tree = sample_tree()
    whole = archived(tree, level)
    offsets = st.integers(0, len(whole))
    start, stop = sorted((data.draw(offsets), data.draw(offsets)))
    assert part(tree, start, stop, level) == whole[start:stop]


@pytest.mark.parametrize("level", LEVELS)
def test_each_single_byte_of_an_archive_can_be_asked_for(level: int) -> None:
    """The edges of members, of the manifest and of the directory are no special places."""
    tree = memory_tree({"database/app.db": b"rows", "files/a/b": b"", "files/a/c": b"xyz"})
    whole = archived(tree, level)
    measure = measure_archive(tree, compression_level=level)
    made = [
        b"".join(archive_pieces(tree, measure, at, at + 1, compression_level=level))
        for at in range(len(whole))
    ]
    assert b"".join(made) == whole
    assert whole[measure.tail_offset :].startswith(b"PK\x03\x04")
    assert b"manifest.json" in whole[measure.tail_offset : measure.tail_offset + 60]


class CountingTree(MemoryTree):
    """Says which files were read, and which are being read."""

    def read(self, path: str) -> Iterator[bytes]:
        self.was_read.append(path)
        self.open += 1
        try:
            yield from super().read(path)
        finally:
            self.open -= 1

    was_read: list[str]
    open: int


def counting_tree() -> CountingTree:
    """Return a tree of three files, of 3 MB each."""
    tree = CountingTree(manifest())
    tree.was_read, tree.open = [], 0
    for name in "abc":
        path = f"files/docs/{name}"
        tree.add(Node(name=name, type=NodeType.FILE, mode=0o600, size=3 << 20, links=1), path)
        tree.data[path] = name.encode() * (3 << 20)
    return tree


def test_whole_members_before_a_part_are_not_read_where_nothing_needs_them() -> None:
    """A client that fetches an archive in ten parts at once does not cost ten whole reads."""
    tree = counting_tree()
    measure = measure_archive(tree, compression_level=0)
    assert tree.was_read == []
    start = measure.tail_offset - (1 << 20)
    assert len(part(tree, start, measure.tail_offset, 0)) == 1 << 20
    assert tree.was_read == ["files/docs/c"]


def test_the_end_of_an_archive_has_the_checksums_of_all_of_it() -> None:
    """So everything is read for it, and nothing but it is given."""
    tree = counting_tree()
    whole = archived(tree, 0)
    tree.was_read.clear()
    assert part(tree, len(whole) - 500, len(whole), 0) == whole[-500:]
    assert tree.was_read == ["files/docs/a", "files/docs/b", "files/docs/c"]


def test_who_stops_taking_leaves_nothing_open() -> None:
    """A client that goes away in the middle of a file ends the reading of that file."""
    tree = counting_tree()
    measure = measure_archive(tree, compression_level=0)
    pieces = archive_pieces(tree, measure, 0, measure.size_bytes, compression_level=0)
    while not tree.open:
        next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert tree.open == 0


def test_a_part_that_ends_early_reads_nothing_of_what_follows() -> None:
    tree = counting_tree()
    part(tree, 0, 2 << 20, 0)
    assert tree.was_read == ["files/docs/a"]
