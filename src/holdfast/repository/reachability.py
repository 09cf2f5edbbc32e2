"""What snapshots reach: every tree visited once, every blob marked in the index.

Trees name each other by the hash of their content, so they cannot form a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from holdfast.errors import RepositoryDamaged, StoreError
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.repository.index import BlobIndex
from holdfast.repository.layout import BlobType
from holdfast.repository.marks import IndexMarks
from holdfast.repository.reader import BlobReader
from holdfast.repository.repository import Repository
from holdfast.repository.trees import decode_links, decode_tree

REACHED: Final = 1
_JUDGED: Final = 2

LoadTree = Callable[[bytes], list[Node]]
BlobKey = tuple[BlobType, bytes]


def reader_of(repository: Repository, index: Callable[[], BlobIndex]) -> BlobReader:
    """Return a reader by an index of one's own, which does not change under one's feet."""
    return BlobReader(repository.store, repository.key, repository.zstd, index, lambda: False)


def tree_loader(blobs: BlobReader) -> LoadTree:
    """Return a function that reads trees by a reader of single blobs."""
    return lambda tree_id: decode_tree(blobs.load(BlobType.TREE, tree_id), tree_id)


def links_loader(blobs: BlobReader) -> LoadTree:
    """Return a function that reads of trees only what a walk needs."""
    return lambda tree_id: decode_links(blobs.load(BlobType.TREE, tree_id), tree_id)


@dataclass
class Reachability:
    """What was found on a walk over all trees.

    Attributes:
        marks: `REACHED` for every blob that a snapshot needs.
        missing: Blobs that are needed and that no index file names.
        unreadable: Trees that could not be read, and why.
        inconsistent: Trees that can be read and state what cannot be, and what that is.
        trees: How many trees were read.
    """

    marks: IndexMarks
    missing: set[BlobKey] = field(default_factory=set)
    unreadable: dict[bytes, str] = field(default_factory=dict)
    inconsistent: dict[bytes, str] = field(default_factory=dict)
    trees: int = 0


def find_reachable(
    index: BlobIndex,
    roots: Iterable[bytes],
    load_tree: LoadTree,
    *,
    on_tree: Callable[[int], None],
    cancel: CancellationToken,
) -> Reachability:
    """Walk all trees below `roots` and mark every blob that they need. Collects what is wrong.

    Args:
        load_tree: Reads a tree of the same index.
        on_tree: Called with the number of trees read so far.
    """
    found = Reachability(IndexMarks(index))
    trees = found.marks[BlobType.TREE]
    stack = list(roots)
    while stack:
        cancel.raise_if_cancelled()
        tree_id = stack.pop()
        new = trees.add(tree_id, REACHED)
        if new is None:
            found.missing.add((BlobType.TREE, tree_id))
        if not new:
            continue
        try:
            nodes = load_tree(tree_id)
        except (RepositoryDamaged, StoreError) as error:
            found.unreadable[tree_id] = error.message
            continue
        found.trees += 1
        on_tree(found.trees)
        for node in nodes:
            if node.type is NodeType.FILE:
                _mark_content(index, node, tree_id, found)
            elif node.type is NodeType.DIR:
                if node.subtree is None:
                    found.inconsistent[tree_id] = f"directory {node.name!r} names no tree"
                else:
                    stack.append(node.subtree)
    return found


def _mark_content(index: BlobIndex, node: Node, tree_id: bytes, found: Reachability) -> None:
    data = found.marks[BlobType.DATA]
    size = 0
    complete = True
    for blob_id in node.blob_ids():
        if data.add(blob_id, REACHED) is None:
            found.missing.add((BlobType.DATA, blob_id))
            complete = False
            continue
        location = index.lookup(BlobType.DATA, blob_id)
        size += location.plain_length if location else 0
    if complete and size != node.size:
        found.inconsistent[tree_id] = (
            f"file {node.name!r} has {node.size} bytes, its blobs have {size}"
        )


def find_touched(
    index: BlobIndex,
    roots: Iterable[tuple[str, bytes]],
    load_tree: LoadTree,
    damaged: Mapping[BlobKey, int],
    *,
    cancel: CancellationToken,
) -> dict[int, list[str]]:
    """Say which backups need which damaged blobs.

    Args:
        roots: Label and root tree of each backup.
        damaged: Blobs that cannot be read, each with a bit mask of the findings it belongs to.

    Returns:
        For each finding (number of its bit) the labels of the backups that it touches.
    """
    judge = _Judge(index, load_tree, damaged, cancel)
    touched: dict[int, list[str]] = {}
    for label, root in roots:
        mask = judge.mask_of(root)
        while mask:
            bit = mask & -mask
            touched.setdefault(bit.bit_length() - 1, []).append(label)
            mask ^= bit
    return touched


@dataclass
class _Frame:
    tree_id: bytes
    mask: int
    subtrees: list[bytes]


class _Judge:
    """Computes for each tree which findings touch it; each tree is read once."""

    def __init__(
        self,
        index: BlobIndex,
        load_tree: LoadTree,
        damaged: Mapping[BlobKey, int],
        cancel: CancellationToken,
    ) -> None:
        self._load_tree = load_tree
        self._damaged = damaged
        self._cancel = cancel
        # Most trees are sound: those are only marked; the others are remembered with why.
        self._judged = IndexMarks(index)[BlobType.TREE]
        self._touched: dict[bytes, int] = {}

    def mask_of(self, root: bytes) -> int:
        if not self._known(root):
            self._judge(root)
        return self._touched.get(root, 0)

    def _known(self, tree_id: bytes) -> bool:
        return tree_id in self._touched or self._judged.has(tree_id, _JUDGED)

    def _judge(self, root: bytes) -> None:
        stack = [self._frame(root)]
        while stack:
            frame = stack[-1]
            if frame.subtrees:
                subtree = frame.subtrees.pop()
                if not self._known(subtree):
                    frame.subtrees.append(subtree)  # comes again when it is judged
                    stack.append(self._frame(subtree))
                else:
                    frame.mask |= self._touched.get(subtree, 0)
                continue
            stack.pop()
            if frame.mask or self._judged.add(frame.tree_id, _JUDGED) is None:
                self._touched[frame.tree_id] = frame.mask

    def _frame(self, tree_id: bytes) -> _Frame:
        self._cancel.raise_if_cancelled()
        mask = self._damaged.get((BlobType.TREE, tree_id), 0)
        try:
            nodes = self._load_tree(tree_id)
        except (RepositoryDamaged, StoreError):
            return _Frame(tree_id, mask, [])
        for node in nodes:
            for blob_id in node.blob_ids():
                mask |= self._damaged.get((BlobType.DATA, blob_id), 0)
        subtrees = [node.subtree for node in nodes if node.subtree is not None]
        return _Frame(tree_id, mask, subtrees)
