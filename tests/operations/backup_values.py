"""Backups as values, for what decides over them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType
from holdfast.models.retention import RetentionPlan

NOW = datetime(2024, 3, 15, 12, 0, tzinfo=UTC)


def ago(days: float = 0, hours: float = 0) -> datetime:
    """Return the instant so long before `NOW`."""
    return NOW - timedelta(days=days, hours=hours)


def make_backup(created_at: datetime, **facts: Any) -> BackupMetadata:
    """Make a complete, unverified backup of 1,000 bytes and 10 records, but for `facts`."""
    values: dict[str, Any] = {
        "backup_id": f"backup_{created_at:%Y%m%d_%H%M%S}",
        "created_at": created_at,
        "backup_type": BackupType.SCHEDULED,
        "status": BackupStatus.COMPLETED,
        "original_size": 1000,
        "stored_size": 100,
        "compressed_size": 500,
        "encrypted": True,
        "compressed": True,
        "checksum": "",
        "table_counts": {"users": 10},
        "total_records": 10,
    }
    return BackupMetadata(**values | facts)


def nightly(count: int, **facts: Any) -> list[BackupMetadata]:
    """Make so many backups, one a day at 02:00, the newest of today; newest first."""
    return [make_backup(ago(days=i, hours=10), **facts) for i in range(count)]


def partial(created_at: datetime, **facts: Any) -> BackupMetadata:
    """Make a backup that lacks a file."""
    problems = ("files/a.txt: vanished",)
    return make_backup(created_at, status=BackupStatus.PARTIAL, problems=problems, **facts)


def safety(created_at: datetime, **facts: Any) -> BackupMetadata:
    """Make a backup as one is taken before a restore."""
    return make_backup(created_at, backup_type=BackupType.PRE_RESTORE, **facts)


def ages(plan: RetentionPlan) -> list[int]:
    """Return the ages of what a plan keeps, in whole days, youngest first."""
    return [(NOW - backup.created_at).days for backup in plan.kept]
