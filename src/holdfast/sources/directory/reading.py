"""Reading one file of a live directory, and telling whether it changed meanwhile."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from typing import Any

from holdfast.models.node import Node
from holdfast.sources.directory.beneath import Beneath

# Never wait for a writer of a FIFO that has taken the file's place.
_READ = os.O_RDONLY | os.O_NONBLOCK
_NO_ACCESS_TIME: int = getattr(os, "O_NOATIME", 0)


class CheckedFile(io.FileIO):
    """A file being read that tells at its end, or when it is closed, if it was changed.

    Compared with what the walk saw: inode, size, modification time, and the bytes read.
    """

    def __init__(
        self,
        descriptor: int,
        node: Node,
        *,
        on_change: Callable[[], None],
        on_error: Callable[[], None],
    ) -> None:
        super().__init__(descriptor, "rb")
        self._node = node
        self._on_change = on_change
        self._on_error = on_error
        self._count = 0
        self._at_end = False
        self._settled = False

    def read(self, size: int | None = -1, /) -> Any:
        """Read up to `size` bytes, or all."""
        if size is None or size < 0:
            return self.readall()
        try:
            data = super().read(size)
        except OSError:
            self._on_error()
            raise
        self._advance(len(data or b""), at_end=not data and size > 0)
        return data

    def readall(self) -> bytes:
        """Read all that is left."""
        try:
            data = super().readall() or b""
        except OSError:
            self._on_error()
            raise
        self._advance(len(data), at_end=True)
        return data

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into `buffer`."""
        try:
            count = super().readinto(buffer)
        except OSError:
            self._on_error()
            raise
        self._advance(count or 0, at_end=not count and len(buffer) > 0)
        return count

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._settle()
        super().close()

    def _advance(self, count: int, *, at_end: bool) -> None:
        self._count += count
        if at_end:
            self._at_end = True
            self._settle()

    def _settle(self) -> None:
        if self._settled:
            return
        self._settled = True
        count = self._count if self._at_end else None
        if changed(os.fstat(self.fileno()), self._node, count):
            self._on_change()


def changed(status: os.stat_result, node: Node, count: int | None) -> bool:
    """Return whether a file is not as the walk saw it, or another number of bytes was read."""
    return (
        (status.st_size, status.st_mtime_ns) != (node.size, node.mtime_ns)
        or status.st_ino != node.inode
        or (count is not None and count != node.size)
    )


def open_regular(tree: Beneath, path: str) -> int:
    """Return a descriptor of the regular file at `path`, leaving its access time if allowed.

    Raises:
        OSError: It cannot be opened, or is no regular file (any more).
    """
    try:
        descriptor = tree.open_file(path, _READ | _NO_ACCESS_TIME)
    except PermissionError:
        # Only the owner and root may leave the access time alone.
        descriptor = tree.open_file(path, _READ)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no longer a regular file")
    return descriptor
