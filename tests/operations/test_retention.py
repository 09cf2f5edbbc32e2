"""Which backups a policy keeps, and which kinds it does not count."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from holdfast.errors import ConfigError
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.operations.retention import RetentionPlan, RetentionPolicy, plan_retention
from tests.operations.backup_values import (
    NOW,
    ages,
    ago,
    make_backup,
    nightly,
    partial,
    safety,
)


def plan(backups: list[BackupMetadata], **rules: Any) -> RetentionPlan:
    """Plan by these rules, with nothing else the matter."""
    return plan_retention(backups, (), RetentionPolicy(**rules), now=NOW)


def said(of: RetentionPlan, backup: BackupMetadata) -> str:
    """Return what a plan says of one backup."""
    return next(str(decision) for decision in of.decisions if decision.backup is backup)


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({"keep_last": 3}, [0, 1, 2]),
        ({"keep_within": "2d"}, [0, 1, 2]),
        ({"keep_within": timedelta(days=2)}, [0, 1, 2]),
        ({"keep_daily": 3}, [0, 1, 2]),
        ({"keep_weekly": 3}, [0, 5, 12]),
        ({"keep_monthly": 2}, [0, 15]),
        ({"keep_yearly": 5}, [0, 75]),
        ({"keep_last": 1, "keep_weekly": 2, "keep_monthly": 3}, [0, 5, 15, 44]),
        ({"retention_days": 4}, [0, 1, 2, 3, 4]),
        ({"max_backups": 4}, [0, 1, 2, 3]),
        ({"retention_days": 4, "max_backups": 30}, [0, 1, 2, 3, 4]),
        ({"retention_days": 30, "max_backups": 4}, [0, 1, 2, 3]),
        ({"retention_days": 1, "max_backups": 1, "keep_monthly": 2}, [0, 15]),
        ({"keep_last": 2, "max_backups": 4}, [0, 1, 2, 3]),
    ],
    ids=str,
)
def test_rules_combine_as_the_policy_says(rules: dict[str, Any], kept: list[int]) -> None:
    """Reasons to keep add up; of the limits every one must hold."""
    assert ages(plan(nightly(90), **rules)) == kept


def test_hours_and_days_are_those_of_the_time_zone() -> None:
    """23:30 UTC is the next day in Berlin."""
    late, night, noon = (
        make_backup(datetime.fromisoformat(f"2024-03-{at}+00:00"))
        for at in ("13T23:30", "14T01:00", "13T12:00")
    )
    policy = RetentionPolicy(keep_daily=7)
    berlin = plan_retention(
        [late, night, noon], (), policy, now=NOW, timezone=ZoneInfo("Europe/Berlin")
    )
    assert berlin.kept == (night, noon)
    assert plan_retention([late, night, noon], (), policy, now=NOW).kept == (night, late)


def test_any_tag_of_the_policy_keeps() -> None:
    """Other tags do not."""
    backups = [
        *nightly(2),
        make_backup(ago(days=50), tags=("release", "eu")),
        make_backup(ago(days=60), tags=("release-candidate",)),
        make_backup(ago(days=70), tags=("audit",)),
    ]
    kept = plan(backups, keep_tags=("release", "audit"))
    assert kept.kept == (backups[0], backups[2], backups[4])
    assert said(kept, backups[2]) == "kept: tag release"


def test_a_decision_says_why() -> None:
    """For people: what keeps it, or what lets it go."""
    newest, verified, *_, old = nightly(9)
    verified = make_backup(verified.created_at, verified=True)
    weekly = plan([newest, verified, old], keep_weekly=1)
    assert [str(decision) for decision in weekly.decisions] == [
        "kept: weekly, last complete",
        "kept: last verified",
        "removed: no rule keeps it",
    ]
    limited = plan([newest, verified, old], retention_days=7, max_backups=2)
    assert [str(decision) for decision in limited.decisions] == [
        "kept: last complete, not older than 7 days, among the newest 2",
        "kept: last verified, not older than 7 days, among the newest 2",
        "removed: older than 7 days, beyond the newest 2",
    ]


@pytest.mark.parametrize(
    "policy",
    [
        None,
        RetentionPolicy(),
        RetentionPolicy.from_mapping({}),
        RetentionPolicy(keep_last=0, keep_within="0d", keep_tags=("",), retention_days=0),
        RetentionPolicy(keep_within="", max_backups=0),
        RetentionPolicy(keep_within=timedelta(0)),
    ],
    ids=["absent", "empty", "no settings", "zero", "blank", "no time"],
)
def test_a_policy_without_rules_removes_nothing(policy: RetentionPolicy | None) -> None:
    """R27: of whatever kind or age."""
    backups = [*nightly(40), partial(ago(days=900)), safety(ago(days=800))]
    assert plan_retention(backups, (), policy, now=NOW).removed == ()


@pytest.mark.parametrize(
    "rules",
    [
        {"keep_last": -1},
        {"retention_days": -30},
        {"max_backups": -1},
        {"keep_daily": True},
        {"keep_weekly": 1.5},
        {"keep_monthly": "12"},
        {"keep_within": timedelta(days=-1)},
        {"keep_within": "-3d"},
        {"keep_within": 30},
        {"keep_tags": "release"},
        {"keep_dayly": 7},
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused(rules: dict[str, Any]) -> None:
    """R27: negative or unknown rules are an error, never a rule that removes."""
    with pytest.raises(ConfigError):
        RetentionPolicy.from_mapping(rules)


def test_a_misspelled_rule_is_told_what_was_meant() -> None:
    """R27: it must not be silently off."""
    with pytest.raises(ConfigError, match="keep_dayly") as caught:
        RetentionPolicy.from_mapping({"keep_dayly": 7})
    assert caught.value.hint == "Did you mean keep_daily?"


def test_no_policy_removes_all() -> None:
    """R26: the newest complete backup stays, whatever its age."""
    only = make_backup(ago(days=4000))
    assert plan([only], keep_tags=("none such",)).kept == (only,)


def test_nothing_is_removed_before_there_is_a_complete_backup() -> None:
    """R26: partial ones are better than none."""
    backups = [partial(ago(days=days)) for days in (1, 100, 900)] + [safety(ago(days=950))]
    kept = plan(backups, keep_last=1)
    assert kept.removed == ()
    assert said(kept, backups[0]) == "kept: there is no complete backup"


@pytest.mark.parametrize(
    "facts", [{"verified": True}, {"status": BackupStatus.VERIFIED}], ids=["flag", "status"]
)
def test_the_newest_verified_backup_stays(facts: dict[str, Any]) -> None:
    """R26: also where newer ones, not proven yet, have pushed it out."""
    proven, older = make_backup(ago(days=80), **facts), make_backup(ago(days=90), **facts)
    kept = plan([*nightly(9), proven, older], keep_last=2)
    assert ages(kept) == [0, 1, 80]
    assert said(kept, proven) == "kept: last verified"


def test_a_backup_that_was_marked_stays_for_ever() -> None:
    """Whatever the policy says, and of whatever kind."""
    marked = [
        make_backup(ago(days=900), keep=True),
        partial(ago(days=901), keep=True),
        safety(ago(days=902), keep=True),
    ]
    safeties = [safety(ago(days=20 + i)) for i in range(3)]
    kept = plan([*nightly(9), *safeties, *marked], max_backups=1)
    assert [each for each in kept.kept if each in marked] == marked
    assert said(kept, marked[2]) == "kept: marked to be kept"


@pytest.mark.parametrize(
    "facts",
    [
        {"status": BackupStatus.PARTIAL},
        {"status": BackupStatus.RESTORED, "problems": ("files/a: vanished",)},
        {"damaged": True},
        {"status": BackupStatus.VERIFIED, "verification_errors": ("pack 3f is damaged",)},
        {"status": BackupStatus.FAILED},
    ],
    ids=["partial", "partial, restored from", "damaged", "proven bad", "failed"],
)
def test_what_is_not_complete_counts_for_nothing(facts: dict[str, Any]) -> None:
    """R26: neither for a rule nor for a limit, so it pushes no complete backup out."""
    bad = [make_backup(ago(days=i, hours=11), verified=False, **facts) for i in range(1, 9)]
    good = nightly(9)
    for rules in ({"keep_last": 3}, {"max_backups": 3}, {"keep_daily": 3}):
        kept = plan([*bad, *good], **rules).kept
        assert [each for each in kept if each in good] == good[:3]


def test_a_backup_that_was_restored_from_counts() -> None:
    """It is as good as it was."""
    restored = make_backup(ago(days=1), status=BackupStatus.RESTORED)
    assert plan([restored, make_backup(ago(days=2))], keep_last=1).kept == (restored,)


@pytest.mark.parametrize(
    ("days", "rules", "expected"),
    [
        (0, {"keep_last": 2}, "kept: partial, but newer than every complete one"),
        (1.5, {"keep_last": 2}, "removed: partial and older than every complete one that stays"),
        (3, {"keep_last": 9}, "kept: partial, not older than 7 days"),
        (8, {"keep_last": 20}, "removed: partial, older than 7 days"),
        (8, {"keep_last": 20, "keep_within": "9d"}, "kept: within 9d"),
        (8, {"retention_days": 9}, "kept: not older than 9 days"),
        (8, {"retention_days": 7, "keep_last": 20}, "removed: partial, older than 7 days"),
        (3, {"max_backups": 9}, "kept: among the newest 9"),
        (3, {"max_backups": 3, "keep_weekly": 9}, "removed: partial, beyond the newest 3"),
    ],
    ids=str,
)
def test_a_partial_backup_goes_by_what_is_complete(
    days: float, rules: dict[str, Any], expected: str
) -> None:
    """It stays while nothing newer is complete, and never longer than complete ones."""
    incomplete = partial(ago(days=days))
    assert said(plan([incomplete, *nightly(30)], **rules), incomplete) == expected


def test_safety_backups_are_counted_apart() -> None:
    """They push no other backup out, and no other pushes them out."""
    young = [safety(ago(days=days)) for days in (1, 2, 3, 4)]
    old = [safety(ago(days=days)) for days in (40, 50, 60, 70)]
    kept = plan([*young, *nightly(9), *old], keep_last=2)
    assert kept.kept == tuple(sorted([*nightly(2), *young], key=lambda b: b.created_at)[::-1])
    kept = plan([*nightly(9), *old], keep_last=2)
    assert ages(kept) == [0, 1, 40, 50, 60]
    assert said(kept, old[3]) == "removed: safety backup older than 7 days"


def test_the_safety_backup_that_undo_needs_stays() -> None:
    """However old, and however many are newer."""
    old = [safety(ago(days=days)) for days in (40, 50, 60, 70)]
    kept = plan_retention(
        [*nightly(9), *old],
        (),
        RetentionPolicy(keep_last=1),
        now=NOW,
        undo_backup_id=old[3].backup_id,
    )
    assert ages(kept) == [0, 40, 50, 60, 70]
    assert said(kept, old[3]) == "kept: needed by undo"


def test_partial_safety_backups_do_not_push_out_complete_ones() -> None:
    """The newest three that are complete stay; a newer partial one may be all there is."""
    bad = [safety(ago(days=days), problems=("x",)) for days in (30, 45)]
    good = [safety(ago(days=days)) for days in (40, 50, 60)]
    assert ages(plan([*nightly(1), *bad, *good], keep_last=1)) == [0, 30, 40, 50, 60]


def test_records_of_failed_runs_are_left_alone() -> None:
    """There is nothing to remove."""
    failed = make_backup(ago(days=300), status=BackupStatus.FAILED)
    kept = plan([*nightly(3), failed], keep_last=1)
    assert said(kept, failed) == "kept: record of a failed run, nothing is stored of it"


def test_the_order_of_the_backups_does_not_matter() -> None:
    """R27: a dry run and the run after it say the same."""
    backups = [*nightly(40), partial(ago(days=9)), safety(ago(days=30)), make_backup(ago(-1))]
    shuffled = random.Random(7).sample(backups, len(backups))
    rules = {"keep_daily": 7, "keep_weekly": 3}
    assert plan(backups, **rules) == plan(shuffled, **rules)
    assert [each.backup for each in plan(shuffled, **rules).decisions] == sorted(
        backups, key=lambda backup: backup.created_at, reverse=True
    )


def test_spans_beyond_the_calendar_keep_everything() -> None:
    """No arithmetic fails on a large number or on a forged instant."""
    first_day = datetime.min.replace(tzinfo=UTC)
    backups = [*nightly(3), make_backup(first_day)]
    zone = ZoneInfo("America/New_York")
    for span in ("9999y", "99999999m", "999999999d", "999999999h", timedelta.max):
        policy = RetentionPolicy(keep_within=span, retention_days=10**12)
        assert plan_retention(backups, (), policy, now=NOW, timezone=zone).removed == ()
    policy = RetentionPolicy(keep_yearly=1)
    assert len(plan_retention(backups, (), policy, now=NOW, timezone=zone).kept) == 1


def test_seven_days_are_seven_days() -> None:
    """Up to the second: at the edge a backup still stays."""
    newest = make_backup(ago())
    safeties = [safety(ago(days=days)) for days in (1, 2, 3)]
    for kind in (partial, safety):
        edge, beyond = kind(ago(days=7)), kind(ago(days=7, hours=1))
        kept = plan([newest, *safeties, edge, beyond, make_backup(ago(days=9))], keep_last=2)
        assert edge in kept.kept
        assert beyond in kept.removed


def test_the_newest_verified_safety_backup_stays() -> None:
    """R26: it may be the newest proof there is."""
    old = [safety(ago(days=days)) for days in (40, 50, 60, 80)]
    proven = [safety(ago(days=days), verified=True) for days in (70, 90)]
    assert ages(plan([*nightly(1), *old, *proven], keep_last=1)) == [0, 40, 50, 60, 70]


def test_a_partial_backup_at_the_very_moment_of_a_complete_one_is_not_newer() -> None:
    """It stands and falls with the rules."""
    kept = plan([make_backup(ago()), partial(ago(), backup_id="twin")], max_backups=1)
    assert [backup.backup_id for backup in kept.removed] == []
    oldest = make_backup(ago(days=8))
    kept = plan([make_backup(ago()), oldest, partial(ago(days=8))], keep_last=2)
    assert str(kept.decisions[1 if kept.decisions[1].backup.problems else 2]) == (
        "removed: partial, older than 7 days"
    )


def test_the_same_week_of_another_year_is_another_week() -> None:
    """ISO weeks belong to ISO years: 31 December 2024 is of week 1 of 2025."""
    backups = [
        make_backup(at)
        for at in (datetime(2024, 1, 3, tzinfo=UTC), datetime(2023, 1, 4, tzinfo=UTC))
    ]
    assert len(plan(backups, keep_weekly=2).kept) == 2
    days = [datetime(2021, 1, day, 12, tzinfo=UTC) for day in (5, 3, 1)]
    days += [datetime(2020, 12, 28, 12, tzinfo=UTC), datetime(2020, 12, 27, 12, tzinfo=UTC)]
    kept = plan([make_backup(day) for day in days], keep_weekly=9).kept
    assert [f"{backup.created_at:%m-%d}" for backup in kept] == ["01-05", "01-03", "12-27"]


def test_ages_are_not_reckoned_from_the_future() -> None:
    """R29: a backup dated four minutes ahead makes no other older than it is."""
    young = make_backup(ago(days=30) + timedelta(minutes=3))
    assert plan([make_backup(NOW + timedelta(minutes=4)), young], retention_days=30).removed == ()
