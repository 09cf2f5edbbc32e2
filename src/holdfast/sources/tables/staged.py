"""Restore tables: stage and check every row, then replace all rows in one transaction."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.errors import (
    DataDoesNotFit,
    HoldfastError,
    LiveDataChanged,
    SourceNotFound,
    TargetExists,
    TargetInUse,
)
from holdfast.models.backup import SAME_COUNT, CheckResult, PlannedChange
from holdfast.models.progress import Progress
from holdfast.sources.base import RestoreContext
from holdfast.sources.tables.binding import RowBinder
from holdfast.sources.tables.bookkeeping import (
    holds_rows,
    is_migrations,
    keeps_book,
    require_same_migrations,
    with_rows,
)
from holdfast.sources.tables.capture import schema_version
from holdfast.sources.tables.columns import Reference, Table
from holdfast.sources.tables.failures import translated
from holdfast.sources.tables.fingerprint import fingerprint_of
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.recovering import Swap, recover_swap
from holdfast.sources.tables.replacing import (
    Content,
    Job,
    Previous,
    note_previous,
    note_written,
    save_content,
    sorted_jobs,
    write_tables,
)
from holdfast.sources.tables.rows import RowReader
from holdfast.sources.tables.selection import StoredTable, stored_tables
from holdfast.sources.tables.spool import (
    pieces,
    remove_directory,
    scratch_errors,
)
from holdfast.stores.durable import sync_directory

_MAKE_IT = "Make the new, empty database first (`createdb`, or CREATE DATABASE), then try again."
Connect = Callable[..., Link]
"""Opens a connection: `writable`, and `create` for a SQLite file that is not there."""


def restore_directory(root: str, token: str, scratch_dir: Path) -> Path:
    """Return where a restore keeps its files."""
    return scratch_dir / f"tables-{hashlib.sha256(root.encode()).hexdigest()[:8]}-{token}"


class StagedTables:
    """Tables whose rows are checked and ready, beside the database that they are for.

    Args:
        location: The database, for people.

    Attributes:
        live_schema_version: The Alembic heads of the live database.
    """

    def __init__(
        self, context: RestoreContext, *, root: str, location: str, connect: Connect
    ) -> None:
        self._context = context
        self._location = location
        self._connect = connect
        self._directory = restore_directory(root, context.token, context.scratch_dir)
        self._stored = stored_tables(context.tree, root, names=context.tables, only=context.only)
        self._jobs: list[Job] = []
        self._counts: dict[str, int] = {}
        self._writer: Link | None = None
        self._expected: str | None = None
        self._checks: list[CheckResult] = []
        self._swapped = False
        self.unsettled = False
        self._exists = True
        self.live_schema_version: str | None = None

    def stage(self) -> None:
        """Copy the files to scratch and check every value of them against the live tables.

        Raises:
            DataDoesNotFit: A table, a column or a value has no place in the database.
            TargetExists: The target must be new, and holds something.
        """
        with scratch_errors(self._directory):
            self._directory.mkdir(mode=0o700, parents=True)
            (self._directory / "new").mkdir()
        with self._reader() as link:
            if link is None:
                self._stage_for(None)
                return
            with translated(self._location, restoring=True):
                link.begin_reading()
                self._stage_for(link)

    @contextmanager
    def _reader(self) -> Iterator[Link | None]:
        try:
            link = self._connect()
        except SourceNotFound as error:
            if not self._context.only_new:
                raise
            if not self._location.startswith("sqlite:"):
                # How it is to be encoded and sorted, and whose it is, only its user knows.
                raise SourceNotFound(error.message, hint=_MAKE_IT) from error
            self._exists = False
        else:
            with link:
                yield link
            return
        yield None

    def _stage_for(self, link: Link | None) -> None:
        live = {} if link is None else {table.key: table for table in link.tables()}
        if link is None:
            with self._new_database() as made:
                self._prepare(made, {})
            return
        if self._context.only_new:
            self._require_new(link, live)
        self.live_schema_version = schema_version(link)
        self._prepare(link, live)

    def _require_new(self, link: Link, live: dict[str, Table]) -> None:
        """Let pass a database without tables, and one whose tables no data are in yet.

        What its migrations noted stays as it is, for it must be what the backup has.
        """
        if filled := sorted(with_rows(link, live.values())):
            raise TargetExists(
                f"{self._location} holds rows already: {', '.join(filled)[:200]}",
                hint="Name a new or empty database.",
            )
        noted = {
            each.key: live[each.table.key]
            for each in self._stored
            if each.table.key in live
            and is_migrations(live[each.table.key])
            and holds_rows(link, live[each.table.key])
        }
        for each in self._stored:
            if each.key in noted:
                require_same_migrations(link, noted[each.key], self._context.tree.read(each.path))
        self._stored = [each for each in self._stored if each.key not in noted]

    @contextmanager
    def _new_database(self) -> Iterator[Link]:
        """Yield a connection to learn from what a database that is not there would take."""
        with self._connect(writable=True, create=True, aside=self._directory / "new.db") as link:
            yield link

    def _prepare(self, link: Link, live: dict[str, Table]) -> None:
        self._require_tables(live)
        jobs = [self._job(link, each, live) for each in self._stored]
        jobs = _with_known_references(jobs)
        self._jobs = sorted_jobs(jobs)
        for job in self._jobs:
            if not job.create:
                link.require_replaceable(job.target)
                self._counts[job.target.key] = _count(link, job.target)
        if self._context.only_new and (found := self._live_tables()):
            # Nobody's rows may come into them until they are replaced.
            self._expected = fingerprint_of(link, found, self._context.cancel).token
        by_key = {each.key: each for each in self._stored}
        for number, job in enumerate(self._jobs):
            self._context.progress(
                Progress(
                    step=f"Checking table {job.target.key}",
                    done_items=number,
                    total_items=len(self._jobs),
                )
            )
            self._copy(by_key[job.content.source.key], job)
            self._check_rows(link, job)

    def _require_tables(self, live: dict[str, Table]) -> None:
        if self._context.only_new and not live:
            return
        unknown = [
            each.key
            for each in self._stored
            if each.table.key not in live
            and not (self._context.only_new and keeps_book(each.table))
        ]
        if unknown:
            raise DataDoesNotFit(
                f"{self._location} has no table {', '.join(unknown)}",
                hint="Nothing was changed. Make the tables first, by the application's own"
                " migrations, or restore into a new database.",
            )

    def _job(self, link: Link, stored: StoredTable, live: dict[str, Table]) -> Job:
        create = stored.table.key not in live
        target = self._new_table(link, stored) if create else live[stored.table.key]
        number = next(i for i, each in enumerate(self._stored) if each is stored)
        content = Content(
            source=stored.table,
            engine=stored.engine,
            path=self._directory / "new" / f"{number}.json",
            count=stored.count,
            checksum=stored.checksum,
            violations=stored.violations,
        )
        return Job(content=content, target=target, create=create)

    def _new_table(self, link: Link, stored: StoredTable) -> Table:
        made = link.adopt(stored.table, stored.engine)
        return replace(made, facts={**made.facts, "violations": stored.violations})

    def _copy(self, stored: StoredTable, job: Job) -> None:
        with scratch_errors(self._directory):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(job.content.path, flags, 0o600)
            try:
                self._context.tree.write_to(stored.path, descriptor)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_directory(str(job.content.path.parent))

    def _check_rows(self, link: Link, job: Job) -> None:
        binder = RowBinder(job.content.source, job.target, job.content.engine, link)
        reader = RowReader(pieces(job.content.path, self._context.cancel), job.content.source.key)
        for _ in binder.bound(reader):
            pass
        self._checks += stored_checks(job.content, reader)

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say how many rows of each table would become how many."""
        found = []
        for job in self._jobs:
            before, after = self._counts.get(job.target.key), job.content.count
            target = f"{self._location}: {job.target.key}"
            if before is None:
                change = PlannedChange(target=target, action="create", detail=_rows(after))
            else:
                same = before == after
                detail = (
                    f"{_rows(after)}, {SAME_COUNT}"
                    if same
                    else (f"{_rows(before)} -> {_rows(after)}")
                )
                change = PlannedChange(target=target, action="replace", detail=detail)
            found.append(change)
        return tuple(found)

    def check(self) -> tuple[CheckResult, ...]:
        """Return what reading every row found: counts and checksums against the manifest."""
        return tuple(self._checks)

    def live_version(self) -> str:
        """Return a token of all rows of the live tables."""
        tables = self._live_tables()
        if not tables:
            return "new"
        with translated(self._location, restoring=True):
            if self._writer is not None:
                return fingerprint_of(self._writer, tables, self._context.cancel).token
            with self._connect() as link:
                link.begin_reading()
                return fingerprint_of(link, tables, self._context.cancel).token

    def _live_tables(self) -> list[Table]:
        return [job.target for job in self._jobs if not job.create]

    @contextmanager
    def hold_writers(self) -> Iterator[None]:
        """Begin the transaction of the swap, so that writers wait; readers go on.

        Raises:
            TargetInUse: The locks were not to be had in time.
        """
        if self._live_tables():
            self._begin()
        try:
            yield
        finally:
            self._end()

    def _begin(self) -> Link:
        if self._writer is None:
            link = self._connect(writable=True, create=not self._exists)
            try:
                with translated(self._location, restoring=True):
                    self._create(link)
                self._lock(link)
            except BaseException:
                link.close()
                raise
            self._writer = link
        return self._writer

    def _lock(self, link: Link) -> None:
        """Begin the transaction and lock its tables.

        They are locked one by one, and an application that writes into several can lock them
        in another order: then the server ends one of the two, and we begin again.
        """
        end_s = time.monotonic() + link.options.lock_timeout_s
        while True:
            try:
                with translated(self._location, restoring=True):
                    link.begin_writing()
                    link.lock(self._live_tables())
                return
            except TargetInUse:
                link.rollback()
                if time.monotonic() > end_s:
                    raise
            self._context.cancel.raise_if_cancelled()

    def _create(self, link: Link) -> None:
        """Make new tables where that commits by itself; else they are made in the transaction."""
        if link.engine_name == "mysql" and (made := self._made()):
            try:
                link.create(made)
            except BaseException:
                link.drop(made)
                raise

    def _made(self) -> list[Table]:
        return [job.target for job in self._jobs if job.create]

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.rollback()
            self._writer.close()
        self._writer = None

    def expect_unchanged_since(self, token: str) -> None:
        """Make `swap` raise `LiveDataChanged` if the rows are not those of the token."""
        self._expected = token

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs."""
        return self._swap_record().describe()

    def _swap_record(self) -> Swap:
        return Swap(
            directory=self._directory,
            location=self._location,
            jobs=tuple(self._jobs),
        )

    def swap(self) -> None:
        """Replace all rows in one transaction.

        Raises:
            LiveDataChanged: Somebody wrote since the token of `expect_unchanged_since`.
            TargetInUse: The tables stayed locked.
            DataDoesNotFit: The engine refused a row; nothing was changed.
        """
        self._context.cancel.raise_if_cancelled()
        link = self._begin()
        committing = False
        try:
            with translated(self._location, restoring=True):
                if link.engine_name != "mysql":
                    link.create(self._made())
                previous = self._save_previous(link)
                written = write_tables(
                    link,
                    self._jobs,
                    violations=previous.violations,
                    cancel=self._context.cancel,
                    progress=self._context.progress,
                )
                note_written(self._directory, written)
                committing = True
                link.commit()
        except BaseException as error:
            self._end()
            if not (committing and isinstance(error, HoldfastError) and self._settled()):
                self._remove_made()
                raise
        self._swapped = True
        self._end()

    def _save_previous(self, link: Link) -> Previous:
        directory = self._directory / "previous"
        remove_directory(directory)
        found = save_content(link, self._live_tables(), directory, self._context.cancel)
        if self._expected not in (None, "new", found.fingerprint.token):
            raise LiveDataChanged(
                f"The tables of {self._location} were written to since they were saved",
                hint="Nothing was changed. Start the restore again.",
            )
        note_previous(self._directory, found)
        return found

    def _settled(self) -> bool:
        """After a commit without an answer: tell whether it took place."""
        self.unsettled = True
        done = recover_swap(self.state(), self._connect, committed=None)
        self.unsettled = False
        return done

    def _remove_made(self) -> None:
        """Drop tables that were made outside of the transaction."""
        made = self._made()
        if made and not self.unsettled:
            with suppress(HoldfastError), self._connect(writable=True) as link:
                if link.engine_name == "mysql":
                    link.drop(made)

    def undo(self) -> None:
        """Put back the rows that `swap` replaced; drop the tables that it made.

        Raises:
            RestoreError: That could not be done.
        """
        if not self._swapped:
            return
        self.unsettled = True
        recover_swap(self.state(), self._connect, committed=False)
        self.unsettled = self._swapped = False

    def discard(self) -> None:
        """Remove the files of the restore, unless a recovery still needs them."""
        self._end()
        if not self.unsettled:
            remove_directory(self._directory)


def stored_checks(content: Content, reader: RowReader) -> list[CheckResult]:
    """Return whether a file that was read to its end is the one that the manifest names."""
    counted = reader.count == content.count
    same = reader.checksum == content.checksum
    key = content.source.key
    return [
        CheckResult(
            name=f"table {key}: rows",
            passed=counted,
            detail=_rows(reader.count)
            + ("" if counted else f", and the manifest says {content.count}"),
        ),
        CheckResult(
            name=f"table {key}: checksum",
            passed=same,
            detail="" if same else "the file is not the one that the manifest names",
        ),
    ]


def _with_known_references(jobs: Sequence[Job]) -> list[Job]:
    """Leave out foreign keys of new tables to tables that are not restored with them."""
    renamed = {job.content.source.key: job.target.key for job in jobs}
    found = []
    for job in jobs:
        if job.create:
            references = tuple(
                Reference(columns=each.columns, table=renamed[each.table], to=each.to)
                for each in job.target.references
                if each.table in renamed
            )
            job = replace(job, target=replace(job.target, references=references))  # noqa: PLW2901
        found.append(job)
    keys = [job.target.key for job in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DataDoesNotFit(
            f"Two tables of the backup would both be {', '.join(twice)}",
            hint="Nothing was changed. Restore only one of them.",
        )
    return found


def _count(link: Link, table: Table) -> int:
    return int(link.fetch(f"SELECT count(*) FROM {link.name(table)}")[0][0])  # noqa: S608


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
