"""What only some backups need: how many bytes would be free without them."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.models.node import NodeType
from holdfast.models.progress import CancellationToken
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_loading import load_index_files
from holdfast.repository.layout import BlobType
from holdfast.repository.marks import IndexMarks
from holdfast.repository.reachability import REACHED, LoadTree, links_loader, reader_of
from holdfast.repository.repository import Repository


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
