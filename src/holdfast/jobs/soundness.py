"""What stands against the stored backups of a plan, by the checks and by what jobs met.

A restore that looks before it begins may find a backup damaged; only its job tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from holdfast.catalog import CatalogDatabase
from holdfast.errors import VerificationFailed
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.operations.soundness import Check, Soundness

_JOBS_LOOKED_AT = 20
_FAILURES_LOOKED_AT = 100
_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED)
_VERIFYING = (JobKind.BACKUP, JobKind.VERIFY, JobKind.RESTORE, JobKind.COPY)
"""What reads a backup whole. A drill may fail by a query of the user, which refutes nothing."""


def soundness_of(database: CatalogDatabase, plan: str, checks: Iterable[Check]) -> Soundness:
    """Return what stands against the backups of a plan.

    Args:
        checks: Those that the log of runs knows; it cannot be written everywhere, so jobs are
            asked as well.
    """
    return Soundness.of(
        [*checks, *_checks_of_jobs(database, plan)], _refuted_by_jobs(database, plan)
    )


def _checks_of_jobs(database: CatalogDatabase, plan: str) -> Iterator[Check]:
    kinds = (JobKind.CHECK,)
    for job in _jobs(database, plan, kinds, _ENDED, _JOBS_LOOKED_AT):
        if job.completed_at and "passed" in job.result:
            yield Check.of(job.completed_at, job.result)


def _refuted_by_jobs(database: CatalogDatabase, plan: str) -> dict[str, datetime]:
    """Return when jobs found backups damaged: not each such finding can be kept as a proof."""
    found: dict[str, datetime] = {}
    for job in _jobs(database, plan, _VERIFYING, (JobStatus.FAILED,), _FAILURES_LOOKED_AT):
        # What was read from an archive that was sent says nothing of what is stored.
        is_of_stored = job.backup_id is not None and not job.params.get("path")
        if is_of_stored and job.error_code == VerificationFailed.code and job.completed_at:
            found.setdefault(str(job.backup_id), job.completed_at)
    return found


def _jobs(
    database: CatalogDatabase,
    plan: str,
    kinds: Sequence[JobKind],
    statuses: Sequence[JobStatus],
    limit: int,
) -> list[Job]:
    jobs, _ = database.jobs.list(plan=plan, kinds=kinds, statuses=statuses, limit=limit)
    return jobs
