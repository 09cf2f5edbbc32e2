"""Spans of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigError
from holdfast.models.duration import Duration, parse_duration

NUMBERS = st.integers(0, 999_999_999)


@given(years=NUMBERS, months=NUMBERS, days=NUMBERS, hours=NUMBERS)
def test_what_is_formatted_is_parsed_back(years: int, months: int, days: int, hours: int) -> None:
    """`str` and `parse_duration` are inverse."""
    span = Duration(years=years, months=months, days=days, hours=hours)
    assert parse_duration(str(span)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30d", Duration(days=30)),
        ("1y5m7d2h", Duration(years=1, months=5, days=7, hours=2)),
        (" 2h1y ", Duration(hours=2, years=1)),
        ("0d", Duration()),
        ("", Duration()),
    ],
)
def test_spans_are_spelled_as_in_restic(text: str, span: Duration) -> None:
    """In any order; empty is no time at all."""
    assert parse_duration(text) == span
    assert bool(span) == (text not in ("0d", ""))


@pytest.mark.parametrize(
    "text", ["30", "d", "-3d", "3w", "3 d", "1d2d", "1.5h", "3d!", "٣d", "9999999999d"]
)
def test_anything_else_is_refused(text: str) -> None:
    """A rule that is misread could remove what it was to keep."""
    with pytest.raises(ConfigError, match="Not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0h", "2024-03-31T10:00"),
        ("24h", "2024-03-30T10:00"),
        ("1d", "2024-03-30T11:00"),  # one day earlier by the clock, 23 hours of it
        ("1m", "2024-03-02T11:00"),  # 31 February is 2 March
        ("1y", "2023-03-31T10:00"),
        ("3m", "2023-12-31T11:00"),
        ("1y1m1d1h", "2023-03-02T10:00"),
        ("2023y2m30d", "0001-01-01T11:06"),  # that far back, Berlin kept its own sun's time
        ("2024y", "0001-01-01T00:00"),
        ("99999999m", "0001-01-01T00:00"),
        ("999999999d", "0001-01-01T00:00"),
        ("999999999h", "0001-01-01T00:00"),
    ],
)
def test_a_span_is_reckoned_back_by_the_calendar_of_the_zone(text: str, expected: str) -> None:
    """Noon in Berlin, on the day its summer time began."""
    noon = datetime(2024, 3, 31, 10, 0, tzinfo=UTC)
    found = parse_duration(text).before(noon, ZoneInfo("Europe/Berlin"))
    assert f"{found:%Y-%m-%dT%H:%M}".rjust(16, "0") == expected
