"""The databases that a restore makes on the server, and the mark by which they are known.

Only what has our name and our mark is ever dropped: a table `__holdfast__` that says what the
database is, of which live one, and which programs (views, triggers, ...) belong to its tables.
"""

# ruff: noqa: S608  names are quoted by `identifier`, values are bound

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from holdfast.errors import DatabaseRefused, RestoreError
from holdfast.sources.mysql.inspection import exists, inspect, text
from holdfast.sources.mysql.leaving_keys import Key
from holdfast.sources.mysql.session import Session, identifier
from holdfast.sources.mysql.statements import Program

NEW = "new"
OLD = "old"
DRILL = "drill"
MARK = "__holdfast__"
WITNESS = "__holdfast_witness__"
"""Moves with the tables in one statement: where it is tells whether that happened."""
OWN_TABLES = frozenset({MARK, WITNESS})
_HELD = "swapping"
_NAME_LIMIT = 64
_COMMENT = "Holdfast made this database; see what it is for in this table"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a database of ours is.

    Attributes:
        purpose: `new`, `old` or `drill`.
        live: The database that it belongs to.
        tables: The tables that it replaces or that it was in the place of; empty means all.
    """

    purpose: str
    live: str
    token: str
    tables: tuple[str, ...] = ()


def schema_name(live: str, purpose: str, token: str) -> str:
    """Return the name of a database of ours; it fits the server's limit and stays unique."""
    ending = f"_holdfast_{purpose}_{token}"
    room = _NAME_LIMIT - len(ending)
    if len(live) <= room:
        return live + ending
    digest = hashlib.sha256(live.encode()).hexdigest()[:8]
    return f"{live[: room - 9]}_{digest}{ending}"


def create(session: Session, name: str, about: About, *, charset: str, collation: str) -> None:
    """Make a database of ours, with its mark.

    Raises:
        DatabaseRefused: The user may not; the hint says what to grant.
        RestoreError: There is one of that name already.
    """
    if exists(session, name):
        raise RestoreError(f"There is a database {name} already, and it is left as it is")
    try:
        session.run(f"CREATE DATABASE {identifier(name)} {defaults(charset, collation)}")
    except DatabaseRefused as error:
        raise DatabaseRefused(
            f"The user may not make the database {name}, which a restore fills beside the live one:"
            f" {error.message}",
            hint=grant_hint(about.live),
        ) from error
    session.run(
        f"CREATE TABLE {identifier(name)}.{MARK} (id INT AUTO_INCREMENT PRIMARY KEY,"
        " kind VARCHAR(16) NOT NULL, body LONGTEXT NOT NULL)"
        f" ENGINE=InnoDB CHARACTER SET utf8mb4 COMMENT='{_COMMENT}'"
    )
    _add(session, name, [("about", msgspec.json.encode(about))])


def grant_hint(live: str) -> str:
    """Say which rights a restore of a database needs."""
    base = live.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%").replace("`", "``")
    return (
        f"As an administrator: GRANT ALL ON `{base}`.* TO ...; GRANT ALL ON"
        f" `{base}\\_holdfast\\_%`.* TO ...;"
    )


def defaults(charset: str, collation: str) -> str:
    """Return what gives a new database its character set and collation, if that is known."""
    collate = f" COLLATE {_word(collation)}" if collation else ""
    return f"CHARACTER SET {_word(charset)}{collate}"


def _word(name: str) -> str:
    if not name.replace("_", "").isalnum():
        raise RestoreError(f"{name!r} is no character set or collation")
    return name


def _add(session: Session, name: str, rows: Sequence[tuple[str, bytes]]) -> None:
    place = identifier(name).replace("%", "%%")
    for kind, body in rows:
        session.run(
            f"INSERT INTO {place}.{MARK} (kind, body) VALUES (%s, %s)", (kind, body.decode())
        )


def add_witness(session: Session, name: str) -> None:
    """Put the witness into a database that will be exchanged."""
    session.run(f"CREATE TABLE {identifier(name)}.{WITNESS} (x INT) ENGINE=InnoDB")


def has_witness(session: Session, name: str) -> bool:
    """Whether the witness is in that database."""
    return _has_table(session, name, WITNESS)


def _has_table(session: Session, schema: str, table: str) -> bool:
    return bool(
        session.rows(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            (schema, table),
        )
    )


def save_programs(
    session: Session, name: str, programs: Sequence[Program], keys: Sequence[Key] = ()
) -> None:
    """Record which programs belong to the tables of a database of ours, instead of others.

    Args:
        keys: Foreign keys that its tables lose, for when they go back.
    """
    session.run(f"DELETE FROM {identifier(name)}.{MARK} WHERE kind IN ('program', 'key', 'saved')")
    _add(session, name, [("program", msgspec.json.encode(each)) for each in programs])
    _add(session, name, [("key", msgspec.json.encode(each)) for each in keys])
    _add(session, name, [("saved", b"")])


def is_saved(session: Session, name: str) -> bool:
    """Whether `save_programs` was done with it."""
    return bool(session.rows(f"SELECT 1 FROM {identifier(name)}.{MARK} WHERE kind = 'saved'"))


def save_names(session: Session, name: str, tables: Sequence[str]) -> None:
    """Record which tables a restore puts into a database that held none."""
    session.run(f"DELETE FROM {identifier(name)}.{MARK} WHERE kind = 'names'")
    _add(session, name, [("names", msgspec.json.encode(tables))])


def load_names(session: Session, name: str) -> list[str]:
    """Return what `save_names` recorded."""
    rows = session.rows(f"SELECT body FROM {identifier(name)}.{MARK} WHERE kind = 'names'")
    return [each for row in rows for each in msgspec.json.decode(row[0], type=list[str])]


def hold(session: Session, name: str) -> None:
    """Note that a restore which is not settled needs a database of ours (idempotent)."""
    if describe(session, name) is not None and not is_held(session, name):
        _add(session, name, [(_HELD, b"")])


def let_go(session: Session, name: str) -> None:
    """Note that the restore is settled (idempotent)."""
    if describe(session, name) is not None:
        session.run(f"DELETE FROM {identifier(name)}.{MARK} WHERE kind = '{_HELD}'")


def is_held(session: Session, name: str) -> bool:
    """Whether a restore that is not settled needs it, of this plan or another."""
    return bool(session.rows(f"SELECT 1 FROM {identifier(name)}.{MARK} WHERE kind = '{_HELD}'"))


def load_programs(session: Session, name: str) -> list[Program]:
    """Return what `save_programs` recorded, in its order."""
    rows = session.rows(
        f"SELECT body FROM {identifier(name)}.{MARK} WHERE kind = 'program' ORDER BY id"
    )
    return [msgspec.json.decode(row[0], type=Program) for row in rows]


def load_keys(session: Session, name: str) -> list[Key]:
    """Return the foreign keys that `save_programs` recorded."""
    rows = session.rows(
        f"SELECT body FROM {identifier(name)}.{MARK} WHERE kind = 'key' ORDER BY id"
    )
    return [msgspec.json.decode(row[0], type=Key) for row in rows]


def describe(session: Session, name: str) -> About | None:
    """Return what a database is, None unless it is there and has our mark."""
    if not _has_table(session, name, MARK):
        return None
    rows = session.rows(f"SELECT body FROM {identifier(name)}.{MARK} WHERE kind = 'about'")
    try:
        return msgspec.json.decode(rows[0][0], type=About) if len(rows) == 1 else None
    except msgspec.MsgspecError:
        return None


def drop(session: Session, name: str, *, live: str, only_empty: bool = False) -> bool:
    """Remove a database of ours (idempotent); return whether there was one.

    Args:
        live: The database that it must belong to.
        only_empty: Leave it if it holds a table that is not our own.
    """
    if "_holdfast_" not in name or not exists(session, name):
        return False
    tables = set(inspect(session, name).movable)
    about = describe(session, name)
    if about is None and tables - OWN_TABLES:
        return False  # not ours; whoever made one that has nothing yet died before its mark
    if about is not None and not is_same_name(session, about.live, live):
        return False
    if only_empty and tables - OWN_TABLES:
        return False
    # A table of another one may refer to one of these, both of them out of use.
    session.run("SET foreign_key_checks = 0")
    session.run(f"DROP DATABASE IF EXISTS {identifier(name)}")
    session.run("SET foreign_key_checks = 1")
    return True


def ours(session: Session, live: str, purpose: str) -> list[str]:
    """Return the names of the databases of ours with a purpose, of one live database."""
    sample = schema_name(live, purpose, "")
    rows = session.rows("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")
    stem = sample[: max(1, min(len(live), len(sample)) - 12)]
    found = []
    for name in sorted(text(row[0]) for row in rows):
        if f"_holdfast_{purpose}_" in name and name.casefold().startswith(stem[:20].casefold()):
            about = describe(session, name)
            if about is None or about.purpose != purpose:
                continue
            if is_same_name(session, about.live, live):
                found.append(name)
    return found


def is_same_name(session: Session, one: str, other: str) -> bool:
    """Whether two names are of one database: some servers do not tell capitals."""
    if one == other or one.casefold() != other.casefold():
        return one == other
    return int(session.value("SELECT @@lower_case_table_names")) != 0


def actual_name(session: Session, name: str) -> str:
    """Return how the server spells the name of a database, whether it is there or not."""
    capitals = int(session.value("SELECT @@lower_case_table_names"))
    if capitals == 1:
        return name.lower()
    sql = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s"
    return text(session.value(sql, (name,)) or name) if capitals else name


def drop_stale(session: Session, live: str) -> None:
    """Remove what restores and drills of days ago left when server or process died."""
    for purpose in (NEW, DRILL):
        for name in ours(session, live, purpose):
            old = session.rows(
                "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s"
                " AND TABLE_NAME = %s AND CREATE_TIME < NOW() - INTERVAL 1 DAY",
                (name, MARK),
            )
            if old and (purpose == DRILL or has_witness(session, name)):
                drop(session, name, live=live)
