"""Logging in at an OpenID Connect provider: authorization code with PKCE."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from holdfast.catalog import Role
from holdfast.errors import (
    AccountExists,
    LastAdmin,
    NotAuthenticated,
    PermissionDenied,
    RequestInvalid,
)
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes, link
from holdfast.web.server.door import Door, address_of
from holdfast.web.server.provider import Attempt, Provider

COOKIE = "holdfast_oidc"
LIFE_S = 600
# The browser came from the provider, so it would not send a cookie that is SameSite=Strict along
# with a redirect; with what our own page asks for, it does.
_BACK = '<!doctype html><meta charset="utf-8"><title>Holdfast</title><meta http-equiv="refresh" content="0;url={}"><a href="{}">Go on</a>'  # noqa: E501
_TEXT = Annotated[str | None, Query(max_length=4096)]


def oidc_routes(door: Door) -> APIRouter:
    """Return the routes of logins at the provider; none where there is no provider."""
    routes = Routes(tags=["login"])
    settings = door.installation.oidc
    if settings.issuer is None:
        return routes
    provider = Provider(settings, door.installation.clock)
    open_to_all: dict[str, Any] = {"security": []}

    @routes.get(
        "/auth/oidc/login",
        operation_id="begin_oidc_login",
        summary="Go to the provider to log in; for browsers",
        status_code=303,
        response_class=RedirectResponse,
        openapi_extra=open_to_all,
        responses=problem_responses(NotAuthenticated, RequestInvalid),
    )
    async def begin_oidc_login(
        request: Request,
        again: Annotated[
            bool, Query(description="Prove who one is although one is logged in there.")
        ] = False,
    ) -> Response:
        attempt = Attempt.begin(again=again)

        def work() -> str:
            return provider.login_url(attempt, _callback(request))

        response = RedirectResponse(await run_sync(work), status_code=303)
        response.set_cookie(
            COOKIE,
            attempt.text(),
            max_age=LIFE_S,
            path=link(request, "auth", "oidc"),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",  # it comes back from the provider's site
        )
        return response

    @routes.get(
        "/auth/oidc/callback",
        operation_id="finish_oidc_login",
        summary="Come back from the provider; for browsers",
        response_class=HTMLResponse,
        openapi_extra=open_to_all,
        responses=problem_responses(
            NotAuthenticated, PermissionDenied, AccountExists, LastAdmin, RequestInvalid
        ),
    )
    async def finish_oidc_login(
        request: Request, code: _TEXT = None, state: _TEXT = None
    ) -> Response:
        def work() -> str:
            with door.audited(request, "session.open", actor=None, detail={"by": "oidc"}) as found:
                attempt = _attempt(request, state)
                if not code:
                    raise NotAuthenticated("The provider did not confirm the login")
                claims = provider.claims_of(code, attempt, _callback(request))
                proven = provider.proven(claims, door.accounts.step_up_life)
                if attempt.again and not proven:
                    raise NotAuthenticated(
                        "The provider does not say that the user has just proven who they are",
                        hint="Let it send auth_time, and prompt the user when asked to.",
                    )
                name, role = _named(claims, settings.username_claim), _role(claims, door)
                found |= {"username": name, "role": role.value}
                user = door.accounts.provider_user(_subject(provider, claims), name, role)
                secret, _ = door.accounts.open_session(
                    user,
                    address=address_of(request),
                    user_agent=request.headers.get("user-agent"),
                    stepped_up=proven,
                )
            door.end_former(request)
            return secret

        secret = await run_sync(work)
        home = f"{request.scope.get('root_path', '')}/"
        response = HTMLResponse(_BACK.format(home, home))
        door.give_cookie(request, response, secret)
        response.delete_cookie(COOKIE, path=link(request, "auth", "oidc"))
        return response

    return routes


def _callback(request: Request) -> str:
    """Return the address that the provider sends browsers back to; Host is one of ours."""
    path = link(request, "auth", "oidc", "callback")
    return f"{request.url.scheme}://{request.headers['host']}{path}"


def _attempt(request: Request, state: str | None) -> Attempt:
    """Return the login that this browser began."""
    attempt = Attempt.parse(request.cookies.get(COOKIE, ""))
    if (
        attempt is None
        or not state
        or not hmac.compare_digest(attempt.state.encode(), state.encode("utf-8", "surrogatepass"))
    ):
        raise NotAuthenticated(
            "This login was not begun in this browser, or too long ago",
            hint="Begin again.",
        )
    return attempt


def _subject(provider: Provider, claims: Mapping[str, Any]) -> str:
    return f"{provider.issuer} {claims['sub']}"


def _named(claims: Mapping[str, Any], claim: str) -> str:
    return str(claims.get(claim) or claims["sub"])


def _role(claims: Mapping[str, Any], door: Door) -> Role:
    """Return the highest role that a claim gives.

    Raises:
        PermissionDenied: It gives none.
    """
    settings = door.installation.oidc
    said = claims.get(settings.role_claim)
    values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    given = {Role(role) for value, role in settings.roles.items() if value in values}
    for role in reversed(Role):
        if role in given:
            return role
    raise PermissionDenied(
        "The provider knows this user, and gives no role here",
        hint="An administrator can add one of the user's groups: roles in [oidc].",
    )
