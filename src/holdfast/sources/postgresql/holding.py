"""Keep writers away from a live database that is replaced in place, and whoever blocks that.

New sessions of it can only read, and those that were there are ended. It is written down with the
restore's token in the database's own settings, so that a crash leaves nothing in force for ever.
"""

# ruff: noqa: S608 - names and values are quoted by `identifier` and `literal`

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from holdfast.errors import Cancelled, HoldfastError, TargetInUse
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import Hold
from holdfast.sources.postgresql.counting import Stop
from holdfast.sources.postgresql.databases import end_users, users_of, users_where
from holdfast.sources.postgresql.session import APPLICATION, Session, identifier, literal
from holdfast.sources.postgresql.site import Site

_LOG = logging.getLogger("holdfast.restore")
_SETTING = "default_transaction_read_only"
_HOLD = "application_name"
"""Only a superuser may give a database settings of one's own making; this one says who did it,
and is shown for sessions that give themselves no name."""
_HELD = "holdfast keeps writers away"
_PATIENCE_S = 10.0
_TICK_S = 0.2
_BLOCKED_S = 30.0
"""How long a restore waits for the lock of a session that we may not end."""
_OURS = """
SELECT d.oid::bigint AS oid, current_user AS role,
       pg_catalog.pg_has_role(d.datdba, 'USAGE') AS owns
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""
_BLOCKERS = """
a.pid IN (SELECT pg_catalog.unnest(pg_catalog.pg_blocking_pids(b.pid))
            FROM pg_catalog.pg_stat_activity b WHERE b.application_name = {application})
"""


@contextmanager
def writers_held(site: Site, token: str, hold: Hold) -> Iterator[None]:
    """Let the database's sessions only read, from now until the context ends.

    Args:
        hold: Told if the server is gone by then: who connects to it may only read until a
            sweep of the restore.

    Raises:
        TargetInUse: Sessions that may write could not be ended in time.
    """
    with site.database() as session:
        _take_hold(session, token)
        try:
            _end_all(session, site)
            yield
        finally:
            if not _released(site, session, token):
                hold.left.add(site.root)
            # A pool that connected meanwhile would keep its read-only sessions for ever.
            with suppress(HoldfastError):
                _end_others(session)


def _released(site: Site, session: Session, token: str) -> bool:
    """Let sessions write again, by another connection if this one was lost."""
    try:
        release(session, token)
    except HoldfastError:
        pass
    else:
        return True
    try:
        with site.database() as other:
            release(other, token)
    except HoldfastError as error:
        _LOG.warning(
            "Sessions of %s may only read until its server answers and the next command of the plan"
            " was run, or ALTER DATABASE %s RESET %s: %s",
            site.location,
            identifier(site.live),
            _SETTING,
            error.message,
        )
        return False
    return True


def _end_others(session: Session) -> None:
    oid = session.row(_OURS)["oid"]
    for user in users_of(session, oid):
        ours = user.application == APPLICATION or user.application.startswith(f"{APPLICATION}_")
        if user.endable and not ours:
            session.query(f"SELECT pg_catalog.pg_terminate_backend({user.pid}) AS ended")


def _take_hold(session: Session, token: str) -> None:
    scope, found = _scope(session), _settings(session)
    before = f"{found.get(_SETTING, '-')} {found.get(_HOLD, '')}"
    with session.transaction():
        session.execute(f"ALTER {scope} SET {_HOLD} TO {literal(f'{_HELD} {token} {before}')}")
        session.execute(f"ALTER {scope} SET {_SETTING} TO on")


def release(session: Session, token: str) -> None:
    """Let sessions write again, if it is this restore that keeps them from it (idempotent)."""
    said = _settings(session).get(_HOLD, "")
    if not said.startswith(f"{_HELD} {token} "):
        return
    before, _, name = said[len(f"{_HELD} {token} ") :].partition(" ")
    scope = _scope(session)
    with session.transaction():
        session.execute("SET LOCAL transaction_read_only = off")
        session.execute(_as_before(scope, _SETTING, "" if before == "-" else before))
        session.execute(_as_before(scope, _HOLD, name))


def _as_before(scope: str, setting: str, value: str) -> str:
    change = f"SET {setting} TO {literal(value)}" if value else f"RESET {setting}"
    return f"ALTER {scope} {change}"


def _scope(session: Session) -> str:
    """Return whose settings we may change: the database's, else our own role's in it."""
    database = identifier(str(session.value("SELECT pg_catalog.current_database() AS name")))
    row = session.row(_OURS)
    if row["owns"]:
        return f"DATABASE {database}"
    return f"ROLE {identifier(row['role'])} IN DATABASE {database}"


def _settings(session: Session) -> dict[str, str]:
    row = session.row(_OURS)
    role = "0" if row["owns"] else f"{literal(row['role'])}::pg_catalog.regrole"
    found = session.query(
        "SELECT pg_catalog.unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting"
        f" WHERE setdatabase = {row['oid']} AND setrole = {role}"
    )
    pairs = (each["setting"].partition("=") for each in found)
    return {name: value for name, _, value in pairs}


def _end_all(session: Session, site: Site) -> None:
    """End the sessions that began before, except those that we may not end."""
    oid = session.row(_OURS)["oid"]
    deadline = time.monotonic() + _PATIENCE_S
    before = {user.pid for user in users_of(session, oid) if user.endable}
    end_users(session, [oid])
    while left := before & {user.pid for user in users_of(session, oid)}:
        if time.monotonic() > deadline:
            raise TargetInUse(
                f"{site.location} is used by sessions that do not end: {sorted(left)}",
                hint="End them, then try again; nothing was changed.",
            )
        time.sleep(_TICK_S)


@contextmanager
def unblocked(site: Site, application: str, cancel: CancellationToken) -> Iterator[Stop]:
    """End the sessions that block one that is named; yield a token for its program.

    Raises:
        TargetInUse: A session that we may not end blocked it for too long.
    """
    watch = _Watch(site, application, Stop(cancel))
    watch.start()
    try:
        yield watch.stop
    except Cancelled as error:
        if watch.blocker is None:
            raise
        raise TargetInUse(
            f"{site.location} cannot be replaced while it is used by {watch.blocker}",
            hint="End that session, then try again; nothing was changed.",
        ) from error
    finally:
        watch.end()


class _Watch:
    def __init__(self, site: Site, application: str, stop: Stop) -> None:
        self.stop = stop
        self.blocker: str | None = None
        self._session = site.database()
        self._where = _BLOCKERS.format(application=literal(application))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="holdfast-unblocking")

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        self._session.close()

    def _run(self) -> None:
        since: float | None = None
        # If this connection is lost, so is the program's, which says why.
        with suppress(HoldfastError):
            while not self._over.wait(_TICK_S):
                stubborn = self._end_blockers()
                if stubborn is None:
                    since = None
                    continue
                since = since or time.monotonic()
                if time.monotonic() - since > _BLOCKED_S:
                    self.blocker = stubborn
                    self.stop.cancel()
                    return

    def _end_blockers(self) -> str | None:
        blockers = users_where(self._session, self._where)
        for each in blockers:
            if each.endable:
                self._session.query(f"SELECT pg_catalog.pg_terminate_backend({each.pid}) AS ended")
        return next((str(each) for each in blockers if not each.endable), None)
