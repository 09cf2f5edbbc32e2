"""Dumps are read every time, and what changed in them is stored in small chunks."""

from __future__ import annotations

import io

from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.operations.capture import TreeBuilder
from holdfast.repository import Repository, Snapshot
from holdfast.repository.row_chunking import COARSE, FINE
from holdfast.sources.base import Entry
from tests.repository.making import WHEN, create, reopen

_NAME = "app.dump"


def _back_up(repository: Repository, data: bytes, parent: Snapshot | None = None) -> Snapshot:
    """Store a dump whose size and times always look the same."""
    opened: list[bytes] = []

    def open_dump() -> io.BytesIO:
        opened.append(data)
        return io.BytesIO(data)

    node = Node(name=_NAME, type=NodeType.FILE, size=len(data), mtime_ns=1, ctime_ns=1)
    with repository.lock() as lock, repository.writer(lock) as writer:
        builder = TreeBuilder(
            repository,
            writer,
            previous=None if parent is None else repository.tree(parent),
            settled_before_ns=2**62,
            unchanged=False,
            on_bytes=lambda _: None,
            cancel=CancellationToken(),
        )
        builder.add(Entry(path=_NAME, node=node, open=open_dump, rows=True))
        saved = builder.finish()
        assert saved is not None
        tree = writer.save_tree([saved])
        writer.finish()
        snapshot = Snapshot(time=WHEN, tree=tree, paths=("/x",))
        repository.save_snapshot(snapshot)
    assert opened == [data]
    return snapshot


def _chunks(repository: Repository, snapshot: Snapshot) -> list[bytes]:
    node = repository.tree(snapshot).node(_NAME)
    assert node is not None
    return [node.content[start : start + 32] for start in range(0, len(node.content), 32)]


def test_a_dump_that_looks_the_same_is_read_and_its_change_is_stored_small() -> None:
    """R01: same size and times say nothing of a stream; its parent's chunks are kept."""
    rows = [b"%07d\tvalue\n" % number for number in range(100_000)]
    repository = create()
    first = _back_up(repository, b"".join(rows))
    rows[50_000] = b"%07d\tother\n" % 50_000
    repository = reopen(repository.store)
    second = _back_up(repository, b"".join(rows), first)
    before, after = _chunks(repository, first), _chunks(repository, second)
    new = [chunk for chunk in after if chunk not in before]
    assert before != after
    assert 1 < len(new) <= 2 * COARSE.most // FINE.least
    assert b"".join(repository.tree(second).read(_NAME)) == b"".join(rows)
