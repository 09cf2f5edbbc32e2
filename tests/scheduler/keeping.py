"""Keeps a schedule by a clock of its own, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from holdfast.errors import HoldfastError
from holdfast.scheduler import BackupConfig, BackupScheduler
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock, eventually
from tests.scheduler.desk import utc

SCHEDULE = BackupConfig(
    schedule="* * * * *", verify_after_create=False, retention_days=0, max_backups=0
)


def keep(root: str, until_minute: int) -> None:
    """Keep the schedule of every minute from 01:59:30 on; print what went wrong."""
    clock = SimClock(utc("2024-03-01 01:59").replace(second=30))
    service = Application(Path(root)).service(clock=clock, settings=None)
    errors: list[Exception] = []
    scheduler = BackupScheduler(service, SCHEDULE, clock=clock, on_error=errors.append)
    scheduler.start()
    eventually(lambda: clock.waiting == 1)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(until_minute + 1):
        clock.advance(60)
    assert scheduler.stop()
    for error in errors:
        name = error.code if isinstance(error, HoldfastError) else repr(error)
        print(name, flush=True)


if __name__ == "__main__":
    keep(sys.argv[1], int(sys.argv[2]))
