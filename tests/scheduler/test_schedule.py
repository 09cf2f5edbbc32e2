"""Nominal times: a cron expression read in a time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigError
from holdfast.models.schedule import CronSchedule
from tests.scheduler.desk import utc

ZONES = [
    "Europe/Berlin",
    "Europe/Dublin",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Antarctica/Troll",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
]
MINUTE = timedelta(minutes=1)


def expected_times(at: time, zone: ZoneInfo) -> Iterator[datetime]:
    """One instant a day of 2000 to 2040, reckoned without any cron library.

    A time that a day has not comes when the clock has leapt past it; if that is when the
    next day's comes too, both are one.
    """
    day, latest = date(2000, 1, 1), None
    while day < date(2041, 1, 1):
        wanted = datetime.combine(day, at)
        instant = wanted.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) != wanted:
            # The reading after the leap, less what it leapt too far.
            while instant.astimezone(zone).replace(tzinfo=None) > wanted:
                instant -= MINUTE
            instant += MINUTE
        if instant != latest:
            yield instant
        latest = instant
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        *((zone, time(2, 30)) for zone in ZONES),
        ("Australia/Lord_Howe", time(2, 15)),  # leaps from 02:00 to 02:30
        ("America/Sao_Paulo", time(0, 0)),  # leaps at midnight, as the next ones
        ("America/Havana", time(0, 0)),
        ("Pacific/Apia", time(0, 0)),
    ],
)
def test_a_daily_time_comes_once_each_day_for_forty_years(zone: str, at: time) -> None:
    """R42: once in spring, once in autumn, no day lost, in zones with the oddest leaps."""
    schedule = CronSchedule(expression=f"{at.minute} {at.hour} * * *", timezone=zone)
    expected = list(expected_times(at, ZoneInfo(zone)))
    begin = expected[0] - MINUTE
    assert [schedule.next_after(now) for now in [begin, *expected[:-1]]] == expected


def test_a_day_that_a_zone_leaves_out_is_made_up_for_at_the_next_midnight() -> None:
    """R42: Samoa had no 30 December 2011; its run comes as the 31st begins."""
    schedule = CronSchedule(expression="30 2 * * *", timezone="Pacific/Apia")
    found = schedule.next_after(utc("2011-12-29 12:30"))
    assert found == utc("2011-12-30 10:00")


def test_the_repeated_hour_of_autumn_does_not_repeat_a_time() -> None:
    """R42: asked at any minute of the night, 02:30 is only ever its first passing."""
    schedule = CronSchedule(expression="30 2 * * *", timezone="Europe/Berlin")
    first, second = utc("2024-10-27 00:30"), utc("2024-10-28 01:30")
    for minute in range(180):
        now = utc("2024-10-26 23:00") + minute * MINUTE
        assert schedule.next_after(now) == (first if now < first else second)


@given(
    minutes=st.integers(0, 41 * 365 * 24 * 60),
    expression=st.sampled_from(
        ["*/15 * * * *", "0 * * * *", "*/20 2 * * *", "30 1,2,3 * * *", "0 0 1 * *", "5 4 * * 0"]
    ),
    zone=st.sampled_from(ZONES),
)
def test_the_next_time_is_always_later(minutes: int, expression: str, zone: str) -> None:
    """R42: no schedule stands still or goes back, so it cannot fire in a loop."""
    now = utc("2000-01-01 00:00") + minutes * MINUTE
    found = CronSchedule(expression=expression, timezone=zone).next_after(now)
    assert found is not None
    assert now < found <= now + timedelta(days=33)


@pytest.mark.parametrize("zone", ZONES)
def test_a_quarter_of_an_hour_is_one_on_the_nights_of_change_too(zone: str) -> None:
    """An expression with `*` follows elapsed time."""
    schedule = CronSchedule(expression="*/15 * * * *", timezone=zone)
    for night in ("2024-03-09 20:00", "2024-03-30 20:00", "2024-04-06 12:00", "2024-10-26 20:00"):
        now = utc(night)
        for step in range(1, 60):
            found = schedule.next_after(now + timedelta(seconds=step * 900 - 1))
            assert found == now + timedelta(seconds=step * 900)


@pytest.mark.parametrize(
    "expression", ["", "0 2 * *", "* * * * * *", "60 2 * * *", "0 2 31 2 *", "@daily", "0 2 * * X"]
)
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    """The message names the field; six fields would be seconds."""
    with pytest.raises(ConfigError, match=r"^schedule: .* is no cron expression"):
        CronSchedule(expression=expression)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", ""])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    """The message names the field."""
    with pytest.raises(ConfigError, match=r"^timezone: there is no time zone"):
        CronSchedule(expression="0 2 * * *", timezone=zone)
