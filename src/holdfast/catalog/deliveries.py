"""What was told on which channel, and what is still to be told: once, by whichever process.

A message for a channel is one row, by a key that all who would add it agree on. Whoever claims
the row sends it; its process may die meanwhile, and when its lease has ended, another sends it
again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, or_, select

from holdfast.catalog.leases import LeaseClock
from holdfast.catalog.schema import DeliveryRow
from holdfast.catalog.values import Delivery

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

LATEST = timedelta(hours=24)
"""What could not be told for so long is not told any more."""

_Deliveries = list[Delivery]


class DeliveryTable:
    """The messages of all plans that use the catalog."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database
        self._leases = LeaseClock(database.clock)

    def add(
        self, *, plan: str, key: str, channels: Collection[str], document: Mapping[str, Any]
    ) -> int:
        """Add a message for some channels, but for those that have one of this key.

        Args:
            key: Names what happened.
            document: The message as JSON values.

        Returns:
            How many were added.
        """
        now = self._now()
        with self._database.writing(alone=_alone(plan)) as session:
            known = set(
                session.scalars(
                    select(DeliveryRow.channel).where(
                        DeliveryRow.plan == plan, DeliveryRow.key == key
                    )
                )
            )
            missing = [each for each in channels if each not in known]
            for channel in missing:
                row = DeliveryRow(
                    plan=plan,
                    channel=channel,
                    key=key,
                    event=document["event"],
                    document=dict(document),
                    created_at=now,
                    due_at=now,
                )
                session.add(row)
            return len(missing)

    def record(
        self, *, plan: str, channel: str, key: str, document: Mapping[str, Any], error: str | None
    ) -> Delivery:
        """Add a message that was sent already, and what came of it."""
        now = self._now()
        with self._database.writing(alone=_alone(plan)) as session:
            row = DeliveryRow(
                plan=plan,
                channel=channel,
                key=key,
                event=document["event"],
                document=dict(document),
                created_at=now,
                tried_at=now,
                tries=1,
                delivered=error is None,
                error=error,
            )
            session.add(row)
            session.flush()
            return _delivery(row)

    def claim(
        self, plan: str, *, channels: Collection[str], owner: str, lease_s: float
    ) -> _Deliveries:
        """Take the oldest message of each channel that is due; to one caller only.

        Args:
            channels: Those that nothing is being sent on in this process.
        """
        now = self._now()
        with self._database.reading() as session:
            if not channels or session.scalar(self._due(plan, channels, now).limit(1)) is None:
                return []
        with self._database.writing(alone=_alone(plan)) as session:
            found: dict[str, DeliveryRow] = {}
            for row in session.scalars(self._due(plan, channels, now)):
                found.setdefault(row.channel, row)
            for row in found.values():
                row.owner = owner
                row.generation += 1
                row.lease_ends_at = now + timedelta(seconds=lease_s)
                row.tries += 1
            return [_delivery(row) for row in found.values()]

    def finish(
        self, claimed: Delivery, *, error: str | None, again_after: timedelta | None = None
    ) -> None:
        """Say what came of a message that was claimed.

        Args:
            again_after: When to try it again; None: that was all.
        """
        now = self._now()
        with self._database.writing() as session:
            row = session.get(DeliveryRow, claimed.number, with_for_update=True)
            if row is None or row.generation != claimed.generation:
                return  # its lease ended, and another has sent it since
            row.owner = row.lease_ends_at = None
            row.tried_at = now
            row.delivered = error is None
            row.error = error
            row.due_at = None if error is None or again_after is None else now + again_after

    def last(self, plan: str) -> Mapping[str, Delivery]:
        """Return what was sent last on each channel, by its name."""
        newest = (
            select(func.max(DeliveryRow.number))
            .where(DeliveryRow.plan == plan, DeliveryRow.tried_at.is_not(None))
            .group_by(DeliveryRow.channel)
        )
        query = select(DeliveryRow).where(DeliveryRow.number.in_(newest))
        with self._database.reading() as session:
            return {row.channel: _delivery(row) for row in session.scalars(query)}

    def expire(self, plan: str, *, before: datetime) -> int:
        """Remove what was added before an instant; return how many."""
        gone = delete(DeliveryRow).where(DeliveryRow.plan == plan, DeliveryRow.created_at < before)
        with self._database.writing() as session:
            return session.execute(gone).rowcount  # type: ignore[attr-defined, no-any-return]

    def _due(self, plan: str, channels: Collection[str], now: datetime) -> Any:
        # What lies further ahead than anything may was noted by a clock that was wrong (R43).
        ahead = now + LATEST
        ends_at, due_at = DeliveryRow.lease_ends_at, DeliveryRow.due_at
        ended: ColumnElement[bool] = or_(ends_at.is_(None), ends_at > ahead)
        if not self._leases.in_doubt:
            ended = or_(ended, ends_at <= now)
        return (
            select(DeliveryRow)
            .where(
                DeliveryRow.plan == plan,
                DeliveryRow.channel.in_(channels),
                or_(due_at <= now, due_at > ahead),
                DeliveryRow.created_at > now - LATEST,
                ended,
            )
            .order_by(DeliveryRow.number)
        )

    def _now(self) -> datetime:
        return self._database.clock.now()


def _alone(plan: str) -> str:
    return f"deliveries {plan}"


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        number=row.number,
        plan=row.plan,
        channel=row.channel,
        event=row.event,
        document=row.document,
        created_at=row.created_at,
        tried_at=row.tried_at,
        tries=row.tries,
        delivered=row.delivered,
        error=row.error,
        generation=row.generation,
    )
