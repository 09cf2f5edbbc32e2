"""What was written into a restored directory before its swap was taken back is never lost.

Between a crash and the next command, or the failure of another source's swap, the application
may have written into what the restore had put in place. When that comes out again and is not
as it was staged, it is kept whole beside the live directory, under a name that nobody sweeps.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from holdfast.sources.directory.beneath import Beneath
from holdfast.sources.directory.reserved import STAGING_MARK
from holdfast.sources.directory.steps import Step, decode_path, read_steps
from holdfast.sources.directory.swap import Swap
from holdfast.stores.durable import sync_open_directory

_MARK = ".after-interrupted-restore-"


def aside_of(container: Path) -> Path:
    """Return where the staging directory `container` is kept if it holds what must be."""
    name, _, token = container.name.rpartition(STAGING_MARK)
    return container.with_name(f"{name.removeprefix('.')}{_MARK}{token}")


def set_aside(swap: Swap) -> Path | None:
    """Keep the staging directory of a swap that was taken back if it holds others' writes.

    Durable and idempotent.

    Returns:
        Where it is now; None if all that came out is as it was staged.

    Raises:
        OSError: It could not be kept; it is still where it was.
    """
    aside = aside_of(swap.container)
    if swap.container.is_dir() and _was_written_to(swap):
        swap.container.rename(aside)
        with Beneath.open(aside.parent) as parent:
            sync_open_directory(parent.directory())
    return aside if aside.is_dir() else None


def _was_written_to(swap: Swap) -> bool:
    with Beneath.open(swap.container) as container:
        return any(
            _is_foreign(swap, step) for step in read_steps(container) if isinstance(step, Step)
        )


def _is_foreign(swap: Swap, step: Step) -> bool:
    """Whether what now stands on the staged side is not just what was staged there.

    The entry itself was renamed, which may set its change time, so the time of its content
    tells; of what lies below, every change sets the change time of it or of its directory.
    """
    path = swap.staged / decode_path(step.path)
    try:
        status = path.lstat()
        if status.st_ino != step.new or status.st_mtime_ns > swap.prepared_ns:
            return True
        if not stat.S_ISDIR(status.st_mode):
            return False
        return any(
            _changed_ns(Path(folder, name).lstat()) > swap.prepared_ns
            for folder, directories, files in os.walk(path, onerror=_raise)
            for name in (*directories, *files)
        )
    except FileNotFoundError:
        return False
    except OSError:
        return True  # what cannot be looked at is not thrown away


def _changed_ns(status: os.stat_result) -> int:
    """Return when an entry changed last, as far as its own move does not tell.

    One of several names of a file may have been moved, which sets the change time of them all.
    """
    linked = status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode)
    return status.st_mtime_ns if linked else status.st_ctime_ns


def _raise(error: OSError) -> None:
    raise error
