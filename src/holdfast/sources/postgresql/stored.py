"""A database's dump in a backup, and what the manifest says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from holdfast.errors import PathNotInBackup
from holdfast.models.node import NodeType
from holdfast.models.tree import BackupTree

_KIND = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """A dump in a backup.

    Attributes:
        name: For people.
        counts: Rows per table, None where the backup does not tell.
    """

    tree: BackupTree
    root: str
    size_bytes: int
    facts: Mapping[str, Any]
    counts: Mapping[str, int] | None

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return PurePosixPath(self.root).name

    @property
    def schema_version(self) -> str | None:
        """The schema version that was captured."""
        version = self.facts.get("schema_version")
        return version if isinstance(version, str) else None


def stored_dump(tree: BackupTree, root: str) -> StoredDump:
    """Return the dump of a source.

    Raises:
        PathNotInBackup: There is none.
    """
    node = tree.node(root)
    if node is None or node.type is not NodeType.FILE:
        raise PathNotInBackup(
            f"The backup has no database at {root}",
            hint="Look at what it has with `holdfast show`.",
        )
    entry = tree.manifest.contents.get(root)
    facts = entry.facts if entry else {}
    return StoredDump(
        tree=tree, root=root, size_bytes=node.size, facts=facts, counts=_counts(tree, facts)
    )


def _is_count(rows: object) -> bool:
    return isinstance(rows, int) and not isinstance(rows, bool) and rows >= 0


def _counts(tree: BackupTree, facts: Mapping[str, Any]) -> Mapping[str, int] | None:
    counts = facts.get("row_counts")
    if isinstance(counts, dict) and all(map(_is_count, counts.values())):
        return {str(name): rows for name, rows in counts.items()}
    manifest = tree.manifest
    alone = sum(entry.kind == _KIND for entry in manifest.contents.values()) == 1
    return dict(manifest.table_counts) if alone and manifest.table_counts else None
