"""The schedules of the plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.catalog.schema import ScheduleRow
from holdfast.catalog.values import Schedule
from holdfast.errors import PreconditionFailed

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase


class ScheduleTable:
    """One schedule for each plan."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def get(self, plan: str) -> Schedule | None:
        """Return a plan's schedule; None if none was saved."""
        with self._database.reading() as session:
            row = session.get(ScheduleRow, plan)
            return None if row is None else _schedule(row)

    def put(self, schedule: Schedule, *, expected_version: int | None) -> Schedule:
        """Save a schedule in the place of the one before; return it with its new version.

        Args:
            expected_version: The version that is to be replaced; 0 if there must be none yet,
                None for whatever there is.

        Raises:
            PreconditionFailed: Another version is there; nothing was changed.
        """
        with self._database.writing(alone=f"schedule {schedule.plan}") as session:
            row = session.get(ScheduleRow, schedule.plan)
            version = 0 if row is None else row.version
            if expected_version not in (None, version):
                raise PreconditionFailed(
                    f"The schedule of plan {schedule.plan} has been changed meanwhile",
                    hint="Read it again, and change that.",
                )
            saved = session.merge(
                ScheduleRow(
                    plan=schedule.plan,
                    cron=schedule.cron,
                    timezone=schedule.timezone,
                    enabled=schedule.enabled,
                    retention=dict(schedule.retention),
                    misfire=schedule.misfire,
                    version=version + 1,
                    updated_at=self._database.clock.now(),
                    updated_by=schedule.updated_by,
                )
            )
            return _schedule(saved)


def _schedule(row: ScheduleRow) -> Schedule:
    return Schedule(
        plan=row.plan,
        cron=row.cron,
        timezone=row.timezone,
        enabled=row.enabled,
        retention=row.retention,
        misfire=row.misfire,
        version=row.version,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
