"""Eight processes at one catalog: what only one may do, one does."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from holdfast.catalog import CatalogDatabase, Role
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind, JobStatus
from tests.catalog.processes import FIRST, run_together

ROOT = Path(__file__).parents[2]
KINDS = (JobKind.BACKUP, JobKind.BACKUP, JobKind.VERIFY)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def test_each_job_is_done_by_one_and_writing_ones_alone(
    catalog: CatalogDatabase, url: str, tmp_path: Path
) -> None:
    """R45, R46: no job is claimed twice, and never do two jobs of a plan write at once."""
    jobs = [
        catalog.jobs.add(plan="app", kind=kind, trigger=Trigger.MANUAL_API).id for kind in KINDS * 8
    ]
    claimed = run_together("claim_all", url, str(tmp_path))
    assert Counter(job for each in claimed for job in each) == Counter(jobs)
    assert catalog.jobs.counts("app")[JobStatus.COMPLETED] == len(jobs)


def test_a_time_of_the_schedule_gives_one_job(catalog: CatalogDatabase, url: str) -> None:
    """R41: eight processes and forty times, and each time has one job."""
    won = run_together("serve_times", url, 40)
    assert sorted(time for each in won for time in each) == list(range(40))
    assert catalog.jobs.counts("app")[JobStatus.PENDING] == 40
    assert catalog.jobs.last_nominal_at("app") == FIRST + timedelta(minutes=39)


def test_a_new_catalog_is_made_by_eight_at_once(catalog: CatalogDatabase, url: str) -> None:
    """All of them can use it, whoever made its tables."""
    assert run_together("open_catalog", url) == [True] * 8
    assert catalog.jobs.list() == ([], 0)


def test_what_may_happen_once_happens_once(catalog: CatalogDatabase, url: str) -> None:
    """A confirmation, an idempotent request, the first user, a setup token, a first schedule."""
    token, _ = catalog.uploads.add(plan="app", expires_at=LATER)
    catalog.facts.put("setup", "hash")
    found = run_together("take_once", url, {"upload": token})
    assert Counter(key for each in found for key, done in each.items() if done) == dict.fromkeys(
        ("upload", "request", "first user", "setup", "schedule"), 1
    )


def test_an_administrator_stays(catalog: CatalogDatabase, url: str) -> None:
    """Eight administrators who are disabled at once: the last one is not."""
    users = [catalog.accounts.users.add(f"admin {n}", Role.ADMIN).id for n in range(8)]
    assert Counter(run_together("demote", url, users)) == {True: 7, False: 1}
    assert sum(not user.disabled for user in catalog.accounts.users.list()) == 1


KILLED = """
import os, signal, sys
from holdfast.catalog import CatalogDatabase
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind
database = CatalogDatabase(sys.argv[1])
database.jobs.add(plan="app", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API)
with database.writing() as session:
    from holdfast.catalog.schema import FactRow
    from sqlalchemy import delete
    from holdfast.catalog.schema import JobRow
    session.execute(delete(JobRow))
    for number in range(4000):  # more than the cache of SQLite holds, so that the file is written
        session.add(FactRow(key=str(number), value="x" * 1000, updated_at=database.clock.now()))
    session.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_in_a_transaction_leaves_the_catalog_whole(
    catalog: CatalogDatabase, url: str
) -> None:
    """R45: what it had not finished is not there, and others go on."""
    done = subprocess.run([sys.executable, "-c", KILLED, url], cwd=ROOT, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    path = catalog.path
    if path is not None:
        assert path.with_name("catalog.db-journal").stat().st_size > 0
        assert path.stat().st_size > 1_000_000
    catalog.facts.put("after", 1)
    assert catalog.jobs.counts("app")[JobStatus.PENDING] == 1
    assert catalog.facts.under("") == {"after": 1}
    if path is not None:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]


FORKED = """
import json, os, sys
from holdfast.catalog import CatalogDatabase
database = CatalogDatabase(sys.argv[1])
database.facts.put("before", 1)
child = os.fork()
database.facts.put("in the child" if child == 0 else "in the parent", 2)
assert database.facts.get("before") == 1
if child:
    assert os.waitpid(child, 0)[1] == 0
    print(json.dumps(database.facts.under("")))
    database.close()
else:
    os._exit(0)
"""


def test_a_connection_is_not_shared_with_a_forked_process(
    catalog: CatalogDatabase, url: str
) -> None:
    """A server that forks after it opened the catalog has two processes that both can use it."""
    catalog.open()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED, url], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"before": 1, "in the child": 2, "in the parent": 2}
