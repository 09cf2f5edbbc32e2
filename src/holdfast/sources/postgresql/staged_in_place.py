"""A restore into the live database itself, in a single transaction, where no other can be made.

What the backup has is dropped and made anew in that transaction; what it does not have stays, or
is dropped too if the restore is to be exact. Before it, the live database is dumped into scratch,
from where `undo` puts it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from holdfast.errors import HoldfastError, LiveDataChanged, RestoreCheckFailed
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.progress import CancellationToken, Progress
from holdfast.sources.base import RestoreContext, discarding
from holdfast.sources.postgresql.additions import dropping
from holdfast.sources.postgresql.barrier import nothing_written
from holdfast.sources.postgresql.changes import table_changes
from holdfast.sources.postgresql.checking import check_dump
from holdfast.sources.postgresql.checks import check_restored, rows_per_table
from holdfast.sources.postgresql.databases import Database
from holdfast.sources.postgresql.holding import writers_held
from holdfast.sources.postgresql.in_place_recovery import (
    application_of,
    is_new,
    load_in_place,
    put_back,
)
from holdfast.sources.postgresql.inspection import counted_tables
from holdfast.sources.postgresql.live_content import LiveContent
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.saving import before_path, save_live
from holdfast.sources.postgresql.session import Session
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.postgresql.versions import version_of_rows

WAY = "in place"


class StagedInPlace:
    """A dump that is ready to replace the content of the live database."""

    def __init__(
        self,
        context: RestoreContext,
        site: Site,
        live: Database,
        dump: StoredDump,
        loader: Loader,
        *,
        why: str,
    ) -> None:
        self._context = context
        self._site = site
        self._live = live
        self._dump = dump
        self._loader = loader
        self._why = why
        self._expected: str | None = None
        self._swapped = False
        self.unsettled = False
        self._content = LiveContent(site, dump, exact=context.exact, cancel=context.cancel)

    @property
    def _before(self) -> Path:
        return before_path(self._context.scratch_dir, self._context.token)

    @property
    def _application(self) -> str:
        return application_of(self._context.token)

    @property
    def live_schema_version(self) -> str | None:
        """The schema version of the live database; None if it is unknown."""
        return self._site.live_schema_version()

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say what `swap` would change, and what restoring in place means."""
        target = self._site.location
        detail = f"in place, in a single transaction, because {self._why}"
        counts = self._dump.counts
        if self._context.only_new:
            detail = f"the database that is there is empty, and is filled {detail}"
            first = PlannedChange(target=target, action="create", detail=detail)
            return (first, *table_changes(target, {}, counts))
        live = self._site.live_rows(self._context.cancel)
        staying = self._content.staying
        warning = (
            f"{target} is restored in place, because {self._why}: meanwhile its sessions can only"
            " read, those of roles that we may not end can hold it up, and tables that the backup"
            f" does not have stay{': ' + ', '.join(staying) if staying else ''}"
        )
        return (
            PlannedChange(target=target, action="replace", detail=detail),
            PlannedChange(target=target, action="skip", detail=warning),
            *table_changes(target, live, counts, removes=False),
            *self._content.changes(target),
        )

    def check(self) -> tuple[CheckResult, ...]:
        """Read the whole dump, and see whether what is live lets itself be replaced."""
        self._context.progress(Progress(step=f"Checking {self._dump.name}"))
        parsed = check_dump(
            self._site.server,
            self._dump,
            progress=self._context.progress,
            cancel=self._context.cancel,
        )
        if any(each.failed for each in parsed):
            return parsed
        return (*parsed, *self._content.check())

    def advice(self, check: CheckResult) -> str | None:
        """Say what to do about what is live and in the way; see `Advising`."""
        return self._content.advice(check)

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""
        return {
            "way": WAY,
            "token": self._context.token,
            "tables": {name: table["oid"] for name, table in self._content.tables.items()},
            "restored": sorted(self._dump.counts or {}),
            "before": str(self._before),
        }

    def live_version(self) -> str:
        """Return a token that changes with every commit into the tables of the live database."""
        with self._site.database(cancel=self._context.cancel) as session:
            return _version(session, self._context.cancel)

    def hold_writers(self) -> AbstractContextManager[None]:
        """Let the live database's sessions only read, until the context ends.

        Raises:
            TargetInUse: Sessions did not end.
        """
        return writers_held(self._site, self._context.token, self._context.hold)

    def expect_unchanged_since(self, token: str) -> None:
        """Make `swap` raise `LiveDataChanged`, and replace nothing, if anyone wrote since."""
        self._expected = token

    def swap(self) -> None:
        """Replace what the backup has in one transaction, after saving it into scratch.

        Raises:
            LiveDataChanged: Somebody wrote since the token of `expect_unchanged_since`.
            TargetInUse: A session that may not be ended blocked it.
            RestoreError: Something could not be restored; nothing was changed.
            NotEnoughSpace: Scratch has not the room for what is replaced.
        """
        self._context.progress(Progress(step=f"Replacing {self._site.live}"))
        saved = self.live_version()
        self._expect_version(saved, self._expected)
        save_live(self._site, self._before, self._context.cancel)
        try:
            with self._unchanged_since(saved):
                dump = dropping(self._dump, self._content.going)
                load_in_place(self._site, self._loader, dump, self._application)
        except BaseException:
            # The answer to its COMMIT may have been lost.
            if not self._settle():
                raise
        self._swapped = True
        self._expect_complete()

    def _unchanged_since(self, saved: str) -> AbstractContextManager[None]:
        """Refuse writes from now on, if there were none since what is live was saved."""
        with self._site.database(cancel=self._context.cancel) as session:
            tables = self._content.written(session)
        cancel = self._context.cancel

        def expect(session: Session) -> None:
            found = version_of_rows(session, counted_tables(session), cancel)
            self._expect_version(found, saved)

        return nothing_written(self._site, tables, self._context, expect)

    def _settle(self) -> bool:
        try:
            return is_new(self._site, self.state())
        except HoldfastError:
            self.unsettled = True
            return False

    def _expect_version(self, found: str, expected: str | None) -> None:
        if expected is not None and found != expected:
            raise LiveDataChanged(
                f"{self._site.location} was written to since it was last saved",
                hint="Nothing was replaced; try again.",
            )

    def _expect_complete(self) -> None:
        """Put back what was there if something live, a trigger of its own, changed the rows."""
        counts = self._dump.counts
        if counts is None:
            return
        with self._site.database() as session:
            found = rows_per_table(session)
            ours = {name: count for name, count in found.items() if name in counts}
            failed = list(check_restored(session, counts=None, thorough=False))
        if ours == dict(counts) and all(check.passed for check in failed):
            return
        self.undo()
        raise RestoreCheckFailed(
            f"{self._site.location} did not hold the rows of the backup after it was restored",
            hint="What was there before was put back.",
        )

    def undo(self) -> None:
        """After `swap`, and before `discard`: put back what was saved into scratch.

        Raises:
            RestoreError: It cannot be put back.
        """
        put_back(self._site, self._loader, self.state())
        self._swapped = False

    def kept(self) -> dict[str, Any]:
        """Return that nothing is kept: an undo restores the safety backup."""
        return {}

    def discard(self) -> None:
        """Remove what was saved into scratch, unless a swap's outcome could not be told."""
        if not self.unsettled:
            self._before.unlink(missing_ok=True)


def _version(session: Session, cancel: CancellationToken) -> str:
    with session.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY"):
        return version_of_rows(session, counted_tables(session), cancel)


@contextmanager
def stage_in_place(
    context: RestoreContext,
    site: Site,
    live: Database,
    dump: StoredDump,
    loader: Loader,
    *,
    why: str,
) -> Iterator[StagedInPlace]:
    """Prepare to replace the live database's content; nothing is written before `swap`."""
    staged = StagedInPlace(context, site, live, dump, loader, why=why)
    with discarding(staged, context):
        yield staged
