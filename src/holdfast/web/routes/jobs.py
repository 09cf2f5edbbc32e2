"""The jobs: listed, looked at, followed, cancelled, tried again."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from holdfast.errors import (
    IdempotencyConflict,
    JobFinished,
    JobNotFinished,
    JobNotFound,
    RequestInvalid,
)
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.events import After, LastEventId, first_number, job_events
from holdfast.web.idempotency import IdempotencyKey, once
from holdfast.web.job_answers import (
    JOB_ANSWERS,
    JOB_RESPONSES,
    Prefer,
    answer_job,
    find_job,
    is_job_id,
)
from holdfast.web.paging import Cursor, Limit, add_next_link, format_cursor, parse_cursor
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.base import BACKUP_ID, JOB_ID
from holdfast.web.schemas.jobs import JobPage, JobShape, job_shape

JobId = Annotated[str, Path(description="Id of the job.", examples=[JOB_ID])]

_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Number of the event.", "examples": ["17"]},
        "event": {"type": "string", "description": "Its kind.", "examples": ["progress"]},
        "data": {"type": "string", "description": "JSON: `at`, and `job` or `warning`."},
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `status`, `progress`, `warning` and `finished`, each with its"
        " number as `id`; `data` is JSON with `at` and the `job` as it was then, or the"
        " `warning`. The stream ends with the job.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}


def job_routes(context: WebContext) -> APIRouter:
    """Return the routes of the jobs."""
    routes = Routes()
    _add_reading(routes, context)
    _add_following(routes, context)
    _add_changing(routes, context)
    return routes


def _add_reading(routes: Routes, context: WebContext) -> None:
    @routes.get(
        "/jobs",
        operation_id="list_jobs",
        summary="List the jobs",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(RequestInvalid, *FAILURES),
    )
    async def list_jobs(
        request: Request,
        response: Response,
        kind: Annotated[
            list[JobKind] | None, Query(description="Only those of one of these kinds.")
        ] = None,
        status: Annotated[
            list[JobStatus] | None, Query(description="Only those in one of these states.")
        ] = None,
        backup_id: Annotated[
            str | None,
            Query(max_length=64, description="Only those about this backup.", examples=[BACKUP_ID]),
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JobPage:
        """Newest first: backups, restores, proofs and upkeep, also those of the schedule."""
        before = _before(cursor)
        jobs, total = await context.run(
            context.engine.database.jobs.list,
            plan=context.plan,
            kinds=tuple(kind or ()),
            statuses=tuple(status or ()),
            backup_id=_text(backup_id),
            before=before,
            limit=limit + 1,
        )
        shown = jobs[:limit]
        following = format_cursor({"before": shown[-1].id}) if len(jobs) > limit else None
        add_next_link(request, response, following)
        return JobPage(
            total=total,
            next_cursor=following,
            jobs=[job_shape(each, request) for each in shown],
        )

    @routes.get(
        "/jobs/{job_id}",
        operation_id="get_job",
        summary="Look at a job",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(JobNotFound, *FAILURES),
    )
    async def get_job(job_id: JobId, request: Request) -> JobShape:
        """How far it is, how it ended, and why if it failed."""
        return job_shape(await context.run(find_job, context, job_id), request)


def _add_following(routes: Routes, context: WebContext) -> None:
    @routes.get(
        "/jobs/{job_id}/events",
        operation_id="follow_job",
        summary="Follow a job by server-sent events",
        dependencies=[context.require(Permission.READ)],
        responses={**_STREAM, **problem_responses(JobNotFound, RequestInvalid, *FAILURES)},
        response_class=StreamingResponse,
    )
    async def follow_job(
        job_id: JobId,
        request: Request,
        last_event_id: LastEventId = None,
        after: After = None,
    ) -> StreamingResponse:
        """Begins with what happened already; a reader that comes back goes on where it was."""
        number = first_number(last_event_id, after)
        await context.run(find_job, context, job_id)
        return StreamingResponse(
            job_events(context, request, job_id, number),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _add_changing(routes: Routes, context: WebContext) -> None:
    operator = context.require(Permission.RUN)

    @routes.post(
        "/jobs/{job_id}/cancel",
        operation_id="cancel_job",
        summary="Cancel a job",
        status_code=202,
        responses={
            **JOB_ANSWERS,
            **problem_responses(JobNotFound, JobFinished, IdempotencyConflict, *FAILURES),
        },
        response_model=None,
    )
    async def cancel_job(
        job_id: JobId,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = operator,
    ) -> Response:
        """It ends at its next safe point, with nothing half-done left; one that waits, at once.

        To cancel what replaces live data or removes backups needs the permission to start it.
        """
        await _may_change(context, request, job_id)
        done = await once(context, request, actor, key, lambda: _cancel(context, actor, job_id))
        return await answer_job(context, request, done["job_id"], prefer)

    @routes.post(
        "/jobs/{job_id}/retry",
        operation_id="retry_job",
        summary="Try a job again",
        status_code=202,
        responses={
            **JOB_RESPONSES,
            **problem_responses(
                JobNotFound, JobNotFinished, JobFinished, IdempotencyConflict, *FAILURES
            ),
        },
        response_model=None,
    )
    async def retry_job(
        job_id: JobId,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = operator,
    ) -> Response:
        """A new job does what the failed or cancelled one was asked for.

        What replaces live data is not tried again: it was confirmed for the data as they were.
        To try again what removes backups needs the permission to start it.
        """
        await _may_change(context, request, job_id)
        done = await once(context, request, actor, key, lambda: _retry(context, actor, job_id))
        return await answer_job(context, request, done["job_id"], prefer)


def permission_for(kind: JobKind) -> Permission:
    """Return what it takes to start a job of a kind, and so to cancel it or try it again."""
    if kind.restores or kind in (JobKind.IMPORT, JobKind.COPY):
        return Permission.RESTORE
    removes = kind in (JobKind.CLEANUP, JobKind.PRUNE)
    return Permission.ADMINISTER if removes else Permission.RUN


async def _may_change(context: WebContext, request: Request, job_id: str) -> None:
    job: Job = await context.run(find_job, context, job_id)
    needed = permission_for(job.kind)
    if needed is not Permission.RUN:
        await context.guards.ask(needed, request)


def _cancel(context: WebContext, actor: Actor, job_id: str) -> dict[str, Any]:
    with context.audited(actor, "job.cancel", object=job_id) as noted:
        noted["job_id"] = job_id
        context.engine.cancel(job_id, actor=actor.name)
    return {"job_id": job_id}


def _retry(context: WebContext, actor: Actor, job_id: str) -> dict[str, Any]:
    with context.audited(actor, "job.retry", object=job_id) as noted:
        _require_repeatable(context.engine.get(job_id))
        made = context.engine.retry(job_id, actor=actor.name)
        noted["job_id"] = made.id
    return {"job_id": made.id}


def _require_repeatable(job: Job) -> None:
    """Refuse to replace live data, or to read an upload, by the consent of another time.

    Raises:
        JobFinished: The job must be asked for anew.
    """
    if not job.status.finished:
        return
    if job.kind.restores:
        raise JobFinished(
            f"Job {job.id} replaces live data, and was confirmed for them as they were then",
            hint="Look at the data as they are now, and ask for the restore again.",
        )
    sent = job.params.get("path")
    if sent and (job.kind is JobKind.COPY or not FilePath(str(sent)).is_file()):
        raise JobFinished(
            f"The archive that job {job.id} was to read is not there any more",
            hint="Send it again.",
        )


def _before(cursor: str | None) -> str | None:
    position = parse_cursor(cursor, "before")
    if position is None:
        return None
    before = position["before"]
    if not isinstance(before, str) or not is_job_id(before):
        raise RequestInvalid("The cursor is none that this list gave")
    return before


def _text(value: str | None) -> str | None:
    """Return text that a database can be asked for; PostgreSQL knows no NUL."""
    return None if value is None else value.replace("\x00", "\ufffd")
