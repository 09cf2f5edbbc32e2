"""Backups as the interface shows them, also those that are being made or came to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from fastapi import Request
from pydantic import Field

from holdfast.models.backup import BackupMetadata, BackupStats, BackupType, Trigger
from holdfast.models.job import Job, JobStatus
from holdfast.web.routing import link
from holdfast.web.schemas.base import (
    BACKUP_ID,
    INSTANT,
    JOB_ID,
    Body,
    Description,
    Instant,
    Page,
    Shape,
    Tag,
)
from holdfast.web.schemas.jobs import JobErrorShape, JobProgressShape, job_shape


class BackupState(StrEnum):
    """How a backup stands: one that is stored, or the job that makes it or failed to."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    VERIFIED = "verified"
    PARTIAL = "partial"
    RESTORED = "restored"
    FAILED = "failed"
    CANCELLED = "cancelled"


SourceName: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class NewBackup(Body):
    """How a backup is to be made."""

    description: Description | None = Field(
        default=None, description="For people; no secrets.", examples=["Before release 42"]
    )
    tags: list[Tag] = Field(
        default=[], max_length=50, description="To find it by.", examples=[["release"]]
    )
    compression: bool = Field(
        default=True, description="Whether its content is compressed.", examples=[True]
    )
    compression_level: int | None = Field(
        default=None,
        ge=1,
        le=19,
        description="zstd level, 1 fast to 19 small; null: that of the plan.",
        examples=[3],
    )
    sources: list[SourceName] = Field(
        default=[],
        max_length=100,
        description="Take only these sources of the plan, by name; none: all of them. Such a backup"
        " counts as none of the plan: health and retention pass it over.",
        examples=[["app"]],
    )
    verify: bool = Field(
        default=False, description="Verify it at once; a failure fails the job.", examples=[True]
    )
    allow_damaged: bool = Field(
        default=False,
        description="Take a database that fails its integrity check, marked as such.",
        examples=[False],
    )


class BackupChange(Body):
    """What to change of a backup; what is left out stays."""

    description: Description | None = Field(
        default=None, description="The new description; null removes it.", examples=["Year's end"]
    )
    tags: list[Tag] | None = Field(
        default=None,
        max_length=50,
        description="The new tags, in place of all that it has.",
        examples=[["yearly"]],
    )
    keep: bool | None = Field(
        default=None,
        description="Keep it whatever the retention says, or no longer. Needs the permission"
        " `administer`.",
        examples=[True],
    )


class BackupLinks(Shape):
    """Where to go from a backup."""

    self: str = Field(description="The backup.", examples=[f"/api/backups/backups/{BACKUP_ID}"])
    download: str | None = Field(
        description="Its ZIP; null while there is none.",
        examples=[f"/api/backups/backups/{BACKUP_ID}/download"],
    )
    job: str | None = Field(
        description="The job that makes it, or failed to.",
        examples=[f"/api/backups/jobs/{JOB_ID}"],
    )


class HeldShape(Shape):
    """One source as a backup holds it."""

    root: str = Field(description="Its place in the backup.", examples=["database/app.db"])
    kind: str = Field(
        description="`sqlite`, `postgresql`, `mysql`, `tables`, `directory` or `settings`.",
        examples=["sqlite"],
    )
    size_bytes: int = Field(description="Its size.", examples=[4194304])
    count: int = Field(
        description="Rows of a database, files of a directory, keys of the settings.",
        examples=[142],
    )


class BackupShape(Shape):
    """One backup. Sizes of one that is not stored are 0."""

    id: str = Field(
        description="Its id; that of its job while it is made, or if it failed.",
        examples=[BACKUP_ID],
    )
    status: BackupState = Field(
        description="`completed`: stored whole. `verified`: and proven since. `partial`: stored,"
        " but some paths could not be captured. `restored`: it was restored from. `failed` and"
        " `cancelled`: not stored.",
        examples=["verified"],
    )
    created_at: Instant = Field(description="When it was taken.", examples=[INSTANT])
    type: BackupType = Field(description="Why it exists.", examples=["manual"])
    trigger: Trigger | None = Field(description="What started it.", examples=["manual_api"])
    plan: str = Field(
        description="The plan it was made of; empty for one of another program.",
        examples=["default"],
    )
    only: list[str] = Field(
        description="The sources that it was made of where others of the plan were left out: it is"
        " no backup of the plan. Empty for one that is.",
        examples=[[]],
    )
    description: str | None = Field(description="For people.", examples=["Before release 42"])
    tags: list[str] = Field(description="To find it by.", examples=[["release"]])
    keep: bool = Field(
        description="Whether it is kept whatever the retention says.", examples=[False]
    )
    original_size_bytes: int = Field(description="Size of everything captured.", examples=[4194304])
    stored_size_bytes: int = Field(
        description="What it added to the repository.", examples=[131072]
    )
    compressed_size_bytes: int = Field(
        description="Its whole content as stored, shared with other backups or not.",
        examples=[1048576],
    )
    encrypted: bool | None = Field(
        description="Whether it is encrypted; null if not known.", examples=[True]
    )
    compressed: bool | None = Field(
        description="Whether it is compressed; null if not known.", examples=[True]
    )
    checksum: str | None = Field(
        description="Of its manifest, which holds the checksum of each content.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    checksum_algorithm: str = Field(description="How it is computed.", examples=["sha256"])
    snapshot_id: str | None = Field(
        description="Its snapshot in the repository, which restic takes too. It changes with each"
        " edit; null for one that is not stored.",
        examples=["5b0c4d7b8c1f2d3e4a5968778695a4b3c2d1e0f9e8d7c6b5a49382716f5e4d3c"],
    )
    verified: bool = Field(
        description="Whether its last verification or drill passed.", examples=[True]
    )
    verified_at: Instant | None = Field(
        description="When it was last verified or drilled.", examples=[INSTANT]
    )
    verification_errors: list[str] = Field(
        description="What the last verification found.", examples=[["data/ab12: missing"]]
    )
    disproven: bool = Field(
        description="Whether its last verification or drill failed: do not rely on it.",
        examples=[False],
    )
    damaged: bool = Field(
        description="Whether a database was damaged already when it was taken.", examples=[False]
    )
    problems: list[str] = Field(
        description="Paths that could not be captured, each with its reason.",
        examples=[["media/7.jpg: permission denied"]],
    )
    warnings: list[str] = Field(
        description="What is worth knowing though nothing failed.",
        examples=[["The repository is not encrypted"]],
    )
    table_counts: dict[str, int] = Field(
        description="Rows of each table.", examples=[{"orders": 142}]
    )
    contents: list[HeldShape] | None = Field(
        description="What it holds, source by source, where one backup is asked for; null in"
        " lists, and where it cannot be read."
    )
    total_records: int = Field(description="Rows in all.", examples=[142])
    total_files: int = Field(description="Files in all.", examples=[17])
    schema_version: str | None = Field(
        description="Version of the database's schema.", examples=["a1b2c3d4"]
    )
    app_version: str | None = Field(description="Version of the application.", examples=["2.4.0"])
    hostname: str = Field(description="Where it was made.", examples=["server1"])
    duration_s: float | None = Field(description="How long it took [s].", examples=[12.5])
    job_id: str | None = Field(
        description="The job that makes it, or failed to.", examples=[JOB_ID]
    )
    progress: JobProgressShape | None = Field(
        description="How far it is, while it is made; null for one that is stored."
    )
    error: JobErrorShape | None = Field(description="Why it failed.")
    links: BackupLinks = Field(description="Where to go from here.")


class BackupPage(Page):
    """Backups, in the order that was asked for."""

    backups: list[BackupShape] = Field(description="The backups of this page.")


class StatsShape(Shape):
    """The repository in numbers."""

    total_backups: int = Field(description="How many backups are stored.", examples=[42])
    verified_backups: int = Field(description="How many of them are proven.", examples=[40])
    failed_backups: int = Field(description="How many runs failed.", examples=[1])
    total_size_bytes: int = Field(
        description="Sum of the original sizes of all backups.", examples=[176160768]
    )
    stored_size_bytes: int = Field(
        description="What the repository really occupies.", examples=[5242880]
    )
    average_size_bytes: int = Field(
        description="Mean original size of a backup.", examples=[4194304]
    )
    compression_ratio: float = Field(
        description="Original bytes per stored byte of the same content.", examples=[3.9]
    )
    dedup_ratio: float = Field(
        description=(
            "Stored bytes of content to which the backups refer, per byte of it that is stored;"
            " never below 1."
        ),
        examples=[8.6],
    )
    unused_size_bytes: int | None = Field(
        description=(
            "What of the stored bytes no backup needs, as a cancelled one leaves it: a prune frees"
            " most of it. Null if it is not known."
        ),
        examples=[0],
    )
    oldest_at: Instant | None = Field(
        description="When the oldest backup was taken.", examples=[INSTANT]
    )
    newest_at: Instant | None = Field(
        description="When the newest backup was taken.", examples=[INSTANT]
    )


def backup_shape(
    backup: BackupMetadata, request: Request, contents: Sequence[HeldShape] | None = None
) -> BackupShape:
    """Return a stored backup as the interface shows it."""
    return BackupShape(
        id=backup.backup_id,
        status=BackupState(backup.status.value),
        created_at=backup.created_at,
        type=backup.backup_type,
        trigger=backup.trigger,
        plan=backup.plan,
        only=list(backup.only),
        description=backup.description,
        tags=list(backup.tags),
        keep=backup.keep,
        original_size_bytes=backup.original_size,
        stored_size_bytes=backup.stored_size,
        compressed_size_bytes=backup.compressed_size,
        encrypted=backup.encrypted,
        compressed=backup.compressed,
        checksum=backup.checksum,
        checksum_algorithm=backup.checksum_algorithm,
        snapshot_id=backup.snapshot_id,
        verified=backup.verified,
        verified_at=backup.verification_date,
        verification_errors=list(backup.verification_errors),
        disproven=backup.disproven,
        damaged=backup.damaged,
        problems=list(backup.problems),
        warnings=list(backup.warnings),
        table_counts=dict(backup.table_counts),
        contents=None if contents is None else list(contents),
        total_records=backup.total_records,
        total_files=backup.total_files,
        schema_version=backup.schema_version,
        app_version=backup.app_version,
        hostname=backup.hostname,
        duration_s=backup.duration_s,
        job_id=None,
        progress=None,
        error=None,
        links=BackupLinks(
            self=link(request, "backups", backup.backup_id),
            download=link(request, "backups", backup.backup_id, "download"),
            job=None,
        ),
    )


def unstored_shape(job: Job, request: Request) -> BackupShape:
    """Return a backup that is being made, or that failed, as the interface shows it."""
    shown = job_shape(job, request)
    return BackupShape(
        id=job.id,
        status=state_of(job),
        created_at=job.created_at,
        type=type_of(job),
        trigger=job.trigger,
        plan=job.plan,
        only=list(job.params.get("sources") or ()),
        description=job.params.get("description"),
        tags=list(job.params.get("tags") or ()),
        keep=False,
        original_size_bytes=0,
        stored_size_bytes=0,
        compressed_size_bytes=0,
        encrypted=None,
        compressed=None,
        checksum=None,
        checksum_algorithm="sha256",
        snapshot_id=None,
        verified=False,
        verified_at=None,
        verification_errors=[],
        disproven=False,
        damaged=False,
        problems=[],
        warnings=list(job.warnings),
        table_counts={},
        contents=None,
        total_records=0,
        total_files=0,
        schema_version=None,
        app_version=None,
        hostname="",
        duration_s=None,
        job_id=job.id,
        progress=shown.progress,
        error=shown.error,
        links=BackupLinks(
            self=link(request, "backups", job.id), download=None, job=shown.links.self
        ),
    )


def state_of(job: Job) -> BackupState:
    """Return how the backup of a job stands that is not stored."""
    if job.status is JobStatus.PENDING:
        return BackupState.PENDING
    if job.status is JobStatus.CANCELLED:
        return BackupState.CANCELLED
    # A job that completed without a backup to show for it did not make one that is there.
    return BackupState.FAILED if job.status.finished else BackupState.RUNNING


def type_of(job: Job) -> BackupType:
    """Return why the backup of a job exists, or would."""
    scheduled = job.trigger is Trigger.SCHEDULED_CRON
    return BackupType.SCHEDULED if scheduled else BackupType.MANUAL


def stats_shape(stats: BackupStats) -> StatsShape:
    """Return the repository in numbers as the interface shows it."""
    return StatsShape(
        total_backups=stats.total_backups,
        verified_backups=stats.verified_backups,
        failed_backups=stats.failed_backups,
        total_size_bytes=stats.total_size,
        stored_size_bytes=stats.stored_size,
        average_size_bytes=stats.average_size,
        compression_ratio=stats.compression_ratio,
        dedup_ratio=stats.dedup_ratio,
        unused_size_bytes=stats.unused_size,
        oldest_at=stats.oldest,
        newest_at=stats.newest,
    )
