"""The exchange of a restore with all that belongs to it: forward, back, and after a crash."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from holdfast.errors import HoldfastError, RestoreError, TargetInUse
from holdfast.models.progress import CancellationToken
from holdfast.sources.mysql import schemas
from holdfast.sources.mysql.exchange import Exchange
from holdfast.sources.mysql.inspection import exists, inspect
from holdfast.sources.mysql.leaving_keys import add_back, drop_leaving, leaving
from holdfast.sources.mysql.programs import Placement, is_same, read_programs
from holdfast.sources.mysql.schemas import OLD, About
from holdfast.sources.mysql.server import Server
from holdfast.sources.mysql.session import Session

_STRAGGLERS_S = 30.0
_TICK_S = 0.05


class Swap:
    """The exchange of a restore, forward or back, from its journal state; each may be repeated."""

    def __init__(self, server: Server, state: Mapping[str, Any]) -> None:
        self._server = server
        self._live = str(state["live"])
        self._incoming = str(state["incoming"])
        self._outgoing = str(state["outgoing"])
        self._tables: Sequence[str] = state["tables"]
        self._token = str(state["token"])
        self._only_new = bool(state.get("only_new", False))
        self._spared: Sequence[str] = state.get("spared", ())

    def _open(self, database: str | None) -> Session:
        return self._server.open(database, CancellationToken())

    def happened(self) -> bool:
        """Whether the tables were exchanged.

        Raises:
            RestoreError: They were, and what they replaced is gone.
        """
        with self._open(None) as session:
            if schemas.has_witness(session, self._outgoing):
                return True
            if self._is_spent(session):
                raise RestoreError(
                    f"{self._live} was replaced, and {self._outgoing} with what was there before"
                    " is gone: someone has dropped it",
                    hint="What is live is the restored backup. Restore the safety backup that was"
                    " taken before it to have back what was there.",
                )
            return False

    def is_spent(self) -> bool:
        """Whether the restored tables went to live and the replaced ones are nowhere."""
        with self._open(None) as session:
            return self._is_spent(session)

    def _is_spent(self, session: Session) -> bool:
        if exists(session, self._outgoing) or schemas.describe(session, self._incoming) is None:
            return False
        return set(inspect(session, self._incoming).movable) <= {schemas.MARK}

    def forward(self) -> None:
        """Exchange, then put the restored programs in place."""
        if not self.happened():
            self._make_outgoing()
            self._hold()
            self._save_old_programs()
            self._exchange(self._incoming, self._outgoing, self._going())
        self._put_programs(self._incoming)
        self._drop_leaving(self._outgoing)

    def back(self) -> None:
        """Exchange back if that is needed, then put the replaced programs in place."""
        if self.happened():
            self._exchange(self._outgoing, self._incoming, self._returning())
        self.put_old_programs()
        self._drop_leaving(self._incoming)

    def settle(self, *, finish: bool) -> bool:
        """After `forward` failed or was interrupted: bring it to an end, and say which.

        Args:
            finish: Go on if the tables were exchanged; else it is all taken back.

        Returns:
            Whether the restored tables and programs are live.
        """
        with self._open(None) as session:
            end_stragglers(session, self._outgoing)
        if finish and self.happened():
            self.forward()
            return True
        self.back()
        return False

    def put_old_programs(self) -> None:
        """Put the replaced programs in place, if they were recorded."""
        with self._open(None) as session:
            known = schemas.describe(session, self._outgoing) is not None
            complete = known and schemas.is_saved(session, self._outgoing)
        if complete:
            self._put_programs(self._outgoing)

    def _make_outgoing(self) -> None:
        with self._open(None) as session:
            if schemas.describe(session, self._outgoing) is not None:
                return
            schemas.drop(session, self._outgoing, live=self._live, only_empty=True)
            found = inspect(session, self._live)
            about = About(
                purpose=OLD, live=self._live, token=self._token, tables=tuple(self._tables)
            )
            schemas.create(
                session, self._outgoing, about, charset=found.charset, collation=found.collation
            )

    def _hold(self) -> None:
        with self._open(None) as session:
            schemas.hold(session, self._incoming)
            schemas.hold(session, self._outgoing)

    def _save_old_programs(self) -> None:
        with self._open(self._live) as session:
            if schemas.is_saved(session, self._outgoing):
                return  # an interrupted exchange may have dropped triggers since
            found = read_programs(session, self._live, self._tables)
            keys = leaving(session, self._live, self._tables)
            schemas.save_programs(session, self._outgoing, found, keys)

    def _going(self) -> Collection[str] | None:
        """Return the tables that leave the live database; None means all."""
        if not self._only_new:
            return self._tables or None
        with self._open(None) as session:
            names = [
                each
                for each in inspect(session, self._incoming).movable
                if each not in schemas.OWN_TABLES
            ]
            schemas.save_names(session, self._outgoing, names)
        return ()

    def _returning(self) -> Collection[str] | None:
        """As `_going`, to go back. What others made in a new database meanwhile is theirs."""
        if not self._only_new:
            return self._tables or None
        with self._open(None) as session:
            return schemas.load_names(session, self._outgoing)

    def _exchange(self, incoming: str, outgoing: str, going: Collection[str] | None) -> None:
        Exchange(
            self._open,
            live=self._live,
            incoming=incoming,
            outgoing=outgoing,
            tables=going,
            wait_s=self._server.lock_wait_s,
        ).run()

    def _put_programs(self, recorded_in: str) -> None:
        with self._open(self._live) as session:
            if schemas.describe(session, recorded_in) is None:
                return  # it is settled: the record goes last
            present = read_programs(session, self._live, self._tables)
            wanted = schemas.load_programs(session, recorded_in)
            if self._only_new:
                # Whatever else is there is of others, and younger than this restore.
                wanted = wanted if recorded_in == self._incoming else []
                there = schemas.describe(session, self._incoming) is not None
                ours = schemas.load_programs(session, self._incoming) if there else []
                present = [each for each in present if any(is_same(each, one) for one in ours)]
            elif recorded_in == self._incoming:
                present = [each for each in present if each.kind not in self._spared]
            Placement(session).put(wanted, present=present)
            add_back(session, self._live, schemas.load_keys(session, recorded_in))

    def _drop_leaving(self, away: str) -> None:
        """Let tables that are away guard none that are live."""
        with self._open(None) as session:
            about = schemas.describe(session, away)
            if about is not None and about.purpose == OLD:
                drop_leaving(session, away)


def tidy(session: Session, state: Mapping[str, Any], *, swapped: bool, keep_old: bool) -> None:
    """Remove the databases that a settled restore needs no more."""
    live, incoming, outgoing = (str(state[key]) for key in ("live", "incoming", "outgoing"))
    if swapped:
        schemas.drop(session, incoming, live=live, only_empty=True)
        if not keep_old:
            schemas.drop(session, outgoing, live=live)
        schemas.let_go(session, outgoing)
        return
    if state["kept_before"]:
        schemas.let_go(session, incoming)
    else:
        schemas.drop(session, incoming, live=live)
    schemas.drop(session, outgoing, live=live, only_empty=True)


def recover_swap(server: Server, state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Finish or take back a swap that a crash interrupted; see `Source.recover`."""
    swap = Swap(server, state)
    with server.open(None, CancellationToken()) as session:
        end_stragglers(session, str(state["outgoing"]))
        names = (str(state["incoming"]), str(state["outgoing"]))
        if committed is not None and not any(exists(session, name) for name in names):
            return committed
    if committed is None:
        return swap.happened()
    if not committed:
        swap.back()
    elif not swap.is_spent():
        swap.forward()
    with server.open(None, CancellationToken()) as session:
        tidy(session, state, swapped=committed, keep_old=bool(state["keep_old"]))
    return committed


def end_stragglers(session: Session, outgoing: str) -> None:
    """End an exchange that still waits on the server though its process is dead.

    Raises:
        TargetInUse: It does not end.
    """
    deadline = time.monotonic() + _STRAGGLERS_S
    while True:
        found = session.rows(
            "SELECT ID FROM information_schema.PROCESSLIST"
            " WHERE INFO LIKE 'RENAME TABLE %%' AND INSTR(INFO, %s) AND ID <> CONNECTION_ID()",
            (outgoing,),
        )
        if not found:
            return
        if time.monotonic() > deadline:
            raise TargetInUse(
                f"An interrupted restore still waits for the tables of {outgoing}",
                hint="End the transactions that use the tables, then try again.",
            )
        for (number,) in found:
            with suppress(HoldfastError):  # it ended by itself
                session.run(f"KILL {int(number)}")
        time.sleep(_TICK_S)
