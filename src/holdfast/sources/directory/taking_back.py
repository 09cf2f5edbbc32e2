"""Taking away again what a restore put where nothing had been, and nothing else."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.sources.directory.beneath import Beneath, join
from holdfast.sources.directory.mounts import mount_points
from holdfast.sources.directory.nodes import node_type

Identity = tuple[int, int]
"""`(st_dev, st_ino)` of a directory."""


def identity_at(path: Path) -> Identity | None:
    """Return what directory a path leads to, through links; None if it leads to none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingBack:
    """What is known of a directory that a restore made.

    Attributes:
        identity: Of the directory that was made; nothing is touched in any other.
        root: Its path in both backups.
        restored: The backup that was restored: what it does not hold was not put there by it.
        saved: A backup made just now: what is not as it was then is not saved, so it stays.
    """

    identity: Identity
    root: str
    restored: BackupTree
    saved: BackupTree

    def remove(self, path: Path) -> int:
        """Remove what is as it was put, and the directories that are empty then.

        No link is followed below `path`, and no mount point is entered or removed.

        Returns:
            How many entries that are no directories are left; a mount point, an unreadable
            directory and an empty one that the backups do not hold count as one.

        Raises:
            OSError: The directory cannot be read, or is another than the one that was made.
        """
        real = Path(os.path.realpath(path))
        with Beneath.open(real) as tree:
            status = tree.lstat("")
            if (status.st_dev, status.st_ino) != self.identity:
                raise FileNotFoundError(f"another directory stands at {path}")
            left = _Emptying(self, tree, str(real)).run()
        if not left:
            real.rmdir()
        return left

    def children(self, directory: str) -> dict[str, tuple[Node, Node]]:
        """Return what both backups hold in a directory: as restored, and as saved."""
        path = f"{self.root}/{directory}" if directory else self.root
        saved = {node.name: node for node in self.saved.children(path)}
        return {
            node.name: (node, saved[node.name])
            for node in self.restored.children(path)
            if node.name in saved
        }


class _Emptying:
    def __init__(self, known: TakingBack, tree: Beneath, real: str) -> None:
        self._known = known
        self._tree = tree
        self._real = real
        self._mounts = mount_points()
        self._left = 0
        self._ours: list[str] = []
        """Directories that both backups hold, each after the one that it is in."""

    def run(self) -> int:
        pending: list[tuple[str, bool]] = [("", True)]
        while pending:
            directory, ours = pending.pop()
            known = self._known.children(directory) if ours else {}
            try:
                names = self._tree.names(directory)
            except OSError:
                self._left += 1
                continue
            self._left += not names and not ours
            for name in names:
                below = self._take(join(directory, name), known.get(name))
                if below is not None:
                    pending.append(below)
        for directory in reversed(self._ours):
            # One that is not empty holds what was counted as left.
            with contextlib.suppress(OSError):
                parent, name = self._tree.parent(directory)
                os.rmdir(name, dir_fd=parent)
        return self._left

    def _take(self, path: str, nodes: tuple[Node, Node] | None) -> tuple[str, bool] | None:
        """Remove an entry that may go; return a directory to look into instead."""
        status = self._tree.find(path)
        if status is None:
            return None
        if stat.S_ISDIR(status.st_mode) and not self._is_mounted(path, status):
            ours = nodes is not None and all(node.type is NodeType.DIR for node in nodes)
            if ours:
                self._ours.append(path)
            return path, ours
        try:
            if nodes is None or not _is_as_put(status, *nodes):
                self._left += 1
            else:
                parent, name = self._tree.parent(path)
                os.unlink(name, dir_fd=parent)
        except OSError:
            self._left += 1
        return None

    def _is_mounted(self, path: str, status: os.stat_result) -> bool:
        return status.st_dev != self._known.identity[0] or f"{self._real}/{path}" in self._mounts


def _is_as_put(status: os.stat_result, restored: Node, saved: Node) -> bool:
    """Return whether an entry is the one that was saved, and that is what was restored."""
    kind = node_type(status)
    if not kind is restored.type is saved.type or restored.link_target != saved.link_target:
        return False
    if kind is NodeType.FILE and (
        (status.st_size, status.st_mtime_ns) != (restored.size, restored.mtime_ns)
        or status.st_size != saved.size
    ):
        return False
    return (
        (status.st_ino, status.st_mtime_ns) == (saved.inode, saved.mtime_ns)
        # Removing one name of a file changes the time of change of its others.
        and (status.st_ctime_ns == saved.ctime_ns or saved.links > 1)
    )
