"""Which tables of a database, and of a backup, are meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.errors import PathNotInBackup, RestoreError, SourceError, SourceNotFound
from holdfast.models.manifest import ContentEntry
from holdfast.models.tree import BackupTree
from holdfast.sources.tables.columns import Table, parse_table
from holdfast.sources.tables.link import Link


def chosen_tables(link: Link, names: Sequence[str]) -> tuple[Table, ...]:
    """Return the live tables that were named; all where none was.

    A name may have its schema before it, also that of the default schema.

    Raises:
        SourceNotFound: A table is not there.
    """
    tables = link.tables()
    _require_text(link, tables)
    if not names:
        return tables
    default = getattr(getattr(link, "_catalog", None), "default_schema", None)
    by_name: dict[str, Table] = {}
    for table in tables:
        schema = table.schema or default
        for name in (table.key, table.name if table.schema is None else None):
            if name is not None:
                by_name.setdefault(name, table)
        if schema is not None:
            by_name.setdefault(f"{schema}.{table.name}", table)
    missing = [name for name in names if name not in by_name]
    if missing:
        raise SourceNotFound(
            f"There is no table {', '.join(missing)} in {link.location}",
            hint="Check the names; a table of another schema is written schema.table.",
        )
    return tuple({by_name[name].key: by_name[name] for name in names}.values())


def _require_text(link: Link, tables: Sequence[Table]) -> None:
    """Raise `SourceError` for a name that is not UTF-8, which SQLite allows and JSON does not."""
    for table in tables:
        for name in (table.name, *(column.name for column in table.columns)):
            if not name.isascii() and name.encode(errors="replace").decode() != name:
                raise SourceError(
                    f"A name in {link.location} is not UTF-8: {name!r}",
                    hint="Rename it, or protect the database file itself.",
                )


class StoredTable:
    """One table of a backup.

    Attributes:
        table: As the manifest describes it.
        engine: The one that it was captured from.
        violations: Rows that broke foreign keys already when it was captured.
    """

    def __init__(self, key: str, entry: ContentEntry) -> None:
        self.key = key
        self.table = parse_table(key, entry.facts)
        self.path = str(entry.facts.get("path", ""))
        self.engine = str(entry.facts.get("engine", ""))
        self.count = entry.count
        self.size = entry.size
        self.checksum = entry.checksum
        violations = entry.facts.get("violations", 0)
        self.violations = violations if isinstance(violations, int) else 0
        self.entry = entry


def stored_tables(
    tree: BackupTree, root: str, *, names: Iterable[str] = (), only: Iterable[str] = ()
) -> list[StoredTable]:
    """Return the tables of a backup that are below `root`, in the order of the manifest.

    Args:
        names: Their names; empty means all.
        only: Paths in the backup; empty means all.

    Raises:
        PathNotInBackup: A name is of no table there, or there is no table at all.
    """
    names, only = list(names), list(only)
    found = [
        StoredTable(key, entry)
        for key, entry in _entries(tree).items()
        if str(entry.facts.get("path", "")).startswith(f"{root}/")
    ]
    if not found and root not in tree.manifest.contents:
        raise PathNotInBackup(
            f"The backup has no tables at {root}",
            hint="Look at what it has with `holdfast show`.",
        )
    _require_all(tree, root, {each.key for each in found})
    lacking = set(names) - {each.table.key for each in found}
    if lacking:
        raise PathNotInBackup(
            f"The backup has no table {', '.join(sorted(lacking))}",
            hint="Look at what it has with `holdfast show`.",
        )
    chosen = [
        each
        for each in found
        if (not names or each.table.key in names)
        and (not only or root in only or each.path in only)
    ]
    for each in chosen:
        _require_file(tree, root, each)
    return chosen


def _require_all(tree: BackupTree, root: str, keys: set[str]) -> None:
    """Raise `RestoreError` unless every table that was captured has its own entry."""
    entry = tree.manifest.contents.get(root)
    captured = entry.facts.get("tables", ()) if entry is not None else ()
    lost = [each for each in captured if each not in keys] if isinstance(captured, list) else []
    if lost:
        raise RestoreError(
            f"The manifest does not say where the tables {', '.join(map(str, lost))[:200]} are",
            hint="The backup was altered, or made by something else than Holdfast.",
        )


def _entries(tree: BackupTree) -> dict[str, ContentEntry]:
    return tree.manifest.tables


def _require_file(tree: BackupTree, root: str, stored: StoredTable) -> None:
    # A path from a manifest only ever selects a file of the backup, right below the root.
    if stored.path != f"{root}/{stored.table.file_name}":
        raise RestoreError(
            f"The manifest names {stored.path!r} for the table {stored.table.key}",
            hint="The backup was altered, or made by something else than Holdfast.",
        )
    if tree.node(stored.path) is None:
        raise PathNotInBackup(
            f"The backup has no file {stored.path}", hint="Restore another backup."
        )
