"""What was missed, and clocks that leap: no storm, no gap, no time twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.models.progress import CancellationToken
from tests.scheduler.conftest import MakeDesk
from tests.scheduler.desk import utc


def test_a_run_missed_while_the_application_was_down_runs_on_start(make_desk: MakeDesk) -> None:
    """R44: once, however many were missed; then the schedule goes on."""
    desk = make_desk("2024-03-04 09:17")
    desk.service.last_run_at = lambda: utc("2024-03-01 02:00")
    desk.start()
    assert desk.runs == ["2024-03-04 09:17"]
    assert desk.scheduler.get_next_run_time() == utc("2024-03-05 02:00")
    desk.sleep_until("2024-03-05 02:00")
    assert desk.runs == ["2024-03-04 09:17", "2024-03-05 02:00"]


def test_with_skip_a_missed_run_is_left_out(make_desk: MakeDesk) -> None:
    """R44: the next one is the next nominal time."""
    desk = make_desk("2024-03-04 09:17", misfire="skip")
    desk.service.last_run_at = lambda: utc("2024-03-01 02:00")
    desk.start()
    assert desk.runs == []
    desk.sleep_until("2024-03-05 02:00")
    desk.sleep_until("2024-03-06 02:02")
    assert desk.runs == ["2024-03-05 02:00"]


@pytest.mark.parametrize(("hours", "expected"), [(7, []), (8, ["2024-03-04 09:17"])])
def test_beyond_the_grace_a_missed_run_is_left_out(
    make_desk: MakeDesk, hours: int, expected: list[str]
) -> None:
    """R44: 02:00 is 7 h 17 min ago."""
    desk = make_desk("2024-03-04 09:17", misfire_grace=timedelta(hours=hours))
    desk.service.last_run_at = lambda: utc("2024-03-01 02:00")
    desk.start()
    assert desk.runs == expected


def test_the_grace_is_at_least_a_minute(make_desk: MakeDesk) -> None:
    """No thread wakes up at the very instant; a grace of nothing must not skip every run."""
    desk = make_desk("2024-03-04 01:59", misfire_grace=timedelta(0))
    desk.start()
    desk.clock.freeze(65)
    desk.clock.thaw()
    desk.settle()
    assert desk.runs == ["2024-03-04 02:00"]


def test_nothing_was_missed_where_nothing_was_due(make_desk: MakeDesk) -> None:
    """A restart of the application is no reason for a backup."""
    desk = make_desk("2024-03-04 09:17")
    desk.service.last_run_at = lambda: utc("2024-03-04 02:00")
    desk.start()
    assert desk.runs == []
    assert desk.scheduler.get_job_info()["last_run_time"] == utc("2024-03-04 02:00")


def test_a_first_start_waits_for_the_first_nominal_time(make_desk: MakeDesk) -> None:
    """An application that is deployed at noon is not slowed down at noon."""
    desk = make_desk("2024-03-04 12:00")
    desk.start()
    assert desk.runs == []


def test_a_run_longer_than_its_interval_is_not_overlapped(make_desk: MakeDesk) -> None:
    """R44: what came due meanwhile runs once after it."""
    desk = make_desk("2024-03-04 01:59", schedule="0 * * * *")
    durations = [timedelta(hours=3, minutes=20)]

    def take_time(_: CancellationToken) -> None:
        if durations:
            desk.clock.freeze(durations.pop().total_seconds())

    desk.service.during = take_time
    desk.start()
    desk.sleep_until("2024-03-04 02:00")
    assert desk.runs == ["2024-03-04 02:00", "2024-03-04 05:20"]
    desk.sleep_until("2024-03-04 06:00")
    assert desk.runs[2:] == ["2024-03-04 06:00"]


def test_a_machine_that_slept_runs_once_when_it_wakes(make_desk: MakeDesk) -> None:
    """R43: a suspended virtual machine does not catch up hour by hour."""
    desk = make_desk("2024-03-04 01:59", schedule="0 * * * *")
    desk.start()
    desk.sleep_until("2024-03-06 14:30")
    desk.live_until("2024-03-06 14:45")
    assert desk.runs == ["2024-03-06 14:30"]


def test_a_clock_set_back_an_hour_repeats_nothing(make_desk: MakeDesk) -> None:
    """R43: 02:00 comes twice and runs once."""
    desk = make_desk("2024-03-04 01:59")
    desk.start()
    desk.live_until("2024-03-04 02:10")
    desk.set_clock("2024-03-04 01:10")
    desk.live_until("2024-03-04 02:30")
    assert desk.runs == ["2024-03-04 02:00"]
    assert desk.scheduler.get_next_run_time() == utc("2024-03-05 02:00")


def test_a_clock_a_year_ahead_runs_once_and_goes_on_when_it_is_set_right(
    make_desk: MakeDesk,
) -> None:
    """R43: neither a storm of 365 runs, nor a year without any."""
    desk = make_desk("2024-03-04 12:00")
    desk.start()
    desk.set_clock("2025-03-04 12:00")
    desk.live_until("2025-03-04 12:30")
    assert desk.runs == ["2025-03-04 12:01"]
    desk.set_clock("2024-03-04 12:31")
    assert desk.scheduler.get_next_run_time() == utc("2024-03-05 02:00")
    desk.sleep_until("2024-03-05 02:00")
    assert desk.runs[1:] == ["2024-03-05 02:00"]


def test_a_clock_set_back_a_year_goes_on_by_the_new_time(make_desk: MakeDesk) -> None:
    """R43: what the wrong clock showed does not count."""
    desk = make_desk("2024-03-04 01:59")
    desk.start()
    desk.live_until("2024-03-04 02:01")
    desk.set_clock("2023-03-04 05:00")
    assert desk.scheduler.get_next_run_time() == utc("2023-03-05 02:00")
    desk.sleep_until("2023-03-05 02:00")
    assert desk.runs == ["2024-03-04 02:00", "2023-03-05 02:00"]


@pytest.mark.parametrize("to", ["2024-03-04 01:59", "2024-03-04 02:03"])
def test_a_clock_corrected_during_a_run_repeats_nothing(make_desk: MakeDesk, to: str) -> None:
    """R43: NTP sets the clock while a backup is being made."""
    desk = make_desk("2024-03-04 01:59")
    desk.service.during = lambda _: desk.clock.set_wall(utc(to))
    desk.start()
    desk.live_until("2024-03-04 02:00")
    desk.live_until("2024-03-04 02:15")
    assert desk.runs == ["2024-03-04 02:00"]


def test_a_last_run_in_the_far_future_does_not_hold_the_schedule_up(make_desk: MakeDesk) -> None:
    """R29: a backup with a forged date cannot stop the backups."""
    desk = make_desk("2024-03-04 01:59")
    desk.service.last_run_at = lambda: utc("2031-01-01 00:00")
    desk.start()
    desk.live_until("2024-03-04 02:00")
    assert desk.runs == ["2024-03-04 02:00"]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("2024-03-31 00:30", "2024-03-31 03:30", "2024-03-31 01:00"),
        ("2024-10-26 23:30", "2024-10-27 03:30", "2024-10-27 00:30"),
    ],
    ids=["spring", "autumn"],
)
def test_a_night_of_change_has_one_run(
    make_desk: MakeDesk, begin: str, end: str, expected: str
) -> None:
    """R42: 02:30 in Berlin does not exist in spring and comes twice in autumn."""
    desk = make_desk(begin, schedule="30 2 * * *", timezone="Europe/Berlin")
    desk.start()
    desk.live_until(end)
    assert desk.runs == [expected]


def test_a_restart_in_the_repeated_hour_runs_nothing_again(make_desk: MakeDesk) -> None:
    """R42: 02:30 ran in its first passing; the application starts anew in the second."""
    desk = make_desk("2024-10-27 01:10", schedule="30 2 * * *", timezone="Europe/Berlin")
    desk.service.last_run_at = lambda: utc("2024-10-27 00:30")
    desk.start()
    desk.live_until("2024-10-27 02:00")
    assert desk.runs == []
