"""Whole databases of a server: looked up, made, dropped, and who is using them.

Each function takes a session of another database of that server: one in use can neither be
renamed nor dropped by itself.
"""

# ruff: noqa: S608 - names and values are quoted by `identifier` and `literal`

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.errors import (
    DatabaseRefused,
    DatabaseUnreachable,
    HoldfastError,
    SourceError,
    SourceNotFound,
    TargetInUse,
)
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.failures import sqlstate_of
from holdfast.sources.postgresql.names import (
    Purpose,
    beside,
    is_settled,
    mark,
    purpose_of,
)
from holdfast.sources.postgresql.server import Server, version_of
from holdfast.sources.postgresql.session import Session, identifier, literal
from holdfast.sources.programs import Place

_LOG = logging.getLogger("holdfast.restore")
_MAINTENANCE = ("postgres", "template1")
_NO_SUCH_DATABASE = "3D000"
_DUPLICATE_DATABASE = "42P04"
_PLAIN = "ENCODING 'UTF8'"
_LOCK_SPACE = 0x686F6C64  # "hold"
_FOUND = """
SELECT d.oid::bigint AS oid, d.datname AS name,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
  FROM pg_catalog.pg_database d
"""
_DESCRIBED = """
SELECT d.oid::bigint AS oid, d.datname AS name, r.rolname AS owner,
       pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, t.spcname AS tablespace,
       d.datallowconn AS open, d.datconnlimit AS connections, d.datistemplate AS template,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       pg_catalog.to_jsonb(d) AS facts
  FROM pg_catalog.pg_database d
  JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
  JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
"""
_USERS = """
SELECT a.pid, coalesce(a.usename, '?') AS role,
       coalesce(nullif(a.application_name, ''), a.backend_type, '?') AS application,
       (me.rolsuper OR (NOT coalesce(them.rolsuper, false) AND (
           pg_catalog.pg_has_role(a.usesysid, 'USAGE')
           OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))) AS endable
  FROM pg_catalog.pg_stat_activity a
  JOIN pg_catalog.pg_roles me ON me.rolname = current_user
  LEFT JOIN pg_catalog.pg_roles them ON them.oid = a.usesysid
 WHERE a.usesysid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database as the server describes it.

    Attributes:
        open: Whether it takes connections.
        connections: How many it takes, -1 for any number.
        facts: Its row of `pg_database`, whose columns differ from version to version.
    """

    oid: int
    name: str
    owner: str
    encoding: str
    tablespace: str
    open: bool
    connections: int
    template: bool
    comment: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A database of ours beside a live one.

    Attributes:
        settled: False for one that a restore replaced which may still be taken back.
    """

    oid: int
    name: str
    purpose: Purpose
    token: str
    settled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A session that uses a database.

    Attributes:
        endable: Whether we may end it.
    """

    pid: int
    role: str
    application: str
    endable: bool

    def __str__(self) -> str:
        return f"{self.application} as {self.role} (process {self.pid})"


def open_maintenance(
    server: Server, place: Place, *, cancel: CancellationToken | None = None
) -> Session:
    """Connect to a database of the server that is not the source's own.

    Raises:
        SourceError: None is to be had; says why for the first.
    """
    first: HoldfastError | None = None
    for name in _MAINTENANCE:
        if name == server.connection.database:
            continue
        try:
            return server.open(place, database=name, cancel=cancel)
        except (SourceNotFound, DatabaseRefused) as error:
            first = first or error
    raise DatabaseRefused(
        f"A restore works from another database of the server, and the role may use none of"
        f" {', '.join(_MAINTENANCE)}: {first.message if first else 'they are the live one'}",
        hint="Grant it CONNECT on the database postgres.",
    ) from first


def describe(session: Session, name: str) -> Database | None:
    """Return what the server says of a database, or None where there is none."""
    for row in session.query(f"{_DESCRIBED} WHERE d.datname = {literal(name)}"):
        return Database(**row)
    return None


def oid_of(session: Session, name: str) -> int | None:
    """Return the OID of a database, or None where there is none; it outlives renaming."""
    found = session.value(
        f"SELECT oid::bigint AS oid FROM pg_catalog.pg_database WHERE datname = {literal(name)}"
    )
    return None if found is None else int(found)


def ours(session: Session, live: str) -> list[Beside]:
    """Return the databases that restores made beside a live one and left, by name."""
    found = []
    for row in session.query(f"{_FOUND} WHERE d.datname LIKE '%\\_holdfast\\_%' ORDER BY 2"):
        known = purpose_of(row["name"], row["comment"], live)
        if known is not None:
            purpose, token = known
            settled = is_settled(row["comment"])
            found.append(
                Beside(
                    oid=row["oid"], name=row["name"], purpose=purpose, token=token, settled=settled
                )
            )
    return found


def mark_settled(session: Session, oid: int, live: str) -> None:
    """Say of a database that was replaced that its restore has ended (idempotent)."""
    for each in ours(session, live):
        if each.oid == oid and not each.settled:
            comment = literal(mark(live, each.purpose, each.token))
            session.execute(f"COMMENT ON DATABASE {identifier(each.name)} IS {comment}")


def create(
    session: Session,
    *,
    live: str,
    like: Database | None,
    purpose: Purpose,
    token: str,
    options: str | None = None,
) -> Beside:
    """Make an empty database beside a live one, of the same kind, and mark it.

    Args:
        like: The live one, whose owner, encoding, locale and tablespace it gets; None where
            there is none: then it is as `options` say.
        options: For `CREATE DATABASE`; None for what the server makes, in UTF-8.

    Raises:
        DatabaseRefused: The role may not.
    """
    name = beside(live, purpose, token)
    if like:
        options = _options(session, like)
    _create(session, name, options)
    comment = literal(mark(live, purpose, token))
    try:
        session.execute(f"COMMENT ON DATABASE {identifier(name)} IS {comment}")
    except BaseException:
        # Unmarked, nobody would know that it is ours.
        session.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
        raise
    oid = oid_of(session, name)
    assert oid is not None, name
    return Beside(oid=oid, name=name, purpose=purpose, token=token)


def _create(session: Session, name: str, options: str | None) -> None:
    making = f"CREATE DATABASE {identifier(name)} TEMPLATE template0"
    session.execute(f"{making} {options or _PLAIN}")


def _options(session: Session, like: Database) -> str:
    facts = like.facts
    parts = [
        f"OWNER {identifier(like.owner)}",
        f"ENCODING {literal(like.encoding)}",
        f"LC_COLLATE {literal(facts['datcollate'])}",
        f"LC_CTYPE {literal(facts['datctype'])}",
    ]
    locale = facts.get("datlocale") or facts.get("daticulocale")
    provider = {"i": "icu", "b": "builtin"}.get(facts.get("datlocprovider", "c"))
    if provider and locale:
        parts += [f"LOCALE_PROVIDER {provider}", f"{provider.upper()}_LOCALE {literal(locale)}"]
    if facts.get("daticurules"):
        parts.append(f"ICU_RULES {literal(facts['daticurules'])}")
    default = session.value(
        "SELECT spcname FROM pg_catalog.pg_tablespace t JOIN pg_catalog.pg_database d"
        " ON d.dattablespace = t.oid WHERE d.datname = 'template0'"
    )
    if like.tablespace != default:
        parts.append(f"TABLESPACE {identifier(like.tablespace)}")
    return " ".join(parts)


def drop(session: Session, oid: int, live: str) -> str | None:
    """Drop a database of ours and end who uses it (idempotent).

    Returns:
        Its name, or None where it is not there any more, or is not ours.

    Raises:
        TargetInUse: It is used in a way that cannot be ended.
    """
    found = next((each for each in ours(session, live) if each.oid == oid), None)
    if found is None:
        return None
    force = " WITH (FORCE)" if version_of(session).major >= 13 else ""
    try:
        session.execute(f"DROP DATABASE IF EXISTS {identifier(found.name)}{force}")
    except DatabaseUnreachable:
        raise
    except SourceError as error:
        if sqlstate_of(error) == _NO_SUCH_DATABASE:
            return None
        raise TargetInUse(
            f"The database {found.name} cannot be removed: {error.message}",
            hint="End what uses it, then run the cleanup again. A subscription is removed in it,"
            " after ALTER DATABASE ... ALLOW_CONNECTIONS true, by ALTER SUBSCRIPTION ... DISABLE,"
            " ALTER SUBSCRIPTION ... SET (slot_name = NONE) and DROP SUBSCRIPTION.",
        ) from error
    return found.name


def drop_or_warn(session: Session, oid: int, live: str) -> str | None:
    """Drop a database of ours as `drop` does, but only warn where it cannot be removed now."""
    try:
        return drop(session, oid, live)
    except TargetInUse as error:
        _LOG.warning("%s. %s", error.message, error.hint)
        return None


def users_of(session: Session, oid: int) -> list[User]:
    """Return the sessions that use a database, but this one and the server's own."""
    return users_where(session, f"a.datid = {oid}")


def users_where(session: Session, condition: str) -> list[User]:
    """Return the sessions that a condition on `pg_stat_activity a` names, but this one."""
    rows = session.query(f"{_USERS} AND {condition} ORDER BY a.pid")
    return [User(**row) for row in rows]


def end_users(session: Session, oids: Sequence[int]) -> None:
    """End the sessions that use databases, as far as we may; returns before they are gone."""
    wanted = ", ".join(map(str, oids))
    session.query(
        "SELECT pg_catalog.pg_terminate_backend(u.pid) AS ended"
        f" FROM ({_USERS} AND a.datid IN ({wanted}) OFFSET 0) u WHERE u.endable"
    )


def prepared_in(session: Session, name: str) -> list[str]:
    """Return the prepared transactions of a database, which nobody's end ends."""
    rows = session.query(
        f"SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = {literal(name)}"
    )
    return [row["gid"] for row in rows]


def hold(session: Session, name: str, *, wait: bool = True) -> None:
    """Show other restores, as long as this session lasts, that a database is being worked on.

    Args:
        wait: Whether for whoever shows it too; a session of ours that was lost may do so a while.
    """
    way = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    session.query(f"SELECT pg_catalog.{way}({_lock(name)})::text AS held")


def is_held(session: Session, name: str) -> bool:
    """Tell whether another session works on a database of ours."""
    key = _lock(name)
    if not session.value(f"SELECT pg_catalog.pg_try_advisory_lock({key}) AS got"):
        return True
    session.query(f"SELECT pg_catalog.pg_advisory_unlock({key}) AS done")
    return False


def _lock(name: str) -> str:
    return f"{_LOCK_SPACE}, pg_catalog.hashtext({literal(name)})"


def drop_abandoned(session: Session, live: str) -> list[str]:
    """Drop what restores and drills prepared whose process is gone; return their names."""
    dropped = []
    for each in ours(session, live):
        idle = each.purpose is not Purpose.OLD and not is_held(session, each.name)
        if idle and not users_of(session, each.oid):
            dropped.append(drop_or_warn(session, each.oid, live))
    return [name for name in dropped if name]
