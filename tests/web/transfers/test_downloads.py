"""Backups taken out over HTTP: exact, in parts, by links, and nothing left behind."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.errors import RepositoryDamaged
from holdfast.web import Permission, downloads
from tests.operations.application import Application
from tests.rig.postgresql import PostgresDatabase
from tests.rig.sim_clock import SimClock
from tests.web.serving import PREFIX, Served, served, signed


def open_files() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def files_of(application: Application) -> set[str]:
    """Return all files of an application, its backups and its temporary copies."""
    return {str(path) for path in application.root.rglob("*")}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An application with a backup of some megabytes."""
    made = Application(tmp_path_factory.mktemp("large"))
    made.create(events=3)
    noise = random.Random(1).randbytes(3 << 20)
    for number in range(3):
        (made.thumbnails / f"large{number}").write_bytes(noise[number:])
    with served(made) as web:
        web.back_up()
        yield web


@pytest.fixture(scope="module")
def path(large: Served) -> str:
    backup = large.get("/backups").json()["backups"][0]["id"]
    return f"/backups/{backup}/download"


@pytest.fixture(scope="module")
def whole(large: Served, path: str) -> bytes:
    return large.get(path).content


def test_a_download_is_the_archive_to_the_byte(large: Served, path: str, whole: bytes) -> None:
    """And it is one that can be restored from."""
    backup = path.split("/")[2]
    assert b"".join(large.service.open_download(backup).read()) == whole
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None


def test_its_headers_say_all_that_a_client_needs(large: Served, path: str, whole: bytes) -> None:
    """R61: name, exact length, tag; and that nobody keeps a copy on the way."""
    answer = large.get(path)
    assert answer.status_code == 200
    headers = answer.headers
    assert int(headers["content-length"]) == len(whole)
    assert headers["content-type"] == "application/zip"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private, no-store, no-transform"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    disposition = r'attachment; filename="app-backup-\d{4}(-\d\d){5}\.zip"'
    assert re.fullmatch(disposition, headers["content-disposition"])


def test_head_tells_the_same_and_sends_nothing(large: Served, path: str) -> None:
    """Nothing is read for it, and a range is of no account (RFC 9110, 14.2)."""
    got, asked = large.get(path), large.request("HEAD", path, headers={"Range": "bytes=0-1"})
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("content-length", "etag", "content-disposition", "content-type"):
        assert asked.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=1000000-5000000", slice(1_000_000, 5_000_001)),
        ("bytes=9000000-", slice(9_000_000, None)),
        ("bytes=-500", slice(-500, None)),
        ("bytes=0-", slice(0, None)),
    ],
)
def test_a_range_is_that_part_of_the_whole(
    large: Served, path: str, whole: bytes, header: str, part: slice
) -> None:
    answer = large.get(path, headers={"Range": header})
    assert answer.status_code == 206
    assert answer.content == whole[part]
    start, stop, _ = part.indices(len(whole))
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
    assert int(answer.headers["content-length"]) == stop - start


def test_ranges_taken_one_after_the_other_are_the_whole(
    large: Served, path: str, whole: bytes
) -> None:
    """What a download manager does: in parts, of any length."""
    parts = []
    for start in range(0, len(whole), 1_234_567):
        header = {"Range": f"bytes={start}-{start + 1_234_566}"}
        parts.append(large.get(path, headers=header).content)
    assert b"".join(parts) == whole


def test_several_ranges_are_answered_with_the_whole(large: Served, path: str, whole: bytes) -> None:
    """R63: a thousand overlapping ranges cost no more than one download."""
    header = "bytes=" + ",".join(["0-"] * 1000)
    answer = large.get(path, headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, whole)


def test_a_range_outside_is_refused_with_the_length(large: Served, path: str, whole: bytes) -> None:
    answer = large.get(path, headers={"Range": f"bytes={len(whole)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"
    assert answer.json()["code"] == "range-not-satisfiable"


def test_a_resumed_download_goes_on_only_with_the_same_bytes(
    large: Served, path: str, whole: bytes
) -> None:
    """If-Range: with the tag the rest; with another, or a date, all of it again."""
    etag = large.get(path).headers["etag"]
    for condition, status in [
        (etag, 206),
        ('"another"', 200),
        (f"W/{etag}", 200),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 200),
    ]:
        headers = {"Range": "bytes=5000000-", "If-Range": condition}
        answer = large.get(path, headers=headers)
        assert answer.status_code == status
        assert answer.content == (whole[5_000_000:] if status == 206 else whole)


def test_conditions_on_the_tag(large: Served, path: str) -> None:
    etag = large.get(path).headers["etag"]
    assert large.get(path, headers={"If-None-Match": f'"x", W/{etag}'}).status_code == 304
    assert large.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
    assert large.get(path, headers={"If-Match": etag}).status_code == 200
    assert large.get(path, headers={"If-Match": '"x"'}).status_code == 412


def test_twenty_downloads_at_once_are_whole_and_leave_nothing(
    large: Served, path: str, whole: bytes
) -> None:
    """R38: no file and no descriptor stays, and each client gets every byte."""
    large.get(path)
    files, count = files_of(large.application), open_files()
    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda _: large.get(path).content, range(20)))
    assert all(each == whole for each in taken)
    assert files_of(large.application) == files
    assert open_files() <= count + 2  # connections to the catalog, which has a pool of them


def test_more_than_so_many_at_once_are_put_off(
    large: Served, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R63: each has the repository open, so there is a limit; and a place is free again after."""
    monkeypatch.setattr(
        downloads.Downloads.__init__, "__kwdefaults__", {"parallel": 0, "stall_s": 9}
    )
    with served(large.application) as crowded:
        answer = crowded.get(path)
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
        assert answer.headers["retry-after"] == "30"
        assert crowded.request("HEAD", path).status_code == 200


@pytest.mark.parametrize(
    "backup",
    ["backup_20200101_000000", "..%2F..%2Fetc", "latest", "backup", "%00", "..", "x" * 3000],
)
def test_only_a_whole_id_of_a_backup_is_one(large: Served, backup: str) -> None:
    """R61: an id is looked up, and never a path."""
    answer = large.get(f"/backups/{backup}/download")
    assert answer.status_code == 404
    assert "content-disposition" not in answer.headers


def test_damage_breaks_the_download_off(web: Served) -> None:
    """R02: what was announced and cannot be read ends the connection; no other bytes come."""
    (web.application.thumbnails / "large").write_bytes(random.Random(2).randbytes(3 << 20))
    backup = web.back_up()
    assert web.get(f"/backups/{backup}/download").status_code == 200
    for pack in web.application.repository.glob("data/*/*"):
        if pack.stat().st_size > 1 << 20:
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(data)
    with pytest.raises(RepositoryDamaged):
        web.get(f"/backups/{backup}/download")


def test_a_download_is_in_the_audit(web: Served) -> None:
    """Who took the data out, from where, and how much of it was asked for."""
    backup = web.back_up()
    web.get(f"/backups/{backup}/download", headers={"Range": "bytes=0-9"})
    entry = web.get("/audit").json()["entries"][0]
    assert (entry["actor"], entry["action"]) == ("ann", "backup.download")
    assert (entry["object"], entry["outcome"]) == (backup, "done")
    assert entry["detail"]["range"] == "bytes=0-9"


# Links


def link_to(web: Served, backup: str, **wanted: int) -> str:
    """Return the path of a new link."""
    made = web.post(f"/backups/{backup}/download-link", json=wanted)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    url: str = made.json()["url"]
    return url


def test_a_link_downloads_without_any_header(web: Served) -> None:
    """As often as wanted, in parts too; and it is in the audit under who made it."""
    backup = web.back_up()
    url = link_to(web, backup)
    assert url.startswith(f"{PREFIX}/downloads/")
    whole = web.get(f"/backups/{backup}/download").content
    nobody = {"X-Who": ""}
    for _ in range(2):
        answer = web.client.get(url, headers=nobody)
        assert answer.content == whole
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in answer.headers["cache-control"]
    part = web.client.get(url, headers={**nobody, "Range": "bytes=10-19"})
    assert part.content == whole[10:20]
    entry = web.get("/audit").json()["entries"][0]
    assert (entry["actor"], entry["action"]) == ("ann", "backup.download")


def test_a_link_expires(application: Application) -> None:
    clock = SimClock()
    with served(application, service=application.service(clock=clock)) as web:
        url = link_to(web, web.back_up(), minutes=5)
        assert web.client.get(url).status_code == 200
        clock.set_wall(clock.now() + timedelta(minutes=6))
        answer = web.client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, "link-expired")


def test_links_are_revoked(web: Served) -> None:
    """By who may restore; what was given before is good for nothing then."""
    backup = web.back_up()
    urls = [link_to(web, backup), link_to(web, backup)]
    assert web.request("DELETE", f"/backups/{backup}/download-link").status_code == 204
    assert [web.client.get(url).status_code for url in urls] == [404, 404]


def test_a_link_is_kept_as_its_hash(web: Served) -> None:
    """R56: who reads the catalog or the answers of others gets no link."""
    token = link_to(web, web.back_up()).rpartition("/")[2]
    assert len(token) >= 43
    for file in web.application.repository.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


@pytest.mark.parametrize("token", ["x", "..", "%00", "q" * 190, "a%2Fb"])
def test_a_link_that_was_never_given_is_none(web: Served, token: str) -> None:
    assert web.get(f"/downloads/{token}").status_code in (404, 422)


@pytest.mark.parametrize("minutes", [0, 61, -1, "x"])
def test_a_link_is_good_for_minutes(shared: Served, minutes: object) -> None:
    backup = shared.get("/backups").json()["backups"][0]["id"]
    made = shared.post(f"/backups/{backup}/download-link", json={"minutes": minutes})
    assert made.status_code == 422


def test_who_may_not_restore_may_not_take_the_data_out(shared: Served) -> None:
    """A download hands out everything, so it takes the permission to restore (R54)."""
    backup = shared.get("/backups").json()["backups"][0]["id"]
    others = signed(Permission.READ, Permission.RUN, Permission.ADMINISTER)
    for method, path in [
        ("GET", "download"),
        ("HEAD", "download"),
        ("POST", "download-link"),
        ("DELETE", "download-link"),
    ]:
        answer = shared.request(method, f"/backups/{backup}/{path}", headers=others)
        assert answer.status_code == 403


def test_a_database_on_a_server_comes_out_the_same_way(
    tmp_path: Path, postgres_database: PostgresDatabase
) -> None:
    """Byte for byte what the library hands out, in parts too."""
    postgres_database.run("CREATE TABLE orders (id INT PRIMARY KEY)")
    application = Application(tmp_path)
    application.create(events=1)
    service = application.service(database_url=postgres_database.url, settings=None)
    with served(application, service=service) as web:
        backup = web.back_up()
        expected = b"".join(service.open_download(backup).read())
        path = f"/backups/{backup}/download"
        assert web.get(path).content == expected
        assert web.get(path, headers={"Range": "bytes=-300"}).content == expected[-300:]
