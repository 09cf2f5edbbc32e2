"""Restores the oldest backup of a shop and dies at a chosen step: run as a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.models.progress import Progress
from holdfast.operations import restore as restoring
from holdfast.operations.journal import SWAPPED, Journal, save_journal
from tests.operations.shop import PASSWORD


def main(url: str, root: str, death: str) -> None:
    """Restore, and die before the swap number `death`, or after the last one."""
    service = service_at(url, Path(root))
    swaps = 0

    def at(progress: Progress) -> None:
        nonlocal swaps
        if progress.step.startswith("Replacing "):
            name = progress.step.removeprefix("Replacing ")
            swaps += name in ("media", "uploads", "orders", "audit")
            if str(swaps) == death:
                os.kill(os.getpid(), signal.SIGKILL)

    def save_or_die(state_dir: Path, journal: Journal) -> None:
        if death == "swapped" and journal.phase == SWAPPED:
            os.kill(os.getpid(), signal.SIGKILL)
        save_journal(state_dir, journal)

    pytest.MonkeyPatch().setattr(restoring, "save_journal", save_or_die)
    oldest = service.list_backups()[-1]
    service.restore_backup(oldest.backup_id, verify_first=False, progress=at)


def service_at(url: str, root: Path) -> BackupService:
    """Return the service of the shop whose files are in `root`."""
    return BackupService(
        backup_dir=root / "backups",
        encryption_password=PASSWORD,
        scratch_dir=root / "scratch",
        databases={"orders": url, "audit": f"sqlite:///{root}/data/audit.db"},
        directories={label: root / "data" / label for label in ("media", "uploads")},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
