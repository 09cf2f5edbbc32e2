"""One file taken out of a backup over HTTP: as it is, saved and never opened."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from holdfast.errors import RepositoryDamaged
from holdfast.repository import SnapshotTree
from holdfast.web import Permission
from tests.operations.application import Application
from tests.web.serving import PREFIX, Served, served, signed

FOLDER = "files/thumbnails"
LARGE = random.Random(3).randbytes(5 << 20)
NAMES = {
    "page.html": b"<script>alert(1)</script>",
    "r\u00e9sum\u00e9 100%.svg": b"<svg onload='alert(1)'/>",
    'a"b\\c;\r\nSet-Cookie: x=1': b"hostile",
    os.fsdecode(b"\xff\xfe.txt"): b"bytes",
    "\u202egpj.exe": b"turned",
    "empty": b"",
    "large": LARGE,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An application with files of all kinds, and one backup of it."""
    made = Application(tmp_path_factory.mktemp("files"))
    made.create(events=3)
    for name, content in NAMES.items():
        (made.thumbnails / name).write_bytes(content)
    (made.thumbnails / "sub").mkdir()
    (made.thumbnails / "link").symlink_to("/etc/passwd")
    os.mkfifo(made.thumbnails / "pipe")
    with served(made) as web:
        web.back_up()
        yield web


@pytest.fixture(scope="module")
def backup(files: Served) -> str:
    found: str = files.get("/backups").json()["backups"][0]["id"]
    return found


def take(
    web: Served, backup: str, path: str, method: str = "GET", **headers: str
) -> httpx.Response:
    return web.request(
        method, f"/backups/{backup}/download", params={"path": path}, headers=headers
    )


def shown(files: Served, backup: str) -> dict[str, dict[str, Any]]:
    """Return the entries of the folder by their names, as the interface shows them."""
    found = files.get(f"/backups/{backup}/contents", params={"path": FOLDER, "limit": 200})
    return {each["name"]: each for each in found.json()["entries"]}


@pytest.mark.parametrize("name", list(NAMES))
def test_a_file_is_taken_out_by_the_path_that_is_shown(
    files: Served, backup: str, name: str
) -> None:
    """To the byte, whatever it is called; a browser saves it and shows none of it."""
    entry = next(
        each
        for each in shown(files, backup).values()
        if each["name"]
        == name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )
    answer = take(files, backup, entry["path"])
    assert (answer.status_code, answer.content) == (200, NAMES[name])
    headers = answer.headers
    assert int(headers["content-length"]) == entry["size_bytes"] == len(NAMES[name])
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-store, no-transform"
    assert "set-cookie" not in headers
    disposition = headers["content-disposition"]
    assert re.fullmatch(
        r'attachment; filename="[^"\\/]+"(; filename\*=UTF-8\'\'[^;" ]+)?', disposition
    )


def test_head_tells_the_same_and_sends_nothing(files: Served, backup: str) -> None:
    got, asked = (take(files, backup, f"{FOLDER}/large", each) for each in ("GET", "HEAD"))
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("content-length", "etag", "content-disposition", "content-type"):
        assert asked.headers[name] == got.headers[name]


def test_a_file_comes_in_parts_and_goes_on(files: Served, backup: str) -> None:
    """What a download manager does; with the tag of another file it gets the whole."""
    path = f"{FOLDER}/large"
    tag = take(files, backup, path).headers["etag"]
    parts = []
    for start in range(0, len(LARGE), 1_234_567):
        part = {"Range": f"bytes={start}-{start + 1_234_566}", "If-Range": tag}
        answer = take(files, backup, path, **part)
        assert answer.status_code == 206
        parts.append(answer.content)
    assert b"".join(parts) == LARGE
    other = take(files, backup, path, **{"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, LARGE)
    for name, range_ in (("large", f"bytes={len(LARGE)}-"), ("empty", "bytes=0-")):
        beyond = take(files, backup, f"{FOLDER}/{name}", Range=range_)
        assert (beyond.status_code, beyond.json()["code"]) == (416, "range-not-satisfiable")
    assert take(files, backup, path, **{"If-None-Match": tag}).status_code == 304
    assert take(files, backup, path, **{"If-Match": '"other"'}).status_code == 412


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (FOLDER, "is a directory"),
        (f"{FOLDER}/sub/", "is a directory"),
        (f"{FOLDER}/link", "is a symbolic link"),
        (f"{FOLDER}/pipe", "is a device, a socket or a pipe"),
        (f"{FOLDER}/nothing", "holds no"),
        (f"{FOLDER}/link/x", "no directory"),
        ("../../../etc/passwd", "no directory .."),
        ("/etc/passwd", "no directory etc"),
        (f"{FOLDER}/sub/../1.jpg", "no directory"),
        ("..", "holds no .."),
        ("/", "without a name"),
        ("%2e%2e/%2fetc", "no directory %2e%2e"),
        ("\ud7ff\u202e\n", "holds no"),
        ("a/" * 8000, "no directory a"),
    ],
)
def test_what_is_no_file_is_refused_and_says_what_it_is(
    files: Served, backup: str, path: str, told: str
) -> None:
    """By the download and when a link is asked for; and whoever tried is in the audit."""
    answer = take(files, backup, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "path-not-in-backup")
    assert told in answer.json()["detail"]
    made = files.post(f"/backups/{backup}/download-link", json={"path": path})
    assert (made.status_code, made.json()["code"]) == (404, "path-not-in-backup")
    for entry in files.get("/audit").json()["entries"][:2]:
        assert (entry["outcome"], entry["detail"]["path"]) == ("refused", path)


@pytest.mark.parametrize("path", ["", "\x00", "a\x00b", "a" * 16385])
def test_what_can_be_no_path_is_refused(files: Served, backup: str, path: str) -> None:
    """An empty one above all: it is no whole backup."""
    assert take(files, backup, path).status_code == 422
    assert take(files, backup, path, "HEAD").status_code == 422
    made = files.post(f"/backups/{backup}/download-link", json={"path": path})
    assert made.status_code == 422


def test_what_is_no_text_in_an_address_is_refused(files: Served, backup: str) -> None:
    answer = files.get(f"/backups/{backup}/download?path=%ff%fe")
    assert (answer.status_code, answer.json()["code"]) == (404, "path-not-in-backup")


def test_only_who_may_restore_takes_a_file_out(files: Served, backup: str) -> None:
    """R54: a file is data; who may only look sees its name. Nobody else's backup has one."""
    others = signed(Permission.READ, Permission.RUN, Permission.ADMINISTER)
    path = f"{FOLDER}/1.jpg"
    for method in ("GET", "HEAD"):
        assert take(files, backup, path, method, **others).status_code == 403
    wanted = {"path": path}
    link = files.post(f"/backups/{backup}/download-link", json=wanted, headers=others)
    assert link.status_code == 403
    reader = signed(Permission.READ)
    looked = files.get(f"/backups/{backup}/contents", params={"search": "1.jpg"}, headers=reader)
    assert looked.json()["entries"][0]["path"] == path
    made = files.application.service(plan="other").create_backup()
    assert take(files, made.backup_id, path).status_code == 404


def test_a_file_that_is_taken_out_is_in_the_audit(files: Served, backup: str) -> None:
    """Who took which file of which backup; a whole download names none."""
    take(files, backup, f"{FOLDER}/1.jpg", Range="bytes=0-9")
    files.get(f"/backups/{backup}/download", headers={"Range": "bytes=0-9"})
    whole, one = files.get("/audit").json()["entries"][:2]
    assert (one["actor"], one["action"], one["object"]) == ("ann", "backup.download", backup)
    assert (one["outcome"], one["detail"]["path"]) == ("done", f"{FOLDER}/1.jpg")
    assert one["detail"]["range"] == "bytes=0-9"
    assert "path" not in whole["detail"]


@pytest.mark.parametrize("name", ["1.jpg", "r\u00e9sum\u00e9 100%.svg", "large"])
def test_a_link_to_a_file_opens_that_file_and_nothing_else(
    files: Served, backup: str, name: str
) -> None:
    """For browsers: without a header. Whoever takes the path off it has nothing."""
    path = f"{FOLDER}/{name}"
    made = files.post(f"/backups/{backup}/download-link", json={"path": path})
    assert made.status_code == 201, made.text
    url = made.json()["url"]
    assert url.startswith(f"{PREFIX}/downloads/")
    assert url.endswith(f"?path={quote(path, safe='')}")
    nobody = {"X-Who": ""}
    for _ in range(2):
        answer = files.client.get(url, headers=nobody)
        assert answer.content == (files.application.thumbnails / name).read_bytes()
        assert answer.headers["content-disposition"].startswith("attachment; ")
    entry = files.get("/audit").json()["entries"][0]
    assert (entry["action"], entry["actor"]) == ("backup.download", "ann")
    assert entry["detail"]["path"] == path
    bare = url.partition("?")[0]
    for other in (bare, f"{bare}?path={FOLDER}/2.jpg", f"{bare}?path=/{path}", f"{bare}%20{name}"):
        answer = files.client.get(other, headers=nobody)
        assert (answer.status_code, answer.json()["code"]) == (404, "link-expired")


def test_a_link_to_a_backup_opens_no_file_and_goes_with_those_that_do(files: Served) -> None:
    """What was handed out is what can be had; revoking ends both."""
    backup = files.get("/backups").json()["backups"][0]["id"]
    links = [
        files.post(f"/backups/{backup}/download-link", json=body).json()["url"]
        for body in ({}, {"path": f"{FOLDER}/1.jpg"})
    ]
    file_of_whole = files.client.get(f"{links[0]}?path={FOLDER}/1.jpg")
    assert file_of_whole.status_code == 404
    assert [files.client.get(each).status_code for each in links] == [200, 200]
    assert files.request("DELETE", f"/backups/{backup}/download-link").status_code == 204
    assert [files.client.get(each).status_code for each in links] == [404, 404]


def test_a_file_whose_beginning_is_damaged_is_a_problem(web: Served) -> None:
    """R02: never other bytes; what fails at once has a code, and other files come out whole."""
    (web.application.thumbnails / "large").write_bytes(LARGE)
    backup = web.back_up()
    for pack in web.application.repository.glob("data/*/*"):
        if pack.stat().st_size > 1 << 20:
            data = bytearray(pack.read_bytes())
            for at in range(50_000, len(data) - 50_000, 100_000):  # in every blob of the file
                data[at] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(data)
    answer = take(web, backup, f"{FOLDER}/large")
    assert (answer.status_code, answer.json()["code"]) == (500, "repository-damaged")
    assert "content-disposition" not in answer.headers


def test_a_file_that_is_found_damaged_on_the_way_breaks_off(
    files: Served, backup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R02: its length was announced, so the client sees that this is not all of it."""

    def read(_: SnapshotTree, path: str, *, start: int = 0) -> Iterator[bytes]:
        yield from (LARGE[at : at + (1 << 20)] for at in range(start, 3 << 20, 1 << 20))
        raise RepositoryDamaged(f"A blob of {path} is damaged")

    monkeypatch.setattr(SnapshotTree, "read", read)
    with pytest.raises(RepositoryDamaged):
        take(files, backup, f"{FOLDER}/large")
