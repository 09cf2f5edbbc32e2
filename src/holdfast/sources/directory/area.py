"""The private directory in which a restore is staged, on the file system of the live one."""

from __future__ import annotations

import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import RestoreError
from holdfast.sources.directory.beneath import Beneath
from holdfast.sources.directory.mounts import mount_points
from holdfast.sources.directory.removal import remove_tree
from holdfast.sources.directory.reserved import STAGING_MARK
from holdfast.sources.directory.steps import STEPS
from holdfast.sources.directory.swap import Swap
from holdfast.stores.durable import sync_open_directory

_NAME_BYTES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to stage what shall replace a directory.

    Attributes:
        directory: Existing directory in which the staging directory is made.
        beside: Whether that is the parent, so that the directory itself can be exchanged.
            Otherwise it is the directory itself, of which only the entries can be: it is a
            mount point, or its parent may not be written.
    """

    directory: Path
    beside: bool


def choose_place(root: Path) -> Place:
    """Return where to stage for `root`, an absolute path free of links; its parent exists."""
    parent = root.parent
    if not root.is_dir():
        return Place(directory=parent, beside=True)
    above, own = parent.stat(), root.stat()
    fixed = (
        parent == root
        or above.st_dev != own.st_dev
        or str(root) in mount_points()
        or not os.access(parent, os.R_OK | os.W_OK | os.X_OK, effective_ids=True)
        or (above.st_mode & stat.S_ISVTX and os.geteuid() not in {0, above.st_uid, own.st_uid})
    )
    return Place(directory=root if fixed else parent, beside=not fixed)


class StagingArea:
    """A directory `.<name>.holdfast-<token>`, mode 0700, locked while its process lives."""

    def __init__(self, place: Place, name: str, token: str) -> None:
        """Make it.

        Raises:
            OSError: It cannot be made, or one with that token exists.
        """
        self.path = place.directory / f"{_prefix(name)}{token}"
        self.path.mkdir(mode=0o700)
        self.tree = Beneath.open(self.path)
        _lock(self.tree)

    def close(self) -> None:
        """Close it and leave it where it is (idempotent)."""
        self.tree.close()

    def remove(self) -> None:
        """Remove it with all it holds (idempotent)."""
        remove_area(self.path)
        self.close()


def remove_area(path: Path) -> None:
    """Remove a staging directory, if it is there.

    The steps go first: without them nobody will try to take back a swap from what is left.

    Raises:
        RestoreError: The path is not that of a staging directory.
        OSError: Something could not be removed.
    """
    if STAGING_MARK not in path.name or not path.name.startswith("."):
        raise RestoreError(f"Not a staging directory: {path}")
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove_tree(parent, f"{path.name}/{STEPS}")
        remove_tree(parent, path.name)
        sync_open_directory(parent)
    finally:
        os.close(parent)


def sweep(directory: Path, name: str) -> None:
    """Remove what killed processes staged for the directory `name` and never began to swap.

    Where a swap began there is live data; it is left to `recover`. One that is locked is
    left to the process that works at it.
    """
    try:
        names = os.listdir(directory)  # noqa: PTH208
    except FileNotFoundError:
        return
    for entry in names:
        if not entry.startswith(_prefix(name)):
            continue
        path = directory / entry
        try:
            area = Beneath.open(path)
        except OSError:
            continue
        with area:
            if _lock(area) and not _swap_began(path):
                remove_area(path)


def _prefix(name: str) -> str:
    """Return what the names of staging directories for `name` begin with; cut, for 255 bytes
    are the most that a name may have.
    """
    return f".{os.fsdecode(os.fsencode(name)[:_NAME_BYTES])}{STAGING_MARK}"


def _swap_began(path: Path) -> bool:
    if not (path / STEPS).exists():
        return False
    swap = Swap.find(path)
    # The steps are written before what says that they are complete.
    return swap is not None and swap.begun()


def _lock(area: Beneath) -> bool:
    """Take the lock that a dead process gives up; False if another holds it or none can."""
    try:
        fcntl.flock(area.directory(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
