"""The process that does one job and ends: `python -m holdfast.jobs.worker`.

It is started afresh, never forked, in a session of its own. It is told what to do on its
standard input and tells how far it is on its standard output (see `protocol`). When its input
ends, or its parent is gone, it stops at the next safe point, or else at once, and all that it
has started with it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from holdfast.errors import HoldfastError
from holdfast.jobs.desk import Desk
from holdfast.jobs.handlers import perform
from holdfast.jobs.hosting import Ask, RemoteHost
from holdfast.jobs.options import Order
from holdfast.jobs.protocol import (
    Ended,
    Line,
    Outcome,
    Report,
    error_of,
    messages,
    report_to_json,
)
from holdfast.jobs.sessions import kill_session
from holdfast.models.progress import CancellationToken
from holdfast.service import BackupService

ORPHAN_GRACE_S = 5.0
"""How long a worker without a parent may take to stop at a safe point; less than a lease."""
_LOOK_S = 0.2
_PARENT_LOOK_S = 1.0


class _RaisedError(Exception):
    """What the application raised, known by its name only."""


class Questions:
    """Questions to the application's process, and their answers. Safe to use from any thread."""

    def __init__(self, line: Line, cancel: CancellationToken) -> None:
        self._line = line
        self._cancel = cancel
        self._lock = threading.Lock()
        self._number = 0
        self._answers: dict[int, Mapping[str, Any]] = {}
        self._arrived = threading.Condition(self._lock)

    def __call__(self, what: str, value: Any = None, *, always: bool = False) -> Any:
        """Return the answer; see `hosting.Ask`."""
        with self._lock:
            self._number += 1
            number = self._number
        self._line.send({"ask": number, "what": what, "value": value})
        with self._arrived:
            while number not in self._answers:
                self._arrived.wait(_LOOK_S)
                if not always and number not in self._answers:
                    self._cancel.raise_if_cancelled()
            answer = self._answers.pop(number)
        return _value_of(answer)

    def take(self, answer: Mapping[str, Any]) -> None:
        """Take in an answer."""
        with self._arrived:
            self._answers[answer["answer"]] = answer
            self._arrived.notify_all()


def _value_of(answer: Mapping[str, Any]) -> Any:
    match answer:
        case {"error": error}:
            raise error_of(error)
        case {"raised": name}:
            raise type(name, (_RaisedError,), {})
    return answer.get("value")


class _Forwarding(logging.Handler):
    """Hands what is logged to the engine, whose application has its own ways with logs."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._line.send({"log": {"name": record.name, "level": record.levelno, "text": text}})


def main() -> None:
    """Do one job."""
    parent = os.getppid()
    source, line = _take_over()
    inbox = messages(source)
    order = next(inbox, None)
    if order is None:
        return
    _prepare(line, order)
    cancel, done = CancellationToken(), threading.Event()
    questions = Questions(line, cancel)

    def listen() -> None:
        for message in inbox:
            if "cancel" in message:
                cancel.cancel()
            elif "answer" in message:
                questions.take(message)
        _end_alone(cancel, done)

    def watch() -> None:
        # The host may have forked, and its child holds the other end of our input open.
        while not done.wait(_PARENT_LOOK_S):
            if os.getppid() != parent:
                _end_alone(cancel, done)

    for each in (listen, watch):
        threading.Thread(target=each, daemon=True).start()
    outcome = _do(order, questions, line, cancel)
    line.send(report_to_json(Ended(outcome=outcome)))
    done.set()


def _do(message: Mapping[str, Any], ask: Ask, line: Line, cancel: CancellationToken) -> Outcome:
    def tell(report: Report) -> None:
        line.send(report_to_json(report))

    try:
        service = BackupService.of_recipe(message["service"], RemoteHost(ask))
    except HoldfastError as error:
        return Outcome(error=error)
    return perform(service, Desk(Order.from_json(message["do"]), tell, cancel))


def _take_over() -> tuple[BinaryIO, Line]:
    """Keep the lines to the engine for ourselves: what anybody prints goes to standard error."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(incoming, "rb"), Line(os.fdopen(outgoing, "wb"))


def _prepare(line: Line, order: Mapping[str, Any]) -> None:
    with suppress(OSError):
        os.nice(order["niceness"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logger = logging.getLogger()
    logger.addHandler(_Forwarding(line))
    logger.setLevel(order["log_level"])


def _end_alone(cancel: CancellationToken, done: threading.Event) -> None:
    """End since nobody is there any more: at a safe point, if there is one soon."""
    cancel.cancel()
    done.wait(ORPHAN_GRACE_S)
    kill_session(os.getpid(), spare=os.getpid())
    os._exit(1)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
