"""Which of the scheduled runs of a plan have been, so that several schedulers share the work.

Those who share it are the processes of one application: plan, application and the names of what
is protected are the same, and on one host the places too. On several hosts the places may differ.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from holdfast.catalog import RunKind, RunStatus
from holdfast.errors import AlreadyRun
from holdfast.models.backup import BackupType, Trigger
from holdfast.models.schedule import SETBACK_LIMIT
from holdfast.operations.backups import backups_of
from holdfast.operations.plan import Plan, Workplace

PROTECTS = "protects"
"""The fact of a snapshot, and the detail of a run, that says what was protected."""


@dataclass(frozen=True, slots=True)
class _Made:
    run_at: datetime
    ours: bool


def protected_by(plan: Plan) -> dict[str, Any]:
    """Return as JSON values what tells one application's runs of a plan from another's."""
    return {
        "app": plan.app,
        "hostname": socket.gethostname(),
        "sources": {source.root: _place(getattr(source, "path", None)) for source in plan.sources},
    }


def last_scheduled_run_at(workplace: Workplace) -> datetime | None:
    """Return when the newest scheduled backup of the plan that is stored began."""
    return max((each.run_at for each in _stored(workplace) if each.ours), default=None)


def refuse_second_run(
    workplace: Workplace, due_at: datetime, *, retry_failed: bool
) -> tuple[str, ...]:
    """Refuse the run that was due at an instant if it has been, in this or another process.

    The caller holds the plan's lock, so that no two processes can both find that it has not.

    Args:
        retry_failed: Whether a run that failed has not been. One that was cancelled, or whose
            process died, never counts.

    Returns:
        Warnings: that another application's run of the same plan has been.

    Raises:
        AlreadyRun: It has been.
    """
    runs = () if retry_failed else _ended(workplace)
    # A clock that was wrong by more showed times that do not count.
    horizon = workplace.clock.now() + SETBACK_LIMIT
    since = [each for each in (*_stored(workplace), *runs) if due_at <= each.run_at <= horizon]
    if any(each.ours for each in since):
        raise AlreadyRun(
            f"The backup due at {due_at:%Y-%m-%d %H:%M:%S} UTC has been made already",
            run_at=max(each.run_at for each in since if each.ours),
        )
    if not since:
        return ()
    sentence = (
        f"Two applications use the plan name {workplace.plan.name} in this repository:"
        " give each a `plan` of its own"
    )
    return (sentence,)


def _stored(workplace: Workplace) -> Iterator[_Made]:
    listed, ours = backups_of(workplace), protected_by(workplace.plan)
    for name, snapshot in listed.snapshots():
        backup = listed.describe(name, snapshot)
        if backup.plan == workplace.plan.name and backup.backup_type is BackupType.SCHEDULED:
            yield _Made(backup.created_at, _is_ours(snapshot.holdfast, ours))


def _ended(workplace: Workplace) -> Iterator[_Made]:
    ours = protected_by(workplace.plan)
    for run in workplace.runs.runs(plan=workplace.plan.name, kind=RunKind.BACKUP):
        if (
            run.trigger == Trigger.SCHEDULED_CRON
            and run.status in (RunStatus.COMPLETED, RunStatus.FAILED)
            and run.completed_at is not None
        ):
            yield _Made(run.started_at, _is_ours(run.detail, ours))


def _is_ours(facts: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Return whether a run is one of the same application; one that does not say so is."""
    theirs = facts.get(PROTECTS)
    if not isinstance(theirs, Mapping):
        return True
    sources = theirs.get("sources")
    if theirs.get("app") != ours["app"] or not isinstance(sources, Mapping):
        return False
    if theirs.get("hostname") == ours["hostname"]:
        return bool(sources == ours["sources"])
    return set(sources) == set(ours["sources"])


def _place(path: Path | None) -> str:
    """Return a path as text that JSON can hold."""
    if path is None:
        return ""
    return os.fsencode(path.absolute()).decode("utf-8", "backslashreplace")
