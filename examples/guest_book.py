"""What the guest books share, whatever their framework: their rows, and what backs them up.

`jobs` are Holdfast's own background work: asked for in a request, done in a process of its own,
looked at in another request, whichever process of the server gets it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from holdfast import BackupService
from holdfast.models.job import Job, JobKind


class GuestBook:
    """Names in a SQLite database in the directory GUEST_BOOK, or in the working directory."""

    def __init__(self) -> None:
        place = Path(os.environ.get("GUEST_BOOK", "."))
        self._path = place / "guests.db"
        self._admin_token = os.environ["ADMIN_TOKEN"]
        self.backups = BackupService(
            f"sqlite:///{self._path}",
            place / "backups",
            os.environ["BACKUP_ENCRYPTION_PASSWORD"],
            app="guests",
        )
        with closing(sqlite3.connect(self._path)) as database, database:
            database.execute("create table if not exists guests (name text not null)")

    def sign(self, name: str) -> None:
        """Write a name down."""
        with closing(sqlite3.connect(self._path)) as database, database:
            database.execute("insert into guests values (?)", (name,))

    def names(self) -> list[str]:
        """Return all names."""
        with closing(sqlite3.connect(self._path)) as database:
            return [row[0] for row in database.execute("select name from guests order by rowid")]

    def admits(self, authorization: str | None) -> bool:
        """Whether a request shows the administrators' token."""
        return secrets.compare_digest(authorization or "", f"Bearer {self._admin_token}")

    def back_up(self, actor: str) -> dict[str, Any]:
        """Ask for a backup; it is made in the background."""
        return as_json(self.backups.jobs.submit(JobKind.BACKUP, {}, actor=actor))

    def restore(self, backup_id: str, actor: str) -> dict[str, Any]:
        """Ask for a restore; what it replaces is backed up first."""
        params = {"backup_id": backup_id}
        return as_json(self.backups.jobs.submit(JobKind.RESTORE, params, actor=actor))

    def job(self, job_id: str) -> dict[str, Any]:
        """Return how a job stands, after a moment's wait for its end.

        Raises:
            JobNotFound: There is none with this id.
        """
        return as_json(self.backups.jobs.wait(job_id, timeout_s=20.0))


def as_json(job: Job) -> dict[str, Any]:
    """Return what a page shows of a job."""
    return {
        "id": job.id,
        "status": job.status.value,
        "progress_percent": job.progress.percent,
        "backup_id": job.backup_id,
        "error": job.error_message,
    }
