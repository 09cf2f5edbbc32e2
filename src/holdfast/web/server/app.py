"""The server as an ASGI application: routes of plans and of accounts, and the guards before."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from holdfast import __version__
from holdfast.config import load_plans, read_environment
from holdfast.web.problems import MEDIA_TYPE, HoldfastProblem, path_of
from holdfast.web.router import create_router
from holdfast.web.server.accounts import Accounts
from holdfast.web.server.description import describe_api
from holdfast.web.server.door import Door
from holdfast.web.server.headers import SecurityHeaders
from holdfast.web.server.hosts import HostGuard
from holdfast.web.server.installation import Installation, schedule_of, setup_message
from holdfast.web.server.oidc import oidc_routes
from holdfast.web.server.origins import OriginGuard
from holdfast.web.server.page import BelowPath, page_routes
from holdfast.web.server.routes.login import login_routes
from holdfast.web.server.routes.plans import plan_routes
from holdfast.web.server.routes.setup import setup_routes
from holdfast.web.server.routes.tokens import token_routes
from holdfast.web.server.routes.users import user_routes

_log = logging.getLogger("holdfast.web.server")

API = "/api/v1"
_CENTURY_DAYS = 36_500
SERVE_VARIABLE = "HOLDFAST_SERVE"
"""What `holdfast serve` tells its processes: the file and the options it was given, as JSON."""
_OWN = (login_routes, setup_routes, user_routes, token_routes, plan_routes, oidc_routes)


def app_from_environment() -> FastAPI:
    """Return the server for the configuration of this directory, for any ASGI server.

    Raises:
        ConfigError: The configuration is wrong, or would let passwords cross a network.
    """
    environment = read_environment()
    told = json.loads(environment.get(SERVE_VARIABLE, "{}"))
    file = told.get("config") or environment.get("HOLDFAST_CONFIG")
    flags = {key: (option, value) for key, (option, value) in told.get("flags", {}).items()}
    configurations = load_plans(flags=flags, config_file=Path(file) if file else None)
    return create_app(Installation.of(configurations))


def create_app(installation: Installation, *, scheduler: bool = True) -> FastAPI:
    """Return the server as an ASGI application.

    Args:
        scheduler: Whether it makes the scheduled backups while it runs.
    """
    door = Door(installation, Accounts.of(installation))
    app = FastAPI(
        title="Holdfast",
        version=__version__,
        docs_url=None,  # the page of FastAPI asks other hosts for its scripts
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(door),
    )
    own = APIRouter()
    for routes in _OWN:
        own.include_router(routes(door))
    app.include_router(own, prefix=API)
    _include_plans(app, door, scheduler=scheduler)
    describe_api(app, door, API)
    app.include_router(page_routes())
    app.add_exception_handler(HTTPException, _problem)  # type: ignore[arg-type]
    # The one that is added last is asked first, and headers go with every answer.
    app.add_middleware(OriginGuard)
    app.add_middleware(HostGuard, hosts=installation.hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(BelowPath, path=installation.server.root_path, routes=app.router.routes)
    return app


def _include_plans(app: FastAPI, door: Door, *, scheduler: bool) -> None:
    """Serve each plan under its name, and the first also without."""
    for number, (name, settings) in enumerate(door.installation.plans.items()):
        router = create_router(
            door.installation.services[name],
            auth=door.auth_for(name),
            scheduler=scheduler,
            schedule=schedule_of(settings),
            max_upload_bytes=door.installation.server.max_upload_mib * 1024**2,
        )
        if number == 0:
            app.include_router(router, prefix=API)
        # The description has them once, with the plan as a parameter.
        app.include_router(router, prefix=f"{API}/plans/{name}", include_in_schema=False)


def _lifespan(door: Door) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_sync(_begin, door)
        try:
            yield
        finally:
            await run_sync(door.installation.database.close)

    return lifespan


def _begin(door: Door) -> None:
    """See to the accounts before the first request."""
    database = door.installation.database
    if not door.accounts.epoch.check():
        database.audit.add(
            actor=None, action="server.end_all", outcome="done", detail={"reason": "older catalog"}
        )
    database.accounts.sessions.expire()
    if days := door.installation.server.audit_days:
        database.audit.expire(
            door.installation.clock.now() - timedelta(days=min(days, _CENTURY_DAYS))
        )
    if not database.accounts.users.count():
        token = door.accounts.setup_token.make_once()
        if token is not None:
            # Whoever runs the server by itself reads its log; `holdfast serve` made one before.
            _log.warning("%s", setup_message(door.installation, token))


async def _problem(request: Request, error: HTTPException) -> Response:
    """Answer what is no route of ours, or not by this method, as everything else is answered."""
    phrase = HTTPStatus(error.status_code).phrase
    problem = HoldfastProblem(
        type="about:blank",
        title=phrase,
        status=error.status_code,
        detail=str(error.detail or phrase),
        code=phrase.lower().replace(" ", "-"),
        instance=path_of(request),
    )
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=error.status_code,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )
