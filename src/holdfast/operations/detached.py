"""Restoring an archive where there is no repository: on a fresh machine, for example."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.clock import Clock
from holdfast.errors import SourceNotFound
from holdfast.operations.plan import Plan
from holdfast.operations.restore import RestoreOptions
from holdfast.repository import Repository
from holdfast.sources.base import DatabaseServer
from holdfast.stores import open_store


def needs_repository(plan: Plan, options: RestoreOptions) -> bool:
    """Whether a restore of an archive has something to keep: a safety backup of live data.

    Settings are taken to be gone with the databases and directories of the plan, if those all
    are; a plan of settings alone has live data.
    """
    if options.dry_run or not options.safety_backup:
        return False
    servers = [source for source in plan.sources if isinstance(source, DatabaseServer)]
    if any(_is_there(server) for server in servers):
        return True
    paths = [path for source in plan.sources if (path := getattr(source, "path", None))]
    return not (paths or servers) or any(Path(path).exists() for path in paths)


def _is_there(server: DatabaseServer) -> bool:
    """Ask the server whether its database is there; one that does not answer is an error.

    Taken for absent it would be replaced, and its safety backup thrown away.
    """
    try:
        server.size_bytes()
    except SourceNotFound:
        return False
    return True


@contextmanager
def throwaway_repository(scratch: Path, clock: Clock) -> Iterator[Repository]:
    """Yield an empty repository in a scratch directory, for work that stores nothing."""
    store = open_store(str(scratch / "repository"))
    try:
        yield Repository.create(store, "", clock=clock)
    finally:
        store.close()
