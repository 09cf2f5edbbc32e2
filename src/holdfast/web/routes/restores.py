"""Restores of backups, in two steps (R20); and what keeps the files tidy that were sent."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from holdfast.errors import (
    BackupNotFound,
    ConfirmationRequired,
    HoldfastError,
    IdempotencyConflict,
    NotEnoughSpace,
    PathNotInBackup,
    RequestInvalid,
    RestoreCheckFailed,
    SchemaMismatch,
    TargetExists,
    TooManyRequests,
    UploadNotFound,
    VerificationFailed,
)
from holdfast.models.job import Job
from holdfast.web.backups import find_backup
from holdfast.web.context import WebContext
from holdfast.web.idempotency import IdempotencyKey, Values, once
from holdfast.web.job_answers import JOB_RESPONSES, Prefer, answer_job
from holdfast.web.offers import RestoreChoice
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.restores import Restores
from holdfast.web.routes.downloads import BackupId
from holdfast.web.routes.uploads import CONFIRMING, add_upload_routes, begun, describe
from holdfast.web.routing import Routes
from holdfast.web.schemas.jobs import JobShape
from holdfast.web.schemas.transfers import (
    OfferShape,
    RestoreRequest,
    offer_shape,
)

_log = logging.getLogger("holdfast.web")

_SWEEP_EVERY_S = 60.0


def restore_routes(context: WebContext) -> APIRouter:
    """Return the routes that restore, and what keeps their files tidy."""
    restores = Restores(context.engine, max_bytes=context.max_upload_bytes)
    routes = Routes(lifespan=tidying(context, restores))
    add_upload_routes(routes, context, restores)
    _add_backups(routes, context, restores)
    return routes


def tidying(context: WebContext, restores: Restores) -> Any:
    """Return what removes files that nobody wants any more, and at the end all."""

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        await _sweep(context, restores)
        async with anyio.create_task_group() as group:
            group.start_soon(_sweep_often, context, restores)
            try:
                yield
            finally:
                group.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await context.run(restores.close)

    return lifespan


async def _sweep_often(context: WebContext, restores: Restores) -> None:
    while True:
        await anyio.sleep(_SWEEP_EVERY_S)
        await _sweep(context, restores)


async def _sweep(context: WebContext, restores: Restores) -> None:
    try:
        await context.run(restores.sweep)
    except HoldfastError as error:
        # The application runs on; the next time may be better.
        _log.warning("Files that were sent could not be tidied up: %s", error)


def _add_backups(routes: Routes, context: WebContext, restores: Restores) -> None:
    restorer = context.require(Permission.RESTORE)

    @routes.post(
        "/backups/{backup_id}/restore",
        operation_id="restore_backup",
        summary="Restore a backup, or see what that would replace",
        status_code=202,
        responses={
            **JOB_RESPONSES,
            200: {
                "model": OfferShape | JobShape,
                "description": "With `dry_run` what would be replaced; else the job, if it was"
                " waited for.",
            },
            **CONFIRMING,
            **problem_responses(
                BackupNotFound,
                PathNotInBackup,
                UploadNotFound,
                ConfirmationRequired,
                SchemaMismatch,
                TargetExists,
                IdempotencyConflict,
                NotEnoughSpace,
                RestoreCheckFailed,
                TooManyRequests,
                VerificationFailed,
                RequestInvalid,
            ),
        },
        response_model=None,
    )
    async def restore_backup(
        backup_id: BackupId,
        wanted: RestoreRequest,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = restorer,
    ) -> Response:
        """First with `dry_run`, then with the `confirmation` that this gave, once.

        With the `target` `copy` nothing live is replaced: the backup is laid out in a new folder
        of the server, below `copies_dir` of the plan, and the answer says in which.

        The confirmation is of this backup, of these options and of the live data in the place
        where they are now. It is good for whoever asked, for half an hour.
        """
        if wanted.dry_run:
            return await _look(context, restores, request, actor, backup_id, wanted.choice)

        def work() -> Values:
            with context.audited(actor, "restore.start", object=backup_id) as noted:
                find_backup(context, backup_id)
                return begun(_confirmed(restores, actor, backup_id, wanted), noted)

        done = await once(context, request, actor, key, work)
        return await answer_job(context, request, done["job_id"], prefer)


async def _look(
    context: WebContext,
    restores: Restores,
    request: Request,
    actor: Actor,
    backup_id: str,
    choice: RestoreChoice,
) -> Response:
    found = await context.run(find_backup, context, backup_id)
    offer = await context.look(describe, context, restores, actor, found.backup_id, choice)
    shown = offer_shape(offer, request, offer.token or "")
    return JSONResponse(shown.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


def _confirmed(restores: Restores, actor: Actor, backup_id: str, wanted: RestoreRequest) -> Job:
    if not wanted.confirmation:
        raise ConfirmationRequired(
            "A restore replaces live data, and this one was not confirmed; nothing was changed",
            hint="Send dry_run first, then the confirmation that it gives.",
        )
    return restores.confirm(
        wanted.confirmation,
        actor,
        confirm=wanted.confirm,
        backup_id=backup_id,
        choice=wanted.chosen,
    )
