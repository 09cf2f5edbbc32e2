"""The repository in numbers."""

from __future__ import annotations

from holdfast.catalog import RunKind, RunStatus
from holdfast.errors import RepositoryDamaged, StoreError
from holdfast.models.backup import BackupStats
from holdfast.operations.backups import BackupList, backups_of
from holdfast.operations.plan import Workplace
from holdfast.repository import Repository, Sharing, measure_sharing


def backup_stats(workplace: Workplace) -> BackupStats:
    """Count and measure all backups of the repository."""
    repository, runs = workplace.repository, workplace.runs
    # First what is there, then what is needed: so a backup that ends between is not unused.
    packs = _size(repository, "data/")
    listed = backups_of(workplace)
    backups = listed.all()
    sharing = _sharing(workplace, listed)
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
        stored_size=packs + _size(repository, "index/", "snapshots/"),
        unused_size=None if sharing is None else max(packs - sharing.needed, 0),
        average_size=total // len(backups) if backups else 0,
        verified_backups=sum(each.verified for each in backups),
        failed_backups=len(failed),
        compression_ratio=_ratio(total, compressed),
        dedup_ratio=1.0 if sharing is None else _ratio(sharing.referred, sharing.distinct),
        oldest=backups[0].created_at if backups else None,
        newest=backups[-1].created_at if backups else None,
    )


def _sharing(workplace: Workplace, listed: BackupList) -> Sharing | None:
    """Return what all backups of the repository share; None if not all of them can be read."""
    if listed.damaged:
        return None
    roots = [snapshot.tree for _, snapshot in listed.snapshots()]
    try:
        return measure_sharing(workplace.repository, roots, cancel=workplace.cancel)
    except (RepositoryDamaged, StoreError):
        return None


def _size(repository: Repository, *folders: str) -> int:
    return sum(each.size_bytes for folder in folders for each in repository.store.list(folder))


def _ratio(before: int, after: int) -> float:
    return round(before / after, 2) if after else 1.0
