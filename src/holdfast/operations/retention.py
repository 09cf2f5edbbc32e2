"""Decide which backups stay and which go. Nothing here reads or removes anything.

How a policy's rules combine is said at `RetentionPolicy`; how each kind of backup is judged:

- **Complete** backups (completed, verified or restored from; not damaged, not found to be bad)
  are the only ones that the rules count.
- **Incomplete** ones (partial, damaged, failed in verification, or of parts of the plan only)
  never push out a complete one. They stay while no newer backup is complete; then they go once
  they are older than every complete backup that stays, or beyond a limit, or, where no limit is
  set, 7 days old.
- **Safety backups** are judged apart, by no rule of the policy but `keep_within` and
  `keep_tags`: the newest 3 stay, those of the last 7 days, and the one that `undo` needs.
- **Future-dated** backups are neither counted nor removed.
- Records of **failed** runs hold nothing to remove.

Always kept: what was marked to be kept, the newest complete and the newest verified backup.
Ages are reckoned back from the newest complete backup, not from the clock: backups go because
newer ones came, never because time passed.

The whole policy pauses, and the plan says why, while the newest run failed, while the newest
backup looks wrong, or when one run would remove more than its share.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from holdfast.errors import ConfigError
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.models.duration import Duration, parse_duration
from holdfast.models.retention import RetentionDecision, RetentionPlan, RetentionPolicy
from holdfast.operations.anomaly import describe_anomaly
from holdfast.operations.backups import FUTURE_TOLERANCE
from holdfast.operations.retention_rules import (
    Rules,
    is_complete,
    is_safety,
    is_verified,
    judge_complete,
    judge_incomplete,
    judge_safety,
)

__all__ = [
    "Duration",
    "RetentionDecision",
    "RetentionPlan",
    "RetentionPolicy",
    "is_complete",
    "is_verified",
    "parse_duration",
    "plan_retention",
]


def plan_retention(
    backups: Sequence[BackupMetadata],
    failed_runs: Sequence[datetime],
    policy: RetentionPolicy | None,
    *,
    now: datetime,
    timezone: tzinfo = UTC,
    undo_backup_id: str | None = None,
    max_removed_share: float | None = None,
    force: bool = False,
) -> RetentionPlan:
    """Decide for each backup of one plan whether it stays.

    Applying the result and planning again removes nothing more; the order of `backups` does
    not matter.

    Args:
        backups: All backups of one plan; those of other plans must not be among them.
        failed_runs: When backup runs failed, as far back as the newest complete backup.
        policy: The rules; None or an empty policy removes nothing.
        now: The present instant.
        timezone: Where hours, days, weeks, months and years begin and end.
        undo_backup_id: The safety backup that `undo` would put back.
        max_removed_share: The policy pauses if more than this share of the backups would go
            (0.5 is half); None where a person sees the plan and confirms it.
        force: Do not pause, whatever the reason.

    Raises:
        ConfigError: `max_removed_share` is not between 0 and 1.
    """
    if max_removed_share is not None and not 0 <= max_removed_share <= 1:
        raise ConfigError(f"max_removed_share must be between 0 and 1, not {max_removed_share}")
    ordered = sorted(backups, key=_age_order, reverse=True)
    latest_at = now + FUTURE_TOLERANCE
    present = [each for each in ordered if each.created_at <= latest_at]
    stored = [each for each in present if each.status is not BackupStatus.FAILED]
    regular = [each for each in stored if not is_safety(each)]
    complete = [each for each in regular if is_complete(each)]
    if policy is None or policy.is_empty:
        return RetentionPlan(decisions=_keep(ordered, "the policy has no rules"))
    if not complete:
        return RetentionPlan(decisions=_keep(ordered, "there is no complete backup"))
    rules = Rules(
        policy=policy,
        timezone=timezone,
        reference_at=min(now, complete[0].created_at),
        undo_backup_id=undo_backup_id,
    )
    judged = judge_complete(complete, rules)
    decisions = [
        *judged,
        *judge_incomplete([each for each in regular if not is_complete(each)], judged, rules),
        *judge_safety([each for each in stored if is_safety(each)], rules),
        *_keep([each for each in ordered if each.created_at > latest_at], "dated in the future"),
        *_keep(
            [each for each in present if each.status is BackupStatus.FAILED],
            "record of a failed run, nothing is stored of it",
        ),
    ]
    decisions.sort(key=lambda decision: _age_order(decision.backup), reverse=True)
    plan = RetentionPlan(decisions=tuple(decisions))
    if force or not plan.removed:
        return plan
    paused = (
        _failing(present, failed_runs, complete[0], latest_at)
        or _anomalous(complete)
        or _too_many(len(plan.removed), len(stored), max_removed_share)
    )
    return plan if paused is None else _pause(plan, paused)


def _age_order(backup: BackupMetadata) -> tuple[datetime, str]:
    return backup.created_at, backup.backup_id


def _keep(backups: Sequence[BackupMetadata], reason: str) -> tuple[RetentionDecision, ...]:
    return tuple(RetentionDecision(backup=each, keep=True, reasons=(reason,)) for each in backups)


def _pause(plan: RetentionPlan, sentence: str) -> RetentionPlan:
    """Turn every removal into a keep that still says what would have happened."""
    decisions = tuple(
        decision
        if decision.keep
        else RetentionDecision(
            backup=decision.backup,
            keep=True,
            reasons=("retention is paused", f"else removed: {', '.join(decision.reasons)}"),
        )
        for decision in plan.decisions
    )
    return RetentionPlan(decisions=decisions, paused=sentence)


def _failing(
    present: Sequence[BackupMetadata],
    failed_runs: Sequence[datetime],
    newest: BackupMetadata,
    latest_at: datetime,
) -> str | None:
    failures = [each.created_at for each in present if each.status is BackupStatus.FAILED]
    failures += [failed_at for failed_at in failed_runs if failed_at <= latest_at]
    failed_at = max(failures, default=newest.created_at)
    if failed_at <= newest.created_at:
        return None
    return (
        f"Retention is paused: the run of {failed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC failed, "
        f"and {newest.backup_id} is the newest complete backup. Make a good backup first, "
        "or remove all the same with --force"
    )


def _anomalous(complete: Sequence[BackupMetadata]) -> str | None:
    anomaly = describe_anomaly(complete[0], complete[1:])
    if anomaly is None:
        return None
    return (
        f"Retention is paused: the newest backup {complete[0].backup_id} looks wrong: {anomaly}. "
        "Check what it holds; if it is right, remove with --force"
    )


def _too_many(removed: int, stored: int, max_removed_share: float | None) -> str | None:
    if max_removed_share is None or removed <= stored * max_removed_share:
        return None
    return (
        f"Retention is paused: {removed} of {stored} backups would be removed at once, more "
        f"than the {max_removed_share:.0%} that a run may remove unasked. Look at them, "
        "then confirm with --force"
    )
