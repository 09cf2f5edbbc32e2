"""Retention against a short model of it, and over the life of a plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType
from holdfast.operations.retention import (
    RetentionPolicy,
    is_complete,
    is_verified,
    plan_retention,
)
from tests.operations.backup_values import NOW, make_backup

KEYS: dict[str, Callable[[datetime], Any]] = {
    "keep_last": lambda at: at.astimezone(UTC),
    "keep_hourly": lambda at: f"{at:%Y-%m-%d %H}",
    "keep_daily": lambda at: f"{at:%Y-%m-%d}",
    "keep_weekly": lambda at: f"{at:%G-%V}",
    "keep_monthly": lambda at: f"{at:%Y-%m}",
    "keep_yearly": lambda at: f"{at:%Y}",
}
DAY = timedelta(days=1)
ZONES = [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")]


def model(
    backups: list[BackupMetadata], policy: RetentionPolicy, zone: tzinfo, undo: str | None
) -> list[BackupMetadata]:
    """Return what a policy keeps, by sets where the real one counts; oldest first."""
    order = sorted(backups, key=lambda b: (b.created_at, b.backup_id))
    gone = {BackupStatus.FAILED}
    stored = [b for b in order if b.created_at <= NOW + DAY / 288 and b.status not in gone]
    good = [b for b in stored if is_complete(b) and b.backup_type != BackupType.PRE_RESTORE]
    if policy == RetentionPolicy() or not good:
        return order
    latest = min(NOW, good[-1].created_at)
    floor = policy.within_since(latest, zone) or datetime.max.replace(tzinfo=UTC)
    tags = set(policy.keep_tags)
    days, most = policy.retention_days, policy.max_backups

    def in_limits(b: BackupMetadata) -> bool:
        newer = sum(g.created_at > b.created_at for g in good)
        young = not days or b.created_at >= latest - days * DAY
        return bool(days or most) and young and (not most or newer < most)

    wanted = [b for b in stored if b.created_at >= floor or tags & {*b.tags} or b.keep]
    wanted += [b for b in stored if b.backup_id == undo]
    keep = [b for b in good if b in wanted or in_limits(b)] + good[-1:]
    keep += [b for b in good if is_verified(b)][-1:]
    for name, key in KEYS.items():
        newest = {key(b.created_at.astimezone(zone)): b for b in good}
        keep += sorted(newest.values(), key=order.index)[
            max(0, len(newest) - getattr(policy, name)) :
        ]
    oldest = min(keep, key=order.index).created_at
    for b in stored:
        age = latest - b.created_at
        if b.backup_type is BackupType.PRE_RESTORE:
            whole = [s for s in stored if s.backup_type is b.backup_type and is_complete(s)]
            last = whole[-3:] + [s for s in whole if is_verified(s)][-1:]
            newer = b.created_at > whole[-1].created_at if whole else True
            keep += [b] * (b in last or newer or age <= 7 * DAY)
        elif not is_complete(b) and b.created_at >= oldest:
            allowed = in_limits(b) if days or most else age <= 7 * DAY
            keep += [b] * (allowed or b.created_at > good[-1].created_at)
    return [b for b in order if b in keep or b in wanted or b not in stored]


STATUSES = [BackupStatus.COMPLETED] * 4 + list(BackupStatus)
TYPES = [BackupType.SCHEDULED] * 3 + list(BackupType)


@st.composite
def backup_lists(draw: st.DrawFn) -> list[BackupMetadata]:
    """Make backups of all kinds, some at the edges of hours, days, weeks and years."""
    hours = draw(st.lists(st.integers(-60, 24 * 500), unique=True, max_size=25))
    return [
        make_backup(
            NOW - timedelta(hours=hour // draw(st.sampled_from([1, 24])), seconds=i),
            backup_id=f"backup_{i}",
            status=draw(st.sampled_from(STATUSES)),
            backup_type=draw(st.sampled_from(TYPES)),
            verified=draw(st.booleans()),
            verification_errors=draw(st.sampled_from([(), (), (), ("bad",)])),
            damaged=draw(st.sampled_from([False] * 5 + [True])),
            keep=draw(st.sampled_from([False] * 9 + [True])),
            tags=draw(st.sampled_from([(), (), ("release",), ("release", "eu")])),
        )
        for i, hour in enumerate(hours)
    ]


COUNTS = st.sampled_from([0, 0, 0, 1, 2, 3, 7, 30])
POLICIES = st.builds(
    RetentionPolicy,
    **dict.fromkeys([*KEYS, "retention_days", "max_backups"], COUNTS),
    keep_within=st.sampled_from([None, None, "3d", "2m", "1y6m", timedelta(hours=100)]),
    keep_tags=st.sampled_from([(), (), ("release",), ("none",)]),
)


@settings(max_examples=200, deadline=None)
@given(backup_lists(), POLICIES, st.sampled_from(ZONES), st.sampled_from([None, "backup_3"]))
def test_the_plan_is_the_models(
    backups: list[BackupMetadata], policy: RetentionPolicy, zone: tzinfo, undo: str | None
) -> None:
    """R27: what is kept is what forty lines of sets keep, for any backups and any policy."""
    plan = plan_retention(
        backups, (), policy, now=NOW, timezone=zone, undo_backup_id=undo, force=True
    )
    assert list(plan.kept)[::-1] == model(backups, policy, zone, undo)
    assert all(decision.reasons for decision in plan.decisions)
    again = plan_retention(
        plan.kept, (), policy, now=NOW, timezone=zone, undo_backup_id=undo, force=True
    )
    assert again.removed == ()


class PlanLife(RuleBasedStateMachine):
    """R26, R29: backups come, fail, rot and are forged; clocks leap; policies are applied.

    The clock that the application sees may be wrong; `true_at` is right.
    """

    @initialize()
    def begin(self) -> None:
        self.true_at = NOW
        self.skew = timedelta(0)
        self.backups: list[BackupMetadata] = []
        self.failed: list[datetime] = []
        self.real: dict[str, datetime] = {}
        self.count = 0

    @property
    def now(self) -> datetime:
        return self.true_at + self.skew

    def add(self, at: datetime, **facts: Any) -> BackupMetadata:
        self.count += 1
        self.backups.append(make_backup(at, backup_id=f"backup_{self.count}", **facts))
        return self.backups[-1]

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.true_at += timedelta(hours=hours)

    @rule(days=st.sampled_from([0, 0, -365, -1, 1, 365]))
    def clock_is_set(self, days: int) -> None:
        self.skew = days * DAY

    @rule(verified=st.booleans())
    def run_succeeds(self, verified: bool) -> None:
        self.true_at += timedelta(hours=1)
        made = self.add(self.now, verified=verified)
        if not self.skew:
            self.real[made.backup_id] = self.true_at

    @rule()
    def run_fails(self) -> None:
        self.true_at += timedelta(hours=1)
        self.failed.append(self.now)

    @rule(empty=st.booleans())
    def run_is_worth_little(self, empty: bool) -> None:
        self.true_at += timedelta(hours=1)
        if empty:
            self.add(self.now, original_size=0, total_records=0, table_counts={})
        else:
            self.add(self.now, status=BackupStatus.PARTIAL, problems=("x",))

    @rule(data=st.data())
    def backup_rots(self, data: st.DataObject) -> None:
        if self.backups:
            i = data.draw(st.integers(0, len(self.backups) - 1))
            old = self.backups[i]
            facts = {"backup_id": old.backup_id, "verification_errors": ("bad",)}
            self.backups[i] = make_backup(old.created_at, **facts)
            self.real.pop(old.backup_id, None)

    @rule(hours=st.lists(st.integers(-24 * 400, 24 * 400), min_size=1, max_size=30))
    def backups_are_forged(self, hours: list[int]) -> None:
        for hour in hours:
            self.add(self.true_at + timedelta(hours=hour), verified=True, hostname="attacker")

    @rule(policy=POLICIES, floor=st.booleans())
    def policy_is_applied(self, policy: RetentionPolicy, floor: bool) -> None:
        if floor:
            policy = RetentionPolicy(keep_within="30d", max_backups=3, keep_last=2)
        plan = plan_retention(
            self.backups, self.failed, policy, now=self.now, max_removed_share=0.5
        )
        present = [b for b in self.backups if b.created_at <= self.now + DAY / 288]
        good = sorted(filter(is_complete, present), key=lambda b: b.created_at)
        if plan.paused or policy.is_empty:
            assert not plan.removed
        assert len(plan.removed) <= len(present) / 2
        assert all(b in plan.kept for b in self.backups if b not in present)
        assert all(b in plan.kept for b in good[-max(1, policy.keep_last) :])
        assert all(b in plan.kept for b in list(filter(is_verified, good))[-1:])
        if good and any(at > good[-1].created_at for at in self.failed if at <= self.now):
            assert not plan.removed
        if floor and self.now <= self.true_at:
            # The application's clock is right or slow: the floor holds against everything.
            young = {i for i, at in self.real.items() if at > self.true_at - 30 * DAY}
            assert young <= {b.backup_id for b in plan.kept}
        self.backups = list(plan.kept)
        self.real = {b.backup_id: b.created_at for b in self.backups if b.backup_id in self.real}

    @invariant()
    def there_is_always_a_backup_once_there_was_one(self) -> None:
        assert bool(self.backups) == bool(self.count)


PlanLife.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
test_the_life_of_a_plan = PlanLife.TestCase
