"""What a database holds, as the server's catalogue says."""

# ruff: noqa: S608  names are quoted by `identifier`, values are bound

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.sources.mysql.clients import Version, parse_server_version
from holdfast.sources.mysql.session import Row, Session, identifier

_TRANSACTIONAL = frozenset({"INNODB", "ROCKSDB", "TOKUDB", "NDBCLUSTER", "NDB"})
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, sequence or view; `kind` is the catalogue's, in capitals."""

    name: str
    kind: str
    engine: str
    size_bytes: int

    @property
    def transactional(self) -> bool:
        """Whether a snapshot of the database covers it."""
        return self.engine.upper() in _TRANSACTIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key: columns of a table that name rows of another."""

    schema: str
    table: str
    name: str
    columns: tuple[str, ...]
    to_schema: str
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database as a whole."""

    version: Version
    charset: str
    collation: str
    tables: tuple[Table, ...]

    @property
    def movable(self) -> tuple[str, ...]:
        """What can be renamed into another database: tables and sequences."""
        return tuple(each.name for each in self.tables if "VIEW" not in each.kind)

    @property
    def views(self) -> tuple[str, ...]:
        """The names of the views."""
        return tuple(each.name for each in self.tables if "VIEW" in each.kind)

    @property
    def counted(self) -> tuple[str, ...]:
        """The names of what has rows of its own."""
        return tuple(
            each.name for each in self.tables if each.kind in ("BASE TABLE", "SYSTEM VERSIONED")
        )

    @property
    def size_bytes(self) -> int:
        """An estimate of what a dump of it takes."""
        return sum(each.size_bytes for each in self.tables)


def server_version(session: Session) -> Version:
    """Return the server's flavour and version."""
    return parse_server_version(str(session.value("SELECT VERSION()")))


def exists(session: Session, schema: str) -> bool:
    """Whether the server has a database of that name, as far as the user may know."""
    return bool(
        session.rows("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (schema,))
    )


def is_empty(session: Session, schema: str) -> bool:
    """Whether a database holds nothing: no table, view, routine or event."""
    places = (("TABLES", "TABLE"), ("ROUTINES", "ROUTINE"), ("EVENTS", "EVENT"))
    return not any(
        session.rows(
            f"SELECT 1 FROM information_schema.{view} WHERE {of}_SCHEMA = %s LIMIT 1", (schema,)
        )
        for view, of in places
    )


def inspect(session: Session, schema: str) -> Database:
    """Return what a database holds."""
    charset, collation = _charset(session, schema)
    rows = session.rows(
        "SELECT TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, ''),"
        " COALESCE(DATA_LENGTH, 0) FROM information_schema.TABLES"
        " WHERE TABLE_SCHEMA = %s ORDER BY TABLE_NAME",
        (schema,),
    )
    return Database(
        version=server_version(session),
        charset=charset,
        collation=collation,
        tables=tuple(
            Table(name=text(name), kind=text(kind), engine=text(engine), size_bytes=int(size))
            for name, kind, engine, size in rows
        ),
    )


def _charset(session: Session, schema: str) -> tuple[str, str]:
    found = session.rows(
        "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME"
        " FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s",
        (schema,),
    )
    return (text(found[0][0]), text(found[0][1])) if found else ("utf8mb4", "")


def charset_of(session: Session, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the character set and collation of a captured database, as far as they are known.

    A collation that this server does not have is left out: then it is its default.
    """
    found = session.rows(
        "SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS"
        " WHERE CHARACTER_SET_NAME = %s AND COLLATION_NAME = %s",
        (str(facts.get("charset")), str(facts.get("collation"))),
    )
    if found:
        return text(found[0][0]), text(found[0][1])
    known = session.value(
        "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS"
        " WHERE CHARACTER_SET_NAME = %s",
        (str(facts.get("charset")),),
    )
    return text(known or "utf8mb4"), ""


def text(value: Any) -> str:
    """Return a name of the catalogue, which some servers give as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def count_rows(session: Session, schema: str, tables: Sequence[str]) -> dict[str, int]:
    """Count the rows of tables, each at its own moment."""
    place = identifier(schema)
    return {
        name: int(session.value(f"SELECT COUNT(*) FROM {place}.{identifier(name)}"))
        for name in tables
    }


def foreign_keys(session: Session, where: str, arguments: Sequence[object]) -> list[ForeignKey]:
    """Return foreign keys; `where` speaks of the columns of `KEY_COLUMN_USAGE`."""
    rows = session.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME,"
        " REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME"
        " FROM information_schema.KEY_COLUMN_USAGE"
        f" WHERE REFERENCED_TABLE_NAME IS NOT NULL AND ({where})"
        " ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
        arguments,
    )
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        grouped.setdefault(tuple(map(text, row[:3])), []).append(row)
    return [_key(same) for same in grouped.values()]


def _key(rows: list[Row]) -> ForeignKey:
    first = rows[0]
    return ForeignKey(
        schema=text(first[0]),
        table=text(first[1]),
        name=text(first[2]),
        columns=tuple(text(row[3]) for row in rows),
        to_schema=text(first[4]),
        to_table=text(first[5]),
        to_columns=tuple(text(row[6]) for row in rows),
    )


def orphans(session: Session, key: ForeignKey, *, to_schema: str | None = None) -> int:
    """Count rows that name a row which is not there."""
    child = f"{identifier(key.schema)}.{identifier(key.table)}"
    parent = f"{identifier(to_schema or key.to_schema)}.{identifier(key.to_table)}"
    on = " AND ".join(
        f"c.{identifier(mine)} = p.{identifier(theirs)}"
        for mine, theirs in zip(key.columns, key.to_columns, strict=True)
    )
    known = " AND ".join(f"c.{identifier(mine)} IS NOT NULL" for mine in key.columns)
    return int(
        session.value(
            f"SELECT COUNT(*) FROM {child} c LEFT JOIN {parent} p ON {on}"
            f" WHERE {known} AND p.{identifier(key.to_columns[0])} IS NULL"
        )
    )


def content_warnings(database: Database) -> tuple[str, ...]:
    """Say what of a database a dump in one transaction does not capture as of one moment."""
    loose = [
        f"{each.name} ({each.engine})"
        for each in database.tables
        if each.kind == "BASE TABLE" and not each.transactional
    ]
    warnings = []
    if loose:
        warnings.append(
            f"Tables that are not transactional may be of another moment than the rest:"
            f" {listed(loose)}"
        )
    versioned = [each.name for each in database.tables if each.kind == "SYSTEM VERSIONED"]
    if versioned:
        warnings.append(
            f"Of system-versioned tables the present rows are captured, not their history:"
            f" {listed(versioned)}"
        )
    return tuple(warnings)


def sees_routines(session: Session, schema: str) -> bool:
    """Whether the user sees procedures and functions: without a right they are not listed.

    Those that are listed and may not be read make the dump fail.
    """
    grants = [text(row[0]) for row in session.rows("SHOW GRANTS")]
    return any(_covers(grant, schema, *_ROUTINE_RIGHTS) for grant in grants) or any(
        _covers(grant, "mysql", "SELECT") or _covers(grant, "mysql", "SELECT", table="proc")
        for grant in grants
    )


_ROUTINE_RIGHTS = (
    *("EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE"),
    *("SHOW CREATE ROUTINE", "SHOW_ROUTINE"),
)


def rights_warnings(session: Session, schema: str) -> tuple[str, ...]:
    """Say what the user may not see and a dump would leave out in silence."""
    warnings = []
    grants = [text(row[0]) for row in session.rows("SHOW GRANTS")]
    if not any(_covers(grant, schema, "TRIGGER") for grant in grants):
        warnings.append(
            f"The user may lack the right TRIGGER on {schema}: without it the backup has no"
            " triggers"
        )
    if not sees_routines(session, schema):
        warnings.append(
            f"The user may not see procedures and functions of {schema}, and the backup has none:"
            " grant it SHOW_ROUTINE (MySQL), or SELECT on mysql.proc (MariaDB)"
        )
    return tuple(warnings)


def float_warnings(session: Session, schema: str) -> tuple[str, ...]:
    """Say which columns a dump cannot give exactly.

    The server writes a FLOAT with six digits, and takes nine to tell it from its neighbours.
    """
    rows = session.rows(
        "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = %s AND DATA_TYPE = 'float' ORDER BY 1, 2",
        (schema,),
    )
    if not rows:
        return ()
    named = listed([f"{text(table)}.{text(column)}" for table, column in rows])
    warning = (
        f"Columns of type FLOAT are backed up with six digits, as the server writes them: {named};"
        " DOUBLE is exact"
    )
    return (warning,)


_GRANT = re.compile(r"GRANT (?P<rights>.*?) ON (?P<place>.*?) TO ", re.DOTALL)


def _covers(grant: str, schema: str, *wanted: str, table: str = "") -> bool:
    """Whether a grant gives one of the rights to a database, or to a table of it."""
    found = _GRANT.match(grant)
    if found is None:
        return False
    rights = {each.strip() for each in found["rights"].split(",")}
    if not rights & {*wanted, "ALL PRIVILEGES"}:
        return False
    ending = f".`{table}`" if table else ".*"
    if not found["place"].endswith(ending):
        return False
    place = found["place"].removesuffix(ending).strip("`").replace("``", "`")
    pattern = "".join(_LIKE.get(part, re.escape(part)) for part in re.findall(r"\\.|.", place))
    return place == "*" or re.fullmatch(pattern, schema, re.DOTALL) is not None


_LIKE = {"%": ".*", "_": ".", "\\_": "_", "\\%": "%"}


def listed(names: Sequence[str]) -> str:
    """Return names for people: a few of them, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
