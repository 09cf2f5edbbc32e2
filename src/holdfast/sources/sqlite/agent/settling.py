"""Finish or take back a swap that a crash interrupted."""

from __future__ import annotations

from contextlib import suppress

import apsw

from holdfast.errors import RestoreError
from holdfast.sources.sqlite.agent import connecting, exchanging, files, marking
from holdfast.sources.sqlite.agent.names import Names
from holdfast.sources.sqlite.agent.replacing import Replacement

_SWITCH_TIMEOUT_MS = 500


def settle(
    names: Names,
    *,
    staged_id: tuple[int, int],
    was_wal: bool,
    ownership: exchanging.Ownership,
    committed: bool | None,
    scratch: str,
    timeout_s: float,
) -> str | None:
    """Tell whether a swap was committed; finish it or take it back if asked to.

    Args:
        staged_id: Device and inode number of the staged file.
        was_wal: Whether the live database was in WAL mode before.
        committed: True to finish, False to take back, None to only tell.

    Returns:
        How the live database was (now) replaced, or None if it is as it was before.

    Raises:
        RestoreError: What it takes to do so is not there any more.
    """
    way = _way(names, staged_id, scratch, timeout_s)
    if committed is None or (committed and way is not None):
        return way
    if committed:
        _require(names.staged, "the restored database")
        replacement = Replacement(names, scratch, timeout_s)
        return replacement.swap(expected=None, keep=False, ownership=ownership)
    if way is None:
        exchanging.unexchange(names)
        _return_to_wal(names, was_wal)
        return None
    if way == "copied":
        _require(names.saved, "the replaced database")
    Replacement(names, scratch, timeout_s).undo(way)
    return None


def _way(names: Names, staged_id: tuple[int, int], scratch: str, timeout_s: float) -> str | None:
    """Return how the swap was done, or None if it was not committed."""
    live = files.stat(names.target)
    if live is not None and (live[0], live[1]) == staged_id:
        return "placed" if files.stat(names.previous) is None else "exchanged"
    if live is not None and marking.was_copied(names, scratch, timeout_s):
        return "copied"
    return None


def _require(path: str, what: str) -> None:
    if files.stat(path) is None:
        raise RestoreError(
            f"The interrupted restore cannot be settled: {what} is no longer at {path}",
            hint="Restore again from a backup; a safety backup holds what was replaced.",
        )


def _return_to_wal(names: Names, was_wal: bool) -> None:
    """Switch write-ahead logging on again, if the swap had to switch it off and then died."""
    if not was_wal or not files.size(names.target):
        return
    if files.is_wal(files.read_header(names.target)):
        return
    with suppress(apsw.Error):  # without it the database works as well
        connection = connecting.connect(names.target, "mode=rw")
        try:
            connection.set_busy_timeout(_SWITCH_TIMEOUT_MS)
            connection.pragma("journal_mode", "wal")
        finally:
            connection.close()
