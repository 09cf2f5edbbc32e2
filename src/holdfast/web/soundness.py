"""What the checks of a repository have found that no later check has taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from holdfast.catalog import RunKind, RunLog
from holdfast.models.job import JobKind, JobStatus
from holdfast.web.context import WebContext

_CHECKS_LOOKED_AT = 200
_JOBS_LOOKED_AT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of the repository that came to a result.

    Attributes:
        reads_all: Whether it read every stored byte.
        reads_some: Whether it read stored bytes at all.
        touched: The backups that cannot be restored whole, as far as they are known.
    """

    at: datetime
    passed: bool
    reads_all: bool = False
    reads_some: bool = False
    problem: str | None = None
    touched: frozenset[str] = frozenset()

    @classmethod
    def of(cls, at: datetime, result: Mapping[str, Any]) -> Self:
        """Read what a job or a run of the log says of a check."""
        reads_all = bool(result.get("read_data"))
        return cls(
            at=at,
            passed=bool(result["passed"]),
            reads_all=reads_all,
            reads_some=reads_all or bool(result.get("read_subset")),
            problem=next((str(each) for each in result.get("problems") or ()), None),
            touched=frozenset(map(str, result.get("touched_backups") or ())),
        )


def standing_damage(checks: Iterable[Check]) -> Check | None:
    """Return the newest check that failed, unless one that sees as much has passed since.

    A check of the structure does not see a flipped bit: it takes back nothing that was found
    by reading.
    """
    passed = reads_all = False
    for each in sorted(checks, key=lambda each: each.at, reverse=True):
        if each.passed:
            passed, reads_all = True, reads_all or each.reads_all
        elif not (reads_all or (passed and not each.reads_some)):
            return each
    return None


def known_checks(context: WebContext) -> list[Check]:
    """Return the checks that jobs and the log of runs know of, whichever plan asked; blocking."""
    return [*_of_runs(context), *_of_jobs(context)]


def _of_runs(context: WebContext) -> Iterator[Check]:
    log = RunLog(context.service.state_dir / "runs.db")
    for run in log.runs(kind=RunKind.CHECK, limit=_CHECKS_LOOKED_AT):
        if run.completed_at and "passed" in run.detail:
            yield Check.of(run.completed_at, run.detail)


def _of_jobs(context: WebContext) -> Iterator[Check]:
    """Return those of jobs, as the log cannot be written everywhere."""
    ended = (JobStatus.COMPLETED, JobStatus.FAILED)
    jobs, _ = context.engine.list(kinds=(JobKind.CHECK,), statuses=ended, limit=_JOBS_LOOKED_AT)
    for job in jobs:
        if job.completed_at and "passed" in job.result:
            yield Check.of(job.completed_at, job.result)
