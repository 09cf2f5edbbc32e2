"""What the routes of one service share: the service, its jobs, who may call, and threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from holdfast.errors import (
    CatalogError,
    HoldfastError,
    NotAuthenticated,
    OriginRefused,
    PasswordMissing,
    PermissionDenied,
    RepositoryLocked,
    RequestInvalid,
    StoreError,
    TooManyRequests,
    UploadTooLarge,
    UsageError,
)
from holdfast.web.permissions import Actor, Guards, Permission
from holdfast.web.threads import Threads

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine
    from holdfast.service import BackupService

_log = logging.getLogger("holdfast.web")

MAX_THREADS = 16
"""Of all our routers in one event loop. The host's own 40 are left to the host: requests that
wait for a lock of the repository must not keep its pages waiting."""

MAX_LOOKS = 4
"""How many restores are looked at in this process at a time: each reads all of a backup."""

MAX_UPLOAD_BYTES = 64 * 1024**3

FAILURES: tuple[type[HoldfastError], ...] = (
    UsageError,
    NotAuthenticated,
    PermissionDenied,
    OriginRefused,
    RequestInvalid,
    UploadTooLarge,
    PasswordMissing,
    RepositoryLocked,
    HoldfastError,
    StoreError,
    CatalogError,
)
"""What any operation may answer with: of who asks, how, and of where backups are kept."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_look_threads = Threads("look-threads", MAX_LOOKS)
_look_slots = threading.BoundedSemaphore(MAX_LOOKS)
_LOOK_AGAIN_AFTER_S = 30
_threads = Threads("threads", MAX_THREADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """What each group of routes is made with.

    Attributes:
        max_upload_bytes: The largest archive that may be sent [bytes].
    """

    service: BackupService
    engine: JobEngine
    guards: Guards
    max_upload_bytes: int = MAX_UPLOAD_BYTES

    @property
    def plan(self) -> str:
        """The name of what is protected."""
        return self.service.plan.name

    def require(self, permission: Permission) -> Any:
        """Return the default of a route's `actor` parameter: every route states one."""
        return self.guards.require(permission)

    async def run(self, work: Callable[_P, _T], /, *args: _P.args, **options: _P.kwargs) -> _T:
        """Do blocking work in one of our own threads."""
        return await _threads.run(work, *args, **options)

    async def look(self, work: Callable[_P, _T], /, *args: _P.args, **options: _P.kwargs) -> _T:
        """Do blocking work that reads a whole backup, in threads that nothing else waits for.

        Raises:
            TooManyRequests: All of them are busy.
        """
        if not _look_slots.acquire(blocking=False):
            raise TooManyRequests(
                f"{MAX_LOOKS} restores are being looked at already",
                hint="Wait until one of them has been.",
                retry_after_s=_LOOK_AGAIN_AFTER_S,
            )
        try:
            return await _look_threads.run(work, *args, **options)
        finally:
            _look_slots.release()

    @contextmanager
    def audited(
        self,
        actor: Actor,
        action: str,
        *,
        object: str | None = None,  # noqa: A002 - the catalog's word
        detail: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Record who did what and how it ended; blocking, so for use within `run`.

        Gives a mapping that what is found out meanwhile can be put into: `object`, `job_id`,
        and anything else for the detail. A refusal is recorded too, by its code. What cannot be
        recorded goes to the log: who asked is told of the work, which would else be done twice.
        """
        found: dict[str, Any] = dict(detail or {})
        outcome = "failed"
        try:
            yield found
            outcome = "done"
        except HoldfastError as error:
            outcome = "refused" if error.http_status < 500 else "failed"
            found["error"] = error.code
            raise
        finally:
            self._record(
                actor=actor.name,
                action=action,
                object=found.pop("object", object),
                job_id=found.pop("job_id", None),
                outcome=outcome,
                detail=found,
                address=actor.address,
            )

    def _record(self, **entry: Any) -> None:
        try:
            self.engine.database.audit.add(plan=self.plan, **entry)
        except HoldfastError as error:
            _log.error(
                "The audit has no entry of %(action)s (%(object)r, job %(job_id)s), which"
                " %(actor)s asked for at %(address)s and which is %(outcome)s: %(error)s",
                {**entry, "error": error},
            )
