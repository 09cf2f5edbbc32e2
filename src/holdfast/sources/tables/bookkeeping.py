"""Tables by which frameworks keep book of a schema: they hold rows before any data are there.

What an application's migrations have made is new all the same when nothing but these has rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.errors import DataDoesNotFit
from holdfast.sources.tables.columns import Table
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.rows import RowReader

MIGRATIONS: Mapping[str, tuple[str, ...]] = {
    "alembic_version": ("version_num",),
    "django_migrations": ("app", "name"),
}
"""Which migrations were applied, by the columns that tell. Source: Alembic, Django."""
SEEDED = frozenset(["django_content_type", "auth_permission", "django_site"])
"""Tables that Django's `migrate` fills from the code; the backup has the rows that others name."""

Rows = frozenset[tuple[Any, ...]]


def is_migrations(table: Table) -> bool:
    """Return whether a table says which migrations were applied."""
    told = MIGRATIONS.get(table.name)
    return told is not None and set(told) <= {column.name for column in table.columns}


def keeps_book(table: Table) -> bool:
    """Return whether a table may hold rows before any data are there."""
    return is_migrations(table) or table.name in SEEDED


def with_rows(link: Link, tables: Iterable[Table]) -> list[str]:
    """Return the tables that hold rows which somebody's data may be."""
    return [table.key for table in tables if not keeps_book(table) and holds_rows(link, table)]


def holds_rows(link: Link, table: Table) -> bool:
    return bool(link.fetch(f"SELECT 1 FROM {link.name(table)} LIMIT 1"))  # noqa: S608


def require_same_migrations(link: Link, live: Table, pieces: Iterable[bytes]) -> None:
    """Raise unless the live schema is that of the backup.

    Args:
        pieces: The file of the table in the backup.

    Raises:
        DataDoesNotFit: Other migrations were applied.
    """
    here, there = _applied(link, live), _stored(live, pieces)
    if here != there:
        raise DataDoesNotFit(
            f"{link.location} is at another schema than the backup: {live.key} differs in"
            f" {_shown(here ^ there)}",
            hint="Nothing was changed. Migrate the new database to the schema of the backup, or"
            " name an empty one.",
        )


def _applied(link: Link, table: Table) -> Rows:
    names = link.columns_list(MIGRATIONS[table.name])
    found = link.fetch(f"SELECT {names} FROM {link.name(table)}")  # noqa: S608
    return frozenset(tuple(map(str, row)) for row in found)


def _stored(live: Table, pieces: Iterable[bytes]) -> Rows:
    told = MIGRATIONS[live.name]
    rows = RowReader(pieces, live.key)
    return frozenset(tuple(str(row.get(name)) for name in told) for row in rows)


def _shown(rows: Rows) -> str:
    names = sorted(" ".join(row) for row in rows)
    return ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
