"""A look into a backup, one folder at a time."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.web.serving import Served


def look(web: Served, backup: str, **query: Any) -> dict[str, Any]:
    answer = web.get(f"/backups/{backup}/contents", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [each["name"] for each in found["entries"]]


def test_a_backup_is_looked_into_one_folder_at_a_time(web: Served) -> None:
    """Folders first; what a folder says of its entries is how they lay on the disk."""
    (web.application.thumbnails / "sub").mkdir()
    (web.application.thumbnails / "sub" / "deep.txt").write_text("deep")
    (web.application.thumbnails / "link").symlink_to("1.jpg")
    backup = web.back_up()
    top = look(web, backup)
    assert names(top) == ["database", "files", "manifest.json", "settings.json"]
    assert [each["kind"] for each in top["entries"][:2]] == ["directory", "directory"]
    assert (top["path"], top["total"], top["next_cursor"]) == ("", 4, None)
    folder = look(web, backup, path="files/thumbnails")
    assert names(folder) == ["sub", "1.jpg", "2.jpg", "3.jpg", "link"]
    picture = folder["entries"][1]
    live = (web.application.thumbnails / "1.jpg").stat()
    assert picture["path"] == "files/thumbnails/1.jpg"
    assert (picture["kind"], picture["size_bytes"]) == ("file", live.st_size)
    assert picture["modified_at"].startswith("20")
    assert (folder["entries"][4]["kind"], folder["entries"][4]["size_bytes"]) == ("symlink", None)
    assert names(look(web, backup, path="/files//thumbnails/sub/")) == ["deep.txt"]


def test_a_large_folder_comes_in_pages(web: Served) -> None:
    """The cursor of one page leads to the next; together they are the folder."""
    (web.application.thumbnails / "sub").mkdir()
    backup = web.back_up()
    whole = names(look(web, backup, path="files/thumbnails"))
    found: list[str] = []
    query: dict[str, Any] = {"path": "files/thumbnails", "limit": 2}
    while True:
        part = look(web, backup, **query)
        assert part["total"] == len(whole)
        found += names(part)
        if part["next_cursor"] is None:
            break
        query["cursor"] = part["next_cursor"]
    assert found == whole == ["sub", "1.jpg", "2.jpg", "3.jpg"]


def test_a_name_that_is_no_text_is_shown_and_leads_on(web: Served) -> None:
    """Bytes that are not UTF-8 can be in no JSON; the path that is shown is taken back."""
    odd = web.application.thumbnails / os.fsdecode(b"\xff-odd")
    odd.mkdir()
    (odd / os.fsdecode(b"\xfe.txt")).write_text("odd")
    backup = web.back_up()
    shown = look(web, backup, path="files/thumbnails")["entries"][0]
    assert shown["name"] == "\\xff-odd"
    assert names(look(web, backup, path=shown["path"])) == ["\\xfe.txt"]


@pytest.mark.parametrize(
    "path", ["nowhere", "files/nowhere", "../..", "files/thumbnails/1.jpg", "files/\\xff", "\x00"]
)
def test_a_folder_that_is_not_there_is_not_found(shared: Served, path: str) -> None:
    backup = shared.get("/backups").json()["backups"][-1]["id"]
    answer = shared.get(f"/backups/{backup}/contents", params={"path": path})
    assert (answer.status_code, answer.json()["code"]) == (404, "path-not-in-backup")


def test_no_other_backup_and_no_other_cursor(shared: Served) -> None:
    backup = shared.get("/backups").json()["backups"][-1]["id"]
    for wanted in ("latest", "backup_20200101_000000", backup[:-3]):
        answer = shared.get(f"/backups/{wanted}/contents")
        assert (answer.status_code, answer.json()["code"]) == (404, "backup-not-found")
    foreign = shared.get(f"/backups/{backup}/contents", params={"cursor": "e30"})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "request-invalid")


def test_what_another_plan_holds_is_not_shown(web: Served) -> None:
    """Backups of several plans lie in one repository; each interface shows its own."""
    made = web.application.service(plan="other").create_backup()
    answer = web.get(f"/backups/{made.backup_id}/contents")
    assert answer.status_code == 404
