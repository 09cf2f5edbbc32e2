"""An application that moves money while its database is backed up or restored.

Two tables hold accounts; each transfer takes from one and gives to the other in a transaction
that also writes its number into a log. So in every consistent copy:

- the sum of all balances is `TOTAL`;
- the log has no gap: it holds 1, 2, ... up to some number;
- whatever was acknowledged before the copy was begun is in it.

    with Transfers(PostgresBank(url)) as transfers:
        before = transfers.acknowledged()
        ...back up...
    check_ledger(read_ledger(PostgresBank(restored_url)), at_least=before)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from tests.rig.daemon import wait_until

_ACCOUNTS = 20
_BALANCE = 1000
_PATIENCE_S = 90.0
"""Longer than any server here waits for a lock."""
TOTAL = 2 * _ACCOUNTS * _BALANCE
"""The sum of all balances, at all times."""

_TABLES = (
    "CREATE TABLE savings (id integer PRIMARY KEY, balance bigint NOT NULL)",
    "CREATE TABLE checking (id integer PRIMARY KEY, balance bigint NOT NULL)",
    "CREATE TABLE transfers (number bigint PRIMARY KEY, amount bigint NOT NULL)",
)
_FILL = tuple(
    f"INSERT INTO {table} VALUES ({number}, {_BALANCE})"
    for table in ("savings", "checking")
    for number in range(_ACCOUNTS)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a database says of its accounts, read in one snapshot."""

    total: int
    transfers: int
    last_transfer: int


class Session(Protocol):
    """One connection, in a transaction from its first statement on."""

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows."""

    def commit(self) -> None:
        """End the transaction, for good."""

    def close(self) -> None:
        """End the connection."""


class Bank(Protocol):
    """A database with accounts."""

    @property
    def lost(self) -> tuple[type[Exception], ...]:
        """What is raised when the connection, the server or the database is lost."""

    def session(self) -> Session:
        """Open a new connection."""


class _PostgresSession:
    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url, application_name="transfers", connect_timeout=60)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []

    def commit(self) -> None:
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


class PostgresBank:
    """Accounts in PostgreSQL.

    Args:
        url: As `PostgresDatabase.url`.
    """

    def __init__(self, url: str) -> None:
        import psycopg

        self._url = url
        self.lost: tuple[type[Exception], ...] = (psycopg.Error,)

    def session(self) -> Session:
        """Open a new connection."""
        return _PostgresSession(self._url)


class _MariaDbSession:
    def __init__(self, url: str) -> None:
        import pymysql

        parts = urlsplit(url)
        self._connection = pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=unquote(parts.path[1:]),
            connect_timeout=60,
            ssl_disabled=True,
        )

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def commit(self) -> None:
        self._connection.commit()

    def close(self) -> None:
        if self._connection.open:
            self._connection.close()


class MariaDbBank:
    """Accounts in MariaDB.

    Args:
        url: As `MariaDbDatabase.url`.
    """

    def __init__(self, url: str) -> None:
        import pymysql

        self._url = url
        self.lost: tuple[type[Exception], ...] = (pymysql.err.Error,)

    def session(self) -> Session:
        """Open a new connection."""
        return _MariaDbSession(self._url)


def open_accounts(bank: Bank) -> None:
    """Make the tables and fill them."""
    with _opened(bank) as session:
        for statement in (*_TABLES, *_FILL):
            session.execute(statement)
        session.commit()


def read_ledger(bank: Bank) -> Ledger:
    """Return what a database says of its accounts."""
    with _opened(bank) as session:
        rows = session.execute(
            "SELECT (SELECT sum(balance) FROM savings) + (SELECT sum(balance) FROM checking),"
            " count(*), coalesce(max(number), 0) FROM transfers"
        )
    total, transfers, last = (int(value) for value in rows[0])
    return Ledger(total=total, transfers=transfers, last_transfer=last)


def check_ledger(ledger: Ledger, *, at_least: int = 0) -> None:
    """Fail unless a copy holds whole transfers only, without a gap, and those acknowledged."""
    assert ledger.total == TOTAL, f"money was made or lost: {ledger}"
    assert ledger.transfers == ledger.last_transfer, f"a transfer is missing: {ledger}"
    assert ledger.last_transfer >= at_least, f"transfer {at_least} was acknowledged: {ledger}"


class Transfers:
    """A thread that makes transfers from when it is entered until it is left.

    A transfer whose connection is lost is begun anew on a new connection, as an application
    does; what was acknowledged stays so.

    Args:
        between: Called after each transfer, if given.
    """

    def __init__(self, bank: Bank, between: Callable[[], None] | None = None) -> None:
        self._bank = bank
        self._between = between
        self._stop = threading.Event()
        self._acknowledged = 0
        self._reconnected = 0
        self._steps = 0
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="transfers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        # A lock that nobody gives back fails the test, and does not hold up the whole run.
        self._thread.join(_PATIENCE_S)
        if self._thread.is_alive() and error is None:
            raise TimeoutError(f"the last transfer did not end within {_PATIENCE_S:g} seconds")
        if self._failure is not None and error is None:
            raise self._failure

    @property
    def reconnected(self) -> int:
        """How often a connection was lost and a new one made."""
        return self._reconnected

    def acknowledged(self) -> int:
        """Return the number of the last transfer that the server has acknowledged.

        After a restore it is the last one of the restored copy, or one made since.
        """
        return self._acknowledged

    def wait_for(self, more: int = 1) -> int:
        """Wait until so many transfers more are acknowledged; return the number of the last."""
        # Counted as steps: after a restore the numbers begin again at a lower one.
        goal = self._steps + more
        wait_until(lambda: self._steps >= goal or self._failure is not None, "a transfer")
        if self._failure is not None:
            raise self._failure
        return self._acknowledged

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    with _opened(self._bank) as session:
                        self._serve(session)
                except self._bank.lost:
                    self._reconnected += 1
                    self._stop.wait(0.01)
        except BaseException as error:  # noqa: BLE001  raised again where the test waits
            self._failure = error

    def _serve(self, session: Session) -> None:
        while not self._stop.is_set():
            number = _transfer(session)
            session.commit()
            self._acknowledged = number
            self._steps += 1
            if self._between is not None:
                self._between()


def _transfer(session: Session) -> int:
    """Move money from one table to the other; return the number of the transfer."""
    # The lock keeps the numbers without a gap even with several writers.
    account, _ = session.execute("SELECT id, balance FROM savings WHERE id = 0 FOR UPDATE")[0]
    last = int(session.execute("SELECT coalesce(max(number), 0) FROM transfers")[0][0])
    number, amount = last + 1, last % 7 - 3
    giver, taker = (account + number) % _ACCOUNTS, number * 3 % _ACCOUNTS
    session.execute(f"UPDATE savings SET balance = balance - ({amount}) WHERE id = {giver}")
    session.execute(f"INSERT INTO transfers VALUES ({number}, {amount})")
    session.execute(f"UPDATE checking SET balance = balance + ({amount}) WHERE id = {taker}")
    return number


@contextmanager
def _opened(bank: Bank) -> Iterator[Session]:
    session = bank.session()
    try:
        yield session
    finally:
        session.close()
