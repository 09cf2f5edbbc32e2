"""Put tables in the place of others: one statement, whole or not at all.

`RENAME TABLE` of many tables is atomic for everybody who reads and writes; foreign keys follow
their tables, and sequences and rows stay what they are. What cannot be moved is triggers: the
tables that go lose theirs while no writer can come in between, and get them back afterwards.
"""

# ruff: noqa: S608  names are quoted by `identifier`, values are bound

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence

from holdfast.errors import DatabaseLocked, HoldfastError, RestoreError, TargetExists, TargetInUse
from holdfast.sources.mysql.failures import LOCK_WAIT_TIMEOUT, number_of
from holdfast.sources.mysql.inspection import Database, inspect, text
from holdfast.sources.mysql.programs import Placement, read_programs
from holdfast.sources.mysql.schemas import OWN_TABLES, WITNESS
from holdfast.sources.mysql.session import Session, identifier
from holdfast.sources.mysql.statements import Program

_TICK_S = 0.02
_TRY_S = 3.0
"""How long the application's statements may have to wait behind us at a time [s]."""
_PAUSE_S = 0.5
_SHOWN = 3

Opener = Callable[[str | None], Session]


class Exchange:
    """Moves the tables of `live` to `outgoing` and those of `incoming` to `live`.

    Args:
        open_session: Opens a session with a current database.
        tables: The only tables of `live` that go; None means all.
        wait_s: How long to wait for sessions that use the tables [s].
    """

    def __init__(
        self,
        open_session: Opener,
        *,
        live: str,
        incoming: str,
        outgoing: str,
        tables: Collection[str] | None = None,
        wait_s: float,
    ) -> None:
        self._open = open_session
        self._live = live
        self._incoming = incoming
        self._outgoing = outgoing
        self._tables = None if tables is None else frozenset(tables)
        self._wait_s = wait_s

    def run(self) -> None:
        """Do it.

        Raises:
            TargetInUse: A session holds a table; everything is as it was.
            HoldfastError: The server refused it, or was lost: then it may have been done.
        """
        deadline = time.monotonic() + self._wait_s
        while True:
            with self._open(self._live) as control:
                try:
                    self._try(control)
                    return
                except DatabaseLocked as error:
                    # Whoever comes while we wait for a lock waits behind us; let them pass.
                    if time.monotonic() + _PAUSE_S > deadline:
                        raise self._explained(error) from error
            time.sleep(_PAUSE_S)

    def _try(self, control: Session) -> None:
        control.run(f"SET lock_wait_timeout = {self._try_s}")
        there = inspect(control, self._live)
        going = [each for each in there.movable if self._goes(each)]
        coming = [
            each for each in inspect(control, self._incoming).movable if each not in OWN_TABLES
        ]
        self._require_room(there, going, coming)
        self._drop_triggers(control, self._incoming)
        statement = self._statement(going, coming)
        triggers = read_programs(control, self._live, going) if going else []
        if triggers:
            self._rename_locked(control, there, going, triggers, statement)
        else:
            _rename(control, statement)

    @property
    def _try_s(self) -> int:
        return max(1, round(min(self._wait_s, _TRY_S)))

    def _goes(self, table: str) -> bool:
        return self._tables is None or table in self._tables

    def _require_room(self, there: Database, going: list[str], coming: list[str]) -> None:
        clash = sorted(({each.name for each in there.tables} - set(going)) & set(coming))
        if clash and not going:
            raise TargetExists(f"{self._live} has {clash[0]} already, and is left as it is")
        if clash:
            raise RestoreError(
                f"{self._live} has a view {clash[0]} where the backup has a table of that name",
                hint="Drop the view, then try again.",
            )

    def _drop_triggers(self, control: Session, schema: str) -> None:
        control.run(f"USE {identifier(schema)}")
        Placement(control).drop(
            [each for each in read_programs(control, schema) if each.kind == "trigger"]
        )
        control.run(f"USE {identifier(self._live)}")

    def _statement(self, going: Sequence[str], coming: Sequence[str]) -> str:
        live, incoming, outgoing = map(identifier, (self._live, self._incoming, self._outgoing))
        moves = [f"{live}.{name} TO {outgoing}.{name}" for name in map(identifier, going)]
        moves += [f"{incoming}.{name} TO {live}.{name}" for name in map(identifier, coming)]
        moves.append(f"{incoming}.{WITNESS} TO {outgoing}.{WITNESS}")
        return "RENAME TABLE " + ", ".join(moves)

    def _rename_locked(
        self,
        control: Session,
        there: Database,
        going: Sequence[str],
        triggers: Sequence[Program],
        statement: str,
    ) -> None:
        """Lock all that goes; drop its triggers; let the waiting rename go before any writer.

        A rename may not be done under a table lock. But one that waits for the lock is served
        before the reads and writes that wait for it too, whenever they came.
        """
        locked = [name for name in going if name in there.counted]
        with self._open(self._live) as renamer:
            renamer.run(f"SET lock_wait_timeout = {self._try_s}")
            control.run("LOCK TABLES " + ", ".join(f"{identifier(name)} WRITE" for name in locked))
            renaming = _Renaming(renamer, statement)
            try:
                Placement(control).drop(triggers)
                renaming.start()
                self._await_waiting(renamer, renaming)
                if renaming.failed:
                    Placement(control).put(triggers)
            finally:
                try:
                    control.run("UNLOCK TABLES")
                finally:
                    renaming.join()
            if renaming.error is not None:
                if not renaming.failed_under_lock:
                    Placement(control).put(triggers)
                raise renaming.error

    def _await_waiting(self, renamer: Session, renaming: _Renaming) -> None:
        """Wait until the rename waits for the lock, or has failed."""
        deadline = time.monotonic() + self._wait_s
        with self._open(None) as watcher:
            while not renaming.ended and time.monotonic() < deadline:
                state = watcher.value(
                    "SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = %s", (renamer.id,)
                )
                if "metadata lock" in text(state or "").lower():
                    return
                time.sleep(_TICK_S)

    def _explained(self, error: DatabaseLocked) -> HoldfastError:
        if number_of(error) not in LOCK_WAIT_TIMEOUT:
            return error
        return TargetInUse(
            f"The tables of {self._live} were in use for more than {self._wait_s:g} seconds"
            f"{self._by_whom()}; nothing was changed",
            hint="End that transaction or stop the application, then try again.",
        )

    def _by_whom(self) -> str:
        """Name the sessions with the longest open transactions, if the user may see them."""
        try:
            with self._open(None) as session:
                rows = session.rows(
                    "SELECT t.trx_mysql_thread_id, p.USER, p.HOST,"
                    " TIMESTAMPDIFF(SECOND, t.trx_started, NOW())"
                    " FROM information_schema.INNODB_TRX t"
                    " JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id"
                    f" ORDER BY t.trx_started LIMIT {_SHOWN}"
                )
        except HoldfastError:
            return ""
        named = [
            f"session {number} of {text(user)}@{text(host)}, in a transaction for {age} s"
            for number, user, host, age in rows
        ]
        return f" ({'; '.join(named)})" if named else ""


class _Renaming:
    """A rename that runs in a thread of its own, while another session holds the lock."""

    def __init__(self, session: Session, statement: str) -> None:
        self._session = session
        self._statement = statement
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.error: HoldfastError | None = None
        self.failed_under_lock = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        try:
            _rename(self._session, self._statement)
        except HoldfastError as error:
            self.error = error

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return not self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether it has failed already; asked while the lock is held."""
        self.failed_under_lock = self.ended and self.error is not None
        return self.failed_under_lock

    def join(self) -> None:
        """Wait for its end, if it was started."""
        if self._thread.ident is not None:
            self._thread.join()


def _rename(session: Session, statement: str) -> None:
    session.run("SET foreign_key_checks = 0")
    session.run(statement)
