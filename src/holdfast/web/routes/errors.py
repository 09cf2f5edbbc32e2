"""`GET /errors`: what each code of a problem means."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter

from holdfast.errors import HoldfastError
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.permissions import Permission
from holdfast.web.problems import HoldfastProblem, problem_responses, title_of
from holdfast.web.routing import Routes
from holdfast.web.schemas.errors import ProblemKind, ProblemKinds


def error_routes(context: WebContext) -> APIRouter:
    """Return the route of the codes."""
    routes = Routes()

    @routes.get(
        "/errors",
        operation_id="list_errors",
        summary="What the codes of problems mean",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def list_errors() -> ProblemKinds:
        """The codes are stable; a program decides by them, and shows `detail` and `hint`."""
        kinds = sorted(_kinds(HoldfastError), key=lambda each: each.code)
        return ProblemKinds(errors=[_kind(each) for each in kinds])

    return routes


def _kinds(base: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    if base.__module__ == HoldfastError.__module__:
        yield base
        for derived in base.__subclasses__():
            yield from _kinds(derived)


def _kind(error: type[HoldfastError]) -> ProblemKind:
    example = HoldfastProblem(
        type=f"errors/{error.code}",
        title=title_of(error),
        status=error.http_status,
        detail=title_of(error),
        code=error.code,
    )
    return ProblemKind(
        code=error.code, title=title_of(error), status=error.http_status, example=example
    )
