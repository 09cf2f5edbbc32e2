"""A job that stands still is noticed by its progress, never by its age, and blocks nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path

import psycopg
import pytest

from holdfast import BackupService
from holdfast.catalog import CatalogDatabase
from holdfast.jobs import JobEngine, JobOptions
from holdfast.jobs.options import Order
from holdfast.jobs.protocol import Ended, Moved, Outcome, Report
from holdfast.jobs.running import RunningJob, Stop
from holdfast.jobs.sessions import Activity, session_activity, session_members
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobProgress, JobStatus
from tests.jobs.conftest import MakeEngine
from tests.jobs.holding import HeldApplication
from tests.jobs.test_death import children_of, require_working
from tests.operations.application import PASSWORD, Application
from tests.rig.daemon import wait_until
from tests.rig.postgresql import PostgresDatabase

LONG_S = 120.0
STALL_S = 900.0
HURRIED = JobOptions(cancel_grace_s=0.5)


class FakeWork:
    """Work that tells what a function yields, by a clock of its own, and heeds no cancel.

    Args:
        tells: Each None is a wait in which nothing is told.
    """

    def __init__(
        self,
        tells: Iterator[Report | None],
        activity: Callable[[float], Activity] = lambda _: Activity(0.0, 0),
    ) -> None:
        self.now_s = 0.0
        self.killed = False
        self._tells = tells
        self._activity = activity

    def next(self, timeout_s: float) -> Report | None:
        if self.killed:
            return Ended(reason="was killed")
        report = next(self._tells)
        if report is None:
            self.now_s += 60 * timeout_s
        return report

    def cancel(self) -> None:
        """Not heeded."""

    def kill(self) -> bool:
        self.killed = True
        return True

    def activity(self) -> Activity:
        return self._activity(self.now_s)

    def release(self) -> None:
        """Nothing was paused."""


class Unending(FakeWork):
    """Fake work that cannot be ended, as in a thread."""

    asked_to_end = False

    def kill(self) -> bool:
        self.asked_to_end = True
        return False


def do(root: Path, work: FakeWork, kind: JobKind = JobKind.BACKUP, stop: Stop | None = None) -> Job:
    """Do fake work as a job; return that as it ended."""
    ended: list[Job | None] = []
    with closing(CatalogDatabase(f"sqlite:///{root}/catalog.db")) as database:
        database.jobs.add(plan="p", kind=kind, trigger=Trigger.MANUAL_API)
        claim = database.jobs.claim("test", "p", lease_s=600)
        assert claim is not None
        running = RunningJob(
            database.jobs,
            claim,
            JobOptions(stall_after_s=STALL_S),
            begin=lambda _: work,
            gave_up=lambda _: None,
            done=lambda _, job: ended.append(job),
            monotonic_s=lambda: work.now_s,
        )
        if stop is not None:
            running.stop(stop)
        running.thread.start()
        running.thread.join(LONG_S)
    assert ended
    assert ended[0] is not None
    return ended[0]


def telling(count: int) -> Iterator[Report | None]:
    """Tell of small progress after each ten minutes, then end."""
    for number in range(count):
        yield from [None] * 50
        yield Moved(progress=JobProgress(done_bytes=number))
    yield Ended(outcome=Outcome())


def test_a_long_job_that_makes_progress_is_never_stalled(tmp_path: Path) -> None:
    """R45: it may take many times as long as it may stand still."""
    work = FakeWork(telling(20))
    job = do(tmp_path, work)
    assert job.status is JobStatus.COMPLETED
    assert work.now_s > 10 * STALL_S


def test_a_job_that_stands_still_is_ended(tmp_path: Path) -> None:
    """R45: and the error says that it stood still."""
    work = FakeWork(repeat(None))
    job = do(tmp_path, work)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert job.error_message == "The job made no progress for 900 s and was ended"
    assert STALL_S < work.now_s < 2 * STALL_S


def test_a_step_that_tells_nothing_and_works_goes_on_for_a_while(tmp_path: Path) -> None:
    """The check of a large database reads for a long time; in the end it must tell something."""
    work = FakeWork(repeat(None), lambda now_s: Activity(0.0, int(now_s) << 20))
    job = do(tmp_path, work)
    assert job.error_message is not None
    assert "no progress" in job.error_message
    assert 8 * STALL_S < work.now_s < 9 * STALL_S


def test_a_step_that_only_waits_and_looks_is_no_work(tmp_path: Path) -> None:
    """A loop that asks ten times a second computes for a hundredth of the time."""
    work = FakeWork(repeat(None), lambda now_s: Activity(now_s / 100, int(now_s) * 100))
    do(tmp_path, work)
    assert work.now_s < 2 * STALL_S


def test_what_a_session_does_is_seen() -> None:
    """Bytes that it reads, and the time that it computes."""
    before = session_activity(os.getsid(0))
    Path(__file__).read_bytes()
    sum(range(1_000_000))
    after = session_activity(os.getsid(0))
    assert after.io_bytes > before.io_bytes
    assert os.getpid() in session_members(os.getsid(0))


@pytest.fixture
def held(application: Application) -> Iterator[HeldApplication]:
    """The application, with settings in a file."""
    made = HeldApplication(application)
    made.create()
    yield made
    made.go.set()


def grow_old(engine: JobEngine) -> None:
    """Make what runs look as if it had not moved for a long time."""
    assert engine._crew is not None
    for running in engine._crew._running.values():
        running._moved_at_s -= 2 * STALL_S


def test_an_application_that_never_answers_does_not_block_the_next_job(
    held: HeldApplication, make_engine: MakeEngine
) -> None:
    """R45: the job that asked for the settings is ended, and the next one is done."""
    engine = make_engine(HURRIED, service=held.service())
    held.at = "capturing"
    hung, following = engine.submit(JobKind.BACKUP), engine.submit(JobKind.BACKUP)
    assert held.held.wait(LONG_S)
    grow_old(engine)
    failed = engine.wait(hung.id, LONG_S)
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert True in [event.data.get("stalled") for event in engine.events(hung.id)]
    assert engine.wait(following.id, LONG_S).status is JobStatus.COMPLETED


def test_a_stopped_worker_process_is_ended(held: HeldApplication, make_engine: MakeEngine) -> None:
    """R45: one that can do nothing any more, not even heed a cancel, is killed."""
    engine = make_engine(HURRIED, service=held.service())
    held.at = "capturing"
    job = engine.submit(JobKind.BACKUP)
    assert held.held.wait(LONG_S)
    [worker] = children_of(os.getpid())
    os.kill(worker, signal.SIGSTOP)
    held.go.set()
    grow_old(engine)
    failed = engine.wait(job.id, LONG_S)
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert session_members(worker) == []
    require_working(engine, held)


def test_a_capture_that_hangs_on_its_server_is_ended_with_its_programs(
    tmp_path: Path, postgres_database: PostgresDatabase, make_engine: MakeEngine
) -> None:
    """R45, R46: the program that dumps waits for a lock; it is killed with all that was started."""
    postgres_database.run("CREATE TABLE t (id int PRIMARY KEY)")
    service = BackupService(
        postgres_database.url,
        tmp_path / "backups",
        PASSWORD,
        scratch_dir=tmp_path / "scratch",
        busy_timeout_s=3600,
    )
    service.init_repository()
    engine = make_engine(HURRIED, service=service)
    with psycopg.connect(postgres_database.url) as blocking:
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        job = engine.submit(JobKind.BACKUP)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: postgres_database.run(waiting)[0][0] > 0, "the wait for the lock")
        [worker] = children_of(os.getpid())
        os.kill(worker, signal.SIGSTOP)
        grow_old(engine)
        failed = engine.wait(job.id, LONG_S)
        assert (failed.status, failed.error_code) == (JobStatus.FAILED, "job-interrupted")
        assert session_members(worker) == []
    assert engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S).status is JobStatus.COMPLETED


def test_an_order_survives_the_pipe() -> None:
    """What is to be done arrives as it was said."""
    order = Order(kind=JobKind.BACKUP, params={"tags": ["a"]}, trigger=Trigger.MANUAL_CLI)
    assert Order.from_json(order.to_json()) == order


def test_a_restore_that_cannot_be_ended_is_told_as_ended_only_when_it_has(tmp_path: Path) -> None:
    """In a thread it may have replaced data by then: nobody may be told that it was cancelled."""
    work = Unending(chain(repeat(None, 5), [Ended(outcome=Outcome(backup_id="b"))]))
    job = do(tmp_path, work, JobKind.RESTORE, stop=Stop.ASKED)
    assert work.asked_to_end
    assert (job.status, job.backup_id) == (JobStatus.COMPLETED, "b")
