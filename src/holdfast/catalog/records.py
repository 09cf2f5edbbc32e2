"""The rows of the catalog as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunKind(StrEnum):
    """What a run did."""

    BACKUP = "backup"
    RESTORE = "restore"
    CLEANUP = "cleanup"
    VERIFY = "verify"
    DRILL = "drill"
    CHECK = "check"
    PRUNE = "prune"


class RunStatus(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of work.

    Attributes:
        detail: What the kind of run adds, as JSON values: a restore's safety backup.
    """

    run_id: int
    kind: RunKind
    status: RunStatus
    plan: str
    trigger: str
    started_at: datetime
    completed_at: datetime | None = None
    backup_id: str | None = None
    error_code: str | None = None
    error: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The newest result of verifying or drilling one backup.

    Attributes:
        snapshot_tree: Tree id of the snapshot that was proven, hexadecimal, so that a proof
            never speaks for another backup that came to have the same id. (The snapshot's own
            id changes when a backup is kept.)
    """

    backup_id: str
    snapshot_tree: str
    kind: RunKind
    passed: bool
    proven_at: datetime
    errors: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
