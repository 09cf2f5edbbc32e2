"""Which entries of a live directory a restore may replace or remove.

A backup speaks only for what it took. What the patterns left out, what belongs to others,
what could not be read at capture and what was not asked for stays as it is, where it is.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from holdfast.sources.directory.beneath import Beneath, below, display, join
from holdfast.sources.directory.patterns import PathPatterns
from holdfast.sources.directory.reserved import Reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a restore covers of the live directory. Paths are relative to it.

    Attributes:
        patterns: Those of the plan today and those of the backup: an entry that either left
            out is not covered.
        mounts: Other file systems below the directory; they cannot be moved.
        problems: As `display` shows them: paths that the backup could not take.
        only: Paths to restore, each with all below; empty means all.
    """

    patterns: tuple[PathPatterns, ...]
    reserved: Reserved
    mounts: frozenset[str] = frozenset()
    problems: frozenset[str] = frozenset()
    only: tuple[str, ...] = ()

    @property
    def unlimited(self) -> bool:
        """Whether everything is covered, so that no walk over the live directory need tell."""
        return not (
            any(patterns.selective for patterns in self.patterns)
            or self.reserved.paths
            or self.mounts
            or self.problems
            or self.only
        )

    def untouchable(self, path: str, status: os.stat_result) -> bool:
        """Return whether the live entry stays whatever the backup holds."""
        return path in self.mounts or self.reserved.has(path, status)

    def covers(self, path: str, status: os.stat_result) -> bool:
        """Return whether the backup would hold the live entry if it had existed then."""
        if self.untouchable(path, status) or self._was_problem(path) or self.leads(path):
            return False
        is_directory = stat.S_ISDIR(status.st_mode)
        return all(patterns.selects(path, is_directory=is_directory) for patterns in self.patterns)

    def leads(self, path: str) -> bool:
        """Return whether `path` was not asked for, though it may lead to what was."""
        return bool(self.only) and not any(below(path, wanted) for wanted in self.only)

    def _was_problem(self, path: str) -> bool:
        if not self.problems:
            return False
        parts = display(path).split("/")
        return any("/".join(parts[:count]) in self.problems for count in range(len(parts) + 1))


def held_directories(scope: Scope, live: Beneath, staged: Beneath) -> frozenset[str]:
    """Return the live directories that cannot be moved as a whole.

    That is, those with something below that stays: it is untouchable, or it is not covered
    and the backup has nothing in its place.
    """
    if scope.unlimited:
        return frozenset()
    held: set[str] = set()
    pending = list(scope.only) or [""]
    for wanted in scope.only:
        _hold_ancestors(wanted, held)
    while pending:
        directory = pending.pop()
        status = live.find(directory)
        if status is None or not stat.S_ISDIR(status.st_mode):
            continue
        for name in live.names(directory):
            path = join(directory, name)
            status = live.find(path)
            if status is None:
                continue
            stays = scope.untouchable(path, status) or (
                not scope.covers(path, status) and staged.find(path) is None
            )
            if stays:
                _hold_ancestors(path, held)
            elif stat.S_ISDIR(status.st_mode):
                pending.append(path)
    return frozenset(held)


def _hold_ancestors(path: str, held: set[str]) -> None:
    while path:
        path = path.rpartition("/")[0]
        held.add(path)
