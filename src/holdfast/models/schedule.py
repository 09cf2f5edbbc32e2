"""When backups are made by themselves: a cron expression in a time zone, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from holdfast.errors import ConfigError

SETBACK_LIMIT = timedelta(days=1)
"""Set back by more, the clock was wrong before, and the times it showed do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronSchedule:
    """Nominal times by a cron expression of five fields.

    A time of day that daylight saving skips happens at the first moment after the gap; one
    that it repeats happens the first time only. Expressions whose hour or minute begins with
    `*` follow elapsed time instead, as in Debian's cron.

    Attributes:
        expression: Minute, hour, day of month, month, day of week.
        timezone: IANA name, such as `Europe/Berlin`.

    Raises:
        ConfigError: The expression or the time zone is none; the message names which.
    """

    expression: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        # A sixth field would be seconds, and "* * * * * *" a backup each second.
        if len(self.expression.split()) != 5:
            raise _bad_expression(self.expression, "it has not five fields")
        try:
            CronSim(self.expression, datetime(2000, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise _bad_expression(self.expression, str(error).lower()) from error
        _load_zone(self.timezone)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return _load_zone(self.timezone)

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the next nominal time later than `instant`, in UTC.

        None means that there is none within 50 years.
        """
        for moment in CronSim(self.expression, instant.astimezone(self.zone)):
            # cronsim begins from the wall clock, which an autumn night has twice, so its first
            # answers may be past. Python, too, compares within one zone by the wall clock.
            nominal_at = moment.astimezone(UTC)
            if nominal_at > instant:
                return nominal_at
        return None

    def all_after(self, instant: datetime) -> Iterator[datetime]:
        """Yield the nominal times later than `instant`, in UTC, while there are any."""
        following = self.next_after(instant)
        while following is not None:
            yield following
            following = self.next_after(following)


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """When backups are made by themselves, how, and how many stay.

    Attributes:
        enabled: If False, `start` does nothing.
        schedule: Cron expression: minute, hour, day of month, month, day of week.
        retention_days: After a run, those older than so many days go; 0 turns it off.
        max_backups: After a run, those beyond the newest so many go; 0 turns it off.
        verify_after_create: Verify each backup; one that fails it counts as a failed run.
        timezone: IANA name of the zone that `schedule` is read in.
        misfire: What becomes of a run that was missed because the application was down, the
            machine slept or another run took too long: `run_once` runs it as soon as it can,
            once however many were missed; `skip` waits for the next time.
        misfire_grace: With `run_once`, how long after its time a missed run is still worth
            running (at least a minute); None is however long.

    Raises:
        ConfigError: A field has a wrong value; the message names it.
    """

    enabled: bool = True
    schedule: str = "0 2 * * *"
    retention_days: int = 30
    max_backups: int = 30
    encryption_enabled: bool = True
    compression_enabled: bool = True
    verify_after_create: bool = True
    timezone: str = "UTC"
    misfire: Literal["run_once", "skip"] = "run_once"
    misfire_grace: timedelta | None = None

    def __post_init__(self) -> None:
        self.cron()
        for name in ("retention_days", "max_backups"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigError(f"{name} must be zero or a positive whole number, not {value!r}")
        if self.misfire not in ("run_once", "skip"):
            raise ConfigError(f"misfire must be run_once or skip, not {self.misfire!r}")
        if self.misfire_grace is not None and self.misfire_grace < timedelta(0):
            raise ConfigError(f"misfire_grace must not be negative: {self.misfire_grace}")

    def cron(self) -> CronSchedule:
        """Return the schedule in its time zone."""
        return CronSchedule(expression=self.schedule, timezone=self.timezone)


def _bad_expression(expression: str, reason: str) -> ConfigError:
    return ConfigError(
        f"schedule: {expression!r} is no cron expression: {reason}",
        hint="Write minute, hour, day of month, month, day of week: '0 2 * * *' is daily at 02:00.",
    )


def _load_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a folder
        raise ConfigError(
            f"timezone: there is no time zone {name!r}",
            hint="Write an IANA name such as Europe/Berlin, or UTC.",
        ) from error
