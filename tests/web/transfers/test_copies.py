"""Restores into a new folder of the server over HTTP: nothing live is touched (R20)."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind
from holdfast.web.permissions import Permission
from holdfast.web.routes.jobs import permission_for
from tests.operations.application import Application
from tests.rig.oracle import expected_of_directory
from tests.web.serving import WAIT, Served, served
from tests.web.transfers.files import inbox_of, sent

UNMEANT: list[dict[str, Any]] = [
    {"tables": ["events"]},
    {"other_schema": "take"},
    {"keep_old": False},
    {"trust_dump": True},
]


@pytest.fixture
def web(application: Application) -> Iterator[Served]:
    """An application whose live data have a name, and where its copies go."""
    service = application.service(
        copies_dir=application.root / "copies", restore_target_name="production"
    )
    with served(application, service=service) as running:
        yield running


def look(web: Served, backup: str, **wanted: Any) -> dict[str, Any]:
    """Ask where a copy of a backup would go."""
    body = {"dry_run": True, "target": "copy", **wanted}
    answer = web.post(f"/backups/{backup}/restore", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def begin(web: Served, backup: str, offer: dict[str, Any], **wanted: Any) -> httpx.Response:
    """Confirm a copy, and wait for it."""
    body = {"confirmation": offer["confirmation"], **wanted}
    return web.post(f"/backups/{backup}/restore", json=body, headers=WAIT)


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """Make sure that it was refused so; return why."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    said: str = answer.json()["detail"]
    return said


def events_in(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "database" / "app.db")) as database:
        count: int = database.execute("select count(*) from events").fetchone()[0]
        return count


def test_a_copy_is_looked_at_confirmed_and_made_and_nothing_live_is_touched(web: Served) -> None:
    """R20: two steps as in place, but no name is asked for, and links to download stay good."""
    backup = web.back_up()
    files = expected_of_directory(web.application.thumbnails)
    web.application.add_events(1)
    live = web.application.state()
    copies = web.application.root / "copies"
    link = web.post(f"/backups/{backup}/download-link", json={}).json()["url"]

    offer = look(web, backup)
    assert (offer["into"], offer["target"]) == (str(copies / backup), None)
    assert (offer["confirm_with"], offer["backup"]["backup_id"]) == (None, backup)
    created = {each["target"] for each in offer["changes"]}
    assert str(copies / backup / "database" / "app.db") in created
    assert {each["action"] for each in offer["changes"]} == {"create"}
    assert not copies.exists(), "a look made something"

    job = begin(web, backup, offer).json()
    assert (job["kind"], job["status"], job["backup_id"]) == ("copy", "completed", backup)
    assert (job["result"]["into"], job["items_restored"]["events"]) == (offer["into"], 3)
    assert job["result"]["checks"]
    folder = Path(offer["into"])
    assert events_in(folder) == 3
    assert expected_of_directory(folder / "files" / "thumbnails") == files
    for private in (copies, folder):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert list(copies.iterdir()) == [folder]

    assert web.application.state() == live
    assert web.client.get(link).status_code == 200
    refused(web.post("/undo", json={"dry_run": True}), 404, "nothing-to-undo")
    assert web.get(f"/backups/{backup}").json()["status"] == "completed"
    entries = {each["action"]: each for each in web.get("/audit").json()["entries"]}
    for action in ("restore.look", "restore.start"):
        detail = entries[action]["detail"]
        assert (detail["target"], detail["into"]) == ("copy", offer["into"])


def test_a_folder_that_came_to_be_there_is_neither_touched_nor_exchanged_for_another(
    web: Served,
) -> None:
    """Whoever confirmed saw one folder; the next look picks another."""
    backup = web.back_up()
    first, second = look(web, backup), look(web, backup)
    assert first["into"] == second["into"]
    assert begin(web, backup, first).json()["status"] == "completed"
    said = refused(begin(web, backup, second), 409, "target-exists")
    assert first["into"] in said
    third = look(web, backup)
    assert third["into"] == f"{first['into']}_2"
    Path(third["into"]).symlink_to(web.application.thumbnails)
    refused(begin(web, backup, third), 409, "target-exists")
    assert look(web, backup)["into"] == f"{first['into']}_3"


def test_two_jobs_are_not_promised_one_folder(web: Served) -> None:
    """Also before the first of them has made it."""
    backup = web.back_up()
    first, second = look(web, backup), look(web, backup)
    web.engine.database.jobs.add(
        plan="another",
        kind=JobKind.COPY,
        trigger=Trigger.MANUAL_API,
        params={"into": first["into"]},
    )
    refused(begin(web, backup, second), 409, "target-exists")
    assert look(web, backup)["into"] == f"{first['into']}_2"


def test_a_confirmation_is_of_a_copy_or_of_the_live_data(web: Served) -> None:
    """What was looked at as a copy never replaces anything, and the other way about."""
    backup = web.back_up()
    copy = look(web, backup)
    live = look(web, backup, target="live")
    assert (live["into"], live["confirm_with"]) == (None, "production")
    refused(begin(web, backup, copy, target="live"), 409, "confirmation-required")
    named = {"target": "copy", "confirm": "production"}
    refused(begin(web, backup, live, **named), 409, "confirmation-required")
    assert begin(web, backup, copy, target="copy").json()["kind"] == "copy"


def test_parts_of_a_backup_are_copied(web: Served) -> None:
    backup = web.back_up()
    offer = look(web, backup, sources=["thumbnails"], create_safety_backup=False)
    assert begin(web, backup, offer).json()["result"]["restored_files"] == 3
    assert [each.name for each in Path(offer["into"]).iterdir()] == ["files"]
    one = look(web, backup, paths=["files/thumbnails/2.jpg"])
    assert begin(web, backup, one).json()["result"]["restored_files"] == 1
    body = {"dry_run": True, "target": "copy", "paths": ["files/none"]}
    refused(web.post(f"/backups/{backup}/restore", json=body), 404, "path-not-in-backup")


@pytest.mark.parametrize("wanted", UNMEANT)
def test_what_has_no_meaning_for_a_copy_is_refused_in_words(
    shared: Served, wanted: dict[str, Any]
) -> None:
    """Rather than ignored: who says it expects something else than what would happen."""
    [backup] = [each["id"] for each in shared.get("/backups").json()["backups"]]
    body = {"dry_run": True, "target": "copy", **wanted}
    [name] = wanted
    assert name in refused(
        shared.post(f"/backups/{backup}/restore", json=body), 422, "request-invalid"
    )
    query = {"target": "copy", **wanted}
    answer = shared.post("/restores", params=query, files={"file": ("a.zip", b"no archive")})
    assert name in refused(answer, 422, "request-invalid")


def test_an_archive_that_is_sent_is_copied(web: Served) -> None:
    """Its folder has the name of the backup in it; the file is gone afterwards."""
    backup = web.back_up()
    archive = web.get(f"/backups/{backup}/download").content
    offer = sent(web, archive, params={"target": "copy", "paths": "database/app.db"}).json()
    into = web.application.root / "copies" / backup
    assert (offer["kind"], offer["into"], offer["target"]) == ("upload", str(into), None)
    assert web.get(f"/restores/{offer['confirmation']}").json()["into"] == str(into)
    token = offer["confirmation"]
    job = web.post(f"/restores/{token}/confirm", json={}, headers=WAIT).json()
    assert (job["kind"], job["status"], job["backup_id"]) == ("copy", "completed", backup)
    assert (job["result"]["into"], events_in(into)) == (str(into), 3)
    assert inbox_of(web.application) == []


def test_a_copy_that_failed_is_tried_again_into_a_free_folder(web: Served) -> None:
    """But not one of a file that was sent, which is gone."""
    backup = web.back_up()
    taken = web.application.root / "copies" / backup
    taken.mkdir(parents=True)
    params = {"backup_id": backup, "into": str(taken)}
    failed = web.engine.wait(web.engine.submit(JobKind.COPY, params).id, 60)
    assert failed.error_code == "target-exists"
    again = web.post(f"/jobs/{failed.id}/retry", headers=WAIT).json()
    assert (again["status"], again["result"]["into"]) == ("completed", f"{taken}_2")
    sent_file = web.application.root / "sent.zip"
    sent_file.touch()
    params = {"path": str(sent_file), "into": f"{taken}_3"}
    failed = web.engine.wait(web.engine.submit(JobKind.COPY, params).id, 60)
    refused(web.post(f"/jobs/{failed.id}/retry"), 409, "job-finished")
    assert sorted(each.name for each in taken.parent.iterdir()) == [backup, f"{backup}_2"]


def test_a_directory_that_others_see_takes_no_copy(application: Application) -> None:
    """The default one lies among those of other users of the machine."""
    with served(application) as web:
        backup = web.back_up()
        offer = look(web, backup)
        directory = Path(offer["into"]).parent
        assert directory.parent == application.root / "scratch"
        directory.mkdir(mode=0o755)
        refused(begin(web, backup, offer), 400, "config-invalid")
        body = {"dry_run": True, "target": "copy"}
        said = refused(web.post(f"/backups/{backup}/restore", json=body), 400, "config-invalid")
        assert "open to other users" in said
        assert list(directory.iterdir()) == []


def test_to_stop_a_copy_or_begin_it_again_takes_the_permission_to_restore() -> None:
    """It reads all of the data, as a restore does."""
    assert permission_for(JobKind.COPY) is Permission.RESTORE
