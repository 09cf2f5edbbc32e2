"""The schedule as the interface shows and takes it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from holdfast.web.schemas.base import INSTANT, Body, Instant, Shape
from holdfast.web.schemas.retention import RetentionShape


class Misfire(StrEnum):
    """What becomes of a run that was missed because the application was down."""

    RUN_ONCE = "run_once"
    SKIP = "skip"


class ScheduleChange(Body):
    """When backups are to be made by themselves, and which of them stay."""

    cron: str = Field(
        max_length=200,
        description="Minute, hour, day of month, month, day of week.",
        examples=["0 2 * * *"],
    )
    timezone: str = Field(
        default="UTC",
        max_length=64,
        description="IANA name of the zone that `cron` is read in.",
        examples=["Europe/Berlin"],
    )
    enabled: bool = Field(
        default=True, description="Whether backups are made by themselves.", examples=[True]
    )
    retention: RetentionShape = Field(
        default_factory=RetentionShape, description="Which backups stay after each run."
    )
    misfire: Misfire = Field(
        default=Misfire.RUN_ONCE,
        description="A run missed while the application was down: `run_once` makes it as soon as"
        " it can, `skip` waits for the next.",
        examples=["run_once"],
    )


class SchedulePreviewRequest(Body):
    """A schedule that somebody thinks of."""

    cron: str = Field(
        max_length=200,
        description="Minute, hour, day of month, month, day of week.",
        examples=["0 2 * * *"],
    )
    timezone: str = Field(
        default="UTC",
        max_length=64,
        description="IANA name of the zone that `cron` is read in.",
        examples=["Europe/Berlin"],
    )


class SchedulePreview(Shape):
    """When backups would be made by such a schedule."""

    cron: str = Field(
        description="Minute, hour, day of month, month, day of week.", examples=["0 2 * * *"]
    )
    timezone: str = Field(
        description="IANA name of the zone that `cron` is read in.", examples=["Europe/Berlin"]
    )
    next_runs: list[Instant] = Field(
        description="The next five runs; fewer where there are none within 50 years.",
        examples=[[INSTANT]],
    )


class ScheduleShape(Shape):
    """When backups are made by themselves, and which of them stay."""

    cron: str = Field(
        description="Minute, hour, day of month, month, day of week.", examples=["0 2 * * *"]
    )
    timezone: str = Field(
        description="IANA name of the zone that `cron` is read in.", examples=["Europe/Berlin"]
    )
    enabled: bool = Field(description="Whether backups are made by themselves.", examples=[True])
    retention: RetentionShape = Field(description="Which backups stay after each run.")
    misfire: Misfire = Field(
        description="What becomes of a run that was missed.", examples=["run_once"]
    )
    next_runs: list[Instant] = Field(
        description="The next five runs; none while it is not enabled.", examples=[[INSTANT]]
    )
    version: int = Field(description="Rises with each change.", examples=[3])
    updated_at: Instant | None = Field(description="When it was changed last.", examples=[INSTANT])
    updated_by: str | None = Field(
        description="Who changed it last; null: nobody did.", examples=["ann@example.org"]
    )
