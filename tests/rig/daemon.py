"""A server program that the tests start: as its own user, in a folder of its own, ended for sure.

`Daemon` is one running process; `DaemonFolder` is the folder that its data lives in. Both go
when the tests say so, and also when the process of the tests dies without a word: a small
watching process then ends the server and removes the folder.
"""

from __future__ import annotations

import grp
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import pytest

_PATIENCE_S = 120.0
"""Nothing waits so long on a machine that is only busy."""
_POLL_S = 0.01
_FIRST_PORT = 10_000
_PORTS_TO_TRY = 100
_LONGEST_SCRATCH = 60  # the path of a socket below it has at most 107 bytes

# Waits for a line, which says that all is done, or for the end of the process that would send it.
_WATCH = 'read -r done && exit; %s; rm -rf --one-file-system "$1"'
# Only a process that was started with the folder among its arguments is the one to end.
_END_DAEMON = """
pid=$(cat "$1/pid" 2>/dev/null)
[ -n "$pid" ] && grep -qF "$1" "/proc/$pid/cmdline" && kill -QUIT "$pid" && sleep 1
"""

_chance = random.SystemRandom()


class Identity(TypedDict, total=False):
    """As whom a program runs; nothing where it runs as who we are."""

    user: str
    group: str
    extra_groups: list[str]


def identity(user: str) -> Identity:
    """Return how to run a program as this user: database servers refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        pytest.fail(f"There is no user {user}; run scripts/install_system_packages.sh")
    return {"user": user, "group": group, "extra_groups": []}


def free_port() -> int:
    """Return a port of this machine that nobody listens on at the moment.

    It is none that the kernel gives to outgoing connections: one of those would take it while a
    server is stopped, or before it is bound. Nor does the seed of a test run decide it, which
    all workers share.
    """
    for _ in range(_PORTS_TO_TRY):
        port = _chance.randrange(_FIRST_PORT, _first_outgoing_port())
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    return pytest.fail(f"{_PORTS_TO_TRY} ports in turn are in use")


def _first_outgoing_port() -> int:
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def _scratch() -> str:
    """Return a temporary folder that every user may enter, with a short path."""
    for folder in (tempfile.gettempdir(), "/var/tmp"):
        path = Path(folder).resolve()
        open_to_all = all(each.stat().st_mode & 0o001 for each in (path, *path.parents))
        if open_to_all and len(folder) < _LONGEST_SCRATCH:
            return folder
    return pytest.fail("There is no temporary folder that a server's user may enter")


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = _PATIENCE_S) -> None:
    """Look again and again until a condition holds; fail the test when it never does."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {patience_s:g} seconds")
        time.sleep(_POLL_S)


class DaemonFolder:
    """A folder that a server's user may enter, removed whatever happens to the tests.

    Args:
        ending: Shell commands that end what runs in the folder, whose path is `$1`.
    """

    def __init__(self, prefix: str, user: str, ending: str = _END_DAEMON) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=_scratch()))
        self._as = identity(user)
        self.path.chmod(0o711)
        self._watch = subprocess.Popen(
            ["sh", "-c", _WATCH % ending.strip(), "sh", str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt at the keyboard is not for it
        )

    def make(self, name: str) -> Path:
        """Make a folder in it that belongs to the server's user."""
        path = self.path / name
        path.mkdir(mode=0o755)
        self._own(path)
        return path

    def write(self, name: str, text: str) -> Path:
        """Write a file that only the server's user may read."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(text)
        self._own(path)
        return path

    def run(self, argv: Sequence[str | Path], env: Mapping[str, str]) -> None:
        """Run a program as the server's user; fail the test with what it said if it fails."""
        done = subprocess.run(
            argv, env=dict(env), cwd="/", capture_output=True, text=True, **self._as
        )
        if done.returncode:
            pytest.fail(f"{argv[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")

    def start(self, argv: Sequence[str | Path], env: Mapping[str, str]) -> Daemon:
        """Start a server; what it says goes to the file `log`."""
        with (self.path / "log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                env=dict(env),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as,
            )
        (self.path / "pid").write_text(str(process.pid))
        return Daemon(process, self.path / "log")

    def remove(self) -> None:
        """Remove the folder; whoever lived in it has ended."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._watch.communicate(b"done\n")
        assert not self.path.exists(), f"{self.path} is still in use"

    def _own(self, path: Path) -> None:
        if self._as:
            shutil.chown(path, self._as["user"], self._as["group"])


class Daemon:
    """A server process that was started."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """The id of its first process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def said(self) -> str:
        """Return the end of what it wrote to its log."""
        return self._log.read_text(errors="replace")[-4000:]

    def end(self, number: signal.Signals) -> None:
        """Send a signal that ends it, and wait until it is gone."""
        if self.running:
            self._process.send_signal(number)
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server did not end at {number.name}: {self.said()}")

    def kill(self) -> None:
        """Kill it and every process that it started, as a loss of power would."""
        children = self._children()
        for pid in (self.pid, *children):
            _kill(pid)
        self._process.wait()
        wait_until(lambda: not any(alive(pid) for pid in children), "the end of its processes")

    def _children(self) -> list[int]:
        try:
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        return [int(pid) for pid in text.split()]


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and that nobody reaps does not."""
    try:
        # A killed process may stay a zombie for a while where nobody reaps it.
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
