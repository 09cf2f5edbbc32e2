"""The router that a FastAPI application includes: every route, and the lifespan of its jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import APIRouter
from fastapi.params import Depends as DependsParameter

from holdfast.errors import ConfigError
from holdfast.models.schedule import BackupConfig
from holdfast.web.context import MAX_UPLOAD_BYTES, WebContext
from holdfast.web.permissions import Anyone, Auth, Dependency, Guards
from holdfast.web.routes.audit import audit_routes
from holdfast.web.routes.backups import backup_routes
from holdfast.web.routes.cleanup import cleanup_routes
from holdfast.web.routes.contents import contents_routes
from holdfast.web.routes.downloads import download_routes
from holdfast.web.routes.errors import error_routes
from holdfast.web.routes.health import health_routes
from holdfast.web.routes.jobs import job_routes
from holdfast.web.routes.notifications import notification_routes
from holdfast.web.routes.plan import plan_routes
from holdfast.web.routes.repository import repository_routes
from holdfast.web.routes.restores import restore_routes
from holdfast.web.routes.retention import retention_routes
from holdfast.web.routes.schedule import schedule_routes
from holdfast.web.routes.undo import undo_routes
from holdfast.web.routing import Routes, prefix_operations

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine
    from holdfast.service import BackupService

# What has a path of its own comes before what has a parameter in its place.
_GROUPS = (
    cleanup_routes,
    backup_routes,
    contents_routes,
    download_routes,
    restore_routes,
    job_routes,
    schedule_routes,
    retention_routes,
    repository_routes,
    notification_routes,
    audit_routes,
    health_routes,
    plan_routes,
    undo_routes,
    error_routes,
)


def create_router(
    service: BackupService,
    *,
    auth: Auth | Dependency | DependsParameter | Anyone,
    catalog_url: str | None = None,
    engine: JobEngine | None = None,
    scheduler: bool = True,
    schedule: BackupConfig | None = None,
    max_upload_bytes: int | None = None,
    tags: Sequence[str] = ("backups",),
) -> APIRouter:
    """Return the routes of one service, for `app.include_router`.

    Args:
        auth: The host's own dependency that admits administrators, an `Auth` with one for each
            permission, or `ANYONE`.
        catalog_url: Where jobs are recorded, if not where the service records them.
        engine: Who does the jobs, if not the service's own `jobs`.
        scheduler: Whether this application makes the scheduled backups while it runs.
        schedule: What the schedule is when nobody has set one yet.
        max_upload_bytes: The largest archive that may be sent [bytes]; None: 64 GiB.
        tags: Under which the description of the interface files the operations.

    Raises:
        ConfigError: There is no authentication, and nobody said that there shall be none.
    """
    guards = Guards(auth)
    context = WebContext(
        service=service,
        engine=engine or _engine(service, catalog_url),
        guards=guards,
        max_upload_bytes=max_upload_bytes or MAX_UPLOAD_BYTES,
    )
    router = Routes(
        tags=list(tags),
        lifespan=jobs_lifespan(context.engine, scheduler=scheduler, schedule=schedule),
    )
    for routes in _GROUPS:
        group = routes(context)
        prefix_operations(group, _operation_prefix(context.plan))
        router.include_router(group)
    return router


def _operation_prefix(plan: str) -> str:
    """Return what tells the operations of several plans of one application apart."""
    return "" if plan == "default" else "".join(c if c.isalnum() else "_" for c in plan) + "_"


def _engine(service: BackupService, catalog_url: str | None) -> JobEngine:
    from holdfast.jobs import JobEngine

    return service.jobs if catalog_url is None else JobEngine(service, catalog_url=catalog_url)


def jobs_lifespan(engine: JobEngine, *, scheduler: bool, schedule: BackupConfig | None) -> object:
    """Return what starts the jobs with the application, and ends them with it."""
    if schedule is not None and not isinstance(schedule, BackupConfig):
        raise ConfigError(
            f"schedule is a BackupConfig, not {type(schedule).__name__}",
            hint='Write schedule=BackupConfig(schedule="0 2 * * *").',
        )
    first = (schedule or BackupConfig()) if scheduler else None

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        # The host's hooks may touch what belongs to this loop.
        engine.service.plan.pauses.run_in(asyncio.get_running_loop())
        await anyio.to_thread.run_sync(
            lambda: engine.start(schedule=first, keep_schedule=scheduler)
        )
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(engine.stop)

    return lifespan
