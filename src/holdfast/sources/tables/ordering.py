"""The order of tables in which their foreign keys hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.sources.tables.columns import Table


def sorted_tables(tables: Iterable[Table]) -> list[Table]:
    """Return tables so that each comes after those it refers to, by name where that leaves open.

    Tables that refer to each other in a circle stand in the order of their names, together.
    """
    left = {table.key: table for table in sorted(tables, key=lambda each: each.key)}
    found: list[Table] = []
    while left:
        ready = [table for table in left.values() if not _waits_for(table, left)]
        found += [left.pop(table.key) for table in ready or [_least_bound(left)]]
    return found


def _waits_for(table: Table, left: dict[str, Table]) -> set[str]:
    return {each.table for each in table.references if each.table in left} - {table.key}


def _least_bound(left: dict[str, Table]) -> Table:
    """Return a table of a circle, so that no table merely behind a circle comes before it."""
    circular = [table for table in left.values() if table.key in _reached(table, left)]
    return min(circular or left.values(), key=lambda each: (len(_waits_for(each, left)), each.key))


def _reached(table: Table, left: dict[str, Table]) -> set[str]:
    found: set[str] = set()
    ahead = [table.key]
    while ahead:
        for key in _waits_for(left[ahead.pop()], left) - found:
            found.add(key)
            ahead.append(key)
    return found


def holds_in_order(tables: Sequence[Table]) -> bool:
    """Whether every foreign key of these tables refers to an earlier one, or to its own table."""
    seen: set[str] = set()
    among = {table.key for table in tables}
    for table in tables:
        seen.add(table.key)
        if any(each.table in among - seen for each in table.references):
            return False
    return True
