"""The scheduler as a host uses it: start, stop, trigger, ask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest

from holdfast.errors import (
    BackupBusy,
    Cancelled,
    ConfigError,
    RepositoryLocked,
    RetentionPaused,
    SourceError,
    VerificationFailed,
)
from holdfast.models.backup import BackupStatus, BackupType, Trigger
from holdfast.models.progress import CancellationToken
from tests.rig.sim_clock import eventually
from tests.scheduler.conftest import MakeDesk
from tests.scheduler.desk import utc


def test_a_run_happens_at_its_time_and_not_before(make_desk: MakeDesk) -> None:
    """The whole of it: made, verified, cleaned up after, once."""
    desk = make_desk("2024-03-01 01:58", retention_days=14, max_backups=7)
    desk.start()
    desk.live_until("2024-03-01 01:59")
    assert desk.runs == []
    desk.live_until("2024-03-01 02:05")
    assert desk.service.runs == [utc("2024-03-01 02:00")]
    assert desk.service.asked == [(True, True, BackupType.SCHEDULED, Trigger.SCHEDULED_CRON)]
    assert desk.service.verified == ["backup_20240301_020000"]
    assert desk.service.cleanups == [(14, 7)]
    assert desk.errors == []


def test_what_is_configured_is_asked_for(make_desk: MakeDesk) -> None:
    """No encryption, no compression, no verification, no limits."""
    desk = make_desk(
        "2024-03-01 01:59",
        encryption_enabled=False,
        compression_enabled=False,
        verify_after_create=False,
        retention_days=0,
        max_backups=0,
    )
    desk.start()
    desk.live_until("2024-03-01 02:00")
    assert desk.service.asked == [(False, False, BackupType.SCHEDULED, Trigger.SCHEDULED_CRON)]
    assert desk.service.verified == []
    assert desk.service.cleanups == []


def test_the_job_tells_how_it_stands(make_desk: MakeDesk) -> None:
    """Times are told in the zone of the schedule."""
    desk = make_desk("2024-03-01 00:30", schedule="30 2 * * *", timezone="Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    before = {
        "id": "backup",
        "enabled": True,
        "schedule": "30 2 * * *",
        "timezone": "Europe/Berlin",
        "next_run_time": None,
        "last_run_time": None,
        "last_status": None,
        "last_error": None,
        "running": False,
    }
    assert desk.scheduler.get_job_info() == before
    desk.start()
    assert str(desk.scheduler.get_next_run_time()) == "2024-03-01 02:30:00+01:00"
    desk.sleep_until("2024-03-01 01:31")
    assert desk.scheduler.get_job_info() == before | {
        "next_run_time": utc("2024-03-02 01:30").astimezone(berlin),
        "last_run_time": utc("2024-03-01 01:31").astimezone(berlin),
        "last_status": "verified",
    }


def test_start_and_stop_are_idempotent_and_can_be_repeated(make_desk: MakeDesk) -> None:
    """A scheduler that is stopped runs nothing, and has no next time."""
    desk = make_desk("2024-03-01 01:00")
    assert not desk.scheduler.is_running()
    for _ in range(2):
        desk.start()
        desk.scheduler.start()
        desk.settle()
        assert desk.scheduler.is_running()
        assert desk.scheduler.stop()
        assert desk.scheduler.stop()
        assert not desk.scheduler.is_running()
        assert desk.scheduler.get_next_run_time() is None
    desk.clock.advance(7200)
    assert desk.runs == []


def test_a_disabled_scheduler_does_not_start(make_desk: MakeDesk) -> None:
    """Nothing is made by itself; by hand it still can be."""
    desk = make_desk("2024-03-01 01:59", enabled=False)
    desk.scheduler.start()
    assert not desk.scheduler.is_running()
    assert desk.scheduler.get_next_run_time() is None
    assert desk.scheduler.trigger_backup().status is BackupStatus.VERIFIED


def test_a_triggered_backup_is_made_at_once_and_returned(make_desk: MakeDesk) -> None:
    """It is all that a scheduled run is, but for who asked for it."""
    desk = make_desk("2024-03-01 12:00")
    backup = desk.scheduler.trigger_backup()
    assert backup.backup_id == "backup_20240301_120000"
    assert backup.verified
    assert backup.verification_date == utc("2024-03-01 12:00")
    assert desk.service.asked == [(True, True, BackupType.SCHEDULED, Trigger.MANUAL_API)]
    assert desk.service.cleanups == [(30, 30)]
    assert desk.scheduler.get_job_info()["last_status"] == "verified"


def test_a_trigger_during_a_run_is_refused(make_desk: MakeDesk) -> None:
    """One run at a time."""
    desk = make_desk("2024-03-01 12:00")
    refused: list[BackupBusy] = []

    def trigger_again(_: CancellationToken) -> None:
        assert desk.scheduler.get_job_info()["running"]
        with pytest.raises(BackupBusy) as caught:
            desk.scheduler.trigger_backup()
        refused.append(caught.value)

    desk.service.during = trigger_again
    desk.scheduler.trigger_backup()
    assert len(refused) == 1
    assert desk.runs == ["2024-03-01 12:00"]
    assert desk.scheduler.get_job_info()["last_status"] == "verified"


def test_a_trigger_that_fails_raises_and_is_remembered(make_desk: MakeDesk) -> None:
    """The caller is told, so `on_error` is not."""
    desk = make_desk("2024-03-01 12:00")
    desk.service.during = failing(SourceError("the database is gone"))
    with pytest.raises(SourceError):
        desk.scheduler.trigger_backup()
    info = desk.scheduler.get_job_info()
    assert (info["last_status"], info["last_error"]) == ("failed", "the database is gone")
    assert not info["running"]
    assert desk.errors == []


@pytest.mark.parametrize("error", [SourceError("no"), ValueError("no")], ids=["ours", "foreign"])
def test_an_error_in_one_run_never_stops_the_next(make_desk: MakeDesk, error: Exception) -> None:
    """It is remembered, told to the host, and nothing old is removed after it."""
    desk = make_desk("2024-03-01 01:59")
    desk.service.during = failing(error)
    desk.start()
    desk.sleep_until("2024-03-01 02:00")
    assert desk.errors == [error]
    assert desk.scheduler.get_job_info()["last_error"] == "no"
    assert desk.service.cleanups == []
    desk.service.during = lambda _: None
    desk.sleep_until("2024-03-02 02:00")
    assert desk.runs == ["2024-03-01 02:00", "2024-03-02 02:00"]
    info = desk.scheduler.get_job_info()
    assert (info["last_status"], info["last_error"]) == ("verified", None)


def test_a_callback_that_raises_does_not_end_the_schedule(make_desk: MakeDesk) -> None:
    """The host's own fault is logged."""
    desk = make_desk("2024-03-01 01:59")
    desk.service.during = failing(SourceError("no"))
    desk.scheduler = type(desk.scheduler)(
        desk.service, desk.scheduler.config, clock=desk.clock, on_error=raise_it
    )
    desk.start()
    desk.sleep_until("2024-03-01 02:00")
    desk.sleep_until("2024-03-02 02:00")
    assert len(desk.runs) == 2


def test_a_callback_may_stop_the_scheduler(make_desk: MakeDesk) -> None:
    """It runs in the scheduler's own thread, which cannot wait for itself."""
    desk = make_desk("2024-03-01 01:59")
    stopped: list[bool] = []
    desk.service.during = failing(SourceError("no"))
    desk.scheduler = type(desk.scheduler)(
        desk.service,
        clock=desk.clock,
        on_error=lambda _: stopped.append(desk.scheduler.stop()),
    )
    desk.start()
    desk.live_until("2024-03-01 02:00")
    eventually(lambda: stopped == [False])
    assert not desk.scheduler.is_running()


def test_a_backup_that_fails_its_verification_is_a_failed_run(make_desk: MakeDesk) -> None:
    """R26: nothing old is removed in its favour."""
    desk = make_desk("2024-03-01 01:59")
    desk.service.errors = ("pack 3f is damaged",)
    desk.start()
    desk.sleep_until("2024-03-01 02:00")
    assert [type(error) for error in desk.errors] == [VerificationFailed]
    assert desk.service.cleanups == []
    assert desk.scheduler.get_job_info()["last_status"] == "failed"
    assert "pack 3f is damaged" in str(desk.scheduler.get_job_info()["last_error"])


def test_nothing_is_removed_after_a_partial_backup(make_desk: MakeDesk) -> None:
    """I10: it does not count as a success, and the job says so."""
    desk = make_desk("2024-03-01 01:59")
    desk.service.status = BackupStatus.PARTIAL
    desk.start()
    desk.sleep_until("2024-03-01 02:00")
    assert desk.service.cleanups == []
    info = desk.scheduler.get_job_info()
    assert info["last_status"] == "partial"
    assert info["last_error"] == "backup_20240301_020000 is partial; no old backup was removed"


def test_a_paused_retention_leaves_the_run_a_good_one(make_desk: MakeDesk) -> None:
    """The backup is there; the pause is told all the same."""
    desk = make_desk("2024-03-01 01:59")
    paused = RetentionPaused("Retention is paused")
    desk.service.after = lambda: raise_it(paused)
    desk.start()
    desk.sleep_until("2024-03-01 02:00")
    assert desk.errors == [paused]
    info = desk.scheduler.get_job_info()
    assert info["last_status"] == "verified"
    assert info["last_error"] == "cleanup: Retention is paused"


@pytest.mark.parametrize("error", [BackupBusy("busy"), RepositoryLocked("busy")])
def test_a_run_waits_for_other_work_on_the_repository(
    make_desk: MakeDesk, error: Exception
) -> None:
    """It tries again each minute, and tells the host once."""
    desk = make_desk("2024-03-01 01:59")
    desk.service.during = failing(error)
    desk.start()
    desk.live_until("2024-03-01 02:03")
    assert len(desk.runs) == 4
    assert [str(error) for error in desk.errors] == ["busy"]
    assert desk.scheduler.get_job_info()["last_status"] == "waiting"
    desk.service.during = lambda _: None
    desk.live_until("2024-03-01 02:10")
    assert desk.runs[4:] == ["2024-03-01 02:04"]
    assert desk.service.cleanups == [(30, 30)]


def test_a_run_that_another_process_made_meanwhile_is_not_made_again(make_desk: MakeDesk) -> None:
    """R41: two processes with one schedule make one backup."""
    desk = make_desk("2024-03-01 01:59")
    desk.service.during = failing(BackupBusy("the other process is at it"))
    desk.start()
    desk.live_until("2024-03-01 02:00")
    desk.service.last_run_at = lambda: utc("2024-03-01 02:00")
    desk.live_until("2024-03-01 02:10")
    assert desk.runs == ["2024-03-01 02:00"]


def test_a_schedule_can_be_changed_while_it_is_kept(make_desk: MakeDesk) -> None:
    """The new one holds from now on; what it would have run before is not made up for."""
    desk = make_desk("2024-03-01 12:00")
    desk.start()
    desk.scheduler.update_schedule("0 9 * * *", timezone="Europe/Berlin")
    assert str(desk.scheduler.get_next_run_time()) == "2024-03-02 09:00:00+01:00"
    assert desk.scheduler.config.timezone == "Europe/Berlin"
    desk.scheduler.update_schedule("10 13 * * *")
    assert str(desk.scheduler.get_next_run_time()) == "2024-03-01 13:10:00+01:00"
    desk.live_until("2024-03-01 12:20")
    assert desk.runs == ["2024-03-01 12:10"]


def test_a_new_schedule_does_not_make_up_for_its_own_past(make_desk: MakeDesk) -> None:
    """Neither between runs nor during one."""
    desk = make_desk("2024-03-01 01:30")
    desk.start()
    desk.live_until("2024-03-01 01:50")
    desk.scheduler.update_schedule("45 1 * * *")
    desk.live_until("2024-03-01 01:55")
    assert desk.runs == []
    desk.scheduler.update_schedule("0 2 * * *")

    def take_half_an_hour(_: CancellationToken) -> None:
        desk.clock.freeze(1800)
        desk.scheduler.update_schedule("15 2 * * *")

    desk.service.during = take_half_an_hour
    desk.live_until("2024-03-01 02:00")
    desk.live_until("2024-03-01 03:00")
    assert desk.runs == ["2024-03-01 02:00"]
    assert desk.scheduler.get_next_run_time() == utc("2024-03-02 02:15")


def test_a_schedule_that_is_none_leaves_the_old_one_in_force(make_desk: MakeDesk) -> None:
    """A misspelled schedule must not end the backups."""
    desk = make_desk("2024-03-01 12:00")
    desk.start()
    with pytest.raises(ConfigError, match=r"^schedule"):
        desk.scheduler.update_schedule("at two")
    with pytest.raises(ConfigError, match=r"^timezone"):
        desk.scheduler.update_schedule("0 3 * * *", timezone="Nowhere")
    assert desk.scheduler.get_next_run_time() == utc("2024-03-02 02:00")


def test_stop_lets_a_run_come_to_its_end(make_desk: MakeDesk) -> None:
    """A graceful shutdown does not throw away a backup."""
    desk = make_desk("2024-03-01 01:59")
    begun, go_on = threading.Event(), threading.Event()

    def slowly(_: CancellationToken) -> None:
        begun.set()
        assert go_on.wait(60)

    desk.service.during = slowly
    desk.start()
    desk.clock.freeze(60)
    waker = threading.Thread(target=desk.clock.thaw)
    waker.start()
    assert begun.wait(60)
    threading.Timer(0.02, go_on.set).start()
    assert desk.scheduler.stop()
    assert desk.service.cleanups == [(30, 30)]
    waker.join()


@pytest.mark.parametrize(("wait", "timeout"), [(True, 0.01), (False, None)])
def test_stop_cancels_a_run_that_takes_too_long(
    make_desk: MakeDesk, wait: bool, timeout: float | None
) -> None:
    """R46: it ends at its next safe point, and that is no error."""
    desk = make_desk("2024-03-01 01:59")
    begun = threading.Event()

    def until_cancelled(cancel: CancellationToken) -> None:
        begun.set()
        eventually(lambda: cancel.cancelled)
        cancel.raise_if_cancelled()

    desk.service.during = until_cancelled
    desk.start()
    desk.clock.freeze(60)
    waker = threading.Thread(target=desk.clock.thaw)
    waker.start()
    assert begun.wait(60)
    ended = desk.scheduler.stop(wait=wait, timeout=timeout)
    assert ended or not wait
    waker.join()
    eventually(lambda: desk.scheduler.get_job_info()["last_status"] == "cancelled")
    assert desk.errors == []
    assert desk.service.cleanups == []


def test_a_service_that_cannot_be_asked_does_not_end_the_schedule(make_desk: MakeDesk) -> None:
    """The store may be away when the application starts."""
    desk = make_desk("2024-03-01 01:59")
    error = OSError("the share is not mounted")
    desk.service.last_run_at = lambda: raise_it(error)
    desk.start()
    desk.live_until("2024-03-01 02:00")
    assert desk.errors == [error]
    assert desk.runs == ["2024-03-01 02:00"]


def test_two_schedulers_in_one_process_do_not_know_each_other(make_desk: MakeDesk) -> None:
    """Nothing is global."""
    first = make_desk("2024-03-01 01:59")
    second = make_desk("2024-03-01 01:59", schedule="1 2 * * *")
    first.start()
    second.start()
    first.live_until("2024-03-01 02:05")
    second.live_until("2024-03-01 02:05")
    assert (first.runs, second.runs) == (["2024-03-01 02:00"], ["2024-03-01 02:01"])


def test_a_run_cancelled_by_its_service_is_noted(make_desk: MakeDesk) -> None:
    """Cancelled is neither a success nor an error."""
    desk = make_desk("2024-03-01 01:59", misfire_grace=timedelta(hours=1))
    desk.service.during = failing(Cancelled("Cancelled"))
    desk.start()
    desk.live_until("2024-03-01 02:05")
    assert desk.runs == ["2024-03-01 02:00"]
    assert desk.errors == []
    assert desk.scheduler.get_job_info()["last_status"] == "cancelled"


def failing(error: Exception) -> Callable[[CancellationToken], None]:
    """Return what makes a backup fail."""
    return lambda _: raise_it(error)


def raise_it(error: Exception) -> NoReturn:
    """Raise."""
    raise error
