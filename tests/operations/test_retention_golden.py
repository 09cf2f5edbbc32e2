"""What people read before a cleanup: every kind of backup under many a policy, word for word.

After a change that is meant, write the table anew:
`python -m tests.operations.test_retention_golden`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from holdfast.models.backup import BackupStatus
from holdfast.operations.retention import RetentionPolicy, plan_retention
from tests.operations.backup_values import NOW, ago, make_backup, partial, safety

TABLE = Path(__file__).parent / "golden" / "retention.txt"

BACKUPS = {
    "dated 1 h ahead": make_backup(ago(hours=-1)),
    "partial, newest": partial(ago(hours=1)),
    "complete, 4 h": make_backup(ago(hours=4)),
    "complete, 10 h": make_backup(ago(hours=10)),
    "failed run, 20 h": make_backup(ago(hours=20), status=BackupStatus.FAILED),
    "safety, 1 d": safety(ago(days=1)),
    "verified, 1.4 d": make_backup(ago(days=1.4), verified=True),
    "partial, 2 d": partial(ago(days=2)),
    "complete, 3 d": make_backup(ago(days=3)),
    "damaged, 6 d": make_backup(ago(days=6), damaged=True),
    "complete, 8 d": make_backup(ago(days=8)),
    "proven bad, 9 d": make_backup(ago(days=9), verification_errors=("pack 3f is damaged",)),
    "kept, 16 d": make_backup(ago(days=16), keep=True),
    "safety, 20 d": safety(ago(days=20)),
    "restored, 25 d": make_backup(ago(days=25), status=BackupStatus.RESTORED),
    "tagged, 40 d": make_backup(ago(days=40), tags=("release",)),
    "safety, 41 d": safety(ago(days=41)),
    "safety, 42 d, undo": safety(ago(days=42), backup_id="undo"),
    "safety, 43 d": safety(ago(days=43)),
    "complete, 80 d": make_backup(ago(days=80)),
    "partial, 90 d": partial(ago(days=90)),
    "complete, 400 d": make_backup(ago(days=400)),
}

POLICIES: list[dict[str, Any]] = [
    {},
    {"keep_last": 1},
    {"keep_last": 4},
    {"keep_hourly": 3},
    {"keep_daily": 3},
    {"keep_weekly": 3},
    {"keep_monthly": 3},
    {"keep_yearly": 3},
    {"keep_within": "7d"},
    {"keep_within": "2m"},
    {"keep_tags": ("release",)},
    {"keep_daily": 7, "keep_weekly": 4, "keep_monthly": 12},
    {"retention_days": 30},
    {"max_backups": 3},
    {"retention_days": 30, "max_backups": 30},
    {"retention_days": 7, "max_backups": 30, "keep_monthly": 3},
    {"keep_last": 2, "max_backups": 5, "keep_within": "3d"},
]


def render() -> Iterator[str]:
    """Yield the table, a paragraph for each policy, newest backup first."""
    for rules in POLICIES:
        policy = RetentionPolicy(**rules)
        plan = plan_retention(
            list(BACKUPS.values()),
            (),
            policy,
            now=NOW,
            timezone=ZoneInfo("Europe/Berlin"),
            undo_backup_id="undo",
        )
        yield " ".join(f"{name}={value}" for name, value in rules.items()) or "no rules"
        for name, decision in zip(BACKUPS, plan.decisions, strict=True):
            assert decision.backup is BACKUPS[name]
            yield f"    {name:<20} {decision}"
        yield ""


def test_each_decision_is_the_one_that_was_agreed_on() -> None:
    """A change here is a change of what people lose; read each line of it."""
    assert "\n".join(render()) == TABLE.read_text()


if __name__ == "__main__":
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text("\n".join(render()))
