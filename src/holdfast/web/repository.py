"""The repository, with what jobs and the log of runs know of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from holdfast.catalog import Run
from holdfast.errors import RepositoryNotFound
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.models.recovery_key import recovery_key_name
from holdfast.operations.escrow import EscrowStatus
from holdfast.operations.overview import RepositoryOverview
from holdfast.repository import KeyInfo, LockInfo
from holdfast.web.context import WebContext
from holdfast.web.schemas.repository import (
    EscrowState,
    KeyRole,
    KeyShape,
    LockShape,
    RecoveryShape,
    RepositoryCheckShape,
    RepositoryPruneShape,
    RepositoryShape,
    no_repository,
)

MOST_PROBLEMS = 20
TRY_EVERY = timedelta(days=180)
"""As `encryption.drill_days` is, unless somebody says otherwise; a service knows no settings."""
_JOBS_LOOKED_AT = 20

_MAKE_KIT = "holdfast keys recovery -o recovery-kit.txt --repo"
_TRY_KIT = "holdfast keys drill --repo"


def look_at(context: WebContext) -> RepositoryShape:
    """Return how the repository of a plan stands; blocking.

    What it occupies is measured again only when something in it has changed.
    """
    service = context.service
    try:
        found = service.look_at_repository()
        stored_size = context.engine.backups.stats().stored_size
    except RepositoryNotFound:
        place = service.repository_place()
        return no_repository(place.location, place.kind, place.free_bytes)
    return RepositoryShape(
        exists=True,
        location=found.place.location,
        store=found.place.kind,
        repository_id=found.repository_id,
        format_version=found.format_version,
        encrypted=found.encrypted,
        snapshots=found.snapshots,
        stored_size_bytes=stored_size,
        free_bytes=found.place.free_bytes,
        keys=[_key_shape(each, found.encrypted) for each in found.keys],
        locks=[_lock_shape(each, found) for each in found.locks],
        last_check=_last_check(context, found.last_check),
        last_prune=_last_prune(context, found.last_prune),
        recovery=_recovery_shape(found, service.clock.now()),
    )


def require_repository(context: WebContext) -> None:
    """Refuse what makes no sense before the first backup; blocking.

    Raises:
        RepositoryNotFound: There is no repository.
    """
    if not context.service.repository_exists():
        raise RepositoryNotFound(
            f"There is no repository at {context.service.repository_place().location}",
            hint="The first backup makes it.",
        )


def _key_shape(key: KeyInfo, encrypted: bool) -> KeyShape:
    role = KeyRole.RECOVERY if recovery_key_name(key.username) else KeyRole.PASSWORD
    if key.current and not encrypted:
        role = KeyRole.NONE
    return KeyShape(
        id=key.id,
        label=role,
        hostname=key.hostname,
        username=key.username,
        created_at=key.created_at,
        current=key.current,
    )


def _lock_shape(lock: LockInfo, found: RepositoryOverview) -> LockShape:
    return LockShape(
        hostname=lock.hostname,
        username=lock.username,
        pid=lock.pid,
        created_at=lock.created_at,
        exclusive=lock.exclusive,
        stale=lock.id in found.stale,
    )


def _last_check(context: WebContext, run: Run | None) -> RepositoryCheckShape | None:
    job = _newest_job(context, JobKind.CHECK, "passed")
    result, at, job_id = _newer(job, run)
    if at is None:
        return None
    return RepositoryCheckShape(
        at=at,
        job_id=job_id,
        read_data=bool(result.get("read_data")),
        passed=bool(result["passed"]),
        problems=[str(each) for each in result.get("problems", ())][:MOST_PROBLEMS],
    )


def _last_prune(context: WebContext, run: Run | None) -> RepositoryPruneShape | None:
    job = _newest_job(context, JobKind.PRUNE, "freed_bytes")
    result, at, job_id = _newer(job, run)
    if at is None:
        return None
    return RepositoryPruneShape(at=at, job_id=job_id, freed_bytes=int(result["freed_bytes"]))


def _newest_job(context: WebContext, kind: JobKind, result: str) -> Job | None:
    """Return the newest job of a kind that came to a result, good or bad."""
    ended = (JobStatus.COMPLETED, JobStatus.FAILED)
    jobs, _ = context.engine.list(kinds=(kind,), statuses=ended, limit=_JOBS_LOOKED_AT)
    return next((job for job in jobs if job.completed_at and result in job.result), None)


def _newer(
    job: Job | None, run: Run | None
) -> tuple[Mapping[str, Any], datetime | None, str | None]:
    """Return result, instant and job of whichever ended last.

    The run that a job made is recorded before the job ends, so of the two it is the job.
    """
    ran_at = run.completed_at if run else None
    done_at = job.completed_at if job else None
    if job and done_at and (ran_at is None or done_at >= ran_at):
        return job.result, done_at, job.id
    return (run.detail if run else {}), ran_at, None


def _recovery_shape(found: RepositoryOverview, now: datetime) -> RecoveryShape:
    status, place = found.escrow, shlex.quote(found.place.location)
    if not status.encrypted:
        return RecoveryShape(
            state=EscrowState.NOT_NEEDED,
            message="The repository is not encrypted: whoever can read its files can restore the"
            " backups, and no key can be lost.",
            command=None,
        )
    if not status.finished:
        return RecoveryShape(
            state=EscrowState.MISSING,
            message="If the password is lost with this machine, so are the backups: nothing that"
            " opens them is kept elsewhere. Make a recovery kit, and keep it off this machine.",
            command=f"{_MAKE_KIT} {place}",
        )
    what = _what_is_kept(status)
    tried = f"{status.opened_at:%Y-%m-%d}" if status.opened_at else None
    if tried is None or status.drill_due(now, TRY_EVERY):
        since = f"was last tried on {tried}" if tried else "has never been tried"
        return RecoveryShape(
            state=EscrowState.NOT_TRIED,
            message=f"{what} is kept elsewhere, and {since}. Prove that it opens the repository.",
            command=f"{_TRY_KIT} {place}",
        )
    return RecoveryShape(
        state=EscrowState.KEPT,
        message=f"{what} is kept elsewhere; it was tried on {tried}, and opens the repository.",
        command=None,
    )


def _what_is_kept(status: EscrowStatus) -> str:
    if status.recovery_keys:
        return f"Recovery key {status.recovery_keys[-1]}"
    return "The password"
