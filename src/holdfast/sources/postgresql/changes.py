"""Say what a restore would change in a database, for people."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.models.backup import SAME_COUNT, PlannedChange


def table_changes(
    target: str,
    live: Mapping[str, int] | None,
    restored: Mapping[str, int] | None,
    *,
    removes: bool = True,
) -> list[PlannedChange]:
    """Return the changes of the tables, by name.

    Args:
        live: Rows per table that are there now, None if unknown.
        restored: Rows per table to restore, None if unknown.
        removes: Whether tables that the backup does not have go.
    """
    if restored is None:
        return []
    before = live or {}
    names = sorted(before.keys() | restored.keys()) if removes else sorted(restored)
    return [
        _table_change(f"{target}: {name}", before.get(name), restored.get(name), known=live)
        for name in names
    ]


def _table_change(
    target: str, before: int | None, after: int | None, *, known: object
) -> PlannedChange:
    if after is None:
        return PlannedChange(target=target, action="remove", detail=rows(before or 0))
    if before is None:
        action = "create" if known is not None else "replace"
        return PlannedChange(target=target, action=action, detail=rows(after))
    detail = f"{rows(before)} -> {rows(after)}" if before != after else _same(after)
    return PlannedChange(target=target, action="replace", detail=detail)


def _same(count: int) -> str:
    # Only counts are compared here, so that a plan costs little.
    return f"{rows(count)}, {SAME_COUNT}"


def rows(count: int) -> str:
    """Return a number of rows for people."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"
