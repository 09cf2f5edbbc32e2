"""Restore a database: load it into a database beside, check it, exchange the tables, or undo."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from holdfast.errors import (
    BackupTooNew,
    DatabaseUnreachable,
    HoldfastError,
    PathNotInBackup,
    RestoreError,
    TargetExists,
)
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.node import NodeType
from holdfast.models.progress import CancellationToken, Progress
from holdfast.sources.base import RestoreContext
from holdfast.sources.mysql import schemas
from holdfast.sources.mysql.capture import DUMP_FORMAT
from holdfast.sources.mysql.changes import planned_changes
from holdfast.sources.mysql.checks import check_keys, check_tables, compare_counts, foreign_holders
from holdfast.sources.mysql.inspection import charset_of, count_rows, exists, inspect, is_empty
from holdfast.sources.mysql.loading import Loaded, Loader
from holdfast.sources.mysql.programs import (
    ROUTINES,
    Placement,
    asleep,
    awake,
    key_of,
    read_programs,
)
from holdfast.sources.mysql.references import naming, sentence
from holdfast.sources.mysql.schema_version import read_schema_version
from holdfast.sources.mysql.schemas import NEW, OLD, OWN_TABLES, About
from holdfast.sources.mysql.server import Server
from holdfast.sources.mysql.session import Session, identifier
from holdfast.sources.mysql.swap import Swap, tidy

_log = logging.getLogger(__name__)


class MySqlStaged:
    """A database that is ready beside the live one, in a database of its own.

    Args:
        root: Of the dump in the backup.
    """

    def __init__(self, context: RestoreContext, server: Server, *, root: str) -> None:
        self._context = context
        self._server = server
        self._root = root
        self._name(server.connection.database)
        self._tables = tuple(context.tables)
        self._kept_before = False
        self._swapped = False
        self.unsettled = False
        self._undone = False
        self._migrated = False
        self._made_live = False
        self._counts: dict[str, int] = {}
        self._warnings: list[str] = []
        self._live_counts: dict[str, int] | None = None

    def _name(self, live: str) -> None:
        self._live = live
        self._incoming = schemas.schema_name(live, NEW, self._context.token)
        self._outgoing = schemas.schema_name(live, OLD, self._context.token)

    def prepare(self) -> None:
        """Load the backup beside the live database, or take what an earlier restore kept.

        Raises:
            PathNotInBackup: The backup has no dump at the source's root.
            DatabaseRefused: The user may not make databases.
            TargetExists: The target holds something, and must not.
            RestoreError: The dump cannot be loaded whole.
        """
        with self._open(None) as session:
            self._name(schemas.actual_name(session, self._live))
            if self._takes_kept(session):
                return
            self._require_dump()
            self._require_target(session)
            self._require_tables(session)
            schemas.drop_stale(session, self._live)
            self._create_incoming(session)
            schemas.add_witness(session, self._incoming)
        with self._open(self._incoming) as session:
            self._load(session)

    def require_replaceable(self) -> None:
        """Prepare what can be refused, and load nothing; see `Replaceable`."""
        with self._open(None) as session:
            self._name(schemas.actual_name(session, self._live))
            self._require_dump()
            self._require_tables(session)
            self._create_incoming(session)

    def _open(self, database: str | None) -> Session:
        return self._server.open(database, self._context.cancel)

    def _open_uncancelled(self, database: str | None) -> Session:
        return self._server.open(database, CancellationToken())

    def _takes_kept(self, session: Session) -> bool:
        """Whether an earlier restore's tables are still there, to be exchanged back."""
        name = self._context.kept.get("schema")
        about = schemas.describe(session, name) if isinstance(name, str) else None
        if about is None or about.purpose != OLD:
            return False
        if not schemas.is_same_name(session, about.live, self._live):
            return False
        self._incoming = str(name)
        self._tables = about.tables
        self._kept_before = True
        return True

    def _require_dump(self) -> None:
        node = self._context.tree.node(self._root)
        if node is None or node.type is not NodeType.FILE:
            raise PathNotInBackup(
                f"The backup has no database at {self._root}",
                hint="Look at what it has with `holdfast show`.",
            )
        made = self._facts.get("format", 0)
        if not isinstance(made, int) or made > DUMP_FORMAT:
            raise BackupTooNew(
                f"The dump at {self._root} is of a newer Holdfast", hint="Upgrade Holdfast."
            )

    @property
    def _facts(self) -> Mapping[str, Any]:
        entry = self._context.tree.manifest.contents.get(self._root)
        return entry.facts if entry else {}

    def _require_target(self, session: Session) -> None:
        if self._context.only_new and not is_empty(session, self._live):
            raise TargetExists(
                f"{self._server.location} holds something already, and is left as it is",
                hint="Name an empty database, or one that is not there yet.",
            )

    def _require_tables(self, session: Session) -> None:
        """Refuse to take away a table that another one, which stays, refers to."""
        if not exists(session, self._live):
            return
        holders = foreign_holders(session, self._live, self._tables)
        if holders:
            key = holders[0]
            raise RestoreError(
                f"{key.schema}.{key.table} is not restored and refers to {key.to_table}, which"
                f" would be replaced (foreign key {key.name})",
                hint="Restore both together, or drop the foreign key for the time of the restore.",
            )

    def _create_incoming(self, session: Session) -> None:
        if exists(session, self._live):
            found = inspect(session, self._live)
            charset, collation = found.charset, found.collation
        else:
            charset, collation = charset_of(session, self._facts)
        about = About(purpose=NEW, live=self._live, token=self._context.token, tables=self._tables)
        schemas.create(session, self._incoming, about, charset=charset, collation=collation)

    def _load(self, session: Session) -> None:
        loader = Loader(session, tables=self._tables, refer_to=self._live)
        loaded = loader.load(self._context.tree.read(self._root), on_progress=self._tell)
        self._counts = loaded.counts
        self._require_own_references(loaded)
        # What cannot be created fails here, before anything live is touched.
        placement = Placement(session)
        placement.put(loaded.programs, change=asleep)
        self._warnings += placement.warnings
        schemas.save_programs(session, self._incoming, loaded.programs)
        if self._spared():
            self._warnings.append(
                "The backup was made by a user who may not see procedures and functions: those"
                " that are there stay as they are"
            )

    def _require_own_references(self, loaded: Loaded) -> None:
        """Refuse programs that would use the database that the backup is of, from another one."""
        captured = self._facts.get("database")
        if not isinstance(captured, str) or captured.casefold() == self._live.casefold():
            return
        if found := naming(loaded.programs, captured, loaded.counts):
            raise RestoreError(
                sentence(found, captured),
                hint=f"Restore into a database called {captured}, on another server for example; or"
                " create them without the name of the database, and take another backup.",
            )

    def _tell(self, table: str, done_bytes: int) -> None:
        node = self._context.tree.node(self._root)
        step = f"Loading {self._live}" + (f": {table}" if table else "")
        total = node.size if node else None
        self._context.progress(Progress(step=step, done_bytes=done_bytes, total_bytes=total))

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say what `swap` would change, table by table."""
        return planned_changes(
            target=self._server.location,
            live=self._count_live(),
            after=self._counts if not self._kept_before else self._count_incoming(),
            tables=self._tables,
            notes=self._warnings,
            kept=self._incoming if self._kept_before else None,
            only_new=self._context.only_new,
        )

    def _count_live(self) -> dict[str, int] | None:
        with self._open(None) as session:
            if not exists(session, self._live):
                return None
            return count_rows(session, self._live, inspect(session, self._live).counted)

    def _count_incoming(self) -> dict[str, int]:
        with self._open(None) as session:
            names = [
                name for name in inspect(session, self._incoming).counted if name not in OWN_TABLES
            ]
            return count_rows(session, self._incoming, names)

    def check(self) -> tuple[CheckResult, ...]:
        """Check rows against the manifest, and foreign keys."""
        if self._kept_before:
            return ()
        self._context.progress(Progress(step=f"Checking {self._live}"))
        expected = None if self._migrated else expected_counts(self._context, self._root)
        with self._open(None) as session:
            return (
                compare_counts(self._count_incoming(), expected, self._tables),
                check_keys(session, self._incoming, self._facts.get("violations"), self._tables),
                *(check_tables(session, self._incoming) if self._context.thorough else ()),
            )

    @property
    def live_schema_version(self) -> str | None:
        """The schema version of the live database, None if there is none or it is unknown."""
        return self._read_version(self._live)

    def staged_schema_version(self) -> str | None:
        """Read the schema version of the staged database; see `Migratable`."""
        return self._read_version(self._incoming)

    def _read_version(self, schema: str) -> str | None:
        with self._open(None) as session:
            return read_schema_version(session, schema)

    def staged_url(self) -> str:
        """Return the URL of the staged database, which may hold a password; see `Migratable`."""
        return self._server.url_of(self._incoming)

    def migrated(self) -> None:
        """Take in that the staged database was changed on purpose; see `Migratable`."""
        self._migrated = True
        with self._open(self._incoming) as session:
            slept = {
                key_of(each)
                for each in schemas.load_programs(session, self._incoming)
                if asleep(each) != each
            }
            found = read_programs(session, self._incoming)
            programs = [awake(each) if key_of(each) in slept else each for each in found]
            schemas.save_programs(session, self._incoming, programs)
        self._counts = self._count_incoming()

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""
        return {
            "live": self._live,
            "token": self._context.token,
            "incoming": self._incoming,
            "outgoing": self._outgoing,
            "tables": list(self._tables),
            "kept_before": self._kept_before,
            "keep_old": self._context.keep_old,
            "spared": list(self._spared()),
            "only_new": self._context.only_new,
        }

    def _spared(self) -> tuple[str, ...]:
        """Return the kinds of programs that the backup could not have; the live ones stay."""
        covers = self._facts.get("covers")
        if self._kept_before or not isinstance(covers, dict) or covers.get("routines", True):
            return ()
        return ROUTINES

    def _swap(self) -> Swap:
        return Swap(self._server, self.state())

    def swap(self) -> None:
        """Put the staged tables in the place of the live ones, then the programs.

        Raises:
            TargetInUse: A session holds a table; nothing was changed.
            HoldfastError: If `unsettled`, only `recover` can tell what happened; else it is as
                it was before, whatever is raised.
        """
        self._context.progress(Progress(step=f"Replacing {self._live}"))
        swap = self._swap()
        self._context.cancel.raise_if_cancelled()
        try:
            with self._open_uncancelled(None) as session:
                self._require_target(session)
                if not exists(session, self._live):
                    self._make_live(session)
            swap.forward()
        except BaseException as error:
            self.unsettled = True
            done = swap.settle(finish=isinstance(error, DatabaseUnreachable))
            if not done:
                self._unmake_live()
            self.unsettled = False
            if not done:
                raise
        self._swapped = True

    def _make_live(self, session: Session) -> None:
        defaults = schemas.defaults(*charset_of(session, self._facts))
        session.run(f"CREATE DATABASE {identifier(self._live)} {defaults}")
        self._made_live = True

    def kept(self) -> dict[str, Any]:
        """Return where the replaced tables are; empty where nothing is kept."""
        if not self._swapped or self._undone or not self._context.keep_old or self._made_live:
            return {}
        return {"schema": self._outgoing}

    def undo(self) -> None:
        """Put the replaced tables and programs back."""
        if not self._swapped or self._undone:
            return
        self.unsettled = True
        self._swap().back()
        self._unmake_live()
        self.unsettled = False
        self._undone = True

    def _unmake_live(self) -> None:
        if not self._made_live:
            return
        with self._open_uncancelled(None) as session:
            if is_empty(session, self._live):
                session.run(f"DROP DATABASE IF EXISTS {identifier(self._live)}")

    def discard(self) -> None:
        """Remove what staging left, unless a swap's outcome could not be told.

        What cannot be removed makes no failure of a restore that is done, nor another one of
        one that failed: it is noted in the context's hold, for a sweep.
        """
        if self.unsettled:
            return
        swapped = self._swapped and not self._undone
        try:
            with self._open_uncancelled(None) as session:
                tidy(session, self.state(), swapped=swapped, keep_old=bool(self.kept()))
        except HoldfastError as error:
            self._context.hold.left.add(self._root)
            if swapped:
                _log.warning(
                    "The restore of %s is done, but the server could not be told: %s. Until the"
                    " next command of the plan tells it, no cleanup drops the database %s with"
                    " what was replaced; this does: DROP DATABASE %s;",
                    self._live,
                    error.message,
                    self._outgoing,
                    identifier(self._outgoing),
                )


def expected_counts(context: RestoreContext, root: str) -> dict[str, int] | None:
    """Return the rows per table that the backup has, if its manifest tells."""
    manifest = context.tree.manifest
    entry = manifest.contents.get(root)
    counts = entry.facts.get("row_counts") if entry else None
    return dict(counts) if isinstance(counts, dict) else None
