"""Snapshots that somebody with the password adds, to push out real backups or pass for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.errors import RetentionPaused
from holdfast.models.retention import RetentionPolicy
from holdfast.operations.backups import name_snapshots
from holdfast.repository import Repository, Snapshot
from holdfast.stores import open_store
from tests.operations.application import PASSWORD, Application

YEAR = timedelta(days=365)


class Attacked:
    """An application with three real backups, and what an attacker added to them."""

    def __init__(self, application: Application, forged: int) -> None:
        self.service = application.service()
        self.made = [self.service.create_backup() for _ in range(3)]
        self.service.verify_backup(self.made[0].backup_id)
        repository = Repository.open(open_store(str(application.repository)), PASSWORD)
        self.real = repository.list_snapshots()
        with repository.lock() as lock, repository.writer(lock) as writer:
            empty = writer.save_tree([])
            writer.finish()
        for number in range(forged):
            real = self.real[number % 3]
            when = self._when(number, real)
            repository.save_snapshot(replace(real, id=None, tree=empty, time=when))

    def _when(self, number: int, real: Snapshot) -> datetime:
        """Return a time around the real one, now, next year, or last year."""
        step = timedelta(seconds=10 + number)
        now = datetime.now(UTC)
        return (real.time - step, now - step / 1000, now + YEAR + step, now - YEAR - step)[
            number // 3 % 4
        ]


def test_forged_snapshots_push_out_no_real_backup(application: Application) -> None:
    """R29: `keep_within` keeps what is young, whatever comes newer, older or of next year."""
    attacked = Attacked(application, forged=1000)
    service = attacked.service
    assert len(service.list_backups(limit=None)) == 1003

    plan = service.plan_retention(RetentionPolicy(keep_within="30d"))
    service.apply_retention(plan)

    left = service.list_backups(limit=None)
    assert len(left) < 1000
    assert {each.id for each in attacked.real} <= {each.snapshot_id for each in left}
    for made in attacked.made:
        assert service.verify_backup(made.backup_id)


def test_a_limit_by_number_keeps_the_proven_backup_and_pauses_unattended(
    application: Application,
) -> None:
    """R29: a number alone is a weak rule, which newer forgeries fill; the proven one stays."""
    attacked = Attacked(application, forged=60)
    service = attacked.service
    plan = service.plan_retention(RetentionPolicy(keep_last=1), force=True)
    assert attacked.real[0].id in {each.snapshot_id for each in plan.kept}

    with pytest.raises(RetentionPaused):
        service.cleanup_after_run(max_backups=1)


def test_a_real_backup_keeps_its_name_and_latest_is_not_of_next_year(
    application: Application,
) -> None:
    """R29: names are stolen by nobody, older or newer; a date in the future captures nothing."""
    attacked = Attacked(application, forged=60)
    service = attacked.service
    listed = {each.backup_id: each for each in service.list_backups(limit=None)}
    for made, real in zip(attacked.made, attacked.real, strict=True):
        assert listed[made.backup_id].snapshot_id == real.id
    assert service.get_backup("latest").created_at <= datetime.now(UTC)


def test_of_two_snapshots_with_one_label_the_one_that_it_was_made_for_has_the_name() -> None:
    """A copy with a changed time has a name of its own; the list is in order of time."""
    when = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    label = "backup_20240506_070809"
    real = Snapshot(id="r", time=when, tree=bytes(32), label=label)
    second = replace(real, id="s", label=f"{label}_2")
    older = replace(real, id="o", time=when - YEAR)
    newer = replace(real, id="n", time=when + YEAR)

    assert [(name, each.id) for name, each in name_snapshots([newer, second, older, real])] == [
        ("backup_20230507_070809", "o"),
        (f"{label}_2", "s"),
        (label, "r"),
        ("backup_20250506_070809", "n"),
    ]
