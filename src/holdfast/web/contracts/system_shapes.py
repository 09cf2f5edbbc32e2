"""What the contract `system` answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from holdfast.web.contracts.backup_times import EXAMPLE
from holdfast.web.contracts.system_words import CONFIRM, CORRUPTED, OLDER

_NAME = f"camera-backup-{EXAMPLE}.zip"
_LINK = f"/api/v1/system/backup/{EXAMPLE}/download"


class BackupItem(BaseModel):
    """One backup, and where it can be downloaded for an hour."""

    timestamp: str = Field(description="When it was made, in UTC.", examples=[EXAMPLE])
    filename: str = Field(description="What a download is called.", examples=[_NAME])
    download_url: str = Field(description="Where it can be downloaded.", examples=[_LINK])
    expires_at: datetime = Field(description="Until when; a list hands out a new link.")
    created_at: datetime = Field(description="When it was made, in UTC.")
    size_bytes: int = Field(
        description="What it holds; the file is some hundred bytes for each member longer.",
        examples=[1048576],
    )
    type: str = Field(
        description="`manual`, `scheduled`, or `pre_restore` for a safety backup.",
        examples=["scheduled"],
    )
    status: str = Field(description="`completed`, `verified` or `partial`.", examples=["verified"])
    app_version: str | None = Field(description="Of the application, if it has one.")


class BackupList(BaseModel):
    """All backups, newest first."""

    backups: list[BackupItem] = Field(description="The backups.")
    total: int = Field(description="How many there are.", examples=[1])


class BackupMade(BackupItem):
    """The backup that was made."""

    message: str = Field(description="What happened.", examples=["Backup created"])
    database_size_bytes: int = Field(description="Of the database.", examples=[884736])
    thumbnails_count: int = Field(description="How many thumbnails.", examples=[42])
    thumbnails_size_bytes: int = Field(description="Of all thumbnails.", examples=[163840])
    settings_count: int = Field(description="How many settings.", examples=[12])
    warnings: list[str] = Field(description="What should be seen to.")


class Deleted(BaseModel):
    """What was deleted."""

    message: str = Field(description="What happened.", examples=["Backup deleted"])
    timestamp: str = Field(description="The time it was made.", examples=[EXAMPLE])


class Contents(BaseModel):
    """What a backup file says of itself, every word of it proven."""

    timestamp: str = Field(description="When it was made.", examples=["2026-03-14T03:00:00Z"])
    app_version: str | None = Field(description="Of the application that made it.")
    schema_version: str | None = Field(description="Of its database, as migrations count.")
    total_records: int = Field(description="Rows in its database.", examples=[1042])
    table_counts: dict[str, int] = Field(description="Rows, by table.")
    size_bytes: int = Field(description="What it holds.", examples=[1048576])


class Change(BaseModel):
    """One thing that a restore would change."""

    target: str = Field(description="The file, table or settings.", examples=["app.db: events"])
    action: str = Field(
        description="`create`, `replace`, `unchanged`, `remove` or `skip`.", examples=["replace"]
    )
    detail: str = Field(description="What would change.", examples=["142 rows -> 137 rows"])


class Validation(BaseModel):
    """What the check of a backup file found."""

    valid: bool = Field(description="Whether it can be restored.")
    errors: list[str] = Field(description="Why not.", examples=[[CORRUPTED]])
    hint: str | None = Field(default=None, description="The cause, and what to do about it.")
    warnings: list[str] = Field(description="What to think of first.", examples=[[OLDER]])
    metadata: Contents | None = Field(default=None, description="What it holds, if it is valid.")
    changes: list[Change] = Field(default=[], description="What restoring it would change.")


class Step(BaseModel):
    """One step of a restore."""

    name: str = Field(description="What was done.", examples=["Safety backup"])
    status: str = Field(description="`completed` or `skipped`.", examples=["completed"])
    detail: str = Field(description="More of it.", examples=[EXAMPLE])


class RestoreAnswer(BaseModel):
    """What a restore would do, and asks to be confirmed; or what it did."""

    status: str = Field(
        description="`confirmation_required`, and nothing was changed; or `completed`.",
        examples=["confirmation_required"],
    )
    message: str = Field(description="The question to ask, or what happened.", examples=[CONFIRM])
    confirmation_required: bool = Field(description="Whether it waits to be confirmed.")
    token: str | None = Field(
        default=None, description="Send it alone to confirm: the file is kept until then."
    )
    expires_at: datetime | None = Field(default=None, description="Until when it can be.")
    validation: Validation | None = Field(
        default=None, description="What the check of the file found."
    )
    warnings: list[str] = Field(description="What to think of, or to see to.")
    steps: list[Step] = Field(default=[], description="What was done, in its order.")
    safety_backup: str | None = Field(
        default=None, description="The backup of what was replaced.", examples=[EXAMPLE]
    )
    database_restored: bool | None = Field(default=None, description="Whether it was replaced.")
    thumbnails_restored: int | None = Field(default=None, description="How many were put back.")
    settings_restored: int | None = Field(default=None, description="How many were imported.")
    rows_restored: dict[str, int] = Field(default={}, description="Rows, by table.")


class Confirmation(BaseModel):
    """A restore that is confirmed without sending the file again."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=200, description="As it was given.")
    confirm: str | bool | None = Field(default=None, description="The name of the live data.")


_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "The backup file, of this interface or of Holdfast's own.",
        }
    },
}
_CONFIRMING = {
    "token": {"type": "string", "description": "Of the first answer; then no file is needed."},
    "confirm": {
        "type": "string",
        "description": "`true`, or the name of the live data where they have one.",
    },
}

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {**_FORM, "required": ["file"]}}},
    }
}
RESTORE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {**_FORM, "properties": {**_FORM["properties"], **_CONFIRMING}}
            },
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": _CONFIRMING}
            },
            "application/json": {"schema": Confirmation.model_json_schema()},
        },
    }
}
