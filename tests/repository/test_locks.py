"""Locks: who excludes whom, who is taken for dead, and R35: who wakes must stop."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from holdfast.errors import (
    LockLost,
    NotEnoughSpace,
    RepositoryDamaged,
    RepositoryLocked,
    StoreError,
)
from holdfast.repository import BlobType, ObjectKind, Repository, Snapshot
from holdfast.stores import MemoryStore
from tests.repository.making import WHEN, back_up, create, reopen
from tests.rig.fault_store import Fault, FaultStore, Mode
from tests.rig.sim_clock import SimClock, eventually

_MINUTE = 60.0


@pytest.fixture
def clock() -> SimClock:
    return SimClock(WHEN)


@pytest.fixture(autouse=True)
def _no_threads_are_left() -> Iterator[None]:
    """The thread that refreshes a lock never outlives it."""
    before = threading.active_count()
    yield
    eventually(lambda: threading.active_count() <= before)


def _lock_ids(repository: Repository) -> list[str]:
    return [lock_id for lock_id, _ in repository.objects.list(ObjectKind.LOCK)]


def _foreign_lock(repository: Repository, **changes: object) -> str:
    fields = {
        "time": "2024-05-06T07:08:09Z",
        "exclusive": True,
        "hostname": "elsewhere",
        "username": "someone",
        "pid": 123,
        "uid": 1000,
        "gid": 1000,
    }
    document = msgspec.json.encode(fields | changes)
    return repository.objects.save(ObjectKind.LOCK, document)[0]


def test_shared_locks_go_together_and_exclusive_ones_alone(clock: SimClock) -> None:
    repository = create(clock=clock)
    with repository.lock(), repository.lock():
        with pytest.raises(RepositoryLocked):
            repository.lock(exclusive=True)
        assert len(_lock_ids(repository)) == 2
    with repository.lock(exclusive=True):
        for exclusive in (False, True):
            with pytest.raises(RepositoryLocked):
                repository.lock(exclusive=exclusive)
    assert _lock_ids(repository) == []


def test_the_message_says_who_holds_the_lock(clock: SimClock) -> None:
    repository = create(clock=clock)
    _foreign_lock(repository)
    with pytest.raises(RepositoryLocked) as caught:
        repository.lock()
    assert str(caught.value) == (
        "The repository is exclusively locked by process 123 of someone on elsewhere "
        "since 2024-05-06 07:08:09 UTC"
    )
    assert caught.value.exit_code == 11


def test_a_lock_is_spelled_as_restic_spells_it(clock: SimClock) -> None:
    repository = create(clock=clock)
    with repository.lock(exclusive=True) as lock:
        fields = msgspec.json.decode(repository.objects.load(ObjectKind.LOCK, lock.id))
    assert fields["time"] == "2024-05-06T07:08:09Z"
    assert fields["exclusive"] is True
    assert fields["hostname"] == socket.gethostname()
    assert fields["pid"] == os.getpid()
    assert set(fields) <= {"time", "exclusive", "hostname", "username", "pid", "uid", "gid"}


def test_waiting_gets_the_lock_when_the_other_lets_go(clock: SimClock) -> None:
    store = MemoryStore()
    repository = create(store, clock=clock)
    holder = repository.lock(exclusive=True)
    got: list[bool] = []

    def wait_for_it() -> None:
        with reopen(store, clock=clock).lock(wait_s=60.0):
            got.append(True)

    waiter = threading.Thread(target=wait_for_it)
    waiter.start()
    eventually(lambda: clock.waiting == 2)  # the waiter, and the holder's refresher
    clock.advance(20)
    assert not got
    holder.release()
    clock.advance(10)
    waiter.join()
    assert got


def test_waiting_ends_with_the_reason(clock: SimClock) -> None:
    repository = create(clock=clock)
    _foreign_lock(repository, time="2024-05-06T07:08:09Z")
    errors: list[RepositoryLocked] = []

    def wait_in_vain() -> None:
        try:
            repository.lock(wait_s=12.0)
        except RepositoryLocked as error:
            errors.append(error)

    waiter = threading.Thread(target=wait_in_vain)
    waiter.start()
    eventually(lambda: clock.waiting == 1)
    clock.advance(12)
    waiter.join()
    assert len(errors) == 1


def test_a_lock_without_refresh_for_30_minutes_does_not_block(clock: SimClock) -> None:
    """R35: its holder's machine is gone."""
    repository = create(clock=clock)
    _foreign_lock(repository)
    clock.advance(30 * _MINUTE)
    with pytest.raises(RepositoryLocked):
        repository.lock()
    clock.advance(1)
    with repository.lock() as lock:
        assert _lock_ids(repository) == [lock.id]


def test_a_lock_of_a_dead_process_of_this_machine_does_not_block(clock: SimClock) -> None:
    """R35: its holder was killed."""
    repository = create(clock=clock)
    dead = subprocess.Popen(["true"])
    dead.wait()
    _foreign_lock(repository, hostname=socket.gethostname(), pid=dead.pid)
    with repository.lock(exclusive=True) as lock:
        assert _lock_ids(repository) == [lock.id]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_off_does_not_break_a_live_lock(clock: SimClock, hours: int) -> None:
    """R35: a lock from the future is respected; one an hour old is taken for dead."""
    repository = create(clock=clock)
    time = (WHEN + timedelta(hours=hours)).isoformat()
    _foreign_lock(repository, time=time)
    if hours > 0:
        with pytest.raises(RepositoryLocked):
            repository.lock()
    else:
        repository.lock().release()


def test_a_lock_is_refreshed_every_five_minutes(clock: SimClock) -> None:
    repository = create(clock=clock)
    with repository.lock(exclusive=True) as lock:
        first = lock.id
        clock.advance(5 * _MINUTE)
        assert lock.id != first
        assert _lock_ids(repository) == [lock.id]
        clock.advance(10 * 60 * _MINUTE)
        lock.ensure()
        with pytest.raises(RepositoryLocked):
            reopen(repository.store, clock=clock).lock()
    assert _lock_ids(repository) == []


def test_a_process_that_slept_and_lost_its_lock_stops_before_its_next_write(
    clock: SimClock,
) -> None:
    """R35: paused for 35 minutes, its lock was broken and another works; then it wakes."""
    store = FaultStore(MemoryStore())
    repository = create(store, clock=clock)
    with repository.lock() as lock, repository.writer(lock) as writer:
        writer.save_blob(BlobType.DATA, b"written before the pause")
        clock.freeze(35 * _MINUTE)
        other = reopen(store.inner, clock=clock).lock(exclusive=True)
        writes = [call for call in store.trace if call.operation in ("save", "remove")]
        with pytest.raises(LockLost) as caught:
            writer.finish()
        assert caught.value.exit_code == 11
        with pytest.raises(LockLost):
            repository.save_snapshot(Snapshot(time=WHEN, tree=bytes(32)))
        with pytest.raises(LockLost):
            repository.remove_snapshot("ab" * 32)
        after = [call for call in store.trace if call.operation in ("save", "remove")]
        assert after == writes
    other.ensure()
    other.release()


def test_a_process_that_slept_and_kept_its_lock_goes_on(clock: SimClock) -> None:
    """R35: nobody else came by; the lock is renewed before the next write."""
    repository = create(clock=clock)
    with repository.lock() as lock:
        first = lock.id
        clock.freeze(35 * _MINUTE)
        lock.ensure()
        assert lock.id != first
        assert _lock_ids(repository) == [lock.id]


def test_a_lock_that_another_removed_is_noticed_at_the_next_refresh(clock: SimClock) -> None:
    repository = create(clock=clock)
    with repository.lock() as lock:
        assert repository.unlock(remove_all=True) == 1
        lock.ensure()  # fresh locks are not looked at
        clock.advance(5 * _MINUTE)
        with pytest.raises(LockLost, match="another process removed it"):
            lock.ensure()
        assert _lock_ids(repository) == []


def test_a_refresh_that_fails_is_tried_again(clock: SimClock) -> None:
    store = FaultStore(MemoryStore())
    repository = create(store, clock=clock)
    with repository.lock() as lock:
        first = lock.id
        broken = Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"save"}), nth=None)
        failing = FaultStore(store.inner, [broken])
        repository.objects._store = failing
        clock.advance(10 * _MINUTE)
        assert lock.id == first
        repository.objects._store = store
        clock.advance(5 * _MINUTE)
        assert lock.id != first
        assert _lock_ids(repository) == [lock.id]


@pytest.mark.parametrize("mode", [Mode.ERROR_BEFORE, Mode.ERROR_AFTER])
def test_an_old_lock_that_could_not_be_removed_is_removed_later(
    clock: SimClock, mode: Mode
) -> None:
    inner = MemoryStore()
    create(inner, clock=clock)
    fault = Fault(mode=mode, calls=frozenset({"remove"}), nth=0)
    repository = reopen(FaultStore(inner, [fault]), clock=clock)
    with repository.lock() as lock:
        with pytest.raises(StoreError):
            lock.refresh()
        lock.ensure()
        lock.refresh()
        assert _lock_ids(repository) == [lock.id]
    assert _lock_ids(repository) == []


def test_a_released_lock_allows_nothing_more(clock: SimClock) -> None:
    repository = create(clock=clock)
    lock = repository.lock()
    lock.release()
    lock.release()
    with pytest.raises(LockLost):
        lock.ensure()
    with repository.lock():
        repository.save_snapshot(Snapshot(time=WHEN, tree=bytes(32)))


def test_a_lock_that_cannot_be_read_blocks(clock: SimClock) -> None:
    """R35: nobody knows what it excludes."""
    store = MemoryStore()
    repository = create(store, clock=clock)
    store.save("locks/" + "ab" * 32, b"what is this")
    with pytest.raises(RepositoryDamaged, match="counts as locked"):
        repository.lock()
    with pytest.raises(RepositoryDamaged):
        repository.unlock()
    assert repository.unlock(remove_all=True) == 1
    repository.lock().release()


def test_an_empty_lock_file_is_passed_over(clock: SimClock) -> None:
    """Interrupted uploads leave such files on some stores; restic passes them over, too."""
    store = MemoryStore()
    repository = create(store, clock=clock)
    store.save("locks/" + "ab" * 32, b"")
    repository.lock().release()


def test_a_failed_attempt_leaves_no_lock(clock: SimClock) -> None:
    """Two that lock at the same moment: who sees the other on the second look steps back."""
    inner = MemoryStore()
    create(inner, clock=clock)
    store = FaultStore(inner)
    repository = reopen(store, clock=clock)

    def come_between(operation: str, name: str) -> None:
        if operation == "save":
            store.before = None
            _foreign_lock(reopen(inner, clock=clock))

    store.before = come_between
    with pytest.raises(RepositoryLocked):
        repository.lock()
    assert len(_lock_ids(repository)) == 1


def test_unlock_removes_stale_locks_only(clock: SimClock) -> None:
    repository = create(clock=clock)
    _foreign_lock(repository, time="2024-05-06T06:00:00Z")
    live = _foreign_lock(repository)
    assert repository.unlock() == 1
    assert _lock_ids(repository) == [live]


def test_a_failed_release_does_not_turn_success_into_failure(clock: SimClock) -> None:
    inner = MemoryStore()
    create(inner, clock=clock)
    fault = Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"remove"}), nth=None)
    repository = reopen(FaultStore(inner, [fault]), clock=clock)
    back_up(repository, {"a": b"x"})
    assert len(repository.list_snapshots()) == 1


@pytest.mark.parametrize("exclusive", [False, True])
def test_on_a_full_disk_the_hint_does_not_lead_to_what_needs_a_lock_itself(
    exclusive: bool,
) -> None:
    """R36: cleanup frees space, but not before there is room for its own lock."""
    objects = create().store.objects  # type: ignore[attr-defined]
    full = MemoryStore(objects, capacity_bytes=sum(map(len, objects.values())))
    with pytest.raises(NotEnoughSpace) as caught:
        reopen(full).lock(exclusive=exclusive)
    assert "outside of the repository" in (caught.value.hint or "")
    assert full.objects == objects
