"""Which backups a list shows and in which order: those stored, and the jobs of those that are not.

Pure: it filters, sorts and cuts what it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from holdfast.errors import RequestInvalid
from holdfast.models.backup import BackupMetadata, BackupType
from holdfast.models.job import Job
from holdfast.web.schemas.backups import BackupState, state_of, type_of


class BackupOrder(StrEnum):
    """By what backups are sorted; `-` is the greatest first."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    LARGEST = "-size"
    SMALLEST = "size"

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.value.startswith("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFilter:
    """Which backups are wanted; an empty rule wants all.

    Attributes:
        tags: All of these.
        text: Somewhere in its id, description or tags, in any case.
    """

    states: frozenset[BackupState] = frozenset()
    types: frozenset[BackupType] = frozenset()
    tags: frozenset[str] = frozenset()
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBackup:
    """A backup that is stored, or the job that makes it or failed to."""

    id: str
    at: datetime
    state: BackupState
    type: BackupType
    size_bytes: int
    description: str
    tags: tuple[str, ...]
    backup: BackupMetadata | None = None
    job: Job | None = None


def listed(backups: Iterable[BackupMetadata], jobs: Iterable[Job]) -> list[ListedBackup]:
    """Return all that a list may show: of the jobs, those whose backup is not stored."""
    stored = [_stored(each) for each in backups]
    known = {each.id for each in stored}
    return stored + [_unstored(each) for each in jobs if each.backup_id not in known]


def _stored(backup: BackupMetadata) -> ListedBackup:
    return ListedBackup(
        id=backup.backup_id,
        at=backup.created_at,
        state=BackupState(backup.status.value),
        type=backup.backup_type,
        size_bytes=backup.original_size,
        description=backup.description or "",
        tags=backup.tags,
        backup=backup,
    )


def _unstored(job: Job) -> ListedBackup:
    return ListedBackup(
        id=job.id,
        at=job.created_at,
        state=state_of(job),
        type=type_of(job),
        size_bytes=0,
        description=str(job.params.get("description") or ""),
        tags=tuple(job.params.get("tags") or ()),
        job=job,
    )


def chosen(backups: Iterable[ListedBackup], wanted: BackupFilter) -> list[ListedBackup]:
    """Return those that are wanted."""
    return [each for each in backups if _fits(each, wanted)]


def _fits(backup: ListedBackup, wanted: BackupFilter) -> bool:
    text = wanted.text.casefold()
    said = (backup.id, backup.description, *backup.tags)
    return (
        (not wanted.states or backup.state in wanted.states)
        and (not wanted.types or backup.type in wanted.types)
        and wanted.tags <= set(backup.tags)
        and (not text or any(text in each.casefold() for each in said))
        and (wanted.since is None or backup.at >= wanted.since)
        and (wanted.until is None or backup.at < wanted.until)
    )


def page(
    backups: Iterable[ListedBackup],
    order: BackupOrder,
    after: dict[str, Any] | None,
    limit: int,
) -> tuple[list[ListedBackup], dict[str, Any] | None]:
    """Return one page, and where it ended if there are more.

    Args:
        after: Where the page before ended: its last backup need not be there any more.

    Raises:
        RequestInvalid: `after` is of another order.
    """
    ordered = sorted(backups, key=lambda each: _key(each, order), reverse=order.descending)
    if after is not None:
        ordered = _beyond(ordered, order, after)
    shown, more = ordered[:limit], len(ordered) > limit
    return shown, _position(shown, order) if more else None


def _position(shown: Sequence[ListedBackup], order: BackupOrder) -> dict[str, Any]:
    value, last_id = _key(shown[-1], order)
    return {"order": order.value, "value": value, "id": last_id}


def _beyond(
    ordered: Sequence[ListedBackup], order: BackupOrder, after: dict[str, Any]
) -> list[ListedBackup]:
    value, last_id = after["value"], after["id"]
    fits = isinstance(value, int) and not isinstance(value, bool) and isinstance(last_id, str)
    if after["order"] != order.value or not fits:
        raise RequestInvalid(
            "The cursor is of a list in another order",
            hint="Begin without a cursor, or ask for the order that it came with.",
        )
    place = (value, last_id)
    if order.descending:
        return [each for each in ordered if _key(each, order) < place]
    return [each for each in ordered if _key(each, order) > place]


def _key(backup: ListedBackup, order: BackupOrder) -> tuple[int, str]:
    if order in (BackupOrder.LARGEST, BackupOrder.SMALLEST):
        return backup.size_bytes, backup.id
    since = backup.at - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds, backup.id
