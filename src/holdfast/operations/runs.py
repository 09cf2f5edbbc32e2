"""Record what operations do, so that failures are remembered too."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from holdfast.catalog import RunKind, RunLog, RunStatus
from holdfast.clock import Clock
from holdfast.errors import Cancelled, HoldfastError, StoreError

_log = logging.getLogger("holdfast.catalog")


@dataclass(slots=True)
class RunRecord:
    """What a run adds to its record before it ends."""

    backup_id: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    failed_because: str | None = None


@contextmanager
def recorded_run(
    runs: RunLog,
    clock: Clock,
    kind: RunKind,
    *,
    plan: str,
    trigger: str,
    detail: Mapping[str, Any] | None = None,
) -> Iterator[RunRecord]:
    """Record the work inside as a run: completed, failed with its error, or cancelled.

    The run log is a convenience: where it cannot be written (a full disk, a read-only medium)
    the work goes on, or fails, by its own outcome, and the log says so.

    Args:
        detail: What is known before it begins, and stays known if its process dies.
    """
    record = RunRecord(detail=dict(detail or {}))
    run_id = _start(runs, clock, kind, record, plan=plan, trigger=trigger)
    try:
        yield record
    except BaseException as error:
        cancelled = isinstance(error, (Cancelled, KeyboardInterrupt))
        status = RunStatus.CANCELLED if cancelled else RunStatus.FAILED
        code = error.code if isinstance(error, HoldfastError) else "unexpected"
        _finish(runs, clock, run_id, status, record, code, str(error) or type(error).__name__)
        raise
    status = RunStatus.FAILED if record.failed_because else RunStatus.COMPLETED
    _finish(runs, clock, run_id, status, record, None, record.failed_because)


def _start(
    runs: RunLog, clock: Clock, kind: RunKind, record: RunRecord, *, plan: str, trigger: str
) -> int | None:
    try:
        return runs.start_run(
            kind, plan=plan, trigger=trigger, started_at=clock.now(), detail=record.detail
        )
    except StoreError as error:
        _log.warning("%s", error)
        return None


def _finish(
    runs: RunLog,
    clock: Clock,
    run_id: int | None,
    status: RunStatus,
    record: RunRecord,
    code: str | None,
    error: str | None,
) -> None:
    if run_id is None:
        return
    try:
        runs.finish_run(
            run_id,
            status,
            completed_at=clock.now(),
            backup_id=record.backup_id,
            error_code=code,
            error=error,
            detail=record.detail,
        )
    except StoreError as failure:
        _log.warning("%s", failure)
