"""What SQLite's and the system's errors mean, in the words of `holdfast.errors`."""

from __future__ import annotations

import errno
import math
import os
from collections import Counter

import apsw

from holdfast.errors import (
    DatabaseDamaged,
    DatabaseEncrypted,
    DatabaseLocked,
    HoldfastError,
    NotADatabase,
    NotEnoughSpace,
    SourceError,
    SourceNotFound,
    TargetInUse,
)
from holdfast.sources.sqlite.agent import files

_LOCK_HINT = (
    "Wait for its transaction to end or stop that application, then try again; "
    "`fuser` or `lsof` on the file names the process."
)
_DAMAGED_HINT = (
    "Restore the newest good backup, or salvage what is left with `sqlite3 FILE .recover`; "
    "--allow-damaged backs it up as it is."
)
_SPARE_BYTES = 1 << 20
_SPACE_ERRORS = (errno.ENOSPC, errno.EDQUOT)
_ENTROPY_SAMPLE_BYTES = 4096
_ENTROPY_BITS = 7.5
"""Of 4096 random bytes the entropy is about 7.95 bits each; of SQLite pages well below 7."""


def locked(path: str, doing: str) -> HoldfastError:
    """Return the error for a database that stayed locked while `doing` `back up` or `restore`."""
    kind = DatabaseLocked if doing == "back up" else TargetInUse
    return kind(
        f"Cannot {doing}: the database is locked by another process ({path})", hint=_LOCK_HINT
    )


def translate(error: Exception, path: str, doing: str = "back up") -> HoldfastError:
    """Return what an error of apsw or of the system means for the database at `path`."""
    if isinstance(error, HoldfastError):
        return error
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return locked(path, doing)
    if isinstance(error, apsw.FullError) or _is_no_space(error):
        return NotEnoughSpace(
            f"Not enough disk space for the database {path}",
            hint="Free some space on the disk, then try again; nothing half-written was left.",
        )
    if isinstance(error, apsw.NotADBError):
        return unreadable(path)
    if isinstance(error, apsw.CorruptError):
        return damaged(path, [str(error)])
    if isinstance(error, FileNotFoundError):
        return missing(path)
    return SourceError(
        f"Cannot {doing}: the database {path} cannot be opened: {error}",
        hint="See that this user may read and write the file and its directory.",
    )


def _is_no_space(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in _SPACE_ERRORS


def require_space(path: str, destination: str, needed_bytes: int) -> None:
    """Raise `NotEnoughSpace` unless the disk of `destination` has room for a copy of `path`."""
    folder = os.path.dirname(destination)
    disk = os.statvfs(folder)
    free_bytes = disk.f_bavail * disk.f_frsize
    if needed_bytes + _SPARE_BYTES > free_bytes:
        raise NotEnoughSpace(
            f"Not enough disk space: a temporary copy of {path} needs {needed_bytes:,} bytes, "
            f"{folder} has {free_bytes:,}",
            hint="Free some space there, or set scratch_dir to another disk.",
        )


def missing(path: str) -> SourceNotFound:
    """Return the error for a database file that is not there."""
    return SourceNotFound(
        f"There is no database at {path}",
        hint="Check the path or the database URL; a relative one starts at the directory "
        "in which Holdfast was started.",
    )


def damaged(path: str, reasons: list[str]) -> DatabaseDamaged:
    """Return the error for a database that fails its integrity check."""
    shown = "; ".join(reasons[:3])
    more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return DatabaseDamaged(f"The database {path} is damaged: {shown}{more}", hint=_DAMAGED_HINT)


def unreadable(path: str) -> NotADatabase:
    """Return why SQLite says of a file that it is no database.

    Only to be called while this process has no connection to that file.
    """
    if os.path.isdir(path):
        return NotADatabase(f"{path} is a directory, not a database", hint="Name the file itself.")
    with open(path, "rb", buffering=0) as file:
        head = file.read(_ENTROPY_SAMPLE_BYTES)
    if not head.startswith(files.MAGIC) and _looks_random(head) and files.size(path) % 512 == 0:
        return DatabaseEncrypted(
            f"The database {path} looks encrypted (as by SQLCipher) and cannot be read "
            "without its key",
            hint="Let the application export a plain copy and back that up, or take the file "
            "as it is with --allow-damaged while the application is stopped.",
        )
    return NotADatabase(
        f"{path} is not a SQLite database: it does not begin with a valid SQLite header",
        hint="Check the path; --allow-damaged backs the file up as it is.",
    )


def _looks_random(data: bytes) -> bool:
    if len(data) < 512:
        return False
    total = len(data)
    entropy = -sum(n / total * math.log2(n / total) for n in Counter(data).values())
    # A sample of n bytes cannot reach 8 bits; 512 random ones give about 7.6.
    return entropy > (_ENTROPY_BITS if total >= _ENTROPY_SAMPLE_BYTES else 7.2)
