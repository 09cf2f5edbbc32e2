"""What an engine and a worker process say to each other: JSON values, a line each.

The engine first says what is to be done and how to make the service (passwords included: the
pipe is the only place where they go). Then

    engine -> worker   {"cancel": true}   {"answer": 3, "value": ...}   {"answer": 3, "error": ...}
    worker -> engine   {"moved": {...}}   {"status": "restoring"}   {"backup_id": "..."}
                       {"ask": 3, "what": "settings.export", "value": ...}   {"log": {...}}
                       {"ended": {...}}

The worker ends when its input does: then nobody is there who would want its result.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from holdfast.errors import HoldfastError, JobError, error_of_code
from holdfast.models.job import JobProgress, JobStatus

_log = logging.getLogger("holdfast.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a piece of work ended.

    Attributes:
        error: Why it failed, or was cancelled; None if all went well.
    """

    backup_id: str | None = None
    items_restored: Mapping[str, int] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: HoldfastError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "backup_id": self.backup_id,
            "items_restored": dict(self.items_restored),
            "result": dict(self.result),
            "warnings": list(self.warnings),
            "error": None if self.error is None else error_to_json(self.error),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Outcome:
        """Return what `to_json` was made of."""
        error = values["error"]
        return cls(
            backup_id=values["backup_id"],
            items_restored=values["items_restored"],
            result=values["result"],
            warnings=tuple(values["warnings"]),
            error=None if error is None else error_of(error),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The work is so far."""

    progress: JobProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The work has come to another status, or it is known which backup it is about."""

    status: JobStatus | None = None
    backup_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The work has ended; nothing more is told.

    Attributes:
        outcome: None where whoever did it ended without a word, and `reason` says how.
    """

    outcome: Outcome | None = None
    reason: str = ""


Report = Moved | Entered | Ended


class Line:
    """Writes messages to the other side. Safe to use from many threads.

    What cannot be written any more, because nobody is there, is dropped.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one message."""
        # Escapes, so that a path that is no UTF-8 gets through as it is.
        data = json.dumps(message, ensure_ascii=True).encode() + b"\n"
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            self._stream.write(data)
            self._stream.flush()

    def close(self) -> None:
        """Say that nothing more comes (idempotent)."""
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            self._stream.close()


def messages(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield what the other side says until its end; a line that is cut off is none."""
    for line in stream:
        try:
            message = json.loads(line)
        except ValueError:
            _log.warning("A message between an engine and its worker cannot be read")
            continue
        if isinstance(message, dict):
            yield message


def report_to_json(report: Report) -> dict[str, Any]:
    """Return a report as a message."""
    match report:
        case Moved(progress=progress):
            return {"moved": {**asdict(progress), "changed_at": None}}
        case Entered(status=status, backup_id=backup_id):
            return {"entered": {"status": status, "backup_id": backup_id}}
        case Ended(outcome=outcome, reason=reason):
            return {"ended": outcome.to_json() if outcome else None, "reason": reason}


def report_of(message: Mapping[str, Any]) -> Report | None:
    """Return the report that a message is; None if it is another message."""
    match message:
        case {"moved": progress}:
            return Moved(progress=JobProgress(**progress))
        case {"entered": {"status": status, "backup_id": backup_id}}:
            return Entered(status=JobStatus(status) if status else None, backup_id=backup_id)
        case {"ended": outcome, "reason": reason}:
            return Ended(outcome=Outcome.from_json(outcome) if outcome else None, reason=reason)
    return None


def error_to_json(error: HoldfastError) -> dict[str, Any]:
    """Return an error as JSON values."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def error_of(values: Mapping[str, Any]) -> HoldfastError:
    """Return the error that JSON values describe; of an unknown code, a plain one."""
    return error_of_code(values["code"], values["message"], values["hint"], otherwise=JobError)
