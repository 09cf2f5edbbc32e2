"""`GET /health`: is there a fresh, proven backup, and is somebody at work."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.web.context import WebContext
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes


def health_routes(context: WebContext) -> APIRouter:
    """Return the route of the health of a plan."""
    routes = Routes()

    @routes.get(
        "/health",
        operation_id="get_health",
        summary="How the backups of this plan stand",
        responses=problem_responses(),
        dependencies=[context.require(Permission.READ)],
    )
    async def get_health() -> dict[str, str]:
        return {"plan": context.service.plan.name}

    return routes
