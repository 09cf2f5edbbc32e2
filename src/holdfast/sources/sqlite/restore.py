"""Restore a SQLite database: stage beside, check, swap in one transaction, or undo."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from holdfast.errors import (
    Cancelled,
    DatabaseDamaged,
    NotADatabase,
    NotEnoughSpace,
    PathNotInBackup,
    RestoreError,
)
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.sources.base import RestoreContext
from holdfast.sources.sqlite.agent import files
from holdfast.sources.sqlite.agent.names import Names, names_for
from holdfast.sources.sqlite.changes import Live, planned_changes
from holdfast.sources.sqlite.checks import check_database
from holdfast.sources.sqlite.session import AgentFailed, AgentSession

_NO_SPACE = (28, 122)
"""ENOSPC and EDQUOT."""
_DEFAULT_MODE = 0o600


class SqliteStaged:
    """A database that is ready beside its target.

    One agent process serves it from `live_version` or `swap` on: the process that watched
    the live database is the one that replaces it.
    """

    def __init__(
        self,
        context: RestoreContext,
        *,
        root: str,
        target: Path,
        busy_timeout_s: float,
        url_scheme: str = "sqlite",
    ) -> None:
        node = context.tree.node(root)
        if node is None or node.type is not NodeType.FILE:
            raise PathNotInBackup(
                f"The backup has no database at {root}",
                hint="Look at what it has with `holdfast show`.",
            )
        if target.is_dir():
            raise RestoreError(
                f"Cannot restore a database over the directory {target}",
                hint="Name the file to restore to.",
            )
        self._context = context
        self._root = root
        self._node: Node = node
        self._busy_timeout_s = busy_timeout_s
        self._url_scheme = url_scheme
        self._is_migrated = False
        self._names: Names = names_for(str(target), context.token, str(context.scratch_dir))
        self._agent: AgentSession | None = None
        self._expected: str | None = None
        self._way: str | None = None
        self.unsettled = False
        self._made_directories: list[Path] = []
        self._staged_id: tuple[int, int] = (0, 0)
        self._live: Live | None = None
        entry = context.tree.manifest.contents.get(root)
        self._facts: Mapping[str, Any] = entry.facts if entry else {}

    @property
    def target(self) -> Path:
        """The database file that `swap` replaces."""
        return Path(self._names.target)

    @property
    def staged_path(self) -> Path:
        """The database to restore, until `swap`."""
        return Path(self._names.staged)

    @property
    def live_schema_version(self) -> str | None:
        """The schema version of the live database, None if there is none or it is unknown."""
        return self._look().schema_version

    @property
    def schema_version(self) -> str | None:
        """The schema version of the database to restore."""
        version = self._facts.get("schema_version")
        return version if isinstance(version, str) else None

    def staged_url(self) -> str:
        """Return the URL of the staged database, with the driver of the plan's."""
        return f"{self._url_scheme}:///{self._names.staged}"

    def staged_schema_version(self) -> str | None:
        """Read the schema version of the staged database; None if it does not say one."""
        with AgentSession(self._context.cancel) as agent:
            version: str | None = agent.call("schema_version", path=self._names.staged)
        return version

    def migrated(self) -> None:
        """Take in that another program changed the staged database on purpose.

        Raises:
            RestoreError: It put another file in the place of the staged one.
            TargetInUse: Somebody has the staged database open still.
        """
        found = files.stat(self._names.staged)
        if found is None or found[:2] != self._staged_id:
            # After a crash the journal knows the staged database by these.
            raise RestoreError(
                f"The staged database {self._names.staged} was replaced by another file",
                hint="Migrate the database that DATABASE_URL names in its place.",
            )
        with AgentSession(self._context.cancel) as agent:
            agent.call("gather", path=self._names.staged, timeout_s=self._busy_timeout_s)
        self._is_migrated = True

    def write(self) -> None:
        """Write the backup's bytes into the staged file, durably.

        Raises:
            NotEnoughSpace: The disk has not the room.
        """
        self._make_directories(self.target.parent)
        with _space_errors(self._names.target):
            descriptor = os.open(
                self._names.staged, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
            try:
                self._context.tree.write_to(self._root, descriptor)
                os.fsync(descriptor)
                found = os.fstat(descriptor)
                self._staged_id = (found.st_dev, found.st_ino)
            finally:
                # Before the file can become the live database: see the package `agent`.
                os.close(descriptor)

    def _make_directories(self, directory: Path) -> None:
        missing = [one for one in (directory, *directory.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            self._made_directories.append(one)

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say what `swap` would change, table by table.

        Raises:
            TargetInUse: The live database stayed locked beyond the timeout.
        """
        beside = [s for s in files.SIDE_SUFFIXES if files.stat(self._names.target + s)]
        return planned_changes(
            target=self._names.target,
            live=self._look(),
            tables=self._expected_tables(),
            size=self._node.size,
            schema_version=self.schema_version,
            leftovers=beside,
        )

    def _look(self) -> Live:
        if self._live is None:
            self._live = self._describe_live()
        return self._live

    def _describe_live(self) -> Live:
        size = files.size(self._names.target)
        if files.stat(self._names.target) is None:
            return Live(exists=False)
        try:
            with AgentSession(self._context.cancel) as agent:
                found = agent.call(
                    "describe",
                    path=self._names.target,
                    scratch=str(self._context.scratch_dir),
                    timeout_s=self._busy_timeout_s,
                )
        except (NotADatabase, DatabaseDamaged) as error:
            return Live(size=size, unreadable=error.message)
        return Live(
            size=size,
            tables=found["tables"],
            schema_version=found["schema_version"],
            wal=found["wal"],
        )

    def _expected_tables(self) -> dict[str, int] | None:
        """Return the rows per table of the backup, if its manifest tells."""
        tables = self._facts.get("tables")
        if isinstance(tables, dict):
            return tables
        manifest = self._context.tree.manifest
        alone = sum(entry.kind == "sqlite" for entry in manifest.contents.values()) == 1
        return dict(manifest.table_counts) if alone and manifest.table_counts else None

    def check(self) -> tuple[CheckResult, ...]:
        """Check the staged file, as one that anybody may have made.

        The integrity check (the quick one unless the context is thorough), foreign keys, and
        the rows per table against the manifest, unless it was `migrated` since.
        """
        self._context.progress(Progress(step=f"Checking {self.target.name}"))
        violations = self._facts.get("violations")
        return tuple(
            check_database(
                self.staged_path,
                table_counts=None if self._is_migrated else self._expected_tables(),
                full=self._context.thorough,
                known_violations=violations if isinstance(violations, int) else None,
                cancel=self._context.cancel,
            )
        )

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""
        return {
            "names": list(self._names),
            "staged_id": list(self._staged_id),
            "was_wal": self._look().wal,
            "ownership": self._ownership(),
        }

    def _ownership(self) -> list[int]:
        """Return mode, owner and group for a target that is not there yet.

        What a backup says of set-uid bits is not for a database to have.
        """
        mode = self._node.mode & 0o777 or _DEFAULT_MODE
        return [mode, self._node.uid, self._node.gid]

    def live_version(self) -> str:
        """Return a token that changes with every commit into the live database.

        To lose no acknowledged write: take the token, save the live data, and call
        `expect_unchanged_since` before `swap`. The token is good for this object until a
        `swap` failed.
        """
        token: str = self._session().call("version")
        return token

    def expect_unchanged_since(self, token: str) -> None:
        """Make `swap` raise `LiveDataChanged`, and replace nothing, if anyone wrote since."""
        self._expected = token

    @contextmanager
    def hold_writers(self) -> Iterator[None]:
        """Keep other writers waiting, from now until the context ends or `swap` is done.

        For a database that is written to so often that it never stays as it was saved.
        Readers, and captures, go on. The application's writers wait as long as their own
        busy timeout lets them, so hold no longer than needed.

        Raises:
            TargetInUse: The lock was not to be had within the timeout.
        """
        self._session().call("hold")
        try:
            yield
        finally:
            # A dead agent holds nothing any more.
            with suppress(AgentFailed, Cancelled):
                if self._agent is not None:
                    self._agent.call("release")

    def _session(self, *, cancellable: bool = True) -> AgentSession:
        if self._agent is None:
            agent = AgentSession(self._context.cancel if cancellable else None)
            self._agent = agent
            agent.call(
                "open",
                names=list(self._names),
                scratch=str(self._context.scratch_dir),
                timeout_s=self._busy_timeout_s,
            )
        return self._agent

    def swap(self) -> None:
        """Put the staged database in the place of the live one.

        A live database is replaced in one transaction, with the application reading and
        writing it; it keeps its journal mode, owner and mode. A missing one is created, a
        file that is no database is exchanged if nobody has it open.

        Raises:
            LiveDataChanged: Somebody wrote since the token of `expect_unchanged_since`.
            TargetInUse: It stayed locked, or is open where that prevents the swap.
            NotEnoughSpace: The journal or `-wal` did not fit on the disk.
        """
        self._context.progress(Progress(step=f"Replacing {self.target.name}"))
        state = self.state()
        agent = self._session()
        try:
            self._way = agent.call(
                "swap",
                expected=self._expected,
                keep=self._context.keep_previous,
                ownership=self._ownership(),
            )
            agent.call("verify")
        except (AgentFailed, Cancelled):
            self._end_session()
            if not self._settle(state):
                raise
        self._end_session()

    def _settle(self, state: Mapping[str, Any]) -> bool:
        """After the agent was killed: tell whether it had done the swap."""
        if self._way is None:
            self.unsettled = True
            self._way = _settle(state, committed=None, timeout_s=self._busy_timeout_s)
            if self._way is None:
                _settle(state, committed=False, timeout_s=self._busy_timeout_s)
            self.unsettled = False
        return self._way is not None

    def undo(self) -> None:
        """Put back what `swap` replaced, in the same way.

        Raises:
            RestoreError: The previous content was not kept.
            TargetInUse: As for `swap`.
        """
        if self._way is None:
            return
        if self._way == "copied" and not self._context.keep_previous:
            raise RestoreError(
                f"What was in {self._names.target} before was not kept",
                hint="Restore the safety backup.",
            )
        self._end_session()
        self._session(cancellable=False).call("undo", way=self._way)
        self._way = None
        self._end_session()

    def _end_session(self) -> None:
        if self._agent is not None:
            self._agent.close()
        self._agent = None

    def discard(self) -> None:
        """Remove everything that this restore left beside the target and in scratch.

        Unless a swap's outcome could not be told: then it stays for `recover`.
        """
        self._end_session()
        if self.unsettled:
            return
        remove_all(self._names)
        for directory in reversed(self._made_directories):
            with suppress(OSError):  # it is not empty: the restored database lies in it
                directory.rmdir()
        self._made_directories.clear()


def remove_all(names: Names) -> None:
    """Remove every file of a restore, the log last."""
    for path in names.all():
        files.remove(path)


@contextmanager
def _space_errors(target: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise RestoreError(
                f"Cannot write beside {target}: {error.strerror}",
                hint="See that this user may write to the directory.",
            ) from error
        raise NotEnoughSpace(
            f"Not enough disk space to restore {target}",
            hint="Free some space on that disk, then try again; nothing was changed.",
        ) from error


def recover_swap(
    state: Mapping[str, Any], *, committed: bool | None, busy_timeout_s: float
) -> bool:
    """Finish or take back a swap that a crash interrupted, from `SqliteStaged.state`.

    When it is settled, the restore's files are removed. Idempotent: once they are gone,
    `committed` is taken as done.

    Args:
        committed: True to finish the swap, False to take it back, None to only tell.

    Returns:
        Whether the live database is (now) the restored one.

    Raises:
        RestoreError: What it takes is not there any more.
        TargetInUse: The database stayed locked beyond the timeout.
    """
    names = Names(*state["names"])
    if committed is not None and all(files.stat(path) is None for path in names.all()):
        return committed
    way = _settle(state, committed=committed, timeout_s=busy_timeout_s)
    if committed is not None:
        remove_all(names)
    return way is not None


def _settle(state: Mapping[str, Any], *, committed: bool | None, timeout_s: float) -> str | None:
    with AgentSession() as agent:
        way: str | None = agent.call(
            "settle",
            **state,
            committed=committed,
            scratch=str(Path(state["names"][-1]).parent),
            timeout_s=timeout_s,
        )
    return way
