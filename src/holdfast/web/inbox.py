"""Files that were sent: where they lie until they are used, and how they go.

They lie in a private directory of this process. What a process that was killed left there is
swept by the next.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request

from holdfast.archive import decrypt_archive, is_encrypted
from holdfast.errors import JobError, TooManyRequests
from holdfast.operations.workspace import require_space, scratch_directory, sweep_scratch
from holdfast.web.threads import Threads
from holdfast.web.uploads import ReceivedFile, UploadLimits, receive_file

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine

MAX_WAITING = 8
"""Files of a plan that wait to be confirmed: each may be as large as all of the data."""

_PARALLEL = 4
_RETRY_AFTER_S = 60
_THREADS = Threads("inbox-threads", _PARALLEL)


class Inbox:
    """The files that were sent to one engine's process. Safe to use from many threads."""

    def __init__(self, engine: JobEngine, limits: UploadLimits) -> None:
        self._engine = engine
        self._limits = limits
        self._slots = threading.BoundedSemaphore(_PARALLEL)
        self._state = threading.Lock()
        self._scratch = ExitStack()
        self._directory: Path | None = None
        self._given: dict[Path, str] = {}

    async def receive(
        self, request: Request, *, file_field: str = "file", text_fields: tuple[str, ...] = ()
    ) -> ReceivedFile:
        """Take a file from a request; whoever calls this sees to it that it is removed.

        One that is encrypted is decrypted at once, so that nothing keeps the passphrase.

        Raises:
            TooManyRequests: Several are being sent already, or wait to be confirmed.
            RequestRefused, ArchiveError, NotEnoughSpace: It was not taken; nothing is left.
        """
        if not self._slots.acquire(blocking=False):
            raise _too_many("Several files are being sent already")
        try:
            path = await _THREADS.run(self._new_path)
            received = await receive_file(
                request, path, self._limits, file_field=file_field, text_fields=text_fields
            )
            return await _THREADS.run(_in_the_clear, received)
        finally:
            self._slots.release()

    def give(self, path: Path, job_id: str) -> None:
        """Leave a file to a job, which removes it; if it never comes to that, `sweep` does."""
        with self._state:
            self._given[path] = job_id

    def sweep(self) -> int:
        """Remove what has expired and what killed processes left; return how many files."""
        sweep_scratch(self._engine.service.scratch_root)
        uploads = self._engine.database.uploads
        gone = [
            Path(each.path)
            for each in uploads.expire(self._engine.plan)
            if each.path is not None and each.claimed_at is None
        ]
        with self._state:
            given = dict(self._given)
        gone += [path for path, job_id in given.items() if self._finished(job_id)]
        for path in gone:
            with self._state:
                self._given.pop(path, None)
            path.unlink(missing_ok=True)
        return len(gone)

    def close(self) -> None:
        """Remove all files that this process holds (idempotent)."""
        with self._state:
            self._directory = None
            self._scratch.close()

    def _new_path(self) -> Path:
        self.sweep()
        waiting = [
            each
            for each in self._engine.database.uploads.list(self._engine.plan)
            if each.path is not None and each.claimed_at is None and Path(each.path).exists()
        ]
        if len(waiting) >= MAX_WAITING:
            raise _too_many("Several files wait to be restored or given up already")
        with self._state:
            if self._directory is None or not self._directory.is_dir():
                self._scratch.close()
                root = self._engine.service.scratch_root
                self._directory = self._scratch.enter_context(scratch_directory(root))
            return self._directory / secrets.token_hex(8)

    def _finished(self, job_id: str) -> bool:
        try:
            return self._engine.get(job_id).status.finished
        except JobError:
            return True


def _in_the_clear(received: ReceivedFile) -> ReceivedFile:
    """Return the file decrypted, where it is encrypted; if it cannot be, it is gone."""
    plain = received.path.with_name(f"{received.path.name}.zip")
    try:
        if not is_encrypted(received.path):
            return received
        require_space(plain.parent, received.size_bytes, "decrypted file")
        decrypt_archive(received.path, received.passphrase, plain)
    except BaseException:
        received.path.unlink(missing_ok=True)
        raise
    received.path.unlink(missing_ok=True)
    return replace(received, path=plain, passphrase=None)


def _too_many(what: str) -> TooManyRequests:
    return TooManyRequests(
        what,
        hint="Wait, or give one up that is not wanted any more.",
        retry_after_s=_RETRY_AFTER_S,
    )
