"""Say what a restore would change in a database on a server, for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from holdfast.models.backup import SAME_COUNT, PlannedChange


def planned_changes(
    *,
    target: str,
    live: Mapping[str, int] | None,
    after: Mapping[str, int],
    tables: Collection[str],
    notes: Sequence[str],
    kept: str | None,
    only_new: bool = False,
) -> tuple[PlannedChange, ...]:
    """Return the change of the database, then those of its tables by name.

    Args:
        live: Rows per table now, None where there is no database.
        after: Rows per table afterwards.
        tables: The only tables that change; empty means all.
        notes: What cannot be put back as it was.
        kept: The database with the tables that an earlier restore replaced, if they come back.
        only_new: Whether nothing is replaced: the database is empty, if it is there.
    """
    before = live or {}
    names = sorted(before.keys() | after.keys())
    return (
        _empty_change(target, after)
        if only_new and live is not None
        else _database_change(target, live, after, tables, kept),
        *(
            _table_change(f"{target}: {name}", before.get(name), after.get(name))
            for name in names
            if not tables or name in tables
        ),
        *(PlannedChange(target=target, action="skip", detail=note) for note in notes),
    )


def _empty_change(target: str, after: Mapping[str, int]) -> PlannedChange:
    detail = f"{len(after)} tables, into the database that is there and empty"
    return PlannedChange(target=target, action="create", detail=detail)


def _database_change(
    target: str,
    live: Mapping[str, int] | None,
    after: Mapping[str, int],
    tables: Collection[str],
    kept: str | None,
) -> PlannedChange:
    if live is None:
        return PlannedChange(target=target, action="create", detail=f"{len(after)} tables")
    what = f"{len(after)} tables" if not tables else f"only {', '.join(sorted(tables))}"
    how = f"{what}, exchanged in one statement"
    if kept:
        how += f"; back from {kept}, which the last restore kept"
    return PlannedChange(target=target, action="replace", detail=how)


def _table_change(target: str, before: int | None, after: int | None) -> PlannedChange:
    if before is None:
        return PlannedChange(target=target, action="create", detail=_rows(after or 0))
    if after is None:
        return PlannedChange(target=target, action="remove", detail=_rows(before))
    same = before == after
    detail = f"{_rows(after)}, {SAME_COUNT}" if same else f"{_rows(before)} -> {_rows(after)}"
    return PlannedChange(target=target, action="replace", detail=detail)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
