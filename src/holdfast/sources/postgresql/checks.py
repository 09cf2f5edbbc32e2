"""Check a restored database before it goes live, or in a drill."""

# ruff: noqa: S608 - names and values are quoted by `identifier` and `literal`

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.errors import HoldfastError, SourceError
from holdfast.models.backup import CheckResult
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.failures import SqlError, sqlstate_of
from holdfast.sources.postgresql.inspection import count_rows, counted_tables
from holdfast.sources.postgresql.session import Session, identifier

EXPECTATION_LIMIT_S = 60.0
QUERY_LIMIT_S = 600.0
_LATE = "57014"
_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_BROKEN_INDEXES = f"""
SELECT n.nspname || '.' || c.relname AS name
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE {_OWN} AND c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready)
"""
_OPEN_CONSTRAINTS = f"""
SELECT coalesce(r.relname || '.', '') || c.conname AS name
  FROM pg_catalog.pg_constraint c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
  LEFT JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
 WHERE {_OWN} AND NOT c.convalidated
"""
_SEQUENCES = f"""
SELECT n.nspname AS schema, c.relname AS sequence, tn.nspname AS table_schema,
       t.relname AS table, a.attname AS column, s.seqincrement > 0 AS upwards
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
  JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
 WHERE {_OWN} AND y.typcategory = 'N' ORDER BY 1, 2
"""


def rows_per_table(session: Session, cancel: CancellationToken | None = None) -> dict[str, int]:
    """Return the rows of a database's tables, named as in a manifest."""
    counts = {}
    for table in counted_tables(session):
        if cancel is not None:
            cancel.raise_if_cancelled()
        counts[table.label] = count_rows(session, table)
    return counts


def check_restored(
    session: Session,
    *,
    counts: Mapping[str, int] | None,
    thorough: bool,
    cancel: CancellationToken | None = None,
) -> tuple[CheckResult, ...]:
    """Check a database that nobody writes to.

    Args:
        counts: Rows per table that it must have, None to not count.
        thorough: Whether to look at sequences too, which reads the tables' keys.

    Returns:
        The checks `table counts`, `indexes`, `constraints`, `sequences`.
    """
    results = [] if counts is None else [_counted(rows_per_table(session, cancel), counts)]
    results += [_indexes(session), _constraints(session)]
    if thorough:
        results.append(_sequences(session))
    return tuple(results)


def _counted(found: Mapping[str, int], expected: Mapping[str, int]) -> CheckResult:
    wrong = [
        f"{name}: {found.get(name, 'no table')} instead of {count}"
        for name, count in sorted(expected.items())
        if found.get(name) != count
    ]
    wrong += [f"{name}: not in the manifest" for name in sorted(found.keys() - expected.keys())]
    held = f"{_amount(len(expected), 'table')}, {_amount(sum(expected.values()), 'row')}"
    return CheckResult(name="table counts", passed=not wrong, detail="; ".join(wrong[:5]) or held)


def _amount(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _indexes(session: Session) -> CheckResult:
    broken = [row["name"] for row in session.query(_BROKEN_INDEXES)]
    detail = f"not valid: {', '.join(broken[:5])}" if broken else ""
    return CheckResult(name="indexes", passed=not broken, detail=detail)


def _constraints(session: Session) -> CheckResult:
    """Restoring has validated all; what the backup says is not valid stays so."""
    unproven = [row["name"] for row in session.query(_OPEN_CONSTRAINTS)]
    detail = f"NOT VALID, as when backed up: {', '.join(unproven[:5])}" if unproven else ""
    return CheckResult(name="constraints", passed=True, detail=detail)


def _sequences(session: Session) -> CheckResult:
    """A dump takes sequences after its rows, so one that is behind was so in the live data."""
    behind = [
        f"{row['schema']}.{row['sequence']}"
        for row in session.query(_SEQUENCES)
        if row["upwards"] and _is_behind(session, row)
    ]
    detail = f"behind their columns, as when backed up: {', '.join(behind[:5])}" if behind else ""
    return CheckResult(name="sequences", passed=True, detail=detail)


def _is_behind(session: Session, row: Mapping[str, str]) -> bool:
    sequence = identifier(row["schema"], row["sequence"])
    table = identifier(row["table_schema"], row["table"])
    return bool(
        session.value(
            f"SELECT m.top > s.last_value AS behind FROM {sequence} s,"
            f" (SELECT pg_catalog.max({identifier(row['column'])}) AS top FROM {table}) m"
        )
    )


def check_expectation(session: Session, sql: str) -> CheckResult:
    """Check that a query yields one true value; it can only read, for a minute."""
    limit_s = EXPECTATION_LIMIT_S
    name = f"expect: {sql}"
    try:
        rows = _limited(session, sql, limit_s)
    except HoldfastError as error:
        if sqlstate_of(error) == _LATE:
            return CheckResult(
                name=name, passed=False, detail=f"it did not answer within {limit_s:g} s"
            )
        return CheckResult(name=name, passed=False, detail=_said(error))
    if len(rows) != 1 or rows[0]["columns"] != 1:
        return CheckResult(name=name, passed=False, detail="it must return one row of one column")
    value = next(iter(rows[0]["found"].values()))
    detail = "" if value else f"it returned {str(value)[:100]!r}"
    return CheckResult(name=name, passed=bool(value), detail=detail)


def _limited(session: Session, sql: str, limit_s: float) -> list[dict[str, Any]]:
    question = sql.strip().rstrip(";")
    with session.transaction("READ ONLY"):
        session.execute(f"SET LOCAL statement_timeout = {round(limit_s * 1000)}")
        return session.query(
            "SELECT pg_catalog.row_to_json(e) AS found, (SELECT pg_catalog.count(*)"
            " FROM pg_catalog.json_object_keys(pg_catalog.row_to_json(e))) AS columns"
            f" FROM (\n{question}\n) AS e LIMIT 2"
        )


def _said(error: HoldfastError) -> str:
    cause = error.__cause__
    return cause.said if isinstance(cause, SqlError) else error.message


def query_column(session: Session, sql: str, *, limit_s: float = QUERY_LIMIT_S) -> Iterator[str]:
    """Yield the first column of a query as text, without NULLs; it can only read.

    Raises:
        SourceError: It cannot be answered, or takes too long.
    """
    try:
        with session.transaction("READ ONLY"):
            session.execute(f"SET LOCAL statement_timeout = {round(limit_s * 1000)}")
            for value in session.column(sql):
                if value is not None:
                    yield value
    except SourceError as error:
        if sqlstate_of(error) != _LATE:
            raise
        raise SourceError(
            f"The query did not end within {limit_s:g} s and was stopped: {sql}",
            hint="Make it cheaper, with an index for example.",
        ) from error
