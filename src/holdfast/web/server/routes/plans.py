"""The plans that are served."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.errors import NotAuthenticated
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes, link
from holdfast.web.server.door import Door
from holdfast.web.server.identity import Identity
from holdfast.web.server.schemas import PlanList, PlanView


def plan_routes(door: Door) -> APIRouter:
    """Return the route of the plans."""
    routes = Routes(tags=["plans"])
    anybody = door.anybody()

    @routes.get(
        "/plans",
        operation_id="list_plans",
        summary="The plans that one may see",
        responses=problem_responses(NotAuthenticated),
    )
    async def list_plans(request: Request, identity: Identity = anybody) -> PlanList:
        return PlanList(
            plans=[
                PlanView(name=name, path=link(request, "plans", name))
                for name in door.installation.plans
                if identity.may_see(name)
            ]
        )

    return routes
