"""Whether a backup looks wrong beside those before it: empty, or shrunk without reason."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from holdfast.models.backup import BackupMetadata

COMPARED_BACKUPS = 5
"""How many earlier backups say what is usual."""

SHRINK_LIMIT = 0.5
"""A backup of less than this share of the usual looks wrong.

A failed dump that left 4 KB was kept as a good backup by many a script, and retention by age
then removed the real ones.
"""


def describe_anomaly(backup: BackupMetadata, earlier: Sequence[BackupMetadata]) -> str | None:
    """Say what looks wrong with a backup, or return None.

    Args:
        earlier: The complete backups of the same plan before it, newest first; the first
            `COMPARED_BACKUPS` of them are looked at. Without any, nothing looks wrong.

    Returns:
        A clause for people: "it holds no tables, the backups before it did".
    """
    usual = earlier[:COMPARED_BACKUPS]
    if any(other.table_counts for other in usual) and not backup.table_counts:
        return "it holds no tables, the backups before it did"
    counts = (
        ("records", backup.total_records, [other.total_records for other in usual]),
        ("files", backup.total_files, [other.total_files for other in usual]),
        ("bytes", backup.original_size, [other.original_size for other in usual]),
    )
    return next(filter(None, (_shrunk(*each) for each in counts)), None)


def _shrunk(what: str, value: int, usual: Sequence[int]) -> str | None:
    if not any(usual):
        return None
    if value == 0:
        return f"it holds no {what}, the backups before it did"
    middle = median(usual)
    if value >= middle * SHRINK_LIMIT:
        return None
    share = 100 * (1 - value / middle)
    return f"it holds {share:.0f} % fewer {what} than is usual ({value:,} against {middle:,.0f})"
