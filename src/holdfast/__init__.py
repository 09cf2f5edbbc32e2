"""Holdfast: backup and restore for applications.

The names below are loaded when they are first used, so that importing the package costs
nothing and has no side effects.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.config import SettingsTable
    from holdfast.errors import HoldfastError
    from holdfast.models.backup import (
        BackupMetadata,
        BackupStats,
        BackupStatus,
        BackupType,
        BackupVerification,
        CheckResult,
        PlannedChange,
        RestoreResult,
        Trigger,
    )
    from holdfast.models.guard import GuardResult
    from holdfast.models.progress import CancellationToken, Progress
    from holdfast.models.retention import RetentionDecision, RetentionPlan, RetentionPolicy
    from holdfast.notify import Channel
    from holdfast.scheduler import BackupConfig, BackupScheduler
    from holdfast.service import BackupService, DatabaseOptions, DirectoryOptions, TablesOptions

__version__ = "0.1.0"

_HOMES = {
    "BackupConfig": "holdfast.scheduler",
    "BackupMetadata": "holdfast.models.backup",
    "BackupScheduler": "holdfast.scheduler",
    "BackupService": "holdfast.service",
    "BackupStats": "holdfast.models.backup",
    "BackupStatus": "holdfast.models.backup",
    "BackupType": "holdfast.models.backup",
    "BackupVerification": "holdfast.models.backup",
    "CancellationToken": "holdfast.models.progress",
    "Channel": "holdfast.notify",
    "CheckResult": "holdfast.models.backup",
    "DatabaseOptions": "holdfast.service",
    "DirectoryOptions": "holdfast.service",
    "GuardResult": "holdfast.models.guard",
    "HoldfastError": "holdfast.errors",
    "PlannedChange": "holdfast.models.backup",
    "Progress": "holdfast.models.progress",
    "RestoreResult": "holdfast.models.backup",
    "RetentionDecision": "holdfast.models.retention",
    "RetentionPlan": "holdfast.models.retention",
    "RetentionPolicy": "holdfast.models.retention",
    "SettingsTable": "holdfast.config",
    "TablesOptions": "holdfast.service",
    "Trigger": "holdfast.models.backup",
}

__all__ = [
    "BackupConfig",
    "BackupMetadata",
    "BackupScheduler",
    "BackupService",
    "BackupStats",
    "BackupStatus",
    "BackupType",
    "BackupVerification",
    "CancellationToken",
    "Channel",
    "CheckResult",
    "DatabaseOptions",
    "DirectoryOptions",
    "GuardResult",
    "HoldfastError",
    "PlannedChange",
    "Progress",
    "RestoreResult",
    "RetentionDecision",
    "RetentionPlan",
    "RetentionPolicy",
    "SettingsTable",
    "TablesOptions",
    "Trigger",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'holdfast' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
