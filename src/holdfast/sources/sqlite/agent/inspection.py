"""Look into a database file that nobody writes to: is it sound, what does it hold.

The file may come from anyone. It is opened immutable, defensive and without trust in its
schema; the process that does it has limits on memory and time (see `__main__`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from holdfast.errors import SourceError, TargetInUse
from holdfast.models.schema_version import alembic_version, django_version
from holdfast.sources.sqlite.agent import connecting, faults, files

MAX_REASONS = 20
_FOREIGN_KEY_ROWS = 100_000
_PROGRESS_STEPS = 20_000
"""Virtual machine instructions between looks at the clock: well under a millisecond."""


def open_untrusted(path: str) -> apsw.Connection:
    """Open a file that nobody writes to, trusting nothing in it."""
    connection = connecting.connect(path, "mode=ro&immutable=1")
    connecting.harden(connection)
    connection.pragma("cell_size_check", 1)
    connection.pragma("temp_store", 2)
    return connection


@contextmanager
def time_limit(connection: apsw.Connection, limit_s: float) -> Iterator[None]:
    """Interrupt statements (`apsw.InterruptError`) that run beyond the limit."""
    deadline = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None)


def quote(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def find_damage(path: str, *, full: bool) -> tuple[list[str], list[str]]:
    """Return the reasons why the database is damaged, and what could not be checked.

    Tables may use collations, functions or modules that only their application has: what
    needs those is checked as far as it goes, and named.
    """
    shape = _find_shape_damage(path)
    if shape:
        return [shape], []
    connection = open_untrusted(path)
    try:
        return _find_content_damage(connection, full=full)
    finally:
        connection.close()


def _find_content_damage(connection: apsw.Connection, *, full: bool) -> tuple[list[str], list[str]]:
    try:
        connection.execute("select count(*) from sqlite_schema").fetchall()
        if full:
            reasons = _check(connection, "integrity_check")
            if reasons is not None:
                return reasons, []
            unchecked = [name for name in _stored_tables(connection) if _fails(connection, name)]
        else:
            unchecked = []
        # Page structure does not depend on the order of keys, so any collation will do.
        connection.collation_needed(_stand_in_collation)
        reasons = _check(connection, "quick_check")
        if reasons is None:
            reasons = []
            unchecked = unchecked or ["some tables"]
        return reasons, [f"{name} could be checked only in part" for name in unchecked]
    except apsw.Error as error:
        return [str(error)], []


def _find_shape_damage(path: str) -> str | None:
    """Return what is wrong with the file's length: SQLite reads missing bytes as zeros."""
    size = files.size(path)
    if not size:
        return None
    header = files.read_header(path)
    if not header.startswith(files.MAGIC) or len(header) < files.HEADER_BYTES:
        return "file is not a database"
    page_size = files.page_size_of(header)
    if size % page_size:
        return f"its {size} bytes are not a whole number of pages of {page_size} bytes"
    # The page count only holds if the last writer kept it: https://www.sqlite.org/fileformat2.html
    counted = header[24:28] == header[92:96]
    pages = int.from_bytes(header[28:32], "big")
    if counted and size < pages * page_size:
        return f"it is cut short: {size // page_size} of {pages} pages are there"
    return None


def _stand_in_collation(connection: apsw.Connection, name: str) -> None:
    connection.create_collation(name, lambda a, b: (a > b) - (a < b))


def _check(connection: apsw.Connection, pragma: str, table: str | None = None) -> list[str] | None:
    """Run a check; None if it needs something that this process does not have."""
    argument = quote(table) if table else str(MAX_REASONS)
    try:
        found = [str(row[0]) for row in connection.execute(f"pragma {pragma}({argument})")]
    except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
        return [str(error)]
    except apsw.SQLError as error:
        return [str(error)] if "malformed" in str(error) else None
    return [] if found == ["ok"] else found[:MAX_REASONS]


def _fails(connection: apsw.Connection, table: str) -> bool:
    return _check(connection, "integrity_check", table) is None


def _stored_tables(connection: apsw.Connection) -> list[str]:
    """Return the tables of the application, without those that back a virtual table."""
    return [
        str(row[0])
        for row in connection.execute(
            "select name from sqlite_schema where type = 'table'"
            " and name not like 'sqlite\\_%' escape '\\' and name not in"
            " (select name from pragma_table_list where schema = 'main' and type = 'shadow')"
            " order by name"
        )
    ]


def count_rows(connection: apsw.Connection) -> tuple[dict[str, int], list[str]]:
    """Return the rows per table, and a sentence for each table that cannot be counted."""
    counts: dict[str, int] = {}
    problems: list[str] = []
    for name in _stored_tables(connection):
        try:
            count = f"select count(*) from main.{quote(name)}"  # noqa: S608  it is quoted
            row = connection.execute(count).fetchone()
        except apsw.InterruptError:
            raise
        except apsw.Error as error:
            problems.append(f"The rows of table {name} could not be counted: {error}")
        else:
            counts[name] = int(row[0]) if row else 0
    return counts, problems


def count_violations(connection: apsw.Connection, limit_s: float) -> int | None:
    """Count rows that break foreign keys; None if it takes too long or cannot be told."""
    try:
        with time_limit(connection, limit_s):
            count = 0
            for count, _ in enumerate(connection.execute("pragma foreign_key_check"), start=1):
                if count >= _FOREIGN_KEY_ROWS:
                    break
            return count
    except apsw.Error:
        return None


def schema_version(connection: apsw.Connection) -> str | None:
    """Return the Alembic heads that the database is at, or else Django's newest migrations."""
    alembic = _rows(connection, "select version_num from alembic_version order by 1 limit 20")
    version = alembic_version(str(row[0]) for row in alembic if row[0] is not None)
    if version is not None:
        return version
    # More than any project has; a hostile file must not make this long.
    django = _rows(connection, "select app, name from django_migrations limit 20000")
    return django_version((str(row[0]), str(row[1])) for row in django)


def _rows(connection: apsw.Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return what a query yields; nothing where its table is not there."""
    try:
        return connection.execute(sql).fetchall()
    except apsw.Error:
        return []


def schema_version_of(path: str) -> str | None:
    """Return the schema version of a file that nobody writes to."""
    connection = open_untrusted(path)
    try:
        return schema_version(connection)
    finally:
        connection.close()


def gather(path: str, timeout_s: float) -> None:
    """Make one durable file of a database of ours that another program wrote to.

    What its last user left in a `-wal` or a hot journal goes into the file.

    Raises:
        TargetInUse: Somebody has it open still.
    """
    connection = connecting.connect(path, "mode=rw")
    try:
        connecting.harden(connection)
        connection.set_busy_timeout(int(timeout_s * 1000))
        connection.pragma("journal_mode", "delete")
    except (apsw.BusyError, apsw.LockedError) as error:
        raise TargetInUse(
            f"{path} is still open in another process",
            hint="The command must end all that it started before it ends itself.",
        ) from error
    finally:
        connection.close()
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def describe(connection: apsw.Connection) -> dict[str, Any]:
    """Return the tables, their rows and the settings of a database, as JSON values."""
    connection.collation_needed(_stand_in_collation)
    tables, warnings = count_rows(connection)
    return {
        "tables": tables,
        "warnings": warnings,
        "schema_version": schema_version(connection),
        "page_size": connection.pragma("page_size"),
        "page_count": connection.pragma("page_count"),
        "encoding": connection.pragma("encoding"),
        "auto_vacuum": connection.pragma("auto_vacuum"),
        "user_version": connection.pragma("user_version"),
        "application_id": connection.pragma("application_id"),
    }


def inspect(
    path: str, *, live: str, allow_damaged: bool, violations_limit_s: float
) -> dict[str, Any]:
    """Check a captured file and describe it, as far as its damage lets.

    Args:
        live: The path that an error names.

    Raises:
        DatabaseDamaged: It is damaged, and that is not allowed.
    """
    shape = _find_shape_damage(path)
    if shape and not allow_damaged:
        raise faults.damaged(live, [shape])
    connection = open_untrusted(path)
    try:
        return inspect_open(
            connection,
            live=live,
            allow_damaged=allow_damaged,
            violations_limit_s=violations_limit_s,
            known_damage=[shape] if shape else [],
        )
    finally:
        connection.close()


def inspect_open(
    connection: apsw.Connection,
    *,
    live: str,
    allow_damaged: bool,
    violations_limit_s: float,
    known_damage: Sequence[str] = (),
) -> dict[str, Any]:
    """Do what `inspect` does, through a connection and in the transaction that it is in.

    Raises:
        DatabaseDamaged: As `inspect`.
    """
    damage = list(known_damage)
    unchecked: list[str] = []
    if not damage:
        damage, unchecked = _find_content_damage(connection, full=False)
    if damage and not allow_damaged:
        raise faults.damaged(live, damage)
    found: dict[str, Any] = {"tables": {}, "warnings": [], "schema_version": None}
    try:
        found = describe(connection)
        found["violations"] = count_violations(connection, violations_limit_s)
    except apsw.Error as error:
        damage = damage or [str(error)]
    if damage and not allow_damaged:
        raise faults.damaged(live, damage)
    found["warnings"] += unchecked
    return found | {"damage": damage}


def check(
    path: str,
    *,
    tables: dict[str, int] | None,
    expect: Sequence[str],
    full: bool,
    known_violations: int | None,
    limit_s: float,
) -> Iterator[tuple[str, bool, str]]:
    """Yield `(name, passed, detail)` of each check of a database file, the integrity first.

    After a failed integrity check nothing more is asked of the file.
    """
    damage, unchecked = find_damage(path, full=full)
    yield "integrity", not damage, "; ".join(damage[:3] or unchecked[:3])
    if damage:
        return
    connection = open_untrusted(path)
    connection.collation_needed(_stand_in_collation)
    try:
        yield _check_foreign_keys(connection, known_violations, limit_s)
        if tables is not None:
            yield _check_tables(connection, tables, limit_s)
        for sql in expect:
            yield _check_expectation(connection, sql, limit_s)
    finally:
        connection.close()


def _check_foreign_keys(
    connection: apsw.Connection, known: int | None, limit_s: float
) -> tuple[str, bool, str]:
    found = count_violations(connection, limit_s)
    if found is None:
        return "foreign keys", True, "not checked: they cannot be followed here, or not in time"
    if not found:
        return "foreign keys", True, ""
    rows = f"{found} {'row refers' if found == 1 else 'rows refer'} to rows that are not there"
    if known is None:
        return "foreign keys", True, f"{rows}; whether they did when backed up is not recorded"
    if found <= known:
        return "foreign keys", True, f"{rows}, as when backed up"
    return "foreign keys", False, f"{rows}; when backed up it was {known}"


def _check_tables(
    connection: apsw.Connection, expected: dict[str, int], limit_s: float
) -> tuple[str, bool, str]:
    try:
        with time_limit(connection, limit_s):
            found, _ = count_rows(connection)
    except apsw.Error as error:
        return "table counts", False, f"the tables cannot be counted: {error}"
    wrong = [
        f"{name}: {found.get(name, 'no table')} instead of {count}"
        for name, count in sorted(expected.items())
        if found.get(name) != count
    ]
    wrong += [f"{name}: not in the manifest" for name in sorted(found.keys() - expected.keys())]
    detail = "; ".join(wrong[:5]) or (
        f"{_counted(len(expected), 'table')}, {_counted(sum(expected.values()), 'row')}"
    )
    return "table counts", not wrong, detail


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _check_expectation(
    connection: apsw.Connection, sql: str, limit_s: float
) -> tuple[str, bool, str]:
    name = f"expect: {sql}"
    try:
        with time_limit(connection, limit_s):
            cursor = connection.execute(sql)
            rows = [row for _, row in zip(range(2), cursor, strict=False)]
    except apsw.Error as error:
        return name, False, str(error)
    if len(rows) != 1 or len(rows[0]) != 1:
        return name, False, "it must return one row of one column"
    value = rows[0][0]
    return name, bool(value), "" if value else f"it returned {str(value)[:100]!r}"


def query_column(path: str, sql: str, *, batch: int = 1000) -> Iterator[list[str]]:
    """Yield the first column of a query in batches, as text and without NULLs."""
    connection = open_untrusted(path)
    connection.collation_needed(_stand_in_collation)
    try:
        values: list[str] = []
        for row in connection.execute(sql):
            if row[0] is None:
                continue
            value = row[0]
            text = value.decode(errors="surrogateescape") if isinstance(value, bytes) else value
            values.append(str(text))
            if len(values) == batch:
                yield values
                values = []
        yield values
    except apsw.SQLError as error:
        raise SourceError(
            f"The query cannot be run: {error}: {sql}", hint="Correct the SQL in the settings."
        ) from error
    finally:
        connection.close()


def query_pairs(connection: apsw.Connection, sql: str) -> list[list[Any]]:
    """Return the first two columns of a query as JSON values; bytes as text, or hexadecimal."""
    try:
        return [[_json_value(value) for value in row[:2]] for row in connection.execute(sql)]
    except apsw.SQLError as error:
        raise SourceError(
            f"The query cannot be run: {error}: {sql}",
            hint="Correct the names of the table and its columns in the settings.",
        ) from error


def _json_value(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def quick_check(connection: apsw.Connection) -> list[str]:
    """Return the damage that a quick check of an open database finds."""
    connection.collation_needed(_stand_in_collation)
    return _check(connection, "quick_check") or []
