"""What must be restorable: remembered when it was stored, compared after all that went wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.models.node import NodeType
from holdfast.models.tree import BackupTree

if TYPE_CHECKING:
    from holdfast.repository import Repository
    from tests.rig.restic import Restic

Expected = Mapping[str, str]
"""Path -> SHA-256 of a file, `-> target` of a link, `directory`."""


def expected_of(tree: BackupTree) -> Expected:
    """Read a whole backup and say what is in it."""
    return {
        path: _fingerprint(node.type, node.link_target, tree.read(path))
        for path, node in tree.walk("")
    }


def expected_of_directory(root: Path) -> Expected:
    """Read a directory and say what is in it."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            kind, target = NodeType.SYMLINK, str(path.readlink())
        else:
            kind, target = (NodeType.DIR if path.is_dir() else NodeType.FILE), ""
        pieces = [path.read_bytes()] if kind is NodeType.FILE else []
        found[str(path.relative_to(root))] = _fingerprint(kind, target, pieces)
    return found


def expected_of_files(files: Mapping[str, bytes]) -> Expected:
    """Say what a backup of these files, by path, must hold."""
    expected = {path: _fingerprint(NodeType.FILE, "", [content]) for path, content in files.items()}
    for path in files:
        for parent in Path(path).parents:
            if str(parent) != ".":
                expected[str(parent)] = "directory"
    return expected


def _fingerprint(kind: NodeType, target: str, content: Iterable[bytes]) -> str:
    if kind is NodeType.DIR:
        return "directory"
    if kind is NodeType.SYMLINK:
        return f"-> {target}"
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


@dataclass
class Oracle:
    """The snapshots that must be restorable, by id, each with what it must hold."""

    snapshots: dict[str, Expected] = field(default_factory=dict)

    def add(self, snapshot_id: str, expected: Expected) -> None:
        """Remember a snapshot that was reported as stored."""
        self.snapshots[snapshot_id] = expected

    def forget(self, snapshot_id: str) -> None:
        """No longer demand a snapshot: it was removed on purpose."""
        del self.snapshots[snapshot_id]

    def assert_restorable(self, repository: Repository) -> None:
        """Read every remembered snapshot with our reader and compare all of it."""
        stored = {snapshot.id: snapshot for snapshot in repository.list_snapshots()}
        missing = self.snapshots.keys() - stored.keys()
        assert not missing, f"snapshots are gone: {sorted(missing)}"
        for snapshot_id, expected in self.snapshots.items():
            assert expected_of(repository.tree(stored[snapshot_id])) == expected

    def assert_restic_restores(self, restic: Restic, scratch: Path) -> None:
        """Restore every remembered snapshot with the real restic and compare all of it."""
        for snapshot_id, expected in self.snapshots.items():
            target = scratch / snapshot_id
            restic.restore(snapshot_id, target)
            assert expected_of_directory(target) == expected
