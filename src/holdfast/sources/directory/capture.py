"""Capturing a directory: a walk that yields every entry with its metadata.

Files are opened one by one, later, by whoever consumes the entries. The walk holds the
names of one directory at a time and, for each level above it, those of the directories
still to visit; a directory with a million entries therefore costs some 100 MB.
"""

from __future__ import annotations

import bisect
import errno
import functools
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from holdfast.models.manifest import Problem
from holdfast.models.node import Node, NodeType
from holdfast.sources.base import CaptureContext, CaptureFacts, Entry
from holdfast.sources.directory.apart import can_read_apart, open_apart
from holdfast.sources.directory.attributes import Attributes, read_attributes, readable
from holdfast.sources.directory.beneath import Beneath, display, join
from holdfast.sources.directory.nodes import Owners, describe, node_type
from holdfast.sources.directory.patterns import PathPatterns
from holdfast.sources.directory.reading import CheckedFile, open_regular
from holdfast.sources.directory.reserved import Reserved

CHANGED = "changed while it was read"
VANISHED = "vanished while the backup ran"

_DATABASE_SUFFIXES = (".db", ".db3", ".sqlite", ".sqlite3")
_DATABASE_COMPANIONS = ("-wal", "-journal")
_SHARED_MEMORY = "-shm"
_EXAMPLES = 5


def reason(error: OSError) -> str:
    """Return why an entry could not be taken, for people."""
    if error.errno == errno.ENOENT:
        return VANISHED
    return error.strerror or str(error)


class DirectoryCapture:
    """One walk over a directory. Files are opened later and may change until then."""

    def __init__(
        self,
        tree: Beneath,
        root: str,
        *,
        patterns: PathPatterns,
        reserved: Reserved,
        context: CaptureContext,
    ) -> None:
        self._tree = tree
        self._root = root
        self._patterns = patterns
        self._reserved = reserved
        self._context = context
        self._owners = Owners()
        self._attributes = readable()
        self._files = 0
        self._failed: set[str] = set()
        self._problems: dict[str, str] = {}
        self._left_out: list[str] = []
        self._sockets: list[str] = []
        self._databases: list[str] = []

    @property
    def unchanged(self) -> bool:
        """Return False: only a look at every file tells."""
        return False

    def entries(self) -> Iterator[Entry]:
        """Yield the directory itself, then everything in it, depth first."""
        pending = [""]
        while pending:
            path = pending.pop()
            try:
                status = os.fstat(self._tree.directory(path)) if path else self._tree.lstat("")
                names = self._tree.names(path)
            except OSError as error:
                self._report(path, reason(error))
                entry = self._unlisted(path)
                if entry is not None:
                    yield entry
                continue
            node = self._node(path, status)
            if node is not None:
                yield Entry(path=self._full(path), node=node)
            directories: list[str] = []
            yield from self._content(path, names, directories)
            pending.extend(reversed(directories))

    def facts(self) -> CaptureFacts:
        """Return the count of regular files taken, and what the walk and the reading met."""
        warnings = []
        if self._databases:
            shown = ", ".join(display(path) for path in self._databases[:_EXAMPLES])
            more = len(self._databases) - _EXAMPLES
            warnings.append(
                f"These look like SQLite databases and are captured as plain files: {shown}"
                + (f" and {more} more" if more > 0 else "")
                + ". Add each as a database source; a copied live SQLite file may be unusable."
            )
        if self._sockets:
            shown = ", ".join(display(path) for path in self._sockets[:_EXAMPLES])
            warnings.append(f"Sockets cannot be backed up and were left out: {shown}")
        if not self._attributes:
            warnings.append("Extended attributes were not captured: /proc is not mounted.")
        facts = {
            "include": list(self._patterns.include),
            "exclude": list(self._patterns.exclude),
            "left_out": [display(path) for path in self._left_out],
        }
        return CaptureFacts(
            count=self._files - len(self._failed),
            facts={key: value for key, value in facts.items() if value},
            problems=tuple(
                Problem(path=display(path), reason=why) for path, why in self._problems.items()
            ),
            warnings=tuple(warnings),
        )

    def _content(self, directory: str, names: list[str], found: list[str]) -> Iterator[Entry]:
        """Yield what a directory holds but for directories, which go into `found`."""
        for name in names:
            self._context.cancel.raise_if_cancelled()
            path = join(directory, name)
            try:
                status = self._tree.lstat(path)
            except OSError as error:
                if self._patterns.selects(path, is_directory=False):
                    self._report(path, reason(error))
                continue
            if not self._selects(path, status):
                continue
            if stat.S_ISDIR(status.st_mode):
                found.append(path)
                continue
            node = self._node(path, status)
            if node is None:
                continue
            if node.type is not NodeType.FILE:
                yield Entry(path=self._full(path), node=node)
                continue
            database = _looks_like_database(name, names)
            if database:
                self._databases.append(self._full(path))
            self._files += 1
            apart = database or name.endswith(_SHARED_MEMORY)
            opener = functools.partial(self._open, path, node, apart=apart)
            yield Entry(path=self._full(path), node=node, open=opener)

    def _selects(self, path: str, status: os.stat_result) -> bool:
        if self._reserved.has(path, status):
            self._left_out.append(path)
            return False
        # A socket is only a meeting point of running programs; restic leaves it out, too. A
        # restore must not remove it, so it is among what stays.
        if node_type(status) in {NodeType.SOCKET, NodeType.IRREGULAR}:
            self._left_out.append(path)
            self._sockets.append(path)
            return False
        return self._patterns.selects(path, is_directory=stat.S_ISDIR(status.st_mode))

    def _node(self, path: str, status: os.stat_result) -> Node | None:
        target = ""
        try:
            if stat.S_ISLNK(status.st_mode):
                target = self._tree.readlink(path)
            attributes: Attributes = ()
            if self._attributes:
                where = self._tree.link_path(path) if path else self._tree.directory()
                attributes = read_attributes(where)
        except OSError as error:
            self._report(path, reason(error))
            return None
        name = self._full(path).rpartition("/")[2]
        return describe(name, status, self._owners, link_target=target, attributes=attributes)

    def _unlisted(self, path: str) -> Entry | None:
        """Return the entry of a directory that cannot be listed: its metadata at least."""
        status = self._tree.find(path)
        if status is None or not stat.S_ISDIR(status.st_mode):
            return None
        node = self._node(path, status)
        return Entry(path=self._full(path), node=node) if node is not None else None

    def _open(self, path: str, node: Node, *, apart: bool) -> BinaryIO:
        on_change = functools.partial(self._report, path, CHANGED)
        on_error = functools.partial(self._failed.add, path)
        try:
            if apart and can_read_apart():
                return open_apart(self._tree, path, node, on_change=on_change, on_error=on_error)
            descriptor = open_regular(self._tree, path)
        except OSError:
            on_error()
            raise
        return CheckedFile(descriptor, node, on_change=on_change, on_error=on_error)

    def _report(self, path: str, why: str) -> None:
        self._problems[self._full(path)] = why

    def _full(self, path: str) -> str:
        return join(self._root, path) if path else self._root


def _looks_like_database(name: str, siblings: list[str]) -> bool:
    """Tell by names alone: to open the file and look would be harmful, see `apart`."""
    return name.lower().endswith(_DATABASE_SUFFIXES) or any(
        _has(siblings, name + companion) for companion in _DATABASE_COMPANIONS
    )


def _has(names: list[str], name: str) -> bool:
    """Search sorted names; a set of a million would cost another 40 MB."""
    place = bisect.bisect_left(names, name)
    return place < len(names) and names[place] == name
