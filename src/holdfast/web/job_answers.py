"""What is answered when work was asked for: the job, at once or when it is done."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Header, Request
from fastapi.responses import JSONResponse

from holdfast.errors import JobNotFound, TooManyRequests
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.web.context import WebContext
from holdfast.web.problems import problem_responses
from holdfast.web.routing import link
from holdfast.web.schemas.jobs import JobShape, job_shape

MAX_WAIT_S = 60
"""Proxies give up after about as long."""

_WAIT = re.compile(r"""(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])""", re.IGNORECASE)
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5

Prefer: TypeAlias = Annotated[
    str | None,
    Header(
        max_length=500,
        description=f"`wait=N` waits up to N seconds ({MAX_WAIT_S} at most) for the job to end"
        " (RFC 7240).",
        examples=["wait=30"],
    ),
]

JOB_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": JobShape, "description": "It was waited for, and the job has ended."},
    202: {
        "model": JobShape,
        "description": "The job was accepted; `Location` leads to it.",
        "headers": {"Location": {"schema": {"type": "string"}, "description": "The job."}},
    },
}
"""What an operation about a job answers with, besides problems."""

JOB_RESPONSES: dict[int | str, dict[str, Any]] = {
    **JOB_ANSWERS,
    **problem_responses(TooManyRequests),
}
"""What one that starts a job may answer with: there may be too many that wait."""

BACKUP_RESPONSES: dict[int | str, dict[str, Any]] = {
    **JOB_RESPONSES,
    201: {
        "model": JobShape,
        "description": "It was waited for, and the backup is made; `Location` leads to it.",
        "headers": {"Location": {"schema": {"type": "string"}, "description": "The backup."}},
    },
}


def wait_of(prefer: str | None) -> float:
    """Return how long the client wants to wait [s]; a preference that is none is not an error."""
    found = _WAIT.search(prefer or "")
    return min(float(found[1]), MAX_WAIT_S) if found else 0.0


def find_job(context: WebContext, job_id: str) -> Job:
    """Return a job of this plan; blocking.

    Raises:
        JobNotFound: There is none, or it is of another plan.
    """
    if is_job_id(job_id):
        job: Job = context.engine.get(job_id)
        if job.plan == context.plan:
            return job
    raise JobNotFound(f"There is no job {job_id}", hint="`GET /jobs` lists the jobs there are.")


def is_job_id(text: str) -> bool:
    """Return whether text has the one form that ids of jobs have."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def answer_job(
    context: WebContext, request: Request, job_id: str, prefer: str | None = None
) -> JSONResponse:
    """Answer with a job: 202 while it is under way, 200 or 201 when it was waited for.

    No thread waits; the connection does.
    """
    wait_s = wait_of(prefer)
    ends_at = time.monotonic() + wait_s
    pause_s = _SHORTEST_PAUSE_S
    job = await context.run(find_job, context, job_id)
    while wait_s and not job.status.finished and time.monotonic() < ends_at:
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
        job = await context.run(find_job, context, job_id)
    headers = {"Location": link(request, "jobs", job.id)}
    status = 202
    if wait_s:
        headers["Preference-Applied"] = f"wait={wait_s:.0f}"
        status = 200 if job.status.finished else 202
    if status == 200 and _made_backup(job) and job.backup_id:
        status, headers["Location"] = 201, link(request, "backups", job.backup_id)
    return JSONResponse(job_shape(job, request).model_dump(mode="json"), status, headers=headers)


def _made_backup(job: Job) -> bool:
    return job.kind is JobKind.BACKUP and job.status is JobStatus.COMPLETED
