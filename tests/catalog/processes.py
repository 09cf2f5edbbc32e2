"""Real processes that use one catalog at once, and what each of them found.

    results = run_together("claim_all", url, arguments, count=8)

One process imports what is needed and then forks, so that eight begin at the same moment and
the machine does not spend it on imports. It has no threads and no connection when it forks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from holdfast.catalog import CatalogDatabase, Claim
from holdfast.errors import AlreadyRun, HoldfastError
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind, JobStatus

_ROOT = Path(__file__).parents[2]
FIRST = datetime(2024, 3, 1, tzinfo=UTC)


def run_together(work: str, url: str, argument: Any = None, *, count: int = 8) -> list[Any]:
    """Run a function of this module in so many processes at once; return what each returned."""
    command = [sys.executable, "-W", "error", "-m", __name__, work, url, str(count)]
    done = subprocess.run(
        command,
        cwd=_ROOT,
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == count, done.stderr
    return results


def open_catalog(database: CatalogDatabase, _argument: Any) -> bool:
    """Open the catalog, making it if need be, and use it."""
    database.open()
    return database.facts.get("nothing") is None


def claim_all(database: CatalogDatabase, folder: str) -> list[str]:
    """Claim and do jobs until none waits; a job that writes is alone, which a file proves."""
    done = []
    failed = Path(folder) / "failed"
    try:
        while database.jobs.counts("app")[JobStatus.PENDING] and not failed.exists():
            claim = database.jobs.claim(f"process {os.getpid()}", "app", lease_s=600)
            if claim is not None:
                _do(database, claim, Path(folder) / "writing")
                done.append(claim.job.id)
    except BaseException:
        failed.touch()  # or the others wait for what this process has claimed
        raise
    return done


def _do(database: CatalogDatabase, claim: Claim, mark: Path) -> None:
    if claim.job.kind.writes:
        mark.touch(exist_ok=False)
        database.jobs.renew(claim, lease_s=600)
        mark.unlink()
    database.jobs.finish(claim, status=JobStatus.COMPLETED)


def serve_times(database: CatalogDatabase, times: int) -> list[int]:
    """Add a job for each time of a schedule; return the times that this process was first at."""
    won = []
    for number in range(times):
        try:
            database.jobs.add(
                plan="app",
                kind=JobKind.BACKUP,
                trigger=Trigger.SCHEDULED_CRON,
                nominal_at=FIRST + timedelta(minutes=number),
            )
        except AlreadyRun:
            continue
        won.append(number)
    return won


def take_once(database: CatalogDatabase, tokens: dict[str, str]) -> dict[str, bool]:
    """Try to be the one who does what only one may do; return what this process was let do."""
    users = database.accounts.users
    return {
        "upload": _succeeds(lambda: database.uploads.claim(tokens["upload"])),
        "request": _succeeds(lambda: database.requests.begin("scope", "key", "same")),
        "first user": _succeeds(lambda: users.add(f"user {os.getpid()}", _admin(), first=True)),
        "setup": database.facts.take("setup") is not None,
        "schedule": _succeeds(lambda: database.schedules.put(_schedule(), expected_version=0)),
    }


def demote(database: CatalogDatabase, users: list[str]) -> bool:
    """Disable one of all administrators, each process another one."""
    mine = users[_number]
    return _succeeds(lambda: database.accounts.users.change(mine, disabled=True))


def _admin() -> Any:
    from holdfast.catalog import Role

    return Role.ADMIN


def _schedule() -> Any:
    from holdfast.catalog import Schedule

    return Schedule(plan="app", cron="0 2 * * *")


def _succeeds(attempt: Any) -> bool:
    try:
        attempt()
    except HoldfastError:
        return False
    return True


_number = 0


def _main(work: str, url: str, count: int) -> int:
    argument = json.loads(sys.stdin.read())
    begin_read, begin_write = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            os.close(begin_write)
            os.read(begin_read, 1)  # ends when all have been forked
            os._exit(_child(work, url, argument, number))
        children.append(child)
    os.close(begin_write)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


def _child(work: str, url: str, argument: Any, number: int) -> int:
    global _number
    _number = number
    database = CatalogDatabase(url)
    try:
        result = globals()[work](database, argument)
    except BaseException:  # noqa: BLE001 - told to whoever waits, as nothing else is
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        database.close()
    os.write(1, f"{json.dumps(result)}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
