"""SQL on a server: through a driver from this machine, through `psql` in a container.

Both speak the same small protocol and give the same values, those of JSON, so that nothing
else knows where the server is. Statements outside `transaction` commit at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from holdfast.errors import DatabaseUnreachable
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.connection import DEFAULT_PORT, Connection
from holdfast.sources.postgresql.failures import SqlError, explain_sql
from holdfast.sources.postgresql.passfile import with_password_of_file

if TYPE_CHECKING:
    from holdfast.sources.programs import Place

APPLICATION = "holdfast"
_PAGE_ROWS = 1000
_CURSOR = "holdfast_cursor"
_AS_JSON = "SELECT coalesce(pg_catalog.json_agg(pg_catalog.row_to_json(q)), '[]')"
_PAGES = f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR SELECT pg_catalog.json_build_array(x.v::text)"


class Wire(Protocol):
    """What carries statements to a server and texts back."""

    def run(self, sql: str) -> list[str]:
        """Run one statement and return the first column of its rows.

        Raises:
            SqlError: The server refused it, or the connection is lost.
        """

    def close(self) -> None:
        """End the connection (idempotent)."""

    def reached(self) -> Mapping[str, str]:
        """Return the parameters of the one server that was reached, out of several."""

    @property
    def backend_pid(self) -> int | None:
        """The process that the server named when it was reached; None where that is unknown."""


class Session:
    """One connection to one database. Use as a context manager; not safe between threads.

    Attributes:
        connection: The way that was found to work.
    """

    def __init__(self, wire: Wire, connection: Connection) -> None:
        self._wire = wire
        self.connection = connection

    @property
    def proxied(self) -> bool:
        """Whether something between here and the server answers in its name."""
        named = self._wire.backend_pid
        return named is not None and named != self.value("SELECT pg_backend_pid() AS pid")

    def answers(self) -> bool:
        """Tell whether the connection still works."""
        try:
            return bool(self._wire.run("SELECT 1"))
        except SqlError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def execute(self, sql: str) -> None:
        """Run one statement.

        Raises:
            HoldfastError: The server refused it (`failures.sqlstate_of` says why), or the
                connection is lost.
        """
        self._run(sql)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT, as JSON gives their values; names must differ.

        Raises:
            HoldfastError: As for `execute`.
        """
        (found,) = self._run(f"{_AS_JSON} FROM (\n{_bare(sql)}\n) AS q")
        rows: list[dict[str, Any]] = msgspec.json.decode(found)
        return rows

    def row(self, sql: str) -> dict[str, Any]:
        """Return the only row of a SELECT."""
        (found,) = self.query(sql)
        return found

    def value(self, sql: str) -> Any:
        """Return the first value of the first row of a SELECT, None where it has no rows."""
        return next((next(iter(row.values())) for row in self.query(sql)), None)

    def column(self, sql: str) -> Iterator[str | None]:
        """Yield the first column of a SELECT as text, in pages, within a transaction.

        Call it inside of `transaction`, and read it to its end before another statement.
        """
        self._run(f"{_PAGES} FROM (\n{_bare(sql)}\n) AS x(v)")
        while page := self._run(f"FETCH {_PAGE_ROWS} FROM {_CURSOR}"):
            for row in page:
                yield msgspec.json.decode(row)[0]
        self._run(f"CLOSE {_CURSOR}")

    @contextmanager
    def transaction(self, mode: str = "") -> Iterator[None]:
        """Run what is inside in one transaction: committed at its end, rolled back on errors.

        Args:
            mode: As after BEGIN: `ISOLATION LEVEL REPEATABLE READ READ ONLY`.
        """
        self._run(f"BEGIN {mode}".rstrip())
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        self._run("COMMIT")

    def _roll_back(self) -> None:
        # A failure here only says again that the connection is lost: the error inside tells more.
        try:
            self._wire.run("ROLLBACK")
        except SqlError:
            self.close()

    def _run(self, sql: str) -> list[str]:
        try:
            return self._wire.run(sql)
        except SqlError as error:
            raise explain_sql(error, self.connection) from error

    def close(self) -> None:
        """End the connection (idempotent)."""
        self._wire.close()


def open_session(
    connection: Connection,
    place: Place,
    *,
    cancel: CancellationToken | None = None,
    connect_timeout_s: float = 30.0,
    application: str = APPLICATION,
) -> Session:
    """Connect to a database from a place.

    In a container the address of the URL is tried first, which is meant as seen from there or
    is a published port; then the container's own socket.

    Args:
        application: What the server shows the session as.

    Raises:
        DatabaseUnreachable: The server does not answer; says what was tried.
        DatabaseRefused: It refused the login.
        SourceNotFound: It has no such database.
        MissingExtra: The driver is not installed.
    """
    limit = str(max(2, round(connect_timeout_s)))
    named = connection.called(application)
    named = named.with_default("connect_timeout", limit)
    if place.local:
        return _open(named, place, cancel)
    named = with_password_of_file(named)
    try:
        return _open(named, place, cancel)
    except DatabaseUnreachable as first:
        if "host" not in connection.parameters:
            raise
        try:
            return _open(named.without("host", "hostaddr", "port", "sslmode"), place, cancel)
        except DatabaseUnreachable as second:
            raise DatabaseUnreachable(
                f"The database server cannot be reached inside the container: neither at"
                f" {connection.location} ({first.message}) nor at its own socket, port"
                f" {DEFAULT_PORT} ({second.message})",
                hint="See that the server in the container runs, and check the URL's port.",
            ) from second


def _open(connection: Connection, place: Place, cancel: CancellationToken | None) -> Session:
    try:
        wire = _wire(connection, place, cancel)
        # Programs must come to the same server: another one does not know our snapshot.
        return Session(wire, connection.with_all(wire.reached()))
    except SqlError as error:
        raise explain_sql(error, connection) from error


def _wire(connection: Connection, place: Place, cancel: CancellationToken | None) -> Wire:
    if place.local:
        from holdfast.sources.postgresql.driver import DriverWire

        return DriverWire(connection, cancel)
    from holdfast.sources.postgresql.coprocess import CoprocessWire

    return CoprocessWire(connection, place, cancel)


def _bare(sql: str) -> str:
    return sql.strip().rstrip(";")


def identifier(*names: str) -> str:
    """Return a name quoted for SQL, with its schema before it if two are given."""
    return ".".join(f'"{_plain(name).replace(chr(34), chr(34) * 2)}"' for name in names)


def literal(text: str) -> str:
    """Return a text quoted for SQL, whatever `standard_conforming_strings` is."""
    quoted = _plain(text).replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{quoted}'"


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character cannot stand in SQL")
    return text
