"""`GET /health` and `GET /metrics`: is there a fresh, proven backup, and is somebody at work."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from holdfast.web.context import FAILURES, WebContext
from holdfast.web.metrics import format_metrics
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.protection import Verdict, look
from holdfast.web.routing import Routes
from holdfast.web.schemas.health import HealthShape, health_shape

_UNPROTECTED: dict[int | str, dict[str, Any]] = {
    503: {"model": HealthShape, "description": "With `strict`: the plan is not protected."}
}


def health_routes(context: WebContext) -> APIRouter:
    """Return the routes of the health of a plan."""
    routes = Routes()

    @routes.get(
        "/health",
        operation_id="get_health",
        summary="Whether the plan is protected",
        dependencies=[context.require(Permission.READ)],
        responses={**problem_responses(*FAILURES), **_UNPROTECTED},
    )
    async def get_health(
        response: Response,
        strict: Annotated[
            bool, Query(description="Answer 503 where the plan is not protected.")
        ] = False,
    ) -> HealthShape:
        """By what is stored and proven: a schedule that nobody keeps shows as backups grow old."""
        health = health_shape(await context.run(look, context), context.plan)
        if strict and health.status is Verdict.FAILING:
            response.status_code = 503
        return health

    @routes.get(
        "/metrics",
        operation_id="get_metrics",
        summary="Figures for Prometheus",
        dependencies=[context.require(Permission.READ)],
        responses={
            200: {
                "description": "The text format of Prometheus.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **problem_responses(*FAILURES),
        },
        response_class=Response,
    )
    async def get_metrics() -> Response:
        """Jobs by status, ages of the newest good and of the newest proven backup, sizes."""
        standing = await context.run(look, context)
        return Response(format_metrics(standing, context.plan), media_type=CONTENT_TYPE_LATEST)

    return routes
