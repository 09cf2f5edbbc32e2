"""Say what a restore would change in a database, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.models.backup import SAME_COUNT, PlannedChange

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The live database as it is before a restore.

    Attributes:
        size: Of its file [bytes].
        unreadable: Why it cannot be read as a database, or None if it can.
        wal: Whether it uses write-ahead logging.
    """

    exists: bool = True
    size: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)
    schema_version: str | None = None
    wal: bool = False
    unreadable: str | None = None


def planned_changes(
    *,
    target: str,
    live: Live,
    tables: Mapping[str, int] | None,
    size: int,
    schema_version: str | None,
    leftovers: Sequence[str],
) -> tuple[PlannedChange, ...]:
    """Return the change of the file, then those of its tables by name.

    Args:
        tables: Rows per table to restore, None if unknown.
        leftovers: Suffixes of what lies beside the target, such as `-wal`.
    """
    return (
        _file_change(target, live, size, schema_version),
        *_leftover_changes(target, live, leftovers),
        *_table_changes(target, live, tables),
    )


def _file_change(target: str, live: Live, size: int, schema_version: str | None) -> PlannedChange:
    if not live.exists:
        return PlannedChange(target=target, action="create", detail=format_size(size))
    parts = [_from_to(format_size(live.size), format_size(size))]
    if live.unreadable is not None:
        parts.append(f"the file there now cannot be read: {live.unreadable}")
    elif live.schema_version != schema_version:
        parts.append(f"schema {live.schema_version or 'none'} -> {schema_version or 'none'}")
    return PlannedChange(target=target, action="replace", detail="; ".join(parts))


def _leftover_changes(target: str, live: Live, leftovers: Sequence[str]) -> list[PlannedChange]:
    if live.exists and live.unreadable is None:
        return []  # they belong to the live database
    detail = "it belongs to the file that was there and would corrupt the restored one"
    return [
        PlannedChange(target=target + suffix, action="remove", detail=detail)
        for suffix in leftovers
    ]


def _table_changes(
    target: str, live: Live, tables: Mapping[str, int] | None
) -> list[PlannedChange]:
    if tables is None:
        return []
    return [
        _table_change(f"{target}: {name}", live.tables.get(name), tables.get(name))
        for name in sorted(live.tables.keys() | tables.keys())
    ]


def _table_change(target: str, before: int | None, after: int | None) -> PlannedChange:
    if before is None:
        return PlannedChange(target=target, action="create", detail=_rows(after or 0))
    if after is None:
        return PlannedChange(target=target, action="remove", detail=_rows(before))
    return PlannedChange(
        target=target, action="replace", detail=_from_to(_rows(before), _rows(after))
    )


def _from_to(before: str, after: str) -> str:
    # Only counts are compared here, so that a plan costs little.
    return f"{before} -> {after}" if before != after else f"{after}, {SAME_COUNT}"


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def format_size(size: int) -> str:
    """Return a size [bytes] with a binary unit: `1.4 MiB`."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{size} bytes" if not unit else f"{value:.1f} {_UNITS[unit]}"
