"""The sizes of a backup that another program made, which its snapshot file does not tell."""

from __future__ import annotations

from dataclasses import replace

from holdfast.errors import RepositoryDamaged, StoreError
from holdfast.models.backup import BackupMetadata
from holdfast.models.node import NodeType
from holdfast.repository import BlobType, Repository, Snapshot


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
