"""Put back what the last restore replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from holdfast.catalog import Run, RunKind, RunStatus
from holdfast.errors import NothingToUndo, PreconditionFailed
from holdfast.models.backup import BackupType, RestoreResult
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import backups_of
from holdfast.operations.interrupted import recover_restore
from holdfast.operations.journal import MadeDirectory, Recovery
from holdfast.operations.migrations import OtherSchema
from holdfast.operations.plan import Workplace
from holdfast.operations.restore import RestoreOptions, restore
from holdfast.operations.workspace import plan_lock
from holdfast.repository import Snapshot


def undo_restore(
    workplace: Workplace, *, dry_run: bool = False, expected_backup_id: str | None = None
) -> RestoreResult:
    """Restore the safety backup of the last restore; what it put where no directory was goes again.

    What is replaced by that gets a safety backup too, so an undo can be undone.

    Args:
        expected_backup_id: The safety backup that a look before named; None: whichever.

    Raises:
        PreconditionFailed: Another restore was made since that look.
        NothingToUndo: Nothing was restored yet, or without a safety backup.
        RestoreInterrupted: A restore was interrupted, and cannot be settled.
        BackupBusy: Another backup, restore or cleanup of the plan is running.
    """
    # First: a restore that was interrupted and is then completed is the last one.
    recovery = None if dry_run else _settled(workplace)
    backup_id, snapshot = find_safety_backup(workplace)
    if expected_backup_id not in (None, backup_id):
        raise PreconditionFailed(
            f"The last restore is another by now: an undo would put {backup_id} back, and not"
            f" {expected_backup_id}; nothing was changed",
            hint="Look again at what it would change, then confirm that.",
        )
    tree = workplace.repository.tree(snapshot)
    last = _last_restore(workplace)
    paths = tuple(last.detail.get("paths", ())) if last else ()
    # A path that the restore made new is no part of the safety backup: then all of it goes back.
    if any(tree.node(path) is None for path in paths):
        paths = ()
    options = RestoreOptions(
        dry_run=dry_run,
        # The code that fits the data before the restore may be the one that is installed, or not.
        other_schema=OtherSchema.TAKE,
        paths=paths,
        remove=_made_directories(last),
        restored=_restored_tree(workplace, last),
        tables=tuple(last.detail.get("tables", ())) if last else (),
        kept=last.detail.get("kept", {}) if last else {},
    )
    result = restore(workplace, backup_id, tree, options)
    if recovery is None:
        return result
    return replace(result, warnings=(recovery.sentence(), *result.warnings))


def _settled(workplace: Workplace) -> Recovery | None:
    with plan_lock(workplace.state_dir, workplace.plan.name):
        return recover_restore(workplace)


def _made_directories(last: Run | None) -> tuple[MadeDirectory, ...]:
    made = last.detail.get("made", ()) if last else ()
    return msgspec.convert(made, tuple[MadeDirectory, ...])


def _restored_tree(workplace: Workplace, last: Run | None) -> BackupTree | None:
    """Return the backup that the last restore restored; None if it is not in the repository."""
    if last is None or last.backup_id is None:
        return None
    for name, snapshot in backups_of(workplace).snapshots():
        if name == last.backup_id:
            return workplace.repository.tree(snapshot)
    return None


def _last_restore(workplace: Workplace) -> Run | None:
    """Return the newest restore that changed something."""
    return next((run for run in _restores(workplace) if _changed_something(run)), None)


def _restores(workplace: Workplace) -> list[Run]:
    return workplace.runs.runs(plan=workplace.plan.name, kind=RunKind.RESTORE)


def _changed_something(run: Run) -> bool:
    return run.status is RunStatus.COMPLETED or bool(run.detail.get("given_up"))


def _was_for_nothing(snapshot: Snapshot, runs: Sequence[Run]) -> bool:
    """Whether a safety backup was made by a restore that was then refused, or failed."""
    return any(
        not _changed_something(run)
        and run.started_at <= snapshot.time
        and (run.completed_at is None or snapshot.time <= run.completed_at)
        for run in runs
    )


def find_safety_backup(workplace: Workplace) -> tuple[str, Snapshot]:
    """Return the safety backup that `undo_restore` would put back."""
    listed = backups_of(workplace)
    last = _last_restore(workplace)
    if last is not None:
        safety = last.detail.get("safety_backup_id")
        if not safety:
            raise NothingToUndo(
                f"The last restore, of {last.backup_id}, was made without a safety backup",
                hint="Restore the backup that you want with `holdfast restore`.",
            )
        return listed.resolve(safety)
    # Where no run is known (a new machine) the newest safety backup is the best knowledge.
    runs = _restores(workplace)
    made = [
        (name, snapshot)
        for name, snapshot in listed.snapshots()
        if snapshot.holdfast.get("type") == BackupType.PRE_RESTORE
        and snapshot.holdfast.get("plan") == workplace.plan.name
        and not _was_for_nothing(snapshot, runs)
    ]
    if not made:
        raise NothingToUndo(
            "Nothing was restored yet", hint="`holdfast list` shows the backups there are."
        )
    return made[-1]
