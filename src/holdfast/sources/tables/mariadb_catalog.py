"""What tables a MariaDB or MySQL database has, from its `information_schema`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from holdfast.sources.tables.columns import Column, Reference, Table, table_key
from holdfast.sources.tables.mariadb_types import described

Fetch = Callable[..., list[tuple[Any, ...]]]

_TABLES = """
SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE()
AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY CAST(table_name AS BINARY)
"""
_COLUMNS = """
SELECT table_name, column_name, data_type, column_type, is_nullable, character_maximum_length,
  character_octet_length, numeric_precision, numeric_scale, datetime_precision,
  character_set_name, extra, generation_expression
FROM information_schema.columns WHERE table_schema = DATABASE()
ORDER BY table_name, ordinal_position
"""
_KEYS = """
SELECT s.table_name, s.index_name, s.column_name, s.non_unique, s.sub_part
FROM information_schema.statistics s WHERE s.table_schema = DATABASE() AND s.non_unique = 0
ORDER BY s.table_name, s.index_name, s.seq_in_index
"""
_REFERENCES = """
SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name,
  k.referenced_column_name, r.delete_rule
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
  AND r.table_name = k.table_name
WHERE k.table_schema = DATABASE() AND k.referenced_table_schema = DATABASE()
ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""
_TRIGGERS = """
SELECT event_object_table, trigger_name FROM information_schema.triggers
WHERE trigger_schema = DATABASE() AND event_object_schema = DATABASE()
AND (event_manipulation LIKE '%%INSERT%%' OR event_manipulation LIKE '%%DELETE%%') ORDER BY 1, 2
"""
"""Those that a restore would fire: it deletes and inserts rows, and updates none."""
_IS_JSON = re.compile(r"json_valid\(`((?:[^`]|``)+)`\)", re.IGNORECASE)
_CHECKS = """
SELECT table_name, check_clause FROM information_schema.check_constraints
WHERE constraint_schema = DATABASE()
"""
_SIZE = """
SELECT coalesce(sum(data_length), 0) FROM information_schema.tables
WHERE table_schema = DATABASE()
"""
_TRANSACTIONAL = ("innodb", "rocksdb", "tokudb")
_QUIET = ("", "RESTRICT", "NO ACTION")


class Catalog:
    """Answers of the `information_schema`."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def tables(self) -> tuple[Table, ...]:
        """Return the tables, by name."""
        columns = self._columns()
        unique = self._unique()
        references = self._references()
        triggers = self.triggers()
        found = []
        for name, engine in self._fetch(_TABLES):
            keys = dict(unique[name])
            problem = None
            if str(engine).lower() not in _TRANSACTIONAL:
                problem = f"its engine {engine} has no transactions"
            found.append(
                Table(
                    name=name,
                    columns=tuple(columns[name]),
                    primary_key=keys.pop("PRIMARY", ()),
                    references=tuple(references[name]),
                    unique=tuple(keys.values()),
                    problem=problem,
                    facts={"engine": engine, "fired": triggers.get(name, [])},
                )
            )
        return tuple(found)

    def triggers(self) -> dict[str, list[str]]:
        """Return the triggers that rows fire which are deleted or inserted, by table.

        MySQL shows them only to who has the right to make them.
        """
        found: dict[str, list[str]] = defaultdict(list)
        for table, name in self._fetch(_TRIGGERS):
            found[table].append(name)
        return dict(found)

    def _columns(self) -> dict[str, list[Column]]:
        documents = self._documents()
        found: dict[str, list[Column]] = defaultdict(list)
        for table, name, data_type, column_type, nullable, *rest in self._fetch(_COLUMNS):
            characters, octets, digits, scale, fraction, charset, extra, expression = rest
            row = {
                "characters": characters,
                "octets": octets,
                "digits": digits,
                "scale": scale,
                "fraction": fraction,
                "charset": charset,
            }
            facts = described(
                data_type.lower(), column_type.lower(), row, is_json=(table, name) in documents
            )
            if facts["kind"] in ("enum", "set"):
                facts["members"] = described(data_type.lower(), column_type, row, is_json=False)[
                    "members"
                ]
            found[table].append(
                Column(
                    name=name,
                    native=data_type.lower() if facts["kind"] == "native" else column_type,
                    nullable=nullable == "YES",
                    generated=bool(expression) and "DEFAULT_GENERATED" not in extra.upper(),
                    automatic="auto_increment" in extra.lower(),
                    **facts,
                )
            )
        return found

    def _documents(self) -> set[tuple[str, str]]:
        """Return the columns that MariaDB declares as JSON, which is text with a check."""
        from pymysql.err import MySQLError

        try:
            checks = self._fetch(_CHECKS)
        except MySQLError:
            return set()  # MySQL, which has a type for it, spells the view otherwise
        found = set()
        for table, clause in checks:
            if named := _IS_JSON.fullmatch(str(clause).strip()):
                found.add((table, named[1].replace("``", "`")))
        return found

    def _unique(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        parts: dict[tuple[str, str], list[str]] = defaultdict(list)
        partial: set[tuple[str, str]] = set()
        for table, index, column, _, sub_part in self._fetch(_KEYS):
            parts[table, index].append(column)
            if sub_part is not None or column is None:
                partial.add((table, index))
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for (table, index), names in parts.items():
            if (table, index) not in partial:
                found[table].append((index, tuple(names)))
        return found

    def _references(self) -> dict[str, list[Reference]]:
        parts: dict[tuple[str, str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for table, name, column, other, to, on_delete in self._fetch(_REFERENCES):
            parts[table, name, other, on_delete].append((column, to))
        found: dict[str, list[Reference]] = defaultdict(list)
        for (table, name, other, on_delete), pairs in parts.items():
            found[table].append(
                Reference(
                    columns=tuple(one for one, _ in pairs),
                    table=table_key(None, other),
                    to=tuple(to for _, to in pairs),
                    name=name,
                    on_delete="" if on_delete in _QUIET else on_delete,
                )
            )
        return found

    def size_bytes(self) -> int:
        """Return the bytes of all tables, as the server estimates them."""
        return int(self._fetch(_SIZE)[0][0])
