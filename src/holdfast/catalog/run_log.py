"""The log of runs: a small SQLite file beside the repository, kept with the standard library.

It holds what a repository cannot know: runs that failed, which backup was restored.
It is a convenience, never a condition: lost, unreadable or on a read-only medium, every backup
still lists, verifies and restores. Each call opens and closes its own connection, so that one
log serves many threads and processes.

The file uses a rollback journal, not WAL: SQLite before 3.51.3 can corrupt a WAL database when
two connections checkpoint at once (https://sqlite.org/wal.html#walresetbug), and the log is
opened by whatever SQLite the interpreter has.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from holdfast.catalog.records import Run, RunKind, RunStatus
from holdfast.errors import StoreError

_log = logging.getLogger("holdfast.catalog")

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
create table runs (
    run_id integer primary key,
    kind text not null,
    status text not null,
    plan text not null,
    "trigger" text not null,
    pid integer not null,
    boot_id text not null,
    started_at text not null,
    completed_at text,
    backup_id text,
    error_code text,
    error text,
    detail text not null default '{}'
) strict;
create index runs_by_kind on runs (plan, kind, started_at);
"""
_RUN_COLUMNS = (
    'run_id, kind, status, plan, "trigger", started_at, completed_at, backup_id, error_code, '
    "error, detail"
)


class RunLog:
    """The runs of the plans that use one repository.

    Args:
        path: The SQLite file; made on the first write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def start_run(
        self,
        kind: RunKind,
        *,
        plan: str,
        trigger: str,
        started_at: datetime,
        detail: Mapping[str, Any] | None = None,
    ) -> int | None:
        """Record that a run began; return its id.

        Args:
            detail: What is known of it already; all that is, if its process dies.
        """
        with self._writing() as database:
            cursor = database.execute(
                'insert into runs (kind, status, plan, "trigger", pid, boot_id, started_at, detail)'
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    kind,
                    RunStatus.RUNNING,
                    plan,
                    trigger,
                    os.getpid(),
                    _boot_id(),
                    started_at.isoformat(),
                    msgspec.json.encode(detail or {}).decode(),
                ),
            )
            return cursor.lastrowid

    def finish_run(
        self,
        run_id: int | None,
        status: RunStatus,
        *,
        completed_at: datetime,
        backup_id: str | None = None,
        error_code: str | None = None,
        error: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Record how a run ended."""
        with self._writing() as database:
            database.execute(
                "update runs set status = ?, completed_at = ?, backup_id = ?, error_code = ?,"
                " error = ?, detail = ? where run_id = ?",
                (
                    status,
                    completed_at.isoformat(),
                    backup_id,
                    error_code,
                    error,
                    msgspec.json.encode(detail or {}).decode(),
                    run_id,
                ),
            )

    def runs(
        self, *, plan: str | None = None, kind: RunKind | None = None, limit: int = 1000
    ) -> list[Run]:
        """Return runs, newest first. A run whose process is gone counts as failed."""
        rows = self._query(
            f"select {_RUN_COLUMNS}, pid, boot_id from runs"  # noqa: S608 - constant names
            " where (?1 is null or plan = ?1) and (?2 is null or kind = ?2)"
            " order by started_at desc, run_id desc limit ?3",
            (plan, kind, limit),
        )
        return [_parse_run(row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(self._connect()) as database:
                self._migrate(database)
                with database:
                    yield database
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The run log {self._path} cannot be written: {error}",
                hint="Free disk space or mend its permissions; if it is damaged, move it away:"
                " the backups do not depend on it.",
            ) from error

    def _query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return rows; none where the catalog is missing or cannot be read, which is logged."""
        if not self._path.exists():
            return []
        try:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as database:
                if not database.execute("pragma user_version").fetchone()[0]:
                    return []
                return database.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            _log.warning("The run log %s cannot be read: %s", self._path, error)
            return []

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)
        try:
            self._path.chmod(0o600)
        except OSError:
            database.close()
            raise
        return database

    def _migrate(self, database: sqlite3.Connection) -> None:
        if database.execute("pragma user_version").fetchone()[0] >= SCHEMA_VERSION:
            return
        database.execute("begin immediate")
        if database.execute("pragma user_version").fetchone()[0] == 0:
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    database.execute(statement)
            database.execute(f"pragma user_version = {SCHEMA_VERSION}")
        database.commit()


def _parse_run(row: tuple[Any, ...]) -> Run:
    status, error = RunStatus(row[2]), row[9]
    if status is RunStatus.RUNNING and not _is_alive(row[11], row[12]):
        status, error = RunStatus.FAILED, "The process ended before the work did."
    return Run(
        run_id=row[0],
        kind=RunKind(row[1]),
        status=status,
        plan=row[3],
        trigger=row[4],
        started_at=datetime.fromisoformat(row[5]),
        completed_at=datetime.fromisoformat(row[6]) if row[6] else None,
        backup_id=row[7],
        error_code=row[8],
        error=error,
        detail=msgspec.json.decode(row[10]),
    )


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _is_alive(pid: int, boot_id: str) -> bool:
    if boot_id != _boot_id():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
