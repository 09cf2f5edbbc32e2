"""Prove that a backup is intact: every stored byte is read, authenticated and compared.

`verify` reads what is stored; `drill` (see `drill.py`) restores it as well. The depth says how
much is proven; a full verification also opens each database from a scratch copy.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.catalog import Proof, RunKind
from holdfast.errors import ObjectNotFound, RepositoryDamaged, StoreError, VerificationFailed
from holdfast.models.backup import BackupVerification, CheckResult
from holdfast.models.manifest import Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import backups_of
from holdfast.operations.databases import (
    DatabaseFile,
    check_databases,
    restored_databases,
    skip_database_checks,
)
from holdfast.operations.findings import Findings, counted, in_one_sentence
from holdfast.operations.plan import Workplace
from holdfast.operations.references import ReferenceReport, check_references
from holdfast.operations.runs import recorded_run
from holdfast.operations.servers import check_dumps, servers_in, skip_dumps
from holdfast.repository import READING_STEPS, BlobType, Snapshot, SnapshotTree, damaged_headers

_log = logging.getLogger("holdfast.catalog")

_PASSED = {
    "existence": "{files}, all their parts are there",
    "decryption": "authentic",
    "decompression": "whole",
    "checksum": "SHA-256 of {files}",
}


def verify_backup(workplace: Workplace, wanted: str) -> BackupVerification:
    """Verify one backup completely and remember the result.

    Checks, by name: existence, decryption, decompression, checksum, sqlite integrity, foreign
    keys, table counts, references; what a failure before it keeps from being made is skipped.
    A backup that does not pass is reported, not raised.

    Raises:
        BackupNotFound: There is no such backup.
    """
    backup_id, snapshot = backups_of(workplace).resolve(wanted)
    return verify_snapshot(workplace, backup_id, snapshot)


def verify_snapshot(workplace: Workplace, backup_id: str, snapshot: Snapshot) -> BackupVerification:
    """Verify the backup of one snapshot; see `verify_backup`."""
    begun_s = workplace.clock.monotonic_s()
    findings, report = Findings(), ReferenceReport()
    with recorded_run(
        workplace.runs,
        workplace.clock,
        RunKind.VERIFY,
        plan=workplace.plan.name,
        trigger="verify",
    ) as record:
        record.backup_id = backup_id
        tree = workplace.repository.tree(snapshot)
        if check_stored(workplace, tree, findings):
            with restored_databases(workplace, tree) as databases:
                check_databases(
                    tree.manifest,
                    databases,
                    findings,
                    progress=workplace.progress,
                    cancel=workplace.cancel,
                )
                check_dumps(workplace, tree, findings)
                report = check_references(
                    tree,
                    references_of(workplace, tree),
                    [DatabaseFile(path, workplace.cancel) for path in databases.values()],
                    directory_paths(workplace),
                    later="asked in a drill, of the server" if servers_in(tree.manifest) else "",
                )
                findings.checks += report.checks
        else:
            skip_database_checks(tree, findings)
            skip_dumps(tree, findings)
        result = BackupVerification(
            backup_id=backup_id,
            verified=not findings.errors,
            errors=findings.errors,
            checks=tuple(findings.checks),
            verified_at=workplace.clock.now(),
            duration_s=round(workplace.clock.monotonic_s() - begun_s, 3),
            missing_files=report.missing,
            orphan_files=report.orphans,
        )
        remember(workplace, snapshot, result, RunKind.VERIFY)
        record.failed_because = in_one_sentence(result.errors) or None
    return result


def remember(
    workplace: Workplace, snapshot: Snapshot, result: BackupVerification, kind: RunKind
) -> None:
    """Keep a proof beside the repository, where it can be written.

    A query of the user that does not hold says nothing against the backup as such.
    """
    failed = [check for check in result.checks if check.failed]
    if failed and all(check.name.startswith("expect") for check in failed):
        return
    proof = Proof(
        backup_id=result.backup_id,
        snapshot_tree=snapshot.tree.hex(),
        kind=kind,
        passed=result.verified,
        proven_at=result.verified_at,
        errors=result.errors,
        detail={"duration_s": result.duration_s, "checks": len(result.checks)},
    )
    try:
        workplace.proofs.save(proof)
    except StoreError as error:
        _log.warning("%s", error)


def check_stored(workplace: Workplace, tree: BackupTree, findings: Findings) -> bool:
    """Read and authenticate everything of a backup; return whether all is well.

    Each step of reading has its own result. What failed in one did not reach the next.
    """
    damage = _Damage()
    try:
        size = _survey(workplace, tree, damage)
        if not damage.failed:
            _read_all(workplace, tree, tree.manifest, size, damage)
            _check_packs(workplace, tree, damage)
    except (RepositoryDamaged, ObjectNotFound, ValueError) as error:
        damage.add(error, str(error))
        damage.stopped_at = next(iter(damage.failed))
    damage.report(findings, with_decompression=workplace.repository.version > 1)
    return not findings.errors


def require_intact(
    workplace: Workplace, tree: BackupTree, backup_id: str
) -> tuple[CheckResult, ...]:
    """Read and authenticate everything of a backup before it is restored; return the checks.

    Raises:
        VerificationFailed: Something of it is not intact.
    """
    workplace.progress(Progress(step=f"Verifying {backup_id}"))
    findings = Findings()
    if not check_stored(workplace, tree, findings):
        raise VerificationFailed(
            f"{backup_id} is not intact: {in_one_sentence(findings.errors)}",
            hint="Nothing was changed. Restore another backup, or look at `holdfast check`.",
        )
    return tuple(findings.checks)


def _files(tree: BackupTree) -> Iterator[tuple[str, Node]]:
    return ((path, node) for path, node in tree.walk("") if node.type is NodeType.FILE)


@dataclass(slots=True)
class _Damage:
    """What was found while a backup was read.

    Attributes:
        files: How many files there are.
        failed: Sentences by the step of reading that failed.
        stopped_at: The step whose failure ended the reading, if one did.
    """

    files: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)
    stopped_at: str | None = None

    def add(self, error: Exception | str, sentence: str) -> None:
        """Take in what is wrong, by the error that says which step failed, or by the step."""
        step = error if isinstance(error, str) else getattr(error, "check", "existence")
        self.failed.setdefault(step, []).append(sentence)

    def report(self, findings: Findings, *, with_decompression: bool) -> None:
        """Give every step its own result."""
        lost = 0
        for step in READING_STEPS:
            failed = self.failed.get(step, [])
            if failed:
                findings.add(step, False, _first(failed))
            elif step == "decompression" and not with_decompression:
                continue
            elif self.stopped_at:
                findings.skip(step, f"not reached, as the backup failed in {self.stopped_at}")
            elif lost:
                findings.skip(step, f"not reached by {lost} of {counted(self.files, 'file')}")
            else:
                findings.add(step, True, _PASSED[step].format(files=counted(self.files, "file")))
            lost += len(failed)


def _survey(workplace: Workplace, tree: BackupTree, damage: _Damage) -> int:
    """Count the files and see whether their parts are all there; return their size [bytes]."""
    index = workplace.repository.index
    size = 0
    for root in tree.manifest.sources:
        if tree.node(root) is None:
            damage.add("existence", f"{root} is in the manifest and not in the backup")
    for path, node in _files(tree):
        damage.files += 1
        size += node.size
        if index.stored_length(node.content) is None:
            lost = [each for each in node.blob_ids() if index.lookup(BlobType.DATA, each) is None]
            sentence = f"{path}: {len(lost)} of its parts are not in the repository"
            damage.add("existence", sentence)
    if damage.failed:
        damage.stopped_at = "existence"
    return size


def _read_all(
    workplace: Workplace, tree: BackupTree, manifest: Manifest, total: int, damage: _Damage
) -> None:
    done = 0
    expected_at = {
        **manifest.sources,
        **{str(entry.facts.get("path")): entry for entry in manifest.tables.values()},
    }
    for path, node in _files(tree):
        expected = expected_at.get(path)
        digest = hashlib.sha256()
        length = 0
        try:
            for piece in tree.read(path):
                workplace.cancel.raise_if_cancelled()
                length += len(piece)
                if expected:
                    digest.update(piece)
                done += len(piece)
                workplace.progress(Progress(step="Verifying", done_bytes=done, total_bytes=total))
        except (RepositoryDamaged, ObjectNotFound) as error:
            damage.add(error, f"{path}: {error.message}")
            continue
        if length != node.size:
            damage.add("checksum", f"{path}: {length} bytes instead of {node.size}")
        elif expected and expected.checksum and digest.hexdigest() != expected.checksum:
            damage.add("checksum", f"{path}: SHA-256 is not the manifest's")


def _blobs(tree: BackupTree) -> Iterator[tuple[BlobType, bytes]]:
    if isinstance(tree, SnapshotTree):
        yield BlobType.TREE, tree.snapshot.tree
    for _, node in tree.walk(""):
        if node.subtree is not None:
            yield BlobType.TREE, node.subtree
        for blob_id in node.blob_ids():
            yield BlobType.DATA, blob_id


def _check_packs(workplace: Workplace, tree: BackupTree, damage: _Damage) -> None:
    """See whether the packs that the backup lies in are whole, beyond the parts of it."""
    repository = workplace.repository
    copies = (repository.index.locations(*blob) for blob in _blobs(tree))
    packs = {found[0].pack_id for found in copies if len(found) == 1}
    for pack_id, problem in damaged_headers(repository, sorted(packs)).items():
        repository.blobs.damage.setdefault(pack_id, set())
        sentence = f"{problem}; all of the backup can be read; `holdfast prune` replaces the pack"
        damage.add("decryption", sentence)


def references_of(workplace: Workplace, tree: BackupTree) -> dict[str, str]:
    """Return the references that the backup was made with, and those of the plan now."""
    return {**tree.manifest.references, **workplace.plan.references}


def directory_paths(workplace: Workplace) -> dict[str, Path]:
    """Return where the plan's directories live, by label."""
    return {
        source.name: path
        for source in workplace.plan.sources
        if source.kind == "directory" and (path := getattr(source, "path", None))
    }


def _first(found: list[str]) -> str:
    return found[0] if len(found) == 1 else f"{found[0]} (and {len(found) - 1} more)"
