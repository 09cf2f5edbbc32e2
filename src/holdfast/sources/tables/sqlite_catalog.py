"""What tables a SQLite database has, from its schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from holdfast.sources.tables.columns import Column, Reference, Table, table_key
from holdfast.sources.tables.sqlite_types import described

Fetch = Callable[..., list[tuple[Any, ...]]]

_TABLES = """
SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%'
ESCAPE '\\' AND type IN ('table', 'virtual') ORDER BY name COLLATE BINARY
"""
_COLUMNS = 'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid'
_REFERENCES = """
SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq
"""
_UNIQUE = "SELECT name FROM pragma_index_list(?) WHERE origin = 'u' AND partial = 0 ORDER BY name"
_VIOLATIONS = "SELECT count(*) FROM pragma_foreign_key_check(?)"
_TRIGGERS = """
SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE
ORDER BY name
"""
_GENERATED = (2, 3)
_VIRTUAL_HIDDEN = 1


class Catalog:
    """Answers of the schema."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def tables(self) -> tuple[Table, ...]:
        """Return the ordinary tables, by name."""
        names = [name for name, kind in self._fetch(_TABLES) if kind == "table"]
        keys = {name: self._primary_key(name) for name in names}
        folded = {name.lower(): name for name in names}
        return tuple(
            Table(
                name=name,
                columns=self._columns(name),
                primary_key=keys[name],
                references=self._references(name, folded, keys),
                unique=self._unique(name),
            )
            for name in names
        )

    def left_out(self) -> tuple[str, ...]:
        """Say which virtual tables are not exported."""
        return tuple(
            f"The virtual table {name} is left out"
            for name, kind in self._fetch(_TABLES)
            if kind == "virtual"
        )

    def _primary_key(self, table: str) -> tuple[str, ...]:
        found = [(pk, name) for name, _, _, pk, _ in self._fetch(_COLUMNS, (table,)) if pk]
        return tuple(name for _, name in sorted(found))

    def _columns(self, table: str) -> tuple[Column, ...]:
        rows = [row for row in self._fetch(_COLUMNS, (table,)) if row[4] != _VIRTUAL_HIDDEN]
        keys = [name for name, _, _, pk, _ in rows if pk]
        return tuple(
            Column(
                name=name,
                native=declared,
                nullable=not not_null and not _is_rowid(declared, keys, name),
                generated=hidden in _GENERATED,
                automatic=_is_rowid(declared, keys, name),
                **described(declared),
            )
            for name, declared, not_null, _, hidden in rows
        )

    def _references(
        self, table: str, folded: dict[str, str], keys: dict[str, tuple[str, ...]]
    ) -> tuple[Reference, ...]:
        parts: dict[tuple[int, str, str], list[tuple[str, str | None]]] = defaultdict(list)
        for number, other, column, to, on_delete in self._fetch(_REFERENCES, (table,)):
            parts[number, other, on_delete].append((column, to))
        found = []
        for (_, other, _on_delete), pairs in parts.items():
            parent = folded.get(other.lower())
            to = tuple(each for _, each in pairs if each is not None)
            if parent is not None:
                to = to or keys[parent]
                if len(to) == len(pairs):
                    own = tuple(column for column, _ in pairs)
                    key = table_key(None, parent)
                    found.append(Reference(columns=own, table=key, to=to))
        return tuple(found)

    def _unique(self, table: str) -> tuple[tuple[str, ...], ...]:
        found = []
        for (index,) in self._fetch(_UNIQUE, (table,)):
            rows = self._fetch("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,))
            found.append(tuple(name for (name,) in rows))
        return tuple(sorted(found))

    def triggers(self, table: str) -> list[tuple[str, str]]:
        """Return the triggers of a table, each with the statement that makes it."""
        return [(name, sql) for name, sql in self._fetch(_TRIGGERS, (table,))]

    def violations(self, tables: Sequence[Table]) -> dict[str, int]:
        """Count the rows that break foreign keys, in and to some tables, by table."""
        among = {table.key for table in tables}
        found = {}
        for table in self.tables():
            linked = any(each.table in among for each in table.references)
            if table.references and (linked or table.key in among):
                count = int(self._fetch(_VIOLATIONS, (table.name,))[0][0])
                if count:
                    found[table.key] = count
        return found


def _is_rowid(declared: str, keys: list[str], name: str) -> bool:
    return declared.upper() == "INTEGER" and keys == [name]
