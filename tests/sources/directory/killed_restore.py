"""Kills a restore of a directory before and after every step, and looks what is there.

Run as a program of its own: it forks for each step, which only a process with one thread
may do. Arguments: a directory on a disk, the mode, and what recovery is told.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from holdfast.sources.base import CaptureContext, RestoreContext
from holdfast.sources.directory import DirectorySource, exchange
from holdfast.sources.directory.removal import remove_tree
from tests.rig.steps import watch
from tests.sources.directory.memory_tree import MemoryTree, picture, store

Picture = dict[str, tuple[object, ...]]


def build(live: Path, *, new: bool) -> None:
    """Make the directory as it was captured, or as it is before the restore."""
    (live / "both").mkdir(parents=True)
    (live / "both" / "file").write_text("new" if new else "old")
    (live / "same").write_text("same")
    (live / ("added" if new else "removed")).mkdir()
    (live / ("added" if new else "removed") / "inner").touch()
    (live / "kind").mkdir() if new else (live / "kind").write_text("a file")
    (live / "both" / ("fresh" if new else "stale")).touch()
    (live / "both" / "stays").write_text("stays")
    live.chmod(0o755 if new else 0o700)


class Deadline:
    """Kills this process before or after the given call."""

    def __init__(self, number: int) -> None:
        self._left = number

    def pass_by(self, perform: Callable[[], Any]) -> Any:
        self._tick()
        result = perform()
        self._tick()
        return result

    def _tick(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def prepare(mode: str, deadline: Deadline) -> None:
    """Count renameat2, too, which is no function of `os`; or do without it."""
    original = exchange.renameat2

    def counted(source: exchange.Place, target: exchange.Place, flags: int) -> None:
        deadline.pass_by(lambda: original(source, target, flags))

    def unsupported(source: exchange.Place, target: exchange.Place, flags: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    exchange.renameat2 = unsupported if mode.endswith("renames") else counted


def restore(base: Path, tree: MemoryTree, mode: str, number: int) -> None:
    """Restore as an operation does, with a journal, in a process that will be killed."""
    deadline = Deadline(number)
    prepare(mode, deadline)
    source = make_source(base)
    exclude = (base / "live" / "both" / "stays",) if mode.startswith("entries") else ()
    context = RestoreContext(token="t0ken", tree=tree, scratch_dir=base, exclude=exclude)
    with (
        watch([base], lambda _, perform, __: deadline.pass_by(perform)),
        source.stage(context) as staged,
    ):
        staged.check()
        (base / "draft").write_text(json.dumps(staged.state()))
        (base / "draft").rename(base / "journal")
        staged.swap()
        staged.discard()
        (base / "journal").unlink()


def make_source(base: Path) -> DirectorySource:
    return DirectorySource("d", base / "live")


def content(live: Path) -> Picture:
    """Return what is there; times of directories may differ after a swap by entries."""
    return {path: (each[0], each[3], each[4]) for path, each in picture(live).items()}


def settle(base: Path, told: str) -> tuple[bool, str]:
    """Recover as an operation does; return whether the live data is new, and how that is known."""
    source = make_source(base)
    journal = base / "journal"
    if not journal.exists():
        swapped = (base / "live" / "added").exists()
        source.sweep("", Path())
        return swapped, "no journal"
    state = json.loads(journal.read_text())
    committed = {"finish": True, "take back": False}.get(told)
    if committed is None or not any(base.glob(".*/steps")):
        # Once what was replaced is being removed, there is no way back and none is asked for.
        committed = source.recover(state, committed=None)
    for _ in range(2):
        assert source.recover(state, committed=committed) is committed
    assert source.recover(state, committed=None) is committed
    journal.unlink()
    return committed, "journal"


def run_child(base: Path, tree: MemoryTree, mode: str, number: int) -> NoReturn:
    code = 1
    try:
        restore(base, tree, mode, number)
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


def run(disk: Path, mode: str, told: str) -> int:
    """Kill at every step in turn; return how many there are."""
    pictures = {}
    tree = None
    for new in (True, False):
        base = disk / ("new" if new else "old")
        base.mkdir()
        build(base / "live", new=new)
        pictures[new] = content(base / "live")
        if new:
            source = make_source(base)
            with source.capture(CaptureContext(scratch_dir=base)) as capture:
                tree = store(source.root, capture)
    assert tree is not None
    number = 0
    while True:
        base = disk / "work"
        base.mkdir()
        build(base / "live", new=False)
        child = os.fork()
        if child == 0:
            run_child(base, tree, mode, number)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        assert killed or os.WEXITSTATUS(status) == 0, f"step {number} failed"
        new, how = settle(base, told)
        if not killed:
            assert new
        found = content(base / "live")
        assert found == pictures[new], f"step {number} ({how}): neither old nor new"
        left = sorted(path.name for path in base.iterdir() if path.name != "draft")
        assert left == ["live"], f"step {number} ({how}): left {left}"
        descriptor = os.open(disk, os.O_RDONLY)
        remove_tree(descriptor, "work")
        os.close(descriptor)
        if not killed:
            return number
        number += 1


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
