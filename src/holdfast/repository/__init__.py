"""The restic repository format: encrypted, deduplicating, durable storage of backups.

It knows nothing of databases or of what a backup is for; other rooms use only what is named
here. Version 2 of the format is written, versions 1 and 2 are read.
"""

from __future__ import annotations

from holdfast.repository.check import check
from holdfast.repository.check_report import CheckReport, Finding, FindingKind
from holdfast.repository.crypto import derive_key
from holdfast.repository.index import BlobIndex, BlobLocation
from holdfast.repository.keys import KdfParameters, KeyInfo, KeyRing, list_keys
from holdfast.repository.layout import BlobType, ObjectKind
from holdfast.repository.locks import Lock, LockInfo
from holdfast.repository.pack_checks import damaged_headers
from holdfast.repository.prune import PruneOptions, PrunePlan, plan_prune
from holdfast.repository.prune_execution import PruneSummary, execute_prune
from holdfast.repository.reader import READING_STEPS
from holdfast.repository.repair import (
    IndexRebuildPlan,
    IndexRebuildSummary,
    execute_index_rebuild,
    plan_index_rebuild,
)
from holdfast.repository.repository import Repository
from holdfast.repository.sharing import Sharing, measure_sharing, measure_unshared
from holdfast.repository.snapshot_tree import SnapshotTree
from holdfast.repository.snapshots import Snapshot
from holdfast.repository.subset import Subset
from holdfast.repository.write_results import PendingFile, SavedFile, WriteSummary
from holdfast.repository.writer import RepositoryWriter

__all__ = [
    "READING_STEPS",
    "BlobIndex",
    "BlobLocation",
    "BlobType",
    "CheckReport",
    "Finding",
    "FindingKind",
    "IndexRebuildPlan",
    "IndexRebuildSummary",
    "KdfParameters",
    "KeyInfo",
    "KeyRing",
    "Lock",
    "LockInfo",
    "ObjectKind",
    "PendingFile",
    "PruneOptions",
    "PrunePlan",
    "PruneSummary",
    "Repository",
    "RepositoryWriter",
    "SavedFile",
    "Sharing",
    "Snapshot",
    "SnapshotTree",
    "Subset",
    "WriteSummary",
    "check",
    "damaged_headers",
    "derive_key",
    "execute_index_rebuild",
    "execute_prune",
    "list_keys",
    "measure_sharing",
    "measure_unshared",
    "plan_index_rebuild",
    "plan_prune",
]
