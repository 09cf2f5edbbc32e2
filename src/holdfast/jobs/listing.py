"""The backups of a repository, for many who look at once.

The truth is the repository. What it holds is read again only when it has changed, which the names
of its snapshot files tell without a password.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import datetime

from holdfast.errors import BackupNotFound, RepositoryNotFound
from holdfast.models.backup import BackupMetadata, BackupStats, BackupStatus, BackupType
from holdfast.service import BackupService


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFilter:
    """Which backups are wanted; what is empty or None asks for nothing.

    Attributes:
        tags: All of them.
        text: Anywhere in the id, the description or a tag, whatever its case.
        since: Made at this instant or later; `until`: before that one.
        plan: Only those of this plan, and those of no plan.
    """

    statuses: Collection[BackupStatus] = ()
    types: Collection[BackupType] = ()
    tags: Collection[str] = ()
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    plan: str | None = None

    def takes(self, backup: BackupMetadata) -> bool:
        """Whether a backup is wanted."""
        return (
            (not self.statuses or backup.status in self.statuses)
            and (not self.types or backup.backup_type in self.types)
            and set(self.tags) <= set(backup.tags)
            and (not self.text or self._finds(self.text.casefold(), backup))
            and (self.since is None or backup.created_at >= self.since)
            and (self.until is None or backup.created_at < self.until)
            and (self.plan is None or backup.plan in ("", self.plan))
        )

    def _finds(self, text: str, backup: BackupMetadata) -> bool:
        places = (backup.backup_id, backup.description or "", *backup.tags)
        return any(text in place.casefold() for place in places)


_ALL = BackupFilter()


class BackupListing:
    """The backups of one service, as they are now. Safe to use from any thread."""

    def __init__(self, service: BackupService) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._measuring = threading.Lock()
        self._mark: Hashable = None
        self._backups: tuple[BackupMetadata, ...] = ()
        self._measured: dict[str, BackupMetadata] = {}
        self._stats: BackupStats | None = None

    def list(self, wanted: BackupFilter = _ALL) -> list[BackupMetadata]:
        """Return the backups that are wanted, newest first; none where no repository is yet.

        Raises:
            RepositoryError: The repository cannot be read.
        """
        return [each for each in self._current() if wanted.takes(each)]

    def get(self, backup_id: str) -> BackupMetadata:
        """Return one backup with its sizes, by its id, a unique prefix, or `latest`.

        Raises:
            BackupNotFound: There is none.
        """
        self._current()
        with self._lock:
            known, mark = self._measured.get(backup_id), self._mark
        if known is not None:
            return known
        try:
            found = self._service.get_backup(backup_id)
        except RepositoryNotFound as error:
            raise BackupNotFound(f"There is no backup {backup_id} yet", hint=error.hint) from error
        with self._lock:
            if mark == self._mark and found.backup_id == backup_id:
                self._measured[backup_id] = found
        return found

    def stats(self) -> BackupStats:
        """Return the repository in numbers.

        It reads the directories of all backups; one caller does, the others wait for it.

        Raises:
            RepositoryNotFound: There is no repository yet.
        """
        with self._measuring:
            self._current()
            with self._lock:
                known, mark = self._stats, self._mark
            if known is not None:
                return known
            found = self._service.get_backup_stats()
            with self._lock:
                if mark == self._mark:
                    self._stats = found
            return found

    def forget(self) -> None:
        """Read anew what is asked for next."""
        with self._lock:
            self._mark = None
            self._forget()

    def _current(self) -> tuple[BackupMetadata, ...]:
        # One reads; the others wait for what it finds.
        with self._lock:
            try:
                mark = self._service.listing_mark()
            except RepositoryNotFound:
                self._mark = None
                self._forget()
                return ()
            if mark != self._mark:
                self._forget()
                self._backups = tuple(self._service.list_backups(limit=None))
                self._mark = mark
            return self._backups

    def _forget(self) -> None:
        self._backups = ()
        self._measured = {}
        self._stats = None
