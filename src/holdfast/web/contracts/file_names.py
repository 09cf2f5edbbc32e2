"""Backups under the names of files: `<app>_backup_YYYYMMDD_HHMMSS.sql.gz`.

No such file lies anywhere, so a name never reaches a file system.
"""

from __future__ import annotations

import re

from holdfast.errors import BackupNotFound

_BACKUP_PREFIX = "backup_"


class FileNames:
    """The names of backups as files, both ways."""

    def __init__(self, app: str) -> None:
        self._app = re.sub(r"[^A-Za-z0-9.-]+", "_", app).strip("_.-") or "app"
        self._pattern = re.compile(
            rf"{re.escape(self._app)}_backup_(\d{{8}}_\d{{6}}(?:_\d+)?)\.sql\.gz"
        )

    def of(self, backup_id: str) -> str:
        """Return the name of a backup."""
        return f"{self._app}_backup_{backup_id.removeprefix(_BACKUP_PREFIX)}.sql.gz"

    def backup_id(self, filename: str) -> str:
        """Return the id of the backup of this name.

        Raises:
            BackupNotFound: It is the name of none; nothing is looked for on any disk.
        """
        found = self._pattern.fullmatch(filename)
        if found is None:
            raise BackupNotFound(
                "There is no backup of this name",
                hint=f"Names are like {self.of('backup_20241108_120000')}.",
            )
        return _BACKUP_PREFIX + found[1]
