"""What the kill tests run in a process of their own."""

from __future__ import annotations

from pathlib import Path

from tests.operations.application import Application


def restore(root: str) -> None:
    """Restore the oldest backup in place."""
    service = Application(Path(root)).service(settings=None)
    oldest = service.list_backups()[-1]
    service.restore_backup(oldest.backup_id, verify_first=False)


def back_up(root: str) -> None:
    """Make one backup."""
    Application(Path(root)).service(settings=None).create_backup()


def clean_up(root: str) -> None:
    """Remove all but the newest backup, and free their space."""
    Application(Path(root)).service(settings=None).delete_old_backups(keep_count=1)
