"""A restore into the live database itself, in a single transaction, where no other can be made.

What the backup has is dropped and made anew in that transaction; what it does not have stays.
Before it, the live database is dumped into scratch, from where `undo` puts it back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.errors import (
    HoldfastError,
    LiveDataChanged,
    RestoreCheckFailed,
    RestoreError,
    TargetInUse,
)
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.progress import CancellationToken, Progress
from holdfast.sources.base import RestoreContext, discarding
from holdfast.sources.postgresql.barrier import nothing_written, remove_barrier
from holdfast.sources.postgresql.changes import table_changes
from holdfast.sources.postgresql.checking import check_dump
from holdfast.sources.postgresql.checks import check_restored, rows_per_table
from holdfast.sources.postgresql.databases import Database, users_where
from holdfast.sources.postgresql.dependents import dependents_of
from holdfast.sources.postgresql.filling import analyze
from holdfast.sources.postgresql.holding import release, unblocked, writers_held
from holdfast.sources.postgresql.inspection import counted_tables
from holdfast.sources.postgresql.loading import Loader
from holdfast.sources.postgresql.saving import before_path, save_live, saved_dump
from holdfast.sources.postgresql.session import Session, identifier, literal
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.postgresql.versions import version_of_rows

WAY = "in place"
_OPTIONS = ("--clean", "--if-exists", "--single-transaction")
_PATIENCE_S = 30.0
_TICK_S = 0.1
_OIDS = """
SELECT n.nspname AS schema, c.relname AS name, c.oid::bigint AS oid,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS ours,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_REFERENCES = """
SELECT c.conrelid::bigint AS from_oid, c.confrelid::bigint AS to_oid, c.conname AS name
  FROM pg_catalog.pg_constraint c WHERE c.contype = 'f'
"""


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
        with site.database(cancel=context.cancel) as session:
            self._tables = _oids(session)

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
        live = self._site.live_rows(self._context.cancel)
        staying = sorted(self._tables.keys() - (counts or {}).keys())
        kept = [
            PlannedChange(
                target=f"{target}: {name}", action="unchanged", detail="not in the backup"
            )
            for name in staying
        ]
        warning = (
            f"{target} is restored in place, because {self._why}: meanwhile its sessions can only"
            " read, those of roles that we may not end can hold it up, and tables that the backup"
            f" does not have stay{': ' + ', '.join(staying) if staying else ''}"
        )
        return (
            PlannedChange(target=target, action="replace", detail=detail),
            PlannedChange(target=target, action="skip", detail=warning),
            *table_changes(target, live, counts, removes=False),
            *kept,
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
        rights, references = self._check_rights(), self._check_references()
        if any(each.failed for each in parsed):
            return (*parsed, rights, references)
        return (*parsed, rights, references, self._check_dependents())

    def _check_dependents(self) -> CheckResult:
        """Nor may anything else that stays depend on it: a view of a later migration."""
        found = dependents_of(self._site, self._dump, self._context.cancel)
        return CheckResult(name="dependents", passed=not found, detail="; ".join(found[:5]))

    def _replaced(self) -> dict[str, dict[str, Any]]:
        counts = self._dump.counts
        return {
            name: table for name, table in self._tables.items() if counts is None or name in counts
        }

    def _check_rights(self) -> CheckResult:
        foreign = [
            f"{name} belongs to {table['owner']}"
            for name, table in sorted(self._replaced().items())
            if not table["ours"]
        ]
        return CheckResult(name="rights", passed=not foreign, detail="; ".join(foreign[:5]))

    def _check_references(self) -> CheckResult:
        """Nothing that stays may refer to what is dropped: dropping would fail."""
        replaced = {table["oid"]: name for name, table in self._replaced().items()}
        names = {table["oid"]: name for name, table in self._tables.items()}
        with self._site.database(cancel=self._context.cancel) as session:
            found = session.query(_REFERENCES)
        bad = [
            f"{names[each['from_oid']]}, which the backup does not have, refers to"
            f" {replaced[each['to_oid']]}"
            for each in found
            if each["to_oid"] in replaced
            and each["from_oid"] in names
            and each["from_oid"] not in replaced
        ]
        return CheckResult(name="references", passed=not bad, detail="; ".join(bad[:5]))

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""
        return {
            "way": WAY,
            "token": self._context.token,
            "tables": {name: table["oid"] for name, table in self._tables.items()},
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
        return writers_held(self._site, self._context.token)

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
                load_in_place(self._site, self._loader, self._dump, self._application)
        except BaseException:
            # The answer to its COMMIT may have been lost.
            if not self._settle():
                raise
        self._swapped = True
        self._expect_complete()

    def _unchanged_since(self, saved: str) -> AbstractContextManager[None]:
        """Refuse writes from now on, if there were none since what is live was saved."""
        replaced = self._replaced()
        with self._site.database(cancel=self._context.cancel) as session:
            tables = [each for each in counted_tables(session) if each.label in replaced]
        cancel = self._context.cancel

        def expect(session: Session) -> None:
            found = version_of_rows(session, counted_tables(session), cancel)
            self._expect_version(found, saved)

        return nothing_written(self._site, tables, self._context.token, cancel, expect)

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


def application_of(token: str) -> str:
    """Return what the server shows the programs of a restore as."""
    return f"holdfast_{token}"


def _oids(session: Session) -> dict[str, dict[str, Any]]:
    known = {(each.schema, each.name): each.label for each in counted_tables(session)}
    found = {(row["schema"], row["name"]): row for row in session.query(_OIDS)}
    return {known[key]: row for key, row in found.items() if key in known}


def _version(session: Session, cancel: CancellationToken) -> str:
    with session.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY"):
        return version_of_rows(session, counted_tables(session), cancel)


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
        now = {name: table["oid"] for name, table in _oids(session).items()}
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
        for name, table in _oids(session).items():
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
    with suppress(HoldfastError), site.database() as session:
        release(session, token)
        _end_program(session, token)
        remove_barrier(session, token)


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
