"""The backups of a service as its routes find them; blocking, so for use within `context.run`."""

from __future__ import annotations

from holdfast.errors import BackupNotFound
from holdfast.jobs import BackupFilter
from holdfast.models.backup import BackupMetadata
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.operations.backups import is_backup_id
from holdfast.web.context import WebContext
from holdfast.web.job_answers import find_job, is_job_id
from holdfast.web.listing import ListedBackup, listed

MAX_UNSTORED = 500
"""How many failed or waiting jobs a list of backups shows at most."""

_WITHOUT_BACKUP = (
    JobStatus.PENDING,
    JobStatus.RUNNING,
    JobStatus.FAILED,
    JobStatus.CANCELLED,
)


def find_backup(context: WebContext, backup_id: str) -> BackupMetadata:
    """Return a stored backup of this plan by its whole id: over HTTP no prefix is enough.

    Raises:
        BackupNotFound: There is none.
    """
    if not is_backup_id(backup_id):
        raise _not_found(backup_id)
    found = context.engine.backups.get(backup_id)
    if found.plan not in ("", context.plan):
        raise _not_found(backup_id)
    return found


def find_listed(context: WebContext, wanted: str) -> BackupMetadata | Job:
    """Return a stored backup, or the job that makes it or failed to, by the id of either.

    Raises:
        BackupNotFound: There is none.
    """
    if not is_job_id(wanted):
        return find_backup(context, wanted)
    job = find_job(context, wanted)
    if job.kind is not JobKind.BACKUP:
        raise _not_found(wanted)
    if job.backup_id is None:
        return job
    try:
        return find_backup(context, job.backup_id)
    except BackupNotFound:
        if job.status is JobStatus.COMPLETED:  # it was deleted since
            raise
        return job


def all_listed(context: WebContext) -> list[ListedBackup]:
    """Return all that a list may show; nothing where there is no repository yet."""
    return listed(stored_backups(context), _unstored(context))


def stored_backups(context: WebContext) -> list[BackupMetadata]:
    """Return the stored backups, newest first; none where there is no repository yet."""
    return context.engine.backups.list(BackupFilter(plan=context.plan))


def _unstored(context: WebContext) -> list[Job]:
    jobs, _ = context.engine.database.jobs.list(
        plan=context.plan,
        kinds=(JobKind.BACKUP,),
        statuses=_WITHOUT_BACKUP,
        limit=MAX_UNSTORED,
    )
    return jobs


def _not_found(wanted: str) -> BackupNotFound:
    named = f"There is no backup {wanted}" if wanted.isprintable() else "There is no such backup"
    return BackupNotFound(named, hint="`GET /backups` lists the backups there are.")
