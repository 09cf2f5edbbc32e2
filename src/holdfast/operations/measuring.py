"""Sizes that no snapshot file tells: of a backup of another program, of what a cleanup frees."""

from __future__ import annotations

from dataclasses import replace

from holdfast.errors import RepositoryDamaged, StoreError
from holdfast.models.backup import BackupMetadata
from holdfast.models.node import NodeType
from holdfast.models.retention import RetentionPlan
from holdfast.operations.plan import Workplace
from holdfast.repository import BlobType, Repository, Snapshot, measure_unshared


def freed_bytes(workplace: Workplace, plan: RetentionPlan) -> int:
    """Return about how many bytes a cleanup by this plan would free; changes nothing."""
    going = {backup.snapshot_id for backup in plan.removed}
    if not going:
        return 0
    snapshots = workplace.repository.list_snapshots()
    return measure_unshared(
        workplace.repository,
        [each.tree for each in snapshots if each.id in going],
        [each.tree for each in snapshots if each.id not in going],
        cancel=workplace.cancel,
    )


def measured(repository: Repository, snapshot: Snapshot, backup: BackupMetadata) -> BackupMetadata:
    """Return the backup with what its directories say: files, sizes, whether it is compressed.

    What was known stays; a backup of which not all can be read is returned as it was.
    """
    if backup.compressed is not None:
        return backup
    files = size = stored = 0
    compressed = False
    try:
        for _, node in repository.tree(snapshot).walk(""):
            if node.type is not NodeType.FILE:
                continue
            files += 1
            size += node.size
            for blob_id in node.blob_ids():
                found = repository.index.lookup(BlobType.DATA, blob_id)
                if found is None:
                    return backup
                stored += found.length
                compressed = compressed or found.uncompressed_length > 0
    except (RepositoryDamaged, StoreError):
        return backup
    return replace(
        backup,
        original_size=backup.original_size or size,
        compressed_size=stored,
        compressed=compressed,
        total_files=backup.total_files or files,
    )
