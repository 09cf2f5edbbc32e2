"""Routers of ours: problems for errors, both forms of a path, and links that hold anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from holdfast.web.permissions import Permission, permission_of
from holdfast.web.problems import ProblemRoute, path_of


class Routes(APIRouter):
    """A router whose routes answer `/x` and `/x/` alike, without a redirect.

    A redirect would lose the body of a POST in some clients, and name the wrong host behind
    some proxies.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=ProblemRoute, redirect_slashes=False, **options)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add the route, and the form with a last slash beside it."""
        if not hasattr(endpoint, "holdfast_depth"):
            endpoint.holdfast_depth = len(_segments(path))  # type: ignore[attr-defined]
        if options.get("response_description") in (None, "Successful Response"):
            options["response_description"] = "What was asked for."
        super().add_api_route(path, endpoint, **options)
        _tell_permission(self.routes[-1])
        slashed = {**options, "include_in_schema": False, "operation_id": None}
        super().add_api_route(f"{path}/", endpoint, **slashed)


def permission_asked(route: BaseRoute) -> Permission | None:
    """Return the permission that a route asks for; None if it asks for none."""
    dependant = getattr(route, "dependant", None)
    stack = [dependant] if dependant is not None else []
    while stack:
        found = stack.pop()
        permission = permission_of(found.call)
        if permission is not None:
            return permission
        stack.extend(found.dependencies)
    return None


def _tell_permission(route: BaseRoute) -> None:
    """Say in the description of an operation what it takes."""
    permission = permission_asked(route)
    if permission is None or not isinstance(route, APIRoute):
        return
    needs = f"Needs the permission `{permission.value}`."
    route.description = f"{route.description}\n\n{needs}".strip()
    route.openapi_extra = {**(route.openapi_extra or {}), "x-permission": permission.value}


def prefix_operations(router: APIRouter, prefix: str) -> None:
    """Put a word before the ids of all operations, which must be unique in an application."""
    for route in router.routes:
        if isinstance(route, APIRoute) and route.operation_id:
            route.operation_id = route.unique_id = f"{prefix}{route.operation_id}"


def link(request: Request, *parts: str) -> str:
    """Return the path of something in the router that answers the request.

    It is made from the path that was asked for, so it is right below any prefix, mount and
    proxy; it names no host, which the request could have forged.
    """
    depth: int = request.scope["route"].endpoint.holdfast_depth
    segments = _segments(path_of(request))
    prefix = segments[: len(segments) - depth]
    return "".join(f"/{quote(part, safe='')}" for part in (*prefix, *parts))


def _segments(path: str) -> list[str]:
    return [each for each in path.split("/") if each]
