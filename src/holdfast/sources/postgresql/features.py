"""What of PostgreSQL a database uses: one question to its catalogs, a word for each feature.

The words go into the manifest, so that a restore can tell what must come back.
"""

from __future__ import annotations

_OWN = "!~ '^pg_' AND n.nspname <> 'information_schema'"


def _relations(condition: str) -> str:
    return (
        "EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        f" ON n.oid = c.relnamespace WHERE n.nspname {_OWN} AND {condition})"
    )


def _columns(condition: str) -> str:
    return _relations(
        "EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid"
        f" AND a.attnum > 0 AND NOT a.attisdropped AND {condition})"
    )


def _types(kind: str) -> str:
    # Every table has a composite type of its own; those count only if made as a type.
    made = "(x.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c"
    made += " WHERE c.oid = x.typrelid AND c.relkind = 'c'))"
    return _in_schemas("pg_type", "typ", f"x.typtype = '{kind}' AND {made}")


def _in_schemas(catalog: str, prefix: str, condition: str = "true") -> str:
    return (
        f"EXISTS (SELECT FROM pg_catalog.{catalog} x JOIN pg_catalog.pg_namespace n"
        f" ON n.oid = x.{prefix}namespace WHERE n.nspname {_OWN} AND {condition})"
    )


def _any(catalog: str, condition: str = "true") -> str:
    return f"EXISTS (SELECT FROM pg_catalog.{catalog} WHERE {condition})"


_QUESTIONS = {
    "aggregates": _in_schemas("pg_proc", "pro", "x.prokind = 'a'"),
    "collations": _in_schemas("pg_collation", "coll"),
    "composite_types": _types("c"),
    "default_privileges": _any("pg_default_acl"),
    "domains": _types("d"),
    "enums": _types("e"),
    "event_triggers": _any("pg_event_trigger"),
    "extensions": _any("pg_extension", "extname <> 'plpgsql'"),
    "foreign_tables": _relations("c.relkind = 'f'"),
    "functions": _in_schemas("pg_proc", "pro", "x.prokind IN ('f', 'w')"),
    "generated_columns": _columns("a.attgenerated <> ''"),
    "identity_columns": _columns("a.attidentity <> ''"),
    "inheritance": _relations(
        "NOT c.relispartition AND c.relkind = 'r' AND EXISTS"
        " (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)"
    ),
    "large_objects": _any("pg_largeobject_metadata"),
    "materialized_views": _relations("c.relkind = 'm'"),
    "operators": _in_schemas("pg_operator", "opr"),
    "partitions": _relations("c.relkind = 'p'"),
    "policies": _any("pg_policy"),
    "procedures": _in_schemas("pg_proc", "pro", "x.prokind = 'p'"),
    "publications": _any("pg_publication"),
    "ranges": _types("r"),
    "row_security": _relations("c.relrowsecurity"),
    "security_labels": _any("pg_seclabel"),
    "sequences": _relations("c.relkind = 'S'"),
    "subscriptions": _any("pg_stat_subscription", "subid IS NOT NULL"),
    "text_search": _in_schemas("pg_ts_config", "cfg"),
    "triggers": _any("pg_trigger", "NOT tgisinternal"),
    "unlogged_tables": _relations("c.relpersistence = 'u' AND c.relkind = 'r'"),
    "views": _relations("c.relkind = 'v'"),
}

FEATURES = "SELECT " + ", ".join(f"{question} AS {name}" for name, question in _QUESTIONS.items())
"""One row, with a column that is true for each feature in use."""
