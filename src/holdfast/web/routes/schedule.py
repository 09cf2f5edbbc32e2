"""The schedule: when backups are made by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from fastapi import APIRouter, Response

from holdfast.catalog import Schedule
from holdfast.errors import (
    ConfigError,
    PreconditionFailed,
    PreconditionRequired,
    RequestInvalid,
)
from holdfast.models.schedule import CronSchedule
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.permissions import Actor, Permission
from holdfast.web.preconditions import IfMatch, etag_of_version, require_condition, require_match
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.retention import RetentionShape, policy_values
from holdfast.web.schemas.schedule import (
    Misfire,
    ScheduleChange,
    SchedulePreview,
    SchedulePreviewRequest,
    ScheduleShape,
)

_RUNS_SHOWN = 5
_ETAG = {
    "ETag": {
        "schema": {"type": "string"},
        "description": "Send it as `If-Match` with a change.",
    }
}


def schedule_routes(context: WebContext) -> APIRouter:
    """Return the routes of the schedule."""
    routes = Routes()
    administrator = context.require(Permission.ADMINISTER)

    @routes.get(
        "/schedule",
        operation_id="get_schedule",
        summary="When backups are made by themselves",
        dependencies=[context.require(Permission.READ)],
        responses={200: {"headers": _ETAG}, **problem_responses(*FAILURES)},
    )
    async def get_schedule(response: Response) -> ScheduleShape:
        """With the next five runs, and which backups stay after each."""
        schedule, runs = await context.run(_read, context)
        response.headers["ETag"] = etag_of_version(schedule.version)
        return _shape(schedule, runs)

    @routes.put(
        "/schedule",
        operation_id="put_schedule",
        summary="Change when backups are made by themselves",
        responses={
            200: {"headers": _ETAG},
            **problem_responses(
                ConfigError, PreconditionFailed, PreconditionRequired, RequestInvalid, *FAILURES
            ),
        },
    )
    async def put_schedule(
        wanted: ScheduleChange,
        response: Response,
        if_match: IfMatch = None,
        actor: Actor = administrator,
    ) -> ScheduleShape:
        """All of it is replaced. `If-Match` is needed: two people must not overwrite each other.

        All processes that keep the schedule follow the change within seconds.
        """
        condition = require_condition(if_match, "the schedule")
        schedule, runs = await context.run(_write, context, actor, wanted, condition)
        response.headers["ETag"] = etag_of_version(schedule.version)
        return _shape(schedule, runs)

    @routes.post(
        "/schedule/preview",
        operation_id="preview_schedule",
        summary="When a schedule would make backups",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(ConfigError, RequestInvalid, *FAILURES),
    )
    async def preview_schedule(wanted: SchedulePreviewRequest) -> SchedulePreview:
        """The next five runs of a schedule that nobody keeps yet; nothing is changed."""
        return await context.run(_preview, context, wanted)

    return routes


def _read(context: WebContext) -> tuple[Schedule, Sequence[datetime]]:
    return context.engine.schedule(), context.engine.next_runs(_RUNS_SHOWN)


def _write(
    context: WebContext, actor: Actor, wanted: ScheduleChange, if_match: str
) -> tuple[Schedule, Sequence[datetime]]:
    CronSchedule(expression=wanted.cron, timezone=wanted.timezone)
    retention = policy_values(wanted.retention)
    detail = wanted.model_dump(mode="json")
    with context.audited(actor, "schedule.update", detail=detail):
        before = context.engine.schedule()
        require_match(if_match, etag_of_version(before.version), "The schedule")
        schedule = Schedule(
            plan=context.plan,
            cron=wanted.cron,
            timezone=wanted.timezone,
            enabled=wanted.enabled,
            retention=retention,
            misfire=wanted.misfire.value,
        )
        expected = None if if_match.strip() == "*" else before.version
        saved = context.engine.set_schedule(schedule, expected_version=expected, actor=actor.name)
    return saved, context.engine.next_runs(_RUNS_SHOWN)


def _preview(context: WebContext, wanted: SchedulePreviewRequest) -> SchedulePreview:
    cron = CronSchedule(expression=wanted.cron, timezone=wanted.timezone)
    runs = list(islice(cron.all_after(context.service.clock.now()), _RUNS_SHOWN))
    return SchedulePreview(cron=wanted.cron, timezone=wanted.timezone, next_runs=runs)


def _shape(schedule: Schedule, runs: Sequence[datetime]) -> ScheduleShape:
    return ScheduleShape(
        cron=schedule.cron,
        timezone=schedule.timezone,
        enabled=schedule.enabled,
        retention=RetentionShape.model_validate(dict(schedule.retention)),
        misfire=Misfire(schedule.misfire),
        next_runs=list(runs) if schedule.enabled else [],
        version=schedule.version,
        updated_at=schedule.updated_at,
        updated_by=schedule.updated_by,
    )
