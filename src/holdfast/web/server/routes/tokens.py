"""API tokens: made and revoked by who is logged in, shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request

from holdfast.errors import (
    AccountError,
    AccountNotFound,
    NotAuthenticated,
    PermissionDenied,
    RequestInvalid,
    StepUpRequired,
)
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.server.door import Door
from holdfast.web.server.identity import Identity
from holdfast.web.server.schemas import MadeToken, NewTokenBody, TokenList, TokenView

_ID = Annotated[str, Path(description="The token's id, as the list shows it.", max_length=36)]
_ALL = Annotated[bool, Query(alias="all", description="Those of all users; for administrators.")]


def token_routes(door: Door) -> APIRouter:
    """Return the routes of API tokens."""
    routes = Routes(tags=["tokens"])
    proven = door.user_session(proven=True)
    logged_in = door.user_session()
    accounts = door.accounts

    @routes.get(
        "/tokens",
        operation_id="list_tokens",
        summary="One's own API tokens, or all",
        responses=problem_responses(NotAuthenticated, PermissionDenied, RequestInvalid),
    )
    async def list_tokens(of_all: _ALL = False, identity: Identity = logged_in) -> TokenList:
        if of_all:
            _require_admin(identity)
        found = await run_sync(accounts.tokens, None if of_all else identity.user)
        return TokenList(tokens=[TokenView.of(token, user.name) for token, user in found])

    @routes.post(
        "/tokens",
        operation_id="make_token",
        summary="Make an API token; it is shown this once",
        status_code=201,
        responses=problem_responses(
            NotAuthenticated, PermissionDenied, StepUpRequired, AccountError, RequestInvalid
        ),
    )
    async def make_token(
        body: NewTokenBody, request: Request, identity: Identity = proven
    ) -> MadeToken:
        missing = set(body.permissions) - identity.permissions
        if missing:
            raise PermissionDenied(
                f"{identity.user.name} may not give away what they have not: "
                + ", ".join(sorted(missing))
            )
        unknown = set(body.plans) - set(door.installation.plans)
        if unknown:
            raise AccountError(
                f"There are no such plans: {', '.join(sorted(map(repr, unknown)))}",
                hint=f"The plans are: {', '.join(door.installation.plans)}.",
            )

        def work() -> MadeToken:
            detail = {"name": body.name, "permissions": sorted(body.permissions)}
            with door.audited(
                request, "token.add", actor=identity.user.name, detail=detail
            ) as found:
                secret, token = accounts.make_token(
                    identity.user,
                    body.name,
                    permissions=[each.value for each in body.permissions],
                    plans=body.plans,
                    life=timedelta(days=body.expires_in_days),
                )
                found["id"] = token.id
            details = TokenView.of(token, identity.user.name)
            return MadeToken(token=secret, details=details)

        return await run_sync(work)

    @routes.delete(
        "/tokens/{token_id}",
        operation_id="revoke_token",
        summary="Revoke an API token: one's own, or for administrators any",
        status_code=204,
        responses=problem_responses(
            NotAuthenticated, PermissionDenied, AccountNotFound, RequestInvalid
        ),
    )
    async def revoke_token(token_id: _ID, request: Request, identity: Identity = logged_in) -> None:
        def work() -> None:
            with door.audited(request, "token.revoke", actor=identity.user.name, about=token_id):
                is_admin = Permission.ADMINISTER in identity.permissions
                accounts.revoke_token(token_id, owner=None if is_admin else identity.user)

        await run_sync(work)

    return routes


def _require_admin(identity: Identity) -> None:
    if Permission.ADMINISTER not in identity.permissions:
        raise PermissionDenied("Only administrators see the tokens of all users")
