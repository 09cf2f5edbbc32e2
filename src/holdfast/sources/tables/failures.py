"""What a database says went wrong, in Holdfast's own errors; no value of a row is repeated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from holdfast.errors import (
    DatabaseDamaged,
    DatabaseLocked,
    DatabaseRefused,
    DatabaseUnreachable,
    DataDoesNotFit,
    HoldfastError,
    NotADatabase,
    NotEnoughSpace,
    RestoreError,
    SourceError,
    SourceNotFound,
    TargetInUse,
)

_HINTS: dict[type[HoldfastError], str] = {
    DatabaseRefused: "Check the user, the password and the rights of that user.",
    DatabaseUnreachable: "Check that the server runs and that its address is right.",
    SourceNotFound: "Check the name of the database in its URL.",
    DatabaseLocked: "Try again when the other work on the database is done.",
    TargetInUse: "Try again when the other work on the database is done; nothing was changed.",
    NotEnoughSpace: "Free some space on the disk of the database, then try again.",
    DatabaseDamaged: "Check the database; restore it from a backup if it is damaged.",
    NotADatabase: "Check the path or the URL.",
    DataDoesNotFit: "Nothing was changed. Bring the database to the schema of the backup first.",
    SourceError: "See the log of the database server.",
    RestoreError: "Nothing was changed. See the log of the database server.",
}
_POSTGRES: dict[str, type[HoldfastError]] = {
    "28": DatabaseRefused,
    "42501": DatabaseRefused,
    "3D": SourceNotFound,
    "42P01": SourceNotFound,
    "08": DatabaseUnreachable,
    "57P": DatabaseUnreachable,
    "53100": NotEnoughSpace,
    "53": DatabaseUnreachable,
    "55P03": DatabaseLocked,
    "40": DatabaseLocked,
    "22": DataDoesNotFit,
    "23": DataDoesNotFit,
    "XX001": DatabaseDamaged,
    "XX002": DatabaseDamaged,
}
_MYSQL: dict[int, type[HoldfastError]] = {
    1044: DatabaseRefused,
    1045: DatabaseRefused,
    1142: DatabaseRefused,
    1143: DatabaseRefused,
    1227: DatabaseRefused,
    1698: DatabaseRefused,
    1049: SourceNotFound,
    1146: SourceNotFound,
    1040: DatabaseUnreachable,
    1053: DatabaseUnreachable,
    1077: DatabaseUnreachable,
    1927: DatabaseUnreachable,
    2002: DatabaseUnreachable,
    2003: DatabaseUnreachable,
    2006: DatabaseUnreachable,
    2013: DatabaseUnreachable,
    2055: DatabaseUnreachable,
    1021: NotEnoughSpace,
    1114: NotEnoughSpace,
    28: NotEnoughSpace,
    1205: DatabaseLocked,
    1213: DatabaseLocked,
    1048: DataDoesNotFit,
    1062: DataDoesNotFit,
    1264: DataDoesNotFit,
    1265: DataDoesNotFit,
    1292: DataDoesNotFit,
    1366: DataDoesNotFit,
    1406: DataDoesNotFit,
    1451: DataDoesNotFit,
    1452: DataDoesNotFit,
    3819: DataDoesNotFit,
    4025: DataDoesNotFit,
}
_SQLITE: dict[int, type[HoldfastError]] = {
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_FULL: NotEnoughSpace,
    sqlite3.SQLITE_CANTOPEN: SourceNotFound,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
    sqlite3.SQLITE_NOTADB: NotADatabase,
    sqlite3.SQLITE_CONSTRAINT: DataDoesNotFit,
    sqlite3.SQLITE_MISMATCH: DataDoesNotFit,
    sqlite3.SQLITE_TOOBIG: DataDoesNotFit,
    sqlite3.SQLITE_READONLY: DatabaseRefused,
    sqlite3.SQLITE_PERM: DatabaseRefused,
    sqlite3.SQLITE_AUTH: DatabaseRefused,
}


@contextmanager
def translated(location: str, *, restoring: bool = False) -> Iterator[None]:
    """Turn a driver's error into one of Holdfast's.

    Raises:
        HoldfastError: What fits; `SourceError` or, while restoring, `RestoreError` else.
    """
    try:
        yield
    except HoldfastError:
        raise
    except Exception as error:
        origin = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(error, SQLAlchemyError) and not _is_of_a_driver(error):
            raise
        kind, said = _judged(origin if origin is not None else error)
        if kind is DatabaseLocked and restoring:
            kind = TargetInUse
        kind = kind or (RestoreError if restoring else SourceError)
        raise kind(f"{location}: {said}", hint=_HINTS[kind]) from error


def _is_of_a_driver(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("psycopg", "pymysql", "sqlite3")


def _judged(error: BaseException) -> tuple[type[HoldfastError] | None, str]:
    """Return the kind of an error, and what it says without the values that it names."""
    state = getattr(error, "sqlstate", None)
    if type(error).__module__.startswith("psycopg"):
        diagnosis: Any = getattr(error, "diag", None)
        said = getattr(diagnosis, "message_primary", None) or _first_line(error)
        if state is None:
            return _without_state(said), said
        return _by_prefix(state), said
    if type(error).__module__.startswith("pymysql"):
        number = error.args[0] if error.args else 0
        said = str(error.args[1]) if len(error.args) > 1 else _first_line(error)
        return _MYSQL.get(number) if isinstance(number, int) else None, said
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return _SQLITE.get(code), _first_line(error)
    return None, type(error).__name__


def _without_state(said: str) -> type[HoldfastError]:
    """Judge a failure to connect, of which libpq tells only the text."""
    if "does not exist" in said and "database" in said:
        return SourceNotFound
    if "authentication failed" in said or "no password supplied" in said or "no pg_hba" in said:
        return DatabaseRefused
    return DatabaseUnreachable


def _by_prefix(state: str) -> type[HoldfastError] | None:
    return next((_POSTGRES[state[:n]] for n in (5, 3, 2) if state[:n] in _POSTGRES), None)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
