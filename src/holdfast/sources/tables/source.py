"""Tables of a database as a source: which, how they are captured and restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from holdfast.errors import ConfigError, HoldfastError, RestoreError
from holdfast.models.backup import CheckResult
from holdfast.models.manifest import TABLES_DIR
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback
from holdfast.models.target import TargetPlace
from holdfast.models.tree import BackupTree
from holdfast.sources.base import Capture, CaptureContext, RestoreContext, Restored, discarding
from holdfast.sources.tables.capture import TablesCapture, schema_version
from holdfast.sources.tables.connecting import connect
from holdfast.sources.tables.failures import translated
from holdfast.sources.tables.host import database_url, named_tables
from holdfast.sources.tables.link import Link, Options, shown
from holdfast.sources.tables.ordering import sorted_tables
from holdfast.sources.tables.recovering import recover_swap
from holdfast.sources.tables.rehearsal import RestoredTables, check_stored_table
from holdfast.sources.tables.selection import chosen_tables, stored_tables
from holdfast.sources.tables.spool import remove_directory
from holdfast.sources.tables.staged import StagedTables, restore_directory


class TablesSource:
    """Tables of a database, each exported as a file of JSON.

    Args:
        database: A URL, or an engine, session or sessionmaker of SQLAlchemy, synchronous or
            not. Only its URL is used: Holdfast opens connections of its own.
        tables: Names of the tables; `schema.table` beyond the default schema. With `models`
            both are taken; without either all tables of the database.
        models: A `MetaData`, a declarative base, or mapped classes, whose tables are taken.
        name: The label of the source.
        root: Its path in the backup, a directory.
        schema_version: Tells the version of the application's schema, where it is not
            Alembic that knows it.

    Raises:
        ConfigError: It is no database whose tables can be exported.
    """

    kind = "tables"

    def __init__(
        self,
        database: object,
        *,
        tables: Sequence[str] = (),
        models: object = None,
        name: str = "tables",
        root: str = TABLES_DIR,
        connect_timeout_s: float = 30.0,
        lock_timeout_s: float = 30.0,
        schema_version: Callable[[], str | None] | None = None,
    ) -> None:
        self.name = name
        self.root = root
        self._url = database_url(database)
        self._tables = named_tables(tables, models)
        self._connect_timeout_s = connect_timeout_s
        self._lock_timeout_s = lock_timeout_s
        self._schema_version = schema_version
        if models is not None and not self._tables:
            raise ConfigError("The models have no tables", hint="Import the modules that map them.")
        if self._url.get_backend_name() == "sqlite":
            from holdfast.sources.tables.sqlite import database_path

            # A relative path starts at the working directory of this moment.
            self._url = self._url.set(database=database_path(self._url), query={})

    @property
    def location(self) -> str:
        """The database for people, without secrets."""
        return shown(self._url)

    def _connect(
        self,
        *,
        writable: bool = False,
        create: bool = False,
        aside: Path | None = None,
        quietly: bool = True,
    ) -> Link:
        options = Options(
            connect_timeout_s=self._connect_timeout_s,
            lock_timeout_s=self._lock_timeout_s,
            writable=writable,
        )
        url = self._url if aside is None else URL.create("sqlite", database=str(aside))
        return connect(url, options, create=create, quietly=quietly)

    def size_bytes(self) -> int:
        """Estimate the bytes of the tables.

        Raises:
            SourceError: The database cannot be asked.
        """
        with self._connect() as link, translated(self.location):
            return link.size_bytes()

    @contextmanager
    def capture(self, context: CaptureContext) -> Iterator[Capture]:
        """Capture the tables in one transaction that only reads.

        Raises:
            SourceNotFound: The database or a table is not there.
            DatabaseUnreachable, DatabaseRefused, DatabaseLocked: It cannot be read.
            Cancelled: The context's token was cancelled.
        """
        context.cancel.raise_if_cancelled()
        with self._connect(quietly=not context.copy_first) as link:
            with translated(self.location):
                link.begin_reading()
                tables = sorted_tables(chosen_tables(link, self._tables))
                version = self._schema_version() if self._schema_version else schema_version(link)
            yield TablesCapture(link, tables, context, root=self.root, schema_version=version)

    @contextmanager
    def stage(self, context: RestoreContext) -> Iterator[StagedTables]:
        """Check every row of the backup against the tables that are to take it.

        Raises:
            DataDoesNotFit: A table, a column or a value has no place; nothing was changed.
            PathNotInBackup: The backup has no such tables.
            TargetExists: The target must be new, and holds tables.
        """
        if context.target is not None:
            raise RestoreError(
                f"The tables {self.name} are of {self.location} and cannot be restored to a path",
                hint="Name the URL of another database instead.",
            )
        staged = StagedTables(
            context, root=self.root, location=self.location, connect=self._connect
        )
        with discarding(staged, context):
            staged.stage()
            yield staged

    def require_replaceable(self, context: RestoreContext) -> None:
        """Raise if the rows of a table that is exported cannot be replaced all or nothing.

        Raises:
            DataDoesNotFit: One has triggers, or no transactions; the message names it.
        """
        context.cancel.raise_if_cancelled()
        with self._connect() as link, translated(self.location):
            for table in chosen_tables(link, self._tables):
                link.require_replaceable(table)

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back a swap that a crash interrupted; see `recover_swap`."""
        return recover_swap(state, self._connect, committed=committed)

    def sweep(self, token: str, scratch_dir: Path) -> None:
        """Remove what staging left in scratch; it leaves nothing elsewhere (idempotent)."""
        remove_directory(restore_directory(self.root, token, scratch_dir))

    def place(self) -> TargetPlace:
        """Say whether the database is there, and how large it is."""
        try:
            size, exists = self.size_bytes(), True
        except HoldfastError:
            size, exists = 0, False
        return TargetPlace(
            root=self.root, kind=self.kind, path=self.location, exists=exists, size_bytes=size
        )

    def check_stored(
        self, tree: BackupTree, *, progress: ProgressCallback, cancel: CancellationToken
    ) -> tuple[CheckResult, ...]:
        """Parse all rows of a backup; no database is asked.

        Raises:
            Cancelled: The token was cancelled.
        """
        results: list[CheckResult] = []
        try:
            stored = stored_tables(tree, self.root)
        except HoldfastError as error:
            return (CheckResult(name=self.root, passed=False, detail=error.message),)
        for number, each in enumerate(stored):
            step = f"Checking table {each.key}"
            progress(Progress(step=step, done_items=number, total_items=len(stored)))
            try:
                results += check_stored_table(each, tree.read(each.path), cancel)
            except RestoreError as error:
                name = f"table {each.key}: rows"
                results.append(CheckResult(name=name, passed=False, detail=error.message))
        return tuple(results)

    @contextmanager
    def rehearse(self, context: RestoreContext) -> Iterator[Restored]:
        """Restore all tables into a scratch SQLite database, which is gone afterwards.

        Raises:
            RestoreError: A row cannot be read or written.
        """
        stored = stored_tables(context.tree, self.root, names=context.tables, only=context.only)
        path = restore_directory(self.root, context.token, context.scratch_dir)
        try:
            path.mkdir(mode=0o700, parents=True)
            restored = RestoredTables(path / "drill.db", context)
            restored.fill(stored)
            yield restored
        finally:
            remove_directory(path)

    def list_kept(self) -> tuple[str, ...]:
        """Return nothing; see `drop_kept`."""
        return ()

    def drop_kept(self) -> tuple[str, ...]:
        """Drop nothing: what a restore replaces is only kept until it is done."""
        return ()
