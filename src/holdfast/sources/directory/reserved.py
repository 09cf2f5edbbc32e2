"""Paths inside a protected directory that belong to others: the repository, the databases."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from holdfast.errors import SourceError
from holdfast.sources.directory.beneath import below

STAGING_MARK = ".holdfast-"
"""Part of the name `.<directory>.holdfast-<token>` under which a restore is staged."""


class Reserved:
    """Paths that are never captured, replaced or removed.

    They are known by path (they may not exist yet, as a database's journal) and by device
    and inode (they may have other names, by a link or a bind mount).

    Attributes:
        paths: Those inside the directory, relative to it.
    """

    def __init__(self, root: Path, paths: Iterable[Path], *, relative: Iterable[str] = ()) -> None:
        """Prepare for the directory `root`.

        Args:
            paths: Absolute paths.
            relative: Paths below `root`, as an earlier capture left them out.

        Raises:
            SourceError: The directory lies inside one of them.
        """
        inside = set(relative)
        self._identities: set[tuple[int, int]] = set()
        roots = {os.path.abspath(root), os.path.realpath(root)}  # noqa: PTH100
        for path in paths:
            for name in {os.path.abspath(path), os.path.realpath(path)}:  # noqa: PTH100
                for base in roots:
                    if base == name or base.startswith(name.rstrip("/") + "/"):
                        raise SourceError(
                            f"Cannot protect the directory {root}: it lies inside {path}, "
                            "which is the repository or a database",
                            hint="Protect a directory that is not part of the repository.",
                        )
                    if name.startswith(base.rstrip("/") + "/"):
                        inside.add(name[len(base.rstrip("/")) + 1 :])
            try:
                status = path.stat()
            except OSError:
                continue
            self._identities.add((status.st_dev, status.st_ino))
        self.paths = frozenset(inside)

    def has(self, path: str, status: os.stat_result) -> bool:
        """Return whether the entry at the relative `path` is reserved, or a staged restore."""
        name = path.rpartition("/")[2]
        return (
            path in self.paths
            or (status.st_dev, status.st_ino) in self._identities
            or (name.startswith(".") and STAGING_MARK in name)
        )

    def any_below(self, path: str) -> bool:
        """Return whether a reserved path lies at or below the relative `path`."""
        return any(below(reserved, path) for reserved in self.paths)
