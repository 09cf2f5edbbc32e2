"""What tables a PostgreSQL database has, from its catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from holdfast.sources.tables.columns import Column, Reference, Table, table_key
from holdfast.sources.tables.postgresql_types import described

Fetch = Callable[..., list[tuple[Any, ...]]]

_OURS = """
 n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relpersistence <> 't'
 AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid
   AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
"""
_TABLES = f"""
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p' FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {_OURS}
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""  # noqa: S608
_COLUMNS = """
WITH RECURSIVE base AS (
  SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS modifier, false AS not_null
  FROM pg_attribute a WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attrelid, b.attnum, t.typbasetype,
    CASE WHEN b.modifier >= 0 THEN b.modifier ELSE t.typtypmod END, b.not_null OR t.typnotnull
  FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
)
SELECT a.attrelid, a.attname, t.typname, t.typtype, b.modifier,
  format_type(a.atttypid, a.atttypmod), a.attnotnull OR b.not_null, a.attgenerated <> '',
  a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%', false),
  CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e
    WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END
FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
JOIN pg_attribute a ON a.attrelid = b.attrelid AND a.attnum = b.attnum
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
ORDER BY a.attrelid, a.attnum
"""
_CONSTRAINTS = """
SELECT k.conrelid, k.contype, k.conname, k.confrelid, k.confdeltype,
  ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY x(n, i)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n ORDER BY x.i),
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY x(n, i)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n ORDER BY x.i)
FROM pg_constraint k WHERE k.conrelid = ANY(%s) AND k.conparentid = 0
  AND k.contype IN ('p', 'u', 'f') ORDER BY k.conrelid, k.conname COLLATE "C"
"""
_TRIGGERS = """
SELECT tgrelid, 'TRIGGER', tgname, tgenabled::text FROM pg_trigger WHERE tgrelid = ANY(%s)
  AND NOT tgisinternal AND tgenabled <> 'D'
UNION ALL
SELECT ev_class, 'RULE', rulename, ev_enabled::text FROM pg_rewrite WHERE ev_class = ANY(%s)
  AND ev_enabled <> 'D' ORDER BY 1, 2, 3
"""
"""`COPY` heeds no rules, but a rule can keep rows from being deleted."""
_DEFINITION = """
SELECT pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')
FROM pg_constraint k WHERE k.conrelid = %s AND k.conname = %s
"""
_UNVALIDATED = """
SELECT conname FROM pg_constraint WHERE conrelid = %s AND NOT convalidated AND coninhcount = 0
AND conparentid = 0 AND contype IN ('c', 'f') ORDER BY conname COLLATE "C"
"""
_UNCHECKED = """
SELECT conrelid, conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated
AND has_table_privilege(conrelid, 'SELECT') AND has_table_privilege(confrelid, 'SELECT')
"""
_SEQUENCES = """
SELECT s.oid::regclass::text, a.attname FROM pg_attrdef f
JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
  AND d.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
WHERE f.adrelid = %s::regclass
UNION
SELECT s.oid::regclass::text, a.attname FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.refobjid = %s::regclass AND d.deptype IN ('a', 'i')
ORDER BY 1
"""
_ON_DELETE = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}
_CODECS = {"UTF8": None, "LATIN1": "latin-1", "LATIN9": "iso8859-15", "WIN1252": "cp1252"}


class Catalog:
    """Answers of the catalog."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        row = fetch("SELECT current_schema(), current_setting('server_encoding')")[0]
        self.default_schema: str | None = row[0] or "public"
        self._charset = _CODECS.get(row[1])

    def tables(self) -> tuple[Table, ...]:
        """Return the tables, by schema and name."""
        found = self._fetch(_TABLES)
        names = {oid: (self._shown(schema), name) for oid, schema, name, _ in found}
        oids = (list(names),)
        columns = self._columns(oids)
        keys: dict[int, tuple[str, ...]] = {}
        unique: dict[int, list[tuple[str, ...]]] = defaultdict(list)
        references: dict[int, list[Reference]] = defaultdict(list)
        for oid, kind, name, other, on_delete, own, to in self._fetch(_CONSTRAINTS, oids):
            if kind == "p":
                keys[oid] = tuple(own)
            elif kind == "u":
                unique[oid].append(tuple(own))
            elif other in names:
                references[oid].append(
                    Reference(
                        columns=tuple(own),
                        table=table_key(*names[other]),
                        to=tuple(to),
                        name=name,
                        on_delete=_ON_DELETE.get(on_delete, ""),
                    )
                )
        triggers: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
        for oid, kind, name, state in self._fetch(_TRIGGERS, (*oids, *oids)):
            triggers[oid].append((kind, name, state))
        return tuple(
            Table(
                name=name,
                schema=self._shown(schema),
                columns=tuple(columns[oid]),
                primary_key=keys.get(oid, ()),
                references=tuple(references[oid]),
                unique=tuple(unique[oid]),
                facts={"oid": oid, "partitioned": partitioned, "triggers": triggers[oid]},
            )
            for oid, schema, name, partitioned in found
        )

    def _shown(self, schema: str) -> str | None:
        return None if schema == self.default_schema else schema

    def _columns(self, oids: tuple[Sequence[int]]) -> dict[int, list[Column]]:
        found: dict[int, list[Column]] = defaultdict(list)
        for row in self._fetch(_COLUMNS, oids):
            oid, name, base, sort, modifier, native, not_null, generated, automatic, members = row
            facts = described(base, modifier)
            if sort == "e":
                facts["kind"] = "enum"
            found[oid].append(
                Column(
                    name=name,
                    native=native,
                    nullable=not not_null,
                    generated=generated,
                    automatic=automatic and facts["kind"] == "integer",
                    members=tuple(members or ()),
                    charset=self._charset,
                    **facts,
                )
            )
        return found

    def left_out(self) -> tuple[str, ...]:
        """Say which tables are not exported: those of other servers."""
        rows = self._fetch(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'f' ORDER BY 1"
        )
        return tuple(f"The foreign table {name} is left out" for (name,) in rows)

    def size_bytes(self) -> int:
        """Return the bytes of all tables with what is stored apart of them."""
        query = (
            "SELECT coalesce(sum(pg_table_size(c.oid)), 0)::bigint FROM pg_class c"  # noqa: S608
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND "
            + _OURS.replace("AND NOT c.relispartition", "")
        )
        return int(self._fetch(query)[0][0])

    def constraint(self, table: Table, name: str) -> tuple[str, str | None]:
        """Return how a constraint is defined, and its comment."""
        row = self._fetch(_DEFINITION, (table.facts["oid"], name))[0]
        return row[0], row[1]

    def unvalidated(self, table: Table) -> list[str]:
        """Return the constraints that old rows of a table may break: `NOT VALID` ones."""
        rows = self._fetch(_UNVALIDATED, (table.facts.get("oid"),))
        return [name for (name,) in rows]

    def unchecked(self) -> set[tuple[int, str]]:
        """Return the foreign keys that old rows may break, by the oid of their table and name.

        Only those of which the user may read both tables.
        """
        return {(oid, name) for oid, name in self._fetch(_UNCHECKED)}

    def sequences(self, table: str) -> list[tuple[str, str]]:
        """Return the sequences that number the rows of a table, each with its column."""
        return [(row[0], row[1]) for row in self._fetch(_SEQUENCES, (table, table))]
