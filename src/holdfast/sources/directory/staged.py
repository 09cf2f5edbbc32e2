"""A restore of a directory: staged beside the live one, checked, then exchanged for it.

Nothing is written before `check`, `state` or `swap` first asks for it: `plan` alone, as for
a dry run, reads only what is there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from holdfast.errors import RestoreError, TargetExists
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.node import NodeType
from holdfast.sources.base import RestoreContext
from holdfast.sources.directory.area import Place, StagingArea, choose_place, sweep
from holdfast.sources.directory.aside import set_aside
from holdfast.sources.directory.beneath import Beneath, display
from holdfast.sources.directory.comparison import Comparison
from holdfast.sources.directory.exchange import flush
from holdfast.sources.directory.failures import translated
from holdfast.sources.directory.metadata import MetadataWriter
from holdfast.sources.directory.nodes import node_type
from holdfast.sources.directory.scope import Scope, held_directories
from holdfast.sources.directory.selection import Selection
from holdfast.sources.directory.steps import Step, encode_path, plan_steps, write_steps
from holdfast.sources.directory.swap import Swap
from holdfast.sources.directory.writing import TreeWriter, Written

_log = logging.getLogger("holdfast.restore")

_TREE = "tree"
_SHOWN = 5


class _Phase(Enum):
    PREPARED = auto()
    SWAPPED = auto()
    UNDONE = auto()
    STUCK = auto()
    """A swap failed and could not be taken back: only `recover` may touch what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """How entries are restored; see `DirectorySource`."""

    strip_setuid: bool
    devices: bool


class StagedDirectory:
    """The staged restore of one directory."""

    def __init__(
        self,
        context: RestoreContext,
        selection: Selection,
        scope: Scope,
        *,
        root: Path,
        shown: Path,
        options: RestoreOptions,
    ) -> None:
        """Prepare for the live directory or target `root`, called `shown` to the user."""
        self._context = context
        self._selection = selection
        self._scope = scope
        self._root = root
        self._shown = shown
        self._options = options
        self._name = root.name or "root"
        self._phase = _Phase.PREPARED
        self._area: StagingArea | None = None
        self._place: Place | None = None
        self._written = Written()
        self._swap: Swap | None = None
        self._made: list[Path] = []

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say which files would be created, replaced and removed, with some of their names."""
        with translated("read", self._shown), contextlib.ExitStack() as stack:
            live = None
            if self._root.is_dir():
                live = stack.enter_context(Beneath.open(self._root))
            return Comparison(self._selection, self._scope, live).changes(str(self._shown))

    def check(self) -> tuple[CheckResult, ...]:
        """Check that every file of the backup is staged with its size, and their number."""
        with translated("stage a restore of", self._shown):
            area = self._stage()
            missing = self._missing(area)
        root = self._selection.full("")
        faults = [f"missing: {display(path)}" for path in missing]
        faults += [f"wrong size: {display(path)}" for path in self._written.wrong]
        results = [
            CheckResult(
                name=f"{root}: files",
                passed=not faults,
                detail=_shorten(faults)
                or f"{self._written.files} files, {self._written.size_bytes} bytes",
            )
        ]
        results += self._check_count(root)
        notes = [f"{count} times {name}" for name, count in sorted(self._written.refused.items())]
        notes += [
            f"{count} of kind {kind}" for kind, count in sorted(self._written.skipped.items())
        ]
        if notes:
            detail = f"not restored here: {_shorten(notes)}"
            results.append(CheckResult(name=f"{root}: metadata", passed=True, detail=detail))
        return tuple(results)

    def state(self) -> dict[str, Any]:
        """Return where everything stands; what is staged is durable then."""
        return self._prepare().state()

    def makes(self) -> tuple[int, int] | None:
        """Return `(st_dev, st_ino)` of the directory that a swap puts where there is none.

        Returns:
            None if there is one that the swap replaces. What is staged is durable then.
        """
        swap = self._prepare()
        if swap.live != self._root.parent or swap.telling is None or swap.telling.old:
            return None
        with translated("stage a restore of", self._shown):
            status = (swap.staged / self._name).lstat()
        return status.st_dev, status.st_ino

    def swap(self) -> None:
        """Exchange the staged for the live directory (or for the entries of it that may move).

        Raises:
            RestoreError: It failed; the live directory is as it was.
            TargetExists: Something was put into the target meanwhile.
        """
        if self._phase is not _Phase.PREPARED:
            raise RestoreError(f"The restore of {self._shown} was swapped already")
        swap = self._prepare()
        with translated("replace", self._shown):
            try:
                swap.forward(replace=self._context.target is None)
                self._refuse_occupied(swap)
            except BaseException:
                self._phase = _Phase.STUCK
                swap.backward()
                self._phase = _Phase.UNDONE
                raise
        self._phase = _Phase.SWAPPED

    def undo(self) -> None:
        """Exchange back what `swap` exchanged."""
        if self._phase is not _Phase.SWAPPED or self._swap is None:
            raise RestoreError(f"There is no restore of {self._shown} to take back")
        self._phase = _Phase.STUCK
        with translated("put back", self._shown):
            self._swap.backward()
        self._phase = _Phase.UNDONE

    def discard(self) -> None:
        """Remove what is staged, or after a swap what it replaced (idempotent)."""
        area, self._area = self._area, None
        if area is None:
            return
        if self._phase is _Phase.STUCK:
            area.close()
            return
        with translated("remove what was staged for", self._shown):
            if self._phase is _Phase.UNDONE and self._swap is not None:
                kept = set_aside(self._swap)
                if kept is not None:
                    _log.warning(
                        "%s was written to while it was restored; that is kept in %s",
                        self._shown,
                        kept,
                    )
            area.remove()
            if self._phase is not _Phase.SWAPPED:
                for directory in reversed(self._made):
                    with contextlib.suppress(OSError):
                        directory.rmdir()

    def _stage(self) -> StagingArea:
        """Write what is restored, once, and return where."""
        if self._area is not None:
            return self._area
        if self._phase is not _Phase.PREPARED:
            raise RestoreError(f"The restore of {self._shown} is over")
        self._made = _make_parents(self._root)
        self._place = choose_place(self._root)
        sweep(self._place.directory, self._name)
        area = StagingArea(self._place, self._name, self._context.token)
        self._area = area
        os.mkdir(_TREE, 0o700, dir_fd=area.tree.directory())
        metadata = MetadataWriter(strip_setuid=self._options.strip_setuid)
        writer = TreeWriter(
            self._context.tree,
            self._selection,
            metadata=metadata,
            devices=self._options.devices,
            progress=self._context.progress,
            cancel=self._context.cancel,
        )
        self._written = writer.write(area.tree, f"{_TREE}/{self._name}")
        return area

    def _missing(self, area: StagingArea) -> list[str]:
        """Return the paths of files that are not staged with the size that they must have."""
        missing = []
        for path, node in self._selection.nodes():
            if node.type is not NodeType.FILE:
                continue
            try:
                status = area.tree.find(f"{_TREE}/{self._name}/{path}")
            except PermissionError:
                continue  # Its directory has a mode that locks us out, now that it is set.
            if status is None or node_type(status) is not NodeType.FILE:
                missing.append(path)
            elif status.st_size != node.size and path not in self._written.wrong:
                self._written.wrong.append(path)
        return missing

    def _check_count(self, root: str) -> list[CheckResult]:
        manifest = self._context.tree.manifest
        content = manifest.contents.get(root)
        if content is None or self._selection.only:
            return []
        partial = any(problem.path.startswith(root) for problem in manifest.problems)
        count = self._written.files
        # Others may count links and the like among the files.
        passed = content.count in {count, count + self._written.others} or (
            partial and count < content.count
        )
        detail = f"{count} staged, {content.count} in the manifest"
        return [CheckResult(name=f"{root}: file count", passed=passed, detail=detail)]

    def _prepare(self) -> Swap:
        """Find the steps of the swap and make everything durable, once."""
        if self._swap is not None:
            return self._swap
        with translated("stage a restore of", self._shown):
            area = self._stage()
            held = self._held(area)
            live, staged = self._root, area.path / _TREE / self._name
            if held is None:
                step = Step(encode_path(self._name), _inode(live), _inode(staged))
                live, staged = live.parent, staged.parent
                telling = write_steps(area.tree, iter([step]))
            else:
                with Beneath.open(live) as old, Beneath.open(staged) as new:
                    telling = write_steps(area.tree, plan_steps(self._scope, held, old, new))
            swap = Swap(
                live=live,
                staged=staged,
                container=area.path,
                telling=telling,
                prepared_ns=time.time_ns(),
            )
            swap.save()
            flush(area.tree)
            self._swap = swap
        return self._swap

    def _held(self, area: StagingArea) -> frozenset[str] | None:
        """Return the live directories to go into, or None to exchange the directory itself."""
        if not self._root.is_dir():
            return None
        with (
            Beneath.open(self._root) as live,
            Beneath.open(area.path / _TREE / self._name) as staged,
        ):
            held = held_directories(self._scope, live, staged)
        whole = self._place is not None and self._place.beside and not held
        return None if whole else held

    def _refuse_occupied(self, swap: Swap) -> None:
        """Refuse a target that was empty when we looked and is not any more."""
        if self._context.target is None:
            return
        replaced = swap.staged / self._name
        if swap.live == self._root.parent and replaced.is_dir() and any(replaced.iterdir()):
            raise TargetExists(
                f"Cannot restore into {self._shown}: something was put there meanwhile",
                hint="Choose another target, or remove what is there.",
            )


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return 0


def _make_parents(root: Path) -> list[Path]:
    """Make the directories above `root` that are missing; return them, topmost first."""
    missing = []
    parent = root.parent
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for directory in reversed(missing):
        directory.mkdir()
    return missing[::-1]


def _shorten(parts: Sequence[str]) -> str:
    more = len(parts) - _SHOWN
    return "; ".join(parts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
