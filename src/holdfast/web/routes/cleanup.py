"""`POST /backups/cleanup`: what removes backups, with a look first."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from holdfast.errors import ConfigError, IdempotencyConflict, RequestInvalid, RetentionError
from holdfast.models.job import JobKind
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.idempotency import IdempotencyKey, Values, once
from holdfast.web.job_answers import JOB_RESPONSES, Prefer, answer_job
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routes.backups import submit
from holdfast.web.routes.retention import look_at_cleanup, standing_rules
from holdfast.web.routing import Routes
from holdfast.web.schemas.jobs import JobShape
from holdfast.web.schemas.retention import CleanupPreview, CleanupRequest, policy_values


def cleanup_routes(context: WebContext) -> APIRouter:
    """Return the route of the cleanup."""
    routes = Routes()
    administrator = context.require(Permission.ADMINISTER)

    @routes.post(
        "/backups/cleanup",
        operation_id="clean_up_backups",
        summary="Remove old backups, or see what would go",
        status_code=202,
        responses={
            **JOB_RESPONSES,
            200: {
                "model": CleanupPreview | JobShape,
                "description": "With `dry_run` what would go; else the job, if it was waited for.",
            },
            **problem_responses(
                ConfigError, RetentionError, IdempotencyConflict, RequestInvalid, *FAILURES
            ),
        },
        response_model=None,
    )
    async def clean_up_backups(
        request: Request,
        wanted: CleanupRequest | None = None,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = administrator,
    ) -> Response:
        """By the rules that are given, or those of the schedule; what nothing needs is freed.

        With `dry_run` nothing is removed: the answer says of each backup whether it stays, why,
        and how many bytes would be free.
        """
        asked = wanted or CleanupRequest()
        policy = policy_values(asked.policy) if asked.policy else None
        if policy is None:
            policy = await context.run(standing_rules, context)
        if asked.dry_run:
            preview = await look_at_cleanup(context, policy)
            return JSONResponse(preview.model_dump(mode="json"))

        def work() -> Values:
            return submit(context, actor, JobKind.CLEANUP, {"policy": policy})

        done = await once(context, request, actor, key, work)
        return await answer_job(context, request, done["job_id"], prefer)

    return routes
