"""Several real processes tell of the same jobs, each of them once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind
from tests.operations.application import Application
from tests.rig.receivers import Webhook

PROCESSES = 3
JOBS = 6


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_several_processes_tell_of_each_job_once(
    engine: str,
    application: Application,
    hook: Webhook,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Whoever did the job; also after all of them came to their ends."""
    url = f"sqlite:///{tmp_path}/catalog.db"
    if engine == "postgresql":
        url = request.getfixturevalue("postgres_database").url
    command = [
        *(sys.executable, "-m", "tests.notify.process"),
        *(str(application.root), url, hook.url()),
    ]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        for each in processes:
            assert each.stdout
            assert each.stdout.readline() == "ready\n"
        with closing(CatalogDatabase(url)) as catalog:
            added = [
                catalog.jobs.add(plan="default", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API).id
                for _ in range(JOBS)
            ]
        hook.wait_for(JOBS)
    finally:
        for each in processes:
            each.communicate("")
    assert [each.returncode for each in processes] == [0] * PROCESSES
    assert sorted(each["job"]["id"] for each in hook.documents) == sorted(added)
