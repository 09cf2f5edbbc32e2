"""Which jobs a schedule makes, by a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.errors import ConfigError
from holdfast.jobs.engine import MOST_WAITING
from holdfast.jobs.timing import Timing, checked, latest_between
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.models.schedule import BackupConfig, CronSchedule
from tests.rig.sim_clock import SimClock

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Lisbon",
    "Africa/Casablanca",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
)
PLAN = "default"


class Keeper:
    """A schedule that is looked at, and whose jobs are done at once."""

    def __init__(self, root: Path, now: str, schedule: Schedule, config: BackupConfig) -> None:
        self.clock = SimClock(at(now))
        self.database = CatalogDatabase(f"sqlite:///{root}/catalog.db", clock=self.clock)
        self.config = config
        self.schedule = self.database.schedules.put(schedule, expected_version=0)
        self.timing = Timing(self.database, PLAN, lambda: self.config)

    def look(self, now: str | datetime | None = None) -> str | None:
        """Look at an instant; return the nominal time of the job that was added."""
        if now is not None:
            self.clock.set_wall(at(now) if isinstance(now, str) else now)
        job, _ = self.timing.look()
        if job is None:
            return None
        self.finish()
        assert job.nominal_at is not None
        return f"{job.nominal_at:%Y-%m-%d %H:%M}"

    def finish(self) -> None:
        """Do what waits."""
        while claim := self.database.jobs.claim("test", PLAN, lease_s=30):
            self.database.jobs.finish(claim, status=JobStatus.COMPLETED)

    def restart(self) -> None:
        """Forget what is only in memory."""
        self.timing = Timing(self.database, PLAN, lambda: self.config)

    def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        return self.database.jobs.list(plan=PLAN, limit=1000)[0][::-1]


def at(text: str) -> datetime:
    """Read an instant such as `2024-03-01 02:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    """A schedule of 02:00 each day, seen first on 1 March at noon."""
    made = Keeper(
        tmp_path, "2024-03-01 12:00", Schedule(plan=PLAN, cron="0 2 * * *"), BackupConfig()
    )
    with closing(made.database):
        yield made


def test_the_schedule_adds_its_run_however_many_jobs_wait(keeper: Keeper) -> None:
    """Others are refused then; what keeps the data safe is not."""
    for _ in range(MOST_WAITING + 1):
        keeper.database.jobs.add(plan=PLAN, kind=JobKind.VERIFY, trigger=Trigger.MANUAL_API)
    keeper.clock.set_wall(at("2024-03-02 02:00"))
    job, _ = keeper.timing.look()
    assert job is not None
    assert job.trigger is Trigger.SCHEDULED_CRON


@pytest.mark.parametrize("zone", ZONES)
def test_daylight_saving_neither_loses_a_day_nor_repeats_one(zone: str, tmp_path: Path) -> None:
    """R42: at 02:30 daily, around each change of the offset, each nominal time has one job.

    What the nominal times are there, also where a day is skipped, `CronSchedule` is tested for.
    """
    cron = CronSchedule(expression="30 2 * * *", timezone=zone)
    for number, change_at in enumerate(changes_of_offset(cron)):
        place = tmp_path / str(number)
        place.mkdir()
        begin, end = change_at - timedelta(days=1.5), change_at + timedelta(days=1.5)
        schedule = Schedule(plan=PLAN, cron=cron.expression, timezone=zone)
        kept = Keeper(place, begin.isoformat()[:16], schedule, BackupConfig())
        with closing(kept.database):
            while kept.clock.now() <= end:
                kept.look()
                kept.clock.advance(3600)
            made = [job.nominal_at for job in kept.jobs()]
            assert made == nominal_times(cron, begin, kept.clock.now() - timedelta(hours=1))
            assert len(made) >= 3


def nominal_times(cron: CronSchedule, begin: datetime, end: datetime) -> list[datetime]:
    """Return all nominal times between two instants."""
    found: list[datetime] = []
    following = cron.next_after(begin)
    while following is not None and following <= end:
        found.append(following)
        following = cron.next_after(following)
    return found


def changes_of_offset(cron: CronSchedule) -> list[datetime]:
    """Return two instants at which the zone's offset changed; for Apia its lost day."""
    if cron.timezone == "Pacific/Apia":
        return [datetime(2011, 12, 30, 10, tzinfo=UTC)]
    found: list[datetime] = []
    instant = datetime(2011, 1, 1, tzinfo=UTC)
    while instant.year < 2013 and len(found) < 2:
        later = instant + timedelta(hours=6)
        if instant.astimezone(cron.zone).utcoffset() != later.astimezone(cron.zone).utcoffset():
            found.append(instant)
        instant = later
    return found or [datetime(2012, 1, 1, tzinfo=UTC)]  # Kathmandu has none


def test_a_time_has_one_job_and_the_next_is_told(keeper: Keeper) -> None:
    """R41: looking again, or from a process that knows nothing, adds no second job."""
    assert keeper.look() is None
    assert keeper.timing.look()[1] == at("2024-03-02 02:00")
    assert keeper.look("2024-03-02 02:00") == "2024-03-02 02:00"
    assert keeper.look() is None
    keeper.restart()
    assert keeper.look("2024-03-02 02:01") is None
    assert [job.trigger.value for job in keeper.jobs()] == ["scheduled_cron"]


def test_a_clock_set_back_an_hour_makes_no_run_twice(keeper: Keeper) -> None:
    """R43: the time that it shows again has been served."""
    assert keeper.look("2024-03-02 02:00") == "2024-03-02 02:00"
    assert keeper.look("2024-03-02 01:30") is None
    assert keeper.look("2024-03-02 02:00") is None
    assert keeper.look("2024-03-03 02:00") == "2024-03-03 02:00"


def test_a_clock_a_year_ahead_makes_one_run_and_afterwards_the_days_have_theirs(
    keeper: Keeper,
) -> None:
    """R43: no storm on the way there, and on the way back no year without a backup."""
    assert keeper.look("2024-03-02 02:00") == "2024-03-02 02:00"
    assert keeper.look("2025-03-02 02:30") == "2025-03-02 02:00"
    assert keeper.look() is None
    assert keeper.look("2024-03-02 12:00") is None
    assert keeper.look("2024-03-03 02:00") == "2024-03-03 02:00"
    keeper.restart()
    assert keeper.look("2024-03-03 02:01") is None
    assert keeper.look("2024-03-04 02:00") == "2024-03-04 02:00"


def test_a_schedule_kept_by_a_clock_that_was_a_year_ahead_goes_on(tmp_path: Path) -> None:
    """R43: when it was saved is no reason to wait for that year."""
    made = Keeper(
        tmp_path, "2025-03-01 12:00", Schedule(plan=PLAN, cron="0 2 * * *"), BackupConfig()
    )
    with closing(made.database):
        assert made.look("2024-03-01 12:00") is None
        assert made.look("2024-03-02 02:00") == "2024-03-02 02:00"
        assert made.look("2024-03-03 02:00") == "2024-03-03 02:00"


def test_what_was_missed_is_run_once(keeper: Keeper) -> None:
    """R44: three days down are one run, of the newest of their times."""
    assert keeper.look("2024-03-02 02:00") == "2024-03-02 02:00"
    keeper.restart()
    assert keeper.look("2024-03-05 09:00") == "2024-03-05 02:00"
    assert keeper.look() is None


def test_what_was_missed_is_left_out_where_that_is_wanted(tmp_path: Path) -> None:
    """R44: `skip` waits for the next time; a run that is a little late is none that was missed."""
    schedule = Schedule(plan=PLAN, cron="0 2 * * *", misfire="skip")
    made = Keeper(tmp_path, "2024-03-01 12:00", schedule, BackupConfig(misfire="skip"))
    with closing(made.database):
        assert made.look("2024-03-02 02:00:40") == "2024-03-02 02:00"
        assert made.look("2024-03-05 09:00") is None
        assert made.look("2024-03-06 02:00") == "2024-03-06 02:00"


def test_a_run_that_still_waits_is_the_next_one_too(keeper: Keeper) -> None:
    """R44: a slow run is followed by one, not by all that came due meanwhile."""
    jobs = keeper.database.jobs
    keeper.look("2024-03-02 02:00")
    for day in ("03", "04", "05"):
        keeper.clock.set_wall(at(f"2024-03-{day} 02:00"))
        keeper.timing.look()
    assert [job.status for job in keeper.jobs()] == [JobStatus.COMPLETED, JobStatus.PENDING]
    keeper.finish()
    assert keeper.look() == "2024-03-05 02:00"
    assert jobs.counts(PLAN)[JobStatus.COMPLETED] == 3


def test_another_schedule_counts_from_when_it_was_saved(keeper: Keeper) -> None:
    """A time of today that is over by then is not made up for, nor while it was off."""
    off = Schedule(plan=PLAN, cron="0 2 * * *", enabled=False)
    keeper.database.schedules.put(off, expected_version=None)
    assert keeper.look("2024-03-03 02:00") is None
    keeper.clock.set_wall(at("2024-03-04 12:00"))
    keeper.database.schedules.put(Schedule(plan=PLAN, cron="0 9 * * *"), expected_version=None)
    assert keeper.look() is None
    assert keeper.look("2024-03-05 09:00") == "2024-03-05 09:00"


def test_a_run_does_what_the_schedule_says_when_it_is_due(keeper: Keeper) -> None:
    """The policy is the schedule's; verifying and encrypting are of the configuration."""
    keeper.config = BackupConfig(verify_after_create=False)
    keeper.database.schedules.put(
        Schedule(plan=PLAN, cron="0 2 * * *", retention={"keep_last": 7}), expected_version=None
    )
    keeper.look("2024-03-02 02:00")
    [job] = keeper.jobs()
    assert job.kind is JobKind.BACKUP
    assert job.params == {
        "scheduled": True,
        "verify": False,
        "encrypt": True,
        "compression": True,
        "policy": {"keep_last": 7},
        "max_removed_share": 0.5,
    }


def test_a_year_of_minutes_is_found_from_its_end() -> None:
    """The newest of half a million times is looked for where it is."""
    cron = CronSchedule(expression="* * * * *")
    since, until = at("2023-01-01 00:00"), at("2024-01-01 00:00:30")
    assert latest_between(cron, since, until) == at("2024-01-01 00:00")
    assert latest_between(cron, until, until) is None
    twice = CronSchedule(expression="0 0,1 * * *")
    assert latest_between(twice, since, at("2024-01-01 14:00")) == at("2024-01-01 01:00")


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(plan=PLAN, cron="0 25 * * *"),
        Schedule(plan=PLAN, cron="0 2 * * *", timezone="Europe/Nowhere"),
        Schedule(plan=PLAN, cron="0 2 * * *", retention={"keep_lats": 3}),
        Schedule(plan=PLAN, cron="0 2 * * *", misfire="twice"),
    ],
)
def test_a_schedule_that_is_none_is_refused(schedule: Schedule) -> None:
    """Before it is saved, and with the name of what is wrong."""
    with pytest.raises(ConfigError):
        checked(schedule)
