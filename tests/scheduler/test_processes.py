"""Several processes keep the schedule of one repository, each with a scheduler of its own."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService
from holdfast.errors import AlreadyRun
from holdfast.models.backup import BackupMetadata, BackupType, Trigger
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock
from tests.scheduler.desk import utc

_LAST_MINUTE = 5


@pytest.fixture
def application(tmp_path: Path) -> Application:
    made = Application(tmp_path)
    made.create(events=3)
    return made


def test_two_processes_make_each_run_of_one_schedule_once(application: Application) -> None:
    """R41: one backup for each nominal time, whoever makes it, and none is left out."""
    command = [sys.executable, "-m", "tests.scheduler.keeping", str(application.root)]
    processes = [
        subprocess.Popen(
            [*command, str(_LAST_MINUTE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("go\n", timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    # A process that finds the other at work waits, and says so once.
    assert set("".join(said).split()) <= {"backup-busy"}
    made = [each.created_at for each in application.service().list_backups()]
    assert sorted(each.replace(second=0, microsecond=0) for each in made) == [
        utc(f"2024-03-01 02:0{minute}") for minute in range(_LAST_MINUTE + 1)
    ]


def scheduled(application: Application, clock: SimClock, *, retry_failed: bool = False) -> str:
    """Make the backup that was due at two."""
    made = application.service(clock=clock).create_backup(
        backup_type=BackupType.SCHEDULED,
        trigger=Trigger.SCHEDULED_CRON,
        due_at=utc("2024-03-01 02:00"),
        retry_failed=retry_failed,
    )
    return made.backup_id


def test_a_run_that_came_to_its_end_a_moment_ago_is_not_made_again(
    application: Application,
) -> None:
    """R41: the second process comes when the first holds no lock any more."""
    scheduled(application, SimClock(utc("2024-03-01 02:00")))
    with pytest.raises(AlreadyRun) as refused:
        scheduled(application, SimClock(utc("2024-03-01 02:00") + timedelta(seconds=7)))
    assert refused.value.run_at == utc("2024-03-01 02:00")
    assert len(application.service().list_backups()) == 1


def test_a_run_that_failed_is_made_again_by_a_restart_and_by_no_other_process(
    application: Application,
) -> None:
    """R44: what was missed is caught up on, and eight processes do not fail eight times."""
    clock = SimClock(utc("2024-03-01 02:00"))
    away = application.database.with_suffix(".away")
    application.service(clock=clock).init_repository()
    application.database.rename(away)
    with pytest.raises(Exception, match="app"):
        scheduled(application, clock)
    away.rename(application.database)
    with pytest.raises(AlreadyRun):
        scheduled(application, clock)
    assert scheduled(application, clock, retry_failed=True)


def test_a_backup_dated_far_ahead_does_not_stop_the_schedule(application: Application) -> None:
    """R43: a clock that leapt a year ahead and back again left one behind."""
    scheduled(application, SimClock(utc("2025-03-01 02:00")))
    assert scheduled(application, SimClock(utc("2024-03-01 02:00")))


def due_at_two(service: BackupService) -> BackupMetadata:
    return service.create_backup(
        backup_type=BackupType.SCHEDULED,
        trigger=Trigger.SCHEDULED_CRON,
        due_at=utc("2024-03-01 02:00"),
    )


@pytest.mark.parametrize("difference", ["app", "sources", "places"])
def test_another_application_under_the_same_plan_name_is_backed_up_and_warned_of(
    application: Application, tmp_path: Path, difference: str
) -> None:
    """R41: its run is no second one, though it comes for the same time to the same repository."""
    clock = SimClock(utc("2024-03-01 02:00"))
    first = due_at_two(application.service(clock=clock, app="shop"))
    assert not any("Two applications" in each for each in first.warnings)
    other = Application(tmp_path / "other")
    other.create(events=1)
    choices: dict[str, dict[str, Any]] = {
        "app": {"app": "forum"},
        "sources": {"app": "shop", "directories": {}},
        "places": {"app": "shop", "database_url": f"sqlite:///{other.database}"},
    }
    second = application.service(clock=clock, **choices[difference])
    assert second.last_scheduled_run_at() is None
    assert any("Two applications" in each for each in due_at_two(second).warnings)
    for service in (second, application.service(clock=clock, app="shop")):
        with pytest.raises(AlreadyRun):
            due_at_two(service)


def test_a_failed_run_of_another_application_is_not_one_of_ours(application: Application) -> None:
    """R44: the catalog tells whose run it was, before there is a backup."""
    clock = SimClock(utc("2024-03-01 02:00"))
    application.service(clock=clock).init_repository()
    lost = application.root / "lost.db"
    with pytest.raises(Exception, match="lost"):
        due_at_two(application.service(clock=clock, database_url=f"sqlite:///{lost}"))
    made = due_at_two(application.service(clock=clock))
    assert any("Two applications" in each for each in made.warnings)


def test_servers_of_one_application_on_several_hosts_share_a_run(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R41: each has the shared data mounted where it likes."""
    clock = SimClock(utc("2024-03-01 02:00"))
    due_at_two(application.service(clock=clock))
    elsewhere = application.root / "elsewhere"
    elsewhere.symlink_to(application.root / "data")
    monkeypatch.setattr("socket.gethostname", lambda: "another-host")
    moved = application.service(
        clock=clock,
        database_url=f"sqlite:///{elsewhere / 'app.db'}",
        directories={"thumbnails": elsewhere / "thumbnails"},
    )
    with pytest.raises(AlreadyRun):
        due_at_two(moved)
