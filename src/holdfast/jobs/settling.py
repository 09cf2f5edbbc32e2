"""How a restore ended whose work was ended in its middle: by what recovery made of the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from holdfast.errors import HoldfastError
from holdfast.jobs.protocol import Outcome
from holdfast.models.job import Job, JobKind
from holdfast.operations.journal import Recovery

_LOOK_FIRST = "Look at the data first: they are wholly as before, or wholly restored."


def settled(job: Job, outcome: Outcome, recovery: Recovery | None) -> Outcome:
    """Return how a job ended, as recovery found the data; what did not fail stays as it is."""
    if outcome.error is None or recovery is None or not _began_within(job, recovery):
        return outcome
    asked = job.params.get("backup_id") if job.kind is JobKind.RESTORE else recovery.backup_id
    if recovery.completed and asked == recovery.backup_id:
        return Outcome(
            backup_id=recovery.backup_id,
            result={"safety_backup_id": recovery.safety_backup_id},
            warnings=(*outcome.warnings, recovery.sentence()),
        )
    return replace(outcome, error=_explained(outcome.error, recovery.sentence()))


def hint_after(job: Job) -> str:
    """Return what to do after a job that was ended in its middle."""
    return _LOOK_FIRST if job.kind.restores else "Nothing half-done is visible; try it again."


def _began_within(job: Job, recovery: Recovery) -> bool:
    """Whether what was interrupted began since the job did, rather than before it."""
    try:
        begun_at = datetime.fromisoformat(recovery.started_at)
    except ValueError:
        return False
    return job.started_at is not None and begun_at >= job.started_at.replace(microsecond=0)


def _explained(error: HoldfastError, sentence: str) -> HoldfastError:
    error.message = f"{error.message}. {sentence}"
    return error
