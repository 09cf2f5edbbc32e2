"""What a restore that a crash interrupted comes to, before anything else is done on its plan."""

from __future__ import annotations

import logging

import msgspec

from holdfast.catalog import RunKind
from holdfast.errors import BackupBusy, Cancelled, HoldfastError, RestoreError, RestoreInterrupted
from holdfast.operations.guard_note import settle_brought_back
from holdfast.operations.journal import (
    STAGING,
    GivenUp,
    Journal,
    Recovery,
    journal_path,
    leftovers,
    load_journal,
    recover,
    set_journal_aside,
)
from holdfast.operations.leftovers import left_behind
from holdfast.operations.plan import Workplace
from holdfast.operations.runs import recorded_run
from holdfast.operations.workspace import plan_lock, sweep_scratch

_log = logging.getLogger("holdfast.restore")
_WAY_OUT = (
    "If what it takes is gone for good, `holdfast recover --give-up` leaves everything as it is,"
    " and says what is where and from which backup to go on."
)


def recover_restore(workplace: Workplace) -> Recovery | None:
    """Finish or take back a restore that a crash interrupted; the caller holds the plan's lock.

    Raises:
        RestoreInterrupted: Neither is possible as things are; nothing more was changed.
    """
    sweep_scratch(workplace.scratch_root)

    def record(recovery: Recovery) -> None:
        if recovery.completed:
            record_recovered_run(workplace, recovery)
            settle_brought_back(workplace, recovery.backup_id)

    try:
        return recover(workplace.state_dir, workplace.plan.name, workplace.plan.sources, record)
    except Cancelled:
        raise
    except (HoldfastError, OSError) as error:
        hint = error.hint if isinstance(error, HoldfastError) else None
        raise RestoreInterrupted(
            f"A restore was interrupted, and cannot be settled: {error}",
            hint=f"{hint} {_WAY_OUT}" if hint else _WAY_OUT,
        ) from error


def give_up_restore(workplace: Workplace) -> Recovery | None:
    """Settle an interrupted restore, or leave all as it is and set the journal aside.

    Nothing is removed and nothing live is changed where it is given up. The caller holds the
    plan's lock.

    Raises:
        StoreError: The journal cannot be set aside.
    """
    try:
        return recover_restore(workplace)
    except RestoreInterrupted as error:
        reason = str(error.__cause__)
    state_dir, plan = workplace.state_dir, workplace.plan.name
    journal = _readable_journal(workplace)
    now = workplace.clock.now()
    begun = journal is None or journal.phase != STAGING
    aside = set_journal_aside(state_dir, plan, f"{now:%Y%m%dT%H%M%S%fZ}")
    recovery = Recovery(
        backup_id=journal.backup_id if journal else "an unknown backup",
        started_at=journal.started_at if journal else "at an unknown time",
        completed=False,
        safety_backup_id=journal.safety_backup_id if journal else None,
        roots=tuple(step.root for step in journal.steps) if journal else (),
        paths=journal.paths if journal else (),
        made=journal.made if journal else (),
        given_up=GivenUp(
            reason=reason,
            journal=str(aside),
            begun=begun,
            left=left_behind(journal, workplace.plan.sources) if journal else (),
        ),
    )
    if begun:
        record_recovered_run(workplace, recovery)
    return recovery


def _readable_journal(workplace: Workplace) -> Journal | None:
    try:
        return load_journal(workplace.state_dir, workplace.plan.name)
    except RestoreError:
        return None


def settle_interrupted(workplace: Workplace) -> None:
    """Recover if a crash interrupted a restore and no process is at work on the plan.

    Whatever is done next on the plan thus meets live data that is one state, old or new; where
    that is not possible it is said, and what only reads goes on.
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
        _log.warning("%s. %s", error.message, error.hint or "")
        return
    except OSError as error:  # a medium that may only be read, for example
        _log.warning("A restore was interrupted, and cannot be settled: %s", error)
        return
    if recovery is not None:
        _log.warning("%s", recovery.sentence())


def record_recovered_run(workplace: Workplace, recovery: Recovery) -> None:
    """Record a restore that recovery completed, or gave up: `undo` goes by what it replaced."""
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
        if recovery.given_up is not None:
            run.failed_because = recovery.given_up.reason
            run.detail["given_up"] = recovery.given_up.journal
