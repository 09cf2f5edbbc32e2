"""A restore into a database beside the live one, which then takes its name."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from holdfast.errors import (
    DatabaseUnreachable,
    HoldfastError,
    RestoreCheckFailed,
    RestoreError,
)
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.progress import Progress
from holdfast.sources.base import RestoreContext, discarding
from holdfast.sources.postgresql.attributes import left_behind_with
from holdfast.sources.postgresql.changes import rows, table_changes
from holdfast.sources.postgresql.checks import check_restored
from holdfast.sources.postgresql.databases import (
    Beside,
    Database,
    drop_abandoned,
    drop_or_warn,
    hold,
    mark_settled,
    ours,
    users_of,
)
from holdfast.sources.postgresql.exchange import (
    Exchange,
    carry_out,
    settle,
    take_back,
)
from holdfast.sources.postgresql.filling import analyze, expect_empty
from holdfast.sources.postgresql.inspection import counted_tables, schema_version
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.names import Purpose, beside, mark
from holdfast.sources.postgresql.properties import Wanted, create_wanted, dress, wanted_of
from holdfast.sources.postgresql.session import Session, identifier
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.postgresql.url import with_database

_LOG = logging.getLogger("holdfast.restore")
WAY = "beside"


class StagedBeside:
    """A database that is ready beside the live one.

    Args:
        live: The live database; None where there is none yet.
    """

    def __init__(
        self, context: RestoreContext, site: Site, live: Database | None, dump: StoredDump
    ) -> None:
        self._context = context
        self._site = site
        self._live = live
        self._dump = dump
        self._keeper: Session | None = None
        self._staged: Beside | None = None
        self._made = False
        self._swapped = False
        self.unsettled = False
        self._migrated = False
        self._wanted = Wanted(settings={})
        self._left_out: tuple[str, ...] = ()

    def prepare(self, loader: Loader) -> None:
        """Make the database and load the dump into it, or take the one that an undo names.

        Raises:
            RestoreError: The dump could not be restored; nothing live was touched.
        """
        cancel = self._context.cancel
        self._keeper = self._site.maintenance()
        drop_abandoned(self._keeper, self._site.live)
        self._staged = self._kept_before()
        if self._staged is not None:
            return
        hold(self._keeper, beside(self._site.live, Purpose.NEW, self._context.token))
        self._made = True
        self._staged = self._create(self._keeper)
        with self._session() as session:
            loader.load(self._dump, session, application=f"holdfast_{self._context.token}")
            cancel.raise_if_cancelled()
            self._keep_chosen(session)
            self._context.progress(Progress(step=f"Analyzing {self._site.live}"))
            analyze(session)
        self._left_out += dress(self._keeper, self._wanted, self._staged.name)

    def _create(self, session: Session) -> Beside:
        context, live = self._context, self._live
        if live is None:
            facts, trusted = self._dump.facts, context.trusted
            self._wanted = wanted_of(session, facts, trusted=trusted, rights=self._site.owner)
        made, self._left_out = create_wanted(
            session,
            self._wanted,
            live=self._site.live,
            like=live,
            purpose=Purpose.NEW,
            token=context.token,
        )
        return made

    def _kept_before(self) -> Beside | None:
        """Return what the restore to be undone kept, if it is still there."""
        wanted = self._context.kept.get("oid")
        if wanted is None or self._keeper is None:
            return None
        found = ours(self._keeper, self._site.live)
        return next(
            (each for each in found if each.oid == wanted and each.purpose is Purpose.OLD), None
        )

    def _keep_chosen(self, session: Session) -> None:
        """Leave out tables that were not asked for, with what depends on them."""
        chosen = self._context.tables
        if not chosen:
            return
        tables = {each.label: each for each in counted_tables(session)}
        missing = [name for name in chosen if name not in tables]
        if missing:
            raise RestoreError(
                f"{self._dump.name} has no table {', '.join(missing)}",
                hint="Nothing was changed. `holdfast show` names its tables.",
            )
        for label, table in tables.items():
            if label not in chosen:
                session.execute(f"DROP TABLE IF EXISTS {table.quoted} CASCADE")

    @property
    def _adopted(self) -> bool:
        return self._staged is not None and self._staged.purpose is Purpose.OLD

    def _session(self) -> Session:
        assert self._staged is not None
        return self._site.database(self._staged.name, self._context.cancel)

    @property
    def live_schema_version(self) -> str | None:
        """The schema version of the live database; None if there is none or it is unknown."""
        return self._site.live_schema_version() if self._live else None

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say what `swap` would change, table by table."""
        target = self._site.location
        counts = self._expected_counts()
        if self._live is None:
            detail = rows(sum(counts.values())) if counts is not None else ""
            first = PlannedChange(target=target, action="create", detail=detail)
            lost = [
                PlannedChange(
                    target=target, action="skip", detail=f"{target} comes back without {each}"
                )
                for each in self._left_out
            ]
            return (first, *lost, *table_changes(target, {}, counts))
        with self._site.maintenance() as session:
            left_behind = left_behind_with(session, self._live.oid, target)
        if self._context.only_new:
            detail = "the database that is there is empty, and a new one takes its place"
            first = PlannedChange(target=target, action="create", detail=detail)
            return (first, *left_behind, *table_changes(target, {}, counts))
        first = PlannedChange(target=target, action="replace", detail=self._replacing())
        if self._adopted:
            return (first, *left_behind)
        live = self._site.live_rows(self._context.cancel)
        return (first, *left_behind, *table_changes(target, live, counts))

    def _replacing(self) -> str:
        assert self._live is not None
        old = beside(self._site.live, Purpose.OLD, self._context.token)
        begins = old.removesuffix(self._context.token)
        parts = ["by the database that the restore had replaced"] if self._adopted else []
        if not self._adopted and (change := self._schema_change()):
            parts.append(change)
        parts.append(
            f"what is there now is kept under a name that begins with {begins}"
            if self._context.keep_old
            else "what is there now is removed"
        )
        with self._site.maintenance() as session:
            if users := len(users_of(session, self._live.oid)):
                parts.append(f"{users} {'session is' if users == 1 else 'sessions are'} ended")
        return "; ".join(parts)

    def _schema_change(self) -> str:
        live, stored = self.live_schema_version, self._dump.schema_version
        return f"schema {live or 'none'} -> {stored or 'none'}" if live != stored else ""

    def _expected_counts(self) -> Mapping[str, int] | None:
        counts, chosen = self._dump.counts, self._context.tables
        if counts is None or not chosen:
            return counts
        return {name: count for name, count in counts.items() if name in chosen}

    def check(self) -> tuple[CheckResult, ...]:
        """Check the staged database: its counts against the manifest, indexes, constraints."""
        self._context.progress(Progress(step=f"Checking {self._site.live}"))
        if self._adopted:
            detail = "as the application left it; it is not compared with the backup"
            return (CheckResult(name="kept database", passed=True, detail=detail),)
        with self._session() as session:
            return check_restored(
                session,
                counts=None if self._migrated else self._expected_counts(),
                thorough=self._context.thorough,
                cancel=self._context.cancel,
            )

    def staged_url(self) -> str:
        """Return the URL of the staged database; it may hold a password."""
        assert self._staged is not None
        return with_database(self._site.url, self._staged.name)

    def staged_schema_version(self) -> str | None:
        """Read the schema version of the staged database; None if it does not say one."""
        if self._adopted:
            return None
        with self._session() as session:
            return schema_version(session)

    def migrated(self) -> None:
        """Take in that another program changed the staged database on purpose."""
        with self._site.maintenance() as session:
            if self._staged not in ours(session, self._site.live):
                raise RestoreCheckFailed(
                    "The migration removed or renamed the database that was staged",
                    hint="Nothing was changed. Let it only use the database of its URL.",
                )
        self._migrated = True

    @property
    def _exchange(self) -> Exchange:
        assert self._staged is not None
        token = self._context.token
        return Exchange(
            live=self._site.live,
            old_oid=self._live.oid if self._live else None,
            kept=beside(self._site.live, Purpose.OLD, token),
            new_oid=self._staged.oid,
            new=self._staged.name,
            token=token,
            connections=self._wanted.connections,
        )

    @property
    def _mark(self) -> str:
        assert self._staged is not None
        return mark(self._site.live, self._staged.purpose, self._staged.token)

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""
        return {
            "way": WAY,
            "exchange": self._exchange.as_json(),
            "mark": self._mark,
            "adopted": self._adopted,
            "keep_old": self._context.keep_old,
            "only_new": self._context.only_new,
        }

    def swap(self) -> None:
        """Give the live database's name to the staged one, in one transaction.

        Sessions that use the live database are ended; whoever connects then finds the new one.

        Raises:
            TargetInUse: A session may not be ended, or a prepared transaction is there.
            TargetExists: It was to be empty, and is not any more; it is live again.
            RestoreError: One of the databases is not there any more.
        """
        self._context.progress(Progress(step=f"Replacing {self._site.live}"))
        self._expect_held()
        try:
            carry_out(self._exchange, self._site.maintenance)
        except BaseException as error:
            done = settle(self._exchange, self._site.maintenance)
            self.unsettled = done is None
            if not done:
                raise
            if not isinstance(error, HoldfastError):
                self.undo()
                raise
        self._swapped = True
        self._expect_replaced_empty()

    def _expect_held(self) -> None:
        """Hold what is staged anew where the connection that showed it as held was lost."""
        assert self._staged is not None
        if self._keeper is not None and not self._keeper.answers():
            self._keeper.close()
            self._keeper = self._site.maintenance()
            hold(self._keeper, self._staged.name, wait=False)

    def _expect_replaced_empty(self) -> None:
        """Only now, when nobody can reach it any more, does it stay as it is."""
        if not self._context.only_new or self._live is None:
            return
        try:
            with self._site.maintenance() as session:
                expect_empty(self._site, session, self._exchange.kept)
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """After `swap`, and before `discard`: put the replaced database back.

        Raises:
            TargetInUse: As for `swap`.
            RestoreError: It is not there any more.
        """
        take_back(self._exchange, self._site.maintenance, comment=self._mark)
        self._swapped = False

    def kept(self) -> dict[str, Any]:
        """Return where what was replaced is, as JSON values; empty where nothing is kept."""
        if not self._swapped or self._live is None or not self._context.keep_old:
            return {}
        return {
            "database": self._exchange.kept,
            "oid": self._live.oid,
            "live": self._site.live,
        }

    def discard(self) -> None:
        """Remove the staged database, or after a swap the old one unless it is kept.

        If the outcome of a swap could not be told, both stay for `recover`. What cannot be
        removed now is noted in the context's hold if it was staged, and named if it was live.
        """
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.close()
        if self.unsettled:
            return
        if self._swapped:
            self._let_go_of_live()
        elif self._made:
            self._drop_staged()

    def _let_go_of_live(self) -> None:
        """Give what was replaced to the cleanups, or drop it."""
        if self._live is None:
            return
        try:
            with self._site.maintenance() as session:
                mark_settled(session, self._live.oid, self._site.live)
                if not self._context.keep_old:
                    drop_or_warn(session, self._live.oid, self._site.live)
        except HoldfastError as error:
            kept = self._exchange.kept
            _LOG.warning(
                "The restore of %s is done, but the server could not be told, so that what it"
                " replaced stays there as the database %s, also after a cleanup: %s. When you"
                " need it no more: DROP DATABASE %s;",
                self._site.location,
                kept,
                error.message,
                identifier(kept),
            )

    def _drop_staged(self) -> None:
        try:
            with self._site.maintenance() as session:
                if self._staged is None:
                    raise DatabaseUnreachable("what was being made there is not known")
                drop_or_warn(session, self._staged.oid, self._site.live)
        except HoldfastError:
            self._context.hold.left.add(self._site.root)


@contextmanager
def stage_beside(
    context: RestoreContext, site: Site, live: Database | None, dump: StoredDump, loader: Loader
) -> Iterator[StagedBeside]:
    """Make and fill a database beside the live one; leaving the context discards it."""
    staged = StagedBeside(context, site, live, dump)
    with discarding(staged, context):
        staged.prepare(loader)
        yield staged
