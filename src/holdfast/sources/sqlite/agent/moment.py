"""Hold one moment of a live database in WAL mode, as ranges of its files, without a copy.

A `Moment` is a read transaction together with the knowledge of where the bytes of each page
of its snapshot lie: in the database file or in a frame of the `-wal`. While it is held, those
bytes stay as they are, so that they can be read at leisure with plain reads, and the same
connection can look into the same content.

**Which snapshot.** A reader's snapshot is the wal-index header that it found when it began:
SQLite takes the reader's lock, then looks whether the header is still the one it read, and
begins again if not (`walTryBeginRead`). Each commit changes the header, and each restart of
the log. So when the header is the same immediately before `BEGIN` and after the transaction
has its lock, then it is our snapshot's. Otherwise we begin again.

**Why the bytes stay.** A reader holds one of two kinds of lock.

* With lock 0 it ignores the log. It takes that lock only if the whole log has been copied into
  the database file (`nBackfill` = `mxFrame`), and while it is held no checkpoint writes to
  that file or truncates it: writing takes the same lock exclusively (`walCheckpoint`).
  The log may begin anew meanwhile; we do not read it.
* With a higher lock, a read mark not above `mxFrame`, the log is neither begun anew nor
  truncated, for this takes all those locks exclusively (`walRestartLog`, and checkpoints of the
  kinds RESTART and TRUNCATE). No frame beyond the mark is copied into the database file, and
  the file is not truncated except to our own size (a checkpoint that does not reach the end of
  the log does not truncate). Frames up to `mxFrame` are committed and never written again.
  What a checkpoint may write to the file meanwhile are pages with a frame up to the mark,
  and those we take from the log.

**Where a page is.** Its last frame up to `mxFrame`, else the database file. It is in the file
alone when `nBackfill` = `mxFrame`, whichever lock we hold. `nBackfill` is read after the lock
was taken and before the header is compared, as SQLite does it: a checkpoint that worked with
a newer header, and might have left out pages for it, would show as another header. And if it is
smaller than `mxFrame`, we do not hold lock 0: it only becomes smaller when the log begins anew,
which changes the header first. Pages of frames beyond the size of the database are not of
the snapshot. A page that is nowhere reads as zeros, as SQLite reads it.

**What could still go wrong** is an application that does not keep to SQLite's locks. Each frame
that is read must name its page and carry the log's salts, or the moment is lost.

A database in WAL mode without a `-wal` is open nowhere (see `reading`). Opening it in the usual
way would leave files behind; its moment is the file as it is, and that it stayed so is proven
by its times and size at the end.

**Locks.** POSIX drops a process's locks on a file when any descriptor of it is closed, so the
descriptors made here are closed after the connection.

Source: https://www.sqlite.org/walformat.html, sections 2.2 and 2.3, and `wal.c` of SQLite 3.51.
"""

from __future__ import annotations

import os
import time

import apsw

from holdfast.errors import DatabaseChanged
from holdfast.sources.sqlite.agent import connecting, files, reading, wal_index

_TRIES = 200
"""A try takes some 50 us; between commits there is nearly always room for one."""
_MOST_FRAMES = 1_000_000
"""The map of so many takes about 100 MB; a longer `-wal` goes by way of a copy."""


class Moment:
    """One moment, held until `close`. `hold` makes it.

    Attributes:
        way: `streamed` from under a read transaction, or `quiet`, nobody having it open.
        database: A descriptor of the database file.
        size: Of the database in this moment [bytes].
        frames: The frame of the `-wal` that has the content of a page, in page order; all
            other pages are in the database file.
        salts: What the headers of these frames carry.
        wal: A descriptor of the `-wal`, or None if no page is in it.
    """

    def __init__(
        self,
        path: str,
        way: str,
        connection: apsw.Connection,
        descriptors: list[int],
        proof: reading.Proof | None,
    ) -> None:
        self.path = path
        self.way = way
        self.connection = connection
        self.database = descriptors[0]
        self.page_size = int(connection.pragma("page_size"))
        self.size = 0
        self.wal: int | None = None
        self.frames: dict[int, int] = {}
        self.salts = b""
        self._descriptors = descriptors
        self._proof = proof

    def open(self, suffix: str, flags: int = os.O_RDONLY) -> int:
        """Open what lies beside the database, until `close`."""
        descriptor = os.open(self.path + suffix, flags | os.O_CLOEXEC)
        self._descriptors.append(descriptor)
        return descriptor

    def measure(self) -> int:
        """Take the size of the database in the transaction that has begun; return its pages."""
        pages = int(self.connection.pragma("page_count"))
        self.size = pages * self.page_size
        return pages

    def require_held(self) -> None:
        """Raise `DatabaseChanged` unless this was one moment until now."""
        # An I/O error ends even a transaction that only reads.
        lost = not self.connection.in_transaction
        if lost or (self._proof is not None and not self._proof.holds()):
            raise changed(self.path)

    def close(self) -> None:
        """End the transaction, then close the descriptors (idempotent)."""
        self.connection.close()
        _close_all(self._descriptors)


def changed(path: str) -> DatabaseChanged:
    """Return the error for a moment that was lost."""
    return DatabaseChanged(
        f"The database {path} was changed while it was read",
        hint="Start the backup again.",
    )


def hold(path: str, timeout_s: float) -> Moment | None:
    """Hold a moment of the database at `path`; None if it takes a copy to have one.

    That is so with a rollback journal, whose readers keep writers waiting; where `-wal` and
    `-shm` cannot be opened as the application opens them; and for what is no sound database.

    Raises:
        apsw.BusyError: It stayed locked beyond the timeout.
    """
    try:
        header = files.read_header(path)
        if not files.is_wal(header) or not header.startswith(files.MAGIC):
            return None
        if reading.is_quiet(path, header):
            return _hold_quiet(path, timeout_s)
        if reading.would_leave_an_alien_file(path, header):
            return None
        return _hold_online(path, timeout_s)
    except apsw.BusyError:
        raise
    except (apsw.Error, OSError):
        return None  # the other way meets the same trouble, and knows what to make of it


def _hold_quiet(path: str, timeout_s: float) -> Moment | None:
    proof = reading.Proof(path)
    if not proof.wait_until_it_can_hold(time.monotonic() + timeout_s):
        return None
    return _begin_moment(path, "quiet", "mode=ro&immutable=1", 0.0, proof)


def _hold_online(path: str, timeout_s: float) -> Moment | None:
    return _begin_moment(path, "streamed", "mode=ro", timeout_s, None)


def _begin_moment(
    path: str, way: str, mode: str, timeout_s: float, proof: reading.Proof | None
) -> Moment | None:
    descriptors = [os.open(path, os.O_RDONLY | os.O_CLOEXEC)]
    moment = connection = None
    held = False
    try:
        connection = connecting.connect(path, mode)
        connection.set_busy_timeout(int(timeout_s * 1000))
        reading.prepare(connection)
        connection.pragma("cell_size_check", 1)
        connection.pragma("temp_store", 2)
        reading.begin(connection)
        moment = Moment(path, way, connection, descriptors, proof)
        held = _find_pages(moment) if proof is None else _is_whole(moment, proof)
    finally:
        if not held:
            if connection is not None:
                connection.close()
            _close_all(descriptors)
    return moment if held else None


def _is_whole(moment: Moment, proof: reading.Proof) -> bool:
    moment.measure()
    return proof.holds() and os.fstat(moment.database).st_size == moment.size


def _find_pages(moment: Moment) -> bool:
    """Find out where the pages are; tell whether that could be done."""
    connection = moment.connection
    # Writable, because only then SQLite has it so too, and with it a read mark of its own.
    index = moment.open("-shm", os.O_RDWR)
    wal = moment.open("-wal")
    header, backfilled = _begin_at_known_header(connection, index)
    if header is None or connection.pragma("journal_mode") != "wal":
        return False
    opened = {"": moment.database, "-shm": index, "-wal": wal}
    if not all(_is_still(descriptor, moment.path + name) for name, descriptor in opened.items()):
        return False
    pages = moment.measure()
    if backfilled == header.frames:
        return True
    if (header.pages, header.page_size) != (pages, moment.page_size):
        return False
    frames = wal_index.last_frames(index, header) if header.frames <= _MOST_FRAMES else None
    if frames is None:
        return False
    moment.wal, moment.frames, moment.salts = wal, frames, header.salts
    return True


def _begin_at_known_header(
    connection: apsw.Connection, index: int
) -> tuple[wal_index.IndexHeader | None, int]:
    """Begin anew until it is certain which header the snapshot has; return it and `nBackfill`."""
    for _ in range(_TRIES):
        connection.execute("rollback")
        before = wal_index.read_header(index)
        reading.begin(connection)
        backfilled = wal_index.read_backfill(index)
        # Each read is a system call, with full barriers on its way.
        if before is not None and before == wal_index.read_header(index):
            return before, backfilled
    return None, 0


def _is_still(descriptor: int, path: str) -> bool:
    """Whether a name leads to the file that was opened by it."""
    return os.path.samestat(os.fstat(descriptor), os.stat(path))


def _close_all(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())
