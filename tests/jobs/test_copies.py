"""Copies in a new folder as jobs: beside other work, stopped, and in a process of their own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.errors import RequestInvalid
from holdfast.jobs import JobEngine, JobOptions
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.operations.workspace import require_space
from tests.jobs.conftest import MakeEngine
from tests.operations.application import Application

LONG_S = 120.0
LOOKS_FOR_SPACE = "holdfast.operations.extract.require_space"
IN_A_THREAD = JobOptions(isolation="thread")


class Held:
    """Keeps a copy waiting where it has begun and nothing of it is written yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held = threading.Event()
        self.go = threading.Event()

        def hold(path: Path, needed_bytes: int, purpose: str) -> None:
            require_space(path, needed_bytes, purpose)
            self.held.set()
            self.go.wait()

        monkeypatch.setattr(LOOKS_FOR_SPACE, hold)


@pytest.fixture
def engine(application: Application, make_engine: MakeEngine) -> JobEngine:
    """An engine that works in threads, with a directory for copies."""
    return make_engine(IN_A_THREAD, service=with_copies(application))


def with_copies(application: Application) -> BackupService:
    return application.service(copies_dir=application.root / "copies")


def done(engine: JobEngine, kind: JobKind, **params: object) -> Job:
    """Do a job; return it when it has ended."""
    return engine.wait(engine.submit(kind, params).id, LONG_S)


def test_a_copy_is_made_by_a_process_of_its_own(
    application: Application, make_engine: MakeEngine
) -> None:
    """It knows where copies go as the application does."""
    engine = make_engine(service=with_copies(application))
    backup = done(engine, JobKind.BACKUP)
    copy = done(engine, JobKind.COPY, backup_id=backup.backup_id, sources=["app"])
    assert copy.status is JobStatus.COMPLETED, copy
    folder = application.root / "copies" / str(backup.backup_id)
    assert (copy.result["into"], copy.backup_id) == (str(folder), backup.backup_id)
    assert copy.items_restored == {"events": 20, "settings": 2}
    assert list(folder.parent.iterdir()) == [folder]


def test_a_copy_that_is_cancelled_leaves_nothing_and_keeps_no_backup_waiting(
    application: Application, engine: JobEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R46: it changes nothing that a backup reads, so that one goes on beside it."""
    backup = done(engine, JobKind.BACKUP)
    holding = Held(monkeypatch)
    copy = engine.submit(JobKind.COPY, {"backup_id": backup.backup_id})
    assert holding.held.wait(LONG_S)
    assert engine.get(copy.id).status is JobStatus.RUNNING
    assert done(engine, JobKind.BACKUP).status is JobStatus.COMPLETED
    engine.cancel(copy.id)
    holding.go.set()
    ended = engine.wait(copy.id, LONG_S)
    assert (ended.status, ended.error_code) == (JobStatus.CANCELLED, "cancelled")
    assert list((application.root / "copies").iterdir()) == []


def test_a_copy_for_which_there_is_no_room_writes_nothing(
    application: Application, engine: JobEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = done(engine, JobKind.BACKUP)
    monkeypatch.setattr(
        LOOKS_FOR_SPACE, lambda path, _, purpose: require_space(path, 1 << 60, purpose)
    )
    failed = done(engine, JobKind.COPY, backup_id=backup.backup_id)
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "disk-full")
    assert list((application.root / "copies").iterdir()) == []


def test_a_copy_of_an_archive_removes_the_file_however_it_ends(
    application: Application, engine: JobEngine
) -> None:
    """It was sent for this alone."""
    sent = application.root / "sent.zip"
    sent.write_bytes(b"no archive")
    into = str(application.root / "copies" / "x")
    failed = done(engine, JobKind.COPY, path=str(sent), remove_after=True, into=into)
    assert failed.status is JobStatus.FAILED
    assert not sent.exists()
    assert list((application.root / "copies").iterdir()) == []


@pytest.mark.parametrize("into", ["../x", "../../etc/x", "a/b"])
def test_a_copy_goes_nowhere_else(application: Application, engine: JobEngine, into: str) -> None:
    """Whatever is in the catalog."""
    folder = application.root / "copies" / into
    failed = done(engine, JobKind.COPY, backup_id="backup_20260101_000000", into=str(folder))
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "usage")


def test_a_copy_is_of_a_backup_or_of_an_archive(engine: JobEngine) -> None:
    for params in ({}, {"backup_id": "a", "path": "/b", "into": "/c"}):
        with pytest.raises(RequestInvalid):
            engine.submit(JobKind.COPY, params)
