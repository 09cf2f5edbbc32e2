"""Restores over HTTP, in two steps: what would be replaced, then exactly that (R15, R20, R22)."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from holdfast.catalog.links import LinkTable
from holdfast.errors import CatalogError, UploadNotFound
from holdfast.jobs import JobEngine
from holdfast.web import Actor, restores
from holdfast.web.context import MAX_LOOKS
from holdfast.web.restores import Restores
from tests.operations.application import Application
from tests.rig.postgresql import PostgresDatabase
from tests.rig.sim_clock import SimClock
from tests.web.serving import ADMIN, WAIT, Served, served, signed
from tests.web.transfers.files import inbox_of, sent

SOMEBODY_ELSE = signed("read", "run", "restore", "administer", name="bob")


@pytest.fixture
def backed_up(web: Served) -> tuple[Served, str]:
    """An application with a backup, and one event more since."""
    backup = web.back_up()
    web.application.add_events(1)
    return web, backup


def look(web: Served, backup: str, **wanted: Any) -> dict[str, Any]:
    """Ask what a restore would replace."""
    answer = web.post(f"/backups/{backup}/restore", json={"dry_run": True, **wanted})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, Any] = answer.json()
    return told


def restore(web: Served, backup: str, headers: Any = None, **wanted: Any) -> httpx.Response:
    """Ask for a restore, and wait for it."""
    path = f"/backups/{backup}/restore"
    return web.post(path, json=wanted, headers={**WAIT, **(headers or {})})


def events(web: Served) -> int:
    count: int = web.application.rows("select count(*) from events")[0][0]
    return count


def untouched(web: Served, answer: httpx.Response, status: int, code: str) -> None:
    """Make sure that a restore was refused and nothing was done."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert events(web) == 4
    assert [each["kind"] for each in web.get("/jobs").json()["jobs"]] == ["backup"]


# Of a backup


def test_a_look_says_what_would_be_replaced_and_changes_nothing(
    backed_up: tuple[Served, str],
) -> None:
    """R20: the target with its fingerprint, the counts, and a confirmation for it."""
    web, backup = backed_up
    before = web.application.state()
    told = look(web, backup)
    assert web.application.state() == before
    assert (told["dry_run"], told["kind"], told["confirm_with"]) == (True, "backup", None)
    assert told["backup"]["backup_id"] == backup
    assert told["backup"]["table_counts"] == {"events": 3, "settings": 2}
    places = {each["root"]: each for each in told["target"]["places"]}
    assert places["database/app.db"]["path"] == str(web.application.database)
    assert told["target"]["fingerprint"] == told["target"]["name"]
    details = " ".join(each["detail"] for each in told["changes"])
    assert "4" in details
    assert "3" in details
    assert told["links"] == {"self": None, "confirm": f"/api/backups/backups/{backup}/restore"}


def test_a_confirmed_restore_is_done_and_can_be_undone(backed_up: tuple[Served, str]) -> None:
    """The two steps end to end, and back: what was replaced comes again by an undo."""
    web, backup = backed_up
    changed = web.application.state()
    done = restore(web, backup, confirmation=look(web, backup)["confirmation"])
    assert done.status_code == 200, done.text
    job = done.json()
    assert (job["kind"], job["status"], job["actor"]) == ("restore", "completed", "ann")
    assert events(web) == 3
    seen = web.post("/undo", json={"dry_run": True}).json()
    link = web.post(f"/backups/{backup}/download-link", json={}).json()["url"]
    assert web.client.get(link).status_code == 200
    wanted = {"confirm": seen["confirm_with"], "backup_id": seen["backup_id"]}
    undone = web.post("/undo", json=wanted, headers=WAIT)
    assert undone.json()["status"] == "completed", undone.text
    assert web.client.get(link).status_code == 404, "a link outlives what it was made of"
    # Of two who looked at the same, the second would take the first one's undo back.
    second = web.post("/undo", json=wanted, headers=WAIT).json()
    assert (second["status"], second["error"]["code"]) == ("failed", "precondition-failed")
    assert web.application.state() == changed


def test_a_restore_that_is_not_waited_for_is_a_job(backed_up: tuple[Served, str]) -> None:
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    answer = web.post(f"/backups/{backup}/restore", json={"confirmation": token})
    assert answer.status_code == 202
    job = web.engine.wait(answer.json()["id"], 60)
    assert answer.headers["location"] == f"/api/backups/jobs/{job.id}"
    assert events(web) == 3


@pytest.mark.parametrize(
    "wanted", [{}, {"dry_run": False}, {"confirm": "yes"}, {"confirmation": ""}]
)
def test_without_a_confirmation_nothing_is_restored(
    backed_up: tuple[Served, str], wanted: dict[str, Any]
) -> None:
    """R20: a restore takes two steps."""
    web, backup = backed_up
    untouched(web, restore(web, backup, **wanted), 409, "confirmation-required")


@pytest.mark.parametrize("token", ["x", "true", "q" * 43, "../x"])
def test_a_confirmation_that_was_never_given_is_none(
    backed_up: tuple[Served, str], token: str
) -> None:
    web, backup = backed_up
    untouched(web, restore(web, backup, confirmation=token), 404, "upload-not-found")


def test_a_confirmation_is_good_once(backed_up: tuple[Served, str]) -> None:
    """Sent again, nothing is done, however the first ended."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    assert restore(web, backup, confirmation=token).status_code == 200
    web.application.add_events(1)
    again = restore(web, backup, confirmation=token)
    assert (again.status_code, again.json()["code"]) == (404, "upload-not-found")
    assert events(web) == 4


def test_a_request_that_is_sent_twice_with_one_key_restores_once(
    backed_up: tuple[Served, str],
) -> None:
    """The answer is lost, the client sends again: it is told of the same job."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    key = {"Idempotency-Key": "one"}
    first, second = (restore(web, backup, key, confirmation=token) for _ in range(2))
    assert first.status_code == 200
    assert second.json()["id"] == first.json()["id"]


def test_a_confirmation_is_of_whoever_asked(backed_up: tuple[Served, str]) -> None:
    """Another administrator has not seen what this one saw."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    refused = restore(web, backup, SOMEBODY_ELSE, confirmation=token)
    untouched(web, refused, 403, "permission-denied")
    assert restore(web, backup, confirmation=token).status_code == 200


def test_a_confirmation_is_of_one_backup(web: Served) -> None:
    first = web.back_up()
    web.application.add_events(1)
    token = look(web, first)["confirmation"]
    second = web.back_up()
    refused = restore(web, second, confirmation=token)
    assert (refused.status_code, refused.json()["code"]) == (409, "confirmation-required")
    by_upload = web.post(f"/restores/{token}/confirm", json={})
    assert (by_upload.status_code, by_upload.json()["code"]) == (409, "confirmation-required")
    assert events(web) == 4


@pytest.mark.parametrize(
    "wanted", [{"create_safety_backup": False}, {"sources": ["app"]}, {"trust_dump": True}]
)
def test_a_confirmation_is_of_the_options_that_were_looked_at(
    backed_up: tuple[Served, str], wanted: dict[str, Any]
) -> None:
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    refused = restore(web, backup, confirmation=token, **wanted)
    untouched(web, refused, 409, "confirmation-required")


def test_the_options_that_were_looked_at_are_those_of_the_restore(
    backed_up: tuple[Served, str],
) -> None:
    """Whether they are said again or not."""
    web, backup = backed_up
    token = look(web, backup, sources=["thumbnails"])["confirmation"]
    done = restore(web, backup, confirmation=token)
    assert done.json()["status"] == "completed", done.text
    assert events(web) == 4
    assert len(list(web.application.thumbnails.iterdir())) == 3


def test_a_confirmation_expires(application: Application) -> None:
    clock = SimClock()
    with served(application, service=application.service(clock=clock)) as web:
        backup = web.back_up()
        application.add_events(1)
        token = look(web, backup)["confirmation"]
        clock.set_wall(clock.now() + restores.VALID_FOR + timedelta(seconds=1))
        untouched(web, restore(web, backup, confirmation=token), 404, "upload-not-found")


def test_a_confirmation_is_of_the_live_data_where_they_were(
    backed_up: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R20: a deployment that points elsewhere since is another target, and was not looked at."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    elsewhere = web.application.service(
        database_url=f"sqlite:///{web.application.root / 'data' / 'other.db'}"
    )
    with closing(sqlite3.connect(web.application.root / "data" / "other.db")) as database:
        database.execute("create table events (id integer)")
    with served(web.application, service=elsewhere) as moved:
        refused = restore(moved, backup, confirmation=token)
    untouched(web, refused, 409, "confirmation-required")


def test_what_was_written_after_the_look_is_in_the_safety_backup(
    backed_up: tuple[Served, str],
) -> None:
    """An application that runs on is no reason to refuse; and nothing of it is lost."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]
    web.application.add_events(5)
    changed = web.application.state()
    assert restore(web, backup, confirmation=token).status_code == 200
    assert events(web) == 3
    web.service.undo()
    assert web.application.state() == changed


def test_data_with_a_name_are_replaced_only_by_it(application: Application) -> None:
    """R20: the name is typed, or nothing is done; and the token is good for another try."""
    service = application.service(restore_target_name="production")
    with served(application, service=service) as web:
        backup = web.back_up()
        application.add_events(1)
        told = look(web, backup)
        assert told["confirm_with"] == "production"
        token = told["confirmation"]
        for name in (None, "staging", ""):
            refused = restore(web, backup, confirmation=token, confirm=name)
            untouched(web, refused, 409, "confirmation-required")
        done = restore(web, backup, confirmation=token, confirm="production")
        assert done.json()["status"] == "completed", done.text


def test_a_damaged_backup_is_found_by_the_look(web: Served) -> None:
    """R15: nothing is written before everything was verified; and nothing is offered."""
    backup = web.back_up()
    for pack in web.application.repository.glob("data/*/*"):
        data = bytearray(pack.read_bytes())
        data[len(data) // 2] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(data)
    web.application.add_events(1)
    answer = web.post(f"/backups/{backup}/restore", json={"dry_run": True})
    assert answer.status_code >= 400
    assert "confirmation" not in answer.json()
    assert events(web) == 4


def test_a_restore_makes_links_invalid(backed_up: tuple[Served, str]) -> None:
    """R22: what was given out before the data were replaced is good for nothing after."""
    web, backup = backed_up
    url = web.post(f"/backups/{backup}/download-link", json={}).json()["url"]
    assert web.client.get(url).status_code == 200
    assert restore(web, backup, confirmation=look(web, backup)["confirmation"]).status_code == 200
    assert web.client.get(url).status_code == 404


def test_a_restore_that_cannot_begin_can_be_confirmed_again(
    backed_up: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalog is full just then: the token is not lost by it."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]

    def full(*_args: object, **_options: object) -> None:
        raise CatalogError("The catalog is full")

    with monkeypatch.context() as patched:
        patched.setattr(JobEngine, "submit", full)
        untouched(web, restore(web, backup, confirmation=token), 503, "catalog-failed")
    assert restore(web, backup, confirmation=token).status_code == 200


def test_a_restore_whose_links_cannot_be_revoked_does_not_begin(
    backed_up: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R22: what was answered as failed is not queued; so it can be confirmed again, once."""
    web, backup = backed_up
    token = look(web, backup)["confirmation"]

    def locked(*_args: object) -> None:
        raise CatalogError("The catalog is locked")

    with monkeypatch.context() as patched:
        patched.setattr(LinkTable, "_remove", locked)
        untouched(web, restore(web, backup, confirmation=token), 503, "catalog-failed")
    assert restore(web, backup, confirmation=token).status_code == 200
    kinds = [each["kind"] for each in web.get("/jobs").json()["jobs"]]
    assert kinds == ["restore", "backup"]


def test_looks_keep_nothing_else_waiting(
    backed_up: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reads a whole backup; so there are few at a time, in threads of their own."""
    web, backup = backed_up
    begun, go = threading.Semaphore(0), threading.Event()
    restore_backup = web.service.restore_backup

    def held(*args: Any, **options: Any) -> Any:
        begun.release()
        assert go.wait(60)
        return restore_backup(*args, **options)

    monkeypatch.setattr(web.service, "restore_backup", held)
    with ThreadPoolExecutor(MAX_LOOKS) as pool:
        try:
            looks = [pool.submit(look, web, backup) for _ in range(MAX_LOOKS)]
            assert all(begun.acquire(timeout=60) for _ in looks)
            more = web.post(f"/backups/{backup}/restore", json={"dry_run": True})
            assert (more.status_code, more.json()["code"]) == (429, "too-many-requests")
            assert int(more.headers["retry-after"]) > 0
            assert web.get("/backups").status_code == 200
        finally:
            go.set()
        assert all(each.result(60)["confirmation"] for each in looks)
    assert look(web, backup)["confirmation"]


# Of a file that is sent


@pytest.fixture
def archive(backed_up: tuple[Served, str]) -> tuple[Served, bytes]:
    """The archive of a backup, with one event more since."""
    web, backup = backed_up
    return web, b"".join(web.service.open_download(backup).read())


def test_a_file_is_sent_looked_at_confirmed_restored_and_undone(
    archive: tuple[Served, bytes],
) -> None:
    """End to end; and the file is gone when it was used."""
    web, data = archive
    changed = web.application.state()
    answer = sent(web, data)
    told = answer.json()
    assert web.application.state() == changed
    assert (told["kind"], told["file_name"], told["size_bytes"]) == (
        "upload",
        "backup.zip",
        len(data),
    )
    again = web.get(f"/restores/{told['confirmation']}").json()
    assert again == {**told, "confirmation": None}
    done = web.client.post(told["links"]["confirm"], json={}, headers=WAIT)
    assert done.json()["status"] == "completed", done.text
    assert done.json()["kind"] == "restore_archive"
    assert events(web) == 3
    assert inbox_of(web.application) == []
    web.service.undo()
    assert web.application.state() == changed


def confirm(web: Served, token: str, headers: Any = None, **wanted: Any) -> httpx.Response:
    """Confirm the restore of a file, and wait for it."""
    return web.post(f"/restores/{token}/confirm", json=wanted, headers={**WAIT, **(headers or {})})


def test_the_confirmation_of_a_file_is_of_whoever_sent_it_and_good_once(
    archive: tuple[Served, bytes],
) -> None:
    web, data = archive
    token = sent(web, data).json()["confirmation"]
    untouched(web, confirm(web, token, SOMEBODY_ELSE), 403, "permission-denied")
    assert confirm(web, token).status_code == 200
    for answer in (
        confirm(web, token),
        web.get(f"/restores/{token}"),
        web.request("DELETE", f"/restores/{token}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "upload-not-found")


def test_a_file_that_is_given_up_is_gone(archive: tuple[Served, bytes]) -> None:
    web, data = archive
    token = sent(web, data).json()["confirmation"]
    assert len(inbox_of(web.application)) == 1
    assert web.request("DELETE", f"/restores/{token}").status_code == 204
    assert inbox_of(web.application) == []
    untouched(web, confirm(web, token), 404, "upload-not-found")


def test_an_offer_is_given_up_by_whoever_it_was_given_to(
    archive: tuple[Served, bytes],
) -> None:
    """Neither by another administrator, nor by way of another plan of the same catalog."""
    web, data = archive
    token = sent(web, data).json()["confirmation"]
    stranger = web.request("DELETE", f"/restores/{token}", headers=SOMEBODY_ELSE)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "permission-denied")
    other = Restores(JobEngine(web.application.service(plan="other"), database=web.engine.database))
    with pytest.raises(UploadNotFound):
        other.discard(token, Actor(name="ann"))
    assert len(inbox_of(web.application)) == 1
    assert web.request("DELETE", f"/restores/{token}").status_code == 204


def test_a_file_that_was_changed_since_is_not_restored(archive: tuple[Served, bytes]) -> None:
    """What is confirmed is what was checked, to the byte."""
    web, data = archive
    token = sent(web, data).json()["confirmation"]
    (file,) = inbox_of(web.application)
    with file.open("ab") as opened:
        opened.write(b"x")
    untouched(web, confirm(web, token), 404, "upload-not-found")


def test_a_file_that_expired_is_swept(application: Application) -> None:
    """R38: who sends a file and goes away leaves nothing."""
    clock = SimClock()
    with served(application, service=application.service(clock=clock)) as web:
        backup = web.back_up()
        application.add_events(1)
        data = b"".join(web.service.open_download(backup).read())
        old = sent(web, data).json()["confirmation"]
        clock.set_wall(clock.now() + restores.VALID_FOR + timedelta(seconds=1))
        new = sent(web, data).json()["confirmation"]
        assert len(inbox_of(application)) == 1
        untouched(web, confirm(web, old), 404, "upload-not-found")
        assert web.get(f"/restores/{new}").status_code == 200


def test_the_end_of_the_application_leaves_no_file(application: Application) -> None:
    """R38: neither a file nor its directory; and the token is none any more."""
    with served(application) as web:
        web.back_up()
        data = b"".join(web.service.open_download("latest").read())
        token = sent(web, data).json()["confirmation"]
        assert len(inbox_of(application)) == 1
    assert list((application.root / "scratch").iterdir()) == []
    with served(application) as web:
        assert web.get(f"/restores/{token}").status_code == 404


def test_options_of_a_file_are_in_its_address(archive: tuple[Served, bytes]) -> None:
    web, data = archive
    token = sent(web, data, params={"sources": ["thumbnails"]}).json()["confirmation"]
    assert confirm(web, token).json()["status"] == "completed"
    assert events(web) == 4
    assert len(list(web.application.thumbnails.iterdir())) == 3


def test_what_is_not_in_the_plan_is_told_at_once(archive: tuple[Served, bytes]) -> None:
    """A source that there is none of is no reason to keep the file."""
    web, data = archive
    files = {"file": ("a.zip", data)}
    answer = web.post("/restores", files=files, params={"sources": ["nothing"]})
    assert 400 <= answer.status_code < 500
    assert inbox_of(web.application) == []


def test_each_step_is_in_the_audit(archive: tuple[Served, bytes]) -> None:
    """Who looked, who was refused, and who replaced the data."""
    web, data = archive
    token = sent(web, data).json()["confirmation"]
    confirm(web, token, SOMEBODY_ELSE)
    job = confirm(web, token).json()["id"]
    entries = web.get("/audit", headers=ADMIN).json()["entries"][:3]
    seen = [(each["actor"], each["action"], each["outcome"]) for each in reversed(entries)]
    assert seen == [
        ("ann", "restore.look", "done"),
        ("bob", "restore.start", "refused"),
        ("ann", "restore.start", "done"),
    ]
    assert entries[0]["job_id"] == job
    assert token not in web.get("/audit").text


def test_a_database_on_a_server_comes_back_from_a_file_that_was_sent(
    tmp_path: Path, postgres_database: PostgresDatabase
) -> None:
    """Looked at, confirmed and undone on PostgreSQL; what came from elsewhere is not trusted."""
    postgres_database.run("CREATE TABLE orders (id INT PRIMARY KEY)")
    postgres_database.run("INSERT INTO orders VALUES (1), (2)")
    application = Application(tmp_path)
    application.create(events=1)
    service = application.service(database_url=postgres_database.url, settings=None)
    with served(application, service=service) as web:
        web.back_up()
        data = b"".join(service.open_download("latest").read())
        postgres_database.run("INSERT INTO orders VALUES (3)")
        files = {"file": ("a.zip", data)}
        refused = web.post("/restores", files=files)
        assert (refused.status_code, refused.json()["code"]) == (422, "archive-refused")
        assert "is a superuser" in refused.json()["detail"]
        trusted = sent(web, data, params={"trust_dump": True})
        token = trusted.json()["confirmation"]
        assert postgres_database.run("SELECT count(*) FROM orders")[0][0] == 3
        assert confirm(web, token).json()["status"] == "completed"
        assert postgres_database.run("SELECT count(*) FROM orders")[0][0] == 2
        service.undo()
        assert postgres_database.run("SELECT count(*) FROM orders")[0][0] == 3
