"""R47: that backups grow old is noticed once, and that there is a fresh one again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.jobs.lookout import Sight
from holdfast.jobs.overdue import OverdueWatch
from holdfast.jobs.telling import Announcement
from holdfast.models.backup import BackupMetadata, BackupStatus
from holdfast.notify import Event
from holdfast.operations.soundness import Check
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock

HOUR_S = 3600.0
BLIND_AFTER = timedelta(minutes=15)


class Backups:
    """What there is to see, as the test says."""

    def __init__(self) -> None:
        self.there: list[BackupMetadata] = []
        self.checks: list[Check] = []


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
def backups() -> Backups:
    return Backups()


@pytest.fixture
def made(application: Application) -> BackupMetadata:
    """A real backup, of which the test says when it was made."""
    return application.service().create_backup()


def told(found: Iterable[Announcement]) -> list[tuple[Event, str]]:
    """Return what there is to tell, and its keys."""
    return [(each.events[0], each.key) for each in found]


def look(catalog: CatalogDatabase, backups: Backups) -> list[tuple[Event, str]]:
    """Look as a process does that has just begun."""
    sight = Sight(at=catalog.clock.now(), backups=backups.there, checks=backups.checks)
    return told(watch(catalog).judge(sight))


def look_in_vain(catalog: CatalogDatabase) -> list[tuple[Event, str]]:
    """Look as a process does that has seen nothing for an hour."""
    return told(watch(catalog).judge_blind(timedelta(hours=1), "it does not answer"))


def watch(catalog: CatalogDatabase) -> OverdueWatch:
    return OverdueWatch(catalog, "default", BLIND_AFTER)


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


def test_a_backup_that_a_check_found_damaged_does_not_end_it(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    """Until it is proven again."""
    backups.there = [replace(made, created_at=clock.now())]
    touched = frozenset({made.backup_id})
    backups.checks = [Check(at=clock.now(), passed=False, touched=touched)]
    clock.advance(5 * HOUR_S)
    [(event, _)] = look(catalog, backups)
    assert event is Event.OVERDUE
    now = clock.now()
    backups.there = [replace(made, created_at=now, verified=True, verification_date=now)]
    assert look(catalog, backups) == [(Event.RECOVERED, f"recovered {made.backup_id}")]


def test_backups_grow_old_though_nobody_can_see_them(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    """By what was seen last, by whichever process; that nobody sees them is told as well."""
    assert [event for event, _ in look_in_vain(catalog)] == [Event.OVERDUE]
    backups.there = [replace(made, created_at=clock.now())]
    [(event, key)] = look(catalog, backups)
    assert (event, key.partition(" ")[0]) == (Event.RECOVERED, "sighted")
    assert look_in_vain(catalog) == [], "another process sees them"
    clock.advance(HOUR_S)
    [(event, blind)] = look_in_vain(catalog)
    assert (event, blind.partition(" ")[0]) == (Event.OVERDUE, "blind")
    clock.advance(3 * HOUR_S)
    [(_, again), (event, key)] = look_in_vain(catalog)
    assert again == blind
    assert (event, key.partition(" ")[0]) == (Event.OVERDUE, "overdue")
    fresh = replace(made, backup_id="backup_new", created_at=clock.now())
    backups.there = [fresh]
    sighted = blind.replace("blind", "sighted")
    assert look(catalog, backups) == [
        (Event.RECOVERED, sighted),
        (Event.RECOVERED, "recovered backup_new"),
    ]
    assert look(catalog, backups) == []


def test_where_no_backups_are_promised_nobody_needs_to_see_them(
    catalog: CatalogDatabase, backups: Backups
) -> None:
    off = Schedule(plan="default", cron="0 * * * *", enabled=False)
    catalog.schedules.put(off, expected_version=1)
    assert look_in_vain(catalog) == []


def test_a_look_that_hung_says_nothing_against_a_newer_one(
    catalog: CatalogDatabase, backups: Backups, clock: SimClock, made: BackupMetadata
) -> None:
    """It shows what was when it began; another process has seen a fresh backup since."""
    hung = Sight(at=clock.now(), backups=[])
    clock.advance(5 * HOUR_S)
    backups.there = [replace(made, created_at=clock.now())]
    assert look(catalog, backups) == []
    assert told(watch(catalog).judge(hung)) == []
    assert look(catalog, backups) == []
