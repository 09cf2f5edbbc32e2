"""`GET /retention/preview`: what rules would do to the backups there are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from holdfast.errors import ConfigError, RepositoryNotFound, RequestInvalid
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.retention import (
    CleanupPreview,
    RetentionShape,
    policy_from,
    policy_values,
    preview_of,
)
from holdfast.web.threads import Threads

_MAX_PREVIEWS = 2
_preview_threads = Threads("preview-threads", _MAX_PREVIEWS)
"""What a removal frees is known by reading the directories of all backups: whoever asks for that
again and again waits for themselves, and keeps no other request waiting."""


def retention_routes(context: WebContext) -> APIRouter:
    """Return the route of the preview."""
    routes = Routes()

    @routes.get(
        "/retention/preview",
        operation_id="preview_retention",
        summary="Which backups rules would keep, and why",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(ConfigError, RepositoryNotFound, RequestInvalid, *FAILURES),
    )
    async def preview_retention(
        request: Request, rules: Annotated[RetentionShape, Query()]
    ) -> CleanupPreview:
        """By the rules that are given; with none given, by those of the schedule or of the plan.

        Nothing is removed, and nothing is told that the list of the backups does not tell.
        """
        policy = policy_values(rules) if request.query_params else None
        if policy is None:
            policy = await context.run(standing_rules, context)
        return await look_at_cleanup(context, policy)

    return routes


def standing_rules(context: WebContext) -> dict[str, Any] | None:
    """Return the rules of the schedule; None where it has none, and those of the plan count."""
    rules = dict(context.engine.schedule().retention)
    return rules if any(rules.values()) else None


async def look_at_cleanup(context: WebContext, policy: dict[str, Any] | None) -> CleanupPreview:
    """Return what a cleanup by these rules would do."""
    return await _preview_threads.run(_preview, context, policy)


def _preview(context: WebContext, policy: dict[str, Any] | None) -> CleanupPreview:
    plan = context.service.plan_retention(policy_from(policy) if policy is not None else None)
    return preview_of(plan, context.service.measure_retention(plan))
