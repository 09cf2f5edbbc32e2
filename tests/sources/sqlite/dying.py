"""What a process that gets killed does: swaps, undoes and settles, with SQLite's writes seen.

`tests.rig.killer` sees the file system calls of Python. Here a layer below SQLite announces
each write, sync, truncation and deletion of SQLite's as a step of that kind as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from holdfast.sources.sqlite.agent import exchanging, replacing, settling
from holdfast.sources.sqlite.agent.names import Names

OWNERSHIP = exchanging.Ownership(0o600, os.geteuid(), os.getegid())


class _AnnouncingFile(apsw.VFSFile):
    announce: Callable[[], None]

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        self.announce()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.announce()
        super().xSync(flags)

    def xTruncate(self, new_size: int) -> None:  # noqa: N802
        self.announce()
        super().xTruncate(new_size)


class _AnnouncingVfs(apsw.VFS):
    def __init__(self, announce: Callable[[], None]) -> None:
        self._announce = announce
        super().__init__("announcing", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802
        file = _AnnouncingFile("unix", name, flags)
        file.announce = self._announce
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._announce()
        super().xDelete(filename, syncdir)


def _announced(folder: Path) -> _AnnouncingVfs:
    mark = folder / "mark"

    def announce() -> None:
        os.truncate(mark, 0)  # a step that the killer sees; it changes nothing

    mark.touch()
    return _AnnouncingVfs(announce)


def swap(names: list[str], *, below: bool = True) -> None:
    """Swap as the agent does, keeping what is replaced.

    Args:
        below: See SQLite's own steps too; its layer has no shared memory for a -wal.
    """
    vfs = _announced(Path(names[0]).parent) if below else None
    replacement = replacing.Replacement(Names(*names), str(Path(names[2]).parent), 5)
    replacement.swap(expected=None, keep=True, ownership=OWNERSHIP)
    del vfs


def swap_above(names: list[str]) -> None:
    """Swap, with only Python's own steps seen."""
    swap(names, below=False)


def settle(names: list[str], staged_id: list[int], committed: bool) -> None:
    """Settle an interrupted swap, with only Python's own steps seen."""
    settling.settle(
        Names(*names),
        staged_id=(staged_id[0], staged_id[1]),
        was_wal=False,
        ownership=OWNERSHIP,
        committed=committed,
        scratch=str(Path(names[2]).parent),
        timeout_s=5,
    )
