"""Put a database file in place by renaming, while nobody has the target open.

For a target that is not there, and for one that is no readable database, into which SQLite
cannot copy. A `-wal`, `-shm` or `-journal` belongs to one database file: beside another it
corrupts it, so it is moved away before, and back when the swap is undone.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple

from holdfast.errors import TargetExists
from holdfast.sources.sqlite.agent import files
from holdfast.sources.sqlite.agent.names import Names


class Ownership(NamedTuple):
    """Permission bits and owner for the restored file."""

    mode: int
    uid: int
    gid: int

    def apply(self, path: str) -> None:
        """Give a file these bits, and the owner as far as this user may."""
        with suppress(PermissionError):
            os.chown(path, self.uid, self.gid)
        os.chmod(path, self.mode)


def place(names: Names, ownership: Ownership) -> None:
    """Put the staged file where no file is.

    Raises:
        TargetExists: A file appeared there meanwhile.
    """
    ownership.apply(names.staged)
    files.sync(names.staged)
    _move_beside(names.target, names.previous)
    files.sync_directory(names.target)
    try:
        os.link(names.staged, names.target)
    except FileExistsError as error:
        _return_beside(names.previous, names.target)
        raise TargetExists(
            f"{names.target} appeared while it was being restored",
            hint="Start the restore again.",
        ) from error
    except OSError:
        if os.path.lexists(names.target):
            raise
        os.rename(names.staged, names.target)  # a file system without hard links
    files.remove(names.staged)
    files.sync_directory(names.target)


def unplace(names: Names) -> None:
    """Undo `place`.

    Raises:
        TargetInUse: Somebody has the restored database open.
    """
    with files.locked_out(names.target):
        _move_beside(names.target, names.staged)
        if _same_file(names.target, names.staged):  # both names: it was killed in between
            os.unlink(names.target)
        else:
            os.rename(names.target, names.staged)
        _return_beside(names.previous, names.target)
        files.sync_directory(names.target)


def exchange(names: Names) -> None:
    """Replace a file that is no readable database, keeping it as `names.previous`.

    Raises:
        TargetInUse: Somebody has it open.
    """
    found = os.stat(names.target)
    with files.locked_out(names.target):
        Ownership(found.st_mode & 0o7777, found.st_uid, found.st_gid).apply(names.staged)
        files.sync(names.staged)
        files.remove(names.previous)
        os.link(names.target, names.previous)
        _move_beside(names.target, names.previous)
        files.sync_directory(names.target)
        os.rename(names.staged, names.target)
        files.sync_directory(names.target)


def unexchange(names: Names) -> None:
    """Undo `exchange`, also one that came only halfway.

    Raises:
        TargetInUse: Somebody has the restored database open.
    """
    if files.stat(names.previous) is None:
        _return_beside(names.previous, names.target)  # killed between the last two steps
        return
    with files.locked_out(names.target):
        if not _same_file(names.previous, names.target):
            _move_beside(names.target, names.staged)
            with suppress(FileExistsError):
                os.link(names.target, names.staged)
        os.replace(names.previous, names.target)
        _return_beside(names.previous, names.target)
        files.remove(names.previous)  # a rename onto the same file leaves both names
        files.sync_directory(names.target)


def _same_file(one: str, other: str) -> bool:
    found = files.stat(one)
    return found is not None and found == files.stat(other)


def _move_beside(source: str, destination: str) -> None:
    """Move what is beside one database file so that it is beside another."""
    for suffix in files.SIDE_SUFFIXES:
        with suppress(FileNotFoundError):
            os.rename(source + suffix, destination + suffix)


def _return_beside(source: str, destination: str) -> None:
    """Move it back; what is there by now stays: somebody has opened that database since."""
    for suffix in files.SIDE_SUFFIXES:
        if files.stat(destination + suffix) is None:
            with suppress(FileNotFoundError):
                os.rename(source + suffix, destination + suffix)
