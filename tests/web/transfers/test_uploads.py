"""Files that are sent: taken as they come, counted, refused, and gone (R38, R57, R61, R63)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from holdfast.web import inbox, uploads
from tests.archive.forge import corpus, honest
from tests.operations.application import Application
from tests.rig.disk import small_disk
from tests.web.serving import Served, served
from tests.web.transfers.files import inbox_of, sent, streamed

ZIP = {"Content-Type": "application/zip"}


@pytest.fixture
def archive(shared: Served) -> bytes:
    """An archive of the application's own backup."""
    return b"".join(shared.service.open_download("latest").read())


def offered(web: Served, **options: Any) -> dict[str, Any]:
    """Send a file that is taken; return what is said of it, and give it up again."""
    answer = web.post("/restores", **options)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert web.request("DELETE", f"/restores/{told['confirmation']}").status_code == 204
    return told


def refused(web: Served, status: int, code: str, **options: Any) -> httpx.Response:
    """Send a file that is refused and leaves nothing."""
    answer = web.post("/restores", **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert inbox_of(web.application) == []
    return answer


@pytest.mark.parametrize(
    "options",
    [
        lambda data: {"files": {"file": ("a.zip", data, "application/zip")}},
        lambda data: {"files": {"file": ("a.zip", data)}, "data": {"passphrase": "not needed"}},
        lambda data: {"content": data, "headers": ZIP},
        lambda data: {"content": data, "headers": {"Content-Type": "application/octet-stream"}},
        lambda data: {"content": streamed(data), "headers": ZIP},
    ],
    ids=["form", "form with passphrase", "body", "octets", "chunked"],
)
def test_each_way_to_send_a_file(shared: Served, archive: bytes, options: Any) -> None:
    """As a form or as the body, with a length or without."""
    told = offered(shared, **options(archive))
    assert told["size_bytes"] == len(archive)
    assert told["backup"]["backup_id"] == shared.service.get_backup("latest").backup_id
    assert inbox_of(shared.application) == []


def test_a_file_is_kept_for_its_owner_only(shared: Served, archive: bytes) -> None:
    """In a private directory, mode 0600, under a name of ours: the client's is only shown."""
    name = "../../etc/cron.d/evil\x1b.zip"
    answer = sent(shared, archive, name=name)
    assert answer.json()["file_name"] == "evil.zip"
    (kept,) = inbox_of(shared.application)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert kept.name.isalnum()
    assert kept.read_bytes() == archive
    shared.request("DELETE", f"/restores/{answer.json()['confirmation']}")


def test_an_encrypted_archive_opens_with_its_passphrase(application: Application) -> None:
    """By the form or by a header, in any script; and it is written nowhere (R56)."""
    passphrase = "Grüße, 100% geheim"
    service = application.service()
    service.create_backup()
    path = service.export_backup("latest", application.root / "a.zip.age", passphrase=passphrase)
    data = path.read_bytes()
    with served(application, service=service) as web:
        quoted = "Gr%C3%BC%C3%9Fe, 100%25 geheim"
        by_form = {"files": {"file": ("a.zip.age", data)}, "data": {"passphrase": passphrase}}
        by_header = {"content": data, "headers": {**ZIP, "Holdfast-Passphrase": quoted}}
        for options in (by_form, by_header):
            offered(web, **options)
        refused(web, 422, "archive-passphrase", content=data, headers=ZIP)
        wrong = {"files": {"file": ("a", data)}, "data": {"passphrase": "wrong"}}
        said = refused(web, 422, "archive-passphrase", **wrong).text
        assert "wrong-" not in said
    for file in application.root.rglob("*"):
        assert not file.is_file() or passphrase.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"content": b"x"}, "it has no content type"),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, "'text/plain'"),
        ({"json": {"path": "/etc/passwd"}}, "'application/json'"),
        ({"data": {"file": "x"}}, "urlencoded"),
        ({"files": {"other": ("a.zip", b"x")}}, "'other'"),
        ({"files": [("file", ("a", b"x")), ("file", ("b", b"y"))]}, "two files"),
        ({"files": {"file": (None, b"x")}}, "'file'"),
        ({"files": {"file": ("a", b"x")}, "data": {"path": "/etc"}}, "'path'"),
        ({"files": {"file": ("a", b"x")}, "data": {"passphrase": "x" * 5000}}, "longer than"),
        ({"files": {"file": ("a", b"x")}, "data": {"passphrase": ["a", "b"]}}, "twice"),
        ({"files": {"passphrase": ("a", b"x")}}, "'passphrase'"),
    ],
)
def test_what_is_no_file_is_refused(shared: Served, options: Any, said: str) -> None:
    assert said in refused(shared, 422, "request-invalid", **options).json()["detail"]


FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", PART),
        ("multipart/form-data; boundary=", PART),
        (f"multipart/form-data; boundary={'b' * 300}", PART),
        (FORM, b""),
        (FORM, b"no form at all"),
        (FORM, b"--b--\r\n"),
        (FORM, PART + b"cut off"),
        (FORM, PART + b"data\r\n--b"),
        (FORM, PART[:40]),
        (FORM, b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'),
        (FORM, b"--b\r\n\r\nno header\r\n--b--\r\n"),
        (FORM, b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\n\r\n--b--\r\n"),
        (FORM, b"--b\r\nX: " + b"y" * 1_000_000),
        (FORM, (PART.replace(b"file", b"passphrase") + b"\r\n") * 20 + b"--b--\r\n"),
        (
            FORM,
            b'--b\r\nContent-Disposition: form-data; name="passphrase"\r\n\r\n\xff\r\n--b--\r\n',
        ),
    ],
)
def test_broken_forms_are_refused(shared: Served, kind: str, body: bytes) -> None:
    """R63: cut off anywhere, without end, or made of headers alone."""
    headers = {"Content-Type": kind}
    refused(shared, 422, "request-invalid", content=body, headers=headers)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_archive_is_refused(shared: Served, archive: bytes, share: float) -> None:
    """R02: wherever it was cut."""
    cut = archive[: int(len(archive) * share)]
    refused(shared, 422, "archive-damaged", content=cut, headers=ZIP)


def test_what_says_that_it_is_too_large_is_not_read(application: Application) -> None:
    """The length that is announced is enough to refuse it; nothing of it is taken."""
    with served(application, max_upload_bytes=100_000) as web:
        taken: list[int] = []

        async def body() -> AsyncIterator[bytes]:
            taken.append(1)
            yield b"x" * 200_000

        headers = {**ZIP, "Content-Length": "200000"}
        said = refused(web, 413, "upload-too-large", content=body(), headers=headers)
        assert taken == []
        assert "100,000 bytes at most" in said.json()["detail"]


@pytest.mark.parametrize("form", [False, True])
def test_what_does_not_say_that_it_is_too_large_is_counted(
    application: Application, form: bool
) -> None:
    """R63: chunked, without a length, and never ending: it is ended at the limit."""
    with served(application, max_upload_bytes=3 << 20) as web:
        taken: list[int] = []

        async def endless() -> AsyncIterator[bytes]:
            if form:
                yield PART
            while True:
                taken.append(1)
                yield bytes(1 << 16)

        headers = {"Content-Type": FORM} if form else ZIP
        refused(web, 413, "upload-too-large", content=endless(), headers=headers)
        assert len(taken) <= (3 << 20) // (1 << 16) + 2


def test_what_comes_after_the_end_of_a_form_is_counted_too(application: Application) -> None:
    """R63: it is written nowhere, but keeps the place of another upload for as long as it comes."""
    with served(application, max_upload_bytes=1 << 20) as web:
        taken: list[int] = []

        async def endless() -> AsyncIterator[bytes]:
            yield PART + b"PK\r\n--b--\r\n"
            for _ in range(1000):
                taken.append(1)
                yield bytes(1 << 16)

        refused(web, 413, "upload-too-large", content=endless(), headers={"Content-Type": FORM})
        assert len(taken) <= (1 << 20) // (1 << 16) + 3


def test_a_length_that_is_a_lie_does_not_matter(shared: Served, archive: bytes) -> None:
    """It is only an announcement; a form of several bytes may announce none, or nonsense."""
    for length in ("abc", "-1", "9" * 30):
        headers = {**ZIP, "Content-Length": length}
        offered(shared, content=streamed(archive), headers=headers)


def test_the_disk_keeps_its_reserve(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R36: an upload never takes the last bytes of a disk that others write to."""
    with (
        small_disk(size_bytes=24 << 20) as disk,
        served(application, service=application.service(scratch_dir=disk)) as web,
    ):
        _set_reserve(monkeypatch, 8 << 20)
        body = bytes(20 << 20)
        refused(web, 507, "disk-full", content=body, headers=ZIP)
        refused(web, 507, "disk-full", content=streamed(body), headers=ZIP)
        _set_reserve(monkeypatch, 0)
        refused(web, 507, "disk-full", content=streamed(bytes(30 << 20)), headers=ZIP)
        left = [path for path in disk.rglob("*") if path.is_file()]
        assert [path.name for path in left if path.stat().st_size] == []


def _set_reserve(monkeypatch: pytest.MonkeyPatch, reserve_bytes: int) -> None:
    """Take another reserve than the usual, which is more than a small disk has."""
    require_room = uploads._require_room

    def with_reserve(path: Path, needed_bytes: int, limits: uploads.UploadLimits) -> None:
        small = uploads.UploadLimits(max_bytes=limits.max_bytes, reserve_bytes=reserve_bytes)
        original(path, needed_bytes, small)

    original = getattr(require_room, "original", require_room)
    with_reserve.original = original  # type: ignore[attr-defined]
    monkeypatch.setattr(uploads, "_require_room", with_reserve)
    monkeypatch.setattr(uploads, "_LOOK_EVERY_BYTES", 1 << 20)


def samples() -> Iterator[tuple[str, bytes]]:
    """Yield some of each class of hostile archives: the first of every label, and more."""
    seen: set[str] = set()
    for number, (label, data) in enumerate(corpus()):
        kind = label.partition(" ")[0].partition(":")[0]
        if kind not in seen or number % 40 == 0:
            seen.add(kind)
            yield label, data


def test_hostile_archives_are_refused_over_http(shared: Served) -> None:
    """R57: of each class some: a 4xx that says why, no file, no crash, and live data as before."""
    before = shared.application.state()
    count = 0
    for label, data in samples():
        answer = shared.post("/restores", content=data, headers=ZIP)
        assert 400 <= answer.status_code < 500, (label, answer.text)
        assert answer.json()["code"].startswith(("archive-", "backup-too-new")), label
        assert inbox_of(shared.application) == [], label
        count += 1
    assert count > 40
    assert shared.application.state() == before


def test_what_is_whole_and_cannot_be_restored_is_refused(
    shared: Served,
) -> None:
    """It calls its settings settings, and its database one; both are none."""
    refused(shared, 422, "archive-refused", content=honest(), headers=ZIP)


def test_only_so_many_files_wait(
    shared: Served, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R63: each may be as large as all of the data; one that is given up makes room."""
    monkeypatch.setattr(inbox, "MAX_WAITING", 2)
    tokens = [sent(shared, archive).json()["confirmation"] for _ in range(2)]
    answer = shared.post("/restores", content=archive, headers=ZIP)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
    for token in tokens:
        shared.request("DELETE", f"/restores/{token}")
    offered(shared, content=archive, headers=ZIP)
