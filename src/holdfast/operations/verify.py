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
from holdfast.errors import ObjectNotFound, RepositoryDamaged, StoreError
from holdfast.models.backup import BackupVerification
from holdfast.models.manifest import Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import backups_of
from holdfast.operations.databases import check_databases, restored_databases
from holdfast.operations.findings import Findings
from holdfast.operations.plan import Workplace
from holdfast.operations.references import ReferenceReport, check_references
from holdfast.operations.runs import recorded_run
from holdfast.repository import BlobType, Snapshot

_log = logging.getLogger("holdfast.catalog")


def verify_backup(workplace: Workplace, wanted: str) -> BackupVerification:
    """Verify one backup completely and remember the result.

    Checks, by name: existence, decryption, decompression, checksum, sqlite integrity, foreign
    keys, table counts, references. A backup that does not pass is reported, not raised.

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
        workplace.catalog,
        workplace.clock,
        RunKind.VERIFY,
        plan=workplace.plan.name,
        trigger="verify",
    ) as record:
        record.backup_id = backup_id
        tree = workplace.repository.tree(snapshot)
        if check_stored(workplace, tree, findings):
            with restored_databases(workplace, tree) as databases:
                check_databases(tree.manifest, databases, findings)
                report = check_references(
                    tree,
                    references_of(workplace, tree),
                    databases.values(),
                    directory_paths(workplace),
                )
                findings.checks += report.checks
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
        record.failed_because = "; ".join(result.errors) or None
    return result


def remember(
    workplace: Workplace, snapshot: Snapshot, result: BackupVerification, kind: RunKind
) -> None:
    """Keep a proof in the catalog, where it can be written.

    A query of the user that does not hold says nothing against the backup as such.
    """
    failed = [check for check in result.checks if not check.passed]
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
        workplace.catalog.save_proof(proof)
    except StoreError as error:
        _log.warning("%s", error)


def check_stored(workplace: Workplace, tree: BackupTree, findings: Findings) -> bool:
    """Read and authenticate everything of a backup; return whether all is well."""
    try:
        manifest = tree.manifest
        files, size, missing = _survey(workplace, tree)
    except (RepositoryDamaged, ObjectNotFound, ValueError) as error:
        return findings.add("existence", False, str(error))
    if not findings.add(
        "existence", not missing, missing or f"{files} files, all their parts are there"
    ):
        return False
    damage = _read_all(workplace, tree, manifest, size)
    findings.add("decryption", not damage.unreadable, _first(damage.unreadable, "authentic"))
    if workplace.repository.version > 1:
        findings.add("decompression", not damage.unreadable, _first(damage.unreadable, "whole"))
    findings.add(
        "checksum",
        not damage.differing and not damage.unreadable,
        _first(damage.differing or damage.unreadable, f"SHA-256 of {damage.read} files"),
    )
    return not findings.errors


def _files(tree: BackupTree) -> Iterator[tuple[str, Node]]:
    return ((path, node) for path, node in tree.walk("") if node.type is NodeType.FILE)


def _survey(workplace: Workplace, tree: BackupTree) -> tuple[int, int, str]:
    """Return the number of files, their size, and the first whose parts are not all there."""
    index = workplace.repository.index
    files = size = 0
    for root in tree.manifest.contents:
        if tree.node(root) is None:
            return 0, 0, f"{root} is in the manifest and not in the backup"
    for path, node in _files(tree):
        files += 1
        size += node.size
        if index.stored_length(node.content) is None:
            lost = [each for each in node.blob_ids() if index.lookup(BlobType.DATA, each) is None]
            return files, size, f"{path}: {len(lost)} of its parts are not in the repository"
    return files, size, ""


@dataclass(slots=True)
class _Damage:
    read: int = 0
    unreadable: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


def _read_all(workplace: Workplace, tree: BackupTree, manifest: Manifest, total: int) -> _Damage:
    damage = _Damage()
    done = 0
    for path, node in _files(tree):
        expected = manifest.contents.get(path)
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
            damage.unreadable.append(f"{path}: {error.message}")
            continue
        damage.read += 1
        if length != node.size:
            damage.differing.append(f"{path}: {length} bytes instead of {node.size}")
        elif expected and expected.checksum and digest.hexdigest() != expected.checksum:
            damage.differing.append(f"{path}: SHA-256 is not the manifest's")
    return damage


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


def _first(found: list[str], otherwise: str) -> str:
    if not found:
        return otherwise
    return found[0] if len(found) == 1 else f"{found[0]} (and {len(found) - 1} more)"
