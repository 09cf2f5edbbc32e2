"""Real servers and real sockets: clients that go away, and a server that is killed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.operations.application import Application
from tests.rig.daemon import free_port, wait_until
from tests.web.serving import ADMIN, PREFIX, WAIT
from tests.web.transfers.app import PLACE
from tests.web.transfers.files import inbox_of

ROOT = Path(__file__).parents[3]
PATIENCE_S = 120.0
LENGTH = 40 << 20


@dataclass
class Server:
    """A process that serves an application."""

    application: Application
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = [sys.executable, "-m", "uvicorn", "--factory", "tests.web.transfers.app:app"]
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        log = self.application.root / "server.log"
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                [*argv, "--port", str(self.port)],
                env={**env, PLACE: str(self.application.root)},
                cwd=self.application.root,
                stdout=said,
                stderr=said,
            )
        wait_until(lambda: self._ended() or self._answers(), "the server to answer")
        if self._ended():
            pytest.fail(f"The server did not start:\n{log.read_text()}")

    def end(self, with_signal: int) -> None:
        """End it."""
        assert self.process is not None
        self.process.send_signal(with_signal)
        self.process.wait(PATIENCE_S)

    def client(self) -> httpx.Client:
        """Return a client of it."""
        base = f"http://127.0.0.1:{self.port}{PREFIX}"
        return httpx.Client(base_url=base, headers=ADMIN, timeout=PATIENCE_S, trust_env=False)

    def connect(self, *lines: str) -> socket.socket:
        """Open a connection, and send the head of a request."""
        opened = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        who = ADMIN["X-Who"]
        head = [*lines, "Host: localhost", f"X-Who: {who}", "", ""]
        opened.sendall("\r\n".join(head).encode())
        return opened

    def descriptors(self) -> int:
        """Return how many files and sockets it has open."""
        assert self.process is not None
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def _ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/openapi.json", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """An application with a backup that no socket's buffers can hold."""
    made = Application(tmp_path_factory.mktemp("large"))
    made.create(events=3)
    (made.thumbnails / "film").write_bytes(random.Random(1).randbytes(LENGTH))
    made.service().create_backup()
    return made


@contextmanager
def serving(application: Application) -> Iterator[Server]:
    """Serve an application in a process of its own."""
    server = Server(application)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def server(large: Application) -> Iterator[Server]:
    with serving(large) as running:
        yield running


def download_path(client: httpx.Client) -> str:
    """Return where the first backup is; other tests make more."""
    backup = client.get("/backups").json()["backups"][-1]["id"]
    return f"/backups/{backup}/download"


def whole_of(application: Application, path: str) -> bytes:
    """Return what a download is to be."""
    return b"".join(application.service().open_download(path.split("/")[2]).read())


def begin(client: httpx.Client, path: str, length: int, **headers: str) -> tuple[bytes, str]:
    """Take the beginning of a download, then go away; return it and its tag."""
    taken = bytearray()
    with client.stream("GET", path, headers=headers) as answer:
        for piece in answer.iter_bytes():
            taken += piece
            if len(taken) >= length:
                return bytes(taken), str(answer.headers["etag"])
    raise AssertionError("it ended by itself")


def test_a_download_that_was_broken_off_goes_on(large: Application, server: Server) -> None:
    """Twice broken off, and together it is the whole, to the byte."""
    with server.client() as client:
        path = download_path(client)
        whole = whole_of(large, path)
        taken, etag = begin(client, path, 5 << 20)
        for length in (9 << 20, LENGTH):
            condition = {"Range": f"bytes={len(taken)}-", "If-Range": etag}
            if length < LENGTH:
                taken += begin(client, path, length, **condition)[0]
            else:
                taken += client.get(path, headers=condition).content
    assert taken == whole


def test_clients_that_go_away_leave_nothing_open(large: Application, server: Server) -> None:
    """R38: the reading ends, and what it had open is closed; no file was made."""
    with server.client() as client:
        path = download_path(client)
        assert len(client.get(path, headers={"Range": "bytes=0-9"}).content) == 10
        before, files = server.descriptors(), sorted(large.root.rglob("*"))
        for _ in range(8):
            begin(client, path, 1 << 20)
        wait_until(lambda: server.descriptors() <= before, "everything to be closed")
        assert sorted(large.root.rglob("*")) == files


def test_clients_that_take_nothing_hold_nothing_up(large: Application, server: Server) -> None:
    """R63: twelve stand still in the midst of a download; a backup, a cleanup go on meanwhile."""
    with server.client() as client, ExitStack() as slow:
        path = f"{PREFIX}{download_path(client)}"
        before = server.descriptors()
        for _ in range(12):
            opened = slow.enter_context(server.connect(f"GET {path} HTTP/1.1"))
            assert opened.recv(12) == b"HTTP/1.1 200"
        assert large.service().list_locks() == []
        made = client.post("/backups", json={}, headers=WAIT)
        assert made.status_code == 201, made.text
        policy = {"policy": {"keep_last": 100}}
        cleaned = client.post("/backups/cleanup", json=policy, headers=WAIT)
        assert cleaned.json()["status"] == "completed", cleaned.text
        slow.close()
        wait_until(lambda: server.descriptors() <= before + 2, "everything to be closed")


UPLOAD = (f"POST {PREFIX}/restores HTTP/1.1", "Content-Type: application/zip")


def sending(server: Server, length: int, body: bytes) -> socket.socket:
    """Begin to send a file of which only a part will come."""
    opened = server.connect(*UPLOAD, f"Content-Length: {length}")
    opened.sendall(body)
    return opened


def is_taken(application: Application, length: int) -> bool:
    with suppress(FileNotFoundError):
        return any(file.stat().st_size >= length for file in inbox_of(application))
    return False


def test_an_upload_that_is_broken_off_leaves_nothing(large: Application, server: Server) -> None:
    """R38: the client's connection goes away midway, and the file with it."""
    with sending(server, 10 << 20, bytes(1 << 20)):
        wait_until(lambda: is_taken(large, 1 << 20), "what was sent to be on disk")
    wait_until(lambda: inbox_of(large) == [], "the file to be gone")
    with server.client() as client:
        assert client.get("/health").status_code == 200


def test_an_upload_that_comes_slowly_is_taken(large: Application, server: Server) -> None:
    """In pieces, with other requests in between, as over a bad line."""
    data = b"".join(large.service().open_download("latest").read())
    half = len(data) // 2
    with server.client() as client:

        def slowly() -> Iterator[bytes]:
            yield data[:half]
            wait_until(lambda: is_taken(large, half), "the first half to be on disk")
            with server.client() as other:
                assert other.get("/health").status_code == 200
            yield data[half:]

        zipped = {"Content-Type": "application/zip"}
        told = client.post("/restores", content=slowly(), headers=zipped)
        assert told.status_code == 201, told.text
        assert client.delete(f"/restores/{told.json()['confirmation']}").status_code == 204


def test_a_server_killed_in_an_upload_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    """R38: what was half sent is swept; the data are as they were, and restores work."""
    application = _small(tmp_path)
    before = application.state()
    with serving(application) as server:
        with sending(server, 10 << 20, bytes(1 << 20)):
            wait_until(lambda: is_taken(application, 1 << 20), "what was sent to be on disk")
            server.end(signal.SIGKILL)
        assert is_taken(application, 1 << 20)
        server.start()
        assert list((application.root / "scratch").iterdir()) == []
        assert application.state() == before
        with server.client() as client:
            _restores(application, client)


def test_a_server_killed_with_a_file_that_waits_leaves_nothing(tmp_path: Path) -> None:
    """R38: the file goes with the process that took it; its confirmation is none then."""
    application = _small(tmp_path)
    data = b"".join(application.service().open_download("latest").read())
    with serving(application) as server:
        with server.client() as client:
            told = client.post("/restores", files={"file": ("a.zip", data)}).json()
        server.end(signal.SIGKILL)
        assert len(inbox_of(application)) == 1
        server.start()
        assert list((application.root / "scratch").iterdir()) == []
        with server.client() as client:
            answer = client.post(f"/restores/{told['confirmation']}/confirm", json={})
            assert (answer.status_code, answer.json()["code"]) == (404, "upload-not-found")


def test_a_download_goes_on_from_a_server_that_was_started_again(large: Application) -> None:
    """Killed in the midst of it: nothing is left, and the next process gives the rest."""
    files = {path for path in large.root.rglob("*") if path.name != "server.log"}
    with serving(large) as server, server.client() as client:
        path = download_path(client)
        whole = whole_of(large, path)
        taken = bytearray()
        with suppress(httpx.HTTPError), client.stream("GET", path) as answer:
            etag: Any = answer.headers["etag"]
            for piece in answer.iter_bytes():
                taken += piece
                if len(taken) >= 2 << 20:
                    server.end(signal.SIGKILL)
        assert len(taken) < len(whole)
        server.start()
        condition = {"Range": f"bytes={len(taken)}-", "If-Range": etag}
        with server.client() as again:
            rest = again.get(path, headers=condition)
        assert rest.status_code == 206
        assert bytes(taken) + rest.content == whole
    left = {path for path in large.root.rglob("*") if path.name != "server.log"}
    assert {path.name for path in left - files} <= {"catalog.db"}


def _small(place: Path) -> Application:
    made = Application(place)
    made.create(events=3)
    made.service().create_backup()
    return made


def _restores(application: Application, client: httpx.Client) -> None:
    """Restore over HTTP, from a file."""
    before = application.state()
    data = b"".join(application.service().open_download("latest").read())
    application.add_events(1)
    token = client.post("/restores", files={"file": ("a.zip", data)}).json()["confirmation"]
    done = client.post(f"/restores/{token}/confirm", json={}, headers=WAIT)
    assert done.json()["status"] == "completed", done.text
    assert application.state() == before
