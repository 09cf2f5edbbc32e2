"""Spans of the calendar, written as restic writes them: `1y5m7d2h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from holdfast.errors import ConfigError

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_SPELLING = re.compile(r"(?:[0-9]{1,9}[ymdh])+")
_PART = re.compile(r"([0-9]+)([ymdh])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A span of years, months, days and hours; how long it is depends on where it ends."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    def __bool__(self) -> bool:
        return self != Duration()

    def __str__(self) -> str:
        parts = ((self.years, "y"), (self.months, "m"), (self.days, "d"), (self.hours, "h"))
        return "".join(f"{number}{unit}" for number, unit in parts if number) or "0h"

    def before(self, instant: datetime, timezone: tzinfo) -> datetime:
        """Return the instant that lies this span before `instant`, in UTC.

        Years, months and days are steps of the calendar in `timezone`, hours are elapsed time.
        A day that a month has not runs over into the next: a month before 31 March is
        3 March (31 February), as restic reckons. Before the year 1, the year 1 is returned.

        Source: `time.Time.AddDate` of Go, which restic's `--keep-within` uses.
        """
        try:
            local = instant.astimezone(timezone)
            months = (local.year - self.years) * 12 + local.month - 1 - self.months
            first = date(months // 12, months % 12 + 1, 1)
            day = first + timedelta(days=local.day - 1 - self.days)
            moment = datetime.combine(day, local.timetz())
            return moment.astimezone(UTC) - timedelta(hours=self.hours)
        except (ValueError, OverflowError):
            return _BEGINNING


def parse_duration(text: str) -> Duration:
    """Read a span such as `30d`, `6m` or `1y5m7d2h`; an empty text is an empty span.

    `y` are years, `m` months, `d` days, `h` hours; each at most once, in any order.

    Raises:
        ConfigError: It is spelled otherwise, or is negative.
    """
    spelled = text.strip()
    parts = _PART.findall(spelled)
    units = {unit: int(number) for number, unit in parts}
    if spelled and (not _SPELLING.fullmatch(spelled) or len(units) != len(parts)):
        raise ConfigError(
            f"Not a duration: {text!r}",
            hint="Write years, months, days and hours as in 1y5m7d2h, or 30d.",
        )
    return Duration(
        years=units.get("y", 0),
        months=units.get("m", 0),
        days=units.get("d", 0),
        hours=units.get("h", 0),
    )
