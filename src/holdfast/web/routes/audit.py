"""`GET /audit`: who did what, when, and whether it was done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from holdfast.catalog import AuditEntry
from holdfast.errors import RequestInvalid
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.paging import Cursor, Limit, add_next_link, format_cursor, parse_cursor
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.audit import AuditEntryShape, AuditOutcome, AuditPage

_Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


def audit_routes(context: WebContext) -> APIRouter:
    """Return the route of the audit log."""
    routes = Routes()
    administrator = context.require(Permission.ADMINISTER)

    @routes.get(
        "/audit",
        operation_id="list_audit",
        summary="Who did what",
        responses=problem_responses(RequestInvalid, *FAILURES),
    )
    async def list_audit(
        request: Request,
        response: Response,
        actor: Annotated[_Word, Query(description="Only what they did.")] = None,
        action: Annotated[_Word, Query(description="Only this action.")] = None,
        object: Annotated[  # noqa: A002 - the name of the parameter
            _Word, Query(description="Only what was done to this.")
        ] = None,
        outcome: Annotated[AuditOutcome | None, Query(description="Only what ended so.")] = None,
        since: Annotated[
            AwareDatetime | None, Query(alias="from", description="Then or later.")
        ] = None,
        until: Annotated[
            AwareDatetime | None, Query(alias="to", description="Before then.")
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        asker: Actor = administrator,
    ) -> AuditPage:
        """Every change and every download, newest first; entries are never changed.

        Who is logged in at the server sees there also its logins, users and tokens.
        """
        entries, total = await context.run(
            context.engine.database.audit.list,
            plan=context.plan,
            # A token may be for this plan alone.
            with_server=asker.via == "session",
            actor=actor,
            action=action,
            object=object,
            outcome=outcome.value if outcome else None,
            since=since,
            until=until,
            before=_before(cursor),
            limit=limit + 1,
        )
        shown = entries[:limit]
        more = len(entries) > limit
        following = format_cursor({"before": shown[-1].number}) if more else None
        add_next_link(request, response, following)
        return AuditPage(
            total=total, next_cursor=following, entries=[_shape(each) for each in shown]
        )

    return routes


def _before(cursor: str | None) -> int | None:
    position = parse_cursor(cursor, "before")
    if position is None:
        return None
    before = position["before"]
    if type(before) is not int or not 0 <= before < 2**63:
        raise RequestInvalid("The cursor is none that this list gave")
    return before


def _shape(entry: AuditEntry) -> AuditEntryShape:
    coded = entry.outcome not in set(AuditOutcome)
    refusal = AuditOutcome.FAILED if entry.outcome == "error" else AuditOutcome.REFUSED
    outcome = refusal.value if coded else entry.outcome
    return AuditEntryShape(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        object=entry.object,
        outcome=outcome,
        detail=dict(entry.detail) | ({"code": entry.outcome} if coded else {}),
        address=entry.address,
        job_id=entry.job_id,
    )
