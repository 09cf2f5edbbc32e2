"""Extended attributes, POSIX access lists among them, where the system has them."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable

Attributes = tuple[tuple[str, bytes], ...]

CAPABILITIES = "security.capability"
"""Grants privileges to whoever runs the file, as set-uid does."""

_ABSENT = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENODATA, errno.ENOENT, errno.ENOTDIR}
_DENIED = {errno.EACCES, errno.EPERM}


def readable() -> bool:
    """Return whether attributes can be read here."""
    return sys.platform == "linux" and os.path.isdir("/proc/self/fd")  # noqa: PTH112


def read_attributes(target: int | str) -> Attributes:
    """Return the attributes of an open file or of a path (not following a link), sorted.

    Those that this user may not read, and all on a file system without any, are left out.
    """
    follow = isinstance(target, int)
    try:
        names = os.listxattr(target, follow_symlinks=follow)
    except OSError as error:
        if error.errno in _ABSENT | _DENIED:
            return ()
        raise
    found = []
    for name in sorted(names):
        try:
            found.append((name, os.getxattr(target, name, follow_symlinks=follow)))
        except OSError as error:
            if error.errno not in _ABSENT | _DENIED:
                raise
    return tuple(found)


def write_attributes(target: int | str, attributes: Iterable[tuple[str, bytes]]) -> list[str]:
    """Set attributes; return the names of those that could not be set here."""
    follow = isinstance(target, int)
    refused = []
    for name, value in attributes:
        try:
            os.setxattr(target, name, value, follow_symlinks=follow)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            refused.append(name)
    return refused


def replace_attributes(descriptor: int, wanted: Attributes) -> None:
    """Make the attributes of an open directory those wanted, as far as they can be set.

    Of others, only a user's own and access lists are removed: labels of the security system
    belong to the place.
    """
    if not readable():
        return
    names = {name for name, _ in wanted}
    for name, _ in read_attributes(descriptor):
        if name not in names and name.startswith(("user.", "system.posix_acl_")):
            os.removexattr(descriptor, name)
    write_attributes(descriptor, wanted)
