"""A snapshot seen as a tree of files: `models.tree.BackupTree` over a repository."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from typing import Final

from holdfast.errors import PathNotInBackup, RepositoryDamaged
from holdfast.models.manifest import MANIFEST_PATH, Manifest, decode_manifest
from holdfast.models.node import Node, NodeType
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.file_reading import FileReader
from holdfast.repository.snapshots import Snapshot
from holdfast.repository.timestamps import format_instant

_MAX_DEPTH: Final = 2048
"""Deepest tree that we walk: a path of Linux has at most 4096 bytes."""

_MAX_MANIFEST_BYTES: Final = 64 * 2**20
_CACHED_TREES: Final = 1024
_CACHED_NODES: Final = 20_000


class SnapshotTree:
    """The files of one snapshot. Safe to use from many threads.

    Args:
        load_tree: Returns the entries of a tree object by its id.
    """

    def __init__(
        self, snapshot: Snapshot, load_tree: Callable[[bytes], list[Node]], files: FileReader
    ) -> None:
        self.snapshot = snapshot
        self._load_tree = load_tree
        self._files = files
        self._manifest: Manifest | None = None
        self._trees: OrderedDict[bytes, dict[str, Node]] = OrderedDict()
        self._cached_nodes = 0
        self._guard = threading.Lock()

    @property
    def manifest(self) -> Manifest:
        """The backup's manifest; for a snapshot of another program, what is known of it.

        Raises:
            BackupTooNew: It is of a newer major version than we read.
            RepositoryDamaged: It cannot be read.
        """
        if self._manifest is None:
            self._manifest = self._read_manifest()
        return self._manifest

    def node(self, path: str) -> Node | None:
        """Return the entry at `path`, or None.

        Raises:
            RepositoryDamaged: A directory on the way cannot be read.
        """
        tree_id: bytes | None = self.snapshot.tree
        node: Node | None = None
        for name in _parts(path):
            if tree_id is None:
                return None
            node = self._entries(tree_id).get(name)
            if node is None:
                return None
            tree_id = node.subtree
        return node

    def children(self, path: str) -> Iterator[Node]:
        """Yield the entries of the directory at `path` (`""` is the root), by name.

        Raises:
            PathNotInBackup: There is no directory at `path`.
            RepositoryDamaged: A directory on the way cannot be read.
        """
        yield from self._entries(self._tree_at(path)).values()

    def walk(self, path: str, *, after: str = "") -> Iterator[tuple[str, Node]]:
        """Yield `(path, node)` of everything below `path`, directories before their content.

        Args:
            after: An entry below `path`, relative to it: begin with what comes after that one.
                What lies before is not walked again.

        Raises:
            PathNotInBackup: There is no directory at `path`, or no entry at `after`.
            RepositoryDamaged: A directory cannot be read, or lies deeper than any can.
        """
        stack = [("/".join(_parts(path)), iter(self._entries(self._tree_at(path)).values()))]
        for name in _parts(after):
            parent, nodes = stack[-1]
            node = next((each for each in nodes if each.name == name), None)
            if node is None:
                raise PathNotInBackup(f"The backup holds no {_join(parent, name)}")
            self._descend(stack, _join(parent, name), node)
        while stack:
            parent, nodes = stack[-1]
            node = next(nodes, None)
            if node is None:
                stack.pop()
                continue
            child = _join(parent, node.name)
            yield child, node
            self._descend(stack, child, node)

    def _descend(self, stack: list[tuple[str, Iterator[Node]]], path: str, node: Node) -> None:
        """Walk what is in a directory next; nothing else has anything in it."""
        if node.type is not NodeType.DIR:
            return
        if node.subtree is None:
            raise RepositoryDamaged(f"Directory {path} of the backup names no tree")
        if len(stack) >= _MAX_DEPTH:
            raise RepositoryDamaged(f"Directories of the backup lie deeper than {_MAX_DEPTH}")
        stack.append((path, iter(self._entries(node.subtree).values())))

    def read(self, path: str, *, start: int = 0) -> Generator[bytes, None, None]:
        """Yield the verified bytes of the file at `path` in pieces of about a mebibyte.

        Args:
            start: Where to begin [bytes]; what lies before is not read.

        Raises:
            PathNotInBackup: There is no file at `path`.
            RepositoryDamaged: Some of it is missing or damaged.
        """
        node = self._file_at(path)
        yield from self._files.read(node.content, node.size, where=path, start=start)

    def write_to(self, path: str, descriptor: int) -> None:
        """Write the verified bytes of the file at `path` into an empty open file.

        Threads write in any order; stretches of zeros are left as holes. When this raises,
        some right bytes may have been written, and never a wrong one.

        Raises:
            PathNotInBackup: There is no file at `path`.
            RepositoryDamaged: Some of it is missing or damaged.
            OSError: The file could not be written.
        """
        node = self._file_at(path)
        self._files.write_to(node.content, node.size, descriptor, where=path)

    def _file_at(self, path: str) -> Node:
        node = self.node(path)
        if node is None or node.type is not NodeType.FILE:
            raise PathNotInBackup(f"The backup holds no file {path}")
        return node

    def _tree_at(self, path: str) -> bytes:
        if not _parts(path):
            return self.snapshot.tree
        node = self.node(path)
        if node is None or node.type is not NodeType.DIR or node.subtree is None:
            raise PathNotInBackup(f"The backup holds no directory {path}")
        return node.subtree

    def _entries(self, tree_id: bytes) -> dict[str, Node]:
        with self._guard:
            entries = self._trees.get(tree_id)
            if entries is not None:
                self._trees.move_to_end(tree_id)
                return entries
        entries = {node.name: node for node in self._load_tree(tree_id)}
        with self._guard:
            if tree_id not in self._trees:
                self._trees[tree_id] = entries
                self._cached_nodes += len(entries)
            while len(self._trees) > 1 and (
                len(self._trees) > _CACHED_TREES or self._cached_nodes > _CACHED_NODES
            ):
                _, dropped = self._trees.popitem(last=False)
                self._cached_nodes -= len(dropped)
        return entries

    def _read_manifest(self) -> Manifest:
        node = self.node(MANIFEST_PATH)
        if node is None or node.type is not NodeType.FILE:
            return _synthesise(self.snapshot)
        if node.size > _MAX_MANIFEST_BYTES:
            raise RepositoryDamaged("The backup's manifest is too large to be one")
        try:
            return decode_manifest(b"".join(self.read(MANIFEST_PATH)))
        except INVALID_DOCUMENT as error:
            if self.snapshot.holdfast:
                raise RepositoryDamaged(f"The backup's manifest is damaged: {error}") from error
            return _synthesise(self.snapshot)  # some other program's manifest.json


def _join(parent: str, name: str) -> str:
    return f"{parent}/{name}" if parent else name


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part and part != "."]


def _synthesise(snapshot: Snapshot) -> Manifest:
    """Describe a snapshot that another program made, by what the snapshot says."""
    return Manifest(
        backup_id=snapshot.label or f"backup_{snapshot.time:%Y%m%d_%H%M%S}",
        created_at=format_instant(snapshot.time),
        backup_type="manual",
        trigger="manual_cli",
        description=snapshot.description,
        tags=snapshot.tags,
        holdfast_version="",
        hostname=snapshot.hostname,
        engines={"program": snapshot.program_version} if snapshot.program_version else {},
    )
