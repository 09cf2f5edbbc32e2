"""File operations below one directory that no symbolic link can lead out of it.

Every path is taken apart and opened part by part, relative to directory descriptors and
with `O_NOFOLLOW`; so whatever others put in the way, nothing outside is read or written.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Self

_OPEN_DIRECTORIES = 64
"""Descriptors kept open; trees may be deeper than a process may have files open."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Beneath:
    """The tree below one open directory. Paths are relative; `""` is the directory itself.

    Safe to use from several threads. Raises `OSError` as the system does; a symbolic link
    in the place of a directory is `NotADirectoryError`.
    """

    def __init__(self, descriptor: int) -> None:
        self._root = descriptor
        self._lock = threading.RLock()
        self._cache: OrderedDict[str, int] = OrderedDict()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the directory at `path`, which may itself be a symbolic link to one."""
        return cls(os.open(path, _DIRECTORY))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every descriptor (idempotent)."""
        with self._lock:
            self.forget()
            if self._root >= 0:
                os.close(self._root)
                self._root = -1

    def forget(self) -> None:
        """Close the descriptors below the root, because directories were moved."""
        with self._lock:
            while self._cache:
                os.close(self._cache.popitem()[1])

    def directory(self, path: str = "") -> int:
        """Return a descriptor of the directory at `path`.

        It is ours and stays open at least while the next few dozen others are asked for.
        """
        with self._lock:
            if not path:
                if self._root < 0:
                    raise ValueError("this tree is closed")
                return self._root
            found = self._cache.get(path)
            if found is not None:
                self._cache.move_to_end(path)
                return found
            descriptor = self._open_directory(path)
            self._cache[path] = descriptor
            if len(self._cache) > _OPEN_DIRECTORIES:
                os.close(self._cache.popitem(last=False)[1])
            return descriptor

    def _open_directory(self, path: str) -> int:
        """Open `path` from the nearest ancestor that is open already."""
        ancestor, missing = path, []
        while ancestor and ancestor not in self._cache:
            ancestor, _, name = ancestor.rpartition("/")
            missing.append(name)
        current = self.directory(ancestor)
        owned = False
        for name in reversed(missing):
            try:
                following = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
            finally:
                if owned:
                    os.close(current)
            current, owned = following, True
        return current

    def parent(self, path: str) -> tuple[int, str]:
        """Return a descriptor of the directory that holds `path`, and the name in it."""
        directory, _, name = path.rpartition("/")
        return self.directory(directory), name

    def lstat(self, path: str) -> os.stat_result:
        """Return what stands at `path`, not following a link."""
        with self._lock:
            if not path:
                return os.fstat(self.directory())
            descriptor, name = self.parent(path)
            return os.stat(name, dir_fd=descriptor, follow_symlinks=False)

    def find(self, path: str) -> os.stat_result | None:
        """Return what stands at `path`, or None."""
        try:
            return self.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, path: str = "") -> list[str]:
        """Return the names in the directory at `path`, sorted."""
        with self._lock:
            return sorted(os.listdir(self.directory(path)))  # noqa: PTH208

    def readlink(self, path: str) -> str:
        """Return the target of the symbolic link at `path`."""
        with self._lock:
            descriptor, name = self.parent(path)
            return os.readlink(name, dir_fd=descriptor)

    def open_file(self, path: str, flags: int, mode: int = 0o600) -> int:
        """Open `path` with `flags`, `O_NOFOLLOW` and `O_CLOEXEC`; the caller closes it."""
        with self._lock:
            descriptor, name = self.parent(path)
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=descriptor)

    def link_path(self, path: str) -> str:
        """Return a path for the few calls that take no directory descriptor (Linux only).

        It leads through the open descriptor of the parent, so its only part that could be
        a link is the last one, and those calls are told not to follow it.
        """
        descriptor, name = self.parent(path)
        return f"/proc/self/fd/{descriptor}/{name}"


def below(path: str, ancestor: str) -> bool:
    """Return whether `path` is `ancestor` or lies below it; `""` is above all."""
    return not ancestor or path == ancestor or path.startswith(ancestor + "/")


def join(directory: str, name: str) -> str:
    """Return the relative path of `name` in `directory`."""
    return f"{directory}/{name}" if directory else name


def display(path: str) -> str:
    """Return `path` for people and for JSON: bytes that are not UTF-8 as `\\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
