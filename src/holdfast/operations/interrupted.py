"""What a restore that a crash interrupted comes to, before anything else is done on its plan."""

from __future__ import annotations

import logging

import msgspec

from holdfast.catalog import RunKind
from holdfast.errors import BackupBusy, HoldfastError
from holdfast.operations.guard_note import settle_brought_back
from holdfast.operations.journal import Recovery, journal_path, leftovers, recover
from holdfast.operations.plan import Workplace
from holdfast.operations.runs import recorded_run
from holdfast.operations.workspace import plan_lock, sweep_scratch

_log = logging.getLogger("holdfast.restore")


def recover_restore(workplace: Workplace) -> Recovery | None:
    """Finish or take back a restore that a crash interrupted; the caller holds the plan's lock."""
    sweep_scratch(workplace.scratch_root)

    def record(recovery: Recovery) -> None:
        if recovery.completed:
            record_recovered_run(workplace, recovery)
            settle_brought_back(workplace, recovery.backup_id)

    return recover(workplace.state_dir, workplace.plan.name, workplace.plan.sources, record)


def settle_interrupted(workplace: Workplace) -> None:
    """Recover if a crash interrupted a restore and no process is at work on the plan.

    Whatever is done next on the plan thus meets live data that is one state, old or new.
    """
    at = workplace.state_dir, workplace.plan.name
    if not journal_path(*at).exists() and not leftovers(*at):
        return
    try:
        with plan_lock(workplace.state_dir, workplace.plan.name):
            recovery = recover_restore(workplace)
    except BackupBusy:
        return  # that restore is not interrupted: it is running
    except HoldfastError as error:
        _log.warning("%s", error)
        return
    if recovery is not None:
        _log.warning("%s", recovery.sentence())


def record_recovered_run(workplace: Workplace, recovery: Recovery) -> None:
    """Record a restore that recovery completed, so that `undo` knows what it replaced."""
    with recorded_run(
        workplace.runs,
        workplace.clock,
        RunKind.RESTORE,
        plan=workplace.plan.name,
        trigger="recovery",
    ) as run:
        run.backup_id = recovery.backup_id
        run.detail = {
            "safety_backup_id": recovery.safety_backup_id,
            "roots": list(recovery.roots),
            "paths": list(recovery.paths),
            "made": msgspec.to_builtins(recovery.made),
        }
