"""The jobs over HTTP: waited for, followed, cancelled, tried again."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from holdfast.errors import Cancelled, TooManyRequests
from holdfast.models.backup import BackupMetadata, BackupVerification, Trigger
from holdfast.models.job import JobKind, JobStatus
from holdfast.models.progress import CancellationToken
from holdfast.web import events
from holdfast.web.job_answers import wait_of
from tests.operations.application import Application
from tests.web.serving import PREFIX, WAIT, Served, served

PATIENCE_S = 60.0


class Held:
    """Holds every backup of a service until it is let go, or cancelled."""

    def __init__(self, web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        create = web.service.create_backup

        def hold(*args: Any, cancel: CancellationToken, **options: Any) -> BackupMetadata:
            self.begun.set()
            while not self.go.wait(0.02):
                if cancel.cancelled:
                    raise Cancelled("Stopped")
            return create(*args, cancel=cancel, **options)

        monkeypatch.setattr(web.service, "create_backup", hold)


def sent(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream: number, kind and data of each."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "id" in lines:
            found.append(
                {
                    "id": int(lines["id"]),
                    "event": lines["event"],
                    "data": json.loads(lines["data"]),
                }
            )
    return found


def test_work_is_answered_at_once(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """202 with the job and where it is, while it is under way."""
    held = Held(web, monkeypatch)
    answer = web.post("/backups", json={"description": "x"})
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{PREFIX}/jobs/{job['id']}"
    assert job["links"]["events"] == f"{answer.headers['location']}/events"
    assert held.begun.wait(PATIENCE_S)
    shown = web.client.get(answer.headers["location"]).json()
    assert (shown["status"], shown["actor"], shown["trigger"]) == ("running", "ann", "manual_api")
    listed = web.get("/backups?status=running").json()["backups"]
    assert [each["id"] for each in listed] == [job["id"]]
    assert listed[0]["progress"]["progress_percent"] == 0
    held.go.set()
    ended = web.engine.wait(job["id"], PATIENCE_S)
    assert web.get("/backups").json()["backups"][0]["id"] == ended.backup_id


def test_a_client_may_wait(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Prefer: wait` answers with the job that has ended, or after its time with what is."""
    made = web.post("/backups", headers=WAIT)
    assert (made.status_code, made.json()["status"]) == (201, "completed")
    assert made.headers["location"] == f"{PREFIX}/backups/{made.json()['backup_id']}"
    assert made.headers["preference-applied"] == "wait=60"
    proven = web.post(f"/backups/{made.json()['backup_id']}/verify", headers=WAIT)
    assert (proven.status_code, proven.json()["result"]["verified"]) == (200, True)
    drilled = web.post(f"/backups/{made.json()['backup_id']}/drill", headers=WAIT)
    assert (drilled.status_code, drilled.json()["result"]["verified"]) == (200, True)
    held = Held(web, monkeypatch)
    slow = web.post("/backups", headers={"Prefer": "wait=0.1, wait=1"})
    assert (slow.status_code, slow.json()["completed_at"]) == (202, None)
    held.go.set()


@pytest.mark.parametrize(
    ("prefer", "waits_s"),
    [
        (None, 0),
        ("", 0),
        ("respond-async", 0),
        ("wait=5", 5),
        ("respond-async, wait=5", 5),
        ('WAIT = "7"; x', 7),
        ("wait=999999999", 60),
        ("wait=-1", 0),
        ("wait=x", 0),
        ("await=5", 0),
    ],
)
def test_how_long_a_client_wants_to_wait(prefer: str | None, waits_s: float) -> None:
    """A preference that is none is no error (RFC 7240)."""
    assert wait_of(prefer) == waits_s


def test_many_who_wait_hold_up_nobody(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """R63: waiting takes no thread: with more who wait than threads, others are answered."""
    held = Held(web, monkeypatch)
    job = web.post("/backups").json()["id"]
    answers: list[int] = []

    def wait() -> None:
        answer = web.post(f"/jobs/{job}/cancel", headers=WAIT)
        answers.append(answer.status_code)

    def follow() -> None:
        answers.append(web.get(f"/jobs/{job}/events").status_code)

    threads = [threading.Thread(target=follow) for _ in range(40)]
    for thread in threads:
        thread.start()
    assert held.begun.wait(PATIENCE_S)
    assert web.get("/backups").status_code == 200
    wait()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert answers == [200] * 41


def test_events_tell_what_happened_and_end_with_the_job(web: Served) -> None:
    """Numbers rise, the last event says how it ended, and the stream is over."""
    job = web.post("/backups", headers=WAIT).json()
    answer = web.get(f"/jobs/{job['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    told = sent(answer.text)
    numbers = [each["id"] for each in told]
    assert numbers == sorted(set(numbers))
    assert told[0]["data"]["job"]["status"] == "pending"
    assert told[-1]["event"] == "finished"
    assert told[-1]["data"]["job"] == web.get(f"/jobs/{job['id']}").json()


def test_a_reader_of_events_goes_on_where_it_was(web: Served) -> None:
    """By the header that browsers send, or by a parameter; a number too high gives no more."""
    job = web.post("/backups", headers=WAIT).json()["id"]
    told = sent(web.get(f"/jobs/{job}/events").text)
    again = web.get(f"/jobs/{job}/events", headers={"Last-Event-ID": str(told[0]["id"])})
    assert sent(again.text) == told[1:]
    asked = web.get(f"/jobs/{job}/events?after={told[-2]['id']}")
    assert sent(asked.text) == told[-1:]
    last = {"Last-Event-ID": str(told[-1]["id"])}
    assert sent(web.get(f"/jobs/{job}/events?after=0", headers=last).text) == []
    for wrong in ("x", "-1", "1.5", "9" * 19):
        refused = web.get(f"/jobs/{job}/events", headers={"Last-Event-ID": wrong})
        assert refused.status_code == 422, wrong


def test_events_come_while_the_job_runs(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that began before the end sees it; the stream waits for it."""
    held = Held(web, monkeypatch)
    job = web.post("/backups").json()["id"]
    texts: list[str] = []
    reader = threading.Thread(target=lambda: texts.append(web.get(f"/jobs/{job}/events").text))
    reader.start()
    assert held.begun.wait(PATIENCE_S)
    held.go.set()
    reader.join(PATIENCE_S)
    assert [each["event"] for each in sent(texts[0])][-1] == "finished"


def test_a_stream_does_not_last_for_ever(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is to stop need not wait for the job; the reader comes back by itself."""
    monkeypatch.setattr(events, "LONGEST_S", 0.2)
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.0)
    monkeypatch.setattr(events, "POLL_S", 0.05)
    held = Held(web, monkeypatch)
    job = web.post("/backups").json()["id"]
    text = web.get(f"/jobs/{job}/events").text
    assert text.startswith("retry: ")
    assert "finished" not in text
    held.go.set()


def test_a_job_is_cancelled(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that runs ends at its next safe point, one that waits at once, one that ended not."""
    held = Held(web, monkeypatch)
    running = web.post("/backups").json()["id"]
    assert held.begun.wait(PATIENCE_S)
    waiting = web.post("/backups").json()["id"]
    assert web.post(f"/jobs/{waiting}/cancel").json()["status"] == "cancelled"
    ended = web.post(f"/jobs/{running}/cancel", headers=WAIT)
    assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
    again = web.post(f"/jobs/{running}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job-finished")
    assert {each["status"] for each in web.get("/backups").json()["backups"]} == {"cancelled"}


def test_only_so_many_jobs_of_a_plan_may_wait(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 says when to come again, whatever is asked for; what was asked before is done."""
    monkeypatch.setattr("holdfast.jobs.engine.MOST_WAITING", 2)
    failed = web.engine.wait(
        web.engine.submit(JobKind.CLEANUP, {"policy": {"x": 1}}).id, PATIENCE_S
    )
    held = Held(web, monkeypatch)
    running = web.post("/backups").json()["id"]
    assert held.begun.wait(PATIENCE_S)
    keys = [{"Idempotency-Key": each} for each in "ab"]
    waiting = [web.post("/backups", headers=key).json()["id"] for key in keys]
    for path in ("/backups", "/backups/cleanup", f"/jobs/{failed.id}/retry"):
        web.engine.database.jobs.add(plan="other", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API)
        refused = web.post(path)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests"), path
        assert refused.headers["retry-after"] == "30"
    assert web.get("/audit").json()["entries"][0]["outcome"] == "refused"
    assert web.post("/backups", headers=keys[0]).json()["id"] == waiting[0]
    assert web.post(f"/jobs/{waiting[0]}/cancel").json()["status"] == "cancelled"
    made = web.post("/backups", headers={"Idempotency-Key": "c"})
    assert made.status_code == 202
    held.go.set()
    for job in (running, waiting[1], made.json()["id"]):
        assert web.engine.wait(job, PATIENCE_S).status is JobStatus.COMPLETED


def test_restores_find_room_and_go_first(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much else waits, and up to a limit of their own."""
    monkeypatch.setattr("holdfast.jobs.engine.MOST_WAITING", 2)
    monkeypatch.setattr("holdfast.jobs.engine.MOST_RESTORES_WAITING", 1)
    backup = web.back_up()
    failed = web.engine.wait(
        web.engine.submit(JobKind.RESTORE, {"backup_id": "backup_20200101_000000"}).id, PATIENCE_S
    )
    held = Held(web, monkeypatch)
    web.post("/backups")
    assert held.begun.wait(PATIENCE_S)
    waiting = [web.post("/backups").json()["id"] for _ in range(2)]
    assert web.post("/backups").status_code == 429
    undo = web.engine.submit(JobKind.UNDO)
    with pytest.raises(TooManyRequests, match="1 restores of the plan default wait already"):
        web.engine.submit(JobKind.RESTORE, {"backup_id": backup})
    with pytest.raises(TooManyRequests):
        web.engine.retry(failed.id)
    web.engine.cancel(undo.id)
    again = web.engine.retry(failed.id)
    held.go.set()
    done = [web.engine.wait(each, PATIENCE_S) for each in (again.id, *waiting)]
    begun = [each.started_at for each in done if each.started_at]
    assert len(begun) == 3
    assert begun == sorted(begun), "the restore has not waited for the backups"


def test_work_that_only_reads_leaves_a_place(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore does not wait until one of many verifications has ended."""
    backup = web.back_up()
    go, begun = threading.Event(), threading.Semaphore(0)
    verify = web.service.verify_backup

    def hold(*args: Any, **options: Any) -> BackupVerification:
        begun.release()
        assert go.wait(PATIENCE_S)
        return verify(*args, **options)

    monkeypatch.setattr(web.service, "verify_backup", hold)
    asked = [web.engine.submit(JobKind.VERIFY, {"backup_id": backup}) for _ in range(4)]
    for _ in range(2):
        assert begun.acquire(timeout=PATIENCE_S)
    assert web.post("/backups", headers=WAIT).json()["status"] == "completed"
    assert web.engine.database.jobs.counts("default")[JobStatus.PENDING] == 2
    go.set()
    for job in asked:
        assert web.engine.wait(job.id, PATIENCE_S).status is JobStatus.COMPLETED


def test_a_job_is_tried_again(application: Application) -> None:
    """Another job, that knows which one it repeats; one that runs is not repeated."""
    aside = application.database.rename(application.root / "aside.db")
    with served(application) as web:
        failed = web.post("/backups", json={"description": "x"}, headers=WAIT).json()
        assert failed["status"] == "failed"
        aside.rename(application.database)
        again = web.post(f"/jobs/{failed['id']}/retry", headers=WAIT).json()
        assert (again["status"], again["attempt"], again["retry_of"]) == (
            "completed",
            2,
            failed["id"],
        )
        assert web.get(f"/backups/{again['backup_id']}").json()["description"] == "x"


@pytest.mark.parametrize("kind", [JobKind.RESTORE, JobKind.UNDO, JobKind.RESTORE_ARCHIVE])
def test_what_replaces_live_data_is_never_tried_again(web: Served, kind: JobKind) -> None:
    """R20: it was confirmed once, for the data as they were then; so it is asked for anew."""
    params = {"backup_id": "20010101-000000-aaaa", "path": "/nowhere", "confirm": "other"}
    taken = {JobKind.RESTORE: ("backup_id",), JobKind.RESTORE_ARCHIVE: ("path",)}
    asked = {name: params[name] for name in taken.get(kind, ("confirm",))}
    job = web.engine.wait(web.engine.submit(kind, asked).id, PATIENCE_S)
    assert job.status is JobStatus.FAILED
    refused = web.post(f"/jobs/{job.id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "job-finished")
    assert "ask for the restore again" in refused.json()["hint"]


def test_an_import_whose_archive_is_gone_is_not_tried_again(web: Served) -> None:
    job = web.engine.wait(web.engine.submit(JobKind.IMPORT, {"path": "/nowhere"}).id, PATIENCE_S)
    refused = web.post(f"/jobs/{job.id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "job-finished")


def test_a_job_that_runs_is_not_tried_again(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(web, monkeypatch)
    job = web.post("/backups").json()["id"]
    refused = web.post(f"/jobs/{job}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "job-not-finished")
    held.go.set()


def test_jobs_are_listed_in_pages(web: Served) -> None:
    backup = web.back_up()
    for _ in range(2):
        web.post(f"/backups/{backup}/verify", headers=WAIT)
    first = web.get("/jobs?limit=2").json()
    second = web.get(f"/jobs?limit=2&cursor={first['next_cursor']}").json()
    assert first["total"] == second["total"] == 3
    assert second["next_cursor"] is None
    kinds = [each["kind"] for each in first["jobs"] + second["jobs"]]
    assert kinds == ["verify", "verify", "backup"]
    assert web.get("/jobs?kind=backup&status=completed").json()["total"] == 1
    assert web.get(f"/jobs?backup_id={backup}").json()["total"] == 3
    assert web.get("/jobs?status=failed&status=cancelled").json()["total"] == 0


@pytest.mark.parametrize(
    "job_id",
    [
        "x",
        "0198c5a2-7f2e-7c3a-9d51-3f6f6a1c9b10",
        "0198C5A2-7F2E-7C3A-9D51-3F6F6A1C9B10",
        "%00",
        "..",
        "%2e%2e%2fetc%2fpasswd",
        "' or 1=1 --",
    ],
)
def test_there_is_no_such_job(shared: Served, job_id: str) -> None:
    """R61: an id is looked up and nothing else; whatever is none is not found."""
    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ):
        assert shared.request(method, f"/jobs/{job_id}{path}").status_code == 404


def test_jobs_of_another_plan_are_not_shown(web: Served) -> None:
    """One catalog may hold the jobs of several plans (R54)."""
    other = web.engine.database.jobs.add(
        plan="other", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API
    )
    assert web.get("/jobs").json()["total"] == 0
    assert web.get(f"/jobs/{other.id}").status_code == 404
    assert web.get(f"/jobs/{other.id}/events").status_code == 404
    assert web.post(f"/jobs/{other.id}/cancel").status_code == 404
    assert web.engine.get(other.id).cancel_requested is False
