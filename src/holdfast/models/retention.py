"""Which backups are to stay: the policy, and what a plan made of it says of each backup."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from holdfast.errors import ConfigError, RetentionPaused
from holdfast.models.backup import BackupMetadata
from holdfast.models.duration import Duration, parse_duration

COUNTS = (
    "keep_last",
    "keep_hourly",
    "keep_daily",
    "keep_weekly",
    "keep_monthly",
    "keep_yearly",
    "retention_days",
    "max_backups",
)
"""The fields of a policy that are numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """Rules that say which backups stay. A rule of zero (or None, or empty) is off.

    The `keep_*` rules are reasons to keep: a backup stays if any of them says so. The two
    limits, `retention_days` and `max_backups`, say what may go: a backup within every limit
    that is set stays, one beyond any of them goes unless a `keep_*` rule keeps it. So

        retention_days=30, max_backups=30               the newest 30, none over 30 days
        retention_days=30, max_backups=30, keep_monthly=12     those, and 12 monthly ones
        keep_daily=7, keep_weekly=4                     7 daily, 4 weekly ones, no others

    A policy without any rule removes nothing.

    Attributes:
        keep_last: The newest so many.
        keep_within: All that were made within this span before the newest one: a
            `timedelta`, or text such as `30d` or `1y5m7d2h`. It is the floor that holds
            when forged backups push out real ones by number.
        keep_hourly: The newest of each hour, for so many hours that have a backup; alike
            `keep_daily`, `keep_weekly` (ISO weeks), `keep_monthly`, `keep_yearly`.
        keep_tags: All that carry any of these tags.
        retention_days: A limit: those older than so many days [24 h] may go.
        max_backups: A limit: those beyond the newest so many may go.

    Raises:
        ConfigError: A number is negative or no whole number, or a span is misspelled.
    """

    keep_last: int = 0
    keep_within: Duration | timedelta | str | None = None
    keep_hourly: int = 0
    keep_daily: int = 0
    keep_weekly: int = 0
    keep_monthly: int = 0
    keep_yearly: int = 0
    keep_tags: tuple[str, ...] = ()
    retention_days: int | None = None
    max_backups: int | None = None

    def __post_init__(self) -> None:
        for name in COUNTS:
            object.__setattr__(self, name, _whole_number(name, getattr(self, name)))
        object.__setattr__(self, "keep_within", _span(self.keep_within))
        if isinstance(self.keep_tags, str):
            raise ConfigError(f"keep_tags must be a list of tags, not {self.keep_tags!r}")
        object.__setattr__(self, "keep_tags", tuple(tag for tag in self.keep_tags if tag))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> RetentionPolicy:
        """Make a policy of settings by name, as a configuration file has them.

        Raises:
            ConfigError: A name is unknown (so that a misspelled rule is not silently off),
                or a value is wrong.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
                raise ConfigError(f"Unknown retention rule: {name}", hint=hint)
        return cls(**values)

    @property
    def has_limits(self) -> bool:
        """Whether `retention_days` or `max_backups` is set."""
        return bool(self.retention_days or self.max_backups)

    @property
    def is_empty(self) -> bool:
        """Whether no rule is set, so that nothing is to be removed."""
        return not any(getattr(self, field.name) for field in fields(self))

    def within_since(self, newest_at: datetime, timezone: tzinfo) -> datetime | None:
        """Return since when `keep_within` keeps everything, or None if it is off."""
        span = self.keep_within
        if isinstance(span, Duration):
            return span.before(newest_at, timezone)
        if not isinstance(span, timedelta):
            return None
        beginning = datetime.min.replace(tzinfo=UTC)
        return newest_at - span if span < newest_at - beginning else beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionDecision:
    """What is to happen to one backup, and why.

    Attributes:
        reasons: For people, such as `weekly`, `last verified`, `older than 30 days`.
    """

    backup: BackupMetadata
    keep: bool
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'kept' if self.keep else 'removed'}: {', '.join(self.reasons)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPlan:
    """What a policy makes of a plan's backups.

    Attributes:
        decisions: One for each backup, newest first.
        paused: Why nothing is to be removed although the rules would, and what to do about
            it; None if the policy is not paused. Then every decision says keep.
    """

    decisions: tuple[RetentionDecision, ...]
    paused: str | None = None

    @property
    def kept(self) -> tuple[BackupMetadata, ...]:
        """The backups that stay, newest first."""
        return tuple(decision.backup for decision in self.decisions if decision.keep)

    @property
    def removed(self) -> tuple[BackupMetadata, ...]:
        """The backups to remove, newest first."""
        return tuple(decision.backup for decision in self.decisions if not decision.keep)

    def raise_if_paused(self) -> None:
        """Raise `RetentionPaused` if the policy is paused."""
        if self.paused is not None:
            raise RetentionPaused(
                self.paused,
                hint="Look at what would go with `holdfast cleanup --dry-run`; "
                "`--force` removes it all the same.",
            )


def _whole_number(name: str, value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} must be a whole number, not {value!r}")
    if value < 0:
        raise ConfigError(f"{name} must not be negative: {value}", hint="Zero turns it off.")
    return value


def _span(value: object) -> Duration | timedelta | None:
    span = parse_duration(value) if isinstance(value, str) else value
    if span is None or isinstance(span, Duration):
        return span or None
    if not isinstance(span, timedelta):
        raise ConfigError(f"keep_within must be a duration such as 30d, not {value!r}")
    if span < timedelta(0):
        raise ConfigError("keep_within must not be negative", hint="Zero turns it off.")
    return span or None
