"""Statements through psycopg, to a server that this machine reaches."""

from __future__ import annotations

import select
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from holdfast.errors import MissingExtra
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.connection import Connection
from holdfast.sources.postgresql.failures import SqlError

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

_TICK_S = 0.1


class DriverWire:
    """A connection of psycopg in autocommit mode.

    Statements go through libpq itself: none is prepared, because a pooler may hand the next one
    to another session, and one that takes long is cancelled on the server.

    Raises:
        SqlError: The server cannot be reached or refused the login.
        MissingExtra: psycopg is not installed.
    """

    def __init__(self, connection: Connection, cancel: CancellationToken | None = None) -> None:
        self._redact = connection.redact
        self._cancel = cancel or CancellationToken()
        self._driver = _driver()
        try:
            self._connection: psycopg.Connection[Any] = self._driver.connect(
                autocommit=True, **{"client_encoding": "UTF8", **connection.keywords()}
            )
        except self._driver.Error as error:
            raise SqlError(error.sqlstate or "", self._redact(str(error))) from error

    def run(self, sql: str) -> list[str]:
        """Run one statement and return the first column of its rows as text; see `Wire`."""
        pgconn = self._connection.pgconn
        try:
            pgconn.send_query_params(sql.encode(), None)  # takes one statement and no more
            last = None
            while (result := self._next_result()) is not None:
                last = result
                self._raise_if_failed(result)
        except self._driver.Error as error:
            raise SqlError("", self._redact(str(error))) from error
        if last is None or not last.nfields:
            return []
        return [(last.get_value(at, 0) or b"").decode() for at in range(last.ntuples)]

    def _next_result(self) -> PGresult | None:
        pgconn = self._connection.pgconn
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        while pgconn.is_busy():
            if poll.poll(_TICK_S * 1000):
                pgconn.consume_input()
            elif self._cancel.cancelled:
                self._connection.cancel_safe()
                self.close()
                self._cancel.raise_if_cancelled()
        return pgconn.get_result()

    def _raise_if_failed(self, result: PGresult) -> None:
        pq = self._driver.pq
        if result.status not in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
            return
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        said = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
        while self._next_result() is not None:
            pass  # or the next statement would be refused
        raise SqlError(state, self._redact(said.decode("utf-8", "replace")))

    def reached(self) -> Mapping[str, str]:
        """Return the address that was reached, out of those that the names stand for."""
        info = self._connection.info
        address = {"hostaddr": info.hostaddr} if info.hostaddr else {}
        return {"host": info.host, "port": str(info.port), **address}

    @property
    def backend_pid(self) -> int | None:
        """The process that the server, or a pooler, named at the login."""
        return self._connection.info.backend_pid

    def close(self) -> None:
        """End the connection (idempotent)."""
        self._connection.close()


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra(
            "PostgreSQL needs the driver psycopg, which is not installed",
            hint="pip install 'holdfast[postgresql]'",
        ) from error
    return psycopg
