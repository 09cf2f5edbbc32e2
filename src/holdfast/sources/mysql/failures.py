"""What an error of the server, the driver or a client program means for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping

from holdfast.errors import (
    DatabaseChanged,
    DatabaseDamaged,
    DatabaseLocked,
    DatabaseRefused,
    DatabaseUnreachable,
    HoldfastError,
    NotEnoughSpace,
    ProgramFailed,
    SourceError,
    SourceNotFound,
)
from holdfast.sources.mysql.url import Connection

NO_RIGHT_TO_DEFINE = 1227
NO_SUCH_TABLE = frozenset({1051, 1146})
LOCK_WAIT_TIMEOUT = frozenset({1205, 3572})
NO_SUCH_DATABASE = frozenset({1008, 1049})
_LOGIN = frozenset({1045, 1698, 1251, 1275, 2059, 2061, 3159, 4151, 1820})
_RIGHTS = frozenset({1044, 1142, 1143, 1227, 1370, 1410, 1419})
_UNREACHABLE = frozenset(
    {1040, 1042, 1043, 1053, 1077, 1080, 1129, 1130, 1152, 1158, 1159, 1160, 1161, 1203, 1226}
    | {1317, 1927, 2002, 2003, 2004, 2005, 2006, 2012, 2013, 2026, 2027, 2055, 0}
)
_CHANGED = frozenset({1412, 1684})
_LOCKED = frozenset({1205, 1213, 3572})
_FULL = frozenset({3, 28, 1021, 1030, 1114, 1041})
_DAMAGED = frozenset({126, 127, 144, 145, 1034, 1035, 1194, 1195, 1712})
_NUMBERS = re.compile(r"(?:[Ee]rror:? |ERROR |\()(\d{4})\b")
_INTERRUPTED = 1317


class SqlError(Exception):
    """A statement or a login failed; never leaves this package but as a cause.

    Attributes:
        number: The server's or the driver's error number, 0 where it has none.
        said: What it said, without secrets.
    """

    def __init__(self, number: int, said: str) -> None:
        super().__init__(f"{number}: {said}")
        self.number = number
        self.said = said


def number_of(error: BaseException) -> int | None:
    """Return the number of the refused statement behind an error, None where there is none."""
    cause = error.__cause__
    return cause.number if isinstance(cause, SqlError) else None


def explain_sql(error: SqlError, connection: Connection) -> HoldfastError:
    """Return what a failed statement or login means.

    Source: MySQL's and MariaDB's lists of error codes.
    """
    number, said, where = error.number, error.said, connection.location
    if number in NO_SUCH_DATABASE:
        return SourceNotFound(
            f"There is no database {connection.database!r} at {where}",
            hint="Check the name at the end of the database URL.",
        )
    if number in _LOGIN:
        return DatabaseRefused(
            f"The database server refused the login to {where}: {said}",
            hint="Check user and password, and from where and how this user may log in.",
        )
    for numbers, kind, sentence, hint in _KINDS:
        if number in numbers:
            return kind(sentence.format(where=where, said=said), hint=hint)
    return SourceError(f"{where} refused a statement: {said} (error {number})")


_KINDS: tuple[tuple[frozenset[int], type[HoldfastError], str, str], ...] = (
    (
        _RIGHTS,
        DatabaseRefused,
        "The user may not do this in {where}: {said}",
        "Grant it what is missing, or use a user that has it.",
    ),
    (
        _UNREACHABLE,
        DatabaseUnreachable,
        "The database server of {where} does not answer or ended the connection: {said}",
        "See that the server runs, and check host, port and network.",
    ),
    (
        _CHANGED,
        DatabaseChanged,
        "A table of {where} was altered while it was read: {said}",
        "Try again when the migration is done.",
    ),
    (
        _LOCKED,
        DatabaseLocked,
        "{where} is in use: {said}",
        "Try again when the other work is done.",
    ),
    (
        _FULL,
        NotEnoughSpace,
        "The database server of {where} ran out of room: {said}",
        "Free some space on its disk, then try again.",
    ),
    (
        _DAMAGED,
        DatabaseDamaged,
        "The database server of {where} found damage: {said}",
        "See the server's log; restore the last good backup if it stays.",
    ),
)


def explain_program(error: ProgramFailed, connection: Connection) -> HoldfastError:
    """Return what the failure of a client program means; itself where that is not known."""
    for number in map(int, _NUMBERS.findall(error.said)):
        explained = explain_sql(SqlError(number, _line_with(error.said, number)), connection)
        if type(explained) is not SourceError:
            return explained
    return error


def _line_with(text: str, number: int) -> str:
    for line in text.splitlines():
        if str(number) in line:
            return line.strip()
    return text


def from_driver(arguments: tuple[object, ...], connection: Connection) -> SqlError:
    """Return what PyMySQL raised: a number and a sentence, or anything else."""
    if len(arguments) > 1 and isinstance(arguments[0], int):
        return SqlError(arguments[0], connection.redact(str(arguments[1])))
    said = connection.redact("; ".join(map(str, arguments)))
    return SqlError(0, said or "the connection is closed")


def as_restore(error: HoldfastError, kinds: Mapping[int, type[HoldfastError]]) -> HoldfastError:
    """Return another kind of error with the same words where its number asks for it."""
    kind = kinds.get(number_of(error) or 0)
    return kind(error.message, hint=error.hint) if kind else error
