"""The repository in numbers."""

from __future__ import annotations

from holdfast.catalog import RunKind, RunStatus
from holdfast.models.backup import BackupStats
from holdfast.operations.backups import backups_of
from holdfast.operations.plan import Workplace


def backup_stats(workplace: Workplace) -> BackupStats:
    """Count and measure all backups of the repository."""
    repository, runs = workplace.repository, workplace.runs
    backups = backups_of(workplace).all()
    stored = sum(
        each.size_bytes
        for folder in ("data/", "index/", "snapshots/")
        for each in repository.store.list(folder)
    )
    total = sum(each.original_size for each in backups)
    compressed = sum(each.compressed_size for each in backups)
    failed = [
        run
        for run in runs.runs(kind=RunKind.BACKUP, plan=workplace.plan.name)
        if run.status is RunStatus.FAILED
    ]
    return BackupStats(
        total_backups=len(backups),
        total_size=total,
        stored_size=stored,
        average_size=total // len(backups) if backups else 0,
        verified_backups=sum(each.verified for each in backups),
        failed_backups=len(failed),
        compression_ratio=_ratio(total, compressed),
        dedup_ratio=_ratio(compressed, stored),
        oldest=backups[0].created_at if backups else None,
        newest=backups[-1].created_at if backups else None,
    )


def _ratio(before: int, after: int) -> float:
    return round(before / after, 2) if after else 1.0
