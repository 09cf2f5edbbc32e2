"""Give a live database's name to another database, in one transaction of the server.

The renaming locks the live database first: whoever connects meanwhile waits, and then finds the
new one. The sessions that are there are ended from another connection while the renaming waits
for them. So there is no moment at which the name is missing or closed, and a crash at any step
leaves the live database wholly as it was, or the new one in its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from holdfast.errors import (
    DatabaseLocked,
    DatabaseUnreachable,
    HoldfastError,
    RestoreError,
    TargetInUse,
)
from holdfast.sources.postgresql.attributes import take_over
from holdfast.sources.postgresql.databases import (
    Database,
    describe,
    end_users,
    oid_of,
    prepared_in,
    users_of,
)
from holdfast.sources.postgresql.names import unsettled_mark
from holdfast.sources.postgresql.session import Session, identifier, literal

_TRIES = 3
"""The server lets a renaming wait 5 seconds for sessions to end."""
_TICK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Two databases that change places: `recover` tells by their OIDs how far it came.

    Attributes:
        live: The name that both want.
        old_oid: Who has it; None where nobody has.
        kept: The name that the old one gets; it is closed to connections then.
        new_oid: Who gets it, called `new` until then.
        token: Of the restore, for the old one's mark.
        connections: How many the new one takes where there is no old one, -1 for any number.
    """

    live: str
    old_oid: int | None
    kept: str
    new_oid: int
    new: str
    token: str
    connections: int = -1

    def as_json(self) -> dict[str, Any]:
        """Return it for the journal."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def is_done(self, session: Session) -> bool:
        """Tell whether the new one has the name."""
        return oid_of(session, self.live) == self.new_oid

    def is_undone(self, session: Session) -> bool:
        """Tell whether the old one has the name, or nobody where nobody had."""
        return oid_of(session, self.live) == self.old_oid


Open = Callable[[], Session]


def carry_out(exchange: Exchange, open_session: Open) -> None:
    """Make the new one live (idempotent).

    Raises:
        TargetInUse: Somebody uses a database in a way that we may not or cannot end.
        RestoreError: One of them is not there any more.
    """
    with open_session() as session:
        if not exchange.is_done(session):
            _renamed(session, exchange, open_session)


def take_back(exchange: Exchange, open_session: Open, *, comment: str) -> None:
    """Make the old one live again, and call the new one as before (idempotent).

    Args:
        comment: The mark that the new one had.
    """
    with open_session() as session:
        if exchange.is_undone(session):
            return
        if exchange.old_oid is None:
            _rename(session, exchange, open_session, lambda: _unnamed(exchange, comment))
            return
        _required_old(session, exchange)
        live = _required(session, exchange.live, exchange.new_oid)
        _rename(
            session,
            exchange,
            open_session,
            lambda: [
                *_unnamed(exchange, comment),
                _renaming(exchange.kept, exchange.live),
                *_as_live(exchange.live, live),
            ],
        )


def _as_live(name: str, live: Database) -> list[str]:
    """Return what gives an old one back what the new one had taken over from it."""
    target = identifier(name)
    return [
        f"COMMENT ON DATABASE {target} IS {literal(live.comment) if live.comment else 'NULL'}",
        f"ALTER DATABASE {target} IS_TEMPLATE {str(live.template).lower()}",
        f"ALTER DATABASE {target} ALLOW_CONNECTIONS {str(live.open).lower()}",
    ]


def _renamed(session: Session, exchange: Exchange, open_session: Open) -> None:
    _required(session, exchange.new, exchange.new_oid)
    if exchange.old_oid is None:
        plain = f"COMMENT ON DATABASE {identifier(exchange.live)} IS NULL"
        renaming = _renaming(exchange.new, exchange.live)
        limit = f"ALTER DATABASE {identifier(exchange.live)} CONNECTION LIMIT"
        limited = f"{limit} {int(exchange.connections)}"
        _rename(session, exchange, open_session, lambda: [renaming, plain, limited])
        return
    live = _required(session, exchange.live, exchange.old_oid)
    kept = identifier(exchange.kept)
    # Until the restore has ended: another one's cleanup must not take it away.
    marked = literal(unsettled_mark(exchange.live, exchange.token))
    _rename(
        session,
        exchange,
        open_session,
        lambda: [
            _renaming(exchange.live, exchange.kept),
            _renaming(exchange.new, exchange.live),
            *take_over(session, live, exchange.live),
            f"COMMENT ON DATABASE {kept} IS {marked}",
            # Whoever reaches it by its OID or a forgotten name must not write into it.
            f"ALTER DATABASE {kept} IS_TEMPLATE false",
            f"ALTER DATABASE {kept} ALLOW_CONNECTIONS false",
        ],
    )


def _unnamed(exchange: Exchange, comment: str) -> list[str]:
    name = identifier(exchange.new)
    return [
        _renaming(exchange.live, exchange.new),
        f"COMMENT ON DATABASE {name} IS {literal(comment)}",
        f"ALTER DATABASE {name} IS_TEMPLATE false",
    ]


def _renaming(name: str, new_name: str) -> str:
    return f"ALTER DATABASE {identifier(name)} RENAME TO {identifier(new_name)}"


def _required(session: Session, name: str, oid: int) -> Database:
    found = describe(session, name)
    if found is None or found.oid != oid:
        raise RestoreError(
            f"The database {name} was {'removed' if found is None else 'replaced'} meanwhile",
            hint="Nothing was changed; try again.",
        )
    return found


def _required_old(session: Session, exchange: Exchange) -> None:
    if oid_of(session, exchange.kept) != exchange.old_oid:
        raise RestoreError(
            f"The restore of {exchange.live} cannot be taken back: what it replaced was kept as"
            f" {exchange.kept}, and that was removed",
            hint="What was there before is in the safety backup that the restore made first:"
            " `holdfast list` shows it; restore that.",
        )


def _rename(
    session: Session, exchange: Exchange, open_session: Open, statements: Callable[[], list[str]]
) -> None:
    oids = [oid for oid in (exchange.old_oid, exchange.new_oid) if oid is not None]
    for attempt in range(1, _TRIES + 1):
        require_endable(session, exchange.live, oids)
        try:
            with session.transaction():
                planned = statements()
                with _ending_users(open_session, oids):
                    for statement in planned:
                        session.execute(statement)
            return
        except DatabaseLocked as error:
            if attempt == _TRIES:
                raise _in_use(session, exchange.live, oids, error.message) from error


def require_endable(session: Session, name: str, oids: Sequence[int]) -> None:
    """Raise `TargetInUse` if somebody uses databases whom we may not end."""
    prepared = prepared_in(session, name)
    if prepared:
        raise TargetInUse(
            f"{name} has prepared transactions: {', '.join(prepared)}",
            hint="Commit or roll them back (COMMIT PREPARED), then try again.",
        )
    if any(not user.endable for oid in oids for user in users_of(session, oid)):
        raise _in_use(session, name, oids, "")


def _in_use(session: Session, name: str, oids: Sequence[int], said: str) -> TargetInUse:
    users = [user for oid in oids for user in users_of(session, oid)]
    stubborn = [str(user) for user in users if not user.endable] or [str(user) for user in users]
    whom = ", ".join(stubborn) or said or "somebody"
    return TargetInUse(
        f"{name} cannot be replaced while it is used by {whom}",
        hint="End those sessions, or grant the role pg_signal_backend; nothing was changed.",
    )


@contextmanager
def _ending_users(open_session: Open, oids: Sequence[int]) -> Iterator[None]:
    """End the sessions of databases again and again, from another connection."""
    over = threading.Event()
    with open_session() as other:

        def run() -> None:
            # If this connection is lost, the renaming fails after its time, and says why.
            with suppress(HoldfastError):
                while not over.is_set():
                    end_users(other, oids)
                    over.wait(_TICK_S)

        thread = threading.Thread(target=run, name="holdfast-ending-sessions")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def settle(exchange: Exchange, open_session: Open) -> bool | None:
    """Tell whether the exchange happened after its answer was lost; None if nobody can."""
    try:
        with open_session() as session:
            return exchange.is_done(session)
    except DatabaseUnreachable:
        return None
