"""What a server's or a client program's refusal means for the user."""

from __future__ import annotations

import re
from collections.abc import Callable

from holdfast.errors import (
    ContainerUnavailable,
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
from holdfast.sources.postgresql.connection import Connection


class SqlError(Exception):
    """A statement failed, as the server said it; never leaves this package but as a cause.

    Attributes:
        sqlstate: Five characters, or empty where the connection failed.
        said: What the server or the driver said, without secrets.
    """

    def __init__(self, sqlstate: str, said: str) -> None:
        super().__init__(f"{sqlstate}: {said}")
        self.sqlstate = sqlstate
        self.said = said


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE of the refused statement behind an error, empty where there is none."""
    cause = error.__cause__
    return cause.sqlstate if isinstance(cause, SqlError) else ""


def explain_sql(error: SqlError, connection: Connection) -> HoldfastError:
    """Return what a failed statement or connection means. Source: PostgreSQL's appendix A."""
    state, said = error.sqlstate, first_line(error.said)
    where = connection.location
    if not state:
        return explain_text(error.said, connection) or DatabaseUnreachable(
            f"The database server of {where} cannot be reached: {said}", hint=_REACH_HINT
        )
    if state == "40001" and "conflict with recovery" in said:
        return _overtaken(connection, said)
    if state == "3D000":
        return _no_database(connection)
    if state in ("28000", "28P01"):
        return _no_login(connection, said)
    if state == "42501":
        return DatabaseRefused(
            f"The role {_role(connection)} may not do this in {where}: {said}",
            hint="Grant it the right, or use a role that has it.",
        )
    if state.startswith("08") or state in ("57P01", "57P02", "57P03", "57P05"):
        return DatabaseUnreachable(
            f"The database server of {where} ended the connection: {said}", hint=_REACH_HINT
        )
    if state == "53300":
        return DatabaseUnreachable(
            f"The database server of {where} has no connection left: {said}",
            hint="Raise max_connections or the role's limit, or end connections.",
        )
    if state in ("53100", "53200"):
        return NotEnoughSpace(f"The database server of {where} ran out of room: {said}")
    if state in ("55P03", "55006", "40P01"):
        return DatabaseLocked(
            f"{where} is in use: {said}", hint="Try again when the other work is done."
        )
    if state.startswith("XX"):
        return _damaged(connection, said)
    return SourceError(f"{where} refused a statement: {said} (SQLSTATE {state})")


def explain_program(error: ProgramFailed, connection: Connection) -> HoldfastError:
    """Return what the failure of a client program means; itself where that is not known."""
    return explain_text(error.said, connection) or error


def explain_text(said: str, connection: Connection) -> HoldfastError | None:
    """Return what untranslated words of libpq or the server mean, None where that is not known."""
    for pattern, make in _MEANINGS:
        match = re.search(pattern, said)
        if match:
            return make(connection, _line_of(said, match.start()))
    return None


def _no_login(connection: Connection, said: str) -> HoldfastError:
    return DatabaseRefused(
        f"The database server refused the login to {connection.location}: {said}",
        hint="Check user and password; pg_hba.conf says who may log in from where.",
    )


def _no_database(connection: Connection, said: str = "") -> HoldfastError:
    del said
    return SourceNotFound(
        f"There is no database {connection.database!r} at {connection.location}",
        hint="Check the name at the end of the database URL.",
    )


def _not_ready(connection: Connection, said: str) -> HoldfastError:
    return DatabaseUnreachable(
        f"The database server of {connection.location} takes no connections now: {said}",
        hint="It is starting, stopping or recovering: try again in a moment.",
    )


def _full(connection: Connection, said: str) -> HoldfastError:
    return DatabaseUnreachable(
        f"The database server of {connection.location} has no connection left: {said}",
        hint="Raise max_connections or the role's limit, or end connections.",
    )


def _unreachable(connection: Connection, said: str) -> HoldfastError:
    return DatabaseUnreachable(
        f"The database server of {connection.location} cannot be reached: {said}",
        hint=_REACH_HINT,
    )


def _container_gone(connection: Connection, said: str) -> HoldfastError:
    return ContainerUnavailable(
        f"The container of {connection.location} does not run any more: {said}",
        hint="Start it again, and see in its log why it ended.",
    )


def _lost(connection: Connection, said: str) -> HoldfastError:
    return DatabaseUnreachable(
        f"The connection to {connection.location} was lost: {said}", hint=_REACH_HINT
    )


def _no_right(connection: Connection, said: str) -> HoldfastError:
    return DatabaseRefused(
        f"The role {_role(connection)} may not read all of {connection.location}: {said}",
        hint="Grant it what is missing, or use a role that has it.",
    )


def _damaged(connection: Connection, said: str) -> HoldfastError:
    return DatabaseDamaged(
        f"The database server of {connection.location} found damage: {said}",
        hint="See the server's log; restore the last good backup if it stays.",
    )


def _overtaken(connection: Connection, said: str) -> HoldfastError:
    return DatabaseChanged(
        f"{connection.location} is a standby, and what it replays ended the dump: {said}",
        hint="Set hot_standby_feedback or max_standby_streaming_delay, or dump the primary.",
    )


def _locked(connection: Connection, said: str) -> HoldfastError:
    return DatabaseLocked(
        f"A table of {connection.location} stayed locked: {said}",
        hint="A migration or another maintenance job holds it; try again afterwards.",
    )


_REACH_HINT = "See that the server runs, and check host, port and network."
_MEANINGS: tuple[tuple[str, Callable[[Connection, str], HoldfastError]], ...] = (
    (r'database "[^\n]*" does not exist', _no_database),
    (r"password authentication failed|no password supplied|authentication failed", _no_login),
    (r"no pg_hba\.conf entry|role \"[^\n]*\" does not exist|not permitted to log in", _no_login),
    (r"permission denied for database", _no_login),
    (r"is starting up|is shutting down|recovery mode|not yet accepting", _not_ready),
    (r"too many clients|too many connections|remaining connection slots", _full),
    (r"canceling statement due to (?:lock|statement) timeout|could not obtain lock", _locked),
    (r"conflict with recovery", _overtaken),
    (r"invalid page in block|missing chunk number|could not read block", _damaged),
    (r"permission denied|must be owner|row-level security", _no_right),
    (r"container state improper|is not running|[Nn]o such container", _container_gone),
    (r"server closed the connection|terminating connection|connection .*was lost", _lost),
    (r"SSL connection has been closed|no connection to the server|Broken pipe", _lost),
    (r"could not connect|could not translate host name|[Cc]onnection refused", _unreachable),
    (r"connection to server .* failed|timeout expired|No route to host", _unreachable),
)


def first_line(text: str) -> str:
    """Return the first line of a message that says anything."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def _line_of(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    return first_line(text[start:])


def _role(connection: Connection) -> str:
    return connection.user or "of this system user"
