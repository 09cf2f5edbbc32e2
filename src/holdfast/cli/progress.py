"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from holdfast.cli.console import terminal_width
from holdfast.cli.text import format_duration, format_size, printable, shorten
from holdfast.models.progress import Progress

REDRAW_S = 0.1
PLAIN_LINE_S = 10.0
SHORT_STEP_S = 1.0
"""A shorter step that moved nothing is not worth a line."""
_MIN_BAR = 10
_MAX_BAR = 40
_CLEAR = "\r\x1b[K"


class ProgressDisplay:
    """Shows the progress that work reports; a `ProgressCallback`. Safe from any thread.

    On a terminal one line is redrawn at most ten times a second; a step that took a while leaves
    a line of its own, with what it moved. Elsewhere a line is written at the end of each step
    that took or moved something, and every ten seconds in between.
    """

    def __init__(
        self, stream: TextIO, *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._monotonic_s = monotonic_s
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._current: Progress | None = None
        self._step_began_s = 0.0
        self._shown_s = 0.0
        self._drawn = False

    def __call__(self, progress: Progress) -> None:
        """Take note of progress, and show it if it is time to."""
        with self._lock:
            now_s = self._monotonic_s()
            if self._current is None or self._current.step != progress.step:
                self._end_step(now_s)
                self._step_began_s = now_s
                if not self._terminal:
                    self._shown_s = now_s
            self._current = progress
            if now_s - self._shown_s >= (REDRAW_S if self._terminal else PLAIN_LINE_S):
                self._show(progress, now_s)

    def close(self) -> None:
        """End the last step and remove the bar (idempotent)."""
        with self._lock:
            self._end_step(self._monotonic_s())
            self._current = None
            if self._drawn:
                self._write(_CLEAR)
                self._drawn = False

    def clear(self) -> None:
        """Remove the bar, so that something else can be written; it comes back by itself."""
        with self._lock:
            if self._drawn:
                self._write(_CLEAR)
                self._drawn = False
                self._shown_s = 0.0

    def say(self, text: str) -> None:
        """Write a line of its own; the bar comes back below it."""
        with self._lock:
            if self._drawn:
                self._write(_CLEAR)
                self._drawn = False
            self._write(f"{text}\n")

    def _show(self, progress: Progress, now_s: float) -> None:
        self._shown_s = now_s
        elapsed_s = now_s - self._step_began_s
        if not self._terminal:
            self._write(f"{printable(progress.step)}: {_amount(progress, elapsed_s)}\n")
            return
        width = terminal_width(self._stream) or 80
        # One column less, or some terminals wrap.
        self._write(_CLEAR + format_bar(progress, elapsed_s, width - 1))
        self._drawn = True

    def _end_step(self, now_s: float) -> None:
        if self._current is None:
            return
        spent_s = now_s - self._step_began_s
        done = _done(self._current)
        # On a terminal the bar has shown short steps already.
        if spent_s < SHORT_STEP_S and (self._terminal or not done):
            return
        if self._drawn:
            self._write(_CLEAR)
            self._drawn = False
        spent = format_duration(spent_s)
        amount = f"{done} in {spent}" if done else f"done in {spent}"
        self._write(f"{printable(self._current.step)}: {amount}\n")

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()


def format_bar(progress: Progress, elapsed_s: float, width: int) -> str:
    """Return one line: step, bar, percent, bytes, rate, time left; cut to `width` columns."""
    step = printable(progress.step)
    amount = _amount(progress, elapsed_s)
    fraction = _fraction(progress)
    room = width - len(amount) - 4
    bar_width = min(_MAX_BAR, room - min(len(step), 30) - 2)
    if fraction is None or bar_width < _MIN_BAR:
        return shorten(f"{shorten(step, max(room, 8))}  {amount}", width)
    filled = int(fraction * bar_width)
    bar = "=" * filled + ">" * (filled < bar_width) + " " * (bar_width - filled - 1)
    return shorten(f"{shorten(step, room - bar_width - 2)}  [{bar}]  {amount}", width)


def _amount(progress: Progress, elapsed_s: float) -> str:
    parts = []
    fraction = _fraction(progress)
    if fraction is not None:
        parts.append(f"{fraction:4.0%}")
    done = _done(progress)
    if done:
        parts.append(done)
    rate = progress.done_bytes / elapsed_s if elapsed_s > 0 else 0.0
    if rate >= 1:
        parts.append(f"{format_size(rate)}/s")
        if progress.total_bytes is not None:
            left_s = max(0, progress.total_bytes - progress.done_bytes) / rate
            parts.append(f"{format_duration(left_s)} left")
    return "  ".join(parts)


def _done(progress: Progress) -> str:
    parts = []
    if progress.done_bytes or progress.total_bytes:
        total = "" if progress.total_bytes is None else f" of {format_size(progress.total_bytes)}"
        parts.append(format_size(progress.done_bytes) + total)
    elif progress.done_items or progress.total_items:
        total = "" if progress.total_items is None else f" of {progress.total_items:,}"
        parts.append(f"{progress.done_items:,}{total}")
    return "".join(parts)


def _fraction(progress: Progress) -> float | None:
    for done, total in (
        (progress.done_bytes, progress.total_bytes),
        (progress.done_items, progress.total_items),
    ):
        if total:
            # What grows while it is read must not show 104%.
            return min(1.0, done / total)
    return None
