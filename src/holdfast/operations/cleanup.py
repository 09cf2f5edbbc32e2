"""Remove backups, by name or by a retention plan, and free what nothing reaches any more."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from holdfast.catalog import RunKind, RunStatus
from holdfast.errors import (
    BackupNotFound,
    HoldfastError,
    NothingToUndo,
    RepositoryLocked,
    RetentionError,
    StoreError,
)
from holdfast.models.progress import Progress
from holdfast.models.retention import RetentionPlan, RetentionPolicy
from holdfast.operations.backups import BackupList, backups_of, editing, require_unchanged
from holdfast.operations.journal import journal_path, journals_aside, load_journal
from holdfast.operations.plan import Workplace
from holdfast.operations.retention import is_complete, is_verified, plan_retention
from holdfast.operations.runs import recorded_run
from holdfast.operations.soundness import Soundness, checks_of_runs
from holdfast.operations.undo import find_safety_backup
from holdfast.operations.workspace import plan_lock
from holdfast.repository import Lock, PruneOptions, PrunePlan, execute_prune, plan_prune
from holdfast.sources.base import DatabaseServer

_log = logging.getLogger("holdfast.cleanup")


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupResult:
    """What a cleanup removed.

    Attributes:
        removed: Ids of the backups removed.
        freed_bytes: What the repository occupies less.
        dropped: What restores had kept on database servers, by name.
    """

    removed: tuple[str, ...]
    freed_bytes: int
    dropped: tuple[str, ...] = ()


def delete_backup(
    workplace: Workplace, wanted: str, *, expected_snapshot_id: str | None = None
) -> str:
    """Remove one backup; its space is freed by the next cleanup or prune. Return its id.

    Args:
        expected_snapshot_id: Refuse if the backup was changed since it had this one.

    Raises:
        BackupNotFound: There is no such backup.
        RetentionError: It is marked to be kept for ever.
        PreconditionFailed: It was changed meanwhile; it is left as it is.
    """
    with plan_lock(workplace.state_dir, workplace.plan.name), editing(workplace) as lock:
        listed = backups_of(workplace)
        backup_id, snapshot = listed.resolve(wanted)
        require_unchanged(backup_id, snapshot, expected_snapshot_id)
        if listed.describe(backup_id, snapshot).keep:
            raise RetentionError(
                f"{backup_id} is marked to be kept",
                hint=f"Use `holdfast unkeep {backup_id}` first.",
            )
        lock.ensure()
        if snapshot.id is not None:
            workplace.repository.remove_snapshot(snapshot.id)
        _forget(workplace, backup_id)
        return backup_id


def plan_cleanup(
    workplace: Workplace,
    policy: RetentionPolicy,
    *,
    timezone: tzinfo = UTC,
    max_removed_share: float | None = None,
    force: bool = False,
) -> RetentionPlan:
    """Say for each backup of the plan whether the policy keeps it, and why. Removes nothing.

    One that a check found damaged after it was last proven counts as damaged, so that it takes the
    place of no sound one.
    """
    listed = backups_of(workplace)
    if listed.damaged:
        raise listed.damaged[0]
    soundness = Soundness.of(checks_of_runs(workplace.state_dir))
    backups = [
        replace(each, damaged=True) if soundness.doubts(each) else each
        for each in listed.all()
        if each.plan == workplace.plan.name
    ]
    return plan_retention(
        backups,
        _failed_runs(workplace),
        policy,
        now=workplace.clock.now(),
        timezone=timezone,
        undo_backup_id=_undo_backup_id(workplace),
        max_removed_share=max_removed_share,
        force=force,
    )


def execute_cleanup(
    workplace: Workplace, plan: RetentionPlan, *, prune: bool = True
) -> CleanupResult:
    """Remove what the plan says, then free what nothing reaches.

    Raises:
        RetentionPaused: The plan is paused; nothing was removed.
    """
    plan.raise_if_paused()
    with (
        plan_lock(workplace.state_dir, workplace.plan.name),
        recorded_run(
            workplace.runs,
            workplace.clock,
            RunKind.CLEANUP,
            plan=workplace.plan.name,
            trigger="cleanup",
        ) as record,
    ):
        if plan.removed:
            _require_sound(workplace)
        removed = _remove(workplace, plan)
        freed = _free(workplace) if prune else 0
        dropped = _drop_kept(workplace)
        record.detail = {"removed": removed, "freed_bytes": freed, "dropped": dropped}
        return CleanupResult(removed=tuple(removed), freed_bytes=freed, dropped=dropped)


def drop_kept(workplace: Workplace) -> tuple[str, ...]:
    """Drop what restores kept on database servers, and nothing else; return what it was called.

    An undo goes by the safety backup from now on.

    Raises:
        BackupBusy: A backup, restore or cleanup of the plan is running.
    """
    if not any(isinstance(source, DatabaseServer) for source in workplace.plan.sources):
        return ()
    with plan_lock(workplace.state_dir, workplace.plan.name):
        return _drop_kept(workplace)


def list_kept(workplace: Workplace) -> tuple[str, ...]:
    """Return what a cleanup would drop of what restores kept on database servers."""
    at = workplace.state_dir, workplace.plan.name
    if journal_path(*at).exists() or journals_aside(*at):
        return ()
    found: list[str] = []
    for source in workplace.plan.sources:
        if not isinstance(source, DatabaseServer):
            continue
        try:
            found += source.list_kept()
        except HoldfastError as error:
            _log.warning("What restores keep of %s is not known: %s", source.name, error)
    return tuple(found)


def _drop_kept(workplace: Workplace) -> tuple[str, ...]:
    if journal_path(workplace.state_dir, workplace.plan.name).exists():
        _log.warning("What restores kept stays: one was interrupted and could not be settled yet")
        return ()
    aside = journals_aside(workplace.state_dir, workplace.plan.name)
    if aside:
        _log.warning(
            "What restores kept stays: one was given up, and may be looked into; remove %s when it"
            " is not needed any more",
            ", ".join(map(str, aside)),
        )
        return ()
    dropped: list[str] = []
    for source in workplace.plan.sources:
        if not isinstance(source, DatabaseServer):
            continue
        try:
            dropped += source.drop_kept()
        except HoldfastError as error:
            # The repository is clean; what is left on the server is found the next time.
            _log.warning("What restores keep of %s could not be dropped: %s", source.name, error)
    return tuple(dropped)


def _require_sound(workplace: Workplace) -> None:
    """Make sure that what stays is there, before anything is removed.

    Raises:
        RepositoryDamaged: A pack that backups need is missing: older backups may be the only
            ones that restore.
        RepositoryLocked: Another process is at work in the repository.
    """
    plan_repository_prune(workplace)


def _free(workplace: Workplace) -> int:
    """Prune, unless another process is at work: then the next cleanup does."""
    if not workplace.repository.list_snapshots():
        return 0
    try:
        return prune_repository(workplace)
    except RepositoryLocked as error:
        _log.warning("Space is not freed yet: %s", error)
        return 0


def plan_repository_prune(workplace: Workplace, options: PruneOptions | None = None) -> PrunePlan:
    """Say what a prune would remove and repack; changes nothing."""
    with workplace.repository.lock(exclusive=True) as lock:
        return _plan_prune(workplace, lock, options)


def _plan_prune(workplace: Workplace, lock: Lock, options: PruneOptions | None) -> PrunePlan:
    return plan_prune(
        workplace.repository,
        lock,
        options=options or PruneOptions(),
        progress=workplace.progress,
        cancel=workplace.cancel,
    )


def prune_repository(workplace: Workplace, options: PruneOptions | None = None) -> int:
    """Free what no backup reaches; return how many bytes less the repository occupies."""
    repository = workplace.repository
    with (
        repository.lock(exclusive=True) as lock,
        recorded_run(
            workplace.runs,
            workplace.clock,
            RunKind.PRUNE,
            plan=workplace.plan.name,
            trigger="prune",
        ) as record,
    ):
        plan = _plan_prune(workplace, lock, options)
        workplace.cancel.raise_if_cancelled()
        summary = execute_prune(
            repository, lock, plan, progress=workplace.progress, cancel=workplace.cancel
        )
        record.detail = {"freed_bytes": summary.freed_bytes}
    return summary.freed_bytes


def _remove(workplace: Workplace, plan: RetentionPlan) -> list[str]:
    removed: list[str] = []
    with editing(workplace) as lock:
        listed = backups_of(workplace)
        _refuse_stale(workplace, listed, plan)
        # Oldest first: an interrupted cleanup leaves the newer backups.
        for backup in reversed(plan.removed):
            workplace.cancel.raise_if_cancelled()
            workplace.progress(
                Progress(
                    step="Removing backups", done_items=len(removed), total_items=len(plan.removed)
                )
            )
            try:
                backup_id, snapshot = listed.resolve(backup.backup_id)
            except BackupNotFound:
                continue
            # What was decided on may since have been kept or replaced under the same id.
            if snapshot.id != backup.snapshot_id or snapshot.id is None:
                continue
            lock.ensure()
            workplace.repository.remove_snapshot(snapshot.id)
            _forget(workplace, backup_id)
            removed.append(backup_id)
    return removed


def _refuse_stale(workplace: Workplace, listed: BackupList, plan: RetentionPlan) -> None:
    """Keep the guards though backups were deleted or failed since the plan was made.

    Raises:
        RetentionError: No complete backup, or no verified one of those there are, would stay.
    """
    going = {backup.snapshot_id for backup in plan.removed}
    own = [each for each in listed.all() if each.plan == workplace.plan.name]
    complete = [each for each in own if is_complete(each)]
    for kind in (complete, [each for each in complete if is_verified(each)]):
        if going and kind and all(each.snapshot_id in going for each in kind):
            raise RetentionError(
                "The backups changed since the plan was made: it would remove the last good one",
                hint="Plan again.",
            )


def _forget(workplace: Workplace, backup_id: str) -> None:
    try:
        workplace.proofs.remove(backup_id)
    except StoreError as error:
        _log.warning("%s", error)


def _failed_runs(workplace: Workplace) -> list[datetime]:
    """Return when backups of the whole plan failed: of one of parts no other is expected."""
    return [
        run.started_at
        for run in workplace.runs.runs(plan=workplace.plan.name, kind=RunKind.BACKUP)
        if run.status is RunStatus.FAILED and not run.detail.get("only")
    ]


def _undo_backup_id(workplace: Workplace) -> str | None:
    """Return the safety backup of the last restore, or of one that was interrupted."""
    with suppress(HoldfastError):
        journal = load_journal(workplace.state_dir, workplace.plan.name)
        if journal is not None and journal.safety_backup_id is not None:
            return journal.safety_backup_id
    try:
        return find_safety_backup(workplace)[0]
    except (NothingToUndo, BackupNotFound):
        return None
