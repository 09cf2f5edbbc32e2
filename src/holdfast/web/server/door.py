"""The way in: each request's sender is found out once, and asked for what a route needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request, Response

from holdfast.errors import (
    HoldfastError,
    NotAuthenticated,
    PermissionDenied,
    StepUpRequired,
    TooManyRequests,
)
from holdfast.web.permissions import Actor, Auth, Permission
from holdfast.web.server.accounts import Accounts
from holdfast.web.server.identity import Identity
from holdfast.web.server.installation import Installation
from holdfast.web.server.throttle import WINDOW

COOKIE = "holdfast_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Door:
    """Finds out who makes a request.

    Attributes:
        accounts: Whom it knows.
    """

    installation: Installation
    accounts: Accounts

    def identify(self, request: Request) -> Identity:
        """Return who makes a request: by the token, where one is sent, else by the cookie.

        Raises:
            NotAuthenticated: Nobody that is known.
        """
        known = getattr(request.state, "holdfast_identity", None)
        if isinstance(known, Identity):
            return known
        authorization = request.headers.get("authorization")
        found = self._by_token(authorization) if authorization else self._by_cookie(request)
        request.state.holdfast_identity = found
        return found

    def auth_for(self, plan: str) -> Auth:
        """Return what stands before the routes of a plan."""
        return Auth(**{each.value: self._guard(plan, each) for each in Permission})

    def user_session(self, *, proven: bool = False) -> Any:
        """Return the `Depends` that gives who is logged in; a token is not enough.

        A token that leaked must not be able to make others, or to change who may come in.

        Args:
            proven: Whether the password must have been given of late.
        """

        def require_session(request: Request) -> Identity:
            identity = self._require_session(request)
            if proven:
                self._require_step_up(identity)
            return identity

        return Depends(require_session)

    def administrator(self) -> Any:
        """Return the `Depends` that gives an administrator who is logged in.

        For changes the password must have been given of late.
        """

        def require_administrator(request: Request) -> Identity:
            identity = self._require_session(request)
            _require(identity, Permission.ADMINISTER)
            if request.method not in _SAFE:
                self._require_step_up(identity)
            return identity

        return Depends(require_administrator)

    def anybody(self) -> Any:
        """Return the `Depends` that gives whoever is known, by session or token."""

        def require_identity(request: Request) -> Identity:
            return self.identify(request)

        return Depends(require_identity)

    def give_cookie(self, request: Request, response: Response, secret: str) -> None:
        """Let the browser keep a login."""
        response.set_cookie(
            self.cookie_name(request),
            secret,
            max_age=self.installation.server.session_hours * 3600,
            path=self._cookie_path(request),
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def take_cookie(self, request: Request, response: Response) -> None:
        """Let the browser forget a login."""
        response.delete_cookie(
            self.cookie_name(request),
            path=self._cookie_path(request),
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def end_former(self, request: Request) -> None:
        """End the login that the browser had before: what it knew opens nothing any more."""
        former = self.cookie_of(request)
        found = self.accounts.database.accounts.sessions.find(former) if former else None
        if found is not None:
            self.accounts.logout(found[0])

    def cookie_of(self, request: Request) -> str | None:
        """Return what the browser kept of a login."""
        return request.cookies.get(self.cookie_name(request))

    def cookie_name(self, request: Request) -> str:
        """Return the cookie's name; `__Host-` keeps other hosts of a domain from setting it."""
        pinned = self._is_secure(request) and self._cookie_path(request) == "/"
        return f"__Host-{COOKIE}" if pinned else COOKIE

    @contextmanager
    def audited(
        self,
        request: Request,
        action: str,
        *,
        actor: str | None,
        about: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Record who did what and how it ended; blocking. Gives a mapping for more detail.

        Of those whom nobody knows, the first refusal of each account and address in a while is
        recorded: their tries would fill the catalog otherwise.
        """
        found: dict[str, Any] = dict(detail or {})
        outcome, once_within = "error", None
        try:
            yield found
            outcome = "done"
        except HoldfastError as error:
            outcome = error.code
            if isinstance(error, NotAuthenticated | TooManyRequests):
                once_within = WINDOW
            raise
        finally:
            self.installation.database.audit.add(
                actor=actor,
                action=action,
                object=about,
                outcome=outcome,
                detail=found,
                address=address_of(request),
                once_within=once_within,
            )

    def _by_token(self, authorization: str) -> Identity:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotAuthenticated(
                "The Authorization header is none that this server takes",
                hint="Send an API token: Authorization: Bearer hf_...",
            )
        token, user = self.accounts.by_token(secret.strip())
        return Identity(user=user, token=token)

    def _by_cookie(self, request: Request) -> Identity:
        secret = self.cookie_of(request)
        if not secret:
            raise NotAuthenticated(
                "This needs a login or an API token",
                hint="Log in by POST /api/v1/auth/login, or send Authorization: Bearer hf_...",
            )
        session, user = self.accounts.by_cookie(secret)
        proven = session.stepped_up_at
        until = None if proven is None else proven + self.accounts.step_up_life
        return Identity(user=user, session=session, stepped_up_until=until)

    def _guard(self, plan: str, permission: Permission) -> Callable[[Request], Actor]:
        def guard(request: Request) -> Actor:
            identity = self.identify(request)
            if not identity.may_see(plan):
                raise PermissionDenied(f"This API token is not for plan {plan}")
            _require(identity, permission)
            # What needs RESTORE discloses all data even where it only reads: a download.
            if permission is Permission.RESTORE or (
                permission is Permission.ADMINISTER and request.method not in _SAFE
            ):
                self._require_step_up(identity)
            return identity.actor(address_of(request))

        return guard

    def _require_session(self, request: Request) -> Identity:
        identity = self.identify(request)
        if identity.session is None:
            raise PermissionDenied(
                "An API token cannot do this",
                hint="Log in, or use `holdfast users` and `holdfast tokens` on the server.",
            )
        return identity

    def _require_step_up(self, identity: Identity) -> None:
        """Insist that who is logged in gave the password of late; programs have none."""
        if identity.session is None:
            return
        until = identity.stepped_up_until
        if until is None or until <= self.installation.clock.now():
            elsewhere = identity.user.oidc_subject is not None
            raise StepUpRequired(
                "This needs the password once more",
                hint="Log in once more by GET /api/v1/auth/oidc/login?again=true, and try again."
                if elsewhere
                else "Give it by POST /api/v1/auth/step-up, and try again.",
            )

    def _is_secure(self, request: Request) -> bool:
        wanted = self.installation.server.cookie_secure
        return request.url.scheme == "https" if wanted == "auto" else wanted == "always"

    def _cookie_path(self, request: Request) -> str:
        return str(request.scope.get("root_path") or "/")


def address_of(request: Request) -> str | None:
    """Return where a request comes from, as the server sees it."""
    return request.client.host if request.client else None


def _require(identity: Identity, permission: Permission) -> None:
    if permission not in identity.permissions:
        what = "This API token does" if identity.token else f"The role {identity.user.role} does"
        raise PermissionDenied(
            f"{what} not allow this", hint=f"It needs the permission {permission.value}."
        )
