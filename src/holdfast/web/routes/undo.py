"""`POST /undo`: what the last restore replaced is put back, with a look first."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from holdfast.errors import (
    BackupBusy,
    ConfirmationRequired,
    IdempotencyConflict,
    NothingToUndo,
    RequestInvalid,
)
from holdfast.models.job import JobKind
from holdfast.operations.target import require_confirmed
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.idempotency import IdempotencyKey, Values, once
from holdfast.web.job_answers import JOB_RESPONSES, Prefer, answer_job
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routes.backups import submit
from holdfast.web.routing import Routes
from holdfast.web.schemas.jobs import JobShape
from holdfast.web.schemas.undo import UndoPreview, UndoRequest, undo_preview


def undo_routes(context: WebContext) -> APIRouter:
    """Return the route that takes back the last restore."""
    routes = Routes()
    restorer = context.require(Permission.RESTORE)

    @routes.post(
        "/undo",
        operation_id="undo_restore",
        summary="Take back the last restore, or see what that would change",
        status_code=202,
        responses={
            **JOB_RESPONSES,
            200: {
                "model": UndoPreview | JobShape,
                "description": "With `dry_run` what would change; else the job, if it was waited"
                " for.",
            },
            **problem_responses(
                NothingToUndo,
                ConfirmationRequired,
                BackupBusy,
                IdempotencyConflict,
                RequestInvalid,
                *FAILURES,
            ),
        },
        response_model=None,
    )
    async def undo_restore(
        wanted: UndoRequest,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = restorer,
    ) -> Response:
        """It replaces live data, so it needs the name and the backup that a dry run tells.

        What is replaced by that gets a safety backup too, so an undo can be undone.
        """
        if wanted.dry_run:
            result = await context.run(context.service.undo, dry_run=True)
            return JSONResponse(undo_preview(result).model_dump(mode="json"))

        def work() -> Values:
            _require(context, wanted)
            params = {"confirm": wanted.confirm, "expected_backup_id": wanted.backup_id}
            return submit(context, actor, JobKind.UNDO, params)

        done = await once(context, request, actor, key, work)
        return await answer_job(context, request, done["job_id"], prefer)

    return routes


def _require(context: WebContext, wanted: UndoRequest) -> None:
    if not wanted.confirm:
        raise ConfirmationRequired(
            "An undo replaces live data, and this one was not confirmed; nothing was changed",
            hint="Send dry_run first, then its confirm_with as confirm, and its backup_id.",
        )
    require_confirmed(context.service.plan, wanted.confirm)
    if not wanted.backup_id:
        raise ConfirmationRequired(
            "The confirmation does not say which restore is to be undone; nothing was changed",
            hint="Send the backup_id of the dry run too.",
        )
