"""The JSON of the contract `admin`: records of backups, as its clients spell them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE_ID = "backup_20241108_120000"


class RecordStatus(StrEnum):
    """How a backup stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    RESTORED = "RESTORED"


class RecordTrigger(StrEnum):
    """What made a backup."""

    MANUAL_API = "MANUAL_API"
    SCHEDULED_CRON = "SCHEDULED_CRON"
    PRE_RESTORE_SAFETY = "PRE_RESTORE_SAFETY"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRecord(_Body):
    """How to make a backup."""

    description: str | None = Field(
        default=None, max_length=1000, description="What it is made for.", examples=["Before 2.0"]
    )
    compression_level: int | None = Field(
        default=None,
        ge=0,
        le=9,
        description="0 stores as it is, 1 is fast, 9 is small; by default that of the service.",
        examples=[6],
    )


class RestoreChoice(_Body):
    """How to restore."""

    create_safety_backup: bool = Field(
        default=True, description="Whether what is replaced is backed up first."
    )
    confirm: str | None = Field(
        default=None,
        description="The name of the live data, where they were given one.",
        examples=["production"],
    )


class BackupRecord(BaseModel):
    """One backup."""

    id: str = Field(description="Its id.", examples=[EXAMPLE_ID])
    filename: str | None = Field(
        description="The name of its file when it is downloaded; none while it is not stored.",
        examples=["shop_backup_20241108_120000.sql.gz"],
    )
    status: RecordStatus = Field(description="How it stands.")
    trigger: RecordTrigger = Field(description="What made it.")
    description: str | None = Field(description="What it was made for.", examples=["Before 2.0"])
    size_bytes: int = Field(description="What its content takes, compressed.", examples=[48211])
    original_size_bytes: int = Field(description="Its content as it was.", examples=[201344])
    checksum: str | None = Field(description="SHA-256 of its manifest.", examples=["5f1d…"])
    checksum_algorithm: str = Field(default="sha256", description="How the checksum was made.")
    verified: bool = Field(description="Whether it has been proven intact since.")
    table_counts: dict[str, int] = Field(description="Rows, by table.")
    created_by: str | None = Field(description="Who asked for it, where that is known.")
    created_at: datetime = Field(description="When it was made or asked for, in UTC.")
    completed_at: datetime | None = Field(description="When it ended, where that is known.")
    error_message: str | None = Field(description="Why it failed, or what it could not take.")


class RecordPage(BaseModel):
    """A page of backups, newest first."""

    backups: list[BackupRecord] = Field(description="The backups of this page.")
    total: int = Field(description="How many fit the filters.", examples=[1])
    page: int = Field(description="Which page this is, from 1.", examples=[1])
    page_size: int = Field(description="How many a page has at most.", examples=[20])
    pages: int = Field(description="How many pages there are.", examples=[1])


class RecordStats(BaseModel):
    """All backups in numbers."""

    total_backups: int = Field(description="How many are stored.", examples=[12])
    latest_backup: BackupRecord | None = Field(description="The newest one that is stored.")
    total_size_bytes: int = Field(description="What the repository occupies.", examples=[918220])
    retention_days: int | None = Field(
        description="After how many days a cleanup removes one, if by days.", examples=[30]
    )
    failed_backups: int = Field(description="How many could not be made.", examples=[0])


class RestoreRecord(BaseModel):
    """What a restore did."""

    backup_id: str = Field(description="What was restored.", examples=[EXAMPLE_ID])
    status: RecordStatus = Field(description="How that backup stands now.")
    safety_backup_id: str | None = Field(
        description="The backup of what was replaced.", examples=["backup_20241109_080000"]
    )
    items_restored: dict[str, int] = Field(description="Rows, by table.")
    completed_at: datetime | None = Field(description="When it was done.")


class CleanupRecord(BaseModel):
    """What a cleanup removed."""

    deleted_count: int = Field(description="How many backups were removed.", examples=[2])
    freed_bytes: int = Field(description="Bytes freed in the repository.", examples=[91822])
    deleted_ids: list[str] = Field(description="Their ids.", examples=[[EXAMPLE_ID]])


class DeletedRecord(BaseModel):
    """What was deleted."""

    deleted: bool = Field(description="Whether it is gone.", examples=[True])
    id: str = Field(description="The id it had.", examples=[EXAMPLE_ID])
