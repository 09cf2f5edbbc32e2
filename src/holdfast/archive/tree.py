"""An archive that passed every check, as a backup's tree of files."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator

from holdfast.archive.content import read_member
from holdfast.archive.directory import Directory
from holdfast.archive.file import ArchiveFile
from holdfast.archive.inventory import Inventory, Link
from holdfast.archive.names import RESTORE_PATH
from holdfast.errors import PathNotInBackup
from holdfast.models.manifest import MANIFEST_PATH, Manifest
from holdfast.models.node import Node, NodeType

_OWN = (RESTORE_PATH.encode(), MANIFEST_PATH.encode())
_ESCAPE = "surrogateescape"


class ArchiveTree:
    """Implements `BackupTree`. Paths are the true ones, however the archive stores them.

    `manifest.json` and `RESTORE.txt` themselves are not entries of the tree. An archive keeps
    no owners, so everything belongs to the user who runs this process. Safe to use from
    several threads; usable until `open_archive` is left.
    """

    def __init__(self, file: ArchiveFile, directory: Directory, inventory: Inventory) -> None:
        self._file = file
        self._directory = directory
        self._inventory = inventory
        self._uid = os.geteuid()
        self._gid = os.getegid()

    @property
    def manifest(self) -> Manifest:
        """The backup's manifest as in a snapshot, without the lists that only archives have."""
        return self._inventory.manifest

    @property
    def total_bytes(self) -> int:
        """Sum of the sizes of all files in the archive [bytes]."""
        return self._directory.total_bytes

    def node(self, path: str) -> Node | None:
        """Return the entry at `path`, or None."""
        parent_path, _, name = path.rpartition("/")
        parent = self._stored_directory(parent_path)
        raw = name.encode("utf-8", _ESCAPE)
        if parent is None or not raw or path.startswith("/"):
            return None
        link = self._inventory.links(parent).get(raw)
        if link is not None:
            return self._link(raw, link)
        index = self._inventory.stored_as(parent, raw)
        if index is None or self._directory.path(index) in _OWN:
            return None
        return self._node(index, raw)

    def children(self, path: str) -> Iterator[Node]:
        """Yield the entries of the directory at `path` (`""` is the root), by name.

        Raises:
            PathNotInBackup: There is no such directory.
        """
        return self._children(self._required_directory(path))

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """Yield `(path, node)` of everything below `path`, directories before their content.

        Raises:
            PathNotInBackup: There is no such directory.
        """
        stack = [(path, self.children(path))]
        while stack:
            parent, nodes = stack[-1]
            node = next(nodes, None)
            if node is None:
                stack.pop()
                continue
            below = f"{parent}/{node.name}" if parent else node.name
            yield below, node
            if node.type is NodeType.DIR:
                stack.append((below, self.children(below)))

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file at `path`, proven when the iterator ends.

        Raises:
            PathNotInBackup: There is no such file.
            ArchiveDamaged: They are not as they were when the archive was opened.
        """
        index = self._required_file(path)
        digest = self._inventory.facts(index).digest
        return read_member(self._file, self._directory, index, digest=digest)

    def write_to(self, path: str, descriptor: int) -> None:
        """Write the bytes of the file at `path` into an empty open file, from offset 0.

        Raises:
            PathNotInBackup: There is no such file.
            ArchiveDamaged: As `read`; what was written is not to be used.
        """
        offset = 0
        for piece in self.read(path):
            view = memoryview(piece)
            while view:
                written = os.pwrite(descriptor, view, offset)
                offset += written
                view = view[written:]

    def _children(self, stored: bytes) -> Iterator[Node]:
        special: list[tuple[bytes, Node]] = [
            (raw, self._link(raw, link)) for raw, link in self._inventory.links(stored).items()
        ]
        special += [
            (raw, self._node(index, raw)) for raw, index in self._inventory.renamed(stored).items()
        ]
        special.sort(key=lambda pair: pair[0])
        for _, node in heapq.merge(self._plain(stored), special, key=lambda pair: pair[0]):
            yield node

    def _plain(self, stored: bytes) -> Iterator[tuple[bytes, Node]]:
        """Yield the members directly in the directory that have their true names."""
        end = self._directory.end_of_subtree(stored)
        start = self._directory.find(stored) if stored else -1
        if start is None:
            return
        found = []
        index = start + 1
        while index < end:
            path = self._directory.path(index)
            if path not in _OWN and index not in self._inventory.true_names:
                raw = path.rpartition(b"/")[2]
                if stored:
                    yield raw, self._node(index, raw)
                else:
                    found.append((raw, self._node(index, raw)))
            if self._directory[index].is_directory:
                index = self._directory.end_of_subtree(path)
            else:
                index += 1
        # The root alone is not in the order of names: settings.json comes before files.
        yield from sorted(found, key=lambda pair: pair[0])

    def _node(self, index: int, name: bytes) -> Node:
        member = self._directory[index]
        facts = self._inventory.facts(index)
        return Node(
            name=name.decode("utf-8", _ESCAPE),
            type=NodeType.DIR if member.is_directory else NodeType.FILE,
            mode=facts.mode,
            mtime_ns=facts.mtime_ns,
            atime_ns=facts.mtime_ns,
            ctime_ns=facts.mtime_ns,
            uid=self._uid,
            gid=self._gid,
            size=member.size,
            links=0 if member.is_directory else 1,
        )

    def _link(self, name: bytes, link: Link) -> Node:
        return Node(
            name=name.decode("utf-8", _ESCAPE),
            type=NodeType.SYMLINK,
            mode=0o777,
            mtime_ns=link.mtime_ns,
            atime_ns=link.mtime_ns,
            ctime_ns=link.mtime_ns,
            uid=self._uid,
            gid=self._gid,
            links=1,
            link_target=link.target.decode("utf-8", _ESCAPE),
        )

    def _stored_directory(self, path: str) -> bytes | None:
        """Return where the archive stores the directory at `path`, or None."""
        stored = b""
        for part in path.split("/") if path else ():
            raw = part.encode("utf-8", _ESCAPE)
            index = None if not raw else self._inventory.stored_as(stored, raw)
            if index is None or not self._directory[index].is_directory:
                return None
            stored = self._directory.path(index)
        return stored

    def _required_directory(self, path: str) -> bytes:
        stored = self._stored_directory(path)
        if stored is None:
            raise PathNotInBackup(
                f"The backup holds no directory {path}",
                hint="List what it holds with `holdfast show`.",
            )
        return stored

    def _required_file(self, path: str) -> int:
        node = self.node(path)
        parent_path, _, name = path.rpartition("/")
        parent = self._stored_directory(parent_path)
        if node is None or parent is None or node.type is not NodeType.FILE:
            raise PathNotInBackup(
                f"The backup holds no file {path}", hint="List what it holds with `holdfast show`."
            )
        index = self._inventory.stored_as(parent, name.encode("utf-8", _ESCAPE))
        if index is None:
            raise AssertionError(path)
        return index
