"""Reading a file in a process of its own, because closing it in this one could do harm.

POSIX advisory locks belong to the process: closing any descriptor of a file drops all locks
that the process holds on it. If the application that runs us has an SQLite connection to a
file that we read as a plain file, its locks would be gone and its database could be
corrupted. So whatever looks like a database (or its `-shm`, which carries the locks of WAL)
is opened here by `O_PATH` only, whose closing touches no lock, and read by `cat`.

Source: https://www.sqlite.org/howtocorrupt.html, section 2.2.
"""

from __future__ import annotations

import errno
import functools
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from holdfast.models.node import Node
from holdfast.sources.directory.beneath import Beneath
from holdfast.sources.directory.reading import changed

_BUFFER_BYTES = 1 << 18


@functools.cache
def can_read_apart() -> bool:
    """Return whether this system can hand a file to another process without opening it."""
    return sys.platform == "linux" and os.path.isdir("/proc/self/fd")  # noqa: PTH112


def open_apart(
    tree: Beneath,
    path: str,
    node: Node,
    *,
    on_change: Callable[[], None],
    on_error: Callable[[], None],
) -> BinaryIO:
    """Return a stream of the regular file at `path`, which another process reads.

    Raises:
        OSError: It cannot be read, or is no regular file (any more).
    """
    handle = tree.open_file(path, os.O_PATH)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no longer a regular file")
        if not os.access(f"/proc/self/fd/{handle}", os.R_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        raw = _ApartFile(handle, node, on_change=on_change, on_error=on_error)
    except BaseException:
        os.close(handle)
        raise
    return io.BufferedReader(raw, _BUFFER_BYTES)


class _ApartFile(io.RawIOBase):
    def __init__(
        self,
        handle: int,
        node: Node,
        *,
        on_change: Callable[[], None],
        on_error: Callable[[], None],
    ) -> None:
        super().__init__()
        self._process = subprocess.Popen(
            ["cat", f"/proc/self/fd/{handle}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[handle],
            env={},
            bufsize=0,
        )
        self._handle = handle
        self._node = node
        self._on_change = on_change
        self._on_error = on_error
        self._count = 0
        self._at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        assert self._process.stdout is not None
        count = self._process.stdout.readinto(buffer) or 0  # type: ignore[attr-defined]
        self._count += count
        if count == 0 and len(buffer) > 0 and not self._at_end:
            self._at_end = True
            if self._process.wait() != 0:
                self._on_error()
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return int(count)

    def close(self) -> None:
        if not self.closed:
            if not self._at_end:
                self._process.kill()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process.wait()
            count = self._count if self._at_end else None
            if changed(os.fstat(self._handle), self._node, count):
                self._on_change()
            os.close(self._handle)
        super().close()
