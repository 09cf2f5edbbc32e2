"""The rules of retention, a function for each kind of backup that they judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType
from holdfast.models.retention import RetentionDecision, RetentionPolicy

SAFETY_KEEP_LAST = 3
"""Safety backups that stay whatever their age."""

SAFETY_KEEP_WITHIN = timedelta(days=7)
"""Safety backups not older than this stay, however many they are."""

INCOMPLETE_KEEP_WITHIN = timedelta(days=7)
"""Where no limit is set, incomplete backups not older than this stay."""

_GOOD = frozenset({BackupStatus.COMPLETED, BackupStatus.VERIFIED, BackupStatus.RESTORED})

# The parts of local time that tell buckets apart, as restic's forget does.
_BUCKETS: tuple[tuple[str, Callable[[datetime], tuple[int, ...]]], ...] = (
    ("hourly", lambda at: (at.year, at.month, at.day, at.hour)),
    ("daily", lambda at: (at.year, at.month, at.day)),
    ("weekly", lambda at: at.isocalendar()[:2]),
    ("monthly", lambda at: (at.year, at.month)),
    ("yearly", lambda at: (at.year,)),
)


def is_complete(backup: BackupMetadata) -> bool:
    """Whether a backup holds all that it should and nothing speaks against it.

    The status alone does not say so: a partial backup that was restored from is `restored`, and
    one of parts of the plan is `completed` for what it holds.
    """
    sound = not backup.damaged and not backup.problems and not backup.verification_errors
    return sound and not backup.only and backup.status in _GOOD


def is_verified(backup: BackupMetadata) -> bool:
    """Whether a backup is complete and was proven so."""
    proven = backup.verified or backup.status is BackupStatus.VERIFIED
    return proven and is_complete(backup)


def is_safety(backup: BackupMetadata) -> bool:
    """Whether a backup was taken before a restore, of what the restore replaced."""
    return backup.backup_type is BackupType.PRE_RESTORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A policy, and what its rules are measured by.

    Attributes:
        timezone: Where hours, days, weeks, months and years begin and end.
        reference_at: Where ages are reckoned from: the newest complete backup, or now if
            that is earlier.
        undo_backup_id: The safety backup that `undo` would put back.
    """

    policy: RetentionPolicy
    timezone: tzinfo
    reference_at: datetime
    undo_backup_id: str | None

    def age_of(self, backup: BackupMetadata) -> timedelta:
        """Return how much older than the reference a backup is."""
        return self.reference_at - backup.created_at

    def reasons_for_any(self, backup: BackupMetadata) -> list[str]:
        """Return what keeps a backup of whatever kind."""
        reasons = []
        if backup.keep:
            reasons.append("marked to be kept")
        if backup.backup_id == self.undo_backup_id:
            reasons.append("needed by undo")
        since = self.policy.within_since(self.reference_at, self.timezone)
        if since is not None and backup.created_at >= since:
            reasons.append(f"within {self.policy.keep_within}")
        reasons += [f"tag {tag}" for tag in self.policy.keep_tags if tag in backup.tags]
        return reasons

    def limits(self, backup: BackupMetadata, newer: int) -> tuple[list[str], list[str]]:
        """Say which limits hold a backup and which it is beyond, given how many are newer."""
        within: list[str] = []
        beyond: list[str] = []
        days, count = self.policy.retention_days, self.policy.max_backups
        if days:
            old = self.age_of(backup).total_seconds() > days * 86400
            (beyond if old else within).append(f"{'' if old else 'not '}older than {days} days")
        if count:
            if newer >= count:
                beyond.append(f"beyond the newest {count}")
            else:
                within.append(f"among the newest {count}")
        return within, beyond


def judge_complete(complete: Sequence[BackupMetadata], rules: Rules) -> list[RetentionDecision]:
    """Judge the complete backups (newest first, at least one) by every rule of the policy."""
    in_buckets = _bucket_reasons(complete, rules)
    verified = next((i for i, backup in enumerate(complete) if is_verified(backup)), None)
    decisions = []
    for i, backup in enumerate(complete):
        reasons = rules.reasons_for_any(backup)
        if i < rules.policy.keep_last:
            reasons.append(f"last {rules.policy.keep_last}")
        reasons += in_buckets[i]
        if i == 0:
            reasons.append("last complete")
        if i == verified:
            reasons.append("last verified")
        within, beyond = rules.limits(backup, newer=i)
        if rules.policy.has_limits and not beyond:
            reasons += within
        decisions.append(_decide(backup, reasons, beyond or ["no rule keeps it"]))
    return decisions


def judge_incomplete(
    incomplete: Sequence[BackupMetadata],
    complete: Sequence[RetentionDecision],
    rules: Rules,
) -> list[RetentionDecision]:
    """Judge partial, damaged and other incomplete backups by what was decided of the complete."""
    newest_at = max(decision.backup.created_at for decision in complete)
    oldest_kept_at = min(decision.backup.created_at for decision in complete if decision.keep)
    decisions = []
    for backup in incomplete:
        flaw = _flaw(backup)
        keep = rules.reasons_for_any(backup)
        newer = sum(decision.backup.created_at > backup.created_at for decision in complete)
        within, beyond = rules.limits(backup, newer)
        if backup.created_at > newest_at:
            keep.append(f"{flaw}, but newer than every complete one")
        elif backup.created_at < oldest_kept_at:
            beyond = [f"{flaw} and older than every complete one that stays"]
        elif rules.policy.has_limits:
            keep += within if not beyond else []
            beyond = [flaw, *beyond]
        elif rules.age_of(backup) <= INCOMPLETE_KEEP_WITHIN:
            keep.append(f"{flaw}, not older than {INCOMPLETE_KEEP_WITHIN.days} days")
        else:
            beyond = [flaw, f"older than {INCOMPLETE_KEEP_WITHIN.days} days"]
        decisions.append(_decide(backup, keep, beyond))
    return decisions


def judge_safety(safety: Sequence[BackupMetadata], rules: Rules) -> list[RetentionDecision]:
    """Judge safety backups (newest first): by number and age, apart from all others."""
    complete = [i for i, backup in enumerate(safety) if is_complete(backup)]
    newest = complete[:SAFETY_KEEP_LAST]
    verified = next((i for i in complete if is_verified(safety[i])), None)
    decisions = []
    for i, backup in enumerate(safety):
        reasons = rules.reasons_for_any(backup)
        if i in newest or not newest or i < newest[0]:
            reasons.append("newest safety backups")
        if rules.age_of(backup) <= SAFETY_KEEP_WITHIN:
            reasons.append(f"safety backup not older than {SAFETY_KEEP_WITHIN.days} days")
        if i == verified:
            reasons.append("last verified safety backup")
        beyond = [f"safety backup older than {SAFETY_KEEP_WITHIN.days} days"]
        decisions.append(_decide(backup, reasons, beyond))
    return decisions


def _bucket_reasons(complete: Sequence[BackupMetadata], rules: Rules) -> list[list[str]]:
    """Name, for each backup, the buckets whose newest it is, as far as they are counted."""
    reasons: list[list[str]] = [[] for _ in complete]
    moments = [_local(backup.created_at, rules.timezone) for backup in complete]
    for name, bucket_of in _BUCKETS:
        left: int = getattr(rules.policy, f"keep_{name}")
        last: tuple[int, ...] | None = None
        for i, moment in enumerate(moments):
            bucket = bucket_of(moment)
            if left == 0:
                break
            if bucket != last:
                reasons[i].append(name)
                last = bucket
                left -= 1
    return reasons


def _local(instant: datetime, timezone: tzinfo) -> datetime:
    try:
        return instant.astimezone(timezone)
    except OverflowError:  # a forged instant at the very beginning of the calendar
        return instant


def _flaw(backup: BackupMetadata) -> str:
    if backup.damaged:
        return "damaged"
    if backup.verification_errors:
        return "failed its verification"
    return "partial" if backup.problems or not backup.only else "of parts of the plan"


def _decide(backup: BackupMetadata, keep: list[str], remove: list[str]) -> RetentionDecision:
    return RetentionDecision(backup=backup, keep=bool(keep), reasons=tuple(keep or remove))
