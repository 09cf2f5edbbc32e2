"""Several processes on one repository, stepped from store call to store call by a seed.

Each process is a thread of its own, and only one runs at any moment. Before each store call it
stops, and a random choice made from the seed says who goes on. All else that could differ from
run to run is fixed, so a seed tells the whole story and tells it again:

- pools run their jobs at once, in the thread that hands them over;
- what is random in names and seals comes from the seed;
- time stands still but for waits, which are steps like calls.

A process may die at any of its calls; then it does nothing more, not even give back its lock.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.repository import (
    crypto,
    file_reading,
    keys,
    locks,
    pack_checks,
    pack_uploads,
    writer,
)
from holdfast.stores import ObjectInfo, Store
from holdfast.stores.base import Buffer
from tests.rig.fault_store import Crash

_START = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
_PATIENCE_S = 60.0
_DEADLOCK_S = 300.0


@dataclass(eq=False)
class Process:
    """One of the processes.

    Attributes:
        dies_at: The number of the call at which it dies, or None.
        error: What it ended with, or None.
    """

    number: int
    name: str
    run: Callable[[Process], object]
    dies_at: int | None = None
    calls: int = 0
    dead: bool = False
    ended: bool = False
    error: BaseException | None = None
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class Scheduler:
    """Runs processes, one step at a time, in an order that the seed gives.

    Attributes:
        trace: Every step: who, and what.
    """

    def __init__(self, seed: int, store: Store) -> None:
        self.random = random.Random(seed)
        self.processes: list[Process] = []
        self.trace: list[str] = []
        self._inner = store
        # From one that goes on and on to one that is interrupted at every call.
        self._switching = self.random.choice((0.05, 0.2, 0.6, 1.0))
        self._done = threading.Semaphore(0)
        self._waited = timedelta()

    def add(
        self, name: str, run: Callable[[Process], object], *, dies_at: int | None = None
    ) -> None:
        """Add a process that will run `run`."""
        self.processes.append(Process(len(self.processes) + 1, name, run, dies_at))

    def store_of(self, process: Process) -> Store:
        """Return the store as this process sees it."""
        return _SteppedStore(self._inner, lambda what, call: self._step(process, what, call))

    def clock(self) -> Clock:
        """Return the clock that all processes share."""
        return Clock(self)

    def run_all(self) -> None:
        """Run all processes to their ends."""
        threads = [
            threading.Thread(target=self._run, args=(process,), daemon=True)
            for process in self.processes
        ]
        for thread in threads:
            thread.start()
        with self._fixed():
            self._next(None).turn.release()
            if not self._done.acquire(timeout=_DEADLOCK_S):
                raise AssertionError("the processes wait for each other for ever:\n" + self.story())
        for thread in threads:
            thread.join()

    def story(self, last: int = 60) -> str:
        """Return the last steps, a line each, and how each process ended."""
        ends = [f"{each}: {each.error or 'ended well'!r}" for each in self.processes]
        return "\n".join([*self.trace[-last:], *ends])

    def wait(self, seconds: float) -> None:
        """Let the running process wait; others go on meanwhile."""
        self._waited += timedelta(seconds=seconds)
        self._step(self._current(), "waits", lambda: None)

    @property
    def now(self) -> datetime:
        """Return the time, which moves by waits only."""
        return _START + self._waited

    def _run(self, process: Process) -> None:
        process.turn.acquire()
        try:
            process.run(process)
        except (Exception, Crash) as error:  # noqa: BLE001 - the test judges what it is
            process.error = error
        process.ended = True
        follower = self._next(None)
        if follower is None:
            self._done.release()
        else:
            follower.turn.release()

    def _step(self, process: Process, what: str, call: Callable[[], Any]) -> Any:
        if process.dead:
            raise Crash(f"{process} is dead already")
        follower = self._next(process)
        if follower is not process:
            follower.turn.release()
            process.turn.acquire()
        process.calls += 1
        process.dead = process.calls == process.dies_at
        self.trace.append(f"{process} {what}{' and dies' if process.dead else ''}")
        if not process.dead:
            return call()
        if process.calls % 2:
            call()  # it dies after the call had its effect
        raise Crash(f"{process} died")

    def _next(self, running: Process | None) -> Any:
        if running is not None and self.random.random() >= self._switching:
            return running
        alive = [process for process in self.processes if not process.ended]
        self._running = self.random.choice(alive) if alive else None
        return self._running

    def _current(self) -> Process:
        assert self._running is not None
        return self._running

    @contextmanager
    def _fixed(self) -> Iterator[None]:
        """Replace all that could make two runs of one seed differ."""
        system = _System(self)
        with pytest.MonkeyPatch.context() as patch:
            for module in (crypto, keys, locks):
                patch.setattr(module, "os", system)
            patch.setattr(locks, "process_exists", system.process_exists)
            for module in (writer, pack_uploads):
                patch.setattr(module, "WorkerPool", _InlinePool)
            for module in (pack_checks, file_reading):
                patch.setattr(module, "ThreadPoolExecutor", _InlineExecutor)
            yield


class Clock:
    """Implements `holdfast.clock.Clock` for all processes of a scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def now(self) -> datetime:
        return self._scheduler.now

    def monotonic_s(self) -> float:
        return self._scheduler.now.timestamp()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        if timeout_s > _PATIENCE_S:  # a lock that waits for its next refresh, in its own thread
            return event.wait()
        self._scheduler.wait(timeout_s)
        return event.is_set()


class _System:
    """Stands for the module `os` where randomness and process numbers come from."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.urandom = scheduler.random.randbytes

    def getpid(self) -> int:
        return self._scheduler._current().number

    def process_exists(self, number: int) -> bool:
        return not self._scheduler.processes[number - 1].ended

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class _SteppedStore:
    """Passes calls on, each as one step."""

    def __init__(self, inner: Store, step: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._inner = inner
        self._step = step

    @property
    def location(self) -> str:
        return self._inner.location

    def create(self) -> None:
        self._inner.create()

    def save(self, name: str, data: Buffer) -> None:
        self._step(f"saves {_short(name)}", lambda: self._inner.save(name, data))

    def load(self, name: str, *, offset: int = 0, length: int | None = None) -> bytes:
        data: bytes = self._step(
            f"loads {_short(name)}", lambda: self._inner.load(name, offset=offset, length=length)
        )
        return data

    def stat(self, name: str) -> ObjectInfo:
        info: ObjectInfo = self._step(f"looks at {_short(name)}", lambda: self._inner.stat(name))
        return info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found: list[ObjectInfo] = self._step(f"lists {prefix}", lambda: [*self._inner.list(prefix)])
        return iter(found)

    def remove(self, name: str) -> None:
        self._step(f"removes {_short(name)}", lambda: self._inner.remove(name))

    def free_bytes(self) -> int | None:
        return self._inner.free_bytes()

    def close(self) -> None:
        """Leave the inner store open: the test still looks into it."""


class _InlinePool:
    def __init__(self, **_: object) -> None:
        pass

    def submit(self, job: Callable[[], None]) -> None:
        job()

    def close(self) -> None:
        pass


class _InlineExecutor:
    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> _InlineExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised again by `result`
            future.set_exception(error)
        return future

    def shutdown(self, **_: object) -> None:
        pass


def _short(name: str) -> str:
    kind, _, object_id = name.rpartition("/")
    return f"{kind.partition('/')[0]}/{object_id[:6]}"
