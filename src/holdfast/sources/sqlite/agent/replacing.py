"""Put another content into a live database, in one transaction for whoever uses it.

SQLite's backup API copies into the live file as any writer would: under the write lock,
through the journal or the `-wal` that its readers know. Killed at any time it leaves the old
content or the new one.
"""

from __future__ import annotations

import os

import apsw

from holdfast.errors import LiveDataChanged, RestoreCheckFailed, TargetInUse
from holdfast.sources.sqlite.agent import (
    capturing,
    connecting,
    exchanging,
    faults,
    files,
    inspection,
    marking,
    reading,
)
from holdfast.sources.sqlite.agent.names import Names

_ABSENT = "absent"
_COUNTER = slice(24, 28)
_COOKIE = slice(40, 44)
_READ_BYTES = 1 << 20
_LAST_CHANCE_MS = 500
"""A switch of the journal mode waits for others no longer than this [ms]: who has the database
open keeps it open."""


class Replacement:
    """A session with one live database, from the first look at it until the swap is done.

    It keeps one connection that only watches: what SQLite's `data_version` says there tells
    whether anyone else committed since.
    """

    def __init__(self, names: Names, scratch: str, timeout_s: float) -> None:
        self._names = names
        self._scratch = scratch
        self._timeout_s = timeout_s
        self._nonce = ""
        self._watcher: apsw.Connection | None = None
        self._live: apsw.Connection | None = None
        self._source: apsw.Connection | None = None
        self._backup: apsw.Backup | None = None
        self._left_wal = False
        self._held: str | None = None

    def version(self) -> str:
        """Return a token that changes when the live database is written to.

        It compares only with tokens of the same session.
        """
        target = self._names.target
        if files.stat(target) is None:
            return _ABSENT
        try:
            if self._watcher is None and self._live is None:
                self._require_database()
            return self._watch()
        except (apsw.NotADBError, apsw.CorruptError):
            self._close_watcher()
            return f"file {files.stats(target)}"
        except (apsw.Error, OSError) as error:
            self.close()
            raise faults.translate(error, target, "restore") from error

    def _require_database(self) -> None:
        """Look at the file before SQLite does: it would recover an alien `-wal` into it."""
        header = files.read_header(self._names.target)
        if header and not header.startswith(files.MAGIC):
            raise apsw.NotADBError("file is not a database")

    def _watch(self) -> str:
        if self._watcher is None:
            # Another connection counts from another beginning.
            self._nonce = os.urandom(8).hex()
            self._watcher = self._connect()
        watcher = self._watcher
        watcher.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        watcher.execute("begin")
        try:
            watcher.pragma("schema_version")
            # It is a database; whoever closes it last may tidy up its -wal.
            watcher.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
            version = watcher.pragma("data_version")
            counter = self._header()[_COUNTER].hex()
        finally:
            watcher.execute("rollback")
        return f"database {self._nonce} {version} {counter}"

    def _connect(self) -> apsw.Connection:
        connection = connecting.connect(self._names.target, "mode=rw")
        connection.set_busy_timeout(int(self._timeout_s * 1000))
        return connection

    def _header(self) -> bytes:
        """Read the header through SQLite's own descriptor: closing another drops the locks."""
        assert self._watcher is not None
        return self._watcher.read("main", 0, 0, files.HEADER_BYTES)[1]

    def hold(self) -> None:
        """Keep other writers out until `swap` or `release`; readers go on.

        With write-ahead logging the lock lasts through the swap. With a rollback journal
        there is an instant between this lock and that of the swap; after a commit in it the
        swap raises `LiveDataChanged`.
        """
        if not self.version().startswith("database"):
            return
        try:
            self._open_live(self._names.staged)
            if files.is_wal(self._header()):
                self._lock(self._names.staged)
            else:
                assert self._live is not None
                self._live.execute("begin immediate")
            self._held = self.version()
        except BaseException as error:
            self.release()
            if isinstance(error, (apsw.Error, OSError)):
                raise faults.translate(error, self._names.target, "restore") from error
            raise

    def swap(self, *, expected: str | None, keep: bool, ownership: exchanging.Ownership) -> str:
        """Put the staged database in the place of the live one.

        Args:
            expected: What `version` returned when the live content was last saved.
            keep: Keep a copy of what is replaced, as of the moment of the swap.
            ownership: Of a file that is not there yet; an existing one keeps its own.

        Returns:
            How: `placed`, `exchanged` or `copied`.

        Raises:
            LiveDataChanged: Somebody wrote since `expected`; nothing was replaced.
            TargetInUse: The database is locked, or open where that prevents the swap.
        """
        names = self._names
        found = self.version()
        kind = found.partition(" ")[0]
        try:
            if kind == _ABSENT:
                self._require(expected in (None, found))
                exchanging.place(names, ownership)
                way = "placed"
            elif kind == "file":
                self._require(expected in (None, found))
                exchanging.exchange(names)
                way = "exchanged"
            else:
                self._copy(names.staged, expected=expected, keep=keep)
                way = "copied"
        except (apsw.Error, OSError) as error:
            self.close()
            raise faults.translate(error, names.target, "restore") from error
        finally:
            self.close()
        return way

    def undo(self, way: str) -> None:
        """Put back what a swap of this restore replaced."""
        names = self._names
        try:
            if way == "placed":
                exchanging.unplace(names)
            elif way == "exchanged":
                exchanging.unexchange(names)
            else:
                self._watch()
                self._copy(names.saved, expected=None, keep=False, done=marking.UNDONE)
        except (apsw.Error, OSError) as error:
            self.close()
            raise faults.translate(error, names.target, "restore") from error
        finally:
            self.close()

    def _require(self, unchanged: bool) -> None:
        if not unchanged:
            raise LiveDataChanged(
                f"The database {self._names.target} was written to after it was last saved",
                hint="Save it again, then swap; or stop the application meanwhile.",
            )

    def _copy(
        self, content: str, *, expected: str | None, keep: bool, done: str = marking.COMMITTED
    ) -> None:
        expected = self._open_live(content, expected)
        if self._backup is None:
            assert self._live is not None
            if self._live.in_transaction:  # held; see `hold`
                self._live.execute("rollback")
            self._lock(content)
        backup = self._backup
        assert backup is not None
        for version in (expected, self._held):
            self._require(version is None or self._same(version))
        if keep:
            self._save_previous()
        if done == marking.COMMITTED:
            marking.begin(self._names, self._cookie())
        backup.step(-1)
        backup.finish()
        self._backup, self._left_wal = None, False
        marking.append(self._names, done)

    def _open_live(self, content: str, expected: str | None = None) -> str | None:
        """Open the connection that writes; return the version to expect from now on."""
        if self._live is not None:
            return expected
        live = self._live = self._connect()
        # The application checkpoints; ours might meet its own at a bad moment. The last
        # connection to close does, but then nobody else is there.
        live.wal_autocheckpoint(0)
        live.pragma("synchronous", "extra")
        assert self._watcher is not None
        header = files.read_header(content)
        same_size = self._watcher.pragma("page_size") == files.page_size_of(header)
        if same_size or not files.is_wal(self._header()):
            return expected
        return self._leave_wal(live, expected)

    def _leave_wal(self, live: apsw.Connection, expected: str | None) -> str | None:
        """Change to a rollback journal: with a `-wal` the page size cannot change.

        SQLite does that only while nobody else has the database open. The staged header
        brings write-ahead logging back, in the same transaction as the content.
        """
        before = live.pragma("data_version")
        self._require(expected is None or self._same(expected))
        self._close_watcher()
        live.set_busy_timeout(min(_LAST_CHANCE_MS, int(self._timeout_s * 1000)))
        try:
            mode = live.pragma("journal_mode", "delete")
        except apsw.BusyError:
            mode = "wal"
        if mode != "delete":
            raise TargetInUse(
                f"Cannot restore {self._names.target} while it is open elsewhere: the backup "
                "has another page size",
                hint="Stop the application for the restore, or restore to another path.",
            )
        self._left_wal = True
        live.set_busy_timeout(int(self._timeout_s * 1000))
        now = self._watch()
        if expected is None:
            return None
        self._require(live.pragma("data_version") == before)
        return now

    def _lock(self, content: str) -> None:
        """Take the write lock for the copy and write nothing yet."""
        assert self._live is not None
        live_header = self._header()
        as_wal = self._left_wal or files.is_wal(live_header)
        _set_journal_mode(content, as_wal=as_wal)
        self._source = connecting.connect(content, "mode=ro&immutable=1")
        self._backup = self._live.backup("main", self._source, "main")
        self._backup.step(0)

    def _same(self, expected: str) -> bool:
        """Compare with the present version, also where a lock of ours keeps readers out."""
        assert self._watcher is not None
        kind, nonce, version, counter = (*expected.split(" "), "", "", "")[:4]
        if kind != "database" or nonce != self._nonce:
            return False
        header = self._header()
        if files.is_wal(header):
            return str(self._watcher.pragma("data_version")) == version
        return header[_COUNTER].hex() == counter

    def _cookie(self) -> int:
        assert self._watcher is not None
        header = self._header()
        if files.is_wal(header):
            return int(self._watcher.pragma("schema_version"))
        return int.from_bytes(header[_COOKIE], "big")

    def _save_previous(self) -> None:
        """Copy the live content while the write lock keeps it as it is."""
        assert self._watcher is not None
        files.remove(self._names.saved)
        if files.is_wal(self._header()):
            capturing.back_up(self._watcher, self._names.saved)
        else:
            self._save_raw()
        files.sync(self._names.saved)

    def _save_raw(self) -> None:
        """Copy the file: with a rollback journal it holds the last commit until ours."""
        assert self._watcher is not None
        total = files.size(self._names.target)
        with open(self._names.saved, "xb") as saved:
            for offset in range(0, total, _READ_BYTES):
                amount = min(_READ_BYTES, total - offset)
                saved.write(self._watcher.read("main", 0, offset, amount)[1])

    def verify(self) -> None:
        """After `swap`: look at the restored database as a new reader does.

        Raises:
            RestoreCheckFailed: It is damaged.
        """
        if not files.size(self._names.target):
            return
        try:
            damage, _ = reading.read_live(
                self._names.target,
                self._timeout_s,
                self._scratch,
                inspection.quick_check,
                doing="restore",
            )
        except TargetInUse:
            return  # the application is at work with it; what was copied had been checked
        if damage:
            raise RestoreCheckFailed(
                f"The restored database {self._names.target} is damaged: {damage[0]}",
                hint="Put the previous data back with `holdfast undo`, and check the disk.",
            )

    def release(self) -> None:
        """Let other writers go on, and forget the lock; the watch goes on."""
        if self._backup is not None:
            self._backup.close(True)
        if self._live is not None and self._live.in_transaction:
            self._live.execute("rollback")
        if self._source is not None:
            self._source.close()
        self._backup = self._source = self._held = None
        if self._live is not None:
            self._close_live(self._live)
        self._live = None

    def _close_live(self, live: apsw.Connection) -> None:
        if self._left_wal:
            self._close_watcher()
            live.pragma("journal_mode", "wal")
            self._left_wal = False
        live.close()

    def _close_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
        self._watcher = None

    def close(self) -> None:
        """Give up every lock and connection; what was not committed is rolled back."""
        self.release()
        self._close_watcher()


def _set_journal_mode(path: str, *, as_wal: bool) -> None:
    """Make a database file that is ours say the journal mode that the live one has.

    Source: bytes 18 and 19, https://www.sqlite.org/fileformat2.html, section 1.3.
    """
    if not files.size(path):
        _make_empty_database(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, b"\x02\x02" if as_wal else b"\x01\x01", 18)
    finally:
        os.close(descriptor)


def _make_empty_database(path: str) -> None:
    """Turn a file of zero bytes into a database without tables: a copy needs a first page."""
    connection = connecting.connect(path, "mode=rw")
    try:
        connection.pragma("journal_mode", "off")
        connection.pragma("user_version", 0)
        connection.execute("vacuum")
    finally:
        connection.close()
