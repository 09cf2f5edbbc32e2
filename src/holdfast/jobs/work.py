"""One piece of work under way, in a process or a thread of its own, seen by the engine."""

from __future__ import annotations

import logging
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from holdfast.errors import HoldfastError
from holdfast.jobs.desk import Desk
from holdfast.jobs.handlers import perform
from holdfast.jobs.hosting import HostAnswers
from holdfast.jobs.options import JobOptions, Order
from holdfast.jobs.protocol import Ended, Line, Report, messages, report_of
from holdfast.jobs.redaction import Redaction
from holdfast.jobs.sessions import Activity, kill_session, session_activity
from holdfast.models.progress import CancellationToken
from holdfast.service import BackupService

_LAST_WORDS_BYTES = 8192
_EXIT_WAIT_S = 10.0

_log = logging.getLogger("holdfast.jobs")


class Work(Protocol):
    """A piece of work under way."""

    def next(self, timeout_s: float) -> Report | None:
        """Return what it tells next, in order; None if it tells nothing for so long.

        The last is `Ended`.
        """

    def cancel(self) -> None:
        """Ask it to stop at its next safe point (idempotent)."""

    def kill(self) -> bool:
        """End it at once, if it can be (idempotent); return whether it can."""

    def activity(self) -> Activity | None:
        """Return what it has computed, read and written so far; None if that is not known."""

    def release(self) -> None:
        """Let the application go on where the work stopped it and is gone (idempotent)."""


def start_work(service: BackupService, order: Order, options: JobOptions) -> Work:
    """Begin a piece of work: in a process, if the service can be made again in one.

    Raises:
        HoldfastError: It cannot be begun.
    """
    recipe = service.recipe.to_json() if options.isolation == "process" else None
    if recipe is None or not _is_python(sys.executable):
        return WorkThread(service, order)
    return WorkProcess(service, recipe, order, options)


def _is_python(executable: str | None) -> bool:
    """Whether the program that runs this is an interpreter, rather than a server that holds one."""
    return Path(executable or "").name.startswith(("python", "pypy"))


class WorkProcess:
    """Work in a process of its own."""

    def __init__(
        self, service: BackupService, recipe: dict[str, Any], order: Order, options: JobOptions
    ) -> None:
        self._redact = Redaction(service.recipe.secrets())
        self._answers = HostAnswers(service)
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "holdfast.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=service.recipe.cwd,
                start_new_session=True,
            )
        except OSError as error:
            self._stderr.close()
            raise HoldfastError(
                f"The process for a job cannot be started: {error.strerror}",
                hint="The machine may be out of memory or processes.",
            ) from error
        assert self._process.stdin is not None
        self._line = Line(self._process.stdin)
        threading.Thread(target=self._listen, name="holdfast-worker", daemon=True).start()
        self._line.send(
            {
                "service": recipe,
                "do": order.to_json(),
                "niceness": options.niceness,
                "log_level": logging.getLogger("holdfast").getEffectiveLevel(),
            }
        )

    @property
    def pid(self) -> int:
        """Its process id, which is that of its session."""
        return self._process.pid

    def next(self, timeout_s: float) -> Report | None:
        with suppress(queue.Empty):
            return self._reports.get(timeout=timeout_s)
        return None

    def cancel(self) -> None:
        self._line.send({"cancel": True})

    def kill(self) -> bool:
        kill_session(self._process.pid)
        return True

    def activity(self) -> Activity | None:
        return session_activity(self._process.pid)

    def release(self) -> None:
        self._answers.resume()

    def _listen(self) -> None:
        ended: Ended | None = None
        assert self._process.stdout is not None
        with suppress(OSError):
            for message in messages(self._process.stdout):
                report = report_of(self._redact.within(message))
                if isinstance(report, Ended):
                    ended = report
                elif report is not None:
                    self._reports.put(report)
                else:
                    self._hear(message)
        self._finish(ended)

    def _hear(self, message: dict[str, Any]) -> None:
        match message:
            case {"ask": _}:
                # One that never answers keeps nobody waiting but the worker, which is watched.
                threading.Thread(target=self._answer, args=(message,), daemon=True).start()
            case {"log": {"name": name, "level": level, "text": text}}:
                logging.getLogger(name).log(level, "%s", self._redact(text))

    def _answer(self, message: dict[str, Any]) -> None:
        self._line.send(self._answers.answer(message))

    def _finish(self, ended: Ended | None) -> None:
        """Leave nothing behind, then tell that it has ended."""
        self._line.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_WAIT_S)
        kill_session(self._process.pid)
        status = self._process.wait()
        if ended is None:
            ended = Ended(reason=_reason(status))
            self._log_last_words(ended.reason)
        self._stderr.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._reports.put(ended)

    def _log_last_words(self, reason: str) -> None:
        size = self._stderr.seek(0, 2)
        self._stderr.seek(max(0, size - _LAST_WORDS_BYTES))
        said = self._stderr.read().decode(errors="replace").strip()
        _log.warning("The process of a job %s%s", reason, f": {self._redact(said)}" if said else "")


def _reason(status: int) -> str:
    if status < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


class WorkThread:
    """Work in a thread of this process: it cannot be ended, only asked to stop."""

    def __init__(self, service: BackupService, order: Order) -> None:
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._cancel = CancellationToken()
        self._service = service
        self._desk = Desk(order, self._reports.put, self._cancel)
        threading.Thread(target=self._run, name="holdfast-work", daemon=True).start()

    def next(self, timeout_s: float) -> Report | None:
        with suppress(queue.Empty):
            return self._reports.get(timeout=timeout_s)
        return None

    def cancel(self) -> None:
        self._cancel.cancel()

    def kill(self) -> bool:
        self._cancel.cancel()
        return False

    def activity(self) -> Activity | None:
        return None

    def release(self) -> None:
        """Do nothing: the thread that stopped the application lets it go on."""

    def _run(self) -> None:
        self._reports.put(Ended(outcome=perform(self._service, self._desk)))
