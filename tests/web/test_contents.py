"""A look into a backup, one folder at a time, and a search through it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from holdfast.operations import contents
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


# Searching


def paths(found: dict[str, Any]) -> list[str]:
    return [each["path"] for each in found["entries"]]


def test_a_file_is_found_by_a_part_of_its_name(web: Served) -> None:
    """However it is capitalised, in the whole backup or below a folder, with its path."""
    (web.application.thumbnails / "2024").mkdir()
    (web.application.thumbnails / "2024" / "Invoice März.PDF").write_text("x")
    backup = web.back_up()
    found = look(web, backup, search="MÄRZ")
    (entry,) = found["entries"]
    assert (entry["name"], entry["path"]) == (
        "Invoice März.PDF",
        "files/thumbnails/2024/Invoice März.PDF",
    )
    assert (entry["kind"], entry["size_bytes"]) == ("file", 1)
    assert (found["path"], found["total"], found["next_cursor"]) == ("", None, None)
    assert found["visited"] > 5
    assert found["cut_short"] is False
    assert paths(look(web, backup, search="invoice", path="/files//thumbnails/"))
    assert paths(look(web, backup, search="invoice", path="database")) == []
    assert paths(look(web, backup, search="2024")) == ["files/thumbnails/2024"]
    folder = look(web, backup, path="files/thumbnails/2024")
    assert (folder["visited"], folder["cut_short"]) == (None, False)


def gone_through(web: Served, backup: str, **query: Any) -> tuple[list[str], list[bool]]:
    """Return what a search finds on all pages, and which of them were cut short."""
    found: list[str] = []
    short: list[bool] = []
    while True:
        answer = web.get(f"/backups/{backup}/contents", params=query)
        assert answer.status_code == 200, answer.text
        part = answer.json()
        found += paths(part)
        short.append(part["cut_short"])
        assert (part["next_cursor"] is None) == ("link" not in answer.headers)
        if part["next_cursor"] is None:
            return found, short
        query["cursor"] = part["next_cursor"]


def test_what_is_found_comes_in_pages(web: Served) -> None:
    """The same files, whatever the pages; also past names that are no text."""
    folder = web.application.thumbnails / os.fsdecode(b"\xff-\xe9")
    folder.mkdir()
    for number in range(5):
        (folder / os.fsdecode(b"\xfe%d.jpg" % number)).write_text("odd")
    backup = web.back_up()
    whole, _ = gone_through(web, backup, search=".jpg", limit=200)
    assert len(whole) == 8
    assert whole[-1] == "files/thumbnails/\\xff-\\xe9/\\xfe4.jpg"
    for limit in (1, 3, 7, 8):
        found, short = gone_through(web, backup, search=".jpg", limit=limit)
        assert found == whole
        assert len(short) == -(-len(whole) // limit)
        assert not any(short)


def test_a_search_of_a_large_backup_answers_with_where_to_go_on(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files there are, one answer looks at so many; and says that it did."""
    for folder in ("a", "b", "c"):
        (web.application.thumbnails / folder).mkdir()
        for number in range(30):
            (web.application.thumbnails / folder / f"{number}.txt").touch()
    backup = web.back_up()
    monkeypatch.setattr(contents, "MAX_VISITED", 10)
    first = look(web, backup, search="c/29.txt")
    assert (first["entries"], first["visited"], first["cut_short"]) == ([], 10, True)
    found, short = gone_through(web, backup, search="c/29.txt")
    assert found == ["files/thumbnails/c/29.txt"]
    assert len(short) > 9
    assert short == [True] * (len(short) - 1) + [False]


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", "eyJhZnRlciI6MX0", "eyJhZnRlciI6Ilx1MDEwMCJ9", "eyJhZnRlciI6IsO_In0"],
)
def test_a_search_goes_on_only_with_a_cursor_that_it_gave(shared: Served, cursor: str) -> None:
    """None, an empty one, a number, what is no byte, and bytes that are no text."""
    backup = shared.get("/backups").json()["backups"][-1]["id"]
    answer = shared.get(f"/backups/{backup}/contents", params={"search": "a", "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")


def test_a_search_is_of_a_folder_that_is_there(shared: Served) -> None:
    backup = shared.get("/backups").json()["backups"][-1]["id"]
    for path in ("nowhere", "../..", "files/thumbnails/1.jpg", "\x00"):
        query = {"search": "a", "path": path}
        answer = shared.get(f"/backups/{backup}/contents", params=query)
        assert (answer.status_code, answer.json()["code"]) == (404, "path-not-in-backup")
    gone = shared.get("/backups/backup_20200101_000000/contents", params={"search": "a"})
    assert gone.status_code == 404
    long = shared.get(f"/backups/{backup}/contents", params={"search": "a" * 1001})
    assert long.status_code == 422
    assert look(shared, backup, search="\x00%_*[")["entries"] == []


def test_what_another_plan_holds_is_not_found(web: Served) -> None:
    made = web.application.service(plan="other").create_backup()
    answer = web.get(f"/backups/{made.backup_id}/contents", params={"search": "a"})
    assert answer.status_code == 404
