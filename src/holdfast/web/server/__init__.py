"""`holdfast serve`: users, sessions and tokens around the router.

`app_from_environment` is the whole server for any ASGI server:
`uvicorn --factory holdfast.web.server:app_from_environment --workers 4`. It reads `holdfast.toml`
in the working directory, or the file that `HOLDFAST_CONFIG` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from holdfast.web.server.app import app_from_environment, create_app
    from holdfast.web.server.installation import Installation

__all__ = ["Installation", "app_from_environment", "create_app"]

_HOMES = {"Installation": "installation", "app_from_environment": "app", "create_app": "app"}
_PACKAGES = ("fastapi", "starlette", "pydantic", "uvicorn", "argon2", "prometheus_client")


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
            raise
        raise MissingExtra(
            f"The server needs {error.name}, which is not installed",
            hint="pip install 'holdfast[server]'",
        ) from error
