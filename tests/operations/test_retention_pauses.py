"""When a policy removes nothing although its rules would, and dates that it does not believe."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from holdfast.errors import ConfigError, RetentionPaused
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.operations.retention import RetentionPlan, RetentionPolicy, plan_retention
from tests.operations.backup_values import NOW, ages, ago, make_backup, nightly, partial

KEEP_TWO = RetentionPolicy(keep_last=2)


def paused_plan(backups: list[BackupMetadata], **facts: Any) -> RetentionPlan:
    """Plan to keep two."""
    return plan_retention(backups, facts.pop("failed_runs", ()), KEEP_TWO, now=NOW, **facts)


def test_the_policy_pauses_while_the_newest_run_failed() -> None:
    """R26: and says which run, what is good, and what to do."""
    plan = paused_plan(nightly(9), failed_runs=[ago(hours=1), ago(days=3)])
    assert plan.removed == ()
    assert plan.paused == (
        "Retention is paused: the run of 2024-03-15 11:00 UTC failed, and backup_20240315_020000 "
        "is the newest complete backup. Make a good backup first, or remove all the same with "
        "--force"
    )
    assert [str(decision) for decision in plan.decisions][1:3] == [
        "kept: last 2",
        "kept: retention is paused, else removed: no rule keeps it",
    ]
    with pytest.raises(RetentionPaused, match="Retention is paused: the run of"):
        plan.raise_if_paused()


def test_a_record_of_a_failed_run_pauses_too() -> None:
    """R26: wherever the service keeps it."""
    failed = make_backup(ago(hours=1), status=BackupStatus.FAILED)
    assert paused_plan([failed, *nightly(9)]).paused is not None


@pytest.mark.parametrize("failed_at", [ago(days=1), ago(hours=10), ago(days=-2)])
def test_a_failure_that_was_overcome_does_not_pause(failed_at: Any) -> None:
    """R29: nor does one that is dated in the future."""
    plan = paused_plan(nightly(9), failed_runs=[failed_at])
    assert plan.paused is None
    assert ages(plan) == [0, 1]
    plan.raise_if_paused()


def test_a_partial_backup_is_no_success_after_a_failure() -> None:
    """I10: only a complete one ends the pause."""
    backups = [partial(ago(hours=1)), *nightly(9)]
    assert paused_plan(backups, failed_runs=[ago(hours=2)]).paused is not None


@pytest.mark.parametrize(
    ("facts", "clause"),
    [
        ({"original_size": 499}, "it holds 50 % fewer bytes than is usual (499 against 1,000)"),
        ({"total_records": 4}, "it holds 60 % fewer records than is usual (4 against 10)"),
        ({"total_records": 0}, "it holds no records, the backups before it did"),
        ({"original_size": 0}, "it holds no bytes, the backups before it did"),
        ({"table_counts": {}}, "it holds no tables, the backups before it did"),
    ],
    ids=str,
)
def test_the_policy_pauses_while_the_newest_backup_looks_wrong(
    facts: dict[str, Any], clause: str
) -> None:
    """R11: empty, or shrunk by more than half against the median of the five before."""
    newest, *earlier = nightly(9)
    plan = paused_plan([make_backup(newest.created_at, **facts), *earlier])
    assert plan.removed == ()
    assert plan.paused == (
        f"Retention is paused: the newest backup {newest.backup_id} looks wrong: {clause}. "
        "Check what it holds; if it is right, remove with --force"
    )


@pytest.mark.parametrize(
    "facts", [{"original_size": 500}, {"total_records": 5}, {"original_size": 10**9}], ids=str
)
def test_what_may_well_be_does_not_pause(facts: dict[str, Any]) -> None:
    """Half is not less than half, and growth is what databases do."""
    newest, *earlier = nightly(9)
    assert paused_plan([make_backup(newest.created_at, **facts), *earlier]).paused is None


def test_an_application_without_tables_is_not_suspected_of_having_lost_them() -> None:
    """A plan may protect directories only."""
    assert paused_plan(nightly(9, table_counts={}, total_records=0)).paused is None


def test_one_odd_backup_before_does_not_say_what_is_usual() -> None:
    """The median does; and three backups of the new size make it the usual one."""
    backups = nightly(9)
    backups[1] = make_backup(backups[1].created_at, original_size=10**6)
    assert paused_plan(backups).paused is None
    shrunk = [make_backup(each.created_at, original_size=10) for each in nightly(9)]
    assert paused_plan([*shrunk[:3], *backups[3:]]).paused is not None
    assert paused_plan([*shrunk[:4], *backups[4:]]).paused is None


def test_an_empty_database_stays_suspect_for_five_backups() -> None:
    """R11: empty is worse than small."""
    empty = nightly(9, table_counts={}, total_records=0)
    for count in range(1, 6):
        assert paused_plan([*empty[:count], *nightly(9)[count:]]).paused is not None


def test_one_run_removes_no_more_than_its_share() -> None:
    """R27: unless a person has seen it and says so."""
    plan = paused_plan(nightly(10), max_removed_share=0.7)
    assert plan.removed == ()
    assert plan.paused == (
        "Retention is paused: 8 of 10 backups would be removed at once, more than the 70% that a "
        "run may remove unasked. Look at them, then confirm with --force"
    )
    assert len(paused_plan(nightly(10), max_removed_share=0.8).removed) == 8


@pytest.mark.parametrize("share", [-0.1, 1.1, 50])
def test_a_share_is_between_nothing_and_all(share: float) -> None:
    """50 is no way to write 50 %."""
    with pytest.raises(ConfigError, match="max_removed_share"):
        paused_plan([], max_removed_share=share)


def test_force_removes_all_the_same() -> None:
    """A person has looked; the newest complete backup stays all the same."""
    newest, *earlier = nightly(9)
    shrunk = make_backup(newest.created_at, original_size=1)
    plan = paused_plan([shrunk, *earlier], failed_runs=[NOW], max_removed_share=0.0, force=True)
    assert (plan.paused, ages(plan)) == (None, [0, 1])


def test_a_pause_is_only_told_where_it_holds_something_back() -> None:
    """A policy that removes nothing has nothing to pause."""
    assert paused_plan(nightly(2), failed_runs=[NOW]).paused is None


@pytest.mark.parametrize("minutes", [6, 60, 60 * 24 * 365])
def test_backups_dated_in_the_future_are_neither_counted_nor_removed(minutes: int) -> None:
    """R29, I9: a thousand of them push nothing out."""
    step = timedelta(seconds=1)
    forged = [make_backup(NOW + timedelta(minutes=minutes) + i * step) for i in range(1000)]
    plan = paused_plan([*forged, *nightly(9)])
    assert len(plan.kept) == 1000 + 2
    assert ages(plan)[-2:] == [0, 1]
    assert str(plan.decisions[0]) == "kept: dated in the future"


def test_clocks_may_differ_by_five_minutes() -> None:
    """A backup of a host whose clock is a little ahead counts."""
    ahead = make_backup(NOW + timedelta(minutes=5))
    assert paused_plan([ahead, *nightly(3)]).kept == (ahead, *nightly(1))


def test_a_flood_of_forged_backups_does_not_break_the_floor() -> None:
    """R29: what was made within the span stays, whatever was put beside it."""
    real = nightly(29)
    moments = [NOW - timedelta(minutes=i) for i in range(1000)]
    moments += [each.created_at + timedelta(seconds=1) for each in real]
    forged = [make_backup(at, hostname="attacker") for at in moments]
    policy = RetentionPolicy(keep_last=3, keep_daily=7, keep_within="30d", max_backups=10)
    kept = plan_retention([*forged, *real], (), policy, now=NOW).kept
    assert [each for each in kept if each in real] == real


def test_a_flood_of_forged_backups_is_too_much_for_one_run() -> None:
    """R29: without a floor, the share still asks for a person."""
    forged = [make_backup(NOW - timedelta(minutes=i)) for i in range(1000)]
    plan = plan_retention(
        [*forged, *nightly(30)],
        (),
        RetentionPolicy(retention_days=30, max_backups=30),
        now=NOW,
        max_removed_share=0.5,
    )
    assert plan.removed == ()


def test_time_that_passes_removes_nothing() -> None:
    """I9: with no newer backup nothing grows old, be the clock right or a year ahead."""
    policy = RetentionPolicy(retention_days=30, keep_within="7d")
    for days in (0, 60, 365, 36500):
        later = NOW + timedelta(days=days)
        assert plan_retention(nightly(30), (), policy, now=later).removed == ()


def test_a_backup_made_by_a_clock_a_year_ahead_removes_nothing_by_itself() -> None:
    """R29: all others look too old beside it; a run alone may not act on that."""
    leapt = NOW + timedelta(days=365)
    policy = RetentionPolicy(retention_days=30, max_backups=30)
    backups = [make_backup(leapt), *nightly(30)]
    plan = plan_retention(backups, (), policy, now=leapt, max_removed_share=0.5)
    assert plan.removed == ()
    assert plan_retention(backups, (), policy, now=NOW + timedelta(days=1)).removed == ()
