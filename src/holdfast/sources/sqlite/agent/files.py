"""Database files as files: their stats, headers, raw copies and locks; nothing of SQLite."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from holdfast.errors import TargetInUse

SIDE_SUFFIXES = ("-wal", "-shm", "-journal")
"""What SQLite may keep beside a database file."""

MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100

_COPY_BYTES = 1 << 20
_KERNEL_COPY_BYTES = 64 << 20
_NO_COPY_RANGE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)

# Where SQLite locks: the pending byte, the reserved byte and 510 shared bytes.
# Source: https://www.sqlite.org/lockingv3.html and os_unix.c of SQLite.
_LOCK_START = 0x40000000
_LOCK_BYTES = 512

Stat = tuple[int, int, int, int, int] | None


def stat(path: str) -> Stat:
    """Return what changes when a file is written or replaced, or None if there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def stats(path: str) -> tuple[Stat, ...]:
    """Return the stats of a database and of what is beside it, `-shm` aside."""
    return tuple(stat(path + suffix) for suffix in ("", "-wal", "-journal"))


def size(path: str) -> int:
    """Return the size [bytes] of a file, 0 if there is none."""
    found = stat(path)
    return found[2] if found else 0


def settle_wait_s(found: Stat) -> float:
    """Return how long to wait [s] until a later write must show in the file's times.

    A write in the same tick of the file system's clock as an earlier one leaves the times as
    they were: a tick is at most 10 ms where times have fractions, and up to 2 s where not.
    """
    if found is None:
        return 0.0
    newest = max(found[3], found[4])
    tick_s = 0.1 if found[3] % 1_000_000_000 or found[4] % 1_000_000_000 else 2.5
    return max(0.0, min(tick_s, newest / 1e9 + tick_s - time.time()))


def read_header(path: str) -> bytes:
    """Return the first 100 bytes of a file.

    For a live database only while this process has no connection to it: closing the
    descriptor drops the process's locks.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, HEADER_BYTES)
    finally:
        os.close(descriptor)


def page_size_of(header: bytes) -> int:
    """Return the page size [bytes] that a header names, 4096 if it is none."""
    if not header.startswith(MAGIC):
        return 4096
    value = int.from_bytes(header[16:18], "big")
    return 65536 if value == 1 else value or 4096


def is_wal(header: bytes) -> bool:
    """Whether a header says that the database uses write-ahead logging."""
    return header[18:20] == b"\x02\x02"


def copy(source: str, destination: str) -> None:
    """Copy the bytes of a file into a new private one. See `read_header` for when."""
    with open(source, "rb", buffering=0) as reader, open(destination, "xb", buffering=0) as writer:
        while block := reader.read(_COPY_BYTES):
            view = memoryview(block)
            while view:
                view = view[writer.write(view) :]


def copy_range(source: int, destination: int, length: int) -> None:
    """Copy the first `length` bytes between descriptors inside the kernel, or by reference.

    What the source lacks is filled with zeros.
    """
    by_range = True
    done = 0
    while done < length:
        wanted = min(length - done, _KERNEL_COPY_BYTES)
        try:
            copied = (
                os.copy_file_range(source, destination, wanted, done, done)
                if by_range
                else os.sendfile(destination, source, done, wanted)
            )
        except OSError as error:
            if not by_range or error.errno not in _NO_COPY_RANGE:
                raise
            by_range = False  # between file systems, or on one that cannot
            os.lseek(destination, done, os.SEEK_SET)
            continue
        if not copied:
            os.ftruncate(destination, length)
            return
        done += copied


def remove(path: str) -> None:
    """Remove a file if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def sync_directory(path: str) -> None:
    """Make the names in the directory of `path` durable."""
    # Only a restore needs it, and a capture's process starts faster without.
    from holdfast.stores import durable

    durable.sync_directory(os.path.dirname(path) or ".")


def sync(path: str) -> None:
    """Make the bytes of a file durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked_out(path: str) -> Iterator[None]:
    """Hold the lock of a database file that keeps every SQLite connection out.

    It works on any file, a readable database or not. In WAL mode each open connection holds
    a shared lock, so getting this one proves that nobody has the database open.

    Raises:
        TargetInUse: Somebody has the file open and locked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCK_START)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            raise TargetInUse(
                f"Cannot replace {path}: another process has it open",
                hint="Stop the application that uses it, then try again.",
            ) from error
        yield
    finally:
        os.close(descriptor)
