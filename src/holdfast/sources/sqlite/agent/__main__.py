"""The child process: reads one JSON request a line from stdin, answers on stdout.

A request is `{"do": name, ...arguments}`. The answer is any number of `{"part": ...}`, then
`{"value": ...}` or `{"error": {"kind", "message", "hint"}}`. When stdin ends, the process
ends: in order when it is idle, at once when it is working, which SQLite's transactions bear.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import select
import sys
import threading
from collections.abc import Iterator
from typing import Any

import apsw

from holdfast.errors import HoldfastError
from holdfast.sources.sqlite.agent import (
    capturing,
    exchanging,
    faults,
    files,
    inspection,
    moment,
    reading,
    replacing,
    settling,
)
from holdfast.sources.sqlite.agent.names import Names

_HEAP_BYTES = 128 << 20
_ADDRESS_SPACE_BYTES = 1 << 30
_READ_BYTES = 1 << 16
_PARENT_CHECK_S = 1.0


class Requests:
    """Reads requests in a thread of its own, so that the end of the parent is seen at once."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        # Counted, because a request may come before the main thread says that it is done with
        # the one before: a flag would then say that it is idle, and nothing would end it.
        self._asked = 0
        self._answered = 0
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (request := self._queue.get()) is not None:
            yield request
            self._answered += 1

    def _read(self) -> None:
        pending = b""
        while data := self._receive():
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self._asked += 1
                self._queue.put(json.loads(line))
        if self._asked != self._answered:
            os._exit(1)
        self._queue.put(None)

    def _receive(self) -> bytes:
        # A sibling that the application forked may keep our stdin open after the parent's
        # death, so the parent is looked for as well.
        while not select.select([0], [], [], _PARENT_CHECK_S)[0]:
            if os.getppid() != self._parent:
                return b""
        return os.read(0, _READ_BYTES)


class Agent:
    """Does what requests ask for; a method each."""

    def __init__(self) -> None:
        self._replacement: replacing.Replacement | None = None
        self._moment: moment.Moment | None = None

    def hello(self) -> dict[str, Any]:
        """Return the version of SQLite in here."""
        return {"sqlite": apsw.sqlite_lib_version()}

    def limit(self, cpu_s: int) -> None:
        """Bound what a hostile database can use; for the rest of the process's life."""
        apsw.hard_heap_limit(_HEAP_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def capture(
        self,
        path: str,
        destination: str,
        scratch: str,
        timeout_s: float,
        allow_damaged: bool,
        stream: bool,
    ) -> dict[str, Any]:
        """Hold a moment of a live database for `send`, or copy one into `destination`.

        See `capturing.capture`; `streamed` tells which.
        """
        self._moment = moment.hold(path, timeout_s) if stream else None
        if self._moment is not None:
            return capturing.describe(self._moment)
        return capturing.capture(path, destination, scratch, timeout_s, allow_damaged=allow_damaged)

    def send(self, out: int, allow_damaged: bool, violations_limit_s: float) -> dict[str, Any]:
        """See `capturing.send`; ends the moment that `capture` holds."""
        assert self._moment is not None
        return capturing.send(
            self._moment, out, allow_damaged=allow_damaged, violations_limit_s=violations_limit_s
        )

    def inspect(
        self, path: str, live: str, allow_damaged: bool, violations_limit_s: float
    ) -> dict[str, Any]:
        """See `inspection.inspect`."""
        return inspection.inspect(
            path,
            live=live,
            allow_damaged=allow_damaged,
            violations_limit_s=violations_limit_s,
        )

    def describe(self, path: str, scratch: str, timeout_s: float) -> dict[str, Any]:
        """Describe a live database."""
        if files.stat(path) is None:
            raise faults.missing(path)
        found, _ = reading.read_live(path, timeout_s, scratch, inspection.describe, doing="restore")
        return found | {"wal": files.is_wal(files.read_header(path))}

    def check(
        self,
        path: str,
        tables: dict[str, int] | None,
        expect: list[str],
        full: bool,
        known_violations: int | None,
        limit_s: float,
    ) -> Iterator[tuple[str, bool, str]]:
        """See `inspection.check`."""
        return inspection.check(
            path,
            tables=tables,
            expect=expect,
            full=full,
            known_violations=known_violations,
            limit_s=limit_s,
        )

    def pairs(self, path: str, sql: str, scratch: str, timeout_s: float) -> list[list[Any]]:
        """Return the first two columns of a query on one moment of a live database."""
        if files.stat(path) is None:
            raise faults.missing(path)
        found, _ = reading.read_live(
            path, timeout_s, scratch, lambda live: inspection.query_pairs(live, sql)
        )
        return found

    def query(self, path: str, sql: str) -> Iterator[list[str]]:
        """See `inspection.query_column`."""
        return inspection.query_column(path, sql)

    def schema_version(self, path: str) -> str | None:
        """See `inspection.schema_version_of`."""
        return inspection.schema_version_of(path)

    def gather(self, path: str, timeout_s: float) -> None:
        """See `inspection.gather`."""
        inspection.gather(path, timeout_s)

    def open(self, names: list[str], scratch: str, timeout_s: float) -> None:
        """Begin a session for `version`, `hold`, `release`, `swap` and `undo`."""
        self._replacement = replacing.Replacement(Names(*names), scratch, timeout_s)

    def version(self) -> str:
        """See `replacing.Replacement.version`."""
        return self._session.version()

    def hold(self) -> None:
        """See `replacing.Replacement.hold`."""
        self._session.hold()

    def release(self) -> None:
        """See `replacing.Replacement.release`."""
        self._session.release()

    def swap(self, expected: str | None, keep: bool, ownership: list[int]) -> str:
        """See `replacing.Replacement.swap`."""
        owner = exchanging.Ownership(*ownership)
        return self._session.swap(expected=expected, keep=keep, ownership=owner)

    def verify(self) -> None:
        """See `replacing.Replacement.verify`."""
        self._session.verify()

    def undo(self, way: str) -> None:
        """See `replacing.Replacement.undo`."""
        self._session.undo(way)

    def settle(
        self,
        names: list[str],
        staged_id: list[int],
        was_wal: bool,
        ownership: list[int],
        committed: bool | None,
        scratch: str,
        timeout_s: float,
    ) -> str | None:
        """See `settling.settle`."""
        device, inode = staged_id
        return settling.settle(
            Names(*names),
            staged_id=(device, inode),
            was_wal=was_wal,
            ownership=exchanging.Ownership(*ownership),
            committed=committed,
            scratch=scratch,
            timeout_s=timeout_s,
        )

    @property
    def _session(self) -> replacing.Replacement:
        assert self._replacement is not None
        return self._replacement

    def close(self) -> None:
        """Give up what the session holds."""
        if self._replacement is not None:
            self._replacement.close()
        if self._moment is not None:
            self._moment.close()


def _send(answer: dict[str, Any]) -> None:
    data = memoryview(json.dumps(answer).encode() + b"\n")
    while data:
        data = data[os.write(1, data) :]


def _answer(agent: Agent, request: dict[str, Any]) -> None:
    path = str(request.get("path", "the database"))
    try:
        value = getattr(agent, request.pop("do"))(**request)
        if isinstance(value, Iterator):
            for part in value:
                _send({"part": part})
            value = None
    except (HoldfastError, apsw.Error, OSError) as error:
        fault = faults.translate(error, path)
        _send({"error": {"kind": type(fault).__name__, "message": str(fault), "hint": fault.hint}})
    else:
        _send({"value": value})


def main(parent: int) -> None:
    """Serve requests until the parent has no more."""
    os.umask(0o077)
    agent = Agent()
    for request in Requests(parent):
        _answer(agent, request)
    agent.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
