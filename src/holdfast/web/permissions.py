"""Who may do what: four permissions, and the host's own authentication behind each of them.

Nothing here authenticates anybody. A host gives FastAPI dependencies of its own, one for all or
one for each permission; what they raise goes to the host's handlers unchanged, and what they
return names the actor in jobs and in the audit log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from fastapi import Depends, Request, Response
from fastapi.params import Depends as DependsParameter
from fastapi.routing import APIRoute

from holdfast.errors import ConfigError, PermissionDenied

_log = logging.getLogger("holdfast.web")

Dependency: TypeAlias = Callable[..., Any]
"""A FastAPI dependency of the host: sync or async, with sub-dependencies of its own, or a
`Depends(...)` or `Security(...)` of one."""

MAX_NAME_LENGTH = 200
_NAMING = ("username", "email", "name", "id", "sub", "user_id", "login")
_UNNAMED = "unnamed"


class Permission(StrEnum):
    """What a route asks of who calls it.

    `read`: see what there is. `run`: make, verify and describe backups. `restore`: replace live
    data, and take data out (a download hands out everything). `administer`: remove backups,
    change the schedule, read the audit log.
    """

    READ = "read"
    RUN = "run"
    RESTORE = "restore"
    ADMINISTER = "administer"


ALL_PERMISSIONS = frozenset(Permission)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """One dependency for each permission; none implies another."""

    read: Dependency
    run: Dependency
    restore: Dependency
    administer: Dependency


class Anyone:
    """No authentication: whoever reaches the routes may do everything."""


ANYONE = Anyone()
"""Say this for `auth` where something in front of the application authenticates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who makes a request.

    Attributes:
        permissions: What they may do, as far as is known; the guard of a route checks it.
        address: Where the request comes from, as the server sees it.
        via: How they are known: `host`, `session`, `token`, `anonymous`, or `unnamed` where
            the host's dependency did not say who it let in.
    """

    name: str
    permissions: frozenset[Permission] = ALL_PERMISSIONS
    address: str | None = None
    via: str = "host"

    @property
    def named(self) -> bool:
        """Whether the name stands for somebody; all who have none are called the same."""
        return self.via != _UNNAMED


class Guards:
    """The dependencies that stand before routes, one for each permission.

    Args:
        auth: A dependency for all permissions, an `Auth` with one for each, or `ANYONE`.

    Raises:
        ConfigError: There is no authentication, and nobody said that there shall be none.
    """

    def __init__(self, auth: Auth | Dependency | DependsParameter | Anyone) -> None:
        self._warned = False
        self._guards = {each: self._guard(each, _chosen(auth, each)) for each in Permission}
        if isinstance(auth, Anyone):
            _log.warning("Backups are offered without authentication: auth=ANYONE was given")

    def require(self, permission: Permission) -> Any:
        """Return the `Depends` that gives the `Actor`, for a route that asks for `permission`."""
        return Depends(self._guards[permission])

    async def ask(self, permission: Permission, request: Request) -> Actor:
        """Ask for one more permission in the midst of a request, where the body demands it.

        What the host's dependency raises is raised.
        """
        found: list[Actor] = []
        guard = self.require(permission)

        def note(actor: Actor = guard) -> Response:
            found.append(actor)
            return Response()

        route = APIRoute("/", note, dependency_overrides_provider=request.scope.get("app"))
        await route.get_route_handler()(request)
        return found[0]

    def _guard(self, permission: Permission, dependency: DependsParameter) -> Callable[..., Actor]:
        # Sync work as short as this stays on the event loop when the function is async.
        async def guard(request: Request, who: Any = dependency) -> Actor:
            actor = actor_of(who, request)
            if not actor.named:
                self._warn_of_unnamed(who)
            if permission not in actor.permissions:
                raise PermissionDenied(
                    f"{actor.name} may not do this",
                    hint=f"It needs the permission {permission.value}.",
                )
            return actor

        guard.holdfast_permission = permission  # type: ignore[attr-defined]
        return guard  # type: ignore[return-value]

    def _warn_of_unnamed(self, who: object) -> None:
        if self._warned:
            return
        self._warned = True
        _log.warning(
            "The dependency given as auth returned %s, which has none of %s: whoever it admits is"
            " %r in jobs and in the audit, their idempotency keys are refused, and the"
            " confirmation of a restore is good for any of them",
            type(who).__name__,
            ", ".join(_NAMING),
            _UNNAMED,
        )


def permission_of(guard: object) -> Permission | None:
    """Return which permission a dependency guards, or None if it is none of our guards."""
    found = getattr(guard, "holdfast_permission", None)
    return found if isinstance(found, Permission) else None


def _chosen(auth: object, permission: Permission) -> DependsParameter:
    chosen = getattr(auth, permission.value) if isinstance(auth, Auth) else auth
    if isinstance(chosen, Anyone):
        return Depends(_anyone)  # type: ignore[no-any-return]
    if isinstance(chosen, DependsParameter):
        return chosen
    if not callable(chosen):
        raise ConfigError(
            f"auth: there is no dependency for the permission {permission.value}",
            hint="Give a FastAPI dependency that admits administrators, an Auth with one for"
            " each permission, or ANYONE to say that there shall be no authentication.",
        )
    return Depends(chosen)  # type: ignore[no-any-return]


def _anyone() -> Actor:
    return Actor(name="anonymous", via="anonymous")


def actor_of(who: object, request: Request) -> Actor:
    """Return who makes the request, by whatever a host's dependency returned."""
    address = request.client.host if request.client else None
    if isinstance(who, Actor):
        return who if who.address else _at(who, address)
    name = _name(who)
    return Actor(name=name or _UNNAMED, address=address, via="host" if name else _UNNAMED)


def _at(actor: Actor, address: str | None) -> Actor:
    return Actor(name=actor.name, permissions=actor.permissions, address=address, via=actor.via)


def _name(who: object) -> str:
    if isinstance(who, str):
        return _clean(who)
    for key in _NAMING:
        found = who.get(key) if isinstance(who, Mapping) else getattr(who, key, None)
        if found is not None and not callable(found) and _clean(str(found)):
            return _clean(str(found))
    return ""


def _clean(name: str) -> str:
    """Return a name that cannot break a line of a log, and fits a column."""
    return "".join(each for each in name if each.isprintable()).strip()[:MAX_NAME_LENGTH]
