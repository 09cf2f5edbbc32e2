"""The audit: who did what, when, and whether it was done. Entries are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, delete, false, func, or_, select

from holdfast.catalog.job_rows import plain
from holdfast.catalog.schema import AuditRow
from holdfast.catalog.values import AuditEntry

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

_Entries = list[AuditEntry]
_ALONE = "audit"
_NOT_REFUSED = ("done", "failed", "error")


class AuditTable:
    """What was done to the backups, the schedules and the accounts."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(
        self,
        *,
        actor: str | None,
        action: str,
        outcome: str,
        object: str | None = None,  # noqa: A002 - the word of the interface
        plan: str | None = None,
        detail: Mapping[str, Any] | None = None,
        address: str | None = None,
        job_id: str | None = None,
        once_within: timedelta | None = None,
    ) -> AuditEntry:
        """Add an entry; it is durable when this returns.

        Args:
            detail: JSON values; never a secret.
            once_within: Add none, and return that one, if the same actor did the same with the same
                outcome from the same address in this time: who need not be known to be refused
                must not be able to fill the catalog.
        """
        row = AuditRow(
            at=self._database.clock.now(),
            plan=plan,
            actor=actor,
            action=action,
            object=object,
            outcome=outcome,
            detail=plain(detail or {}),
            address=address,
            job_id=job_id,
        )
        with self._database.writing(alone=None if once_within is None else _ALONE) as session:
            if once_within is not None:
                former = session.scalar(_alike(row, once_within))
                if former is not None:
                    return _entry(former)
            session.add(row)
        return _entry(row)

    def list(
        self,
        *,
        plan: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,  # noqa: A002 - the word of the interface
        outcome: str | None = None,
        job_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 50,
        with_server: bool = False,
    ) -> tuple[_Entries, int]:
        """Return entries, newest first, and how many there are in all.

        Args:
            outcome: `refused` finds also those that say by a code why they were.
            with_server: Besides those of `plan`, also those of no plan: logins, users, tokens.
            since: Only those of this instant or later.
            until: Only those before this instant.
            before: The number of the last entry of the page before this one.
        """
        wanted = {
            AuditRow.actor: actor,
            AuditRow.action: action,
            AuditRow.object: object,
            AuditRow.job_id: job_id,
        }
        conditions: list[ColumnElement[bool]] = [
            column == value for column, value in wanted.items() if value is not None
        ]
        if plan is not None:
            of_server = AuditRow.plan.is_(None) if with_server else false()
            conditions.append(or_(AuditRow.plan == plan, of_server))
        if outcome == "refused":
            conditions.append(AuditRow.outcome.not_in(_NOT_REFUSED))
        elif outcome is not None:
            conditions.append(AuditRow.outcome == outcome)
        if since is not None:
            conditions.append(AuditRow.at >= since)
        if until is not None:
            conditions.append(AuditRow.at < until)
        query = select(AuditRow).where(*conditions).order_by(AuditRow.number.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditRow.number < before)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(AuditRow).where(*conditions))
            return [_entry(row) for row in session.scalars(query)], total or 0

    def expire(self, older_than: datetime) -> int:
        """Remove the entries from before an instant; return how many."""
        with self._database.writing() as session:
            gone = session.execute(delete(AuditRow).where(AuditRow.at < older_than))
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]


def _alike(row: AuditRow, within: timedelta) -> Select[AuditRow]:
    same = (AuditRow.actor, row.actor), (AuditRow.address, row.address)
    return (
        select(AuditRow)
        .where(AuditRow.at.between(row.at - within, row.at))
        .where(AuditRow.action == row.action, AuditRow.outcome == row.outcome)
        .where(*(column.is_not_distinct_from(value) for column, value in same))
        .limit(1)
    )


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        outcome=row.outcome,
        plan=row.plan,
        object=row.object,
        detail=row.detail,
        address=row.address,
        job_id=row.job_id,
    )
