"""What every contract stands on: a router with its jobs, and work that is waited for.

A contract is an interface that applications have already. It adds no rules of its own: it asks the
same jobs for the same work as the native routes, and spells question and answer as the
application's clients do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi.params import Depends as DependsParameter

from holdfast.errors import HoldfastError, error_of_code
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.web.context import MAX_UPLOAD_BYTES, WebContext
from holdfast.web.permissions import Actor, Anyone, Auth, Dependency, Guards
from holdfast.web.router import jobs_lifespan
from holdfast.web.routing import Routes

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine
    from holdfast.models.schedule import BackupConfig
    from holdfast.service import BackupService

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5


def contract(
    service: BackupService,
    *,
    auth: Auth | Dependency | DependsParameter | Anyone,
    prefix: str,
    tag: str,
    engine: JobEngine | None = None,
    scheduler: bool = True,
    schedule: BackupConfig | None = None,
    max_upload_bytes: int | None = None,
) -> tuple[Routes, WebContext]:
    """Return an empty router with the lifespan of the service's jobs, and what routes need.

    Raises:
        ConfigError: There is no authentication, and nobody said that there shall be none.
    """
    context = WebContext(
        service=service,
        engine=engine or service.jobs,
        guards=Guards(auth),
        max_upload_bytes=max_upload_bytes or MAX_UPLOAD_BYTES,
    )
    lifespan = jobs_lifespan(context.engine, scheduler=scheduler, schedule=schedule)
    return Routes(prefix=prefix, tags=[tag], lifespan=lifespan), context


async def ask(
    context: WebContext,
    actor: Actor,
    kind: JobKind,
    params: Mapping[str, Any],
    *,
    trigger: Trigger = Trigger.MANUAL_API,
) -> Job:
    """Ask for a job and record who did."""

    def submit() -> Job:
        named = params.get("backup_id")
        with context.audited(actor, f"{kind.value}.start", object=named) as noted:
            job = context.engine.submit(kind, params, trigger=trigger, actor=actor.name)
            noted["job_id"] = job.id
            return job

    return await context.run(submit)


async def ended(context: WebContext, job: Job) -> Job:
    """Return a job when it has ended; no thread waits for it.

    Raises:
        HoldfastError: It failed or was cancelled, with the code and hint that it ended with.
    """
    pause_s = _SHORTEST_PAUSE_S
    while not job.status.finished:
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
        job = await context.run(context.engine.get, job.id)
    if job.status is not JobStatus.COMPLETED:
        raise error_of(job)
    return job


def error_of(job: Job) -> HoldfastError:
    """Return the error that a job ended with, as it was raised where the work was done."""
    code = job.error_code or ("cancelled" if job.status is JobStatus.CANCELLED else "")
    message = job.error_message or f"The job {job.id} is {job.status.value}"
    return error_of_code(code, message, job.error_hint, otherwise=HoldfastError)
