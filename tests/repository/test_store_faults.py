"""A store that misbehaves once, at any call of any operation, costs nothing.

R37: each kind of fault at each call of each operation. The operation ends well, and then what it
says is so; or it says that it failed. Every earlier backup restores, and a second run ends well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from holdfast.errors import HoldfastError
from holdfast.repository import (
    PruneOptions,
    Repository,
    check,
    execute_index_rebuild,
    execute_prune,
    plan_index_rebuild,
    plan_prune,
)
from holdfast.stores import MemoryStore, Store
from tests.rig.backups import QUICK_KDF, back_up, create_repository, open_repository
from tests.rig.fault_store import CALLS, Fault, FaultStore, Mode, calls_of
from tests.rig.oracle import Oracle, expected_of, expected_of_files
from tests.rig.sim_clock import SimClock

NEW_PASSWORD = "battery staple"
NEW = {"shared": b"s" * 700, "new": b"n" * 700, "d/e": b"e" * 700}

FAULTS: Mapping[str, tuple[Mode, ...]] = {
    "save": (Mode.ERROR_BEFORE, Mode.ERROR_AFTER, Mode.LATE),
    "remove": (Mode.ERROR_BEFORE, Mode.ERROR_AFTER),
    "load": (Mode.ERROR_BEFORE, Mode.CORRUPT, Mode.SHORT, Mode.LONG, Mode.ABSENT),
    "stat": (Mode.ERROR_BEFORE, Mode.ABSENT),
    "list": (Mode.ERROR_BEFORE, Mode.VANISHED, Mode.DOUBLE, Mode.GHOST),
}
"""What can go wrong at each call. A timeout is an error of which nobody knows whether the call
had its effect, so it is both `ERROR_BEFORE` and `ERROR_AFTER`."""


@dataclass(frozen=True)
class Start:
    objects: dict[str, bytes]
    oracle: Oracle
    doomed: str


@pytest.fixture(scope="module")
def start() -> Start:
    """Two backups to keep, one to remove, and the garbage of one that was removed."""
    store = MemoryStore()
    repository = create_repository(store)
    oracle = Oracle()
    gone = back_up(repository, {"shared": b"s" * 700, "gone": b"g" * 700}, "gone")
    for number in range(2):
        files = {"shared": b"s" * 700, "d/own": b"%d" % number * 700}
        oracle.add(back_up(repository, files, f"kept {number}").id or "", expected_of_files(files))
    doomed = back_up(repository, {"doomed": b"d" * 700}, "doomed").id or ""
    repository.remove_snapshot(gone.id or "")
    return Start(store.objects, oracle, doomed)


def open_any(store: Store, day: int) -> Repository:
    clock = SimClock()
    clock.advance(day * 86_400)
    try:
        return open_repository(store, clock=clock)
    except HoldfastError:
        return Repository.open(store, NEW_PASSWORD, kdf=QUICK_KDF, clock=clock)


def run_backup(repository: Repository, start: Start) -> None:
    repository.reload_index(only_intact=True)
    back_up(repository, NEW, "new")


def run_restore(repository: Repository, start: Start) -> None:
    with repository.lock():
        snapshots = {each.id: each for each in repository.list_snapshots()}
        for snapshot_id, expected in start.oracle.snapshots.items():
            if snapshot_id in snapshots:
                assert expected_of(repository.tree(snapshots[snapshot_id])) == expected


def run_check(repository: Repository, start: Start) -> None:
    with repository.lock():
        check(repository, read_data=True)


def run_prune(repository: Repository, start: Start) -> None:
    with repository.lock(exclusive=True) as lock:
        plan = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
        execute_prune(repository, lock, plan)


def run_rebuild(repository: Repository, start: Start) -> None:
    with repository.lock(exclusive=True) as lock:
        execute_index_rebuild(repository, lock, plan_index_rebuild(repository))


def run_forget(repository: Repository, start: Start) -> None:
    with repository.lock():
        if start.doomed in {each.id for each in repository.list_snapshots()}:
            repository.remove_snapshot(start.doomed)


def run_key_change(repository: Repository, start: Start) -> None:
    repository.keys.change(NEW_PASSWORD)


def run_unlock(repository: Repository, start: Start) -> None:
    repository.unlock()


def is_stored(repository: Repository, start: Start) -> None:
    (made,) = [each for each in repository.list_snapshots() if each.label == "new"]
    assert expected_of(repository.tree(made)) == expected_of_files(NEW)


def opens_by_the_new_password(repository: Repository, start: Start) -> None:
    Repository.open(repository.store, NEW_PASSWORD, kdf=QUICK_KDF)


Step = Callable[[Repository, Start], None]
RUNS: dict[str, tuple[Step, Step | None]] = {
    "backup": (run_backup, is_stored),
    "restore": (run_restore, None),
    "check": (run_check, None),
    "prune": (run_prune, None),
    "rebuild": (run_rebuild, None),
    "forget": (run_forget, None),
    "key change": (run_key_change, opens_by_the_new_password),
    "unlock": (run_unlock, None),
}
"""What is done, and what must then be so if it ended well."""


@pytest.mark.parametrize("operation", sorted(CALLS))
@pytest.mark.parametrize("name", RUNS)
def test_a_fault_of_the_store_costs_nothing(start: Start, name: str, operation: str) -> None:
    """R37: one fault at each call."""
    run, proof = RUNS[name]
    calls = calls_of(start.objects, lambda store: run(open_any(store, 0), start))
    count = sum(call.operation == operation for call in calls)
    for number in range(count):
        for mode in FAULTS[operation]:
            where = f"{name}: {mode.name} at {operation} {number}"
            inner = MemoryStore(start.objects)
            fault = Fault(mode=mode, calls=frozenset({operation}), nth=number)
            store = FaultStore(inner, [fault])
            ended = True
            try:
                run(open_any(store, 0), start)
            except HoldfastError:
                ended = False
            store.crash()

            left = open_any(inner, 1)
            start.oracle.assert_restorable(left)
            if ended and proof:
                proof(left, start)
            assert check(left, read_data=True).ok, where
            run(open_any(inner, 1), start)
            start.oracle.assert_restorable(open_any(inner, 1))
