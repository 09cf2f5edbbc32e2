"""The backups of a repository as people see them: listed, named, resolved, kept, deleted."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from holdfast.catalog import Proof, ProofFiles, RunKind, RunLog, RunStatus
from holdfast.errors import (
    AmbiguousBackupId,
    BackupNotFound,
    BackupTooNew,
    PreconditionFailed,
    RepositoryDamaged,
    StoreError,
)
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType, Trigger
from holdfast.models.manifest import MANIFEST_PATH, Manifest
from holdfast.operations.labels import checked_description, checked_tags
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import naming_lock
from holdfast.repository import Lock, Repository, Snapshot

LATEST = "latest"
FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far clocks may differ before a backup counts as dated in the future."""
_BACKUP_ID = re.compile(r"backup_\d{8}_\d{6}(_\d{1,6})?", re.ASCII)
KEEP_FOREVER = "Never"
"""The value of a snapshot's `delete` field that rustic uses for the same purpose."""


def new_backup_id(now: datetime, taken: Iterable[str]) -> str:
    """Return `backup_YYYYMMDD_HHMMSS`, with a suffix where that second has a backup already."""
    base = f"backup_{now.astimezone(UTC):%Y%m%d_%H%M%S}"
    used = set(taken)
    candidate, number = base, 1
    while candidate in used:
        number += 1
        candidate = f"{base}_{number}"
    return candidate


def is_backup_id(text: str) -> bool:
    """Return whether text has the form of a backup id."""
    return _BACKUP_ID.fullmatch(text) is not None


def name_snapshots(snapshots: Sequence[Snapshot]) -> list[tuple[str, Snapshot]]:
    """Pair each snapshot with its backup id; one that restic wrote is named by its time.

    Where two snapshots carry one label (one was copied or forged), that one keeps the name whose
    time the label tells, and else the older one. The result is sorted by time, oldest first.
    """
    named: list[tuple[str, Snapshot]] = []
    used: set[str] = set()
    for snapshot in sorted(snapshots, key=lambda each: (not _tells_time(each), each.time)):
        label = snapshot.label or ""
        usable = is_backup_id(label) and label not in used
        name = label if usable else new_backup_id(snapshot.time, used)
        used.add(name)
        named.append((name, snapshot))
    return sorted(named, key=lambda pair: pair[1].time)


def _tells_time(snapshot: Snapshot) -> bool:
    """Return whether the label is one that a backup of that second gets."""
    label = snapshot.label or ""
    base = new_backup_id(snapshot.time, ())
    return is_backup_id(label) and (label == base or label.startswith(f"{base}_"))


class BackupList:
    """The backups of one repository at one moment, oldest first.

    A snapshot file that is damaged is listed in `damaged` and hides no other backup.

    Args:
        plan: Whose newest backup `latest` is, if it has any; by default that of all plans.
    """

    def __init__(
        self,
        repository: Repository,
        runs: RunLog,
        proofs: ProofFiles,
        plan: str | None = None,
    ) -> None:
        self.damaged: list[RepositoryDamaged] = []
        self._repository = repository
        self._plan = plan
        self._proofs = proofs.load()
        self._restored = {
            run.backup_id
            for run in runs.runs(kind=RunKind.RESTORE)
            if run.status is RunStatus.COMPLETED and run.backup_id
        }
        self._named = name_snapshots(repository.list_snapshots(on_damaged=self.damaged.append))

    def all(self) -> list[BackupMetadata]:
        """Return every backup, oldest first."""
        return [self.describe(name, snapshot) for name, snapshot in self._named]

    def snapshots(self) -> list[tuple[str, Snapshot]]:
        """Return every backup id with its snapshot, oldest first."""
        return list(self._named)

    def resolve(self, wanted: str) -> tuple[str, Snapshot]:
        """Find a backup by its id, a unique prefix, a snapshot id, or `latest`.

        Raises:
            BackupNotFound: There is none.
            AmbiguousBackupId: There are several.
        """
        if wanted == LATEST:
            return self._latest()
        found = [pair for pair in self._named if pair[0] == wanted]
        # A whole id is no prefix: once its backup is gone, it must not come to mean its
        # neighbour of the same second, `..._2`.
        if not found and not is_backup_id(wanted):
            found = [pair for pair in self._named if _begins(pair, wanted)]
        if not found:
            raise BackupNotFound(
                f"There is no backup {wanted} in {self._repository.store.location}{self._damage()}",
                hint="`holdfast list` shows the backups there are.",
            )
        if len(found) > 1:
            names = ", ".join(name for name, _ in found[:5])
            raise AmbiguousBackupId(
                f"{wanted} fits {len(found)} backups: {names}" + ("..." if len(found) > 5 else ""),
                hint="Give more of the id.",
            )
        return found[0]

    def _latest(self) -> tuple[str, Snapshot]:
        """Return the newest backup of the plan that is neither a safety backup nor of tomorrow.

        One of parts of the plan is it only where there is no other.
        """
        horizon = self._repository.clock.now() + FUTURE_TOLERANCE
        own = [pair for pair in self._named if _ours(pair[1]).get("plan") == self._plan]
        for pairs in (own, self._named):
            regular = [
                pair
                for pair in pairs
                if _ours(pair[1]).get("type") != BackupType.PRE_RESTORE and pair[1].time <= horizon
            ]
            whole = [pair for pair in regular if not only_of(_ours(pair[1]))]
            if whole or regular or pairs:
                return (whole or regular or pairs)[-1]
        raise BackupNotFound(
            f"There is no backup in {self._repository.store.location} yet{self._damage()}",
            hint="`holdfast create` makes one.",
        )

    def _damage(self) -> str:
        if not self.damaged:
            return ""
        return f" ({len(self.damaged)} snapshot files are damaged; see `holdfast check`)"

    def describe(self, backup_id: str, snapshot: Snapshot) -> BackupMetadata:
        """Return all that is known of one backup."""
        ours = _ours(snapshot) or self._described_otherwise(snapshot)
        proof = self._proof(backup_id, snapshot)
        partial = ours.get("status") == BackupStatus.PARTIAL
        verified = proof is not None and proof.passed
        status = BackupStatus.COMPLETED
        if partial:
            status = BackupStatus.PARTIAL
        elif backup_id in self._restored:
            status = BackupStatus.RESTORED
        elif verified:
            status = BackupStatus.VERIFIED
        return BackupMetadata(
            backup_id=backup_id,
            created_at=snapshot.time.astimezone(UTC),
            backup_type=_enum(BackupType, ours.get("type")) or BackupType.MANUAL,
            status=status,
            original_size=int(ours.get("original_size", 0)),
            stored_size=int(ours.get("stored_size", 0)),
            compressed_size=int(ours.get("compressed_size", 0)),
            encrypted=self._repository.encrypted,
            compressed=ours.get("compressed"),
            checksum=str(ours.get("checksum", snapshot.tree.hex())),
            schema_version=ours.get("schema_version"),
            table_counts=dict(ours.get("table_counts", {})),
            total_records=int(ours.get("total_records", 0)),
            total_files=int(ours.get("total_files", 0)),
            description=snapshot.description,
            tags=snapshot.tags,
            verified=verified,
            verification_date=proof.proven_at if proof else None,
            verification_errors=proof.errors if proof else (),
            disproven=proof is not None and not proof.passed,
            app_version=ours.get("app_version"),
            trigger=_enum(Trigger, ours.get("trigger")),
            hostname=snapshot.hostname,
            plan=str(ours.get("plan", "")),
            only=only_of(ours),
            problems=tuple(ours.get("problems", ())),
            warnings=(*_holds_only(only_of(ours)), *ours.get("warnings", ())),
            damaged=bool(ours.get("damaged", False)),
            keep=snapshot.delete == KEEP_FOREVER,
            duration_s=ours.get("duration_s"),
            snapshot_id=snapshot.id,
        )

    def _proof(self, backup_id: str, snapshot: Snapshot) -> Proof | None:
        tree = snapshot.tree.hex()
        proofs = [each for each in self._proofs.get(backup_id, ()) if each.snapshot_tree == tree]
        return max(proofs, key=lambda each: each.proven_at, default=None)

    def _described_otherwise(self, snapshot: Snapshot) -> dict[str, Any]:
        """Describe a backup whose snapshot file another program wrote, as far as can be."""
        try:
            return self._from_manifest(snapshot)
        except (RepositoryDamaged, StoreError, BackupTooNew, ValueError) as error:
            return {**_foreign_facts(snapshot), "warnings": [str(error)]}

    def _from_manifest(self, snapshot: Snapshot) -> dict[str, Any]:
        """Read from `manifest.json` what another program dropped from the snapshot file."""
        tree = self._repository.tree(snapshot)
        if tree.node(MANIFEST_PATH) is None:
            return _foreign_facts(snapshot)
        data = b"".join(tree.read(MANIFEST_PATH))
        manifest = tree.manifest
        return {
            "type": manifest.backup_type,
            "trigger": manifest.trigger,
            "plan": manifest.plan,
            "status": BackupStatus.PARTIAL if manifest.problems else BackupStatus.COMPLETED,
            "original_size": manifest.original_size,
            "checksum": hashlib.sha256(data).hexdigest(),
            "schema_version": manifest.schema_version,
            "table_counts": manifest.table_counts,
            "total_records": manifest.total_records,
            "total_files": count_files(manifest),
            "app_version": manifest.app_version,
            "problems": [f"{each.path}: {each.reason}" for each in manifest.problems],
            "only": manifest.only,
            "damaged": manifest.damaged,
        }


def only_of(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sources that a backup was made of, by its snapshot; none means the whole plan."""
    return tuple(map(str, facts.get("only") or ()))


def _holds_only(names: Sequence[str]) -> tuple[str, ...]:
    """Say of a backup of parts of a plan what it is, wherever it is shown."""
    return (f"Holds only: {', '.join(names)}",) if names else ()


def count_files(manifest: Manifest) -> int:
    """Return how many files the directories of a backup hold."""
    return sum(entry.count for entry in manifest.contents.values() if entry.kind == "directory")


def backups_of(workplace: Workplace) -> BackupList:
    """Return the backups of a repository as they are now, `latest` being the plan's own."""
    return BackupList(workplace.repository, workplace.runs, workplace.proofs, workplace.plan.name)


def listing_mark(state_dir: Path) -> Hashable:
    """Return what changes with the proofs and the runs of which a list of backups tells."""
    found = []
    for path in (state_dir / "proofs", state_dir / "runs.db"):
        with suppress(OSError):
            found += [_stamp(path.name, path.stat())]
            if path.is_dir():
                found += sorted(_stamp(each.name, each.stat()) for each in os.scandir(path))
    return tuple(found)


def _stamp(name: str, status: os.stat_result) -> tuple[str, int, int, int]:
    return name, status.st_ino, status.st_mtime_ns, status.st_size


def set_keep(repository: Repository, snapshot: Snapshot, *, keep: bool) -> Snapshot:
    """Keep a backup for ever, or no longer: a new snapshot is saved, then the old one removed."""
    return _rewrite(repository, snapshot, delete=KEEP_FOREVER if keep else None)


def update_backup(
    workplace: Workplace,
    wanted: str,
    *,
    description: str | None = None,
    tags: Sequence[str] | None = None,
    keep: bool | None = None,
    expected_snapshot_id: str | None = None,
) -> BackupMetadata:
    """Change what is said of a backup, as `set_keep` does; what is None stays.

    Two changes at once happen one after the other.

    Args:
        description: "" removes it.
        expected_snapshot_id: Refuse if the backup was changed since it had this one.

    Raises:
        BackupNotFound: There is no such backup.
        PreconditionFailed: It was changed meanwhile; it is left as it is.
    """
    with editing(workplace) as lock:
        listed = backups_of(workplace)
        found_id, snapshot = listed.resolve(wanted)
        require_unchanged(found_id, snapshot, expected_snapshot_id)
        changes: dict[str, Any] = {}
        if description is not None:
            changes["description"] = checked_description(description) or None
        if tags is not None:
            changes["tags"] = tuple(dict.fromkeys(checked_tags(tags)))
        if keep is not None:
            changes["delete"] = KEEP_FOREVER if keep else None
        lock.ensure()
        return listed.describe(found_id, _rewrite(workplace.repository, snapshot, **changes))


@contextmanager
def editing(workplace: Workplace) -> Iterator[Lock]:
    """Wait for the right to replace or remove snapshot files, which no two may have at once.

    Otherwise of two changes at one time each would leave a copy of the backup.
    """
    with workplace.repository.lock() as lock, naming_lock(workplace.state_dir):
        yield lock


def require_unchanged(backup_id: str, snapshot: Snapshot, expected_id: str | None) -> None:
    """Refuse to change a backup that is not as somebody saw it.

    Raises:
        PreconditionFailed: It was changed since it had that snapshot.
    """
    if expected_id is not None and snapshot.id != expected_id:
        raise PreconditionFailed(
            f"{backup_id} was changed since it was read", hint="Read it again, then decide again."
        )


def _rewrite(repository: Repository, snapshot: Snapshot, **changes: Any) -> Snapshot:
    same = all(getattr(snapshot, name) == value for name, value in changes.items())
    if same or snapshot.id is None:
        return snapshot
    saved = repository.save_snapshot(
        replace(snapshot, id=None, original=snapshot.original or snapshot.id, **changes)
    )
    repository.remove_snapshot(snapshot.id)
    return saved


def _ours(snapshot: Snapshot) -> dict[str, Any]:
    return snapshot.holdfast


def _begins(pair: tuple[str, Snapshot], wanted: str) -> bool:
    name, snapshot = pair
    by_snapshot = len(wanted) >= 4 and (snapshot.id or "").startswith(wanted)
    return bool(wanted) and (name.startswith(wanted) or by_snapshot)


_FOREIGN_FACTS = {
    "original_size": "total_bytes_processed",
    "stored_size": "data_added_packed",
    "total_files": "total_files_processed",
}
"""Our words and those of the summary that restic 0.17 and later put into a snapshot."""


def _foreign_facts(snapshot: Snapshot) -> dict[str, Any]:
    summary = snapshot.extra.get("summary")
    told = summary if isinstance(summary, dict) else {}
    facts = {ours: told.get(theirs) for ours, theirs in _FOREIGN_FACTS.items()}
    return {name: fact for name, fact in facts.items() if isinstance(fact, int) and fact > 0}


def _enum(kind: Any, value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return None
