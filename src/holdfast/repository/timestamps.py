"""Instants as Go's JSON writes them: RFC 3339 with up to nine digits of a second.

Kept as integer nanoseconds, because file times have that precision and `datetime` has not,
and because file times reach before 1970 and after 2262.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

NS_PER_S = 1_000_000_000
_NS_PER_DAY = 86_400 * NS_PER_S
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?"
    r"(?:([Zz])|([+-])(\d\d):(\d\d))"
)


def format_ns(instant_ns: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 in UTC.

    Years beyond 0 to 9999 cannot be written; like restic, only the year is then changed, to
    the nearest that can.
    """
    days, of_day = divmod(instant_ns, _NS_PER_DAY)
    seconds, fraction = divmod(of_day, NS_PER_S)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{_format_day(days)}T{hour:02d}:{minute:02d}:{second:02d}"
    if fraction:
        text += f".{fraction:09d}".rstrip("0")
    return text + "Z"


def parse_ns(text: str) -> int:
    """Return the nanoseconds since 1970 of an RFC 3339 instant with any offset.

    Raises:
        ValueError: It is not one.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an instant: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, zulu, sign, offset_hours, offset_minutes = match.groups()[6:]
    if not (1 <= month <= 12 and 1 <= day <= _days_in_month(year, month)):
        raise ValueError(f"not a date: {text!r}")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"not a time of day: {text!r}")
    seconds = _days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    if not zulu:
        offset = int(offset_hours) * 3600 + int(offset_minutes) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def format_instant(instant: datetime) -> str:
    """Return an aware `datetime` as RFC 3339 in UTC."""
    return format_ns((instant - _EPOCH) // timedelta(microseconds=1) * 1000)


def parse_instant(text: str) -> datetime:
    """Return an RFC 3339 instant as `datetime` in UTC, cut to microseconds.

    Raises:
        ValueError: It is not one, or lies outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(microseconds=parse_ns(text) // 1000)
    except OverflowError as error:
        raise ValueError(f"not an instant we can hold: {text!r}") from error


@lru_cache(maxsize=256)
def _format_day(days: int) -> str:
    year, month, day = _civil_from_days(days)
    if not 0 <= year <= 9999:
        year = min(max(year, 0), 9999)
        if day > _days_in_month(year, month):  # 29 February of a year that has none
            month, day = 3, 1
    return f"{year:04d}-{month:02d}-{day:02d}"


def _days_from_civil(year: int, month: int, day: int) -> int:
    """Count days since 1970-01-01 in the Gregorian calendar, extended to all years.

    Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    """
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def _civil_from_days(days: int) -> tuple[int, int, int]:
    """Reverse `_days_from_civil`."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + (3 if shifted_month < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day


def _days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31
