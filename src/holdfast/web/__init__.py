"""Holdfast over HTTP: the router for FastAPI, contracts of other interfaces, and the server.

The names below are loaded when they are first used: the room needs packages that not every
installation has.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from holdfast.web.permissions import ANYONE, Actor, Anyone, Auth, Permission
    from holdfast.web.router import create_router

_HOMES = {
    "ANYONE": "holdfast.web.permissions",
    "Actor": "holdfast.web.permissions",
    "Anyone": "holdfast.web.permissions",
    "Auth": "holdfast.web.permissions",
    "Permission": "holdfast.web.permissions",
    "create_router": "holdfast.web.router",
}
_PACKAGES = ("fastapi", "starlette", "pydantic", "prometheus_client", "multipart", "anyio")

__all__ = ["ANYONE", "Actor", "Anyone", "Auth", "Permission", "create_router"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'holdfast.web' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(home), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
            raise
        raise MissingExtra(
            f"The interface over HTTP needs the package {error.name}",
            hint="Install it with: pip install 'holdfast[fastapi]'",
        ) from error
