"""Removing a directory tree of any depth, with whatever modes, and nothing but it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class _Level:
    name: str
    above: tuple[int, int]
    pending: list[str] = field(default_factory=list)


def remove_tree(parent: int, name: str) -> None:
    """Remove the entry `name` of the directory with the descriptor `parent`, if it is there.

    One descriptor is open at a time, so the tree may be deeper than the process may have
    files open. Symbolic links are removed, not followed; other file systems are not entered.

    Raises:
        OSError: Something could not be removed.
    """
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=parent)
        return
    current = os.dup(parent)
    levels: list[_Level] = []
    try:
        current = _enter(current, name, levels, status.st_dev)
        while levels:
            level = levels[-1]
            if level.pending:
                current = _enter(current, level.pending.pop(), levels, status.st_dev)
            else:
                current = _leave(current, levels.pop())
    finally:
        os.close(current)


def _enter(current: int, name: str, levels: list[_Level], device: int) -> int:
    """Go down into `name`, remove what is no directory there, and note what is."""
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=current)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=current)
        descriptor = os.open(name, _DIRECTORY, dir_fd=current)
    level = _Level(name, _identity(current))
    try:
        status = os.fstat(descriptor)
        if status.st_dev != device:
            raise OSError(errno.EBUSY, "another file system is mounted here", name)
        if stat.S_IMODE(status.st_mode) & 0o700 != 0o700:
            os.fchmod(descriptor, 0o700)
        for child in os.listdir(descriptor):  # noqa: PTH208
            try:
                os.unlink(child, dir_fd=descriptor)
            except OSError as error:
                # Linux says EISDIR for a directory, POSIX EPERM.
                if error.errno not in {errno.EISDIR, errno.EPERM} or not _is_directory(
                    descriptor, child
                ):
                    raise
                level.pending.append(child)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(current)
    levels.append(level)
    return descriptor


def _leave(current: int, level: _Level) -> int:
    """Go up to where `level` was entered from, and remove its directory, empty by now."""
    above = os.open("..", _DIRECTORY, dir_fd=current)
    try:
        if _identity(above) != level.above:
            raise OSError(errno.EBUSY, "it was moved while it was being removed", level.name)
        os.rmdir(level.name, dir_fd=above)
    except BaseException:
        os.close(above)
        raise
    os.close(current)
    return above


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _is_directory(descriptor: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)
