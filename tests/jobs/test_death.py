"""Processes are killed in the middle of a job; the data are old or new, and the work goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.jobs import JobEngine, JobOptions
from holdfast.jobs.sessions import session_members
from holdfast.models.job import JobKind, JobStatus
from tests.jobs.conftest import MakeEngine
from tests.jobs.holding import BACKUP_PHASES, RESTORE_PHASES, HeldApplication
from tests.operations.application import Application
from tests.rig.daemon import wait_until

LONG_S = 120.0
QUICK = JobOptions(lease_s=3, heartbeat_s=0.5, cancel_grace_s=1)


@pytest.fixture
def held(application: Application) -> Iterator[HeldApplication]:
    """The application, with settings in a file."""
    made = HeldApplication(application)
    made.create()
    yield made
    made.go.set()


@contextmanager
def dying(held: HeldApplication, phase: str, kind: JobKind, **params: str) -> Iterator[str]:
    """Do a job in another process, and kill that when the job is held; give the job's id.

    Its worker is waited for: it dies by itself.
    """
    command = [sys.executable, "-m", "tests.jobs.holding", str(held.app.root), phase, kind.value]
    process = subprocess.Popen(
        [*command, json.dumps(params)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        job_id = process.stdout.readline().strip()
        assert process.stdout.readline() == "held\n", process.communicate()[1]
        workers = children_of(process.pid)
        assert len(workers) == 1
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not session_members(workers[0]), "the end of the worker")
    yield job_id


def children_of(parent: int) -> list[int]:
    """Return the worker processes of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text()
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if int(stat[stat.rindex(")") + 2 :].split()[1]) == parent and b"jobs.worker" in command:
            found.append(int(path.name))
    return found


def require_working(engine: JobEngine, held: HeldApplication) -> None:
    """Make sure that nothing stands in the way of the next backup, and nothing is left over."""
    job = engine.wait(engine.submit(JobKind.BACKUP, {"verify": True}).id, LONG_S)
    assert job.status is JobStatus.COMPLETED, job
    assert held.app.leftovers() == []


@pytest.mark.parametrize("phase", BACKUP_PHASES)
def test_a_backup_whose_process_is_killed_has_failed_soon_after_the_next_start(
    phase: str, held: HeldApplication, make_engine: MakeEngine
) -> None:
    """R45: no job runs for ever, no half backup is listed, and the worker dies with its parent."""
    before = held.state()
    with dying(held, phase, JobKind.BACKUP) as job_id:
        engine = make_engine(QUICK, service=held.service())
        engine.start()
        job = engine.wait(job_id, 60.0)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert engine.backups.list() == []
    assert held.state() == before
    require_working(engine, held)
    assert len(engine.backups.list()) == 1


@pytest.mark.parametrize("phase", RESTORE_PHASES)
def test_a_restore_whose_process_is_killed_leaves_old_data_or_new(
    phase: str, held: HeldApplication, make_engine: MakeEngine
) -> None:
    """R45: in whatever phase; the next start settles what is half replaced, and the job says so."""
    engine = make_engine(QUICK, service=held.service())
    new = held.state()
    backup = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    assert backup.backup_id is not None
    engine.stop()
    held.change()
    old = held.state()
    with dying(held, phase, JobKind.RESTORE, backup_id=backup.backup_id) as job_id:
        engine = make_engine(QUICK, service=held.service())
        engine.start()
        job = engine.wait(job_id, 60.0)
    if phase == "resuming":
        assert job.status is JobStatus.COMPLETED
        assert any("was completed" in warning for warning in job.warnings)
    else:
        assert (job.status, job.error_code) == (JobStatus.FAILED, "job-interrupted")
        assert "try it again" not in str(job.error_hint)
    wait_until(lambda: not engine.service.restore_interrupted(), "the recovery")
    assert held.state() == (new if phase == "resuming" else old)
    require_working(engine, held)


def test_a_worker_that_is_killed_fails_its_job_at_once_and_the_engine_goes_on(
    held: HeldApplication, make_engine: MakeEngine
) -> None:
    """R45: nobody waits for a lease to end, and the application that stood still goes on."""
    engine = make_engine(service=held.service())
    held.at = "capturing"
    job = engine.submit(JobKind.BACKUP)
    assert held.held.wait(LONG_S)
    [worker] = children_of(os.getpid())
    os.kill(worker, signal.SIGKILL)
    failed = engine.wait(job.id, LONG_S)
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert failed.error_message is not None
    assert "SIGKILL" in failed.error_message
    held.go.set()
    wait_until(lambda: held.calls[-1] == "resuming", "the application's going on")
    require_working(engine, held)


def test_a_worker_killed_while_it_replaces_leaves_old_data(
    held: HeldApplication, make_engine: MakeEngine
) -> None:
    """The directories were new and the database old: by the end of the job all is old."""
    engine = make_engine(service=held.service())
    backup = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    held.change()
    old = held.state()
    held.at = "swapping"
    job = engine.submit(JobKind.RESTORE, {"backup_id": backup.backup_id})
    assert held.held.wait(LONG_S)
    [worker] = children_of(os.getpid())
    os.kill(worker, signal.SIGKILL)
    failed = engine.wait(job.id, LONG_S)
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert held.state() == old
    held.go.set()
    require_working(engine, held)


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        (JobKind.BACKUP, "pausing"),
        (JobKind.BACKUP, "capturing"),
        *((JobKind.RESTORE, phase) for phase in ("validating", "saving")),
    ],
)
def test_a_job_is_cancelled_in_each_phase(
    kind: JobKind, phase: str, held: HeldApplication, make_engine: MakeEngine
) -> None:
    """R46: it stops although the application does not answer, and nothing half-done is left."""
    engine = make_engine(service=held.service())
    backup = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    held.change()
    old = held.state()
    held.calls.clear()
    held.at = phase
    params = {"backup_id": backup.backup_id} if kind is JobKind.RESTORE else {}
    job = engine.submit(kind, params)
    assert held.held.wait(LONG_S)
    engine.cancel(job.id, actor="ada")
    held.go.set()
    cancelled = engine.wait(job.id, LONG_S)
    assert (cancelled.status, cancelled.error_code) == (JobStatus.CANCELLED, "cancelled")
    assert held.state() == old
    require_working(engine, held)


def test_a_stopped_engine_leaves_its_job_failed_and_what_waits_to_others(
    held: HeldApplication, make_engine: MakeEngine
) -> None:
    """R46: as at SIGTERM of a server: the job can be tried again, the other is still to be done."""
    engine = make_engine(QUICK, service=held.service())
    held.at = "capturing"
    running, waiting = engine.submit(JobKind.BACKUP), engine.submit(JobKind.BACKUP)
    assert held.held.wait(LONG_S)
    engine.stop()
    assert engine.get(running.id).error_code == "job-interrupted"
    assert engine.get(waiting.id).status is JobStatus.PENDING
    held.go.set()
    other = make_engine(service=held.service())
    other.start()
    assert other.wait(waiting.id, LONG_S).status is JobStatus.COMPLETED
    assert other.wait(other.retry(running.id).id, LONG_S).status is JobStatus.COMPLETED
