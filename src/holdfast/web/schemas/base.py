"""What the shapes have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer


class Body(BaseModel):
    """What is sent. A field that is not described is refused: it may be a misspelled one."""

    model_config = ConfigDict(extra="forbid")


class Shape(BaseModel):
    """What comes back."""

    model_config = ConfigDict(frozen=True)


def _format_instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant: TypeAlias = Annotated[
    AwareDatetime, PlainSerializer(_format_instant, return_type=str, when_used="json")
]
"""An instant in UTC, as RFC 3339 writes it."""

INSTANT = "2026-01-31T02:00:00Z"
BACKUP_ID = "backup_20260131_020000"
JOB_ID = "0198c5a2-7f2e-7c3a-9d51-3f6f6a1c9b10"

Tag: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[^,\x00-\x1f\x7f]+$"),
]
Description: TypeAlias = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class Page(Shape):
    """A part of a list, and where the next part is."""

    total: int = Field(description="How many there are on all pages.", examples=[42])
    next_cursor: str | None = Field(
        description="Give this as `cursor` for the next page; null on the last one.",
        examples=["eyJhdCI6IjIwMjYtMDEtMzEifQ"],
    )
