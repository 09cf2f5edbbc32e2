"""Locks, as restic's: files in the repository that say who is at work.

Any number of processes may hold a shared lock at once (to write), or one an exclusive lock
(to remove). A holder refreshes its lock every 5 minutes; after 30 minutes others take it for
dead. One that could not refresh for 22.5 minutes - it was paused, the machine slept - may do
nothing more before it has made sure that its lock is still there.
Source: restic's design document, section "Locks".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from holdfast.clock import Clock
from holdfast.errors import (
    HoldfastError,
    LockLost,
    NotEnoughSpace,
    ObjectNotFound,
    RepositoryDamaged,
    RepositoryLocked,
    StoreError,
)
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.layout import ObjectKind
from holdfast.repository.machine import host_name, process_exists, user_name
from holdfast.repository.objects import SealedObjects
from holdfast.repository.timestamps import format_instant, parse_instant

REFRESH_INTERVAL: Final = timedelta(minutes=5)
STALE_AFTER: Final = timedelta(minutes=30)
DISTRUST_AFTER: Final = STALE_AFTER - REFRESH_INTERVAL * 3 / 2
"""Without a refresh for so long, we no longer trust our own lock."""

_RETRY_S: Final = 5.0


class _Lock(msgspec.Struct, frozen=True, omit_defaults=True):
    time: str
    exclusive: bool
    hostname: str
    username: str
    pid: int
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LockInfo:
    """A lock in the repository and who holds it."""

    id: str
    exclusive: bool
    hostname: str
    username: str
    pid: int
    created_at: datetime

    def stale(self, now: datetime) -> bool:
        """Return whether its holder is certainly gone.

        That is so 30 minutes after its last refresh, or if it was a process of this machine
        that is no more.
        """
        if now - self.created_at > STALE_AFTER:
            return True
        return self.hostname == host_name() and not process_exists(self.pid)


class Lock:
    """A lock that we hold; use it as a context manager, or call `release`."""

    def __init__(
        self,
        objects: SealedObjects,
        lock_id: str,
        *,
        exclusive: bool,
        clock: Clock,
        saved_at: datetime,
    ) -> None:
        self.exclusive = exclusive
        self._objects = objects
        self._clock = clock
        self._id = lock_id
        # Not the present: we may have been paused since the lock was saved.
        self._refreshed_at = saved_at
        self._lost: str | None = None
        self._left_over: list[str] = []
        self._refreshing = threading.Lock()
        self._stop = threading.Event()
        self._released = False
        self._on_release: Callable[[], None] | None = None
        self._thread = threading.Thread(
            target=self._refresh_regularly, name="holdfast-lock", daemon=True
        )
        self._thread.start()

    @property
    def id(self) -> str:
        """Return the id of the lock object; it changes with each refresh."""
        return self._id

    def on_release(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once, when the lock is released."""
        self._on_release = callback

    def ensure(self) -> None:
        """Make sure that the lock is ours; call it before every write.

        It costs nothing while the lock is fresh. After 22.5 minutes without a refresh it looks
        whether the lock is still in the repository.

        Raises:
            LockLost: The lock is not, or may not be, ours any more.
        """
        if self._released:
            raise LockLost("The repository's lock was released already")
        if self._lost is None and self._clock.now() - self._refreshed_at > DISTRUST_AFTER:
            with self._refreshing:
                if self._clock.now() - self._refreshed_at > DISTRUST_AFTER:
                    self._renew_distrusted()
        if self._lost is not None:
            raise LockLost(
                f"The lock on the repository was lost ({self._lost}); "
                "work stopped before its next write",
                hint="Start it again. What was stored already is used again.",
            )

    def confirm(self) -> None:
        """As `ensure`, but look in any case; call it before what cannot be taken back.

        Where clocks differ between machines, another process can take a fresh lock for dead.

        Raises:
            LockLost: The lock is not ours any more.
        """
        self.ensure()
        with self._refreshing:
            if not self._present():
                self._lost = "another process removed it"
        self.ensure()

    def refresh(self) -> None:
        """Put a lock with the present time in place of the old one.

        Raises:
            StoreError: The store failed; the lock stays as it was.
        """
        with self._refreshing:
            if self._lost is None and not self._released:
                self._replace()

    def release(self) -> None:
        """Give the lock back (idempotent)."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        with self._refreshing:
            if self._released:
                return
            self._released = True
            if self._on_release is not None:
                self._on_release()
            # It may be gone: another process took it for dead, or `unlock` removed it.
            _remove_if_there(self._objects, ObjectKind.LOCK, self._id)
            self._remove_left_over()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What was done under the lock is done, and a lock that could not be removed is taken
        # for dead when this process ends, or in 30 minutes.
        with suppress(StoreError):
            self.release()

    def _refresh_regularly(self) -> None:
        while not self._clock.wait(self._stop, REFRESH_INTERVAL.total_seconds()):
            try:
                # A lock that is distrusted is left to `ensure`, which looks before it writes.
                if self._clock.now() - self._refreshed_at <= DISTRUST_AFTER:
                    self.refresh()
            except (HoldfastError, OSError):
                # The next try is in 5 minutes; when they all fail `ensure` stops the work.
                continue

    def _replace(self) -> None:
        now = self._clock.now()
        new_id = _save(self._objects, exclusive=self.exclusive, now=now)
        old_id, self._id, self._refreshed_at = self._id, new_id, now
        try:
            self._objects.remove(ObjectKind.LOCK, old_id)
        except ObjectNotFound:
            self._lost = "another process removed it"
            _remove_if_there(self._objects, ObjectKind.LOCK, new_id)
        except StoreError:
            # Whether it is there or not, the new lock holds. Try again later.
            self._left_over.append(old_id)
            raise
        self._remove_left_over()

    def _remove_left_over(self) -> None:
        while self._left_over:
            _remove_if_there(self._objects, ObjectKind.LOCK, self._left_over[-1])
            self._left_over.pop()

    def _renew_distrusted(self) -> None:
        if self._present():
            self._replace()
        else:
            self._lost = "it expired, and another process removed it"

    def _present(self) -> bool:
        return self._objects.has(ObjectKind.LOCK, self._id)


def acquire(objects: SealedObjects, *, exclusive: bool, clock: Clock, wait_s: float = 0.0) -> Lock:
    """Lock the repository, waiting up to `wait_s` seconds for others to finish.

    Stale locks are removed.

    Raises:
        RepositoryLocked: Another process holds a lock that excludes ours.
    """
    deadline = clock.monotonic_s() + wait_s
    while True:
        try:
            return _try_acquire(objects, exclusive=exclusive, clock=clock)
        except RepositoryLocked:
            left = deadline - clock.monotonic_s()
            if left <= 0:
                raise
            clock.wait(threading.Event(), min(_RETRY_S, left))


class Lease(Protocol):
    """What a writer needs of a lock."""

    def ensure(self) -> None:
        """Raise `LockLost` if the lock is no longer ours; cheap."""

    def confirm(self) -> None:
        """The same, and look in the repository."""


def save_referring(
    objects: SealedObjects,
    leases: Collection[Lease],
    kind: ObjectKind,
    document: bytes,
    *,
    holds: Callable[[], bool] = lambda: False,
) -> tuple[str, int]:
    """Save an object that refers to others, and take it back if a lock was lost meanwhile.

    A prune that took our lock for dead may have removed what the object refers to. It did so
    before we looked, and then we do not write; or after, and then we find out here.

    Args:
        holds: Tells, once a lock is lost, whether what the object refers to is certainly
            there; then the object stays, for others may rely on it already.

    Returns:
        The id of the object and its stored size [bytes].

    Raises:
        LockLost: A lock was lost.
    """
    for lease in leases:
        lease.confirm()
    object_id, size = objects.save(kind, document)
    try:
        for lease in leases:
            lease.confirm()
    except LockLost:
        if not holds():
            _remove_if_there(objects, kind, object_id)
        raise
    return object_id, size


def read_locks(objects: SealedObjects) -> Iterator[LockInfo]:
    """Yield the locks in the repository.

    Empty lock files are passed over: interrupted uploads leave them on some stores.

    Raises:
        RepositoryDamaged: A lock cannot be read, so that nobody knows what it excludes.
    """
    for lock_id, size in objects.list(ObjectKind.LOCK):
        if not size:
            continue
        try:
            document = objects.load(ObjectKind.LOCK, lock_id)
            lock = msgspec.json.decode(document, type=_Lock)
            created_at = parse_instant(lock.time)
        except ObjectNotFound:
            continue
        except (RepositoryDamaged, *INVALID_DOCUMENT) as error:
            raise RepositoryDamaged(
                f"Lock {lock_id[:16]} cannot be read, so the repository counts as locked",
                hint="If no other process uses it, run `holdfast unlock --all`.",
            ) from error
        yield LockInfo(
            id=lock_id,
            exclusive=lock.exclusive,
            hostname=lock.hostname,
            username=lock.username,
            pid=lock.pid,
            created_at=created_at,
        )


def remove_locks(objects: SealedObjects, *, clock: Clock, remove_all: bool) -> int:
    """Remove stale locks, or all; return how many were removed."""
    if remove_all:
        doomed = [lock_id for lock_id, _ in objects.list(ObjectKind.LOCK)]
    else:
        now = clock.now()
        doomed = [lock.id for lock in read_locks(objects) if lock.stale(now)]
    return sum(_remove_if_there(objects, ObjectKind.LOCK, lock_id) for lock_id in doomed)


def _try_acquire(objects: SealedObjects, *, exclusive: bool, clock: Clock) -> Lock:
    _refuse_conflicts(objects, exclusive=exclusive, clock=clock, own_id=None)
    saved_at = clock.now()
    lock_id = _save(objects, exclusive=exclusive, now=saved_at)
    try:
        # Of two processes that lock at once, at least the later one sees the other here,
        # because stores list an object as soon as it is saved. (restic waits 0.2 s before it
        # looks again, for the sake of stores of old that did not.)
        _refuse_conflicts(objects, exclusive=exclusive, clock=clock, own_id=lock_id)
    except BaseException:
        _remove_if_there(objects, ObjectKind.LOCK, lock_id)
        raise
    return Lock(objects, lock_id, exclusive=exclusive, clock=clock, saved_at=saved_at)


def _refuse_conflicts(
    objects: SealedObjects, *, exclusive: bool, clock: Clock, own_id: str | None
) -> None:
    now = clock.now()
    for lock in list(read_locks(objects)):
        if lock.id == own_id:
            continue
        if lock.stale(now):
            _remove_if_there(objects, ObjectKind.LOCK, lock.id)
        elif exclusive or lock.exclusive:
            kind = "exclusively " if lock.exclusive else ""
            raise RepositoryLocked(
                f"The repository is {kind}locked by process {lock.pid} of {lock.username} "
                f"on {lock.hostname} since {lock.created_at:%Y-%m-%d %H:%M:%S} UTC",
                hint="Wait until it is done. If it is certainly dead, run `holdfast unlock`.",
            )


def _save(objects: SealedObjects, *, exclusive: bool, now: datetime) -> str:
    document = _Lock(
        time=format_instant(now),
        exclusive=exclusive,
        hostname=host_name(),
        username=user_name(),
        pid=os.getpid(),
        uid=os.getuid(),
        gid=os.getgid(),
    )
    try:
        return objects.save(ObjectKind.LOCK, msgspec.json.encode(document))[0]
    except NotEnoughSpace as error:
        # Also what frees space needs a lock, so the usual advice would lead in a circle.
        raise NotEnoughSpace(
            error.message,
            hint="Free some room on that disk first, outside of the repository (a megabyte is"
            " enough); then `holdfast cleanup` or `holdfast prune` frees more.",
        ) from error


def _remove_if_there(objects: SealedObjects, kind: ObjectKind, object_id: str) -> bool:
    try:
        objects.remove(kind, object_id)
    except ObjectNotFound:
        return False
    return True
