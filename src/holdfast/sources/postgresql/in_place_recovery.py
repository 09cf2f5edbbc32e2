"""How a restore in place is carried out and put back, and what becomes of it after a crash."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.errors import (
    DatabaseRefused,
    HoldfastError,
    RestoreError,
    SourceNotFound,
    TargetInUse,
)
from holdfast.sources.postgresql.barrier import remove_barrier
from holdfast.sources.postgresql.databases import users_where
from holdfast.sources.postgresql.filling import analyze
from holdfast.sources.postgresql.holding import release, unblocked
from holdfast.sources.postgresql.live_content import live_tables
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.saving import saved_dump
from holdfast.sources.postgresql.session import Session, identifier, literal
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump

_OPTIONS = ("--clean", "--if-exists", "--single-transaction")
_PATIENCE_S = 30.0
_TICK_S = 0.1


def application_of(token: str) -> str:
    """Return what the server shows the programs of a restore as."""
    return f"holdfast_{token}"


def load_in_place(site: Site, loader: Loader, dump: StoredDump, application: str) -> None:
    """Replace the content of the live database in one transaction of `pg_restore`."""
    with site.database() as session:
        with unblocked(site, application, loader.cancel) as stop:
            loader.watched(stop).load(dump, session, application=application, options=_OPTIONS)
        with suppress(HoldfastError):  # what counts is done
            session.execute("SET default_transaction_read_only = off")
            analyze(session)


def is_new(site: Site, state: Mapping[str, Any]) -> bool:
    """Tell whether the restore in place was committed: its tables are other ones then."""
    if not Path(state["before"]).exists():
        return False
    with site.database() as session:
        _end_program(session, str(state["token"]))
        now = {name: table["oid"] for name, table in live_tables(session).items()}
    before = state["tables"]
    if state["restored"]:
        return any(name in now and now[name] != before.get(name) for name in state["restored"])
    return bool(before) and not set(before.values()) & set(now.values())


def _end_program(session: Session, token: str) -> None:
    """End a program that outlived its process, and wait: what it began is rolled back."""
    users = f"a.application_name = {literal(application_of(token))}"
    here = f"{users} AND a.datname = pg_catalog.current_database()"
    deadline = time.monotonic() + _PATIENCE_S
    while found := users_where(session, here):
        if time.monotonic() > deadline:
            raise TargetInUse(
                f"A restore that was interrupted does not end: {', '.join(map(str, found))}",
                hint="End its session, then repeat the command.",
            )
        for each in found:
            session.query(f"SELECT pg_catalog.pg_terminate_backend({each.pid}) AS ended")
        time.sleep(_TICK_S)


def put_back(site: Site, loader: Loader, state: Mapping[str, Any]) -> None:
    """Restore what was saved, and remove the tables that were not there (idempotent)."""
    path = Path(state["before"])
    if not path.exists():
        return
    saved = saved_dump(path)
    # First, or what they refer to could not be dropped. Cut short, all of this is done again.
    with site.database() as session, session.transaction():
        session.execute("SET LOCAL transaction_read_only = off")
        for name, table in live_tables(session).items():
            if name in state["restored"] and name not in state["tables"]:
                quoted = identifier(table["schema"], table["name"])
                session.execute(f"DROP TABLE IF EXISTS {quoted} CASCADE")
    whole = replace(loader, owner=True)
    load_in_place(site, whole, saved, application_of(str(state["token"])))
    path.unlink()


def recover_in_place(
    site: Site, loader: Loader, state: Mapping[str, Any], *, committed: bool | None
) -> bool:
    """Tell, or take back, what a crash interrupted; see `Source.recover`.

    Raises:
        RestoreError: It is to be finished, and was not done: that takes the backup.
    """
    with site.database() as session:
        release(session, str(state["token"]))
        remove_barrier(session, str(state["token"]))
    done = is_new(site, state)
    if committed is None:
        return done
    path = Path(state["before"])
    if committed:
        if not done and path.exists():
            raise RestoreError(
                f"The restore of {site.location} was interrupted before it was done",
                hint="Restore the backup again.",
            )
        path.unlink(missing_ok=True)
        return True
    if done:
        put_back(site, loader, state)
    path.unlink(missing_ok=True)
    return False


def sweep_in_place(site: Site, token: str) -> None:
    """Let writers write again, and end what the restore's process left running."""
    # Nobody is kept from a database that is not there, or takes no connections.
    with suppress(SourceNotFound, DatabaseRefused), site.database() as session:
        release(session, token)
        _end_program(session, token)
        remove_barrier(session, token)
