"""The repository over HTTP: shown, checked, freed of what nothing uses, unlocked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.models.job import JobStatus
from holdfast.operations.recovery_kit import read_recovery_kit
from holdfast.repository import Repository
from holdfast.repository.machine import host_name
from holdfast.stores import open_store
from tests.operations.application import PASSWORD, Application
from tests.operations.damaging import flip_last, spoil_file
from tests.rig.sim_clock import SimClock
from tests.web.serving import WAIT, Served, served, signed
from tests.web.test_jobs import Held

PATIENCE_S = 60.0
FILE = "/files/thumbnails/1.jpg"


def shown(web: Served) -> dict[str, Any]:
    """Return how the repository stands."""
    answer = web.get("/repository", headers=signed("read"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def asked(web: Served, what: str, **body: Any) -> dict[str, Any]:
    """Return a job of the repository when it has ended."""
    answer = web.post(f"/repository/{what}", json=body, headers=WAIT)
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


@contextmanager
def locked(
    application: Application, *, exclusive: bool = False, ago: timedelta = timedelta()
) -> Iterator[None]:
    """Hold a lock on the repository, as another program would."""
    clock = SimClock(datetime.now(UTC) - ago)
    repository = Repository.open(open_store(str(application.repository)), PASSWORD, clock=clock)
    with repository.lock(exclusive=exclusive):
        yield


def packs(application: Application) -> dict[str, int]:
    """Return the stored packs with their sizes [bytes]."""
    files = (path for path in (application.repository / "data").rglob("*") if path.is_file())
    return {path.name: path.stat().st_size for path in files}


def test_before_the_first_backup_there_is_nothing_to_show_or_to_do(
    web: Served, application: Application
) -> None:
    """And nothing is made by looking."""
    found = shown(web)
    assert found.pop("free_bytes") > 0
    assert found == {
        "exists": False,
        "location": str(application.repository),
        "store": "local",
        "repository_id": None,
        "format_version": None,
        "encrypted": None,
        "snapshots": 0,
        "stored_size_bytes": 0,
        "keys": [],
        "locks": [],
        "last_check": None,
        "last_prune": None,
        "recovery": None,
    }
    for path, body in (
        ("check", {}),
        ("prune", {}),
        ("prune", {"dry_run": True}),
        ("unlock", None),
    ):
        refused = web.post(f"/repository/{path}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (404, "repository-not-found")
    assert web.get("/jobs").json()["total"] == 0
    assert not (application.repository / "config").exists()


def test_a_repository_is_shown_without_its_secrets(web: Served, application: Application) -> None:
    """R61: what opens it is named, not told; and backups of other plans are counted."""
    web.back_up()
    application.service(plan="other").create_backup()
    answer = web.get("/repository")
    assert PASSWORD not in answer.text
    found = answer.json()
    (key,) = found["keys"]
    assert (key["label"], key["current"], key["hostname"]) == ("password", True, host_name())
    assert (found["exists"], found["encrypted"], found["format_version"]) == (True, True, 2)
    assert found["location"] == str(application.repository)
    assert len(found["repository_id"]) == 64
    assert found["snapshots"] == len(list((application.repository / "snapshots").iterdir())) == 2
    assert found["stored_size_bytes"] > sum(packs(application).values()) > 0
    assert found["free_bytes"] > 0
    assert (found["locks"], found["last_check"], found["last_prune"]) == ([], None, None)


def test_looking_opens_no_pack_and_no_index(
    web: Served, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be asked for every few seconds, whatever the size of the repository."""
    web.back_up()
    before = shown(web)

    def refuse(*_: object) -> None:
        raise AssertionError("The index is loaded")

    monkeypatch.setattr(Repository, "_load_index", refuse)
    for path in (application.repository / "data").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(bytes(path.stat().st_size))
    assert {**shown(web), "free_bytes": 0} == {**before, "free_bytes": 0}


def test_it_says_whether_the_way_in_is_kept_elsewhere(
    web: Served, application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, kept and never tried, tried, and not tried for long; each with what to type."""
    web.back_up()
    missing = shown(web)["recovery"]
    assert (missing["state"], missing["command"]) == (
        "missing",
        f"holdfast keys recovery -o recovery-kit.txt --repo {application.repository}",
    )
    drill = f"holdfast keys drill --repo {application.repository}"
    kit = web.service.export_recovery_kit(tmp_path / "kit.txt")
    found = shown(web)
    assert [key["label"] for key in found["keys"]] == ["password", "recovery"]
    assert [key["current"] for key in found["keys"]] == [True, False]
    recovery = found["recovery"]
    assert (recovery["state"], recovery["command"]) == ("not-tried", drill)
    assert kit.name in recovery["message"]
    secret = read_recovery_kit(kit.path.read_text()).secret
    web.service.drill_unlock(secret)
    kept = shown(web)["recovery"]
    assert (kept["state"], kept["command"]) == ("kept", None)
    assert secret not in web.get("/repository").text
    monkeypatch.setattr("holdfast.web.repository.TRY_EVERY", timedelta(microseconds=1))
    late = shown(web)["recovery"]
    assert late["state"] == "not-tried"
    assert "last tried" in late["message"]


def test_a_repository_without_a_password_needs_no_kit(application: Application) -> None:
    with served(application, service=application.service(encryption_password=None)) as web:
        web.service.init_repository(encrypt=False)
        web.back_up()
        found = shown(web)
        assert (found["encrypted"], found["recovery"]["state"]) == (False, "not-needed")
        assert [key["label"] for key in found["keys"]] == ["none"]


def test_a_check_that_finds_nothing_passes(web: Served) -> None:
    """Its result says what it looked at, and the repository when that was."""
    web.back_up()
    job = asked(web, "check", read_data=True)
    assert (job["kind"], job["status"], job["error"]) == ("check", "completed", None)
    assert job["result"]["passed"] is True
    assert job["result"]["problems"] == []
    assert job["result"]["packs_read"] == job["result"]["packs"] > 0
    assert shown(web)["last_check"] == {
        "at": job["completed_at"],
        "job_id": job["id"],
        "read_data": True,
        "passed": True,
        "problems": [],
    }


def test_a_check_that_finds_damage_fails_and_says_what_to_do(
    web: Served, application: Application
) -> None:
    """Of the structure only, it finds what is missing; a flipped bit, when it reads all (R01)."""
    backup = web.back_up()
    spoil_file(application.repository, FILE, flip_last, seal=False)
    assert asked(web, "check")["result"]["passed"] is True
    job = asked(web, "check", read_data=True)
    assert (job["status"], job["error"]["code"]) == ("failed", "repository-damaged")
    assert "holdfast create" in job["error"]["hint"]
    assert (job["result"]["passed"], job["result"]["problem_count"]) == (False, 1)
    assert job["result"]["touched_backups"] == [backup]
    (problem,) = job["result"]["problems"]
    last = shown(web)["last_check"]
    assert (last["passed"], last["job_id"], last["problems"]) == (False, job["id"], [problem])
    assert any("check" in each for each in web.get("/health").json()["problems"])


def test_problems_of_a_lost_medium_are_not_all_told(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most so many in a job, and 20 of them here; how many there are is said."""
    for _ in range(3):
        web.back_up()
    repository = Path(shown(web)["location"])
    for path in (repository / "snapshots").iterdir():
        path.chmod(0o600)
        path.write_bytes(b"lost")
    monkeypatch.setattr("holdfast.operations.checking.MOST_PROBLEMS", 2)
    monkeypatch.setattr("holdfast.web.repository.MOST_PROBLEMS", 1)
    job = asked(web, "check")
    assert (job["result"]["problem_count"], len(job["result"]["problems"])) == (3, 2)
    assert "2 more" in job["error"]["message"]
    last = web.service.look_at_repository().last_check
    assert last is not None
    assert len(last.detail["problems"]) == 2


def test_what_the_command_line_checked_and_pruned_is_known(
    web: Served, application: Application
) -> None:
    """Whoever did it last counts, also of another plan; a check that was kept out does not."""
    web.back_up()
    job = asked(web, "check")
    other = application.service(plan="other")
    other.check(read_data=True)
    last = shown(web)["last_check"]
    assert (last["job_id"], last["read_data"], last["passed"]) == (None, True, True)
    assert last["at"] > job["completed_at"]
    freed = other.prune()
    assert shown(web)["last_prune"]["freed_bytes"] == freed
    assert asked(web, "check")["id"] == shown(web)["last_check"]["job_id"]


def test_a_prune_shows_first_what_it_would_free(web: Served, application: Application) -> None:
    """The dry run changes nothing; the prune frees that, and leaves what is used (R13)."""
    (application.thumbnails / "large.bin").write_bytes(os.urandom(500_000))
    gone = web.back_up()
    (application.thumbnails / "large.bin").unlink()
    kept = web.back_up()
    assert web.request("DELETE", f"/backups/{gone}").status_code == 204
    before, size = packs(application), shown(web)["stored_size_bytes"]
    looked = web.post("/repository/prune", json={"dry_run": True})
    preview = looked.json()
    assert (looked.status_code, preview["dry_run"]) == (200, True)
    assert preview["total_bytes"] == sum(before.values())
    assert preview["would_free_bytes"] >= 500_000
    assert packs(application) == before
    assert web.get("/jobs?kind=prune").json()["total"] == 0
    assert shown(web)["last_prune"] is None
    job = asked(web, "prune")
    assert (job["kind"], job["status"]) == ("prune", "completed")
    freed = job["result"]["freed_bytes"]
    assert freed >= 500_000
    found = shown(web)
    assert found["stored_size_bytes"] <= size - freed
    assert found["last_prune"] == {
        "at": job["completed_at"],
        "job_id": job["id"],
        "freed_bytes": freed,
    }
    assert asked(web, "check", read_data=True)["result"]["passed"] is True
    assert web.post(f"/backups/{kept}/verify", headers=WAIT).json()["result"]["verified"] is True


def test_a_cleanup_prunes_too(web: Served) -> None:
    """So the repository says when it was pruned last, though nobody asked for a prune."""
    for _ in range(2):
        web.back_up()
    cleanup = web.post("/backups/cleanup", json={"policy": {"keep_last": 1}}, headers=WAIT).json()
    last = shown(web)["last_prune"]
    assert (last["job_id"], last["freed_bytes"]) == (None, cleanup["result"]["freed_bytes"])


def test_a_prune_waits_for_who_is_at_work(web: Served, application: Application) -> None:
    """And a dry run, which would have to be answered at once, is refused meanwhile."""
    web.back_up()
    with locked(application):
        refused = web.post("/repository/prune", json={"dry_run": True})
        assert (refused.status_code, refused.json()["code"]) == (423, "repository-locked")
        job = web.post("/repository/prune").json()["id"]
        until = time.monotonic() + PATIENCE_S
        while "Waiting" not in web.engine.get(job).progress.current_step:
            assert time.monotonic() < until
            time.sleep(0.02)
    assert web.engine.wait(job, PATIENCE_S).result["freed_bytes"] == 0


def test_who_may_not_prune_may_not_repeat_or_stop_one(web: Served) -> None:
    """R54: as of a cleanup."""
    web.back_up()
    job = asked(web, "prune")["id"]
    for what in ("retry", "cancel"):
        assert web.post(f"/jobs/{job}/{what}", headers=signed("run")).status_code == 403
    checked = asked(web, "check")["id"]
    assert web.post(f"/jobs/{checked}/retry", headers=signed("run")).status_code == 409


def test_a_check_is_asked_for_once_with_one_key(web: Served) -> None:
    web.back_up()
    key = {"Idempotency-Key": "one"}
    first, second = (web.post("/repository/check", headers=key).json()["id"] for _ in range(2))
    assert first == second
    assert web.get("/jobs?kind=check").json()["total"] == 1
    other = web.post("/repository/check", json={"read_data": True}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    web.engine.wait(first, PATIENCE_S)


def test_locks_are_shown_and_those_of_the_dead_removed(
    web: Served, application: Application
) -> None:
    """Only they: who is alive keeps the lock. Who removed them is in the audit."""
    web.back_up()
    with locked(application), locked(application, ago=timedelta(hours=1)):
        stale, fresh = shown(web)["locks"]
        assert (stale["stale"], fresh["stale"]) == (True, False)
        assert (fresh["pid"], fresh["hostname"]) == (os.getpid(), host_name())
        assert fresh["exclusive"] is False
        key = {"Idempotency-Key": "unlock"}
        for _ in range(2):
            done = web.post("/repository/unlock", headers=key)
            assert (done.status_code, done.json()) == (200, {"removed": 1})
        assert shown(web)["locks"] == [fresh]
        assert web.post("/repository/unlock").json() == {"removed": 0}
    entry = web.get("/audit").json()["entries"][1]
    assert (entry["action"], entry["outcome"], entry["actor"]) == (
        "repository.unlock",
        "done",
        "ann",
    )
    assert entry["detail"] == {"removed": 1}


def test_a_check_goes_on_beside_work_that_writes(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes nothing, so it waits for no backup; a prune of the same plan does."""
    web.back_up()
    held = Held(web, monkeypatch)
    web.post("/backups")
    assert held.begun.wait(PATIENCE_S)
    prune = web.post("/repository/prune").json()["id"]
    assert asked(web, "check")["status"] == "completed"
    assert web.engine.get(prune).status is JobStatus.PENDING
    held.go.set()
    assert web.engine.wait(prune, PATIENCE_S).status is JobStatus.COMPLETED
