"""What a database holds, asked in the transaction whose snapshot is dumped.

Every statement names its schema, and the search path is empty: a function of the user's that
has the name of one of the server's is never called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.errors import DatabaseChanged, DatabaseLocked, DatabaseRefused
from holdfast.models.schema_version import alembic_version, django_version
from holdfast.sources.postgresql.clients import Version
from holdfast.sources.postgresql.features import FEATURES
from holdfast.sources.postgresql.providers import LeftOut, left_out
from holdfast.sources.postgresql.session import Session, identifier

LOCK_WAIT_S = 60
"""How long a capture waits for a table that is being changed, before it fails."""
_QUICK_S = 2
_SHOWN = 10
_QUIET = (
    *("statement_timeout = 0", "idle_in_transaction_session_timeout = 0"),
    *(f"lock_timeout = '{LOCK_WAIT_S}s'", "max_parallel_workers_per_gather = 0"),
)

_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind,
  c.relpersistence AS persistence, {size} AS size_bytes,
  pg_catalog.has_table_privilege(c.oid, 'SELECT')
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS readable,
  pg_catalog.row_security_active(c.oid) AS filtered,
  e.oid IS NOT NULL AS of_extension,
  e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)] AS condition
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.objid = c.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE c.relkind IN ('r', 'p', 'm', 'f', 'S')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (e.oid IS NULL OR c.oid = ANY (e.extconfig))
ORDER BY 1, 2"""
_SIZES = "CASE c.relkind WHEN 'r' THEN pg_catalog.pg_table_size(c.oid) ELSE 0 END"

_DATABASE = """
SELECT pg_catalog.current_setting('server_version_num')::int AS version,
  pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate,
  d.datctype AS ctype, pg_catalog.pg_get_userbyid(d.datdba) AS owner,
  pg_catalog.pg_is_in_recovery() AS standby,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata) AS large_objects,
  pg_catalog.pg_table_size('pg_catalog.pg_largeobject') AS large_object_bytes
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"""
_REWRITTEN = """
SELECT c.oid::pg_catalog.regclass::text AS name FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND pg_catalog.pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode"""

_WHOLE = "SELECT pg_catalog.pg_database_size(pg_catalog.current_database()) AS n"

_SCHEMAS = """
SELECT nspname AS name FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1"""

_EXTENSIONS = """
SELECT extname AS name, extversion AS version FROM pg_catalog.pg_extension
WHERE extname <> 'plpgsql' ORDER BY 1"""

_ROLES = """
SELECT r.rolname AS name FROM pg_catalog.pg_roles r
WHERE r.oid = (SELECT datdba FROM pg_catalog.pg_database
               WHERE datname = pg_catalog.current_database())
  OR r.oid IN (
    SELECT s.refobjid FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_database d
      ON d.datname = pg_catalog.current_database()
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND (s.dbid = d.oid OR s.dbid = 0 AND s.objid = d.oid
           AND s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass))
ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, partition, materialized view, sequence or foreign table of a database.

    Attributes:
        kind: PostgreSQL's letter for it: `r`, `p`, `m`, `S`, `f`.
        persistence: `p`, or `u` for unlogged ones.
        size_bytes: On disk, without indexes.
        readable: Whether our role may read all of it.
        filtered: Whether row security hides rows from our role.
        of_extension: Whether an extension made it, and has its rows dumped.
        condition: Which rows of it, as an SQL clause that begins with WHERE; may be empty.
    """

    schema: str
    name: str
    kind: str
    persistence: str
    size_bytes: int
    readable: bool
    filtered: bool
    of_extension: bool = False
    condition: str | None = None

    @property
    def label(self) -> str:
        """Its name for people and in the manifest: the schema only if it is not `public`."""
        parts = (self.name,) if self.schema == "public" else (self.schema, self.name)
        # A name with a dot in it would be mistaken for two.
        return ".".join(identifier(part) if "." in part else part for part in parts)

    @property
    def quoted(self) -> str:
        """Its name for SQL."""
        return identifier(self.schema, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A database as it was in one snapshot.

    Attributes:
        snapshot: The snapshot's name, for `pg_dump --snapshot`.
        tables: What the dump carries rows of, and what stands for rows elsewhere.
        extensions: Versions of those that are dumped.
        roles: Roles that own or were granted something here.
        features: What of PostgreSQL it uses; see `features`.
    """

    snapshot: str
    version: Version
    tables: tuple[Table, ...]
    database: dict[str, Any]
    extensions: dict[str, str]
    roles: tuple[str, ...]
    left_out: LeftOut
    features: tuple[str, ...]
    schema_version: str | None

    @property
    def size_bytes(self) -> int:
        """Estimate of the dump's size."""
        of_objects = int(self.database["large_object_bytes"])
        return sum(each.size_bytes for each in self.tables) + of_objects

    @property
    def counted(self) -> tuple[Table, ...]:
        """Tables whose rows are dumped."""
        return tuple(each for each in self.of_kind("r") if each not in self.empty)

    @property
    def empty(self) -> tuple[Table, ...]:
        """Tables that are dumped without their rows: a standby has none of unlogged ones."""
        standby = self.database["standby"]
        return tuple(each for each in self.of_kind("r") if standby and each.persistence == "u")

    def of_kind(self, kind: str) -> tuple[Table, ...]:
        """Return the tables of one kind."""
        return tuple(each for each in self.tables if each.kind == kind)


def begin(session: Session) -> None:
    """Begin the transaction whose snapshot is dumped; the caller ends it.

    Nothing is locked by it. A lock of ours would keep a waiting `ALTER TABLE` waiting, behind
    which `pg_dump` would wait in its turn, for ever.
    """
    for setting in _QUIET:
        session.execute(f"SET {setting}")
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    session.execute("SET LOCAL search_path = pg_catalog")


def expect_no_rewrite(session: Session) -> None:
    """Raise `DatabaseChanged` if a table was emptied or rewritten since the snapshot.

    `TRUNCATE` and `ALTER TABLE` do not respect snapshots: a dump would have the table empty.
    Once `pg_dump` has locked all tables nobody can do that any more, so it is asked then. The
    snapshot still shows the file that a table had; the function tells the one that it has now.
    """
    changed = [row["name"] for row in session.query(_REWRITTEN)]
    if changed:
        raise DatabaseChanged(
            f"{_some(changed)} of {session.connection.location} was emptied or rewritten while"
            " the backup began",
            hint="Start it again when the migration or the import is done.",
        )


def inspect(session: Session) -> Inspection:
    """Look at the database in the transaction that `begin` began."""
    snapshot = str(session.value("SELECT pg_catalog.pg_export_snapshot() AS name"))
    omitted = left_out_of(session)
    tables = _tables(session, omitted, sized=True)
    expect_all_readable(session, tables)
    database = session.row(_DATABASE)
    extensions = {row["name"]: row["version"] for row in session.query(_EXTENSIONS)}
    return Inspection(
        snapshot=snapshot,
        version=Version.of_server(database.pop("version")),
        tables=tables,
        database=database,
        extensions={
            name: version for name, version in extensions.items() if name not in omitted.extensions
        },
        roles=tuple(row["name"] for row in session.query(_ROLES)),
        left_out=omitted,
        features=tuple(name for name, used in session.row(FEATURES).items() if used),
        schema_version=schema_version(session),
    )


def estimate_bytes(session: Session) -> int:
    """Estimate the size of a dump, quickly: its tables without indexes, if none is locked."""
    session.execute(f"SET lock_timeout = '{_QUICK_S}s'")
    try:
        tables = _tables(session, left_out_of(session), sized=True)
    except DatabaseLocked:
        return int(session.value(_WHOLE))
    return sum(each.size_bytes for each in tables)


def left_out_of(session: Session) -> LeftOut:
    """Return what the rules for managed services leave out of a session's database."""
    return left_out(
        (row["name"] for row in session.query("SELECT rolname AS name FROM pg_catalog.pg_roles")),
        [row["name"] for row in session.query(_SCHEMAS)],
        [row["name"] for row in session.query(_EXTENSIONS)],
    )


def _tables(session: Session, omitted: LeftOut, *, sized: bool) -> tuple[Table, ...]:
    sql = _TABLES.format(size=_SIZES if sized else "0")
    found = (Table(**row) for row in session.query(sql))
    return tuple(each for each in found if each.schema not in omitted.schemas)


def expect_all_readable(session: Session, tables: Sequence[Table]) -> None:
    """Raise `DatabaseRefused` if a dump as this role would fail or miss rows."""
    where, role = session.connection.location, session.connection.user or "this system user"
    closed = [each.label for each in tables if each.kind in "rpS" and not each.readable]
    if closed:
        raise DatabaseRefused(
            f"The role {role} may not read {_some(closed)} in {where}",
            hint=f'GRANT pg_read_all_data TO "{role}" (PostgreSQL 14 and newer), or SELECT on'
            " each table and sequence and USAGE on its schema.",
        )
    hidden = [each.label for each in tables if each.kind in "rp" and each.filtered]
    if hidden:
        raise DatabaseRefused(
            f"Row security hides rows of {_some(hidden)} from the role {role} in {where}:"
            " a backup would have only a part of them",
            hint=f'Use the owner of the tables, or ALTER ROLE "{role}" BYPASSRLS.',
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def count_rows(session: Session, table: Table) -> int:
    """Return the rows of a table, without those of its partitions or children, in the snapshot."""
    where = f" {table.condition}" if table.condition else ""
    return int(session.value(f"SELECT pg_catalog.count(*) AS n FROM ONLY {table.quoted}{where}"))  # noqa: S608


_VERSIONS = """
SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname IN ('alembic_version', 'django_migrations') AND c.relkind = 'r'
  AND n.nspname !~ '^pg_' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname <> 'public', 1, 2"""


def schema_version(session: Session) -> str | None:
    """Return the Alembic heads that a database is at, or else Django's newest migrations.

    Of several schemas `public` counts, then the first by name.
    """
    found = {row["name"]: identifier(row["schema"], row["name"]) for row in _versions(session)}
    if table := found.get("alembic_version"):
        rows = session.query(f"SELECT version_num AS v FROM {table} ORDER BY 1 LIMIT 20")  # noqa: S608
        if version := alembic_version(str(row["v"]) for row in rows if row["v"] is not None):
            return version
    if table := found.get("django_migrations"):
        rows = session.query(f"SELECT app, name FROM {table} LIMIT 20000")  # noqa: S608
        return django_version((str(row["app"]), str(row["name"])) for row in rows)
    return None


def _versions(session: Session) -> list[dict[str, Any]]:
    return session.query(_VERSIONS)[::-1]  # the last one of a name stays in a dict


def counted_tables(session: Session) -> tuple[Table, ...]:
    """Return the tables whose rows a capture counts and a restored database has as well."""
    tables = _tables(session, left_out_of(session), sized=False)
    return tuple(each for each in tables if each.kind == "r" and not each.of_extension)
