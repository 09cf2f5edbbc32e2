"""Notices when backups grow old, and when there is a fresh one again (R47).

It goes by what somebody saw of the stored backups, and looks itself at the catalog only. What was
noticed is kept there, so that it is told once, by whichever process, and not again after a
restart; also what was seen last, so that backups grow old though nobody can see them any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from holdfast.catalog import CatalogDatabase
from holdfast.jobs.freshness import Dated, missing, newest_good, span_of, too_old
from holdfast.jobs.lookout import Sight
from holdfast.jobs.soundness import soundness_of
from holdfast.jobs.telling import Announcement, recovery_key
from holdfast.notify import Event

_HINT = "See why no backup is made: whether the server runs, and how the last jobs ended."
_BLIND_HINT = (
    "See to its disk or to the connection; of a network mount, whether its server answers."
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The newest good backup, as it was seen last by whichever process."""

    at: datetime
    newest: Dated | None

    @classmethod
    def of(cls, fact: Any) -> Self:
        newest = fact["newest"] and _Newest(*fact["newest"])
        return cls(datetime.fromisoformat(fact["at"]), newest or None)

    def to_json(self) -> dict[str, Any]:
        newest = self.newest and (self.newest.backup_id, self.newest.created_at.isoformat())
        return {"at": self.at.isoformat(), "newest": newest}


@dataclass(frozen=True, slots=True)
class _Newest:
    backup_id: str
    created: str

    @property
    def created_at(self) -> datetime:
        return datetime.fromisoformat(self.created)


class OverdueWatch:
    """Looks after the age of one plan's newest good backup.

    Args:
        blind_after: How long nobody may have seen the backups before that is told.
    """

    def __init__(self, database: CatalogDatabase, plan: str, blind_after: timedelta) -> None:
        self._database = database
        self._plan = plan
        self._blind_after = blind_after
        self._overdue = f"notify.overdue.{plan}"
        self._blind = f"notify.blind.{plan}"
        self._seen = f"notify.seen.{plan}"

    def judge(self, sight: Sight) -> Iterator[Announcement]:
        """Yield what there is to tell by what was seen.

        What was told is noted when the next is asked for.
        """
        newest = newest_good(sight.backups, soundness_of(self._database, self._plan, sight.checks))
        seen = _Seen(sight.at, newest)
        if self._note(seen):
            yield from self._announce_sight()
            yield from self._announce_age(newest)

    def judge_blind(self, blind: timedelta, problem: str) -> Iterator[Announcement]:
        """Yield what there is to tell though this process sees nothing.

        Args:
            blind: For how long it does not.
            problem: Why.
        """
        now, schedule = self._database.clock.now(), self._database.schedules.get(self._plan)
        seen = self._last_seen()
        if schedule is None or not schedule.enabled:
            return
        if seen is not None and abs(now - seen.at) <= self._blind_after:
            return  # another process sees them
        noticed = {"at": now.isoformat()}
        since = self._database.facts.add(self._blind, noticed)["at"]
        yield Announcement(
            key=f"blind {since}",
            events=(Event.OVERDUE, Event.FAILED),
            at=datetime.fromisoformat(since),
            message="How old the backups are cannot be found out: the repository could not be read"
            f" for {span_of(blind)}: {problem}",
            hint=_BLIND_HINT,
            lasting=True,
        )
        if seen is not None:
            yield from self._announce_age(seen.newest)

    def _announce_age(self, newest: Dated | None) -> Iterator[Announcement]:
        schedule = self._database.schedules.get(self._plan)
        if schedule is None:
            return
        now = self._database.clock.now()
        newest_id = newest.backup_id if newest else None
        found = too_old(schedule, newest, now) if newest else missing(schedule, now)
        if found is not None:
            # Whoever comes first says since when; all add the message of that key.
            noticed = {"at": now.isoformat(), "newest": newest_id}
            since = self._database.facts.add(self._overdue, noticed)["at"]
            yield Announcement(
                key=f"overdue {since}",
                events=(Event.OVERDUE,),
                at=datetime.fromisoformat(since),
                message=found,
                hint=_HINT,
                backup_id=newest_id,
                lasting=True,
            )
        elif (noticed := self._database.facts.get(self._overdue)) is not None:
            if newest is not None and newest_id != noticed["newest"]:
                yield Announcement(
                    key=recovery_key(newest.backup_id),
                    events=(Event.RECOVERED,),
                    at=now,
                    message=f"There is a good backup again: {newest.backup_id}",
                    backup_id=newest.backup_id,
                )
            self._database.facts.remove(self._overdue)

    def _announce_sight(self) -> Iterator[Announcement]:
        if (noticed := self._database.facts.get(self._blind)) is not None:
            yield Announcement(
                key=f"sighted {noticed['at']}",
                events=(Event.RECOVERED,),
                at=self._database.clock.now(),
                message="The repository can be read again",
            )
            self._database.facts.remove(self._blind)

    def _last_seen(self) -> _Seen | None:
        fact = self._database.facts.get(self._seen)
        return None if fact is None else _Seen.of(fact)

    def _note(self, seen: _Seen) -> bool:
        """Keep what was seen; return whether nobody has seen anything since.

        A look that hung for an hour shows what was an hour ago.
        """
        latest = self._database.clock.now() + self._blind_after  # beyond: by a clock that was wrong
        known = self._last_seen()
        if known is not None and seen.at < known.at <= latest:
            return False
        changed = known is None or _id(known.newest) != _id(seen.newest)
        if known is None or changed or abs(seen.at - known.at) > self._blind_after / 3:
            self._database.facts.put(self._seen, seen.to_json())
        return True


def _id(backup: Dated | None) -> str | None:
    return backup.backup_id if backup else None
