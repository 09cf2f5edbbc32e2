"""What the contract `jobs` answers with: backups and restores as jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from holdfast.models.job import Job, JobStatus

_ID = "01934a7e-8c00-7000-8000-000000000000"
_BACKUP_ID = "backup_20241108_120000"


class TableBackupStatus(StrEnum):
    """How a backup stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class TableRestoreStatus(StrEnum):
    """How a restore stands."""

    PENDING = "pending"
    VALIDATING = "validating"
    RESTORING = "restoring"
    COMPLETED = "completed"
    FAILED = "failed"


class StartedJob(BaseModel):
    """A job that was asked for."""

    job_id: str = Field(description="Its id, which it keeps.", examples=[_ID])
    status: str = Field(default="pending", description="Always `pending`.", examples=["pending"])
    message: str = Field(description="What was begun.", examples=["Backup started"])


class TableProgress(BaseModel):
    """How far a job is."""

    total_tables: int = Field(description="Tables in all; 0 while unknown.", examples=[12])
    completed_tables: int = Field(description="Tables that are done.", examples=[7])
    progress_percent: int = Field(
        ge=0, le=100, description="Never falls; 100 only when the job is completed.", examples=[58]
    )
    current_step: str = Field(
        description="What is being done now.", examples=["Exporting table expenses"]
    )


class ListedTableBackup(BaseModel):
    """A backup in a list."""

    id: str = Field(description="Its id.", examples=[_ID])
    created_at: datetime = Field(description="When it was asked for, in UTC.")
    file_size_bytes: int | None = Field(
        description="The exact size of its ZIP file; null while there is none.", examples=[48211]
    )
    status: TableBackupStatus = Field(description="How it stands.")
    download_url: str | None = Field(
        description="The path of its ZIP file; null while there is none.",
        examples=[f"/api/backup/{_ID}/download"],
    )


class ListedTableBackups(BaseModel):
    """All backups, newest first."""

    backups: list[ListedTableBackup] = Field(description="The backups.")
    total: int = Field(description="How many there are.", examples=[1])


class TableContent(BaseModel):
    """What a manifest says of one table."""

    count: int = Field(description="Its rows.", examples=[142])
    checksum: str = Field(description="SHA-256 of its JSON file.", examples=["5f1d…"])


class TableManifest(BaseModel):
    """What a backup holds."""

    backup_id: str = Field(
        description="What the backup is called in its manifest, whoever restores it.",
        examples=[_BACKUP_ID],
    )
    version: str = Field(description="Of the format.", examples=["1.0"])
    created_at: datetime = Field(description="When its data were read, in UTC.")
    app_version: str | None = Field(description="Of the application.", examples=["2.0"])
    contents: dict[str, TableContent] = Field(description="Its tables, by name.")


class TableBackup(BaseModel):
    """A backup, from the moment when it was asked for."""

    id: str = Field(description="Its id.", examples=[_ID])
    status: TableBackupStatus = Field(description="How it stands.")
    progress: TableProgress = Field(description="How far it is.")
    created_at: datetime = Field(description="When it was asked for, in UTC.")
    started_at: datetime | None = Field(description="When work on it began.")
    completed_at: datetime | None = Field(description="When it ended.")
    file_path: str | None = Field(
        description="The name of its ZIP file, which is made when it is downloaded.",
        examples=["expenses-backup-2024-11-08-12-00-00.zip"],
    )
    file_size_bytes: int | None = Field(
        description="The exact size of that file.", examples=[48211]
    )
    manifest: TableManifest | None = Field(description="What it holds; null while it is made.")
    error_message: str | None = Field(description="Why it failed.")


class TableRestore(BaseModel):
    """A restore of a file that was sent."""

    id: str = Field(description="Its id.", examples=[_ID])
    status: TableRestoreStatus = Field(description="How it stands.")
    progress: TableProgress = Field(description="How far it is.")
    backup_id: str | None = Field(
        description="What the manifest in the file calls the backup; null until that is checked.",
        examples=[_BACKUP_ID],
    )
    backup_created_at: datetime | None = Field(description="When that backup was made.")
    created_at: datetime = Field(description="When the restore was asked for, in UTC.")
    started_at: datetime | None = Field(description="When work on it began.")
    completed_at: datetime | None = Field(description="When it ended.")
    items_restored: dict[str, int] = Field(
        description="Rows restored, by table; empty until it is completed.",
        examples=[{"expenses": 142}],
    )
    error_message: str | None = Field(description="Why it failed; nothing was changed then.")


class DeletedTableBackup(BaseModel):
    """That a backup is gone."""

    deleted: bool = Field(default=True, description="Whether it is gone.", examples=[True])


def backup_status(job: Job) -> TableBackupStatus:
    """Return the status of a backup as the contract spells it."""
    if job.status in (JobStatus.PENDING, JobStatus.COMPLETED):
        return TableBackupStatus(job.status.value)
    return TableBackupStatus.FAILED if job.status.finished else TableBackupStatus.RUNNING


def restore_status(job: Job) -> TableRestoreStatus:
    """Return the status of a restore as the contract spells it."""
    if job.status is JobStatus.RUNNING:
        return TableRestoreStatus.VALIDATING
    if job.status is JobStatus.CANCELLED:
        return TableRestoreStatus.FAILED
    return TableRestoreStatus(job.status.value)


def progress_of(job: Job) -> TableProgress:
    """Return how far a job is."""
    return TableProgress(
        total_tables=job.progress.total_tables,
        completed_tables=job.progress.completed_tables,
        progress_percent=job.progress.percent,
        current_step=job.progress.current_step or job.status.value.capitalize(),
    )


def failure_of(job: Job) -> str | None:
    """Return why a job failed, in a sentence that says so where a checksum was wrong."""
    if job.status is JobStatus.CANCELLED:
        return job.error_message or "The job was cancelled"
    message = job.error_message
    if message and job.error_code == "archive-damaged" and "checksum" not in message.casefold():
        # The archive's own checksum covers every byte, so whatever is damaged breaks it.
        return f"Checksum error: {message}"
    return message


def restore_shape(job: Job, backup_created_at: datetime | None) -> TableRestore:
    """Return a restore as the contract shows it."""
    return TableRestore(
        id=job.id,
        status=restore_status(job),
        progress=progress_of(job),
        backup_id=job.backup_id,
        backup_created_at=backup_created_at,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        items_restored=dict(job.items_restored),
        error_message=failure_of(job),
    )
