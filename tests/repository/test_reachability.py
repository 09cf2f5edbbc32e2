from __future__ import annotations

import msgspec
import pytest

from holdfast.errors import RepositoryDamaged
from holdfast.models.node import Node, NodeType
from holdfast.repository import FindingKind, Snapshot, check, plan_prune
from holdfast.repository.trees import decode_links, decode_tree, encode_tree
from holdfast.stores import MemoryStore
from tests.rig.backups import back_up, create_repository

BLOB = bytes(range(32))


def test_the_links_of_a_tree_are_what_reading_it_whole_says() -> None:
    """The short reading of a tree object leaves out metadata and nothing else."""
    nodes = [
        Node(name="a", type=NodeType.FILE, size=7, content=BLOB * 3, mode=0o600, mtime_ns=5),
        Node(name="b", type=NodeType.DIR, subtree=BLOB, mode=0o755, user="me"),
        Node(name="c", type=NodeType.SYMLINK, link_target="a"),
        Node(name="d", type=NodeType.FILE),
    ]
    document = encode_tree(nodes)

    def links(node: Node) -> tuple[object, ...]:
        return node.name, node.type, node.size, node.content, node.subtree

    assert [links(node) for node in decode_links(document, BLOB)] == [
        links(node) for node in decode_tree(document, BLOB)
    ]


@pytest.mark.parametrize("document", [b"", b"[]", b'{"nodes":[{"name":"a"}]}', b'{"nodes":5}'])
def test_what_is_no_tree_has_no_links(document: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        decode_links(document, BLOB)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("size", 99, "has 99 bytes, its blobs have 3"),
        ("subtree", None, "names no tree"),
    ],
)
def test_a_tree_that_cannot_be_true_is_found(field: str, value: int | None, problem: str) -> None:
    """Authentic and yet wrong: some writer had a bug. A check says so, a prune keeps away."""
    repository = create_repository(MemoryStore())
    good = back_up(repository, {"dir/file": b"abc"}, "good")
    with repository.lock() as lock:
        with repository.writer(lock) as writer:
            nodes = repository.load_tree(good.tree)
            if field == "size":
                assert nodes[0].subtree is not None
                nodes = repository.load_tree(nodes[0].subtree)
            bad = [msgspec.structs.replace(nodes[0], **{field: value})]
            tree = writer.save_tree(bad)
            writer.finish()
        repository.save_snapshot(Snapshot(time=good.time, tree=tree, label="bad"))
        report = check(repository)

        assert [finding.kind for finding in report.findings] == [FindingKind.TREE_DAMAGED]
        assert problem in report.findings[0].problem
        assert report.findings[0].backups == ("bad",)
        with pytest.raises(RepositoryDamaged, match=problem):
            plan_prune(repository, lock)


def test_a_deep_tree_needs_no_deep_stack() -> None:
    """Hundreds of folders in each other are walked without recursion."""
    repository = create_repository(MemoryStore())
    path = "/".join(["d"] * 400) + "/file"
    back_up(repository, {path: b"deep"}, "deep")

    assert check(repository, read_data=True).trees == 401
