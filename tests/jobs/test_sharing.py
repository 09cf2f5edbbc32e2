"""Four real processes share one schedule and one queue by the catalog."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobStatus
from tests.jobs.test_death import children_of
from tests.operations.application import Application
from tests.rig.daemon import wait_until
from tests.rig.sim_clock import SimClock
from tests.scheduler.desk import utc

LONG_S = 240.0
PROCESSES = 4
# Of the schedule only, and later than the backups, which are made by the real clock.
BEGIN = utc("2124-03-01 00:00")


@dataclass
class Sharing:
    """The processes, and the catalog that they share."""

    processes: list[subprocess.Popen[str]]
    database: CatalogDatabase

    def ask(self, line: str) -> list[str]:
        """Say a line to all at once; return what they answer."""
        for process in self.processes:
            assert process.stdin
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        return [self._answer(process) for process in self.processes]

    def _answer(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout
        return process.stdout.readline().strip()

    def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        return self.database.jobs.list(limit=1000)[0][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def sharing(
    request: pytest.FixtureRequest, application: Application, tmp_path: Path
) -> Iterator[Sharing]:
    """Four processes and a catalog with a schedule of each minute, on each engine."""
    url = f"sqlite:///{tmp_path}/catalog.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database").url
    database = CatalogDatabase(url, clock=SimClock(BEGIN))
    database.schedules.put(Schedule(plan="default", cron="* * * * *"), expected_version=0)
    database.close()
    command = [sys.executable, "-m", "tests.jobs.sharing", str(application.root), url]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    with closing(CatalogDatabase(url)) as looking:
        try:
            made = Sharing(processes, looking)
            assert [made._answer(process) for process in processes] == ["ready"] * PROCESSES
            yield made
        finally:
            for process in processes:
                process.kill()
                process.communicate()


def test_each_time_of_a_schedule_has_one_job_whichever_process_adds_it(sharing: Sharing) -> None:
    """R41: a hundred times, at each of which all four look at once."""
    for minute in range(1, 101):
        now = BEGIN + timedelta(minutes=minute)
        answers = sharing.ask(f"look {now:%Y-%m-%d %H:%M}")
        assert Counter(answers) == {"added": 1, "-": PROCESSES - 1}
        claim = sharing.database.jobs.claim("test", "default", lease_s=600)
        assert claim is not None
        sharing.database.jobs.finish(claim, status=JobStatus.COMPLETED)
    times = [job.nominal_at for job in sharing.jobs()]
    assert times == [BEGIN + timedelta(minutes=minute) for minute in range(1, 101)]


def test_each_run_is_done_once_and_again_where_its_process_is_killed(
    sharing: Sharing, application: Application
) -> None:
    """R41, R45: with the owner killed in the middle of a run, no time is without its backup."""
    assert sharing.ask("work") == ["works"] * PROCESSES
    for minute in range(1, 5):
        sharing.ask(f"look {BEGIN + timedelta(minutes=minute):%Y-%m-%d %H:%M}")
        if minute == 2:
            _kill_owner(sharing)
        wait_until(lambda: _idle(sharing), "the end of the run", LONG_S)
    # One that was killed when its backup was stored is not made again.
    assert len(application.service().list_backups()) == 4
    first = [job for job in sharing.jobs() if job.nominal_at]
    assert len(first) == 4
    assert {job.trigger for job in sharing.jobs()} == {Trigger.SCHEDULED_CRON}
    endings = {(job.status, job.error_code) for job in sharing.jobs()}
    assert endings <= {
        (JobStatus.COMPLETED, None),
        (JobStatus.FAILED, "job-interrupted"),
        (JobStatus.CANCELLED, "already-run"),
    }


def _kill_owner(sharing: Sharing) -> None:
    """Kill the process that does the run, if it is caught at it."""

    def owners() -> list[subprocess.Popen[str]]:
        return [each for each in sharing.processes if children_of(each.pid)]

    wait_until(lambda: bool(owners()) or _idle(sharing), "the run", LONG_S)
    for owner in owners()[:1]:
        sharing.processes.remove(owner)
        owner.kill()
        owner.communicate()


def _idle(sharing: Sharing) -> bool:
    """Whether all is done, what failed too, which is tried again a moment after it failed."""
    jobs = sharing.jobs()
    failed = {job.id for job in jobs if job.status is JobStatus.FAILED}
    return all(job.status.finished for job in jobs) and failed <= {job.retry_of for job in jobs}
