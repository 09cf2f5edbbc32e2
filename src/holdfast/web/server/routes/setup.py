"""The first run: who has the token from the console makes the first administrator."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request

from holdfast.catalog import Role
from holdfast.errors import (
    AccountError,
    AccountExists,
    NotAuthenticated,
    OriginRefused,
    RequestInvalid,
    TooManyRequests,
)
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.server.door import Door, address_of
from holdfast.web.server.schemas import SetupBody, SetupState, UserView


def setup_routes(door: Door) -> APIRouter:
    """Return the routes of the first run."""
    routes = Routes(tags=["set-up"])
    accounts = door.accounts

    @routes.get(
        "/setup",
        operation_id="get_setup",
        summary="Whether the server waits for its first administrator",
        openapi_extra={"security": []},
    )
    async def get_setup() -> SetupState:
        return SetupState(needed=not await run_sync(accounts.database.accounts.users.count))

    @routes.post(
        "/setup",
        operation_id="set_up",
        summary="Make the first administrator, with the token from the console",
        status_code=201,
        openapi_extra={"security": []},
        responses=problem_responses(
            NotAuthenticated,
            OriginRefused,
            AccountExists,
            AccountError,
            RequestInvalid,
            TooManyRequests,
        ),
    )
    async def set_up(body: SetupBody, request: Request) -> UserView:
        def work() -> UserView:
            address = address_of(request)
            with door.audited(request, "server.set_up", actor=None) as found:
                attempt = accounts.throttle.reserve(None, address)
                accounts.setup_token.require(body.token)
                accounts.throttle.forgive(attempt)
                user = accounts.add_user(body.username, Role.ADMIN, body.password, first=True)
                found["username"] = user.name
                return UserView.of(user)

        return await run_sync(work)

    return routes
