"""Sizes, ages and tables as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.cli import text
from holdfast.cli.text import Column

NOW = datetime(2023, 11, 16, 14, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (12_897_485, "12.3 MiB"),
        (1024**2 - 1, "1.0 MiB"),
        (5 * 1024**4, "5.0 TiB"),
        (3 * 1024**5, "3.0 PiB"),
    ],
)
def test_sizes_have_binary_units(size: int, expected: str) -> None:
    assert text.format_size(size) == expected


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=2, minutes=59), "2 hours ago"),
        (timedelta(days=30), "30 days ago"),
        (timedelta(days=70), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(hours=-3), "in 3 hours"),
    ],
)
def test_ages_are_relative(ago: timedelta, expected: str) -> None:
    assert text.format_age(NOW - ago, NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (42, "42 s"), (185, "3:05"), (3723, "1:02:03")],
)
def test_spans_are_short(seconds: float, expected: str) -> None:
    assert text.format_duration(seconds) == expected


def test_counts_carry_their_noun() -> None:
    assert text.format_count(1, "backup") == "1 backup"
    assert text.format_count(1204, "backup") == "1,204 backups"


def test_nothing_that_steers_a_terminal_is_printed() -> None:
    assert text.printable("a\x1b[2Jb\nc\udcff") == "a\\x1b[2Jb\\nc\\udcff"


@given(st.text())
def test_printable_text_is_printable(value: str) -> None:
    assert text.printable(value).isprintable()


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_a_shortened_text_fits(value: str, width: int) -> None:
    assert text.display_width(text.shorten(value, width)) <= width


def test_a_table_is_aligned_and_cut_to_the_terminal() -> None:
    columns = (
        Column(title="ID"),
        Column(title="SIZE", right=True),
        Column(title="NOTES", flexible=True),
    )
    rows = [("a", "1 B", "短い説明 of a backup that goes on"), ("long-id", "12 B", "")]
    assert text.format_table(columns, rows) == (
        "ID       SIZE  NOTES\na         1 B  短い説明 of a backup that goes on\nlong-id  12 B"
    )
    assert text.format_table(columns, rows, width=30) == (
        "ID       SIZE  NOTES\na         1 B  短い説明 of a…\nlong-id  12 B"
    )


def test_colour_does_not_disturb_the_columns() -> None:
    columns = (Column(title="STATUS", style=lambda cell: f"<{cell}>"), Column(title="ID"))
    assert text.format_table(columns, [("ok", "x")]) == "STATUS  ID\n<ok    >  x"
