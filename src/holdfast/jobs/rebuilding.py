"""A lost catalog, made anew from the backups that the repository knows.

What no backup tells stays lost: jobs that failed, restores, schedules, users, the audit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.jobs.handlers import facts_of
from holdfast.models.backup import BackupMetadata, BackupType, Trigger
from holdfast.models.job import Job, JobKind, JobProgress, JobStatus
from holdfast.models.uuid7 import derived_uuid7

if TYPE_CHECKING:
    from holdfast.catalog import CatalogDatabase
    from holdfast.service import BackupService

_TRIGGERS = {
    BackupType.MANUAL: Trigger.MANUAL_CLI,
    BackupType.SCHEDULED: Trigger.SCHEDULED_CRON,
    BackupType.PRE_RESTORE: Trigger.PRE_RESTORE_SAFETY,
}


def rebuild_catalog(service: BackupService, database: CatalogDatabase) -> int:
    """Add a finished job for every backup that the catalog does not know; return how many.

    Again, and by several processes at once, is harmless.

    Raises:
        RepositoryError: The repository cannot be read, or there is none.
        CatalogError: The catalog cannot be written.
    """
    backups = service.list_backups(limit=None)
    return sum(
        database.jobs.add_finished(finished_job(backup, service.plan.name)) for backup in backups
    )


def finished_job(backup: BackupMetadata, plan: str) -> Job:
    """Return the job that made a backup, as far as the backup tells.

    Its id is made from what never changes of a backup, so that two rebuilds agree. (The id of
    its snapshot changes when it is kept.)

    Args:
        plan: The plan of a backup that names none, as another program made it.
    """
    plan = backup.plan or plan
    completed_at = backup.created_at + timedelta(seconds=backup.duration_s or 0)
    tables = len(backup.table_counts)
    return Job(
        id=derived_uuid7(backup.created_at, f"{plan}/{backup.backup_id}"),
        plan=plan,
        kind=JobKind.BACKUP,
        status=JobStatus.COMPLETED,
        trigger=backup.trigger or _TRIGGERS[backup.backup_type],
        created_at=backup.created_at,
        params={"description": backup.description, "tags": list(backup.tags)},
        progress=JobProgress(
            percent=100,
            total_tables=tables,
            completed_tables=tables,
            done_bytes=backup.original_size,
            total_bytes=backup.original_size,
            changed_at=completed_at,
        ),
        backup_id=backup.backup_id,
        result=facts_of(backup),
        warnings=backup.warnings,
        started_at=backup.created_at,
        completed_at=completed_at,
    )
