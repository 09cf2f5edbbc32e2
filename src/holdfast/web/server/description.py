"""The description of the interface (OpenAPI), for who is logged in."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from holdfast.errors import NotAuthenticated, OriginRefused, PermissionDenied, StepUpRequired
from holdfast.web.problems import HoldfastProblem, problem_responses
from holdfast.web.routing import Routes
from holdfast.web.server.door import COOKIE, Door
from holdfast.web.server.identity import Identity

_SCHEMES: dict[str, Any] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token: `holdfast tokens add`, or `POST /api/v1/tokens`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A login: `POST /api/v1/auth/login`. Over HTTPS its name begins with"
        " `__Host-`.",
    },
}
_ABOUT = (
    "Backups of the plans of this server. The routes of the first plan stand directly under"
    " `/api/v1`; those of each plan under `/api/v1/plans/{plan}`. Errors are problems (RFC 9457)."
)


OWN_TAGS = frozenset({"login", "plans", "set-up", "tokens", "users"})
"""Of the routes that are the server's, not a plan's."""


def describe_api(app: FastAPI, door: Door, prefix: str) -> None:
    """Offer the description below `prefix`, and say in it how to log in."""
    plans = tuple(door.installation.plans)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, prefix, plans)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    routes = Routes()
    anybody = door.anybody()

    @routes.get(f"{prefix}/openapi.json", include_in_schema=False)
    async def get_description(identity: Identity = anybody) -> dict[str, Any]:
        del identity
        return openapi()

    app.include_router(routes)


def _described(app: FastAPI, prefix: str, plans: Sequence[str]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=_ABOUT, routes=app.routes
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    schemas = components.setdefault("schemas", {})
    if "HoldfastProblem" not in schemas:
        schema = HoldfastProblem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas["HoldfastProblem"] = schema
    document["security"] = [{"token": []}, {"session": []}]
    for item in document["paths"].values():
        for operation in item.values():
            _tell_refusals(operation)
    if len(plans) > 1:
        document["paths"] |= dict(_of_plans(document["paths"], prefix, plans))
    return document


def _tell_refusals(operation: dict[str, Any]) -> None:
    """Say of an operation how it is refused before it begins."""
    refusals = problem_responses(PermissionDenied, StepUpRequired, OriginRefused)
    if operation.get("security") != []:
        refusals = problem_responses(NotAuthenticated) | refusals
    for status, response in refusals.items():
        said = operation["responses"].setdefault(str(status), response)
        if response["description"] not in said["description"]:
            operation["responses"][str(status)] = response


def _of_plans(
    paths: Mapping[str, Any], prefix: str, plans: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the routes of plans once more, with the plan as a parameter of the path."""
    parameter = {
        "name": "plan",
        "in": "path",
        "required": True,
        "description": "The plan.",
        "schema": {"type": "string", "enum": list(plans)},
    }
    for path, operations in paths.items():
        item = copy.deepcopy(operations)
        if any(OWN_TAGS & set(each.get("tags", ())) for each in item.values()):
            continue
        for each in item.values():
            each["operationId"] += "_of_plan"
            each["parameters"] = [parameter, *each.get("parameters", ())]
        yield f"{prefix}/plans/{{plan}}{path.removeprefix(prefix)}", item
