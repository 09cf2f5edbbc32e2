"""Giving restored entries the metadata that their nodes tell."""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import dataclass, field

from holdfast.models.node import Node, NodeType
from holdfast.sources.directory.attributes import CAPABILITIES, readable, write_attributes
from holdfast.sources.directory.beneath import Beneath

_SET_IDS = 0o6000


@dataclass(slots=True, kw_only=True)
class MetadataWriter:
    """Sets owner (as root only, by number), mode, extended attributes and times, in that order.

    Safe to use from several threads.

    A node without a modification time (0) leaves the times as they are.

    Attributes:
        strip_setuid: Leave out what lends privileges to whoever runs a file: set-uid and
            set-gid of files, and file capabilities. Set-gid of a directory only hands down
            its group, and stays.
        refused: What was left out or could not be set, by name, with its number.
    """

    strip_setuid: bool = True
    refused: Counter[str] = field(default_factory=Counter)
    _root: bool = field(default_factory=lambda: os.geteuid() == 0)
    _attributes: bool = field(default_factory=readable)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def mode(self, node: Node) -> int:
        """Return the permission bits that a restored entry gets."""
        mode = node.mode & 0o7777
        foreign = not self._root and node.uid != os.geteuid()
        if node.type is not NodeType.DIR and (self.strip_setuid or foreign):
            mode &= ~_SET_IDS
        return mode

    def write_open(self, descriptor: int, node: Node) -> None:
        """Set the metadata of an open file or directory."""
        if self._root:
            os.fchown(descriptor, node.uid, node.gid)
        os.fchmod(descriptor, self.mode(node))
        self._count_stripped(node)
        self._write_attributes(descriptor, node)
        if node.mtime_ns:
            os.utime(descriptor, ns=_times(node))

    def write_named(self, tree: Beneath, path: str, node: Node) -> None:
        """Set the metadata of a link, FIFO or device, which cannot be opened for it."""
        directory, name = tree.parent(path)
        if self._root:
            os.chown(name, node.uid, node.gid, dir_fd=directory, follow_symlinks=False)
        if node.type is not NodeType.SYMLINK:
            # The entry is ours, in a directory that only we may write: it is no link.
            os.chmod(name, self.mode(node), dir_fd=directory)
            self._count_stripped(node)
        if self._attributes:
            self._write_attributes(tree.link_path(path), node)
        if node.mtime_ns:
            os.utime(name, ns=_times(node), dir_fd=directory, follow_symlinks=False)

    def _count_stripped(self, node: Node) -> None:
        if node.mode & _SET_IDS & ~self.mode(node):
            with self._counting:
                self.refused["set-uid or set-gid bit"] += 1

    def _write_attributes(self, target: int | str, node: Node) -> None:
        wanted = dict(node.extended_attributes)
        refused: list[str] = []
        if self.strip_setuid and wanted.pop(CAPABILITIES, None) is not None:
            refused.append(CAPABILITIES)
        if wanted and self._attributes:
            refused += write_attributes(target, list(wanted.items()))
        else:
            refused += wanted
        if not refused:
            return
        with self._counting:
            self.refused.update(refused)


def _times(node: Node) -> tuple[int, int]:
    return node.atime_ns or node.mtime_ns, node.mtime_ns
