"""The tables of a backup that were exported as JSON, as a backup of their own."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from holdfast.errors import PathNotInBackup
from holdfast.models.manifest import TABLES_DIR, Manifest
from holdfast.models.node import Node
from holdfast.models.tree import BackupTree


class TablesTree:
    """Implements `BackupTree` with what of another one lies in `tables`.

    Raises:
        PathNotInBackup: There are no tables in it.
    """

    def __init__(self, tree: BackupTree) -> None:
        self._tree = tree
        self.manifest = _tables_of(tree.manifest)

    def node(self, path: str) -> Node | None:
        """Return the entry at `path`, or None."""
        return self._tree.node(path) if path.partition("/")[0] == TABLES_DIR else None

    def children(self, path: str) -> Iterator[Node]:
        """Yield the entries of the directory at `path` (`""` is the root), by name."""
        found = self._tree.children(path)
        return found if path else (each for each in found if each.name == TABLES_DIR)

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """Yield `(path, node)` of everything below `path`, directories before their content."""
        found = self._tree.walk(path)
        return ((below, node) for below, node in found if below.partition("/")[0] == TABLES_DIR)

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file at `path` in pieces of bounded size."""
        return self._tree.read(path)

    def write_to(self, path: str, descriptor: int) -> None:
        """Write the bytes of the file at `path` into an empty open file, from offset 0."""
        self._tree.write_to(path, descriptor)


def _tables_of(manifest: Manifest) -> Manifest:
    """Return what a manifest says of tables, and of nothing else."""
    exported = manifest.contents.get(TABLES_DIR)
    if exported is None:
        raise PathNotInBackup(
            f"{manifest.backup_id} holds no tables that were exported as JSON",
            hint="Make another backup; the plan may not have named any tables at that time.",
        )
    return msgspec.structs.replace(
        manifest,
        contents={TABLES_DIR: exported, **manifest.tables},
        table_counts={},
        total_records=0,
        original_size=exported.size,
        references={},
        skipped_settings=(),
        damaged=False,
        problems=(),
    )
