"""A SQLite database as a source: where it is, how it is captured and restored."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from holdfast.errors import NotADatabase, SourceNotFound
from holdfast.models.manifest import DATABASE_DIR, ContentEntry
from holdfast.models.progress import Progress
from holdfast.sources.base import Capture, CaptureContext, RestoreContext, discarding
from holdfast.sources.sqlite import fingerprint
from holdfast.sources.sqlite.agent import files
from holdfast.sources.sqlite.agent.names import names_for
from holdfast.sources.sqlite.capture import (
    OnlineCapture,
    UnchangedCapture,
    affected_warning,
    live_node,
)
from holdfast.sources.sqlite.live_query import query_live_pairs
from holdfast.sources.sqlite.restore import SqliteStaged, recover_swap
from holdfast.sources.sqlite.session import AgentSession

_VIOLATIONS_LIMIT_S = 2.0
"""How long a capture counts rows that break foreign keys, while the file is stored."""


class SqliteSource:
    """One SQLite database file.

    Args:
        path: The file; relative paths start at the working directory of this moment.
        name: The label of the source, by default the file name without its last suffix.
        root: Its path in the backup, by default `database/<file name>`.
        busy_timeout_s: How long to wait for a lock of another process [s].
        schema_version: Tells the version of the application's schema, where it is neither
            Alembic nor Django that knows it.
        url_scheme: How the application's URL begins: `sqlite+aiosqlite`.
    """

    kind = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        root: str | None = None,
        busy_timeout_s: float = 30.0,
        schema_version: Callable[[], str | None] | None = None,
        url_scheme: str = "sqlite",
    ) -> None:
        self.path = Path(path).absolute()
        self.name = name or self.path.stem
        self.root = root or f"{DATABASE_DIR}/{self.path.name}"
        self._busy_timeout_s = busy_timeout_s
        self._schema_version = schema_version
        self._url_scheme = url_scheme

    def size_bytes(self) -> int:
        """Return the bytes of the database and its `-wal`, 0 if it is not there."""
        path = str(self._real_path())
        return files.size(path) + files.size(path + "-wal")

    def _real_path(self) -> Path:
        # SQLite keeps -wal and -journal beside the file that a link leads to.
        return Path(os.path.realpath(self.path))

    @contextmanager
    def capture(self, context: CaptureContext) -> Iterator[Capture]:
        """Capture one moment, without the application noticing.

        Raises:
            SourceNotFound: There is no file.
            DatabaseLocked: It stayed locked beyond the timeout.
            NotADatabase, DatabaseEncrypted, DatabaseDamaged: It cannot be read, and
                `context.allow_damaged` is not set.
            NotEnoughSpace: The scratch directory has not the room for a copy.
            Cancelled: The context's token was cancelled.
        """
        live = self._real_path()
        self.require_file()
        now = fingerprint.take(live)
        previous = context.previous.get(self.root)
        if previous is not None and self._is_unchanged(live, now, previous, context):
            node = live_node(live, self.path.name, previous.size)
            yield UnchangedCapture(node, self.root, previous, self._own_schema_version())
            return
        scratch = context.scratch_dir / f"sqlite-{secrets.token_hex(8)}.db"
        try:
            with AgentSession(context.cancel, stream=not context.copy_first) as agent:
                yield self._capture(agent, context, live, scratch, now)
        finally:
            scratch.unlink(missing_ok=True)

    def require_file(self) -> None:
        """Raise `SourceNotFound` or `NotADatabase` unless there is a file; it is not opened."""
        live = self._real_path()
        if live.is_dir():
            raise NotADatabase(
                f"{live} is a directory, not a database", hint="Name the file itself."
            )
        if not live.exists():
            raise SourceNotFound(
                f"There is no database at {live}",
                hint="Check the path or the database URL; a relative one starts at the "
                "directory in which Holdfast was started.",
            )
        if not live.is_file():
            raise NotADatabase(f"{live} is a pipe or a device, not a database", hint="Name a file.")

    def _is_unchanged(
        self,
        live: Path,
        now: Mapping[str, Any],
        previous: ContentEntry,
        context: CaptureContext,
    ) -> bool:
        if previous.kind != self.kind or (
            previous.facts.get("damage") and not context.allow_damaged
        ):
            return False
        journal_size = files.size(f"{live}-journal")
        return fingerprint.is_unchanged(now, previous.facts.get("fingerprint"), journal_size)

    def _own_schema_version(self) -> str | None:
        return self._schema_version() if self._schema_version is not None else None

    def _capture(
        self,
        agent: AgentSession,
        context: CaptureContext,
        live: Path,
        scratch: Path,
        now: Mapping[str, Any],
    ) -> OnlineCapture:
        total = self.size_bytes()

        def tick() -> None:
            context.progress(
                Progress(
                    step=f"Copying database {self.path.name}",
                    done_bytes=files.size(str(scratch)),
                    total_bytes=total,
                )
            )

        engine = agent.call("hello")
        copied = agent.call(
            "capture",
            path=str(live),
            destination=str(scratch),
            scratch=str(context.scratch_dir),
            timeout_s=self._busy_timeout_s,
            allow_damaged=context.allow_damaged,
            stream=not context.copy_first,
            tick=tick,
        )
        streamed = copied.pop("streamed")
        how = {
            "allow_damaged": context.allow_damaged,
            "violations_limit_s": _VIOLATIONS_LIMIT_S,
        }
        if streamed:
            agent.ask("send", out=agent.stream_end, **how)
        else:
            agent.ask("inspect", path=str(scratch), live=str(live), **how)
        writer = copied.pop("writer_version")
        engines = engine | ({"sqlite_application": writer} if writer else {})
        warnings = affected_warning(self.path.name, wal=copied["wal"], writer=writer)
        return OnlineCapture(
            agent=agent,
            scratch=None if streamed else scratch,
            node=live_node(live, self.path.name, copied.pop("size")),
            root=self.root,
            facts={
                **copied,
                "engines": engines,
                "warnings": list(warnings),
                "fingerprint": dict(now),
            },
            schema_version=self._own_schema_version(),
        )

    @contextmanager
    def stage(self, context: RestoreContext) -> Iterator[SqliteStaged]:
        """Write the backup's database beside the live one (or beside `context.target`).

        Raises:
            PathNotInBackup: The backup has no database at `root`.
            NotEnoughSpace: The target's disk has not the room.
        """
        target = context.target.absolute() if context.target else self.path
        staged = SqliteStaged(
            context,
            root=self.root,
            target=Path(os.path.realpath(target)),
            busy_timeout_s=self._busy_timeout_s,
            url_scheme=self._url_scheme,
        )
        with discarding(staged, context):
            staged.write()
            yield staged

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back a swap that a crash interrupted; see `recover_swap`."""
        return recover_swap(state, committed=committed, busy_timeout_s=self._busy_timeout_s)

    def sweep(self, token: str, scratch_dir: Path) -> None:
        """Remove the files of the restore `token`, none else; idempotent.

        Only for a restore that never began to swap: afterwards its files tell what happened.
        """
        for leftover in names_for(str(self._real_path()), token, str(scratch_dir)).all():
            files.remove(leftover)

    def read_pairs(self, table: str, key: str, value: str) -> list[tuple[Any, Any]]:
        """Return two columns of a table of the live database, such as its settings.

        Raises:
            SourceError: The database cannot be read, or has no such table or column.
        """
        sql = f"select {_quoted(key)}, {_quoted(value)} from {_quoted(table)}"  # noqa: S608
        return query_live_pairs(self.path, sql, busy_timeout_s=self._busy_timeout_s)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
