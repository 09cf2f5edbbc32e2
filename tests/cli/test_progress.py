"""Progress: a bar on a terminal, plain lines elsewhere, never too often."""

from __future__ import annotations

import io
import logging
import re

from holdfast.cli.console import Console
from holdfast.cli.progress import ProgressDisplay, format_bar
from holdfast.cli.warnings_said import warnings_said
from holdfast.models.progress import Progress

MIB = 1024 * 1024


class Screen(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Stopwatch:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def reading(done: int, total: int | None = 100 * MIB, step: str = "Reading app.db") -> Progress:
    return Progress(step=step, done_bytes=done, total_bytes=total)


def test_a_bar_says_bytes_percent_rate_and_time_left() -> None:
    assert format_bar(reading(25 * MIB), 2.5, 86) == (
        "Reading app.db  [===>           ]   25%  25.0 MiB of 100.0 MiB  10.0 MiB/s  7.5 s left"
    )


def test_a_bar_never_exceeds_the_width() -> None:
    for width in range(1, 140):
        for progress in (reading(7 * MIB), reading(7 * MIB, None), Progress(step="x" * 200)):
            assert len(format_bar(progress, 1.0, width)) <= width


def test_what_grows_while_it_is_read_stays_at_a_hundred_percent() -> None:
    assert "100%" in format_bar(reading(150 * MIB), 1.0, 100)


def test_items_count_where_there_are_no_bytes() -> None:
    progress = Progress(step="Checking", done_items=3, total_items=12)
    assert "25%  3 of 12" in format_bar(progress, 1.0, 80)


def test_a_terminal_is_redrawn_at_most_ten_times_a_second() -> None:
    screen, watch = Screen(terminal=True), Stopwatch()
    display = ProgressDisplay(screen, monotonic_s=watch)
    for i in range(1000):
        watch.now_s = 100.0 + i / 1000
        display(reading(i * 1024))
    assert 9 <= screen.getvalue().count("\r") <= 11


def test_the_bar_is_gone_at_the_end() -> None:
    screen, watch = Screen(terminal=True), Stopwatch()
    display = ProgressDisplay(screen, monotonic_s=watch)
    display(reading(1))
    display.close()
    display.close()
    assert screen.getvalue().endswith("\r\x1b[K")
    assert "\n" not in screen.getvalue()


def test_a_long_step_leaves_its_total_on_a_terminal() -> None:
    screen, watch = Screen(terminal=True), Stopwatch()
    display = ProgressDisplay(screen, monotonic_s=watch)
    display(reading(1))
    watch.now_s += 14
    display(reading(100 * MIB))
    display.close()
    assert screen.getvalue().endswith("\r\x1b[KReading app.db: 100.0 MiB of 100.0 MiB in 14 s\n")


def test_a_warning_begins_on_a_line_of_its_own_and_no_bar_is_left_in_it() -> None:
    screen, watch = Screen(terminal=True), Stopwatch()
    display = ProgressDisplay(screen, monotonic_s=watch)
    display(reading(1))
    with warnings_said(Console(color=False, err=screen), display):
        logging.getLogger("holdfast.test").warning("%s is gone\x1b[2J", "a.jpg")
    assert screen.getvalue().endswith("\r\x1b[Kwarning: a.jpg is gone\\x1b[2J\n")
    display(reading(2))
    display.close()
    assert screen.getvalue().endswith("\n")


def test_elsewhere_a_line_comes_every_ten_seconds_and_at_the_end_of_a_step() -> None:
    screen, watch = Screen(terminal=False), Stopwatch()
    display = ProgressDisplay(screen, monotonic_s=watch)
    for second in range(25):
        watch.now_s = 100.0 + second
        display(reading(second * 4 * MIB))
    display(Progress(step="Staging"))
    display(Progress(step="Storing"))
    watch.now_s += 3
    display.close()
    lines = screen.getvalue().splitlines()
    assert lines == [
        "Reading app.db:  40%  40.0 MiB of 100.0 MiB  4.0 MiB/s  15 s left",
        "Reading app.db:  80%  80.0 MiB of 100.0 MiB  4.0 MiB/s  5.0 s left",
        "Reading app.db: 96.0 MiB of 100.0 MiB in 24 s",
        "Storing: done in 3.0 s",
    ]


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in format_bar(reading(1, step="Reading \x1b[2J"), 1.0, 80)
    assert re.search(r"Reading \\x1b\[2J", format_bar(reading(1, step="Reading \x1b[2J"), 1.0, 80))
