"""The files of one restore: all beside the target, all carrying the restore's token."""

from __future__ import annotations

import os
from typing import NamedTuple

from holdfast.sources.sqlite.agent import files


class Names(NamedTuple):
    """Absolute paths of a restore's files.

    Attributes:
        target: The live database.
        staged: The database to restore.
        saved: A copy of the replaced content, made on request when the swap is a copy.
    """

    target: str
    staged: str
    saved: str

    @property
    def log(self) -> str:
        """How far a swap by copying came; see `marking`."""
        return self.staged + ".log"

    @property
    def previous(self) -> str:
        """The replaced file, when the swap exchanges files; `-wal` and so on alike."""
        return self.staged + ".previous"

    def all(self) -> list[str]:
        """Return everything that may be left, in the order in which to remove it.

        The log goes last: while it is there, it tells what happened.
        """
        databases = (self.staged, self.previous, self.saved)
        return [
            *(name + suffix for name in databases for suffix in ("", *files.SIDE_SUFFIXES)),
            self.log,
        ]


def names_for(target: str, token: str, scratch: str) -> Names:
    """Return the files of the restore `token` of the database at `target`."""
    directory, name = os.path.split(target)
    return Names(
        target=target,
        staged=os.path.join(directory, f".{name}.holdfast-{token}"),
        saved=os.path.join(scratch, f"{name}.holdfast-{token}.previous"),
    )
