"""Restore a PostgreSQL database: which way fits, and what becomes of one that was interrupted.

Beside the live database where the role may make one and the live one is its own; else in place,
in a single transaction; selected tables always in place, in one transaction too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from holdfast.errors import DatabaseRefused
from holdfast.sources.base import RestoreContext, Staged
from holdfast.sources.postgresql.databases import describe, drop, drop_abandoned, ours
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.names import Purpose
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.staged_beside import (
    recover_beside,
    require_empty,
    stage_beside,
    sweep_beside,
)
from holdfast.sources.postgresql.stored import stored_dump


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
        RestoreError: The dump could not be restored; nothing live was touched.
    """
    dump = stored_dump(context.tree, site.root)
    with site.maintenance(context.cancel) as session:
        live = describe(session, site.live)
        creates, _ = site.rights(session, live.owner if live else None)
    if context.only_new and live is not None:
        with site.database() as session:
            require_empty(session, site.location)
    if live is None and not creates:
        raise _may_not_create(site)
    loader = Loader.of(site, context)
    with stage_beside(context, site, live, dump, loader) as staged:
        yield staged


def _may_not_create(site: Site) -> DatabaseRefused:
    role = site.server.connection.user or "of this system user"
    return DatabaseRefused(
        f"There is no database {site.live} at {site.location}, and the role {role} may not"
        " create one",
        hint=f"Create it (CREATE DATABASE), or grant the right: ALTER ROLE {role} CREATEDB.",
    )


def recover(site: Site, state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Finish or take back a swap that a crash interrupted; see `Source.recover`."""
    return recover_beside(site, state, committed=committed)


def sweep(site: Site, token: str, scratch_dir: Path) -> None:
    """Remove what staging left when its process died; see `Source.sweep`."""
    del scratch_dir
    sweep_beside(site, token)


def drop_kept(site: Site) -> tuple[str, ...]:
    """Drop what restores kept of a database, and what abandoned ones left; return the names.

    Raises:
        TargetInUse: One of them cannot be removed as it is used.
    """
    with site.maintenance() as session:
        kept = [each for each in ours(session, site.live) if each.purpose is Purpose.OLD]
        dropped = [drop(session, each.oid, site.live) for each in kept]
        abandoned = drop_abandoned(session, site.live)
    return (*(name for name in dropped if name), *abandoned)
