"""What checks of the repository have found against the stored backups, until it is taken back.

A backup tells how its own last verification ended; what a check found is known only to the log of
runs, and to the jobs (`holdfast.jobs.soundness`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from holdfast.catalog import RunKind, RunLog
from holdfast.models.backup import BackupMetadata

_CHECKS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of the repository that came to a result.

    Attributes:
        reads_all: Whether it read every stored byte.
        reads_some: Whether it read stored bytes at all.
        touched: The backups that cannot be restored whole, as far as they are named.
        touches_more: Whether some are not named, all of them older.
    """

    at: datetime
    passed: bool
    reads_all: bool = False
    reads_some: bool = False
    problem: str | None = None
    touched: frozenset[str] = frozenset()
    touches_more: bool = False

    @classmethod
    def of(cls, at: datetime, result: Mapping[str, Any]) -> Self:
        """Read what a job or a run of the log says of a check."""
        reads_all = bool(result.get("read_data"))
        touched = frozenset(map(str, result.get("touched_backups") or ()))
        return cls(
            at=at,
            passed=bool(result["passed"]),
            reads_all=reads_all,
            reads_some=reads_all or bool(result.get("read_subset")),
            problem=next((str(each) for each in result.get("problems") or ()), None),
            touched=touched,
            touches_more=int(result.get("touched_count") or 0) > len(touched),
        )

    def touches(self, backup_id: str) -> bool:
        """Whether a backup cannot be restored whole, or may be one of those not named."""
        if backup_id in self.touched:
            return True
        return self.touches_more and bool(self.touched) and backup_id < min(self.touched)


@dataclass(frozen=True, slots=True)
class Soundness:
    """What stands against the stored backups.

    Attributes:
        failed: The checks that failed, newest first, that no later one makes good.
        refuted: When backups were last found damaged by whoever read them, by their ids.
    """

    failed: Sequence[Check] = ()
    refuted: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, checks: Iterable[Check], refuted: Mapping[str, datetime] | None = None) -> Self:
        """Return what stands, by all checks that are known."""
        known = sorted(checks, key=lambda each: each.at, reverse=True)
        sound_at = next((each.at for each in known if each.passed and each.reads_all), None)
        standing = {
            backup: at
            for backup, at in (refuted or {}).items()
            if sound_at is None or at > sound_at
        }
        return cls(tuple(_standing(known)), standing)

    @property
    def damage(self) -> Check | None:
        """The newest check that failed and stands."""
        return next(iter(self.failed), None)

    def refutes(self, backup: BackupMetadata) -> bool:
        """Whether somebody who read a backup found it damaged after it was last proven."""
        return _is_after_proof(backup, self.refuted.get(backup.backup_id))

    def doubts(self, backup: BackupMetadata) -> bool:
        """Whether anything was found against a backup after it was last proven."""
        touched = (each.at for each in self.failed if each.touches(backup.backup_id))
        return self.refutes(backup) or _is_after_proof(backup, max(touched, default=None))


def _is_after_proof(backup: BackupMetadata, found_at: datetime | None) -> bool:
    proven_at = backup.verification_date if backup.verified else None
    return found_at is not None and (proven_at is None or proven_at <= found_at)


def _standing(checks: Iterable[Check]) -> Iterator[Check]:
    """Yield those that failed, newest first, unless a later one has seen as much.

    A check of the structure does not see a flipped bit: it takes back nothing that was found
    by reading.
    """
    looked = read_all = False
    for each in checks:
        if not each.passed and not (read_all or (looked and not each.reads_some)):
            yield each
        looked, read_all = True, read_all or each.reads_all


def checks_of_runs(state_dir: Path) -> list[Check]:
    """Return the checks that the log of runs knows of, whichever plan asked for them."""
    runs = RunLog(state_dir / "runs.db").runs(kind=RunKind.CHECK, limit=_CHECKS_LOOKED_AT)
    return [
        Check.of(run.completed_at, run.detail)
        for run in runs
        if run.completed_at and "passed" in run.detail
    ]
