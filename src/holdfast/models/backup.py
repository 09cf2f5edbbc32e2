"""Backups and what is said of them: the values that the library's front door returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from holdfast.models.target import RestoreTarget


class BackupType(StrEnum):
    """Why a backup exists."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    PRE_RESTORE = "pre_restore"


class Trigger(StrEnum):
    """What started a run."""

    MANUAL_API = "manual_api"
    MANUAL_CLI = "manual_cli"
    SCHEDULED_CRON = "scheduled_cron"
    PRE_RESTORE_SAFETY = "pre_restore_safety"
    UPLOAD = "upload"


class BackupStatus(StrEnum):
    """How a backup stands.

    `completed`: stored whole. `verified`: and proven since. `partial`: stored, but some paths
    could not be captured. `failed`: not stored. `restored`: it was restored from.
    """

    COMPLETED = "completed"
    VERIFIED = "verified"
    PARTIAL = "partial"
    FAILED = "failed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMetadata:
    """One backup.

    Attributes:
        backup_id: `backup_YYYYMMDD_HHMMSS` in UTC, with `_2`, `_3` where a second has several.
        original_size: Logical size of everything captured [bytes].
        stored_size: New bytes that this backup added to the repository.
        compressed_size: Its whole content as stored, shared with other backups or not [bytes].
        compressed: None where that is not known: of a backup that another program made. Then
            sizes and numbers that are 0 are not known either.
        checksum: SHA-256 of its `manifest.json`, which holds the SHA-256 of each content.
        problems: Paths that could not be captured, each with its reason.
        keep: True if it is kept whatever the retention policy says.
        disproven: Whether its last verification or drill failed; `status` says how it was
            stored, and `verification_errors` what was found.
        plan: The plan it was made of; empty for one that another program made.
        only: The sources that it was made of where others of the plan were left out, by name:
            it is whole for what it holds, and no backup of the plan.
        snapshot_id: Id of its snapshot in the repository, hexadecimal; restic takes it too.
    """

    backup_id: str
    created_at: datetime
    backup_type: BackupType
    status: BackupStatus
    original_size: int
    stored_size: int
    compressed_size: int
    encrypted: bool
    compressed: bool | None
    checksum: str
    checksum_algorithm: str = "sha256"
    schema_version: str | None = None
    table_counts: dict[str, int] = field(default_factory=dict)
    total_records: int = 0
    total_files: int = 0
    description: str | None = None
    tags: tuple[str, ...] = ()
    verified: bool = False
    verification_date: datetime | None = None
    verification_errors: tuple[str, ...] = ()
    disproven: bool = False
    app_version: str | None = None
    trigger: Trigger | None = None
    hostname: str = ""
    plan: str = "default"
    only: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    damaged: bool = False
    keep: bool = False
    duration_s: float | None = None
    error: str | None = None
    snapshot_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One named check and its result.

    Attributes:
        skipped: It was not made, because of what another check found; `detail` says why.
            Such a check has not passed, and is no error of its own.
    """

    name: str
    passed: bool
    detail: str = ""
    skipped: bool = False

    @property
    def failed(self) -> bool:
        """Whether it was made and did not pass."""
        return not self.passed and not self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupVerification:
    """What the verification or drill of a backup found; truthy if it passed.

    Attributes:
        missing_files: Files that the database names and the backup lacks.
        orphan_files: Files in the backup that no row names; not an error.
    """

    backup_id: str
    verified: bool
    errors: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    verified_at: datetime
    duration_s: float = 0.0
    missing_files: tuple[str, ...] = ()
    orphan_files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verified


SAME_COUNT = "as now; contents may differ"
"""How the detail of a change ends where only counts were compared, and are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """One thing that a restore would change.

    Attributes:
        target: The file, directory or settings that would change.
        action: `create`, `replace`, `unchanged`, `remove`, or `skip` for what is in the backup
            and cannot be put back.
        detail: What would change, for people: "142 rows -> 137 rows".
    """

    target: str
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
    """What a restore did; truthy on success. With `dry_run`, what it would do.

    Attributes:
        safety_backup_id: The backup of what was replaced; `undo` puts it back.
        target: What was there before, or None for a restore into a new place.
        into: That new place, where it is a directory.
        kept: Databases beside the live ones that hold what was replaced until the next cleanup.
        items_restored: Rows by table, and files by directory (its path in the backup).
    """

    backup_id: str
    success: bool
    dry_run: bool = False
    safety_backup_id: str | None = None
    target: RestoreTarget | None = None
    into: str | None = None
    changes: tuple[PlannedChange, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    items_restored: dict[str, int] = field(default_factory=dict)
    restored_files: int = 0
    restored_bytes: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None

    def __bool__(self) -> bool:
        return self.success


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStats:
    """The repository in numbers; sizes in bytes.

    Attributes:
        total_size: Sum of the original sizes of all backups.
        stored_size: What the repository really occupies.
        compression_ratio: Original bytes per stored byte of the same content, averaged.
        dedup_ratio: Stored bytes of file content to which the backups of the repository refer,
            per byte of it that is stored: each piece counted as often as it is referred to, over
            counted once. Never below 1.
        unused_size: What of `stored_size` no backup needs, such as what a cancelled backup left
            behind; a prune frees it. None if it is not known, as some backup cannot be read.
    """

    total_backups: int
    total_size: int
    stored_size: int
    average_size: int
    verified_backups: int
    failed_backups: int
    compression_ratio: float
    dedup_ratio: float
    oldest: datetime | None
    newest: datetime | None
    unused_size: int | None = None
