"""What the catalog keeps beside jobs, as values: schedules, audit, uploads, links, messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from holdfast.models.job import Job


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do one job, for as long as it is renewed.

    Attributes:
        job: The job as it was when it was claimed.
        owner: Who claimed it.
        generation: Rises with each owner; whoever holds an older one has lost the job.
    """

    job: Job
    owner: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When backups of a plan are made by themselves, and which of them stay.

    Attributes:
        cron: Minute, hour, day of month, month, day of week.
        timezone: IANA name of the zone that `cron` is read in.
        retention: Fields of a `RetentionPolicy`, as JSON values.
        misfire: `run_once` or `skip`: what becomes of a run that was missed.
        version: Rises with each change; 0 is a schedule that was never saved.
        updated_by: Who changed it last; None for the configuration.
    """

    plan: str
    cron: str
    timezone: str = "UTC"
    enabled: bool = True
    retention: Mapping[str, Any] = field(default_factory=dict)
    misfire: str = "run_once"
    version: int = 0
    updated_at: datetime | None = None
    updated_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that somebody did, or tried to do.

    Attributes:
        number: Rises with each entry.
        action: What was done, such as `backup.delete` or `session.open`.
        object: What it was done to, such as a backup's or a user's id.
        outcome: `done`, `refused` or `failed`.
        address: Where the request came from.
    """

    number: int
    at: datetime
    actor: str | None
    action: str
    outcome: str
    plan: str | None = None
    object: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """What was answered to a request, to be answered again to the same one."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Something that waits for a confirmation: a file that was sent, or a backup to restore.

    Attributes:
        path: The file that was sent; None where nothing was.
        backup_id: The backup to restore; None for a file.
        params: What was asked for, and what was found, as JSON values.
        claimed_at: When it was confirmed; nobody else can confirm it then.
    """

    id: str
    plan: str
    path: str | None
    backup_id: str | None
    file_name: str | None
    size_bytes: int
    params: Mapping[str, Any]
    actor: str | None
    created_at: datetime
    expires_at: datetime
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link to download leads to."""

    plan: str
    backup_id: str
    actor: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message for one channel of notification, and what came of it.

    Attributes:
        event: As what it is told.
        document: The message as JSON values.
        tried_at: When it was sent last; None: not yet.
        tries: How often it was.
        error: Why the last try failed.
        generation: Rises with each claim; whoever holds an older one has lost it.
    """

    number: int
    plan: str
    channel: str
    event: str
    document: Mapping[str, Any]
    created_at: datetime
    tried_at: datetime | None
    tries: int
    delivered: bool
    error: str | None
    generation: int
