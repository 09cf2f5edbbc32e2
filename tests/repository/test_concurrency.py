"""Several processes on one repository: each waits, is refused, or stops; nothing is lost.

What one process does is stepped from store call to store call; at each of them another process
does the whole of its own work. That is every interleaving of two in which one is not divided.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import product

import pytest

from holdfast.errors import BackupNotFound, HoldfastError, RepositoryError, RepositoryLocked
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
from tests.rig.backups import back_up, create_repository, open_repository
from tests.rig.fault_store import Call, FaultStore
from tests.rig.oracle import Oracle, expected_of, expected_of_files
from tests.rig.sim_clock import SimClock

PAUSE_S = timedelta(minutes=35).total_seconds()
FILES = {"shared": b"s" * 3000, "d/new": bytes(range(256)) * 3}
ADDED = {"shared": b"s" * 3000, "d/added": bytes(range(256)) * 5}

Run = Callable[[Store, SimClock], None]


def run_backup(store: Store, clock: SimClock) -> None:
    back_up(open_repository(store, clock=clock), ADDED, "added")


def run_prune(store: Store, clock: SimClock) -> None:
    repository = open_repository(store, clock=clock)
    with repository.lock(exclusive=True) as lock:
        planned = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
        execute_prune(repository, lock, planned)


def run_rebuild(store: Store, clock: SimClock) -> None:
    repository = open_repository(store, clock=clock)
    with repository.lock(exclusive=True) as lock:
        execute_index_rebuild(repository, lock, plan_index_rebuild(repository))


def run_forget(store: Store, clock: SimClock) -> None:
    """Remove every backup called `new`; there may be none."""
    repository = open_repository(store, clock=clock)
    with repository.lock():
        for snapshot in repository.list_snapshots():
            if snapshot.label == "new":
                with suppress(BackupNotFound):  # removed by another since it was listed
                    repository.remove_snapshot(snapshot.id or "")


def run_check(store: Store, clock: SimClock) -> None:
    repository = open_repository(store, clock=clock)
    with repository.lock():
        report = check(repository, read_data=True)
    assert report.ok, report.findings


def run_restore(store: Store, clock: SimClock) -> None:
    repository = open_repository(store, clock=clock)
    with repository.lock():
        for snapshot in repository.list_snapshots():
            expected_of(repository.tree(snapshot))


def run_unlock(store: Store, clock: SimClock) -> None:
    open_repository(store, clock=clock).unlock()


RUNS: dict[str, Run] = {
    "backup": run_backup,
    "prune": run_prune,
    "rebuild": run_rebuild,
    "forget": run_forget,
    "check": run_check,
    "restore": run_restore,
    "unlock": run_unlock,
}


class Scene:
    """A repository with two backups and something to prune."""

    def __init__(self) -> None:
        store = MemoryStore()
        repository = create_repository(store)
        self.oracle = Oracle()
        gone = back_up(repository, {"shared": b"s" * 3000, "gone": b"g" * 900}, "gone")
        for number in range(2):
            files = {"shared": b"s" * 3000, "d/own": b"%d" % number * 500}
            kept = back_up(repository, files, f"kept {number}")
            self.oracle.add(kept.id or "", expected_of_files(files))
        back_up(repository, FILES, "new")
        repository.remove_snapshot(gone.id or "")
        self.objects = store.objects

    def assert_sound(self, store: Store) -> Repository:
        clock = SimClock()
        clock.advance(4 * PAUSE_S)
        repository = open_repository(store, clock=clock)
        report = check(repository, read_data=True)
        assert report.ok, report.findings
        self.oracle.assert_restorable(repository)
        for snapshot in repository.list_snapshots():
            files = {"new": FILES, "added": ADDED}.get(snapshot.label or "")
            if files is not None:
                assert expected_of(repository.tree(snapshot)) == expected_of_files(files)
        return repository


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


def count_calls(scene: Scene, run: Run) -> int:
    store = FaultStore(MemoryStore(scene.objects))
    run(store, SimClock())
    return len(store.trace)


READERS = {"check", "restore", "unlock"}
PAIRS = [pair for pair in product(RUNS, RUNS) if not READERS.issuperset(pair)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_at_any_call_of_one_another_does_its_work(scene: Scene, first: str, second: str) -> None:
    """R34: two at once: each ends well or is refused by a lock, and all stays sound."""
    for chosen in range(count_calls(scene, RUNS[first])):
        inner = MemoryStore(scene.objects)
        store = FaultStore(inner)
        clock = SimClock()
        outcomes: list[str] = []

        def interfere(
            operation: str,
            name: str,
            store: FaultStore = store,
            outcomes: list[str] = outcomes,
            clock: SimClock = clock,
            chosen: int = chosen,
        ) -> None:
            if len(store.trace) == chosen and not outcomes:
                outcomes.append("began")
                outcomes.append(outcome(RUNS[second], store.inner, clock))

        store.before = interfere
        result = outcome(RUNS[first], store, clock)

        where = f"{first} with {second} at call {chosen}"
        assert result in ("done", "RepositoryLocked"), where
        assert outcomes == ["began", outcomes[1]], where
        assert outcomes[1] in ("done", "RepositoryLocked"), where
        assert "done" in (result, outcomes[1]), where
        scene.assert_sound(inner)


def outcome(run: Run, store: Store, clock: SimClock) -> str:
    try:
        run(store, clock)
    except RepositoryLocked:
        return "RepositoryLocked"
    return "done"


@pytest.mark.parametrize(
    ("first", "second"),
    list(product(("backup", "prune", "rebuild", "forget"), ("backup", "prune"))),
)
def test_a_process_that_was_paused_for_too_long_stops_before_its_next_write(
    scene: Scene, first: str, second: str
) -> None:
    """R35, I7: paused 35 minutes after any call, its lock taken for dead, another one at work.

    A pack that another thread was just storing may still arrive: nothing will refer to it. What
    it saved itself before the pause it may take back.
    """
    stopped = 0
    for chosen in range(count_calls(scene, RUNS[first])):
        inner = MemoryStore(scene.objects)
        store = FaultStore(inner)
        clock = SimClock()
        pauses: list[int] = []

        def pause(
            operation: str,
            name: str,
            store: FaultStore = store,
            clock: SimClock = clock,
            pauses: list[int] = pauses,
            chosen: int = chosen,
        ) -> None:
            if len(store.trace) == chosen + 1 and not pauses:
                pauses.append(chosen)
                clock.freeze(PAUSE_S)
                RUNS[second](store.inner, clock)

        store.after = pause
        lost = False
        try:
            RUNS[first](store, clock)
        except RepositoryError:
            lost = True

        assert pauses == [chosen]
        if held_a_lock(store.trace[: chosen + 1]):
            own = {call.name for call in store.trace[: chosen + 1] if call.operation == "save"}
            late = [call for call in store.trace[chosen + 1 :] if is_write(call)]
            assert [call for call in late if call.name not in own] == []
        stopped += lost
        scene.assert_sound(inner)
    assert stopped


def held_a_lock(trace: list[Call]) -> bool:
    locks = [call.operation for call in trace if call.name.startswith("locks/")]
    return locks.count("save") > locks.count("remove")


def is_write(call: Call) -> bool:
    harmless = ("locks/", "data/") if call.operation == "save" else ("locks/",)
    return (
        call.operation in ("save", "remove")
        and call.outcome == "ok"
        and not call.name.startswith(harmless)
    )


def test_a_sleeping_machine_keeps_its_lock_if_nobody_took_it(scene: Scene) -> None:
    """R35: paused as long, but nobody else came: the lock is still there, and work goes on."""
    store = MemoryStore(scene.objects)
    clock = SimClock()
    repository = open_repository(store, clock=clock)
    with repository.lock(exclusive=True) as lock:
        clock.freeze(PAUSE_S)
        planned = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
        execute_prune(repository, lock, planned)
    scene.assert_sound(store)


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("first", ["backup", "prune"])
def test_a_clock_that_is_an_hour_wrong_loses_nothing(scene: Scene, first: str, hours: int) -> None:
    """R35: a machine whose clock is an hour off takes fresh locks for dead, or old ones for new.

    At any call of one process it prunes; the other finds out before or just after it refers to
    anything. Only between the look at the lock and a removal there is a moment that no lock
    file can close; there it is not put to the test.
    """
    for chosen in range(count_calls(scene, RUNS[first])):
        inner = MemoryStore(scene.objects)
        store = FaultStore(inner)
        skewed = SimClock()
        skewed.set_wall(skewed.now() + timedelta(hours=hours))
        done: list[int] = []

        def interfere(
            operation: str,
            name: str,
            store: FaultStore = store,
            skewed: SimClock = skewed,
            done: list[int] = done,
            chosen: int = chosen,
        ) -> None:
            if len(store.trace) == chosen + 1 and not done:
                done.append(chosen)
                if operation == "stat" and name.startswith("locks/") and first == "prune":
                    return
                with suppress(RepositoryLocked):
                    run_prune(store.inner, skewed)

        store.after = interfere
        with suppress(HoldfastError):
            RUNS[first](store, SimClock())

        assert done == [chosen]
        scene.assert_sound(inner)
