"""The contract `system`: as its clients know it, on a real SQLite database with its files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from holdfast import BackupConfig, BackupService
from holdfast.errors import ConfigError
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web import Permission
from holdfast.web.contracts import system
from holdfast.web.contracts.settings_schedule import SettingsSchedule, Wanted
from tests.operations.application import Application
from tests.rig.sim_clock import SimClock
from tests.rig.web import WebClient, web_client
from tests.web.contracts.example import ROOT, run_lines, running
from tests.web.serving import ADMIN, AUTH, signed

API = "/api/v1/system"
TIME = re.compile(r"\d{4}(-\d\d){5}(-\d+)?")
QUESTION = "Restore will replace all data. Continue?"
CORRUPTED = "Backup file is corrupted"
OLDER = "Backup from older version, may have issues"


@dataclass
class Desk:
    """An application that is served, and how often it stood still."""

    application: Application
    clock: SimClock
    hooks: list[str] = field(default_factory=list)
    when_paused: Callable[[], object] = lambda: None
    client: WebClient = field(init=False)
    engine: JobEngine = field(init=False)

    def pause(self) -> None:
        self.hooks.append("pause")
        self.when_paused()

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.client.post(API + path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(API + path, **options)

    def made(self) -> dict[str, Any]:
        """Make a backup."""
        answer = self.post("/backup")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def downloaded(self) -> bytes:
        """Return the file of a new backup."""
        answer = self.client.get(self.made()["download_url"])
        assert answer.status_code == 200, answer.text
        return answer.content

    def restore(self, data: bytes, **fields: str) -> httpx.Response:
        return self.post("/restore", files={"file": ("b.zip", data)}, data=fields)

    def validate(self, data: bytes) -> dict[str, Any]:
        answer = self.post("/backup/validate", files={"file": ("b.zip", data)})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def scratch(self) -> set[str]:
        """Return the names of the files in scratch."""
        found = (self.application.root / "scratch").rglob("*")
        return {each.name for each in found if each.is_file()} - {".in-use"}

    def count(self) -> int:
        """Return how many events there are."""
        return int(self.application.rows("select count(*) from events")[0][0])


@contextmanager
def serving(root: Path, *, router: Mapping[str, Any] | None = None, **given: Any) -> Iterator[Desk]:
    """Serve a small application by the contract; nothing is scheduled."""
    desk = Desk(Application(root), SimClock())
    desk.application.create(events=3)
    options: dict[str, Any] = {
        "app": "camera",
        "app_version": "2.1",
        "clock": desk.clock,
        "on_pause": desk.pause,
        "on_resume": lambda: desk.hooks.append("resume"),
    }
    service = desk.application.service(**{**options, **given})
    desk.engine = JobEngine(service, options=JobOptions(isolation="thread", poll_s=0.05))
    app = FastAPI()
    app.include_router(
        system(service, auth=AUTH, engine=desk.engine, **{"scheduler": False, **(router or {})})
    )
    with web_client(app, headers=ADMIN) as client:
        desk.client = client
        yield desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for tests that change nothing that others look at."""
    with serving(tmp_path_factory.mktemp("shared")) as found:
        yield found


@pytest.fixture(scope="module")
def honest(shared: Desk) -> bytes:
    """A backup file as it was downloaded."""
    return shared.downloaded()


def members(data: bytes) -> dict[str, bytes]:
    """Return what a ZIP file holds, its directories left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist() if not name.endswith("/")}


def packed(held: Mapping[str, bytes], *, deflate: bool = False, **metadata: Any) -> bytes:
    """Return a ZIP file as the standard library packs it, whose metadata is right but for some."""
    held = dict(held)
    if "metadata.json" in held:
        held["metadata.json"] = json.dumps({**counted(held), **metadata}).encode()
    sink = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(sink, "w", method) as file:
        for name, data in held.items():
            file.writestr(name, data)
    return sink.getvalue()


def counted(held: Mapping[str, bytes]) -> dict[str, Any]:
    thumbnails = [data for name, data in held.items() if name.startswith("thumbnails/")]
    try:
        settings = len(json.loads(held["settings.json"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        settings = 1
    return {
        **json.loads(held["metadata.json"]),
        "database_size_bytes": len(held.get("database.db", b"")),
        "thumbnails_count": len(thumbnails),
        "thumbnails_size_bytes": sum(map(len, thumbnails)),
        "settings_count": settings,
    }


def test_a_backup_answers_a_link_to_exactly_what_the_contract_says(desk: Desk) -> None:
    """The file's name, members, and metadata; and its length is known beforehand."""
    made = desk.made()
    assert TIME.fullmatch(made["timestamp"])
    assert made["filename"] == f"camera-backup-{made['timestamp']}.zip"
    assert made["download_url"] == f"{API}/backup/{made['timestamp']}/download"
    answer = desk.client.get(made["download_url"])
    assert answer.headers["content-type"] == "application/zip"
    wanted = f'attachment; filename="{made["filename"]}"'
    assert answer.headers["content-disposition"] == wanted
    assert int(answer.headers["content-length"]) == len(answer.content)

    held = members(answer.content)
    live = desk.application.thumbnails
    thumbnails = {f"thumbnails/{each.name}": each.read_bytes() for each in live.iterdir()}
    assert len(thumbnails) == 3
    assert set(held) == {"database.db", "settings.json", "metadata.json", *thumbnails}
    assert {name: held[name] for name in thumbnails} == thumbnails
    assert json.loads(held["settings.json"]) == {"theme": "dark"}
    metadata = json.loads(held["metadata.json"])
    assert metadata == {
        "timestamp": metadata["timestamp"],
        "version": "1.0",
        "app_version": "2.1",
        "database_size_bytes": len(held["database.db"]),
        "thumbnails_count": 3,
        "thumbnails_size_bytes": sum(map(len, thumbnails.values())),
        "settings_count": 1,
    }
    digits = made["timestamp"].replace("-", "")
    assert metadata["timestamp"].translate(str.maketrans("", "", "-T:")).startswith(digits)
    sizes = {name: made[name] for name in metadata if name in made and name != "timestamp"}
    assert sizes == {name: metadata[name] for name in sizes}
    assert len(sizes) == 5
    found = desk.application.root / "taken.db"
    found.write_bytes(held["database.db"])
    with closing(sqlite3.connect(found)) as database:
        assert database.execute("select count(*) from events").fetchone() == (3,)


def test_a_download_goes_on_where_it_was_broken_off(shared: Desk, honest: bytes) -> None:
    """Any part is the part of the whole, and the link of the list is the same file."""
    url = shared.get("/backup/list").json()["backups"][-1]["download_url"]
    whole = shared.client.get(url)
    for start, stop in ((0, 10), (3000, len(honest)), (len(honest) - 5, len(honest))):
        headers = {"Range": f"bytes={start}-{stop - 1}", "If-Range": whole.headers["etag"]}
        part = shared.client.get(url, headers=headers)
        assert part.status_code == 206
        assert part.content == whole.content[start:stop]
    head = shared.client.request("HEAD", url)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(whole.content)))


def test_a_restore_asks_first_and_then_puts_all_back_and_can_be_undone(desk: Desk) -> None:
    """By the token alone; the background tasks stand still; the safety backup takes it back."""
    application, data = desk.application, desk.downloaded()
    before = application.state()
    application.add_events(2)
    application.execute("delete from events where id = 1")
    application.execute("update settings set value = 'light' where key = 'theme'")
    changed = application.state()
    desk.hooks.clear()

    asked = desk.restore(data)
    assert asked.status_code == 200, asked.text
    question = asked.json()
    assert (question["message"], question["confirmation_required"]) == (QUESTION, True)
    assert question["validation"]["valid"]
    assert question["validation"]["metadata"]["table_counts"] == {"events": 3, "settings": 2}
    assert any("4 rows -> 3 rows" in each["detail"] for each in question["validation"]["changes"])
    assert application.state() == changed
    assert desk.hooks == []

    done = desk.post("/restore", data={"token": question["token"]})
    assert done.status_code == 200, done.text
    restored = done.json()
    assert (restored["status"], restored["confirmation_required"]) == ("completed", False)
    assert application.state() == before
    assert application.rows("select value from settings where key = 'theme'") == [("dark",)]
    assert desk.hooks == ["pause", "resume"]
    assert {each["status"] for each in restored["steps"]} == {"completed"}
    assert [each["name"] for each in restored["steps"]][1:3] == [
        "Stop background tasks",
        "Safety backup",
    ]
    assert restored["rows_restored"]["events"] == 3
    assert (restored["thumbnails_restored"], restored["settings_restored"]) == (3, 1)
    assert desk.post("/restore", data={"token": question["token"]}).status_code == 404

    listed = {each["timestamp"]: each for each in desk.get("/backup/list").json()["backups"]}
    safety = listed[restored["safety_backup"]]
    assert safety["type"] == "pre_restore"
    undone = desk.restore(desk.client.get(safety["download_url"]).content, confirm="true")
    assert undone.status_code == 200, undone.text
    assert application.state() == changed
    assert not list((application.root / "data").rglob("*holdfast*"))
    assert not desk.scratch()


def test_a_token_may_come_in_a_form_or_as_json(desk: Desk) -> None:
    """As `curl -F` and programs send it; `confirm=false` changes nothing."""
    data = desk.downloaded()
    ways: list[Callable[[str], dict[str, Any]]] = [
        lambda token: {"files": {"token": (None, token)}},
        lambda token: {"json": {"token": token, "confirm": True}},
    ]
    for way in ways:
        desk.application.add_events(1)
        token = desk.restore(data, confirm="false").json()["token"]
        refused = desk.post("/restore", data={"token": token, "confirm": "false"})
        assert refused.json()["confirmation_required"]
        assert desk.count() == 4
        answer = desk.post("/restore", **way(token))
        assert answer.json()["status"] == "completed", answer.text
        assert desk.count() == 3


def test_what_other_programs_packed_and_the_application_made_before_is_taken(
    desk: Desk,
) -> None:
    """Without entries for directories, compressed, a time as in file names; and native archives."""
    held = members(desk.downloaded())
    native = desk.engine.service.open_download("latest")
    reordered = dict(reversed(held.items()))
    assert desk.validate(packed(reordered, timestamp="2026-03-14T03:00:00"))["valid"]
    deep = {**held, "thumbnails/deep/er/x.png": b"x"}
    files = [
        packed(deep, deflate=True, timestamp="2026-03-14-03-00-00", app_version=None),
        b"".join(native.read()),
    ]
    for data, has_more in zip(files, (True, False), strict=True):
        desk.application.add_events(1)
        answer = desk.restore(data, confirm="true")
        assert answer.status_code == 200, answer.text
        assert desk.count() == 3
        assert (desk.application.thumbnails / "deep" / "er" / "x.png").exists() == has_more


def entry(name: str, **attributes: Any) -> Callable[[Mapping[str, bytes]], bytes]:
    """Return what adds an entry to a ZIP file that a careless program would follow."""

    def add(held: Mapping[str, bytes]) -> bytes:
        sink = io.BytesIO(packed(held))
        with zipfile.ZipFile(sink, "a") as file:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            for key, value in attributes.items():
                setattr(info, key, value)
            file.writestr(info, b"/etc/passwd")
        return sink.getvalue()

    return add


def without(name: str) -> Callable[[Mapping[str, bytes]], bytes]:
    return lambda held: packed({key: data for key, data in held.items() if key != name})


def changed(name: str, data: bytes) -> Callable[[Mapping[str, bytes]], bytes]:
    return lambda held: packed({**held, name: data})


def told(**metadata: Any) -> Callable[[Mapping[str, bytes]], bytes]:
    return lambda held: packed(held, **metadata)


def flipped(held: Mapping[str, bytes]) -> bytes:
    data = bytearray(packed(held))
    data[data.index(held["thumbnails/1.jpg"]) + 9] ^= 1
    return bytes(data)


def damaged_page(held: Mapping[str, bytes]) -> bytes:
    """The header is right and a page is not: only SQLite finds that."""
    database = held["database.db"]
    return packed({**held, "database.db": database[:4096] + b"\xff" * 4096 + database[8192:]})


def raw_metadata(held: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        for name, data in held.items():
            file.writestr(name, b"{" if name == "metadata.json" else data)
    return sink.getvalue()


BAD_FILES: dict[str, tuple[Callable[[Mapping[str, bytes]], bytes], str]] = {
    "no zip": (lambda _: b"Hello, world. " * 40, "not a ZIP"),
    "empty": (lambda _: b"", "empty"),
    "cut off": (lambda held: packed(held)[:-100], ""),
    "cut in front": (lambda held: packed(held)[100:], ""),
    "joined to another": (lambda held: b"MZ" * 50 + packed(held), ""),
    "a changed byte": (flipped, "CRC"),
    "path out": (entry("../evil"), "climbs"),
    "path out of thumbnails": (entry("thumbnails/../../evil"), "climbs"),
    "absolute": (entry("/etc/cron.d/evil"), "absolute"),
    "backslash": (entry("thumbnails\\evil"), "backslash"),
    "symbolic link": (
        entry("thumbnails/link", external_attr=(stat.S_IFLNK | 0o777) << 16),
        "symbolic link",
    ),
    "device": (entry("thumbnails/dev", external_attr=(stat.S_IFCHR | 0o600) << 16), "device"),
    "set-user-id": (entry("thumbnails/s", external_attr=(stat.S_IFREG | 0o4755) << 16), "set-user"),
    "something else": (entry("evil.sh"), "no place"),
    "below a file": (entry("database.db/evil"), "as a file and as a directory"),
    "differs in case": (entry("thumbnails/1.JPG"), "case"),
    "bomb": (
        lambda held: packed({**held, "thumbnails/0.jpg": bytes(8 << 20)}, deflate=True),
        "expand",
    ),
    "no database": (without("database.db"), "database.db is missing"),
    "no settings": (without("settings.json"), "settings.json is missing"),
    "no metadata": (without("metadata.json"), "metadata.json is missing"),
    "metadata no JSON": (raw_metadata, "metadata.json is malformed"),
    "a thumbnail fewer": (without("thumbnails/2.jpg"), ""),
    "wrong count": (told(thumbnails_count=4), "thumbnails_count"),
    "wrong size": (told(database_size_bytes=1), "database_size_bytes"),
    "wrong thumbnails size": (told(thumbnails_size_bytes=1), "thumbnails_size_bytes"),
    "wrong settings count": (told(settings_count=2), "settings_count"),
    "negative": (told(thumbnails_count=-1), "malformed"),
    "no time": (told(timestamp="yesterday"), "no time"),
    "no version": (told(version="x"), "no version"),
    "no database in it": (changed("database.db", b"not a database" * 500), "database"),
    "a damaged page": (damaged_page, "damaged"),
    "settings no object": (changed("settings.json", b"[1]"), "no object"),
    "settings twice": (changed("settings.json", b'{"a": 1, "a": 2}'), "twice"),
    "settings not finite": (changed("settings.json", b'{"a": NaN}'), "NaN"),
    "settings deep": (changed("settings.json", b'{"a":' + b"[" * 90 + b"]" * 90 + b"}"), "deeply"),
    "settings deeper": (changed("settings.json", b'{"a":' + b"[" * 90_000), "malformed"),
    "settings long": (changed("settings.json", b'{"a": "' + b"x" * (16 << 20) + b'"}'), "longer"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_nothing_is_touched(
    shared: Desk, honest: bytes, name: str
) -> None:
    """R61, R62: by its sentence, with the cause as the hint; and nothing of it is left."""
    bad, cause = BAD_FILES[name]
    if name == "a thumbnail fewer":  # with the metadata of all of them
        held = members(honest)
        size = sum(len(data) for key, data in held.items() if key.startswith("thumb"))
        del held["thumbnails/2.jpg"]
        data = packed(held, thumbnails_count=3, thumbnails_size_bytes=size)
    else:
        data = bad(members(honest))
    before, hooks, files = shared.application.state(), list(shared.hooks), shared.scratch()
    answer = shared.restore(data, confirm="true")
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["detail"] == CORRUPTED
    assert cause in problem["hint"]
    assert (shared.application.state(), shared.hooks) == (before, hooks)
    assert shared.scratch() <= files
    if not name.startswith("settings"):
        return
    checked = shared.validate(data)
    assert (checked["valid"], checked["errors"]) == (False, [CORRUPTED])
    assert cause in checked["hint"]


def test_a_newer_layout_is_refused_as_that(shared: Desk, honest: bytes) -> None:
    answer = shared.restore(packed(members(honest), version="2.0"))
    assert answer.status_code == 422
    assert "newer version" in answer.json()["detail"]
    assert answer.json()["code"] == "archive-too-new"


def test_a_version_that_is_older_is_warned_of(shared: Desk, honest: bytes) -> None:
    held = members(honest)
    assert OLDER not in shared.validate(honest)["warnings"]
    for version in ("2.0.9", "1.10", None):
        checked = shared.validate(packed(held, app_version=version))
        assert checked["valid"]
        assert checked["warnings"][0] == OLDER, version
    newer = shared.validate(packed(held, app_version="2.10"))["warnings"][0]
    assert newer == "Backup from newer version, may have issues"
    asked = shared.restore(packed(held, app_version="1.0")).json()
    assert OLDER in asked["warnings"]


BAD_TIMES = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "2024-11-08-12-00-00",
    "\u0662\u0660\u0662\u0664-11-08-12-00-00",  # in the digits of another script
    "2024-11-08-12-00-00\r\nX-Evil: 1",
    "2024-11-08-12-00-00\x00",
    "2024-13-40-99-99-99",
    "latest",
    "backup_20241108_120000",
    "list",
    "x" * 3000,
]


def test_a_bad_time_is_answered_and_never_looked_for(shared: Desk, honest: bytes) -> None:
    """R61: 404, 405 or 422, by every route that takes a time."""
    assert honest
    count = shared.get("/backup/list").json()["total"]
    for time in BAD_TIMES:
        path = f"{API}/backup/{quote(time, safe='%')}"
        answers = [shared.client.get(f"{path}/download"), shared.client.delete(path)]
        assert {each.status_code for each in answers} <= {404, 405, 422}, time
        assert all("X-Evil" not in each.headers for each in answers)
    assert shared.get("/backup/list").json()["total"] == count


def test_a_link_is_good_for_an_hour_and_the_list_hands_out_a_new_one(desk: Desk) -> None:
    made = desk.made()
    desk.clock.advance(59 * 60)
    assert desk.client.get(made["download_url"]).status_code == 200
    desk.clock.advance(2 * 60)
    for method in ("GET", "HEAD"):
        assert desk.client.request(method, made["download_url"]).status_code == 410
    expired = desk.client.get(made["download_url"]).json()
    assert expired["detail"].endswith("has expired")
    assert "list" in expired["hint"]
    listed = desk.get("/backup/list").json()["backups"]
    assert [each["timestamp"] for each in listed] == [made["timestamp"]]
    assert desk.client.get(listed[0]["download_url"]).status_code == 200
    gone = desk.client.delete(f"{API}/backup/{made['timestamp']}")
    assert gone.json()["timestamp"] == made["timestamp"]
    assert desk.client.get(listed[0]["download_url"]).status_code == 404
    assert desk.get("/backup/list").json() == {"backups": [], "total": 0}


def test_each_route_asks_for_its_permission(shared: Desk, honest: bytes) -> None:
    """R54: without anybody, with every other permission, and a refusal has no effect."""
    url = shared.get("/backup/list").json()["backups"][-1]["download_url"]
    routes = [
        ("POST", f"{API}/backup", Permission.RUN),
        ("GET", f"{API}/backup/list", Permission.READ),
        ("GET", url, Permission.RESTORE),
        ("HEAD", url, Permission.RESTORE),
        ("DELETE", url.removesuffix("/download"), Permission.ADMINISTER),
        ("POST", f"{API}/backup/validate", Permission.RESTORE),
        ("POST", f"{API}/restore", Permission.RESTORE),
    ]
    count = shared.get("/backup/list").json()["total"]
    for method, path, needed in routes:
        others = signed(*(each for each in Permission if each is not needed))
        send: dict[str, Any] = {"files": {"file": ("b.zip", honest)}} if method == "POST" else {}
        nobody = shared.client.request(method, path, headers={"X-Who": ":"}, **send)
        refused = shared.client.request(method, path, headers=others, **send)
        assert (nobody.status_code, refused.status_code) == (403, 403), (method, path)
    assert shared.get("/backup/list").json()["total"] == count
    assert shared.count() == 3


def test_a_token_is_only_for_whoever_got_it(shared: Desk, honest: bytes) -> None:
    token = shared.restore(honest).json()["token"]
    other = signed(*Permission, name="eve")
    answer = shared.post("/restore", data={"token": token}, headers=other)
    assert answer.status_code == 403
    assert shared.count() == 3


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"json": {"confirm": True}},
        {"content": b"[[[[", "headers": {"content-type": "application/json"}},
        {"content": b"\xff", "headers": {"content-type": "application/json"}},
        {"content": b"garbage", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"garbage", "headers": {"content-type": "multipart/form-data"}},
        {"files": {"other": ("b.zip", b"PK")}},
        {"data": {"confirm": "true"}},
    ],
)
def test_what_brings_no_file_is_refused_as_that(shared: Desk, sent: dict[str, Any]) -> None:
    headers = {**ADMIN, **sent.get("headers", {})}
    sent = {**sent, "headers": headers}
    for path in ("/restore", "/backup/validate"):
        answer = shared.post(path, **sent)
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] == "request-invalid"


def test_data_with_a_name_are_replaced_only_by_that_name(tmp_path: Path) -> None:
    """R20: `true` is not enough where somebody gave them one."""
    with serving(tmp_path, restore_target_name="production") as desk:
        data = desk.downloaded()
        desk.application.add_events(1)
        refused = desk.restore(data, confirm="true")
        assert (refused.status_code, desk.count()) == (409, 4)
        assert "confirm=production" in refused.json()["hint"]
        assert desk.restore(data, confirm="staging").status_code == 409
        assert desk.restore(data, confirm="production").json()["status"] == "completed"
        assert desk.count() == 3


def test_the_application_goes_on_after_what_failed(tmp_path: Path) -> None:
    """And the data are as they were: here somebody began to write when the tasks stood still."""
    held = contextlib.ExitStack()
    with serving(tmp_path, busy_timeout_s=0.5) as desk, held:
        token = desk.restore(desk.downloaded()).json()["token"]
        desk.application.add_events(1)
        before = desk.application.state()
        desk.hooks.clear()
        desk.when_paused = lambda: held.enter_context(in_use(desk.application.database))
        answer = desk.post("/restore", data={"token": token})
        held.close()
        assert answer.status_code == 423, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert desk.hooks == ["pause", "resume"]
        assert desk.application.state() == before


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Hold a database as a program that never lets go of it."""
    # Paused in one thread, and let go in another.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with closing(connection) as database:
        database.execute("pragma journal_mode = delete")
        database.execute("begin exclusive")
        yield
        database.execute("rollback")


def test_a_database_in_use_is_said(tmp_path: Path) -> None:
    with serving(tmp_path, busy_timeout_s=0.5) as desk, in_use(desk.application.database):
        answer = desk.post("/backup")
    assert answer.status_code == 423, answer.text
    assert answer.json()["detail"] == "Cannot backup while database is in use"
    assert answer.json()["hint"]
    assert desk.hooks == ["pause", "resume"]


def test_a_full_disk_is_said(shared: Desk, honest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an upload, and nothing is left of it."""
    real = os.statvfs

    def full(path: Any) -> Any:
        found = real(path)
        fields = {name: getattr(found, name) for name in dir(found) if name.startswith("f_")}
        return type("Full", (), {**fields, "f_bavail": 1})()

    monkeypatch.setattr("holdfast.web.uploads.os.statvfs", full)
    answer = shared.restore(honest, confirm="true")
    assert answer.status_code == 507
    assert answer.json()["detail"] == "Not enough disk space"
    assert "needs" in answer.json()["hint"]


def test_a_name_that_a_zip_cannot_carry_is_not_lost_in_silence(desk: Desk) -> None:
    """The backup has it; its plain file is refused."""
    (desk.application.thumbnails / "link.jpg").symlink_to("1.jpg")
    made = desk.made()
    answer = desk.client.get(made["download_url"])
    assert answer.status_code == 422
    assert "link.jpg" in answer.json()["detail"]


@pytest.mark.parametrize(
    "given",
    [
        {"settings": None},
        {"directories": {"thumbnails": "t", "photos": "p"}},
        {"directories": {"photos": "p"}},
        {"databases": {"second": "sqlite:///second.db"}},
        {"database_url": "postgresql://u@localhost/x"},
    ],
)
def test_it_is_for_one_database_thumbnails_and_settings(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    options: dict[str, Any] = {"database_url": f"sqlite:///{tmp_path / 'a.db'}"}
    options |= {"settings": {"a": 1}, "backup_dir": tmp_path / "backups"}
    system(BackupService(**options), auth=AUTH)
    if "postgresql" in str(given):
        pytest.importorskip("psycopg")
    with pytest.raises(ConfigError, match="one SQLite database, settings"):
        system(BackupService(**{**options, **given}), auth=AUTH)


def test_thumbnails_that_the_plan_has_no_place_for_are_not_dropped(
    tmp_path: Path, honest: bytes
) -> None:
    with serving(tmp_path, directories=None) as desk:
        assert set(members(desk.downloaded())) == {"database.db", "settings.json", "metadata.json"}
        assert desk.restore(desk.downloaded(), confirm="true").json()["thumbnails_restored"] == 0
        answer = desk.restore(honest, confirm="true")
        assert (answer.status_code, answer.json()["detail"]) == (400, CORRUPTED)
        assert "3 thumbnails" in answer.json()["hint"]


def test_settings_of_the_application_are_imported(tmp_path: Path) -> None:
    """Where they are no table: given back to the application, without what is secret."""
    live: dict[str, Any] = {"theme": "dark", "api_token": "hush"}

    class Provider:
        def export(self) -> dict[str, Any]:
            return dict(live)

        def restore(self, values: Mapping[str, Any]) -> None:
            live.clear()
            live.update(values)

    with serving(tmp_path, settings=Provider()) as desk:
        data = desk.downloaded()
        assert json.loads(members(data)["settings.json"]) == {"theme": "dark"}
        live |= {"theme": "light", "api_token": "new"}
        done = desk.restore(data, confirm="true").json()
    assert done["settings_restored"] == 1, done
    assert live == {"theme": "dark", "api_token": "new"}


def test_the_schedule_is_daily_at_three_and_keeps_seven(tmp_path: Path) -> None:
    with serving(tmp_path, router={"scheduler": True}) as desk:
        schedule = desk.engine.schedule()
    assert (schedule.cron, schedule.enabled) == ("0 3 * * *", True)
    assert schedule.retention == {"max_backups": 7}


def test_the_schedule_follows_the_settings(tmp_path: Path) -> None:
    """At the start, when they change, and not against what was set in another way since."""
    settings: dict[str, Any] = {"backup_time": "4:05", "backup_retention_count": "3"}
    zone = BackupConfig(timezone="Europe/Berlin", schedule="0 3 * * *", retention_days=0)
    router = {"scheduler": True, "settings": lambda: settings, "schedule": zone}
    with serving(tmp_path, router=router) as desk:
        first = desk.engine.schedule()
        assert (first.cron, first.timezone) == ("5 4 * * *", "Europe/Berlin")
        assert (first.enabled, first.retention) == (True, {"max_backups": 3})
        followed = SettingsSchedule(desk.engine, lambda: settings, zone)
        other = replace(first, cron="0 1 * * *")
        desk.engine.set_schedule(other, expected_version=first.version)
        followed.follow()
        assert desk.engine.schedule().cron == "0 1 * * *"
        settings |= {"backup_enabled": "false", "backup_retention_count": 0}
        followed.follow()
        last = desk.engine.schedule()
        assert (last.cron, last.enabled, last.retention) == ("5 4 * * *", False, {})


@pytest.mark.parametrize(
    "bad",
    [
        {"backup_time": "25:00"},
        {"backup_time": "03:00; rm"},
        {"backup_enabled": "perhaps"},
        {"backup_retention_count": "-1"},
        {"backup_retention_count": "\u0667"},
        {"backup_retention_count": True},
    ],
)
def test_a_setting_that_cannot_be_read_is_named(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        Wanted.of(bad, BackupConfig())


def test_settings_that_cannot_be_read_leave_the_schedule_and_the_application(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, Any]:
        raise KeyError("settings")

    with serving(tmp_path, router={"scheduler": True, "settings": broken}) as desk:
        assert desk.engine.schedule().cron == "0 3 * * *"
        assert desk.get("/backup/list").status_code == 200
    assert "schedule stays as it is" in caplog.text


def test_the_lines_of_the_page_run(tmp_path: Path) -> None:
    """The example starts as documented, does what its page says, in processes for its jobs."""
    environment = {
        "DATA_DIR": str(tmp_path / "data"),
        "BACKUP_DIR": str(tmp_path / "backups"),
        "BACKUP_ENCRYPTION_PASSWORD": "a long sentence",
        "ADMIN_TOKEN": "let-me-in",
    }
    place = tmp_path / "client"
    place.mkdir()
    with running("examples.system_app.app:create_app", environment, tmp_path / "log") as address:
        page = ROOT / "docs" / "how-to" / "contract-system.md"
        said = run_lines(page, address, place, {"ADMIN_TOKEN": "let-me-in"})
        status = httpx.get(f"http://{address}/status").json()
    assert said.count('["A cat"]') == 1, said
    assert '"valid":true' in said
    assert QUESTION in said
    assert status == {"capturing": True, "pauses": 2}
    assert len(list((tmp_path / "data" / "thumbnails").iterdir())) == 1
    shutil.rmtree(place)
