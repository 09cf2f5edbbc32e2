"""The repository itself: looked at, checked, freed of what nothing uses, unlocked."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from holdfast.errors import (
    IdempotencyConflict,
    RepositoryDamaged,
    RepositoryNotFound,
    RequestInvalid,
)
from holdfast.models.job import JobKind
from holdfast.repository import PrunePlan
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.idempotency import IdempotencyKey, Values, once
from holdfast.web.job_answers import JOB_RESPONSES, Prefer, answer_job
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.repository import look_at, require_repository
from holdfast.web.routes.backups import submit
from holdfast.web.routing import Routes
from holdfast.web.schemas.jobs import JobShape
from holdfast.web.schemas.repository import (
    CheckRequest,
    PrunePreview,
    PruneRequest,
    RepositoryShape,
    UnlockShape,
)

_REFUSALS = problem_responses(
    RepositoryNotFound, RepositoryDamaged, IdempotencyConflict, RequestInvalid, *FAILURES
)


def repository_routes(context: WebContext) -> APIRouter:
    """Return the routes of the repository as a whole."""
    routes = Routes()
    _add_looking(routes, context)
    _add_checking(routes, context)
    _add_pruning(routes, context)
    _add_unlocking(routes, context)
    return routes


def _add_looking(routes: Routes, context: WebContext) -> None:
    @routes.get(
        "/repository",
        operation_id="get_repository",
        summary="How the repository stands",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(RepositoryDamaged, *FAILURES),
    )
    async def get_repository() -> RepositoryShape:
        """What opens it, who is at work in it, what it occupies, and when it was last checked."""
        return await context.run(look_at, context)


def _add_checking(routes: Routes, context: WebContext) -> None:
    operator = context.require(Permission.RUN)

    @routes.post(
        "/repository/check",
        operation_id="check_repository",
        summary="Look for damage in the repository",
        status_code=202,
        responses={**JOB_RESPONSES, **_REFUSALS},
        response_model=None,
    )
    async def check_repository(
        request: Request,
        wanted: CheckRequest | None = None,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = operator,
    ) -> Response:
        """A job looks at all of it, whichever plan it is of; it fails if anything is wrong.

        Its `result` says whether it `passed`, and the `problems`; its error what to do.
        """
        params = (wanted or CheckRequest()).model_dump(mode="json")

        def work() -> Values:
            require_repository(context)
            return submit(context, actor, JobKind.CHECK, params)

        done = await once(context, request, actor, key, work)
        return await answer_job(context, request, done["job_id"], prefer)


def _add_pruning(routes: Routes, context: WebContext) -> None:
    administrator = context.require(Permission.ADMINISTER)

    @routes.post(
        "/repository/prune",
        operation_id="prune_repository",
        summary="Free what no backup uses, or see how much that is",
        status_code=202,
        responses={
            **JOB_RESPONSES,
            200: {
                "model": PrunePreview | JobShape,
                "description": "With `dry_run` what would be freed; else the job, if it was waited"
                " for.",
            },
            **_REFUSALS,
        },
        response_model=None,
    )
    async def prune_repository(
        request: Request,
        wanted: PruneRequest | None = None,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = administrator,
    ) -> Response:
        """No backup is removed: what deleted ones and interrupted work left is.

        It waits for whoever else is at work in the repository, and keeps them out meanwhile; a dry
        run is refused then.
        """
        if wanted is not None and wanted.dry_run:
            plan = await context.run(context.service.plan_prune)
            return JSONResponse(_preview_of(plan).model_dump(mode="json"))

        def work() -> Values:
            require_repository(context)
            return submit(context, actor, JobKind.PRUNE, {})

        done = await once(context, request, actor, key, work)
        return await answer_job(context, request, done["job_id"], prefer)


def _add_unlocking(routes: Routes, context: WebContext) -> None:
    administrator = context.require(Permission.ADMINISTER)

    @routes.post(
        "/repository/unlock",
        operation_id="unlock_repository",
        summary="Remove the locks that dead processes left",
        responses=_REFUSALS,
    )
    async def unlock_repository(
        request: Request, key: IdempotencyKey = None, actor: Actor = administrator
    ) -> UnlockShape:
        """Only those whose holder is certainly gone: a process of this machine that is no more.

        Of another machine, those that showed no sign of life for 30 minutes. For others there is
        `holdfast unlock --all`.
        """
        done = await once(context, request, actor, key, lambda: _unlock(context, actor))
        return UnlockShape(removed=done["removed"])


def _unlock(context: WebContext, actor: Actor) -> Values:
    with context.audited(actor, "repository.unlock") as noted:
        noted["removed"] = context.service.unlock()
        return {"removed": noted["removed"]}


def _preview_of(plan: PrunePlan) -> PrunePreview:
    return PrunePreview(
        dry_run=True,
        would_free_bytes=plan.freed_bytes,
        would_repack_bytes=plan.repacked_bytes,
        total_bytes=plan.total_bytes,
        unused_bytes_kept=plan.unused_bytes_kept,
        packs_kept=plan.packs_kept,
        packs_repacked=plan.packs_repacked,
        packs_removed=plan.packs_removed,
        packs_unreferenced=plan.packs_unreferenced,
    )
