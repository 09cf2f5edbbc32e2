"""Which backups stay: the rules, and what a cleanup by them would do."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from holdfast.models.retention import RetentionPlan, RetentionPolicy
from holdfast.web.schemas.base import BACKUP_ID, INSTANT, Body, Instant, Shape, Tag

_Count: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]


class RetentionShape(Body):
    """Rules that say which backups stay; 0 or null turns one off.

    The `keep_*` rules are reasons to keep; `retention_days` and `max_backups` are limits, beyond
    which a backup goes unless a `keep_*` rule keeps it. Without any rule, all stay.
    """

    keep_last: _Count = Field(default=0, description="The newest so many.", examples=[7])
    keep_within: str | None = Field(
        default=None,
        max_length=50,
        description="All made within this span before the newest: `30d`, `1y5m7d2h`.",
        examples=["30d"],
    )
    keep_hourly: _Count = Field(
        default=0, description="The newest of each hour, for so many hours.", examples=[24]
    )
    keep_daily: _Count = Field(
        default=0, description="The newest of each day, for so many days.", examples=[7]
    )
    keep_weekly: _Count = Field(
        default=0, description="The newest of each week, for so many weeks.", examples=[4]
    )
    keep_monthly: _Count = Field(
        default=0, description="The newest of each month, for so many months.", examples=[12]
    )
    keep_yearly: _Count = Field(
        default=0, description="The newest of each year, for so many years.", examples=[5]
    )
    keep_tags: list[Tag] = Field(
        default=[],
        max_length=50,
        description="All that carry any of these tags.",
        examples=[["release"]],
    )
    retention_days: _Count | None = Field(
        default=None, description="A limit: those older than so many days may go.", examples=[30]
    )
    max_backups: _Count | None = Field(
        default=None, description="A limit: those beyond the newest so many may go.", examples=[30]
    )


class CleanupRequest(Body):
    """What to remove, or only to look at."""

    policy: RetentionShape | None = Field(
        default=None, description="The rules; null: those of the schedule, or else of the plan."
    )
    dry_run: bool = Field(
        default=False, description="Only say what would go, and remove nothing.", examples=[True]
    )


class CleanupDecision(Shape):
    """What would become of one backup, and why."""

    backup_id: str = Field(description="Id of the backup.", examples=[BACKUP_ID])
    created_at: Instant = Field(description="When it was taken.", examples=[INSTANT])
    keep: bool = Field(description="Whether it stays.", examples=[False])
    reasons: list[str] = Field(description="Why, for people.", examples=[["older than 30 days"]])
    original_size_bytes: int = Field(description="Size of what it holds.", examples=[4194304])


class CleanupPreview(Shape):
    """What a cleanup would do."""

    dry_run: bool = Field(description="Always true: nothing was removed.", examples=[True])
    would_remove: list[str] = Field(
        description="Ids of the backups that would go.", examples=[[BACKUP_ID]]
    )
    would_free_bytes: int = Field(
        description="About how many bytes the repository would occupy less.", examples=[1048576]
    )
    paused: str | None = Field(
        description="Why nothing would be removed although the rules say so.",
        examples=["Retention is paused: the newest run failed"],
    )
    decisions: list[CleanupDecision] = Field(description="Each backup, newest first.")


def policy_values(shape: RetentionShape) -> dict[str, Any]:
    """Return rules as JSON values, for a job or the schedule; those that are off are left out.

    Raises:
        ConfigError: A rule has no sense.
    """
    values = {name: value for name, value in shape.model_dump(mode="json").items() if value}
    RetentionPolicy.from_mapping({**values, "keep_tags": tuple(shape.keep_tags)})
    return values


def policy_from(values: dict[str, Any]) -> RetentionPolicy:
    """Return the rules that `policy_values` returned."""
    return RetentionPolicy.from_mapping({**values, "keep_tags": tuple(values.get("keep_tags", ()))})


def preview_of(plan: RetentionPlan, freed: int) -> CleanupPreview:
    """Return what a cleanup would do as the interface shows it."""
    return CleanupPreview(
        dry_run=True,
        would_remove=[each.backup_id for each in plan.removed],
        would_free_bytes=freed,
        paused=plan.paused,
        decisions=[
            CleanupDecision(
                backup_id=each.backup.backup_id,
                created_at=each.backup.created_at,
                keep=each.keep,
                reasons=list(each.reasons),
                original_size_bytes=each.backup.original_size,
            )
            for each in plan.decisions
        ],
    )
