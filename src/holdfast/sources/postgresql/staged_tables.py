"""Selected tables of the live database: their rows replaced in one transaction, no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from holdfast.errors import (
    HoldfastError,
    LiveDataChanged,
    RestoreCheckFailed,
    RestoreError,
    UsageError,
)
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.progress import CancellationToken, Progress
from holdfast.sources.base import RestoreContext, discarding
from holdfast.sources.postgresql.changes import table_changes
from holdfast.sources.postgresql.failures import sqlstate_of
from holdfast.sources.postgresql.inspection import Table, count_rows, counted_tables
from holdfast.sources.postgresql.replacement import columns_of, lock, replace_rows
from holdfast.sources.postgresql.saving import before_path, save_live, saved_dump
from holdfast.sources.postgresql.session import Session, identifier, literal
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.postgresql.table_data import data_arguments, rows_of
from holdfast.sources.postgresql.versions import version_of_rows

WAY = "tables"
_NODES = """
SELECT pg_catalog.pg_relation_filenode({table}::pg_catalog.regclass)::bigint AS node
"""
_MISSING = "42P01"


class StagedTables:
    """Tables whose rows are ready to be replaced by those of a backup."""

    def __init__(self, context: RestoreContext, site: Site, dump: StoredDump) -> None:
        self._context = context
        self._site = site
        self._dump = dump
        self._expected: str | None = None
        self.unsettled = False
        self._holding: Session | None = None
        with site.database(cancel=context.cancel) as session:
            self._tables = _chosen(session, site, dump, context.tables)
            self._nodes = {each.label: _node(session, each.quoted) for each in self._tables}

    @property
    def _before(self) -> Path:
        return before_path(self._context.scratch_dir, self._context.token)

    @property
    def live_schema_version(self) -> str | None:
        """The schema version of the live database; None if it is unknown."""
        return self._site.live_schema_version()

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say what `swap` would change: the rows of the tables, and no others."""
        counts = self._dump.counts
        chosen = (
            None if counts is None else {each.label: counts[each.label] for each in self._tables}
        )
        with self._site.database(cancel=self._context.cancel) as session:
            live = {each.label: count_rows(session, each) for each in self._tables}
        return tuple(table_changes(self._site.location, live, chosen))

    def check(self) -> tuple[CheckResult, ...]:
        """Read the rows in the dump: their number, and whether the live tables have the columns."""
        self._context.progress(Progress(step=f"Checking {self._dump.name}"))
        with self._site.database(cancel=self._context.cancel) as session:
            live = {each.label: set(columns_of(session, each)) for each in self._tables}
            labels = {(each.schema, each.name): each.label for each in self._tables}
            counts: dict[str, int] = {}
            differing = []
            with _read(
                self._site, session, self._dump, self._tables, self._context.cancel
            ) as found:
                for each in found:
                    label = labels[each.schema, each.name]
                    counts[label] = sum(1 for _ in each.lines)
                    if changed := sorted(live[label] ^ set(each.columns)):
                        differing.append(f"{label}: {', '.join(changed)}")
        columns = f"not the same there and in the backup: {'; '.join(differing)}"
        return (
            CheckResult(name="columns", passed=not differing, detail=columns if differing else ""),
            self._check_counts(counts),
        )

    def _check_counts(self, counts: Mapping[str, int]) -> CheckResult:
        stored = self._dump.counts or {}
        wrong = [
            f"{each.label}: {counts.get(each.label, 'no rows')} instead of {stored[each.label]}"
            for each in self._tables
            if each.label in stored and counts.get(each.label) != stored[each.label]
        ]
        return CheckResult(name="table counts", passed=not wrong, detail="; ".join(wrong[:5]))

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""
        return {
            "way": WAY,
            "token": self._context.token,
            "tables": [[each.schema, each.name] for each in self._tables],
            "nodes": [self._nodes[each.label] for each in self._tables],
            "before": str(self._before),
        }

    def live_version(self) -> str:
        """Return a token that changes with every commit into the tables."""
        if self._holding is not None:
            return version_of_rows(self._holding, self._tables, self._context.cancel)
        with (
            self._site.database(cancel=self._context.cancel) as session,
            session.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        ):
            return version_of_rows(session, self._tables, self._context.cancel)

    @contextmanager
    def hold_writers(self) -> Iterator[None]:
        """Keep writers of the tables waiting, until the context ends or `swap` is done.

        Readers go on.

        Raises:
            TargetInUse: A table is locked for too long.
        """
        with self._transaction("SHARE ROW EXCLUSIVE"):
            yield

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[Session]:
        """Yield the session that holds the tables, rolled back unless `swap` commits."""
        with self._site.database(cancel=self._context.cancel) as session:
            session.execute("BEGIN")
            lock(session, self._tables, mode)
            self._holding = session
            try:
                yield session
            finally:
                self._holding = None

    def expect_unchanged_since(self, token: str) -> None:
        """Make `swap` raise `LiveDataChanged`, and replace nothing, if anyone wrote since."""
        self._expected = token

    def swap(self) -> None:
        """Replace the rows of the tables in one transaction, after saving them into scratch.

        Raises:
            LiveDataChanged: Somebody wrote since the token of `expect_unchanged_since`.
            TargetInUse: A table is locked for too long.
            RestoreError: A foreign key forbids it, or a row does not fit; nothing was changed.
            NotEnoughSpace: Scratch has not the room for what is replaced.
        """
        self._context.progress(Progress(step=f"Replacing tables of {self._site.live}"))
        options = [f"--table={each.quoted}" for each in self._tables]
        if self._holding is None:
            with self.hold_writers():
                self._swap(options)
        else:
            self._swap(options)

    def _swap(self, options: Sequence[str]) -> None:
        assert self._holding is not None
        session = self._holding
        if self._expected is not None and self.live_version() != self._expected:
            raise LiveDataChanged(
                f"The tables in {self._site.location} were written to since they were last saved",
                hint="Nothing was replaced; try again.",
            )
        save_live(self._site, self._before, self._context.cancel, ("--data-only", *options))
        self._context.cancel.raise_if_cancelled()
        try:
            lock(session, self._tables, "ACCESS EXCLUSIVE")
            counts = _replace(self._site, session, self._dump, self._tables, self._context.cancel)
            failed = self._check_counts(counts)
            if not failed.passed:
                raise RestoreCheckFailed(
                    f"The tables of {self._site.location} would not hold the rows of the backup:"
                    f" {failed.detail}",
                    hint="Nothing was changed.",
                )
            session.execute("COMMIT")
        except BaseException:
            session.close()
            if not self._settle():
                raise

    def _settle(self) -> bool:
        """After the answer to a COMMIT was lost: tell whether it was done."""
        try:
            return is_new(self._site, self.state())
        except HoldfastError:
            self.unsettled = True
            return False

    def undo(self) -> None:
        """After `swap`, and before `discard`: put back what was saved into scratch.

        Raises:
            RestoreError: It cannot be put back.
        """
        put_back(self._site, self.state())

    def kept(self) -> dict[str, Any]:
        """Return that nothing is kept: an undo restores the safety backup."""
        return {}

    def discard(self) -> None:
        """Remove what was saved into scratch, unless a swap's outcome could not be told."""
        if not self.unsettled:
            self._before.unlink(missing_ok=True)


def _chosen(
    session: Session, site: Site, dump: StoredDump, wanted: Sequence[str]
) -> tuple[Table, ...]:
    live = {each.label: each for each in counted_tables(session)}
    for name in wanted:
        if dump.counts is not None and name not in dump.counts:
            raise UsageError(
                f"{dump.name} has no table {name}",
                hint="`holdfast show` names its tables; of a partitioned one name the partitions.",
            )
        if name not in live:
            raise RestoreError(
                f"There is no table {name} in {site.location} whose rows could be replaced",
                hint="Restore the whole database, or create the table first.",
            )
    return tuple(live[name] for name in dict.fromkeys(wanted))


@contextmanager
def _read(
    site: Site,
    session: Session,
    dump: StoredDump,
    tables: Sequence[Table],
    cancel: CancellationToken,
) -> Iterator[Any]:
    program = site.server.clients(site.place, session).path("pg_restore")
    how = site.place.invocation(program, data_arguments(tables), {"LC_ALL": "C"}, stdin=True)
    with rows_of(dump, tables, how, cancel) as found:
        yield found


def _replace(
    site: Site,
    session: Session,
    dump: StoredDump,
    tables: Sequence[Table],
    cancel: CancellationToken,
) -> dict[str, int]:
    with _read(site, session, dump, tables, cancel) as found:
        return replace_rows(session, tables, found)


def _node(session: Session, quoted: str) -> int:
    """Return the number of a table's file, which is another one after its rows were replaced."""
    return int(session.value(_NODES.format(table=literal(quoted))))


def is_new(site: Site, state: Mapping[str, Any]) -> bool:
    """Tell whether the rows were replaced; waits for a transaction that was not ended yet."""
    if not Path(state["before"]).exists():
        return False
    with site.database() as session:
        try:
            nodes = [_node(session, identifier(*names)) for names in state["tables"]]
        except HoldfastError as error:
            if sqlstate_of(error) != _MISSING:
                raise
            return False
    return nodes != list(state["nodes"])


def put_back(site: Site, state: Mapping[str, Any]) -> None:
    """Replace the rows by those that were saved (idempotent)."""
    path = Path(state["before"])
    if not path.exists():
        return
    wanted = {tuple(names) for names in state["tables"]}
    with site.database() as session:
        tables = [each for each in counted_tables(session) if (each.schema, each.name) in wanted]
        with session.transaction():
            lock(session, tables, "ACCESS EXCLUSIVE")
            _replace(site, session, saved_dump(path), tables, CancellationToken())
    path.unlink()


def recover_tables(site: Site, state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Tell, or take back, what a crash interrupted; see `Source.recover`.

    Raises:
        RestoreError: It is to be finished, and was not done: that takes the backup.
    """
    done = is_new(site, state)
    if committed is None:
        return done
    path = Path(state["before"])
    if committed and not done and path.exists():
        raise RestoreError(
            f"The restore of tables in {site.location} was interrupted before it was done",
            hint="Restore them again.",
        )
    if not committed and done:
        put_back(site, state)
    path.unlink(missing_ok=True)
    return committed


@contextmanager
def stage_tables(context: RestoreContext, site: Site, dump: StoredDump) -> Iterator[StagedTables]:
    """Prepare to replace rows of tables; nothing is written before `swap`."""
    staged = StagedTables(context, site, dump)
    with discarding(staged, context):
        yield staged
