"""One of several processes that keep one schedule: run as a process of its own.

It does on its standard input's lines what the test says: `look TIME` adds the job that is due by
then, `work` begins to do jobs, `stop` ends that.
"""

from __future__ import annotations

import sys
from pathlib import Path

from holdfast.catalog import CatalogDatabase
from holdfast.jobs import JobEngine, JobOptions
from holdfast.jobs.timing import Timing
from holdfast.models.schedule import BackupConfig
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock
from tests.scheduler.desk import utc


def main(root: str, url: str) -> None:
    """Do as the lines say, and answer each with one."""
    clock = SimClock(utc("2124-03-01 00:00"))
    schedules = CatalogDatabase(url, clock=clock)
    timing = Timing(schedules, "default", BackupConfig)
    # Real time for leases: that of the schedule is set by the test.
    engine = JobEngine(
        Application(Path(root)).service(settings=None),
        catalog_url=url,
        options=JobOptions(lease_s=5, heartbeat_s=1),
    )
    print("ready", flush=True)
    for line in sys.stdin:
        verb, _, argument = line.strip().partition(" ")
        if verb == "look":
            clock.set_wall(utc(argument))
            job, _ = timing.look()
            print("added" if job else "-", flush=True)
        elif verb == "work":
            engine.start(keep_schedule=False)
            print("works", flush=True)
        elif verb == "stop":
            engine.stop()
            print("stopped", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
