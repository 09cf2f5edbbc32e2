"""Prove that a backup restores, by restoring it into a scratch place and checking it there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from holdfast.catalog import RunKind
from holdfast.errors import RepositoryDamaged, RestoreError, StoreError
from holdfast.models.backup import BackupVerification, Trigger
from holdfast.models.manifest import DATABASE_KINDS
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import backups_of
from holdfast.operations.databases import (
    Askable,
    DatabaseFile,
    check_expectations,
    database_paths,
)
from holdfast.operations.extract import restore_into
from holdfast.operations.findings import Findings, counted, in_one_sentence
from holdfast.operations.plan import Workplace
from holdfast.operations.references import check_references, not_asked
from holdfast.operations.restore import is_our_own, surroundings
from holdfast.operations.runs import recorded_run
from holdfast.operations.servers import rehearse, servers_in
from holdfast.operations.verify import directory_paths, references_of, remember
from holdfast.operations.workspace import scratch_directory


def drill_backup(
    workplace: Workplace, wanted: str, *, expect: Sequence[str] = (), trust_dump: bool = False
) -> BackupVerification:
    """Restore a backup into a scratch place, check it there, time it, and clean up.

    Args:
        expect: SQL queries beyond those of the plan; each must yield one true value.
        trust_dump: Whether somebody answers for what an archive brought.

    Returns:
        The checks by name: restore, files, sqlite integrity, foreign keys, table counts, each
        expectation, references; and how long the restore took.

    Raises:
        BackupNotFound: There is no such backup.
        NotEnoughSpace: The scratch place has no room for it.
        SourceError: A database server cannot be used for it, which says nothing of the backup.
    """
    backup_id, snapshot = backups_of(workplace).resolve(wanted)
    findings = Findings()
    missing: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    begun_s = workplace.clock.monotonic_s()
    with (
        recorded_run(
            workplace.runs,
            workplace.clock,
            RunKind.DRILL,
            plan=workplace.plan.name,
            trigger="drill",
        ) as record,
        scratch_directory(workplace.scratch_root) as scratch,
    ):
        record.backup_id = backup_id
        tree = workplace.repository.tree(snapshot)
        target = scratch / "restored"
        if _restore(workplace, tree, backup_id, target, findings):
            with ExitStack() as stack:
                trusted = trust_dump or is_our_own(tree.manifest, Trigger.MANUAL_API)
                databases = _databases(
                    workplace, tree, target, scratch, findings, stack, trusted=trusted
                )
                check_expectations(
                    databases,
                    findings,
                    (*workplace.plan.expectations, *expect),
                    left_out=_left_out(workplace, tree),
                )
                report = check_references(
                    tree,
                    references_of(workplace, tree),
                    databases.values(),
                    directory_paths(workplace),
                )
            findings.checks += report.checks
            missing, orphans = report.missing, report.orphans
        result = BackupVerification(
            backup_id=backup_id,
            verified=not findings.errors,
            errors=findings.errors,
            checks=tuple(findings.checks),
            verified_at=workplace.clock.now(),
            duration_s=round(workplace.clock.monotonic_s() - begun_s, 3),
            missing_files=missing,
            orphan_files=orphans,
        )
        remember(workplace, snapshot, result, RunKind.DRILL)
        record.failed_because = in_one_sentence(result.errors) or None
    return result


def _databases(
    workplace: Workplace,
    tree: BackupTree,
    target: Path,
    scratch: Path,
    findings: Findings,
    stack: ExitStack,
    *,
    trusted: bool,
) -> dict[str, Askable]:
    """Return the restored databases, by path in the backup; the plan's main one comes first."""
    files = database_paths(tree, target)
    found: dict[str, Askable] = {}
    for root in tree.manifest.sources:
        if root in files:
            found[root] = DatabaseFile(files[root], workplace.cancel)
        elif root in servers_in(tree.manifest):
            restored = rehearse(workplace, tree, root, scratch, findings, stack, trusted=trusted)
            if restored is not None:
                found[root] = restored
    return found


def _left_out(workplace: Workplace, tree: BackupTree) -> dict[str | None, str]:
    """Say why the databases are not asked that a backup of parts of the plan lacks."""
    reason, held = not_asked(tree.manifest), tree.manifest.sources
    known = [each.root for each in workplace.plan.sources if each.kind in DATABASE_KINDS]
    lacking = [root for root in known if root not in held] if reason else []
    names: list[str | None] = [PurePosixPath(root).stem for root in lacking]
    return dict.fromkeys(names + [None] * (lacking[:1] == known[:1]), reason)


def _restore(
    workplace: Workplace, tree: BackupTree, backup_id: str, target: Path, findings: Findings
) -> bool:
    """Restore and check the whole backup; what fails is a finding."""
    try:
        result = restore_into(surroundings(workplace), tree, backup_id, target)
    except (RepositoryDamaged, RestoreError, StoreError) as error:
        return findings.add("restore", False, error.message)
    findings.checks += result.checks
    return findings.add("restore", True, counted(result.restored_files, "file"))
