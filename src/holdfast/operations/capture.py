"""Joins a source to the repository: entries in, tree objects out.

Directories are stored bottom-up as soon as they are complete, so memory is bounded by the
largest directory on the path, not by the number of files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import msgspec

from holdfast.errors import RepositoryDamaged
from holdfast.models.manifest import Problem
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.models.tree import BackupTree
from holdfast.repository import PendingFile, Repository, RepositoryWriter, SavedFile
from holdfast.sources.base import Entry


@dataclass(slots=True)
class CaptureTotals:
    """What was captured so far; sizes in bytes."""

    files: int = 0
    size: int = 0
    compressed_size: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _OpenDirectory:
    path: str
    node: Node
    children: list[Node | tuple[Entry, PendingFile]] = field(default_factory=list)


class TreeBuilder:
    """Stores one source's entries and builds its subtree.

    Args:
        previous: The parent backup's tree; files that did not change since are not read again.
        settled_before_ns: Files changed later than this are read again even if they look the
            same: a file written twice in one tick of the file system's clock shows no change.
        on_bytes: Told of each number of bytes that were read or skipped as unchanged.
    """

    def __init__(
        self,
        repository: Repository,
        writer: RepositoryWriter,
        *,
        previous: BackupTree | None,
        settled_before_ns: int,
        unchanged: bool,
        on_bytes: Callable[[int], None],
        cancel: CancellationToken,
    ) -> None:
        self.totals = CaptureTotals()
        self.saved: SavedFile | None = None
        self._repository = repository
        self._writer = writer
        self._previous = previous
        self._settled_before_ns = settled_before_ns
        self._unchanged = unchanged
        self._on_bytes = on_bytes
        self._cancel = cancel
        self._stack: list[_OpenDirectory] = []
        self._root: Node | None = None

    def add(self, entry: Entry) -> None:
        """Store one entry; directories come before what they contain."""
        self._cancel.raise_if_cancelled()
        self._close_until(str(PurePosixPath(entry.path).parent))
        if entry.node.type is NodeType.DIR:
            self._stack.append(_OpenDirectory(entry.path, entry.node))
        elif entry.node.type is NodeType.FILE:
            self._add_file(entry)
        else:
            self._attach(entry.node)

    def finish(self) -> Node | None:
        """Return the node of the source's root, or None if nothing of it could be captured."""
        self._close_until(None)
        return self._root

    def _add_file(self, entry: Entry) -> None:
        known = self._known_content(entry)
        if known is not None:
            self._count(known.size, self._stored_length(known))
            self._on_bytes(known.size)
            self._attach(msgspec.structs.replace(entry.node, content=known.content))
            return
        try:
            self._read_file(entry)
        except OSError as error:
            self._report(entry, error)

    def _read_file(self, entry: Entry) -> None:
        if entry.open is None:
            raise OSError("it cannot be opened")
        with entry.open() as stream:
            pending = self._writer.submit_file(
                stream,
                size_hint=entry.node.size,
                page_size=entry.page_size,
                rows=entry.rows,
                previous=self._previous_content(entry),
                on_bytes=self._on_bytes,
            )
        if self._stack:
            self._stack[-1].children.append((entry, pending))
        else:
            self._root = self._resolve(entry, pending)

    def _resolve(self, entry: Entry, pending: PendingFile) -> Node:
        saved = pending.result()
        self.saved = saved
        self._count(saved.size, saved.stored_total)
        return msgspec.structs.replace(entry.node, content=saved.content, size=saved.size)

    def _known_content(self, entry: Entry) -> Node | None:
        """Return the parent's node if the file is certainly the same and still stored whole."""
        node = self._previous_node(entry.path)
        if node is None or node.type is not NodeType.FILE:
            return None
        database = entry.page_size or entry.rows  # whose times and sizes say nothing
        if not self._unchanged and (database or not self._is_same(node, entry.node)):
            return None
        return node if self._repository.index.stored_length(node.content) is not None else None

    def _is_same(self, old: Node, new: Node) -> bool:
        """Judge as restic does: same size, times and inode mean the same content."""
        return (
            old.size == new.size
            and old.mtime_ns == new.mtime_ns
            and old.ctime_ns == new.ctime_ns
            and old.inode == new.inode
            and max(new.mtime_ns, new.ctime_ns) < self._settled_before_ns
        )

    def _stored_length(self, node: Node) -> int:
        return self._repository.index.stored_length(node.content) or 0

    def _previous_content(self, entry: Entry) -> bytes:
        node = self._previous_node(entry.path) if entry.page_size or entry.rows else None
        return node.content if node is not None and node.type is NodeType.FILE else b""

    def _previous_node(self, path: str) -> Node | None:
        if self._previous is None:
            return None
        try:
            return self._previous.node(path)
        except RepositoryDamaged:
            # A parent that cannot be read is no parent: the file is read and stored anew.
            return None

    def _attach(self, node: Node) -> None:
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self._root = node

    def _close_until(self, parent: str | None) -> None:
        while self._stack and self._stack[-1].path != parent:
            closed = self._stack.pop()
            nodes = [
                child if isinstance(child, Node) else self._resolve(*child)
                for child in closed.children
            ]
            subtree = self._writer.save_tree(nodes)
            self._attach(msgspec.structs.replace(closed.node, subtree=subtree))

    def _count(self, size: int, compressed: int) -> None:
        self.totals.files += 1
        self.totals.size += size
        self.totals.compressed_size += compressed

    def _report(self, entry: Entry, error: OSError) -> None:
        reason = error.strerror or str(error)
        self.totals.problems.append(Problem(path=entry.path, reason=reason))
