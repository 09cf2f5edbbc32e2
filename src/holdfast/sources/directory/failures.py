"""What the system says, as errors of ours."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from holdfast.errors import NotEnoughSpace, RestoreError, TargetInUse
from holdfast.sources.directory.beneath import display

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FIXED = {errno.EBUSY, errno.EXDEV}


@contextlib.contextmanager
def translated(action: str, path: Path) -> Iterator[None]:
    """Turn an `OSError` inside into an error that says what could not be done to what.

    Raises:
        NotEnoughSpace: The disk or the quota is full.
        TargetInUse: Something is mounted, or cannot be moved as it is.
        RestoreError: Any other failure.
    """
    shown = display(str(path))
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        if isinstance(error.filename, str):
            why += f" ({display(error.filename)})"
        if error.errno in _FULL:
            raise NotEnoughSpace(
                f"Cannot {action} {shown}: {why}",
                hint="Free some space on the disk of that directory, then try again.",
            ) from error
        if error.errno in _FIXED:
            raise TargetInUse(
                f"Cannot {action} {shown}: {why}",
                hint="It may be a mount point. Restore into a new place instead.",
            ) from error
        raise RestoreError(
            f"Cannot {action} {shown}: {why}",
            hint="See to it that this user may read and write there, then try again.",
        ) from error
