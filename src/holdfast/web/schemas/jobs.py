"""Jobs as the interface shows them."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import Field

from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.web.routing import link
from holdfast.web.schemas.base import BACKUP_ID, INSTANT, JOB_ID, Instant, Page, Shape


class JobProgressShape(Shape):
    """How far a job is."""

    progress_percent: int = Field(
        ge=0, le=100, description="Never runs backwards; 100 when it is completed.", examples=[42]
    )
    current_step: str = Field(
        description="What is being done now, for people.", examples=["Reading files"]
    )
    total_tables: int = Field(
        description="Tables (or parts of the plan) in all; 0 while unknown.", examples=[12]
    )
    completed_tables: int = Field(description="How many of them are done.", examples=[5])
    done_bytes: int = Field(description="Bytes dealt with.", examples=[1048576])
    total_bytes: int | None = Field(
        description="Bytes in all; null while unknown.", examples=[4194304]
    )


class JobErrorShape(Shape):
    """Why a job failed."""

    code: str = Field(description="Stable name of the error.", examples=["database-unreachable"])
    message: str = Field(
        description="What happened, and to what.", examples=["The server does not answer"]
    )
    hint: str | None = Field(description="What to do about it.", examples=["Look whether it runs."])


class JobLinks(Shape):
    """Where to go from a job."""

    self: str = Field(description="The job.", examples=[f"/api/backups/jobs/{JOB_ID}"])
    events: str = Field(
        description="Its server-sent events.", examples=[f"/api/backups/jobs/{JOB_ID}/events"]
    )
    backup: str | None = Field(
        description="The backup that it made or is about, once it is known.",
        examples=[f"/api/backups/backups/{BACKUP_ID}"],
    )


class JobShape(Shape):
    """One piece of work that was asked for."""

    id: str = Field(description="A UUID of version 7: later jobs sort later.", examples=[JOB_ID])
    plan: str = Field(description="The plan that it is of.", examples=["default"])
    kind: JobKind = Field(description="What it does.", examples=["backup"])
    status: JobStatus = Field(
        description="How it stands. A restore is `validating`, then `restoring`, where others are"
        " `running`; `completed`, `failed` and `cancelled` are final.",
        examples=["running"],
    )
    trigger: Trigger = Field(description="What started it.", examples=["manual_api"])
    actor: str | None = Field(
        description="Who asked for it; null for the schedule.", examples=["ann@example.org"]
    )
    backup_id: str | None = Field(
        description="The backup made, verified or restored, once it is known.",
        examples=[BACKUP_ID],
    )
    progress: JobProgressShape = Field(description="How far it is.")
    created_at: Instant = Field(description="When it was asked for.", examples=[INSTANT])
    started_at: Instant | None = Field(description="When it began.", examples=[INSTANT])
    completed_at: Instant | None = Field(description="When it ended.", examples=[INSTANT])
    scheduled_for: Instant | None = Field(
        description="When it was due, if the schedule asked for it.", examples=[INSTANT]
    )
    error: JobErrorShape | None = Field(description="Why it failed; null if it did not.")
    items_restored: dict[str, int] = Field(
        description="Rows or files restored, by table or part.", examples=[{"orders": 142}]
    )
    result: dict[str, Any] = Field(
        description="What this kind of job adds when it is done: the checks of a verification,"
        " what a cleanup removed.",
        examples=[{"removed": [BACKUP_ID], "freed_bytes": 1048576}],
    )
    warnings: list[str] = Field(
        description="What is worth knowing though nothing failed.",
        examples=[["The repository is not encrypted"]],
    )
    attempt: int = Field(description="1, and one more with each retry.", examples=[1])
    retry_of: str | None = Field(
        description="The job that this one tries again.", examples=[JOB_ID]
    )
    cancel_requested: bool = Field(
        description="Whether somebody asked it to stop.", examples=[False]
    )
    stalled: bool = Field(
        description="Whether it is running and has not moved for too long.", examples=[False]
    )
    links: JobLinks = Field(description="Where to go from here.")


class JobPage(Page):
    """Jobs, newest first."""

    jobs: list[JobShape] = Field(description="The jobs of this page.")


def job_shape(job: Job, request: Request) -> JobShape:
    """Return a job as the interface shows it; what it was asked with stays inside."""
    progress = job.progress
    return JobShape(
        id=job.id,
        plan=job.plan,
        kind=job.kind,
        status=job.status,
        trigger=job.trigger,
        actor=job.actor,
        backup_id=job.backup_id,
        progress=JobProgressShape(
            progress_percent=progress.percent,
            current_step=progress.current_step,
            total_tables=progress.total_tables,
            completed_tables=progress.completed_tables,
            done_bytes=progress.done_bytes,
            total_bytes=progress.total_bytes,
        ),
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        scheduled_for=job.nominal_at,
        error=_error(job),
        items_restored=dict(job.items_restored),
        result=dict(job.result),
        warnings=list(job.warnings),
        attempt=job.attempt,
        retry_of=job.retry_of,
        cancel_requested=job.cancel_requested,
        stalled=job.stalled,
        links=JobLinks(
            self=link(request, "jobs", job.id),
            events=link(request, "jobs", job.id, "events"),
            backup=link(request, "backups", job.backup_id) if job.backup_id else None,
        ),
    )


def _error(job: Job) -> JobErrorShape | None:
    if job.error_code is None and job.error_message is None:
        return None
    return JobErrorShape(
        code=job.error_code or "error", message=job.error_message or "", hint=job.error_hint
    )
