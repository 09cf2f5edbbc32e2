"""Read one consistent moment of a live database and leave the database as it was.

Nothing here checkpoints, rolls back, or writes to a live file. Three ways, by what is found:

`online`     A read-only connection: SQLite's own locks do the rest. It needs `-wal` and `-shm`
             to exist, or to be creatable, when the database is in WAL mode.
`quiet`      A database in WAL mode without a `-wal` is open nowhere: whoever opens it makes that
             file first. An ordinary connection would leave `-wal` and `-shm` behind, perhaps
             owned by the wrong user. So it is read as immutable, and the result counts only if
             the file's times and size are the same afterwards; a writer in between changes them.
`recovered`  A crashed writer left a hot journal, or a `-wal` that cannot be opened here: a
             read-only connection may not recover it. Both files are copied to the scratch
             directory under the same proof and SQLite recovers the copy.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import apsw

from holdfast.sources.sqlite.agent import connecting, faults, files

T = TypeVar("T")

Action = Callable[[apsw.Connection], T]

_RECOVERY_NEEDED = (
    apsw.SQLITE_READONLY_ROLLBACK,
    apsw.SQLITE_READONLY_RECOVERY,
    apsw.SQLITE_READONLY_CANTLOCK,
    apsw.SQLITE_READONLY_CANTINIT,
    apsw.SQLITE_READONLY_DIRECTORY,
)


def read_live(
    path: str, timeout_s: float, scratch: str, action: Action[T], *, doing: str = "back up"
) -> tuple[T, str]:
    """Run `action` on one consistent moment of the database at `path`.

    The action may run several times; only its last result counts.

    Args:
        scratch: Directory for a recovered copy.

    Returns:
        What the action returned, and the way that it was read.

    Raises:
        SourceError: It is missing, locked beyond the timeout, no database, or damaged.
    """
    deadline = time.monotonic() + timeout_s
    try:
        return _read(path, deadline, scratch, action)
    except (apsw.Error, OSError) as error:
        raise faults.translate(error, path, doing) from error


def _read(path: str, deadline: float, scratch: str, action: Action[T]) -> tuple[T, str]:
    while True:
        last_try = time.monotonic() >= deadline
        header = files.read_header(path)
        if header and not header.startswith(files.MAGIC):
            raise faults.unreadable(path)
        if is_quiet(path, header) and not last_try:
            done, result = _with_proof(path, deadline, lambda: _immutable(path, action))
            if done:
                return result[0], "quiet"
            continue
        if last_try or not would_leave_an_alien_file(path, header):
            try:
                return _online(path, deadline, action), "online"
            except (apsw.ReadOnlyError, apsw.CantOpenError) as error:
                if not _needs_recovery(error, path) or last_try:
                    raise
        done, result = _with_proof(path, deadline, lambda: _recovered(path, scratch, action))
        if done:
            return result[0], "recovered"


def is_quiet(path: str, header: bytes) -> bool:
    """Whether a database in WAL mode is open nowhere; `header` is its own."""
    return (
        files.is_wal(header)
        and files.stat(path + "-wal") is None
        and not files.size(path + "-journal")
    )


def would_leave_an_alien_file(path: str, header: bytes) -> bool:
    """Whether reading makes a `-shm` that the database's owner might not be able to write.

    As root, SQLite gives it to the owner of the database; any other user keeps it.
    """
    return (
        files.is_wal(header)
        and files.stat(path + "-shm") is None
        and os.geteuid() not in (0, os.stat(path).st_uid)
    )


def _needs_recovery(error: apsw.Error, path: str) -> bool:
    if getattr(error, "extendedresult", 0) in _RECOVERY_NEEDED:
        return True
    return isinstance(error, apsw.CantOpenError) and files.size(path + "-wal") > 0


class Proof:
    """Proves by the times and sizes of a database's files that nobody wrote to them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._before = files.stats(path)

    def wait_until_it_can_hold(self, deadline: float) -> bool:
        """Wait until a later write must show; tell whether that is so at the deadline."""
        wait_s = max(files.settle_wait_s(found) for found in self._before)
        if wait_s:
            time.sleep(min(wait_s, max(0.0, deadline - time.monotonic())))
        return not any(files.settle_wait_s(found) for found in self._before)

    def is_untouched(self) -> bool:
        """Whether all files are as they were."""
        return files.stats(self._path) == self._before

    def holds(self) -> bool:
        """Whether what was read since is one moment."""
        before, after = self._before, files.stats(self._path)
        # A -wal that appeared meanwhile has not been checkpointed if the file itself is the same.
        same = after[0] == before[0] and (after[1] == before[1] or before[1] is None)
        return same and after[2] == before[2]


def _with_proof(path: str, deadline: float, read: Callable[[], T]) -> tuple[bool, list[T]]:
    """Read while nobody writes; tell whether that held."""
    proof = Proof(path)
    if not proof.wait_until_it_can_hold(deadline):
        return False, []
    try:
        result = read()
    except (apsw.Error, OSError):
        if not proof.is_untouched():
            return False, []
        raise
    return proof.holds(), [result]


def _online(path: str, deadline: float, action: Action[T]) -> T:
    connection = connecting.connect(path, "mode=ro")
    try:
        left_s = max(0.0, deadline - time.monotonic())
        connection.set_busy_timeout(int(left_s * 1000))
        return _in_transaction(connection, action)
    finally:
        connection.close()


def _immutable(path: str, action: Action[T]) -> T:
    connection = connecting.connect(path, "mode=ro&immutable=1")
    try:
        return _in_transaction(connection, action)
    finally:
        connection.close()


def _in_transaction(connection: apsw.Connection, action: Action[T]) -> T:
    prepare(connection)
    begin(connection)
    result = action(connection)
    connection.execute("rollback")
    return result


def prepare(connection: apsw.Connection) -> None:
    """See to it that a connection to a live database never checkpoints, and trusts nothing."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connecting.harden(connection)


def begin(connection: apsw.Connection) -> None:
    """Begin a read transaction that has its snapshot."""
    connection.execute("begin")
    connection.pragma("schema_version")  # takes the snapshot and reads no schema


def _recovered(path: str, scratch: str, action: Action[T]) -> T:
    with _recovered_copy(path, scratch) as copied:
        connection = connecting.connect(copied, "mode=rw")
        try:
            return _in_transaction(connection, action)
        finally:
            connection.close()


@contextmanager
def _recovered_copy(path: str, scratch: str) -> Iterator[str]:
    copied = os.path.join(scratch, f"recovered-{os.getpid()}.db")
    try:
        for suffix in ("", "-wal", "-journal"):
            if files.stat(path + suffix) is not None:
                files.copy(path + suffix, copied + suffix)
        yield copied
    finally:
        for suffix in ("", *files.SIDE_SUFFIXES):
            files.remove(copied + suffix)


def copy_raw(path: str, destination: str, timeout_s: float) -> bool:
    """Copy the bytes of a file that SQLite cannot read; tell whether nobody wrote meanwhile."""
    deadline = time.monotonic() + min(timeout_s, 5.0)
    while True:
        files.remove(destination)
        done, _ = _with_proof(path, deadline, lambda: files.copy(path, destination))
        if done:
            return True
        if time.monotonic() >= deadline:
            files.remove(destination)
            files.copy(path, destination)
            return False
