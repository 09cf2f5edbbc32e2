"""Instants: as Go writes them, to the nanosecond, in any year that can be written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.repository.timestamps import format_instant, format_ns, parse_instant, parse_ns

_YEAR_0 = -62_167_219_200 * 10**9
_YEAR_9999_END = 253_402_300_800 * 10**9 - 1


@pytest.mark.parametrize(
    ("instant_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_500_000_000_120_000_000, "2017-07-14T02:40:00.12Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (2**63 + 10**18, "2293-12-19T01:33:56.854775808Z"),
        (_YEAR_0, "0000-01-01T00:00:00Z"),
        (_YEAR_9999_END, "9999-12-31T23:59:59.999999999Z"),
        (951_782_400 * 10**9, "2000-02-29T00:00:00Z"),
    ],
)
def test_instants_are_spelled_as_go_spells_them(instant_ns: int, text: str) -> None:
    assert format_ns(instant_ns) == text
    assert parse_ns(text) == instant_ns


@given(st.integers(_YEAR_0, _YEAR_9999_END))
def test_every_writable_instant_comes_back(instant_ns: int) -> None:
    assert parse_ns(format_ns(instant_ns)) == instant_ns


@given(st.datetimes(timezones=st.just(UTC)))
def test_datetimes_come_back_and_agree_with_the_standard_library(instant: datetime) -> None:
    text = format_instant(instant)
    assert parse_instant(text) == instant
    assert datetime.fromisoformat(text) == instant


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2015-01-02T18:10:50.895208559+01:00", "2015-01-02T17:10:50.895208559Z"),
        ("2015-01-01T00:10:00-05:30", "2015-01-01T05:40:00Z"),
        ("2015-01-01T00:00:00.000000000Z", "2015-01-01T00:00:00Z"),
    ],
)
def test_other_zones_are_read(text: str, utc: str) -> None:
    assert format_ns(parse_ns(text)) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2015",
        "2015-13-01T00:00:00Z",
        "2015-02-29T00:00:00Z",
        "2015-01-01T24:00:00Z",
        "2015-01-01T00:60:00Z",
        "2015-01-01T00:00:00",
        "x2015-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_ns(text)


@pytest.mark.parametrize(
    ("instant_ns", "text"),
    [
        (_YEAR_9999_END + 1, "9999-01-01T00:00:00Z"),
        (_YEAR_0 - 1, "0000-12-31T23:59:59.999999999Z"),
    ],
)
def test_years_that_cannot_be_written_become_the_nearest_that_can(
    instant_ns: int, text: str
) -> None:
    assert format_ns(instant_ns) == text


def test_a_year_that_datetime_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="not an instant we can hold"):
        parse_instant("0000-01-01T00:00:00Z")


def test_precision_beyond_microseconds_is_cut() -> None:
    assert parse_instant("2020-01-01T00:00:00.123456789Z") == datetime(
        2020, 1, 1, tzinfo=UTC
    ) + timedelta(microseconds=123456)
