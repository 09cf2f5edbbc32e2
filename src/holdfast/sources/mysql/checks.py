"""Checks of a loaded database, before anything live is touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from holdfast.errors import HoldfastError
from holdfast.models.backup import CheckResult
from holdfast.sources.mysql.inspection import (
    ForeignKey,
    foreign_keys,
    inspect,
    listed,
    orphans,
    text,
)
from holdfast.sources.mysql.schemas import OWN_TABLES
from holdfast.sources.mysql.session import Session, identifier

COUNTS = "table counts"
KEYS = "foreign keys"
TABLES = "mysql tables"


def compare_counts(
    found: Mapping[str, int], expected: Mapping[str, int] | None, tables: Collection[str] = ()
) -> CheckResult:
    """Compare rows per table with the manifest's."""
    if expected is None:
        return CheckResult(name=COUNTS, passed=True, detail=f"{sum(found.values()):,} rows")
    wanted = {name: n for name, n in expected.items() if not tables or name in tables}
    wrong = [
        f"{name} has {found.get(name, 'no table')}, not {wanted.get(name, 'any')}"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    ]
    if wrong:
        return CheckResult(name=COUNTS, passed=False, detail=listed(wrong))
    return CheckResult(
        name=COUNTS,
        passed=True,
        detail=f"{len(found)} tables, {sum(found.values()):,} rows as in the manifest",
    )


def check_keys(
    session: Session, schema: str, known: object = None, tables: Collection[str] = ()
) -> CheckResult:
    """Look for rows that name rows which are not there: the load looked at no foreign key.

    Args:
        known: How many there were when it was captured; None if that was not found out. What
            the source had itself is no fault of the backup, unless only some tables go back.
    """
    broken: list[str] = []
    found = 0
    keys = foreign_keys(session, "TABLE_SCHEMA = %s", (schema,))
    for key in keys:
        try:
            count = orphans(session, key)
        except HoldfastError as error:
            return CheckResult(name=KEYS, passed=False, detail=f"{key.name}: {error.message}")
        found += count
        if count:
            broken.append(f"{count:,} rows of {key.table} name no row of {key.to_table}")
    if not found:
        return CheckResult(name=KEYS, passed=True, detail=f"{len(keys)} hold")
    if not tables and (known is None or (isinstance(known, int) and found <= known)):
        return CheckResult(
            name=KEYS, passed=True, detail=f"{listed(broken)}, as when it was captured"
        )
    return CheckResult(name=KEYS, passed=False, detail=listed(broken))


def count_violations(session: Session, schema: str) -> int:
    """Count the rows of a database that name rows which are not there."""
    return sum(
        orphans(session, key) for key in foreign_keys(session, "TABLE_SCHEMA = %s", (schema,))
    )


def check_tables(session: Session, schema: str) -> tuple[CheckResult, ...]:
    """Let the server check every table with its indexes."""
    bad = []
    names = [name for name in inspect(session, schema).counted if name not in OWN_TABLES]
    for name in names:
        for row in session.rows(f"CHECK TABLE {identifier(schema)}.{identifier(name)}"):
            kind, said = text(row[2]).lower(), text(row[3])
            if kind == "error" or (kind == "status" and said not in ("OK", _NO_CHECK)):
                bad.append(f"{name}: {said}")
    detail = listed(bad) if bad else f"{len(names)} are sound"
    return (CheckResult(name=TABLES, passed=not bad, detail=detail),)


_NO_CHECK = "The storage engine for the table doesn't support check"


def foreign_holders(session: Session, live: str, tables: Collection[str]) -> list[ForeignKey]:
    """Return foreign keys of tables that stay, to tables that a restore replaces."""
    keys = foreign_keys(session, "REFERENCED_TABLE_SCHEMA = %s", (live,))
    return [
        key
        for key in keys
        if (not tables or key.to_table in tables)
        and not (key.schema == live and (not tables or key.table in tables))
        and "_holdfast_" not in key.schema
    ]
