"""Two applications in one repository never touch each other's data or backups."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from holdfast import BackupMetadata, BackupStatus, Progress, RetentionPolicy
from holdfast.errors import RetentionError, UsageError
from tests.operations.application import Application


@pytest.fixture
def other(application: Application, tmp_path: Path) -> Application:
    """Another application with the same file names, and its own data."""
    made = Application(tmp_path / "other")
    made.create(events=3)
    return made


def test_latest_is_the_newest_backup_of_the_plan(
    application: Application, other: Application
) -> None:
    service = application.service(plan="one")
    own = service.create_backup()
    other.service(plan="two", backup_dir=application.repository).create_backup()
    assert service.get_backup("latest").backup_id == own.backup_id
    service.restore_backup("latest")
    assert application.rows("select count(*) from events") == [(20,)]


def test_the_backup_of_another_plan_does_not_replace_live_data(
    application: Application, other: Application
) -> None:
    """R20: the same file names do not make it the same application."""
    service = application.service(plan="one")
    service.create_backup()
    theirs = other.service(plan="two", backup_dir=application.repository).create_backup()
    with pytest.raises(UsageError, match="plan two"):
        service.restore_backup(theirs.backup_id)
    assert application.rows("select count(*) from events") == [(20,)]
    assert service.restore_backup(theirs.backup_id, into=application.root / "out")


def test_a_running_restore_is_not_recovered_by_another_plan(
    application: Application, other: Application
) -> None:
    """R17: each plan has its own journal."""
    first = application.service(plan="one", settings=None)
    made = first.create_backup()
    second = other.service(plan="two", backup_dir=application.repository, settings=None)
    second.create_backup()
    application.add_events(2)
    (application.thumbnails / "1.jpg").unlink()
    seen: list[BackupMetadata] = []

    def meanwhile(progress: Progress) -> None:
        if progress.step.startswith("Replacing app") and not seen:
            seen.append(second.create_backup())

    assert first.restore_backup(made.backup_id, progress=meanwhile)
    assert not any("interrupted" in each for each in seen[0].warnings)
    assert application.rows("select count(*) from events") == [(20,)]
    assert (application.thumbnails / "1.jpg").exists()


def test_backups_of_one_instant_get_distinct_ids(
    application: Application, other: Application
) -> None:
    services = [
        application.service(plan="one"),
        other.service(plan="two", backup_dir=application.repository),
    ]
    services[0].init_repository()
    for _ in range(2):
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda service: service.create_backup(), services))
        assert len({each.backup_id for each in made}) == 2
        assert [each.plan for each in made] == ["one", "two"]
        for each in made:
            assert services[0].get_backup(each.backup_id).plan == each.plan


def test_retention_touches_only_what_the_plan_made(
    application: Application, other: Application
) -> None:
    """R30: neither another plan's backups nor another program's are counted or removed."""
    service = application.service(plan="one")
    service.create_backup()
    application.restic().run("backup", str(application.thumbnails))
    other.service(plan="two", backup_dir=application.repository).create_backup()
    for _ in range(2):
        application.add_events(1)
        service.create_backup()
    assert service.delete_old_backups(keep_count=1) == 2
    plans = sorted(each.plan for each in service.list_backups())
    assert plans == ["", "one", "two"]
    application.restic().run("check", "--read-data")


def test_a_plan_of_yesterday_does_not_remove_the_last_good_backup(
    application: Application,
) -> None:
    """R26: the guards are looked at again when the removal happens."""
    service = application.service()
    for _ in range(2):
        service.create_backup()
    plan = service.plan_retention(RetentionPolicy(keep_last=1))
    newest = service.list_backups()[0]
    service.delete_backup(newest.backup_id)
    with pytest.raises(RetentionError, match="last good"):
        service.apply_retention(plan)
    assert len(service.list_backups()) == 1


def test_two_databases_of_which_one_is_empty_verify_and_restore(
    application: Application, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.db"
    empty.write_bytes(b"")
    service = application.service(
        database_url=None,
        databases={
            "main": f"sqlite:///{application.database}",
            "spare": f"sqlite:///{empty}",
        },
        references={"thumbnails": "select thumbnail_path from events"},
    )
    made = service.create_backup()
    assert made.table_counts["main.events"] == 20
    assert service.verify_backup("latest")
    assert service.restore_backup("latest", into=tmp_path / "out")
    application.add_events(1)
    assert service.restore_backup("latest")
    assert application.rows("select count(*) from events") == [(20,)]


def test_a_damaged_catalog_stops_nothing(application: Application) -> None:
    """The catalog is a convenience: without it backups list, verify and restore."""
    service = application.service()
    service.create_backup()
    (application.repository / "holdfast" / "runs.db").write_bytes(b"no database" * 100)
    assert len(service.list_backups()) == 1
    assert service.verify_backup("latest")
    assert service.create_backup().status is BackupStatus.COMPLETED
    assert service.restore_backup("latest")
    assert service.get_backup_stats().total_backups >= 2
