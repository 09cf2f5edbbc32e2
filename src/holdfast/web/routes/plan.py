"""`GET /plan`: what is protected, and how."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast import __version__
from holdfast.operations.target import location_of
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.plan import PlanShape, SourceShape


def plan_routes(context: WebContext) -> APIRouter:
    """Return the route of the plan."""
    routes = Routes()

    @routes.get(
        "/plan",
        operation_id="get_plan",
        summary="What is protected",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def get_plan() -> PlanShape:
        """With the names by which parts of it are backed up or restored; nothing is read for it."""
        return await context.run(_shape, context)

    return routes


def _shape(context: WebContext) -> PlanShape:
    plan, config = context.service.plan, context.engine.config
    return PlanShape(
        name=plan.name,
        app=plan.app,
        app_version=plan.app_version,
        holdfast_version=__version__,
        target_name=plan.target_name,
        compression=config.compression_enabled,
        compression_level=context.service.compression_level,
        max_upload_bytes=context.max_upload_bytes,
        sources=[
            SourceShape(
                name=each.name, root=each.root, kind=each.kind, location=location_of(each) or None
            )
            for each in plan.sources
        ],
        copies_dir=str(context.service.copies.path),
        safety_backup=True,
        verify_after_create=config.verify_after_create,
    )
