"""R47: that backups grow old is noticed once, and that there is a fresh one again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.errors import StoreError
from holdfast.jobs.listing import BackupFilter, BackupListing
from holdfast.jobs.overdue import OverdueWatch
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.notify import Event
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock

HOUR_S = 3600.0


class Backups(BackupListing):
    """The backups as the test says."""

    def __init__(self, application: Application) -> None:
        super().__init__(application.service())
        self.there: list[BackupMetadata] = []
        self.broken = False

    def list(self, wanted: BackupFilter = BackupFilter()) -> list[BackupMetadata]:  # noqa: B008
        if self.broken:
            raise StoreError("The disk is gone")
        return self.there


@pytest.fixture
def clock() -> SimClock:
    return SimClock()


@pytest.fixture
def catalog(tmp_path: Path, clock: SimClock) -> Iterator[CatalogDatabase]:
    """A catalog with a schedule of each hour."""
    made = CatalogDatabase(f"sqlite:///{tmp_path}/catalog.db", clock=clock)
    made.schedules.put(Schedule(plan="default", cron="0 * * * *"), expected_version=0)
    yield made
    made.close()


@pytest.fixture
def backups(application: Application) -> Backups:
    return Backups(application)


@pytest.fixture
def made(application: Application) -> BackupMetadata:
    """A real backup, of which the test says when it was made."""
    return application.service().create_backup()


def look(catalog: CatalogDatabase, backups: Backups) -> list[tuple[Event, str]]:
    """Look as a process does that has just begun; return what there is to tell, and its keys."""
    watch = OverdueWatch(catalog, "default", backups)
    return [(each.events[0], each.key) for each in watch.look()]


def test_a_backup_that_grows_old_is_told_once(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    """By one key, whoever looks and however often; a fresh one ends it, and then it may recur."""
    backups.there = [replace(made, created_at=clock.now())]
    assert look(catalog, backups) == []
    clock.advance(2 * HOUR_S)
    assert look(catalog, backups) == []
    clock.advance(HOUR_S)
    [(event, key)] = look(catalog, backups)
    assert event is Event.OVERDUE
    clock.advance(HOUR_S)
    assert look(catalog, backups) == [(event, key)]
    backups.there = [replace(made, backup_id="backup_new", created_at=clock.now())]
    assert look(catalog, backups) == [(Event.RECOVERED, "recovered backup_new")]
    assert look(catalog, backups) == []
    clock.advance(5 * HOUR_S)
    [(again, other)] = look(catalog, backups)
    assert again is Event.OVERDUE
    assert other != key


def test_a_backup_that_is_not_whole_does_not_end_it(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    clock.advance(5 * HOUR_S)
    [(_, key)] = look(catalog, backups)
    partial = replace(made, created_at=clock.now(), status=BackupStatus.PARTIAL)
    backups.there = [partial]
    assert look(catalog, backups) == [(Event.OVERDUE, key)]


def test_another_schedule_ends_it_in_silence(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    """There is no fresher backup, but none is promised any more."""
    backups.there = [replace(made, created_at=clock.now())]
    clock.advance(5 * HOUR_S)
    assert len(look(catalog, backups)) == 1
    off = Schedule(plan="default", cron="0 * * * *", enabled=False)
    catalog.schedules.put(off, expected_version=1)
    assert look(catalog, backups) == []
    assert catalog.facts.under("notify.overdue") == {}


def test_where_the_repository_cannot_be_read_the_last_known_backup_grows_old(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    watch = OverdueWatch(catalog, "default", backups)
    backups.broken = True
    with pytest.raises(StoreError):
        list(watch.look())
    backups.broken = False
    backups.there = [replace(made, created_at=clock.now())]
    assert list(watch.look()) == []
    backups.broken = True
    clock.advance(timedelta(hours=5).total_seconds())
    [found] = watch.look()
    assert found.events == (Event.OVERDUE,)
    assert "is 5.0 hours old" in found.message
