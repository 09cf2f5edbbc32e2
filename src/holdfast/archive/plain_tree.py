"""A backup in the plain layout as a tree of files, laid out as Holdfast's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

from holdfast.archive.central import Located, time_of
from holdfast.archive.content import read_member
from holdfast.archive.plain import PLAIN_DATABASE, PLAIN_THUMBNAILS, THUMBNAILS_ROOT
from holdfast.archive.plain_reader import PlainBackup
from holdfast.errors import PathNotInBackup
from holdfast.models.manifest import DATABASE_DIR, FILES_DIR, SETTINGS_PATH, Manifest
from holdfast.models.node import Node, NodeType

_FILE_MODE, _DIRECTORY_MODE = 0o600, 0o700


class PlainTree:
    """Implements `BackupTree`; usable as long as the backup is open.

    Args:
        manifest: Names the database's path, and the thumbnails if the tree shall have them.
        settings: The bytes of `settings.json`, as Holdfast writes them.
    """

    def __init__(self, backup: PlainBackup, manifest: Manifest, settings: bytes) -> None:
        self._backup = backup
        self._manifest = manifest
        self._settings = settings
        kinds = {each.kind: root for root, each in manifest.contents.items()}
        self._database = kinds["sqlite"]
        self._thumbnails = THUMBNAILS_ROOT if THUMBNAILS_ROOT in manifest.contents else None
        self._created_ns = int(backup.created_at.timestamp()) * 10**9

    @property
    def manifest(self) -> Manifest:
        """The backup's manifest."""
        return self._manifest

    def node(self, path: str) -> Node | None:
        """Return the entry at `path`, or None."""
        name = path.rpartition("/")[2]
        if path == SETTINGS_PATH:
            return self._made(name, NodeType.FILE, size=len(self._settings))
        if path == DATABASE_DIR or (path == FILES_DIR and self._thumbnails):
            return self._made(name, NodeType.DIR)
        index = self._index(path)
        return None if index is None else self._stored(name, self._backup.directory[index])

    def children(self, path: str) -> Iterator[Node]:
        """Yield the entries of the directory at `path` (`""` is the root), by name."""
        for below in self._names(path):
            node = self.node(f"{path}/{below}" if path else below)
            if node is not None:
                yield node

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """Yield `(path, node)` of everything below `path`, directories before their content."""
        for node in self.children(path):
            below = f"{path}/{node.name}" if path else node.name
            yield below, node
            if node.type is NodeType.DIR:
                yield from self.walk(below)

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file at `path`, proven when the iterator ends.

        Raises:
            PathNotInBackup: There is no such file.
            ArchiveDamaged: They are not as the archive says.
        """
        if path == SETTINGS_PATH:
            return iter([self._settings])
        index = self._index(path)
        if index is None or self._backup.directory[index].is_directory:
            raise PathNotInBackup(f"The backup holds no file {path}")
        return read_member(self._backup.file, self._backup.directory, index, digest=None)

    def write_to(self, path: str, descriptor: int) -> None:
        """Write the bytes of the file at `path` into an empty open file, from offset 0."""
        offset = 0
        for piece in self.read(path):
            view = memoryview(piece)
            while view:
                written = os.pwrite(descriptor, view, offset)
                offset, view = offset + written, view[written:]

    def _index(self, path: str) -> int | None:
        """Return where the archive holds what the tree has at `path`."""
        if path == self._database:
            return self._backup.directory.find(PLAIN_DATABASE.encode())
        if self._thumbnails and path.startswith(THUMBNAILS_ROOT):
            rest = path.removeprefix(THUMBNAILS_ROOT)
            if not rest or rest.startswith("/"):
                name = f"{PLAIN_THUMBNAILS}{rest}".encode("utf-8", "surrogateescape")
                return self._backup.directory.find(name)
        return None

    def _names(self, path: str) -> list[str] | Iterator[str]:
        if path == "":
            files = [FILES_DIR] if self._thumbnails else []
            return [DATABASE_DIR, *files, SETTINGS_PATH]
        if path == DATABASE_DIR:
            return [self._database.rpartition("/")[2]]
        if path == FILES_DIR:
            return [PLAIN_THUMBNAILS] if self._thumbnails else []
        return self._below(path)

    def _below(self, path: str) -> Iterator[str]:
        directory, index = self._backup.directory, self._index(path)
        if index is None or not directory[index].is_directory:
            raise PathNotInBackup(f"The backup holds no directory {path}")
        end = directory.end_of_subtree(directory.path(index))
        index += 1
        while index < end:
            stored = directory.path(index)
            yield stored.rpartition(b"/")[2].decode()
            is_directory = directory[index].is_directory
            index = directory.end_of_subtree(stored) if is_directory else index + 1

    def _stored(self, name: str, member: Located) -> Node:
        kind = NodeType.DIR if member.is_directory else NodeType.FILE
        said_s = time_of(member)
        mtime_ns = self._created_ns if said_s is None else said_s * 10**9
        return self._made(name, kind, member.size, member.mode & 0o777, mtime_ns)

    def _made(
        self,
        name: str,
        kind: NodeType,
        size: int = 0,
        mode: int = 0,
        mtime_ns: int | None = None,
    ) -> Node:
        is_directory = kind is NodeType.DIR
        at_ns = self._created_ns if mtime_ns is None else mtime_ns
        return Node(
            name=name,
            type=kind,
            mode=mode or (_DIRECTORY_MODE if is_directory else _FILE_MODE),
            mtime_ns=at_ns,
            atime_ns=at_ns,
            ctime_ns=at_ns,
            uid=os.geteuid(),
            gid=os.getegid(),
            size=size,
            links=0 if is_directory else 1,
        )
