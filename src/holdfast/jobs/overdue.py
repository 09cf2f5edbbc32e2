"""Notices when backups grow old, and when there is a fresh one again (R47).

What was noticed is kept in the catalog, so that it is told once, by whichever process, and not
again after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from holdfast.catalog import CatalogDatabase
from holdfast.errors import HoldfastError
from holdfast.jobs.freshness import missing, newest_good, too_old
from holdfast.jobs.listing import BackupFilter, BackupListing
from holdfast.jobs.telling import Announcement, recovery_key
from holdfast.models.backup import BackupMetadata
from holdfast.notify import Event

_HINT = "See why no backup is made: whether the server runs, and how the last jobs ended."


class OverdueWatch:
    """Looks after the age of one plan's newest good backup."""

    def __init__(self, database: CatalogDatabase, plan: str, backups: BackupListing) -> None:
        self._database = database
        self._plan = plan
        self._backups = backups
        self._key = f"notify.overdue.{plan}"
        self._known: BackupMetadata | None = None

    def look(self) -> Iterator[Announcement]:
        """Yield what there is to tell now; what was told is noted when the next is asked for."""
        schedule = self._database.schedules.get(self._plan)
        if schedule is None:
            return
        now = self._database.clock.now()
        newest = self._newest()
        newest_id = newest.backup_id if newest else None
        found = too_old(schedule, newest, now) if newest else missing(schedule, now)
        if found is not None:
            # Whoever comes first says since when; all add the message of that key.
            noticed = {"at": now.isoformat(), "newest": newest_id}
            since = self._database.facts.add(self._key, noticed)["at"]
            yield Announcement(
                key=f"overdue {since}",
                events=(Event.OVERDUE,),
                at=datetime.fromisoformat(since),
                message=found,
                hint=_HINT,
                backup_id=newest_id,
            )
        elif (noticed := self._database.facts.get(self._key)) is not None:
            if newest is not None and newest_id != noticed["newest"]:
                yield Announcement(
                    key=recovery_key(newest.backup_id),
                    events=(Event.RECOVERED,),
                    at=now,
                    message=f"There is a good backup again: {newest.backup_id}",
                    backup_id=newest.backup_id,
                )
            self._database.facts.remove(self._key)

    def _newest(self) -> BackupMetadata | None:
        """Return the newest good backup; while the repository cannot be read, that known last.

        Raises:
            HoldfastError: It cannot be read, and never could.
        """
        try:
            self._known = newest_good(self._backups.list(BackupFilter(plan=self._plan)))
        except HoldfastError:
            if self._known is None:
                raise
        return self._known
