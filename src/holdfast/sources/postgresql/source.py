"""A PostgreSQL database as a source: how it is reached, captured and restored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from holdfast.errors import HoldfastError
from holdfast.models.backup import CheckResult
from holdfast.models.manifest import DATABASE_DIR
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress
from holdfast.models.target import TargetPlace
from holdfast.models.tree import BackupTree
from holdfast.sources.base import Capture, CaptureContext, RestoreContext, Restored, Staged
from holdfast.sources.postgresql import restore
from holdfast.sources.postgresql.capture import PostgresCapture
from holdfast.sources.postgresql.checking import check_dump
from holdfast.sources.postgresql.inspection import estimate_bytes
from holdfast.sources.postgresql.plain_sql import write_plain_sql
from holdfast.sources.postgresql.rehearsal import rehearse
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.session import identifier
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import stored_dump
from holdfast.sources.postgresql.url import parse_url
from holdfast.sources.programs.child import DEFAULT_STALL_S

_SIZE = "SELECT pg_catalog.pg_database_size(pg_catalog.current_database()) AS n"
_NO_FILE_NAME = re.compile(r"[/\x00-\x1f\x7f]")


class PostgresSource:
    """One PostgreSQL database.

    Args:
        url: As SQLAlchemy or libpq write it.
        name: The label of the source, by default the database's name.
        root: Its path in the backup, by default `database/<name>.dump`.
        container: A running container in which the server's own programs are used.
        connect_timeout_s: How long to wait for a connection [s].
        stall_s: How long a program may be silent [s].
        schema_version: Tells the version of the application's schema, where neither Alembic
            nor Django knows it.
        owner: Whether a restore gives things their owners and rights back.

    Raises:
        ConfigError: The URL cannot be used; no password is shown.
    """

    kind = "postgresql"

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
        owner: bool = True,
        client_folders: Sequence[Path] | None = None,
    ) -> None:
        self._url = url
        self.server = Server(
            connection=parse_url(url),
            container=container,
            container_runtime=container_runtime,
            connect_timeout_s=connect_timeout_s,
            stall_s=stall_s,
            client_folders=client_folders,
        )
        self.name = name or self.server.connection.database
        self.root = root or f"{DATABASE_DIR}/{_NO_FILE_NAME.sub('_', self.name)}.dump"
        self.owner = owner
        self._schema_version = schema_version

    @property
    def location(self) -> str:
        """The database for people, without secrets: `postgresql://app@host:5432/shop`."""
        return self.server.connection.location

    def size_bytes(self) -> int:
        """Estimate the bytes of a dump from the sizes of the tables.

        Raises:
            SourceError: The server cannot be asked.
        """
        with self.server.open(self.server.place()) as session:
            return estimate_bytes(session)

    def place(self) -> TargetPlace:
        """Say what is there now; `exists` is False where the server cannot be asked."""
        size_bytes = None
        try:
            with self.server.open(self.server.place()) as session:
                size_bytes = int(session.value(_SIZE))
        except HoldfastError:
            pass  # a restore will say why
        return TargetPlace(
            root=self.root,
            kind=self.kind,
            path=self.location,
            exists=size_bytes is not None,
            size_bytes=size_bytes or 0,
        )

    @contextmanager
    def capture(self, context: CaptureContext) -> Iterator[Capture]:
        """Capture one moment, while the application reads and writes.

        Raises:
            DatabaseUnreachable: The server does not answer, or ends the connection.
            DatabaseRefused: It refuses the login, or our role may not read everything.
            DatabaseLocked: A table stays locked.
            SourceNotFound: There is no such database.
            ClientMissing: No `pg_dump` fits the server.
            ContainerUnavailable: The container is not there or does not run.
            Cancelled: The context's token was cancelled.
        """
        version = self._schema_version() if self._schema_version is not None else None
        with PostgresCapture(
            self.server, context, root=self.root, schema_version=version
        ) as capture:
            yield capture

    def check_stored(
        self,
        tree: BackupTree,
        *,
        progress: ProgressCallback = no_progress,
        cancel: CancellationToken | None = None,
    ) -> tuple[CheckResult, ...]:
        """Parse all of a backup's dump; no server is asked, nothing is written.

        Raises:
            PathNotInBackup: The backup has no dump at `root`.
        """
        dump = stored_dump(tree, self.root)
        token = cancel or CancellationToken()
        return check_dump(self.server, dump, progress=progress, cancel=token)

    def write_plain_sql(
        self, tree: BackupTree, sink: BinaryIO, *, cancel: CancellationToken
    ) -> None:
        """Write a backup's dump as SQL without owners and rights; see `plain_sql`."""
        write_plain_sql(self.server, stored_dump(tree, self.root), sink, cancel=cancel)

    @contextmanager
    def stage(self, context: RestoreContext) -> Iterator[Staged]:
        """Restore beside the live database, or prepare to restore in place; see `restore.stage`."""
        with restore.stage(self._site(), context) as staged:
            yield staged

    def require_replaceable(self, context: RestoreContext) -> None:
        """Raise if a restore could not replace what is live; see `restore.require_replaceable`."""
        restore.require_replaceable(self._site(), context)

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back a swap that a crash interrupted; see `restore.recover`."""
        return restore.recover(self._site(), state, committed=committed)

    def sweep(self, token: str, scratch_dir: Path) -> None:
        """Remove what the restore `token` left on the server; see `restore.sweep`."""
        restore.sweep(self._site(), token, scratch_dir)

    @contextmanager
    def rehearse(self, context: RestoreContext) -> Iterator[Restored]:
        """Restore into a scratch database; see `rehearsal.rehearse`."""
        with rehearse(self._site(), context) as restored:
            yield restored

    def list_kept(self) -> tuple[str, ...]:
        """Return the names of the databases that restores replaced and `drop_kept` would drop."""
        return restore.list_kept(self._site())

    def drop_kept(self) -> tuple[str, ...]:
        """Drop everything that restores kept of this database; see `restore.drop_kept`."""
        return restore.drop_kept(self._site())

    def read_pairs(self, table: str, key: str, value: str) -> list[tuple[Any, Any]]:
        """Return two columns of a table of the live database, such as its settings.

        Args:
            table: Its name, with its schema and a point before it or not.

        Raises:
            SourceError: The database cannot be read, or has no such table or column.
        """
        columns = f"{identifier(key)} AS name, {identifier(value)} AS value"
        sql = f"SELECT {columns} FROM {identifier(*table.split('.', 1))}"  # noqa: S608
        with self.server.open(self.server.place()) as session:
            return [(row["name"], row["value"]) for row in session.query(sql)]

    def _site(self) -> Site:
        return restore.site_of(self.server, root=self.root, url=self._url, owner=self.owner)
