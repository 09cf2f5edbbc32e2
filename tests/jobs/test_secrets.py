"""R56: passwords go through a pipe, and are seen nowhere else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.jobs.redaction import Redaction
from holdfast.models.job import JobKind, JobStatus
from tests.jobs.conftest import MakeEngine
from tests.rig.postgresql import PostgresServer

LONG_S = 120.0
REPOSITORY_CANARY = "canary-of-the-repository"
DATABASE_CANARY = "canary@of/the:database"


@contextmanager
def watching_arguments() -> Iterator[set[bytes]]:
    """Collect the arguments of every process there is, for the time of the block."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes())
            over.wait(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("fails", [False, True], ids=["completed", "failed"])
def test_no_password_is_in_arguments_catalog_jobs_events_or_logs(
    fails: bool,
    tmp_path: Path,
    postgres_server: PostgresServer,
    make_engine: MakeEngine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R56: of the repository and of the database, in a job that ends well and in one that fails."""
    role = postgres_server.create_role("reader_of_all", password=DATABASE_CANARY, superuser=True)
    name = "none" if fails else "postgres"
    try:
        url = postgres_server.url(name, role.name, DATABASE_CANARY)
        service = BackupService(
            url, tmp_path / "backups", REPOSITORY_CANARY, scratch_dir=tmp_path / "scratch"
        )
        service.init_repository()
        engine = make_engine(service=service)
        with caplog.at_level(logging.DEBUG), watching_arguments() as arguments:
            job = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    finally:
        postgres_server.drop_role(role.name)
    assert job.status is (JobStatus.FAILED if fails else JobStatus.COMPLETED), job
    assert any(b"holdfast.jobs.worker" in each for each in arguments)
    engine.stop()
    kept = [path.read_bytes() for path in (tmp_path / "backups" / "holdfast").rglob("*.db*")]
    assert kept
    told = repr([job, *engine.events(job.id)]) + caplog.text
    texts = [told.encode(), *arguments, *kept]
    assert not [each for each in texts if b"canary" in each]


def test_what_holds_another_secret_goes_as_a_whole() -> None:
    """The longest first, wherever in JSON values they are."""
    redact = Redaction(("pass-word", "pass"))
    assert redact("a pass-word, a pass") == "a ***, a ***"
    assert redact.within({"a": ["pass", {"b": "pass-word"}], "n": 1}) == {
        "a": ["***", {"b": "***"}],
        "n": 1,
    }
