"""Backups under the times when they were made: `YYYY-MM-DD-HH-MM-SS`, in UTC.

Such a name stands for a backup in the repository and never reaches a file system.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from holdfast.archive import default_name
from holdfast.errors import BackupNotFound

EXAMPLE = "2026-03-14-03-00-00"

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)(?:-(\d{1,6}))?", re.ASCII)
_ID = re.compile(r"backup_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?:_(\d{1,6}))?", re.ASCII)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def time_of(backup_id: str) -> str:
    """Return the time that stands for a backup; the second of one second has `-2` after it."""
    found = _ID.fullmatch(backup_id)
    assert found is not None, backup_id
    return "-".join(part for part in found.groups() if part)


def backup_at(timestamp: str) -> str:
    """Return the id of the backup that a time stands for; whether there is one is not looked up.

    Raises:
        BackupNotFound: It is no such time.
    """
    found = _TIME.fullmatch(timestamp)
    if found is None:
        raise BackupNotFound(
            "There is no backup of this time", hint=f"Times are like {EXAMPLE}, in UTC."
        )
    year, month, day, hour, minute, second, number = found.groups()
    end = f"_{number}" if number else ""
    return f"backup_{year}{month}{day}_{hour}{minute}{second}{end}"


def file_name(app: str, backup_id: str) -> str:
    """Return `<app>-backup-YYYY-MM-DD-HH-MM-SS.zip`."""
    stem = default_name(app, _ANY_TIME).partition("-backup-2000-")[0]
    return f"{stem}-backup-{time_of(backup_id)}.zip"
