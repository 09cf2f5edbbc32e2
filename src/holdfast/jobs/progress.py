"""From what an operation tells of itself to how far a job is: one number that only rises.

An operation goes through steps, each with bytes or items of its own. A kind of job gives each of
its steps a span of the whole; a step that says how much of it is done fills its span, and one
that does not, or is none of those known, takes half of what is left of the span it is in.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.models.job import JobKind, JobProgress
from holdfast.models.progress import Progress

_LAST = 99
"""100 is for when the job is completed."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of the whole, in percent, that a step and what is done within it takes.

    Attributes:
        whole: Whether the step's own bytes measure all of it, so that others do not count.
    """

    begin: float
    end: float
    whole: bool = False


_BACKUP = {
    "": _Span(0, 5),
    "Backing up": _Span(0, 90, whole=True),
    "Verifying": _Span(90, 97, whole=True),
    "Finding what is used": _Span(97, _LAST),
}
_RESTORE = {
    "": _Span(0, 30),
    "Verifying": _Span(0, 30, whole=True),
    "Staging": _Span(30, 65),
    "Making a safety backup": _Span(65, 70),
    "Backing up": _Span(70, 90, whole=True),
    "Replacing": _Span(90, _LAST),
}
_COPY = {
    "": _Span(0, 5),
    "Checking the backup file": _Span(0, 20, whole=True),
    "Restoring into": _Span(20, 85, whole=True),
    "Checking": _Span(85, _LAST),
}
_SPANS = {
    JobKind.BACKUP: _BACKUP,
    JobKind.RESTORE: _RESTORE,
    JobKind.RESTORE_ARCHIVE: _RESTORE,
    JobKind.UNDO: _RESTORE,
    JobKind.VERIFY: {"": _Span(0, 10), "Verifying": _Span(0, _LAST, whole=True)},
    JobKind.DRILL: {"": _Span(50, _LAST), "Verifying": _Span(0, 50, whole=True)},
    JobKind.IMPORT: {"": _Span(0, 50), "Importing": _Span(50, _LAST)},
    JobKind.CLEANUP: {"": _Span(0, _LAST)},
    JobKind.CHECK: {"": _Span(0, 20), "Reading packs": _Span(20, _LAST, whole=True)},
    JobKind.PRUNE: {"": _Span(0, _LAST)},
    JobKind.COPY: _COPY,
}
_TABLE = " table "


class Meter:
    """Keeps how far one job is."""

    def __init__(self, kind: JobKind) -> None:
        self._spans = _SPANS[kind]
        self._span = self._spans[""]
        self._step = ""
        self._percent = 0.0
        self._begin = 0.0
        self._end = 0.0
        self._done_tables = 0
        self._total_tables = 0
        self.progress = JobProgress()

    def take(self, told: Progress) -> JobProgress:
        """Return how far the job is, now that an operation told this."""
        if told.step != self._step:
            self._enter(told.step)
        share = _share(told)
        if share is not None and (not self._span.whole or self._is_known(told.step)):
            reached = self._begin + (self._end - self._begin) * share
            self._percent = min(max(self._percent, reached), _LAST)
        done, total = self._tables(told)
        self.progress = JobProgress(
            percent=int(self._percent),
            current_step=told.step,
            total_tables=total,
            completed_tables=done,
            done_bytes=told.done_bytes,
            total_bytes=told.total_bytes,
        )
        return self.progress

    def _enter(self, step: str) -> None:
        self._step = step
        known = self._is_known(step)
        if known is not None and known != self._span:
            self._span = known
            self._percent = max(self._percent, known.begin)
        if self._span.whole:
            self._begin, self._end = self._span.begin, self._span.end
        else:
            self._begin = max(self._percent, self._span.begin)
            self._end = max(self._begin, (self._begin + self._span.end) / 2)

    def _is_known(self, step: str) -> _Span | None:
        return next(
            (span for name, span in self._spans.items() if name and step.startswith(name)), None
        )

    def _tables(self, told: Progress) -> tuple[int, int]:
        """Return the tables done and in all, with those of the source that is at work."""
        if told.done_tables is not None:
            self._done_tables, self._total_tables = told.done_tables, told.total_tables
        elif told.total_items and _TABLE in f" {told.step} ".lower():
            total = max(self._total_tables, told.total_items)
            return min(max(self._done_tables, told.done_items), total), total
        return self._done_tables, self._total_tables


def _share(told: Progress) -> float | None:
    if told.total_bytes:
        return min(told.done_bytes / told.total_bytes, 1.0)
    if told.total_items:
        return min(told.done_items / told.total_items, 1.0)
    return None
