"""The host's hooks: it stands still while its data are captured or replaced, and goes on after."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from holdfast.errors import HookFailed, SourceError, UsageError
from holdfast.operations.pausing import Pauses
from tests.operations.application import Application


class Host:
    """An application that notes when it was stopped and set going."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")


@pytest.fixture
def host() -> Host:
    return Host()


def failing(message: str) -> Callable[[], None]:
    def hook() -> None:
        raise OSError(message)

    return hook


def test_a_backup_and_a_restore_pause_the_host_once_each(
    application: Application, host: Host
) -> None:
    """Also a restore, whose safety backup is made within its own pause."""
    service = application.service(on_pause=host.pause, on_resume=host.resume)
    backup = service.create_backup()
    assert host.calls == ["pause", "resume"]
    application.add_events(1)
    result = service.restore_backup(backup.backup_id)
    assert result.safety_backup_id is not None
    assert host.calls == ["pause", "resume"] * 2


def test_what_only_reads_pauses_nothing(application: Application, host: Host) -> None:
    service = application.service(on_pause=host.pause, on_resume=host.resume)
    backup = service.create_backup()
    host.calls.clear()
    service.verify_backup(backup.backup_id)
    service.drill(backup.backup_id)
    service.restore_backup(backup.backup_id, dry_run=True)
    service.restore_backup(backup.backup_id, into=application.root / "elsewhere")
    assert host.calls == []


def test_the_host_goes_on_when_the_capture_failed(application: Application, host: Host) -> None:
    service = application.service(on_pause=host.pause, on_resume=host.resume)
    application.database.write_bytes(b"no database" * 100)
    with pytest.raises(SourceError):
        service.create_backup()
    assert host.calls == ["pause", "resume"]


def test_a_host_that_cannot_pause_loses_nothing_and_is_set_going(
    application: Application, host: Host
) -> None:
    before = application.state()
    backup = application.service().create_backup()
    application.add_events(1)
    changed = application.state()
    service = application.service(on_pause=failing("camera 3 hangs"), on_resume=host.resume)
    for work in (service.create_backup, lambda: service.restore_backup(backup.backup_id)):
        with pytest.raises(HookFailed, match="camera 3 hangs"):
            work()
    assert host.calls == ["resume", "resume"]
    assert application.state() == changed != before
    assert len(service.list_backups()) == 1
    assert application.leftovers() == []


def test_a_host_that_does_not_go_on_is_told_of(application: Application, host: Host) -> None:
    """The backup is good and the restore is done; the user learns what is left to do."""
    service = application.service(on_pause=host.pause, on_resume=failing("no thread"))
    backup = service.create_backup()
    assert any("not set going" in each and "no thread" in each for each in backup.warnings)
    result = service.restore_backup(backup.backup_id)
    assert any("not set going" in each for each in result.warnings)


def test_hooks_may_be_coroutines(application: Application, host: Host) -> None:
    """They run in the host's loop if it is known, else in one of their own."""
    where: list[asyncio.AbstractEventLoop] = []

    async def pause() -> None:
        await asyncio.sleep(0)
        where.append(asyncio.get_running_loop())
        host.pause()

    service = application.service(on_pause=pause, on_resume=host.resume)
    service.create_backup()
    assert host.calls == ["pause", "resume"]

    async def main() -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        service.plan.pauses.run_in(loop)
        await asyncio.to_thread(service.create_backup)
        with pytest.raises(UsageError, match="event loop"):
            service.create_backup()
        return loop

    assert asyncio.run(main()) is where[-1]
    service.create_backup()  # that loop is closed by now
    assert len(where) == 3


def test_a_blocking_call_within_a_loop_runs_them_elsewhere(host: Host) -> None:
    """Hooks of another loop than the one that the caller blocks."""

    async def pause() -> None:
        host.calls.append(threading.current_thread().name)

    async def main() -> None:
        with Pauses(pause, host.resume).paused():
            host.calls.append("work")

    asyncio.run(main())
    assert host.calls == ["holdfast-hook", "work", "resume"]
