"""What backups share, what only some of them need, and what none of them does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.models.node import NodeType
from holdfast.models.progress import CancellationToken
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_loading import HEADER_BYTES, entry_bytes, load_index_files
from holdfast.repository.layout import BlobType
from holdfast.repository.marks import IndexMarks
from holdfast.repository.reachability import REACHED, LoadTree, links_loader, reader_of
from holdfast.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class Sharing:
    """What backups refer to, in stored bytes.

    Attributes:
        referred: Content of files, counted as often as a backup refers to it.
        distinct: The same, each piece of it counted once.
        needed: All that the backups need of the packs, with directories and headers.
    """

    referred: int
    distinct: int
    needed: int


def measure_sharing(
    repository: Repository, roots: Iterable[bytes], *, cancel: CancellationToken | None = None
) -> Sharing:
    """Measure what the trees below `roots` share, within each and with each other.

    Raises:
        RepositoryDamaged: A tree cannot be read.
        StoreError: The store could not be read.
    """
    index = load_index_files(repository.objects, BlobIndex())
    load_tree = links_loader(reader_of(repository, lambda: index))
    walk = _Walk(index, load_tree, cancel or CancellationToken())
    referred = sum(walk.referred(root) for root in roots)
    headers = HEADER_BYTES * len(index.packs())
    return Sharing(referred, walk.distinct, walk.needed + headers)


@dataclass
class _Walk:
    """Reads every tree once, and remembers how much content is below it."""

    index: BlobIndex
    load_tree: LoadTree
    cancel: CancellationToken
    distinct: int = 0
    needed: int = 0
    _marks: IndexMarks = field(init=False)
    _below: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._marks = IndexMarks(self.index)

    def referred(self, root: bytes) -> int:
        """Return how much content is below a tree, each piece as often as it is there."""
        # A tree is left when all below it are known: paths may be deeper than Python's stack.
        open_trees: list[tuple[bytes, int, list[bytes]]] = []
        stack = [root]
        while stack:
            tree_id = stack.pop()
            if tree_id in self._below:
                continue
            if open_trees and open_trees[-1][0] == tree_id:
                _, own, children = open_trees.pop()
                self._below[tree_id] = own + sum(self._below[each] for each in children)
                continue
            own, children = self._read(tree_id)
            open_trees.append((tree_id, own, children))
            stack += [tree_id, *children]
        return self._below[root]

    def _read(self, tree_id: bytes) -> tuple[int, list[bytes]]:
        """Return the content of the files of a tree, and the trees that it names."""
        self.cancel.raise_if_cancelled()
        self._note(BlobType.TREE, tree_id)
        own, children = 0, []
        for node in self.load_tree(tree_id):
            if node.type is NodeType.DIR and node.subtree is not None:
                children.append(node.subtree)
            elif node.type is NodeType.FILE:
                own += sum(self._note(BlobType.DATA, blob_id) for blob_id in node.blob_ids())
        return own, children

    def _note(self, blob_type: BlobType, blob_id: bytes) -> int:
        """Return the length of a blob, which counts as needed once."""
        found = self.index.lookup(blob_type, blob_id)
        if found is None:
            return 0
        if self._marks[blob_type].add(blob_id, REACHED):
            self.needed += found.length + entry_bytes(found.uncompressed_length)
            self.distinct += found.length if blob_type is BlobType.DATA else 0
        return found.length


def measure_unshared(
    repository: Repository,
    going: Iterable[bytes],
    staying: Iterable[bytes],
    *,
    cancel: CancellationToken | None = None,
) -> int:
    """Return how many stored bytes are needed by `going` (root trees) and not by `staying`.

    A prune frees about as much: it leaves a little unused room in packs, and makes up for that
    of earlier ones.

    Raises:
        RepositoryDamaged: A tree cannot be read.
        StoreError: The store could not be read.
    """
    index = load_index_files(repository.objects, BlobIndex())
    marks = IndexMarks(index)
    load_tree = links_loader(reader_of(repository, lambda: index))
    token = cancel or CancellationToken()
    _reach(index, marks, staying, load_tree, token)
    return _reach(index, marks, going, load_tree, token)


def _reach(
    index: BlobIndex,
    marks: IndexMarks,
    roots: Iterable[bytes],
    load_tree: LoadTree,
    cancel: CancellationToken,
) -> int:
    """Mark all that roots need; return how many bytes of it were not marked before."""
    size = 0
    stack = list(roots)
    while stack:
        cancel.raise_if_cancelled()
        tree_id = stack.pop()
        if not marks[BlobType.TREE].add(tree_id, REACHED):
            continue
        size += _length(index, BlobType.TREE, tree_id)
        for node in load_tree(tree_id):
            if node.type is NodeType.DIR and node.subtree is not None:
                stack.append(node.subtree)
            elif node.type is NodeType.FILE:
                size += sum(
                    _length(index, BlobType.DATA, blob_id)
                    for blob_id in node.blob_ids()
                    if marks[BlobType.DATA].add(blob_id, REACHED)
                )
    return size


def _length(index: BlobIndex, blob_type: BlobType, blob_id: bytes) -> int:
    found = index.lookup(blob_type, blob_id)
    return found.length if found else 0
