"""Files of a restore in its scratch directory: what is restored, and what it replaces."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from holdfast.errors import NotEnoughSpace, RestoreError
from holdfast.models.progress import CancellationToken
from holdfast.stores.durable import replace_file

_PIECE = 1 << 20


@contextmanager
def scratch_errors(directory: Path) -> Iterator[None]:
    """Turn an error of the scratch directory into one of Holdfast's.

    Raises:
        NotEnoughSpace: Its disk is full.
        RestoreError: It cannot be written or read otherwise.
    """
    try:
        yield
    except OSError as error:
        kind = NotEnoughSpace if error.errno in {errno.ENOSPC, errno.EDQUOT} else RestoreError
        raise kind(
            f"Cannot use the scratch directory {directory}: {error.strerror}",
            hint="See to it that there is room; nothing was changed.",
        ) from error


def pieces(path: Path, cancel: CancellationToken) -> Iterator[bytes]:
    """Yield the bytes of a file.

    Raises:
        Cancelled: The work was cancelled.
    """
    with scratch_errors(path.parent), path.open("rb") as file:
        while piece := file.read(_PIECE):
            cancel.raise_if_cancelled()
            yield piece


def write_durably(path: Path, values: Any) -> None:
    """Write JSON values so that they are there after a crash, or the file is not."""
    with scratch_errors(path.parent):
        replace_file(str(path), msgspec.json.encode(values))


def read_values(path: Path) -> Any:
    """Return the JSON values of a file; None if it is not there."""
    with scratch_errors(path.parent):
        try:
            return msgspec.json.decode(path.read_bytes())
        except FileNotFoundError:
            return None


def remove_directory(path: Path) -> None:
    """Remove a directory with all in it (idempotent)."""
    shutil.rmtree(path, ignore_errors=True)
