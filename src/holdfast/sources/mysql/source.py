"""A MySQL or MariaDB database as a source: where it is, how it is captured and restored."""

# ruff: noqa: S608  names are quoted by `identifier`, values are bound

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from holdfast.errors import (
    DatabaseUnreachable,
    HoldfastError,
    ProgramFailed,
    RestoreError,
    SourceError,
    SourceNotFound,
)
from holdfast.models.backup import CheckResult
from holdfast.models.manifest import DATABASE_DIR
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback
from holdfast.models.target import TargetPlace
from holdfast.models.tree import BackupTree
from holdfast.sources.base import (
    Capture,
    CaptureContext,
    CaptureFacts,
    RestoreContext,
    Staged,
    discarding,
)
from holdfast.sources.mysql import schemas
from holdfast.sources.mysql.capture import DumpCapture
from holdfast.sources.mysql.checks import COUNTS, compare_counts, count_violations
from holdfast.sources.mysql.clients import (
    DumpProgram,
    dump_arguments,
    dump_invocation,
    find_dump_program,
    fit_warnings,
    write_options_file,
)
from holdfast.sources.mysql.dump import DumpReader, read_dump
from holdfast.sources.mysql.failures import explain_program
from holdfast.sources.mysql.inspection import (
    Database,
    charset_of,
    content_warnings,
    exists,
    float_warnings,
    inspect,
    rights_warnings,
    sees_routines,
    text,
)
from holdfast.sources.mysql.loading import Loader
from holdfast.sources.mysql.programs import Placement, asleep
from holdfast.sources.mysql.rehearsal import RestoredDatabase, limit_statements
from holdfast.sources.mysql.restore import MySqlStaged
from holdfast.sources.mysql.schema_version import read_schema_version
from holdfast.sources.mysql.schemas import DRILL, NEW, OLD, About
from holdfast.sources.mysql.server import Server
from holdfast.sources.mysql.session import Session, identifier
from holdfast.sources.mysql.swap import recover_swap
from holdfast.sources.mysql.url import parse_url
from holdfast.sources.programs import Child, ContainerPlace, LocalPlace, Place
from holdfast.sources.programs.child import DEFAULT_STALL_S

_VIOLATIONS_LIMIT_S = 2.0
"""How long a capture may count rows that break foreign keys, per table."""
_DUMP = "dump"
_log = logging.getLogger(__name__)


class MySqlSource:
    """One database of a MySQL or MariaDB server.

    Args:
        url: `mysql://user:password@host:3306/database`, and SQLAlchemy's spellings.
        name: The label of the source, by default the database's name.
        root: Its path in the backup, by default `database/<name of the database>.sql`.
        container: A running container in which the dump program is started; statements go to
            the address of the URL all the same.
        container_runtime: `docker` or `podman`; by default whichever knows the container.
        connect_timeout_s: How long to wait for a connection, and for a lock [s].
        stall_s: How long the dump program may be silent [s].
        schema_version: Tells the version of the application's schema, where neither Alembic
            nor Django know it.

    Raises:
        ConfigError: The URL cannot be used; no password is shown.
    """

    kind = "mysql"

    def __init__(
        self,
        url: str,
        *,
        name: str | None = None,
        root: str | None = None,
        container: str | None = None,
        container_runtime: str | None = None,
        connect_timeout_s: float = 30.0,
        stall_s: float = DEFAULT_STALL_S,
        schema_version: Callable[[], str | None] | None = None,
    ) -> None:
        self._connection = parse_url(url)
        self._server = Server(self._connection, url, timeout_s=connect_timeout_s)
        self.name = name or self._connection.database
        file = self._connection.database.replace("/", "%2F")
        self.root = root or f"{DATABASE_DIR}/{file}.sql"
        self._container = container
        self._container_runtime = container_runtime
        self._stall_s = stall_s
        self._schema_version = schema_version

    @property
    def location(self) -> str:
        """The database for people, without secrets: `mysql://app@host:3306/shop`."""
        return self._connection.location

    @property
    def _database(self) -> str:
        return self._connection.database

    def size_bytes(self) -> int:
        """Return an estimate of the dump's bytes, 0 where the server cannot be asked."""
        with suppress(HoldfastError), self._server.open(None) as session:
            return inspect(session, self._database).size_bytes
        return 0

    def place(self) -> TargetPlace:
        """Say what is there now; `exists` is False where the server cannot be asked."""
        with suppress(HoldfastError), self._server.open(None) as session:
            if exists(session, self._database):
                return self._place_there(session)
        return TargetPlace(root=self.root, kind=self.kind, path=self.location, exists=False)

    def _place_there(self, session: Session) -> TargetPlace:
        written = session.value(
            "SELECT UNIX_TIMESTAMP(MAX(UPDATE_TIME)) FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA = %s",
            (self._database,),
        )
        return TargetPlace(
            root=self.root,
            kind=self.kind,
            path=self.location,
            exists=True,
            size_bytes=inspect(session, self._database).size_bytes,
            modified_at=None if written is None else datetime.fromtimestamp(float(written), UTC),
        )

    @contextmanager
    def capture(self, context: CaptureContext) -> Iterator[Capture]:
        """Begin to dump one consistent moment; writers go on.

        Raises:
            SourceNotFound: There is no such database.
            DatabaseUnreachable, DatabaseRefused: The server cannot be used.
            ClientMissing: No program that dumps is installed.
        """
        place = self._place()
        with self._server.open(self._database, context.cancel) as session:
            database = inspect(session, self._database)
            program = find_dump_program(place, database.version)
            facts = self._facts(session, database, program)
            packet_bytes = int(session.value("SELECT @@max_allowed_packet"))
        options = context.scratch_dir / f"mysql-{secrets.token_hex(8)}.cnf"
        capture = DumpCapture(
            name=self.name,
            root=self.root,
            size_bytes=database.size_bytes,
            start=lambda: self._start(place, program, options, context),
            explain=self._explain,
            facts=facts,
            progress=context.progress,
            packet_bytes=packet_bytes,
        )
        try:
            yield capture
        finally:
            capture.close()
            options.unlink(missing_ok=True)

    def _place(self) -> Place:
        if self._container is None:
            return LocalPlace()
        return ContainerPlace(self._container, self._container_runtime)

    def _start(
        self, place: Place, program: DumpProgram, options: Any, context: CaptureContext
    ) -> Child:
        if place.local:
            write_options_file(options, self._connection)
        arguments = dump_arguments(
            program, self._connection, place, options if place.local else None
        )
        return Child(
            dump_invocation(place, program, arguments, self._connection),
            writes=True,
            cancel=context.cancel,
            stall_s=self._stall_s,
            redact=self._connection.redact,
        )

    def _explain(self, error: ProgramFailed) -> HoldfastError:
        return explain_program(error, self._connection)

    def _facts(self, session: Session, database: Database, program: DumpProgram) -> CaptureFacts:
        version = database.version
        own = self._schema_version() if self._schema_version is not None else None
        schema_version = own or read_schema_version(session, self._database)
        return CaptureFacts(
            schema_version=schema_version,
            facts={
                "server": {"flavour": version.flavour, "version": version.text},
                "client": {
                    "program": program.name,
                    "flavour": program.version.flavour,
                    "version": program.version.text,
                },
                "database": self._database,
                "charset": database.charset,
                "collation": database.collation,
                "schema_version": schema_version,
                "engines": sorted({each.engine for each in database.tables if each.engine}),
                "violations": self._count_violations(),
                "covers": {"routines": sees_routines(session, self._database), "events": True},
            },
            engines={version.flavour: version.text, program.name: program.version.text},
            warnings=(
                *fit_warnings(program, version),
                *content_warnings(database),
                *rights_warnings(session, self._database),
                *float_warnings(session, self._database),
            ),
        )

    def _count_violations(self) -> int | None:
        """Count rows that break foreign keys already; None where that takes too long."""
        with suppress(SourceError), self._server.open(None) as session:
            limit_statements(session, _VIOLATIONS_LIMIT_S)
            return count_violations(session, self._database)
        return None

    @contextmanager
    def stage(self, context: RestoreContext) -> Iterator[Staged]:
        """Load the backup into a database beside the live one.

        Raises:
            PathNotInBackup: The backup has no dump at `root`.
            DatabaseRefused: The user may not make databases; the hint says what to grant.
            TargetExists: The target holds something and `context.only_new` is set.
            RestoreError: The dump cannot be loaded whole.
        """
        staged = MySqlStaged(context, self._server, root=self.root)
        with discarding(staged, context):
            staged.prepare()
            yield staged

    def require_replaceable(self, context: RestoreContext) -> None:
        """Raise if no database may be made beside the live one, or a table must stay.

        Raises:
            DatabaseRefused: The user may not make databases; the hint says what to grant.
            RestoreError: A table of another database refers to one that would be replaced.
        """
        staged = MySqlStaged(context, self._server, root=self.root)
        with discarding(staged, context):
            staged.require_replaceable()

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back a swap that a crash interrupted, from its journal state."""
        return recover_swap(self._server, state, committed=committed)

    def sweep(self, token: str, scratch_dir: Any) -> None:
        """Remove the databases of the restore `token` that never came to live (idempotent).

        What it replaced, if it was done, is left to the cleanups.
        """
        del scratch_dir
        live = self._database
        old = schemas.schema_name(live, OLD, token)
        with self._server.open(None) as session:
            done = schemas.has_witness(session, old)
            for purpose in (NEW, DRILL):
                name = schemas.schema_name(live, purpose, token)
                schemas.drop(session, name, live=live, only_empty=done)
            if done:
                schemas.let_go(session, old)
            else:
                schemas.drop(session, old, live=live, only_empty=True)

    def check_stored(
        self, tree: BackupTree, *, progress: ProgressCallback, cancel: CancellationToken
    ) -> tuple[CheckResult, ...]:
        """Read all of the stored dump as a restore would, without a server."""
        entry = tree.manifest.contents.get(self.root)
        if entry is None:
            return ()
        reader, done_bytes = DumpReader(), 0

        def count(size: int) -> None:
            nonlocal done_bytes
            done_bytes += size
            cancel.raise_if_cancelled()
            progress(
                Progress(step=f"Reading {self.root}", done_bytes=done_bytes, total_bytes=entry.size)
            )

        try:
            for _ in read_dump(tree.read(self.root), reader, on_bytes=count):
                pass
        except RestoreError as error:
            return (CheckResult(name=_DUMP, passed=False, detail=error.message),)
        counts = entry.facts.get("row_counts")
        compared = compare_counts(reader.counts, counts if isinstance(counts, dict) else None)
        whole = CheckResult(name=_DUMP, passed=True, detail=f"{done_bytes:,} bytes, whole")
        return (whole, CheckResult(name=COUNTS, passed=compared.passed, detail=compared.detail))

    @contextmanager
    def rehearse(self, context: RestoreContext) -> Iterator[RestoredDatabase]:
        """Restore into a scratch database; it is gone when the context is left.

        Raises:
            SourceError: The server cannot be used for that; the message says why.
            RestoreError: The dump cannot be loaded whole.
        """
        name = schemas.schema_name(self._database, DRILL, context.token)
        facts = self._facts_of(context.tree)
        about = About(purpose=DRILL, live=self._database, token=context.token)
        try:
            with self._server.open(None, context.cancel) as session:
                charset, collation = charset_of(session, facts)
                schemas.create(session, name, about, charset=charset, collation=collation)
            with self._server.open(name, context.cancel) as session:
                loaded = Loader(session).load(
                    context.tree.read(self.root), on_progress=self._telling(context)
                )
                Placement(session).put(loaded.programs, change=asleep)
            yield RestoredDatabase(
                self._server,
                context,
                root=self.root,
                schema=name,
                violations=facts.get("violations"),
                loaded=loaded,
            )
        finally:
            with suppress(DatabaseUnreachable), self._server.open(None) as session:
                schemas.drop(session, name, live=self._database)

    def _facts_of(self, tree: BackupTree) -> Mapping[str, Any]:
        entry = tree.manifest.contents.get(self.root)
        return entry.facts if entry else {}

    def _telling(self, context: RestoreContext) -> Callable[[str, int], None]:
        def tell(table: str, done_bytes: int) -> None:
            context.progress(
                Progress(
                    step=f"Loading {self.name}: {table}".removesuffix(": "), done_bytes=done_bytes
                )
            )

        return tell

    def list_kept(self) -> tuple[str, ...]:
        """Return the databases that restores replaced and no restore needs any more."""
        with self._server.open(None) as session:
            return self._settled(session)

    def _settled(self, session: Session) -> tuple[str, ...]:
        found = schemas.ours(session, self._database, OLD)
        return tuple(name for name in found if not schemas.is_held(session, name))

    def drop_kept(self) -> tuple[str, ...]:
        """Drop the databases with the tables that restores replaced; return their names.

        Those of a restore that is not settled stay: its undo or recovery needs them.
        """
        with self._server.open(None) as session:
            schemas.drop_stale(session, self._database)
            names = self._settled(session)
            for name in sorted(set(schemas.ours(session, self._database, OLD)) - set(names)):
                _log.warning(
                    "The database %s stays: the restore that replaced its tables has not ended. If"
                    " it crashed, any command of its plan settles it; if nobody knows of it any"
                    " more: DROP DATABASE %s;",
                    name,
                    identifier(name),
                )
            return tuple(name for name in names if schemas.drop(session, name, live=self._database))

    def read_pairs(self, table: str, key: str, value: str) -> list[tuple[Any, Any]]:
        """Return two columns of a table of the live database; see `PairReader`."""
        with self._server.open(self._database) as session:
            there = session.rows(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
                " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
                (self._database, table),
            )
            missing = {key, value} - {text(row[0]) for row in there}
            if missing:
                raise SourceNotFound(
                    f"{self.location} has no {table}.{', '.join(sorted(missing))}",
                    hint="Check the names of table and columns.",
                )
            columns = f"{identifier(key)}, {identifier(value)}"
            rows = session.rows(f"SELECT {columns} FROM {identifier(table)}")
            return [(row[0], row[1]) for row in rows]
