"""Restore a PostgreSQL database: which way fits, and what becomes of one that was interrupted.

Beside the live database where the role may make one and the live one is its own; else in place,
in a single transaction; selected tables always in place, in one transaction too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from holdfast.errors import DatabaseRefused
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import RestoreContext, Staged
from holdfast.sources.postgresql.beside_recovery import recover_beside, sweep_beside
from holdfast.sources.postgresql.databases import (
    Database,
    describe,
    drop_abandoned,
    drop_or_warn,
    ours,
)
from holdfast.sources.postgresql.filling import require_empty
from holdfast.sources.postgresql.in_place_recovery import recover_in_place, sweep_in_place
from holdfast.sources.postgresql.live_content import LiveContent
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.names import Purpose
from holdfast.sources.postgresql.saving import before_path
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.session import Session, identifier
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.staged_beside import stage_beside
from holdfast.sources.postgresql.staged_in_place import WAY as IN_PLACE
from holdfast.sources.postgresql.staged_in_place import stage_in_place
from holdfast.sources.postgresql.staged_tables import WAY as TABLES
from holdfast.sources.postgresql.staged_tables import recover_tables, stage_tables
from holdfast.sources.postgresql.stored import stored_dump
from holdfast.sources.postgresql.trust import require_harmless

_LOG = logging.getLogger("holdfast.restore")


def site_of(server: Server, *, root: str, url: str, owner: bool = True) -> Site:
    """Return where restores of a source happen.

    Raises:
        ContainerUnavailable: The server's container is not there or does not run.
    """
    return Site(server=server, place=server.place(), root=root, url=url, owner=owner)


@contextmanager
def stage(site: Site, context: RestoreContext) -> Iterator[Staged]:
    """Prepare a restore of a database; see `Source.stage`.

    Raises:
        PathNotInBackup: The backup has no dump of it.
        TargetExists: The context wants a new database, and this one holds something.
        DatabaseRefused: It is not there, and the role may not make it.
        RestoreError: The dump could not be restored, or nobody answers for it; nothing live was
            touched.
    """
    dump = stored_dump(context.tree, site.root)
    with _any_session(site, context.cancel) as session:
        require_harmless(session, context)
        live, creates, owns = _rights(site, session)
    if context.only_new and live is not None:
        with site.database() as session:
            require_empty(session, site.location)
    if live is None and not creates:
        raise _may_not_create(site)
    loader = Loader.of(site, context)
    if context.tables and live is not None and not context.only_new:
        way: AbstractContextManager[Staged] = stage_tables(context, site, dump)
    elif live is None or (creates and owns):
        way = stage_beside(context, site, live, dump, loader)
    else:
        why = _why_in_place(site, live.owner, creates=creates)
        way = stage_in_place(context, site, live, dump, loader, why=why)
    with way as staged:
        yield staged


def _rights(site: Site, session: Session) -> tuple[Database | None, bool, bool]:
    """Return the live database, whether we may make one beside it, and whether it is ours."""
    live = describe(session, site.live)
    creates, owns = site.rights(session, live.owner if live else None)
    return live, creates and session.connection.database != site.live, owns


def require_replaceable(site: Site, context: RestoreContext) -> None:
    """Raise if a restore could not replace what is live; see `Replaceable`.

    Beside the live database all goes; in place, what is not ours and depends on it is in the way.

    Raises:
        DatabaseRefused: It is not there and the role may not make it, or it may not drop
            something that is live.
    """
    dump = stored_dump(context.tree, site.root)
    with _any_session(site, context.cancel) as session:
        live, creates, owns = _rights(site, session)
    if live is None and not creates:
        raise _may_not_create(site)
    if live is None or (creates and owns):
        return
    content = LiveContent(site, dump, exact=context.exact, cancel=context.cancel)
    failed = [each for each in content.check() if each.failed]
    if failed:
        why = _why_in_place(site, live.owner, creates=creates)
        raise DatabaseRefused(
            f"{site.location} is restored in place, because {why}, and cannot be:"
            f" {'; '.join(each.detail for each in failed)}",
            hint=content.advice(failed[0]),
        )


def _any_session(site: Site, cancel: CancellationToken) -> Session:
    """Connect to another database of the server, or where none is open to us to the live one."""
    try:
        return site.maintenance(cancel)
    except DatabaseRefused:
        return site.database(cancel=cancel)


def _why_in_place(site: Site, owner: str, *, creates: bool) -> str:
    role = site.server.connection.user or "of this system user"
    lacking = f"does not own {site.live}, which is {owner}'s" if creates else ""
    return f"the role {role} {lacking or 'may not create databases'}"


def _may_not_create(site: Site) -> DatabaseRefused:
    role = site.server.connection.user or "of this system user"
    return DatabaseRefused(
        f"There is no database {site.live} at {site.location}, and the role {role} may not"
        " create one",
        hint=f"Create it (CREATE DATABASE), or grant the right: ALTER ROLE {role} CREATEDB.",
    )


def recover(site: Site, state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Finish or take back a swap that a crash interrupted; see `Source.recover`."""
    if state["way"] == TABLES:
        return recover_tables(site, state, committed=committed)
    if state["way"] == IN_PLACE:
        loader = Loader(
            server=site.server,
            place=site.place,
            scratch_dir=Path(state["before"]).parent,
            owner=site.owner,
            cancel=CancellationToken(),
        )
        return recover_in_place(site, loader, state, committed=committed)
    return recover_beside(site, state, committed=committed)


def sweep(site: Site, token: str, scratch_dir: Path) -> None:
    """Remove what staging left when its process died; see `Source.sweep`."""
    before_path(scratch_dir, token).unlink(missing_ok=True)
    with suppress(DatabaseRefused):  # who may work on no other database has made none
        sweep_beside(site, token)
    sweep_in_place(site, token)


def list_kept(site: Site) -> tuple[str, ...]:
    """Return the databases that restores replaced and no restore needs any more."""
    with site.maintenance() as session:
        found = ours(session, site.live)
    return tuple(each.name for each in found if each.purpose is Purpose.OLD and each.settled)


def drop_kept(site: Site) -> tuple[str, ...]:
    """Drop what restores kept of a database, and what abandoned ones left; return the names.

    What a restore needs that has not ended stays, whoever's it is, and so does what is used in a
    way that cannot be ended; a warning says so.
    """
    with site.maintenance() as session:
        kept = [each for each in ours(session, site.live) if each.purpose is Purpose.OLD]
        for each in kept:
            if not each.settled:
                _LOG.warning(
                    "The database %s stays: the restore that replaced it has not ended. If it"
                    " crashed, any command of its plan settles it; if nobody knows of it any"
                    " more: DROP DATABASE %s;",
                    each.name,
                    identifier(each.name),
                )
        dropped = [drop_or_warn(session, each.oid, site.live) for each in kept if each.settled]
        abandoned = drop_abandoned(session, site.live)
    return (*(name for name in dropped if name), *abandoned)
