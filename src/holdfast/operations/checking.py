"""Check the repository, also where nothing can be written: a read-only mount, a copy on a disc."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from holdfast.errors import StoreError
from holdfast.operations.plan import Workplace
from holdfast.repository import CheckReport, Subset, check


def check_repository(
    workplace: Workplace, *, read_data: bool = False, subset: Subset | None = None
) -> CheckReport:
    """Check the structure of the repository, and with `read_data` or `subset` stored bytes.

    Where no lock can be written the check goes on without one, and a note says so: then what
    another process removes meanwhile looks as if it were missing.

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
        report = check(
            workplace.repository,
            read_data=read_data,
            subset=subset,
            progress=workplace.progress,
            cancel=workplace.cancel,
        )
    return replace(report, notes=(*notes, *report.notes)) if notes else report
