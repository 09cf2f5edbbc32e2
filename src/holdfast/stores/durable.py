"""File system steps that survive a power failure, and the order they need.

A file is durable after `fsync` of the file and of the directory that names it. `fsync` is
never called again on a file for which it failed: Linux reports a lost write once and then
says success, so the only honest way on is to write the data again into a new file
("fsyncgate", https://lwn.net/Articles/752063/).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import secrets

from holdfast.stores.base import Buffer

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
# A file system without hard links says one of these (FAT, some FUSE and network mounts).
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_RENAME_FLAGS = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


def write_file(path: str, data: Buffer) -> None:
    """Write a new file and wait until its bytes are on the disk.

    The file's name is durable only after `sync_directory`. On an error the caller removes
    the file.

    Raises:
        FileExistsError: `path` is there already.
        OSError: The bytes could not be written; never retried here.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        _write_all(descriptor, memoryview(data).cast("B"))
        if os.fstat(descriptor).st_size != memoryview(data).nbytes:
            raise OSError(errno.EIO, "the file has another length than was written", path)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: str, data: Buffer) -> None:
    """Put a new file in the place of another, or of none: durable, and never half of it.

    Its directory is made if it is missing. Several processes may do it at once; one of them
    is the last.

    Raises:
        OSError: It could not be written, and what was there before still is; or its new name
            could not be made durable.
    """
    directory, name = os.path.split(path)
    make_directories(directory)
    temporary = os.path.join(directory, f".{name}.{secrets.token_hex(4)}")
    try:
        write_file(temporary, data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_directory(directory)


def _write_all(descriptor: int, rest: memoryview) -> None:
    while rest:
        written = os.write(descriptor, rest)
        rest = rest[written:]


def sync_directory(path: str) -> None:
    """Wait until the names in a directory are on the disk; see `sync_open_directory`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_open_directory(descriptor)
    finally:
        os.close(descriptor)


def sync_open_directory(descriptor: int) -> None:
    """Wait until the names in an open directory are on the disk.

    Some network file systems have no such sync, and say so by EINVAL (Source: fsync(2)). They
    are no reason to fail: nothing more can be done there. Any other error is one.

    Raises:
        OSError: The names may be lost when the power fails.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def make_directories(path: str) -> None:
    """Make a directory and those above it, durably; what exists is left as it is."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        make_directory(directory)
        sync_directory(os.path.dirname(directory))


def make_directory(path: str) -> None:
    """Make one directory; one that exists is left as it is. Its name is not durable yet."""
    try:
        os.mkdir(path, DIRECTORY_MODE)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def publish(temporary: str, path: str) -> None:
    """Give a finished temporary file its name, atomically and never over another file.

    The temporary name is gone afterwards. The new one is durable after `sync_directory`.

    Raises:
        FileExistsError: `path` is there already; the temporary file is left.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        # A network file system can have made the link and lost the answer (open(2), NFS).
        if not _same_file(temporary, path):
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_new(temporary, path)
        return
    os.unlink(temporary)


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samestat(os.stat(one), os.stat(other))
    except FileNotFoundError:
        return False


def _rename_new(temporary: str, path: str) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    renameat2 = getattr(library, "renameat2", None)
    if renameat2 is not None:
        done = renameat2(
            _AT_FDCWD,
            os.fsencode(temporary),
            _AT_FDCWD,
            os.fsencode(path),
            ctypes.c_uint(_RENAME_NOREPLACE),
        )
        if done == 0:
            return
        number = ctypes.get_errno()
        if number not in _NO_RENAME_FLAGS:
            raise OSError(number, os.strerror(number), path)
    _rename_under_lock(temporary, path)


def _rename_under_lock(temporary: str, path: str) -> None:
    # Neither links nor RENAME_NOREPLACE: a lock on the directory keeps other Holdfasts from
    # renaming between our look and our rename.
    directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        os.rename(temporary, path)
    finally:
        os.close(directory)
