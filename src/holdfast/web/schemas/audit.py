"""The audit log as the interface shows it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from holdfast.web.schemas.base import BACKUP_ID, INSTANT, JOB_ID, Instant, Page, Shape


class AuditOutcome(StrEnum):
    """How what somebody did ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEntryShape(Shape):
    """One thing that somebody did, or tried to do."""

    number: int = Field(description="Rises with each entry.", examples=[17])
    at: Instant = Field(description="When.", examples=[INSTANT])
    actor: str | None = Field(
        description="Who; null for the system itself.", examples=["ann@example.org"]
    )
    action: str = Field(description="What was done.", examples=["backup.delete"])
    object: str | None = Field(description="To what.", examples=[BACKUP_ID])
    outcome: str = Field(description="`done`, `refused` or `failed`.", examples=["done"])
    detail: dict[str, Any] = Field(
        description="What was asked for, and the code of the error if there was one.",
        examples=[{"keep": True}],
    )
    address: str | None = Field(description="Where the request came from.", examples=["192.0.2.7"])
    job_id: str | None = Field(description="The job that does it.", examples=[JOB_ID])


class AuditPage(Page):
    """Entries of the audit log, newest first."""

    entries: list[AuditEntryShape] = Field(description="The entries of this page.")
