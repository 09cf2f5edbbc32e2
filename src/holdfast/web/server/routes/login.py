"""Logging in and out, who one is, and the password."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from holdfast.errors import (
    AccountError,
    NotAuthenticated,
    OriginRefused,
    PermissionDenied,
    RequestInvalid,
    TooManyRequests,
)
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.server.door import Door, address_of
from holdfast.web.server.identity import Identity
from holdfast.web.server.schemas import (
    LoginBody,
    LoginWays,
    Me,
    PasswordBody,
    StepUpBody,
    way_of,
)


def login_routes(door: Door) -> APIRouter:
    """Return the routes of logins."""
    routes = Routes(tags=["login"])
    logged_in = door.user_session()
    anybody = door.anybody()
    accounts = door.accounts

    @routes.get(
        "/auth/ways",
        operation_id="list_login_ways",
        summary="How users can log in",
        openapi_extra={"security": []},
    )
    async def list_login_ways() -> LoginWays:
        return LoginWays(password=True, oidc=door.installation.oidc.issuer is not None)

    @routes.post(
        "/auth/login",
        operation_id="log_in",
        summary="Log in by name and password; the session is in a cookie",
        openapi_extra={"security": []},
        responses=problem_responses(
            NotAuthenticated, OriginRefused, RequestInvalid, TooManyRequests
        ),
    )
    async def log_in(body: LoginBody, request: Request, response: Response) -> Me:
        def work() -> tuple[str, Identity]:
            # What was typed for a name may be a password, so it is recorded of users only.
            known = accounts.database.accounts.users.find(body.username)
            with door.audited(request, "session.open", actor=known.name if known else None):
                secret, session, user = accounts.login(
                    body.username,
                    body.password,
                    address=address_of(request),
                    user_agent=request.headers.get("user-agent"),
                )
            door.end_former(request)
            until = session.created_at + accounts.step_up_life
            return secret, Identity(user=user, session=session, stepped_up_until=until)

        secret, identity = await run_sync(work)
        door.give_cookie(request, response, secret)
        return _me(door, identity)

    @routes.post(
        "/auth/logout",
        operation_id="log_out",
        summary="Log out: the session ends on the server",
        status_code=204,
        responses=problem_responses(NotAuthenticated, PermissionDenied),
    )
    async def log_out(request: Request, response: Response, identity: Identity = logged_in) -> None:
        def work() -> None:
            with door.audited(request, "session.close", actor=identity.user.name):
                if identity.session is not None:
                    accounts.logout(identity.session)

        await run_sync(work)
        door.take_cookie(request, response)

    @routes.get(
        "/auth/me",
        operation_id="get_me",
        summary="Who makes this request, and what they may do",
        responses=problem_responses(NotAuthenticated),
    )
    async def get_me(identity: Identity = anybody) -> Me:
        return _me(door, identity)

    @routes.post(
        "/auth/password",
        operation_id="change_password",
        summary="Change one's own password; all other sessions of the user end",
        status_code=204,
        responses=problem_responses(
            NotAuthenticated, PermissionDenied, AccountError, RequestInvalid, TooManyRequests
        ),
    )
    async def change_password(
        body: PasswordBody, request: Request, identity: Identity = logged_in
    ) -> None:
        def work() -> None:
            name = identity.user.name
            with door.audited(request, "user.password", actor=name, about=name):
                assert identity.session is not None
                accounts.change_password(
                    identity.user, identity.session, body.current_password, body.new_password
                )

        await run_sync(work)

    @routes.post(
        "/auth/step-up",
        operation_id="step_up",
        summary="Give the password once more, before something is restored or removed",
        status_code=204,
        responses=problem_responses(
            NotAuthenticated, PermissionDenied, RequestInvalid, TooManyRequests
        ),
    )
    async def step_up(body: StepUpBody, request: Request, identity: Identity = logged_in) -> None:
        def work() -> None:
            with door.audited(request, "session.step_up", actor=identity.user.name):
                assert identity.session is not None
                accounts.step_up(identity.user, identity.session, body.password)

        await run_sync(work)

    return routes


def _me(door: Door, identity: Identity) -> Me:
    kept = identity.token or identity.session
    return Me(
        username=identity.user.name,
        role=identity.user.role,
        via="token" if identity.token else "session",
        permissions=[each for each in Permission if each in identity.permissions],
        plans=[name for name in door.installation.plans if identity.may_see(name)],
        expires_at=kept.expires_at if kept else None,
        stepped_up_until=identity.stepped_up_until,
        logs_in_by=way_of(identity.user),
    )
