"""How many rows and files a backup holds, table by table and directory by directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from holdfast.models.manifest import DATABASE_KINDS, Manifest
from holdfast.models.node import NodeType
from holdfast.models.tree import BackupTree

_TABLES = "tables"


def tables_in(manifest: Manifest, root: str) -> dict[str, int]:
    """Return the rows of each table of one source, by the names that the manifest gives them."""
    entry = manifest.contents.get(root)
    if entry is None:
        return {}
    if entry.kind == _TABLES:
        return {name: each.count for name, each in manifest.tables.items()}
    if entry.kind not in DATABASE_KINDS:
        return {}
    databases = [each for each in manifest.sources.values() if each.kind in DATABASE_KINDS]
    if len(databases) == 1:
        return dict(manifest.table_counts)
    path = PurePosixPath(root)
    prefixes = (f"{path.name}.", f"{path.stem}.")
    return {name: rows for name, rows in manifest.table_counts.items() if name.startswith(prefixes)}


def count_tables(manifest: Manifest, roots: Iterable[str]) -> int:
    """Return how many tables some sources have; parts, where none of them has any."""
    found = list(roots)
    return sum(len(tables_in(manifest, root)) for root in found) or len(found)


def items_in(
    tree: BackupTree, roots: Iterable[str], *, tables: Sequence[str] = (), paths: Sequence[str] = ()
) -> dict[str, int]:
    """Return what a restore of some sources brings: rows by table, files by directory.

    Args:
        tables: Only these tables, where any are named; paths alike.
    """
    found: dict[str, int] = {}
    for root in roots:
        entry = tree.manifest.contents[root]
        rows = tables_in(tree.manifest, root)
        wanted = {name: count for name, count in rows.items() if not tables or name in tables}
        found |= wanted or ({} if rows else {root: entry.count})
        below = [path for path in paths if path.startswith(f"{root}/")]
        if below:
            found[root] = sum(_files_at(tree, path) for path in below)
    return found


def _files_at(tree: BackupTree, path: str) -> int:
    node = tree.node(path)
    if node is None or node.type is not NodeType.DIR:
        return int(node is not None)
    return sum(each.type is NodeType.FILE for _, each in tree.walk(path))
