"""A drill: a dump restored into a scratch database, looked at, and gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from holdfast.errors import DatabaseRefused, HoldfastError
from holdfast.models.backup import CheckResult
from holdfast.sources.base import RestoreContext
from holdfast.sources.postgresql.checks import check_expectation, check_restored, query_column
from holdfast.sources.postgresql.databases import describe, drop, drop_abandoned, hold
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.names import Purpose, beside
from holdfast.sources.postgresql.properties import create_wanted, wanted_of
from holdfast.sources.postgresql.session import Session
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump, stored_dump
from holdfast.sources.postgresql.trust import require_harmless


class RestoredDatabase:
    """A dump that was restored into a scratch database."""

    def __init__(self, session: Session, context: RestoreContext, dump: StoredDump) -> None:
        self._session = session
        self._context = context
        self._dump = dump

    def check(self) -> tuple[CheckResult, ...]:
        """Check counts, indexes, constraints and sequences."""
        return check_restored(
            self._session,
            counts=self._dump.counts,
            thorough=True,
            cancel=self._context.cancel,
        )

    def ask(self, queries: Sequence[str]) -> tuple[CheckResult, ...]:
        """Check that each query yields one true value; results are named `expect: <SQL>`."""
        return tuple(check_expectation(self._session, query) for query in queries)

    def column(self, query: str) -> Iterator[str]:
        """Yield the first column of a query's rows as text, without NULLs.

        Raises:
            SourceError: It cannot be answered.
        """
        return query_column(self._session, query)


@contextmanager
def rehearse(site: Site, context: RestoreContext) -> Iterator[RestoredDatabase]:
    """Restore into a scratch database; it is gone when the context is left.

    Raises:
        DatabaseRefused: The role may not create databases.
        SourceError: The server cannot be used.
        RestoreError: The dump does not restore, or nobody answers for it.
    """
    dump = stored_dump(context.tree, site.root)
    name = beside(site.live, Purpose.DRILL, context.token)
    with site.maintenance() as keeper:
        require_harmless(keeper, context)
        live = describe(keeper, site.live)
        creates, _ = site.rights(keeper, None)
        if not creates:
            raise _may_not(site)
        drop_abandoned(keeper, site.live)
        hold(keeper, name)
        wanted = wanted_of(keeper, dump.facts, trusted=False, rights=False)
        scratch, _ = create_wanted(
            keeper, wanted, live=site.live, like=live, purpose=Purpose.DRILL, token=context.token
        )
        try:
            with site.database(name, context.cancel) as session:
                Loader.of(site, context).load(
                    dump, session, application=f"holdfast_{context.token}"
                )
                yield RestoredDatabase(session, context, dump)
        finally:
            # What cannot be removed now, the next restore or drill removes.
            with suppress(HoldfastError), site.maintenance() as session:
                drop(session, scratch.oid, site.live)


def _may_not(site: Site) -> DatabaseRefused:
    role = site.server.connection.user or "of this system user"
    return DatabaseRefused(
        f"A drill needs a scratch database, and the role {role} may not create one at"
        f" {site.location}",
        hint=f"Grant it the right: ALTER ROLE {role} CREATEDB.",
    )
