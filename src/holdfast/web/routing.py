"""Routers of ours: problems for errors, both forms of a path, and links that hold anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request

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
        super().add_api_route(path, endpoint, **options)
        slashed = {**options, "include_in_schema": False, "operation_id": None}
        super().add_api_route(f"{path}/", endpoint, **slashed)


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
