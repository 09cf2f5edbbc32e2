"""A server of backups whose clock is set, and the people who use it, each with a name.

Nothing here pretends: jobs are done by the server as always, and people ask for them over its
REST API. Only the time is another: `SetClock` says what is past is now.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import uvicorn

from holdfast import BackupService
from holdfast.clock import SystemClock
from holdfast.config import load_plans, read_password
from holdfast.jobs import JobEngine, JobOptions
from holdfast.models.job import Job, JobKind
from holdfast.web.server import Installation, create_app
from holdfast.web.server.accounts import Accounts
from holdfast.web.server.run import listen

Found = TypeVar("Found")

PATIENCE_S = 120.0
_DIRECTLY = build_opener(ProxyHandler({}))
"""A proxy of this machine's environment does not stand before the machine itself."""
_POLL_S = 0.01
# In threads, where the clock is the one that is set; a process for each would look at its own.
_OPTIONS = JobOptions(isolation="thread", niceness=0)


class SetClock(SystemClock):
    """The machine's clock, set back; it goes on at its own pace.

    Whoever waits by it is woken when it is set.
    """

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self._ahead.total_seconds()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        end_s, ahead = time.monotonic() + timeout_s, self._ahead
        while time.monotonic() < end_s and self._ahead == ahead:
            if event.wait(_POLL_S):
                break
        return event.is_set()

    def set(self, at: datetime) -> None:
        """Let it be `at` now."""
        self._ahead += at - self.now()


class TimedService(BackupService):
    """A service whose jobs see the clock that is set."""

    @cached_property
    def jobs(self) -> JobEngine:
        """What does work in the background."""
        return JobEngine(self, options=_OPTIONS)


class Refused(Exception):
    """The server did not do what somebody asked for.

    Attributes:
        code: The kind of problem, as the interface names it.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Person:
    """Somebody who uses the server by their browser.

    Attributes:
        url: Where the interface is.
    """

    url: str
    name: str
    password: str
    cookie: str | None = None

    def log_in(self, password: str | None = None) -> None:
        """Log in, with a wrong password if one is given."""
        self.cookie = None
        self.ask(
            "POST", "auth/login", {"username": self.name, "password": password or self.password}
        )

    def log_out(self) -> None:
        """Log out."""
        self.ask("POST", "auth/logout")
        self.cookie = None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask for something, wait for it, and return the answer.

        The password is given once more where the server wants that.

        Raises:
            Refused: It was not done.
        """
        try:
            return self._ask(method, path, body)
        except Refused as error:
            if error.code != "step-up-required":
                raise
        self._ask("POST", "auth/step-up", {"password": self.password})
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        headers = {"Content-Type": "application/json", "Prefer": "wait=60"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with _DIRECTLY.open(request, timeout=PATIENCE_S) as answer:
                if given := answer.headers["Set-Cookie"]:
                    self.cookie = given.partition(";")[0]
                text = answer.read()
        except HTTPError as error:
            with error:
                problem = json.load(error)
            raise Refused(f"{method} {path}: {problem['detail']}", problem["code"]) from error
        return json.loads(text) if text else None


@dataclass
class Office:
    """A server that runs, whose clock can be set."""

    clock: SetClock
    service: TimedService
    accounts: Accounts
    url: str

    def person(self, name: str, password: str) -> Person:
        """Return somebody who uses the server."""
        return Person(self.url, name, password)

    def set_up(self, administrator: Person) -> None:
        """Make the first administrator with the token that the console shows."""
        token = self.accounts.setup_token.make()
        body = {
            "token": token,
            "username": administrator.name,
            "password": administrator.password,
        }
        administrator.ask("POST", "setup", body)

    def scheduled_run(self, at: datetime) -> Job:
        """Let it be the time of a scheduled run; return its job when it has ended."""
        self.clock.set(at)
        job = until(f"the run due at {at}", lambda: self._run_due(at))
        return self.service.jobs.wait(job.id, PATIENCE_S)

    def _run_due(self, at: datetime) -> Job | None:
        jobs, _ = self.service.jobs.list(kinds=[JobKind.BACKUP], limit=1)
        due = bool(jobs) and jobs[0].nominal_at is not None and jobs[0].nominal_at >= at
        return jobs[0] if due else None


@contextmanager
def open_office(directory: Path, at: datetime) -> Iterator[Office]:
    """Serve the plan of a directory until the block ends, from `at` on.

    Raises:
        HoldfastError: What is configured there cannot be served.
    """
    with quietly():
        yield from _open_office(directory, at)


@contextmanager
def quietly() -> Iterator[None]:
    """Log nothing of what goes wrong: here it is meant to."""
    logger = logging.getLogger("holdfast")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _open_office(directory: Path, at: datetime) -> Iterator[Office]:
    clock = SetClock()
    clock.set(at)
    installation, service = _installation(directory, clock)
    listener, installation = listen(installation)
    config = uvicorn.Config(create_app(installation), log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="office")
    thread.start()
    try:
        until("the server's start", lambda: server.started or not thread.is_alive())
        yield Office(clock, service, Accounts.of(installation), f"{installation.url}api/v1/")
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listener.close()


def _installation(directory: Path, clock: SetClock) -> tuple[Installation, TimedService]:
    configurations = load_plans(directory=directory, environment={})
    found = Installation.of(configurations, clock=clock)
    ((name, settings),) = found.plans.items()
    secret = settings.encryption.password
    password = read_password(secret) if secret else None
    service = TimedService.from_settings(settings, password=password, clock=clock)
    server = replace(found.server, port=0)
    return replace(found, server=server, services={name: service}), service


def until(what: str, find: Callable[[], Found | None]) -> Found:
    """Wait until `find` finds something, and return it."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := find()):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what}: not within {PATIENCE_S:g} s")
        time.sleep(_POLL_S)
    return found
