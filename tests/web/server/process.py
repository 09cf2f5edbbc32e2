"""`holdfast serve` as a process of its own, on a small application."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cli.terminal import clean_environment

PROGRAM = (sys.executable, "-m", "holdfast")
PASSWORD = "a long pass phrase"
PATIENCE_S = 120.0
CONFIGURATION = """
database_url = "app.db"
busy_timeout_s = 120
[encryption]
password = "correct horse"
[schedule]
enabled = false
"""


def build(root: Path) -> Path:
    """Make an application with some data, and its configuration."""
    with closing(sqlite3.connect(root / "app.db")) as database, database:
        database.execute("create table items (id integer primary key, name text)")
        database.executemany("insert into items (name) values (?)", [("an item",)] * 500)
    file = root / "holdfast.toml"
    file.write_text(CONFIGURATION)
    file.chmod(0o600)
    return root


def new_client(url: str) -> httpx.Client:
    """Return a client that opens a connection for each request.

    One that was idle for long may be closed by the server in the moment when it is used again.
    """
    none_kept = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(base_url=f"{url}api/v1", timeout=PATIENCE_S, limits=none_kept)


@dataclass
class Server:
    """A server that runs.

    Attributes:
        said: The file with all that it wrote on standard error.
    """

    process: subprocess.Popen[bytes]
    url: str
    said: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = new_client(self.url)

    @property
    def setup_token(self) -> str:
        """The token that it printed."""
        found = re.search(r"^ {4}([\w-]{43})$", self.said.read_text(), re.MULTILINE)
        assert found, self.said.read_text()
        return found[1]

    def set_up(self) -> dict[str, str]:
        """Make the first administrator, and a token; return its header."""
        body = {"token": self.setup_token, "username": "anna", "password": PASSWORD}
        assert self.client.post("setup", json=body).status_code == 201
        login = {"username": "anna", "password": PASSWORD}
        assert self.client.post("auth/login", json=login).status_code == 200
        wanted = {"name": "test", "permissions": ["read", "run", "restore", "administer"]}
        made = self.client.post("tokens", json=wanted)
        assert made.status_code == 201, made.text
        self.client.cookies.clear()
        return {"Authorization": f"Bearer {made.json()['token']}"}

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End it as a power cut does, with all of its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)


@contextmanager
def serving(root: Path, *arguments: str, program: Sequence[str] = ()) -> Iterator[Server]:
    """Run `holdfast serve` in a folder until the block ends."""
    said = root / "said.txt"
    command = [*(program or (*PROGRAM, "serve", "--port", "0")), *arguments]
    with said.open("wb") as err:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
    server = None
    try:
        server = _answering(process, said)
        yield server
    finally:
        if server is not None:
            server.client.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)


def until(what: str, found: Any) -> Any:
    """Wait until `found` returns something true, and return it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        result = found()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_S} s")


def _answering(process: subprocess.Popen[bytes], said: Path) -> Server:
    def address() -> str | None:
        assert process.poll() is None, said.read_text()
        found = re.search(r"(?:Serving .* at|running on) (http://\S+?)/?\s", said.read_text())
        return found and f"{found[1]}/"

    url = until("its address", address)

    def answers() -> bool:
        assert process.poll() is None, said.read_text()
        try:
            return httpx.get(f"{url}api/v1/setup", timeout=PATIENCE_S).status_code == 200
        except httpx.TransportError:
            return False

    until("its first answer", answers)
    return Server(process, url, said)
