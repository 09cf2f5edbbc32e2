"""Statements to the server through PyMySQL."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from holdfast.errors import DatabaseRefused, HoldfastError, MissingExtra
from holdfast.models.progress import CancellationToken
from holdfast.sources.mysql.failures import explain_sql, from_driver
from holdfast.sources.mysql.url import Connection

if TYPE_CHECKING:
    import pymysql

Row = tuple[Any, ...]
_TICK_S = 0.1


def identifier(name: str) -> str:
    """Return a name quoted for SQL."""
    return "`" + name.replace("`", "``") + "`"


class Session:
    """A connection that commits every statement, sends utf8mb4 and takes one statement at a time.

    Args:
        database: The current database; None for none.
        cancel: Ends whatever statement runs, and the connection with it.

    Raises:
        DatabaseUnreachable, DatabaseRefused, SourceNotFound: There is no connection to be had.
        MissingExtra: PyMySQL is not installed.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        database: str | None,
        timeout_s: float = 30.0,
        cancel: CancellationToken | None = None,
    ) -> None:
        self.connection = connection
        self._timeout_s = timeout_s
        self._cancel = cancel or CancellationToken()
        self._driver = _driver()
        try:
            self._socket: pymysql.connections.Connection[Any] = self._driver.connect(
                **_arguments(connection, timeout_s), database=database
            )
        except (self._driver.MySQLError, OSError) as error:
            self._fail(error)
        # A greeting that never comes is waited for so long; an answer to a statement, for ever.
        self._socket._read_timeout = None  # noqa: SLF001
        self._require_encryption()

    def _require_encryption(self) -> None:
        # Older drivers go on without where the server cannot.
        if self.connection.tls.wanted and not self.value("SHOW STATUS LIKE 'Ssl_cipher'", at=1):
            self.close()
            raise DatabaseRefused(
                f"The connection to {self.connection.location} is not encrypted",
                hint="Set up TLS on the server, or take ssl out of the database URL.",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def id(self) -> int:
        """The number of the connection on the server."""
        return int(self._socket.thread_id())  # type: ignore[no-untyped-call]

    def rows(self, sql: str | bytes, arguments: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows.

        Args:
            arguments: Values for its `%s`; without any, a `%` stands for itself.

        Raises:
            HoldfastError: It failed; the cause is a `SqlError`.
            Cancelled: The token was cancelled while it ran; the connection is closed.
        """
        self._cancel.raise_if_cancelled()
        try:
            with self._socket.cursor() as cursor, self._watched():
                cursor.execute(sql, tuple(arguments) or None)
                return list(cursor.fetchall())
        except (self._driver.MySQLError, OSError) as error:
            self._cancel.raise_if_cancelled()
            self._fail(error)

    def value(self, sql: str, arguments: Sequence[object] = (), *, at: int = 0) -> Any:
        """Run one statement and return a column of its first row, None where there is no row."""
        rows = self.rows(sql, arguments)
        return rows[0][at] if rows else None

    def run(self, sql: str | bytes, arguments: Sequence[object] = ()) -> None:
        """Run one statement. Raises as `rows` does."""
        self.rows(sql, arguments)

    def send(self, sql: bytes) -> int:
        """Run one statement that returns no rows and is done soon, such as one `INSERT`.

        Raises as `rows` does, but it is not interrupted.

        Returns:
            How many warnings it gave.
        """
        self._cancel.raise_if_cancelled()
        try:
            with self._socket.cursor() as cursor:
                cursor.execute(sql)
                return int(cursor.warning_count)
        except (self._driver.MySQLError, OSError) as error:
            self._fail(error)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """While a statement runs, end the connection when the token is cancelled."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_TICK_S):
                if self._cancel.cancelled:
                    self._kill()
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _kill(self) -> None:
        with (
            suppress(HoldfastError),
            Session(self.connection, database=None, timeout_s=self._timeout_s) as other,
        ):
            other.send(f"KILL {self.id}".encode())

    def _fail(self, error: Exception) -> NoReturn:
        found = from_driver(error.args, self.connection)
        found.__cause__ = error
        raise explain_sql(found, self.connection) from found

    def close(self) -> None:
        """End the connection (idempotent)."""
        with suppress(self._driver.MySQLError, OSError):
            self._socket.close()


def _arguments(connection: Connection, timeout_s: float) -> dict[str, Any]:
    where: dict[str, Any] = {"host": connection.host, "port": connection.port}
    if connection.unix_socket:
        where["unix_socket"] = connection.unix_socket
    return {
        **where,
        **_tls(connection),
        "user": connection.user,
        "password": connection.password.encode(),  # of text it would make Latin-1
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": max(1, round(timeout_s)),
        "read_timeout": max(1, round(timeout_s)),
        "local_infile": False,
        # The servers' own limit is a day and more.
        "init_command": f"SET lock_wait_timeout = {max(1, round(timeout_s))}",
        "max_allowed_packet": 1 << 30,
    }


def _tls(connection: Connection) -> dict[str, Any]:
    tls = connection.tls
    here = connection.loopback or connection.unix_socket is not None
    if tls.mode == "disabled" or (here and not tls.wanted):
        # What stays on this machine need not be encrypted; loading the authorities that are
        # trusted takes 50 ms for each connection.
        return {"ssl_disabled": True}
    if not tls.wanted:
        return {}
    context = ssl.create_default_context(cafile=tls.ca)
    context.check_hostname = tls.mode == "verify_identity"
    context.verify_mode = ssl.CERT_REQUIRED if tls.verified else ssl.CERT_NONE
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key)
    return {"ssl": context}


def _driver() -> Any:
    try:
        import pymysql
    except ImportError as error:
        raise MissingExtra(
            "MySQL and MariaDB need the driver PyMySQL, which is not installed",
            hint="pip install 'holdfast[mysql]'",
        ) from error
    return pymysql
