"""The contract `jobs`: as its clients know it, on real databases."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from holdfast import BackupService
from holdfast.clock import SystemClock
from holdfast.errors import ConfigError
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind, JobStatus
from holdfast.web import ANYONE, Permission
from holdfast.web.contracts import jobs
from tests.archive.forge import corpus
from tests.rig.daemon import wait_until
from tests.rig.postgresql import PostgresDatabase
from tests.web.contracts.example import ROOT, run_lines, running
from tests.web.contracts.ledger import (
    API,
    LONG_S,
    TABLES,
    Ledger,
    Served,
    members,
    serving,
    sqlite_ledger,
)
from tests.web.serving import signed

BACKUP_FIELDS = {
    "id",
    "status",
    "progress",
    "created_at",
    "started_at",
    "completed_at",
    "file_path",
    "file_size_bytes",
    "manifest",
    "error_message",
}
RESTORE_FIELDS = {
    "id",
    "status",
    "progress",
    "backup_id",
    "backup_created_at",
    "created_at",
    "started_at",
    "completed_at",
    "items_restored",
    "error_message",
}
LISTED_FIELDS = {"id", "created_at", "file_size_bytes", "status", "download_url"}
PROGRESS_FIELDS = {"total_tables", "completed_tables", "progress_percent", "current_step"}
MANIFEST_FIELDS = {"backup_id", "version", "created_at", "app_version", "contents"}
DONE = {"total_tables": 2, "completed_tables": 2, "progress_percent": 100}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application on SQLite, for tests that leave its data as they are."""
    place = tmp_path_factory.mktemp("shared")
    with serving(sqlite_ledger(place), place) as served:
        yield served


@pytest.fixture(scope="module")
def backup_id(shared: Served) -> str:
    """A backup of it."""
    return shared.back_up()


@pytest.fixture(scope="module")
def archive(shared: Served, backup_id: str) -> bytes:
    """The ZIP file of that."""
    return shared.download(backup_id)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """The application, for one test."""
    with serving(sqlite_ledger(tmp_path), tmp_path) as served:
        yield served


@pytest.fixture(params=["sqlite", "postgresql"])
def any_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """New data, in each kind of database."""
    if request.param == "sqlite":
        return sqlite_ledger(tmp_path)
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    ledger = Ledger(database.url)
    ledger.create()
    return ledger


def failed(served: Served, data: bytes) -> str:
    """Send a file that fails or is refused, and touches nothing; return why."""
    before = served.ledger.state()
    answer = served.send(data)
    if answer.status_code == 202:
        job_id = answer.json()["job_id"]
        served.engine.wait(job_id, LONG_S)
        ended = served.get(f"/restore/{job_id}")
        assert ended["status"] == "failed", ended
        assert ended["items_restored"] == {}
        assert ended["progress"]["progress_percent"] < 100
        said = ended["error_message"]
    else:
        assert 400 <= answer.status_code < 500, answer.text
        said = answer.json()["detail"]
    assert served.ledger.state() == before
    assert served.files_kept() == []
    return str(said)


def test_a_backup_goes_from_post_to_delete(any_ledger: Ledger, tmp_path: Path) -> None:
    """Each answer has exactly the fields of the contract, and one id is good for all of them."""
    with serving(any_ledger, tmp_path, app_version="2.0") as served:
        answer = served.request("POST")
        assert answer.status_code == 202
        started = answer.json()
        job_id = started["job_id"]
        assert set(started) == {"job_id", "status", "message"}
        assert (str(UUID(job_id)), started["status"]) == (job_id, "pending")
        assert answer.headers["location"] == f"{API}/{job_id}"
        served.engine.wait(job_id, LONG_S)

        backup = served.get(f"/{job_id}")
        assert set(backup) == BACKUP_FIELDS
        assert (backup["id"], backup["status"], backup["error_message"]) == (
            job_id,
            "completed",
            None,
        )
        assert set(backup["progress"]) == PROGRESS_FIELDS
        assert backup["progress"].items() >= DONE.items()
        assert backup["created_at"] <= backup["started_at"] <= backup["completed_at"]
        assert set(backup["manifest"]) == MANIFEST_FIELDS
        assert backup["manifest"]["app_version"] == "2.0"
        assert backup["manifest"]["version"] == "1.0"

        answer = served.request("GET", f"/{job_id}/download")
        assert answer.headers["content-type"] == "application/zip"
        assert backup["file_path"] in answer.headers["content-disposition"]
        assert len(answer.content) == backup["file_size_bytes"]
        assert int(answer.headers["content-length"]) == len(answer.content)
        found = members(answer.content)
        assert set(found) == {
            "RESTORE.txt",
            "manifest.json",
            *(f"tables/{name}.json" for name in TABLES),
        }
        inside = json.loads(found["manifest.json"])
        for name, count in TABLES.items():
            data = found[f"tables/{name}.json"]
            stated = {"count": count, "checksum": hashlib.sha256(data).hexdigest()}
            assert len(json.loads(data)) == count
            assert backup["manifest"]["contents"][name] == stated
            assert inside["contents"][name].items() >= stated.items()
        assert set(backup["manifest"]["contents"]) == set(TABLES)
        assert inside["backup_id"] == backup["manifest"]["backup_id"]

        listed = served.get()
        assert set(listed) == {"backups", "total"}
        assert listed["total"] == 1
        assert listed["backups"] == [
            {
                "id": job_id,
                "created_at": backup["created_at"],
                "file_size_bytes": backup["file_size_bytes"],
                "status": "completed",
                "download_url": f"{API}/{job_id}/download",
            }
        ]
        assert set(listed["backups"][0]) == LISTED_FIELDS

        new = any_ledger.state()
        any_ledger.change()
        assert any_ledger.state() != new
        sent = served.send(answer.content)
        assert sent.status_code == 202
        assert set(sent.json()) == {"job_id", "status", "message"}
        assert sent.json()["status"] == "pending"
        restore_id = sent.json()["job_id"]
        assert sent.headers["location"] == f"{API}/restore/{restore_id}"
        served.engine.wait(restore_id, LONG_S)
        restore = served.get(f"/restore/{restore_id}")
        assert set(restore) == RESTORE_FIELDS
        assert (restore["status"], restore["error_message"]) == ("completed", None)
        assert restore["items_restored"] == TABLES
        assert restore["progress"].items() >= DONE.items()
        assert restore["backup_id"] == backup["manifest"]["backup_id"]
        assert restore["backup_created_at"] == backup["manifest"]["created_at"]
        assert restore["created_at"] <= restore["started_at"] <= restore["completed_at"]
        assert any_ledger.state() == new
        assert served.files_kept() == []

        assert served.request("DELETE", f"/{job_id}").json() == {"deleted": True}
        for method, path in (("GET", ""), ("GET", "/download"), ("DELETE", "")):
            assert served.request(method, f"/{job_id}{path}").status_code == 404
        assert job_id not in [each["id"] for each in served.get()["backups"]]
        # What was restored is known without the backup, which may be of another server.
        assert served.get(f"/restore/{restore_id}") == restore


def test_progress_never_falls(shared: Served, backup_id: str, archive: bytes) -> None:
    """In all that was ever told of a job; the tables are counted up to their number."""
    restored = shared.restore(archive)["id"]
    for job_id in (backup_id, restored):
        told = [
            each.data["progress"]
            for each in shared.engine.events(job_id)
            if "progress" in each.data
        ]
        assert told
        for field in ("percent", "completed_tables", "total_tables"):
            values = [each[field] for each in told]
            assert values == sorted(values), field
        assert max(each["total_tables"] for each in told) == len(TABLES)
        assert all(each["completed_tables"] <= each["total_tables"] for each in told)


def test_a_broken_off_download_goes_on(shared: Served, backup_id: str, archive: bytes) -> None:
    half = len(archive) // 2
    answer = shared.request("GET", f"/{backup_id}/download", headers={"Range": f"bytes={half}-"})
    assert answer.status_code == 206
    assert answer.content == archive[half:]


def regions(archive: bytes) -> Iterator[tuple[str, int, str]]:
    """Yield places in a ZIP file, each with the file that a change there is of ("" for none)."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for each in opened.infolist():
            name = each.filename
            header = each.header_offset
            length = int.from_bytes(archive[header + 26 : header + 28], "little")
            extra = int.from_bytes(archive[header + 28 : header + 30], "little")
            begin = header + 30 + length + extra
            yield f"{name}: name", header + 30, name
            yield f"{name}: checksum in its header", header + 14, name
            if each.compress_size:
                for share in (0.0, 0.3, 0.7):
                    at = begin + int(each.compress_size * share)
                    yield f"{name}: content at {share}", at, name
                yield f"{name}: last byte", begin + each.compress_size - 1, name
        directory = opened.start_dir
        yield "central directory", directory + 16, ""
        yield "middle of the directory", (directory + len(archive) - 22) // 2, ""
        yield "end record", len(archive) - 22, ""
        yield "numbers in the end record", len(archive) - 10, ""


def test_a_changed_byte_fails_with_a_checksum_error_that_names_the_file(
    shared: Served, archive: bytes
) -> None:
    """R02: wherever it is; and nothing of the file is used."""
    shared.ledger.change()
    places = list(regions(archive))
    assert len(places) > 20
    for what, at, name in places:
        changed = bytearray(archive)
        changed[at] ^= 0x01
        said = failed(shared, bytes(changed))
        assert name.rstrip("/") in said, (what, said)
        if "content" in what:
            assert "checksum" in said.casefold(), (what, said)
            assert "corrupted" in said, (what, said)


def test_a_table_that_was_edited_and_packed_again_is_refused(
    shared: Served, archive: bytes
) -> None:
    """Though the ZIP file is whole: its manifest has another checksum."""
    for edit in (lambda data: data.replace(b"12.50", b"92.50"), lambda data: b"[\n\n]\n"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
            for name, data in members(archive).items():
                made.writestr(name, edit(data) if name == "tables/expenses.json" else data)
        said = failed(shared, packed.getvalue())
        assert "checksum" in said.casefold()
        assert "tables/expenses.json" in said


def test_a_truncated_file_fails(shared: Served, archive: bytes) -> None:
    for share in (0.01, 0.5, 0.99):
        assert "corrupted" in failed(shared, archive[: int(len(archive) * share)])
    assert "corrupted" in failed(shared, archive[:-1])


def test_hostile_files_fail(shared: Served) -> None:
    """R57, R63: one of each class of the corpus that the reader of archives is tested with."""
    classes: dict[str, bytes] = {}
    for name, data in corpus():
        classes.setdefault(name.partition(" ")[0].partition(":")[0], data)
    assert len(classes) > 5
    for name, data in classes.items():
        assert failed(shared, data), name


def test_what_is_no_zip_file_is_refused_at_once(shared: Served, archive: bytes) -> None:
    """Nothing waits in a queue that cannot be restored, and nothing is left on disk."""
    _, before = shared.engine.list(kinds=(JobKind.RESTORE_ARCHIVE,))
    cases: list[dict[str, Any]] = [
        {"files": {"file": ("a.zip", b"")}},
        {"files": {"file": ("a.zip", b"PK")}},
        {"files": {"file": ("a.zip", b"not a ZIP file" * 100)}},
        {"files": {"file": ("a.zip", b"MZ" + archive)}},
        {"files": {"upload": ("a.zip", archive)}},
        {"files": {"file": (None, archive)}},
        {"files": [("file", ("a.zip", archive)), ("file", ("b.zip", archive))]},
        {"files": {"file": ("a.zip", archive)}, "data": {"path": "/etc/passwd"}},
        {"data": {"file": "x"}},
        {"json": {"file": "/etc/passwd"}},
        {},
        {"content": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    ]
    for options in cases:
        answer = shared.request("POST", "/restore", **options)
        assert answer.status_code == 422, (options, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert shared.engine.list(kinds=(JobKind.RESTORE_ARCHIVE,))[1] == before
    assert shared.files_kept() == []


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """R63: counted as it comes."""
    with serving(sqlite_ledger(tmp_path), tmp_path, max_upload_bytes=100_000) as served:
        answer = served.send(b"PK\x03\x04" + bytes(200_000))
        assert (answer.status_code, answer.json()["code"]) == (413, "upload-too-large")
        assert served.files_kept() == []
        data = served.download(served.back_up())
        assert served.restore(data)["status"] == "completed"


def test_other_ids_are_not_found(shared: Served, backup_id: str, archive: bytes) -> None:
    """R61: unknown and malformed ones, and those of the other kind of job."""
    restore_id = shared.restore(archive)["id"]
    verify_id = shared.engine.submit(
        JobKind.VERIFY, {"backup_id": shared.get(f"/{backup_id}")["manifest"]["backup_id"]}
    ).id
    bad = [
        str(uuid4()),
        backup_id.upper(),
        backup_id.replace("-", ""),
        "backup_20240101_000000",
        "backup_2",
        "latest",
        "x",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "a%0d%0aX-Evil:%201",
        "x" * 3000,
    ]
    for wanted in (*bad, restore_id, verify_id):
        for method, path in (("GET", ""), ("GET", "/download"), ("DELETE", "")):
            answer = shared.request(method, f"/{wanted}{path}")
            assert answer.status_code in (404, 422), (method, wanted, path, answer.text)
            assert "x-evil" not in answer.headers
    for wanted in (*bad, backup_id, verify_id):
        answer = shared.request("GET", f"/restore/{wanted}")
        assert answer.status_code in (404, 422), (wanted, answer.text)
    assert shared.get(f"/{backup_id}")["status"] == "completed"
    assert shared.get(f"/restore/{restore_id}")["status"] == "completed"


def test_each_route_asks_for_its_permission(shared: Served, backup_id: str, archive: bytes) -> None:
    """R54: without credentials and without the permission it is refused, and nothing happens."""
    routes = [
        ("POST", "", Permission.RUN),
        ("GET", "", Permission.READ),
        ("GET", f"/{backup_id}", Permission.READ),
        ("GET", f"/{backup_id}/download", Permission.RESTORE),
        ("DELETE", f"/{backup_id}", Permission.ADMINISTER),
        ("POST", "/restore", Permission.RESTORE),
        ("GET", f"/restore/{uuid4()}", Permission.READ),
    ]
    _, before = shared.engine.list()
    for method, path, needed in routes:
        options: dict[str, Any] = {"files": {"file": archive}} if path == "/restore" else {}
        others = [each for each in Permission if each is not needed]
        answer = shared.anonymous.request(method, API + path, **options)
        assert answer.status_code == 401, (method, path, answer.text)
        answer = shared.request(method, path, headers=signed(*others), **options)
        assert answer.status_code == 403, (method, path, answer.text)
    assert shared.engine.list()[1] == before
    reader = signed(Permission.READ)
    assert shared.request("GET", headers=reader).status_code == 200
    assert shared.files_kept() == []


def test_while_a_backup_runs_it_is_not_deleted_and_a_restore_waits(tmp_path: Path) -> None:
    """One job at a time changes data or backups; the others wait and say so."""
    held, go = threading.Event(), threading.Event()

    def pause() -> None:
        if holding:
            held.set()
            go.wait(LONG_S)

    holding: list[bool] = []
    ledger = sqlite_ledger(tmp_path)
    with serving(ledger, tmp_path, on_pause=pause) as served:
        data = served.download(served.back_up())
        old = ledger.state()
        holding.append(True)
        try:
            job_id = served.request("POST").json()["job_id"]
            assert held.wait(LONG_S)
            running_backup = served.get(f"/{job_id}")
            assert running_backup["status"] == "running"
            assert running_backup["manifest"] is None
            assert served.request("DELETE", f"/{job_id}").status_code == 409
            answer = served.request("GET", f"/{job_id}/download")
            assert (answer.status_code, answer.json()["code"]) == (409, "job-not-finished")
            [listed] = [each for each in served.get()["backups"] if each["id"] == job_id]
            assert (listed["status"], listed["download_url"]) == ("running", None)

            ledger.change()
            restore_id = served.send(data).json()["job_id"]
            assert served.get(f"/restore/{restore_id}")["status"] == "pending"
            waiting = served.request("POST").json()["job_id"]
            assert served.get(f"/{waiting}")["status"] == "pending"
            assert served.request("DELETE", f"/{waiting}").status_code == 409
        finally:
            holding.clear()
            go.set()
        for each in (job_id, restore_id, waiting):
            assert served.engine.wait(each, LONG_S).status is JobStatus.COMPLETED
        assert ledger.state() == old
        assert served.request("DELETE", f"/{job_id}").status_code == 200


def test_clients_at_once_get_a_backup_each(own: Served) -> None:
    """Of those who delete one at once, one does."""
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: own.request("POST").json()["job_id"], range(4)))
    assert len(set(started)) == 4
    for job_id in started:
        assert own.engine.wait(job_id, LONG_S).status is JobStatus.COMPLETED
    assert {each["id"] for each in own.get()["backups"]} == set(started)
    with ThreadPoolExecutor(4) as pool:
        target = f"/{started[0]}"
        answers = list(pool.map(lambda _: own.request("DELETE", target).status_code, range(4)))
    assert answers.count(200) == 1, answers
    assert set(answers) <= {200, 404, 423}
    assert own.get()["total"] == 3


def test_a_backup_without_a_job_has_an_id_that_all_routes_take(own: Served) -> None:
    """By the command line, by a schedule, and before a restore."""
    made = own.engine.service.create_backup(trigger=Trigger.MANUAL_CLI)
    [listed] = own.get()["backups"]
    found = own.get(f"/{listed['id']}")
    assert found["manifest"]["backup_id"] == made.backup_id
    assert found["progress"].items() >= DONE.items()
    assert own.get(f"/{made.backup_id}") == found
    assert own.restore(own.download(listed["id"]))["items_restored"] == TABLES

    scheduled = own.engine.submit(
        JobKind.BACKUP, {"scheduled": True}, trigger=Trigger.SCHEDULED_CRON
    )
    own.engine.wait(scheduled.id, LONG_S)
    ids = [each["id"] for each in own.get()["backups"]]
    assert len(ids) == 3  # and the safety backup
    assert ids[0] == scheduled.id
    # A catalog that is made anew gives the same id.
    own.engine.rebuild()
    assert [each["id"] for each in own.get()["backups"]] == ids
    for each in ids:
        assert own.get(f"/{each}")["status"] == "completed"
        assert own.request("DELETE", f"/{each}").status_code == 200
    assert own.get() == {"backups": [], "total": 0}


def test_an_id_stays_when_old_jobs_are_forgotten(tmp_path: Path) -> None:
    """As long as the backup is there, its job is; others go after their days."""
    clock = _LaterClock()
    with serving(sqlite_ledger(tmp_path), tmp_path, clock=clock) as served:
        job_id = served.back_up()
        shown = served.get(f"/{job_id}")
        other = served.engine.submit(JobKind.CLEANUP).id
        served.engine.wait(other, LONG_S)
        clock.later = timedelta(days=served.engine.options.keep_jobs_days + 1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("holdfast.jobs.crew._FORGET_EVERY_S", 0.0)
            wait_until(
                lambda: other not in [each.id for each in served.engine.list()[0]],
                "the old jobs to be forgotten",
            )
        assert served.get(f"/{job_id}") == shown
        assert [each["id"] for each in served.get()["backups"]] == [job_id]


class _LaterClock(SystemClock):
    """The time, some days later."""

    later = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.later


def test_a_backup_that_failed_is_listed_and_can_be_deleted(own: Served, tmp_path: Path) -> None:
    database = tmp_path / "expenses.db"
    database.rename(tmp_path / "away.db")
    job_id = own.request("POST").json()["job_id"]
    own.engine.wait(job_id, LONG_S)
    found = own.get(f"/{job_id}")
    assert found["status"] == "failed"
    assert "expenses.db" in found["error_message"]
    assert (found["manifest"], found["file_path"], found["file_size_bytes"]) == (None, None, None)
    [listed] = own.get()["backups"]
    assert (listed["status"], listed["download_url"]) == ("failed", None)
    assert own.request("GET", f"/{job_id}/download").status_code == 404
    assert own.request("DELETE", f"/{job_id}").json() == {"deleted": True}
    assert own.request("GET", f"/{job_id}").status_code == 404
    assert own.get()["total"] == 0


def test_live_data_with_a_name_are_only_replaced_by_who_says_it(tmp_path: Path) -> None:
    """R20: where they were given one; the file is gone if the name is missing."""
    with serving(sqlite_ledger(tmp_path), tmp_path, restore_target_name="production") as served:
        data = served.download(served.back_up())
        for texts in ({}, {"confirm": "staging"}):
            answer = served.send(data, **texts)
            assert (answer.status_code, answer.json()["code"]) == (409, "confirmation-required")
        assert served.files_kept() == []
        assert served.restore(data, confirm="production")["status"] == "completed"


def test_of_a_plan_with_more_only_the_tables_are_taken_out_and_put_back(tmp_path: Path) -> None:
    """The database as a file and the directory stay as they are."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"old")
    ledger = sqlite_ledger(tmp_path)
    with serving(ledger, tmp_path, directories={"photos": photos}) as served:
        job_id = served.back_up()
        data = served.download(job_id)
        assert served.get(f"/{job_id}")["file_size_bytes"] == len(data)
        assert {name.partition("/")[0] for name in members(data)} == {
            "RESTORE.txt",
            "tables",
            "manifest.json",
        }
        assert "photos" not in members(data)["manifest.json"].decode()
        old = ledger.state()
        ledger.change()
        (photos / "a.jpg").write_bytes(b"new")
        for each in (data, b"".join(served.engine.service.open_download("latest").read())):
            assert served.restore(each)["items_restored"] == TABLES
            assert ledger.state() == old
            assert (photos / "a.jpg").read_bytes() == b"new"


def test_the_audit_log_says_who_did_what(own: Served) -> None:
    job_id = own.back_up()
    own.restore(own.download(job_id))
    own.request("DELETE", f"/{job_id}")
    entries, _ = own.engine.database.audit.list(limit=100)
    noted = {(each.action, each.actor, each.job_id) for each in entries}
    for action in ("backup.start", "backup.download", "backup.delete"):
        assert (action, "ann", job_id) in noted
    assert any(each.action == "restore_archive.start" and each.actor == "ann" for each in entries)


def test_it_is_for_plans_with_tables(tmp_path: Path) -> None:
    service = BackupService(f"sqlite:///{tmp_path / 'app.db'}", tmp_path / "backups")
    with pytest.raises(ConfigError, match="tables"):
        jobs(service, auth=ANYONE)


def test_a_server_that_is_killed_in_a_restore_leaves_old_data_or_new(tmp_path: Path) -> None:
    """R45: before the swap and after it; the job ends soon after a restart, and work goes on."""
    ledger = sqlite_ledger(tmp_path)
    (tmp_path / "hold").write_text("")
    with _killable(tmp_path) as api:
        job_id = httpx.post(api).json()["job_id"]
        _await(f"{api}/{job_id}", "completed")
        data = httpx.get(f"{api}/{job_id}/download").content
        new = ledger.state()
        ledger.change()
        old = ledger.state()
        restore_id = _killed_at("pausing", api, data, tmp_path)
    with _killable(tmp_path) as api:
        ended = _await(f"{api}/restore/{restore_id}", "failed", "completed")
        assert (ended["status"], ended["items_restored"]) == ("failed", {})
        assert ended["error_message"]
        assert ledger.state() == old
        restore_id = _killed_at("resuming", api, data, tmp_path)
    with _killable(tmp_path) as api:
        ended = _await(f"{api}/restore/{restore_id}", "failed", "completed")
        assert ended["error_message"] or ended["status"] == "completed"
        assert ledger.state() == new
        ledger.change()
        again = httpx.post(f"{api}/restore", files={"file": ("a.zip", data)}).json()["job_id"]
        assert _await(f"{api}/restore/{again}", "completed")["items_restored"] == TABLES
        assert ledger.state() == new


@contextmanager
def _killable(place: Path) -> Iterator[str]:
    """Serve the contract by a real server; yield its URL."""
    factory = "tests.web.contracts.held_jobs:create_app"
    with running(factory, {"HOME": str(place)}, place / "log") as address:
        yield f"http://{address}{API}"


def _killed_at(moment: str, api: str, data: bytes, place: Path) -> str:
    """Restore a file, and kill the server at a moment of that; return the id of the restore."""
    (place / "hold").write_text(moment)
    sent = httpx.post(f"{api}/restore", files={"file": ("a.zip", data)})
    held = place / "pid"
    wait_until(held.exists, "the restore to be held")
    os.kill(int(held.read_text()), signal.SIGKILL)
    held.unlink()
    (place / "hold").write_text("")
    job_id: str = sent.json()["job_id"]
    return job_id


def _await(url: str, *statuses: str) -> dict[str, Any]:
    """Return a job when it has one of these statuses."""
    ends_at = time.monotonic() + LONG_S
    while True:
        found: dict[str, Any] = httpx.get(url).json()
        if found["status"] in statuses:
            return found
        assert time.monotonic() < ends_at, found
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_lines_of_the_page_run(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The example application starts as documented, and does what its page says."""
    environment = {"BACKUP_ENCRYPTION_PASSWORD": "a long sentence", "ADMIN_TOKEN": "let-me-in"}
    if kind == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres_database").url
    with running("examples.jobs_app.app:create_app", environment, tmp_path / "log") as address:
        page = ROOT / "docs" / "how-to" / "contract-jobs.md"
        said = run_lines(page, address, tmp_path, {"ADMIN_TOKEN": "let-me-in"})
    assert '"amount":"12.50"' in said
    assert '"items_restored":{"categories":1,"expenses":1}' in said
    assert '{"total":"12.50"}' in said
    assert '{"deleted":true}' in said
