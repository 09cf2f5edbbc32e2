"""Check the repository, also where nothing can be written: a read-only mount, a copy on a disc."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from holdfast.catalog import RunKind
from holdfast.errors import StoreError
from holdfast.operations.plan import Workplace
from holdfast.operations.runs import recorded_run
from holdfast.repository import CheckReport, Subset, check

MOST_PROBLEMS = 100
"""What is kept of a check: enough to see what happened. Of a lost medium, everything is missing."""


def check_repository(
    workplace: Workplace, *, read_data: bool = False, subset: Subset | None = None
) -> CheckReport:
    """Check the structure of the repository, and with `read_data` or `subset` stored bytes.

    Where no lock can be written the check goes on without one, and a note says so: then what
    another process removes meanwhile looks as if it were missing. What came of it is recorded,
    for whoever looks later; a check of a part of the stored bytes counts as one of none.

    Raises:
        RepositoryLocked: Another process holds an exclusive lock.
        StoreError: A folder of the repository cannot be listed.
    """
    notes: tuple[str, ...] = ()
    with ExitStack() as held:
        try:
            held.enter_context(workplace.repository.lock())
        except StoreError as error:
            notes = (f"checked without a lock, as none can be written: {error.message}",)
        report = _recorded_check(workplace, read_data=read_data, subset=subset)
    return replace(report, notes=(*notes, *report.notes)) if notes else report


def facts_of_check(report: CheckReport, *, read_data: bool) -> dict[str, Any]:
    """Return as JSON values what is kept of a check, in the log of runs as in a job.

    Of the touched backups the newest are named: those that people rely on.
    """
    touched = sorted(report.touched_backups, reverse=True)
    return {
        "passed": report.ok,
        "read_data": read_data,
        "problems": [str(each) for each in report.findings[:MOST_PROBLEMS]],
        "problem_count": len(report.findings),
        "touched_backups": touched[:MOST_PROBLEMS],
        "touched_count": len(touched),
    }


def _recorded_check(workplace: Workplace, *, read_data: bool, subset: Subset | None) -> CheckReport:
    with recorded_run(
        workplace.runs,
        workplace.clock,
        RunKind.CHECK,
        plan=workplace.plan.name,
        trigger="check",
    ) as record:
        report = check(
            workplace.repository,
            read_data=read_data,
            subset=subset,
            progress=workplace.progress,
            cancel=workplace.cancel,
        )
        record.detail = {
            **facts_of_check(report, read_data=read_data),
            "read_subset": subset is not None,
        }
        if not report.ok:
            record.failed_because = str(report.findings[0])
        return report
