"""Every store call of every writing operation fails, tears or is the last one.

Afterwards: a deep check is clean, every earlier backup restores, and the operation can be run
again to its end. A store that tears objects breaks its contract; even then nothing earlier is
lost, and the repository can be brought back into order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import pytest

from holdfast.errors import HoldfastError, StoreError
from holdfast.repository import (
    BlobIndex,
    BlobType,
    PruneOptions,
    Repository,
    check,
    execute_index_rebuild,
    execute_prune,
    plan_index_rebuild,
    plan_prune,
)
from holdfast.repository.index_files import decode_index
from holdfast.repository.layout import ObjectKind
from holdfast.stores import MemoryStore, Store
from tests.rig.backups import PASSWORD, QUICK_KDF, back_up, create_repository, open_repository
from tests.rig.fault_store import Call, Crash, Ending, FaultStore, Mode, calls_of, each_fault
from tests.rig.oracle import Oracle, expected_of_files
from tests.rig.sim_clock import SimClock

NEW_PASSWORD = "battery staple"
NEW_FILES = {"shared": b"s" * 3000, "new": bytes(range(256)), "d/e/f": b"deep"}


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass(frozen=True)
class Start:
    """A repository before an operation, and what must survive it."""

    objects: dict[str, bytes]
    oracle: Oracle


def filled() -> Start:
    store = MemoryStore()
    repository = create_repository(store)
    oracle = Oracle()
    for number in range(3):
        files = {"shared": noise(0, 3000), "d/own": noise(number, 500)}
        snapshot = back_up(repository, files, f"backup {number}")
        oracle.add(snapshot.id or "", expected_of_files(files))
    return Start(store.objects, oracle)


def with_garbage() -> Start:
    """The first backup is removed, so that a prune has packs to remove and to repack."""
    start = filled()
    oldest = open_repository(MemoryStore(start.objects)).list_snapshots()[0].id or ""
    start.oracle.forget(oldest)
    del start.objects[f"snapshots/{oldest}"]
    return start


def without_index() -> Start:
    start = filled()
    for name in [name for name in start.objects if name.startswith("index/")][:2]:
        del start.objects[name]
    return start


def later() -> SimClock:
    """An hour after the crash the dead process's lock is stale."""
    clock = SimClock()
    clock.advance(3600)
    return clock


def run_backup(store: Store, clock: SimClock | None = None) -> None:
    back_up(open_any(store, clock), NEW_FILES, "new")


def run_prune(store: Store, clock: SimClock | None = None) -> None:
    repository = open_any(store, clock)
    with repository.lock(exclusive=True) as lock:
        planned = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
        execute_prune(repository, lock, planned)


def run_rebuild(store: Store, clock: SimClock | None = None) -> None:
    repository = open_any(store, clock)
    with repository.lock(exclusive=True) as lock:
        execute_index_rebuild(repository, lock, plan_index_rebuild(repository))


def run_forget(store: Store, clock: SimClock | None = None) -> None:
    repository = open_any(store, clock)
    with repository.lock() as lock:
        lock.ensure()
        new = [each for each in repository.list_snapshots() if each.label == "doomed"]
        for snapshot in new:
            repository.remove_snapshot(snapshot.id or "")


def run_key_change(store: Store, clock: SimClock | None = None) -> None:
    open_any(store, clock).keys.change(NEW_PASSWORD)


def open_any(store: Store, clock: SimClock | None = None) -> Repository:
    """Open by the old or the new password; at least one must work."""
    try:
        return Repository.open(store, PASSWORD, kdf=QUICK_KDF, clock=clock or later())
    except HoldfastError:
        return Repository.open(store, NEW_PASSWORD, kdf=QUICK_KDF, clock=clock or later())


def with_doomed() -> Start:
    start = filled()
    store = MemoryStore(start.objects)
    back_up(open_repository(store), NEW_FILES, "doomed")
    return Start(store.objects, start.oracle)


class Run(Protocol):
    """One operation from opening to its end; by default an hour after the others."""

    def __call__(self, store: Store, clock: SimClock | None = None) -> None: ...


OPERATIONS: dict[str, tuple[Callable[[], Start], Run]] = {
    "backup": (filled, run_backup),
    "prune": (with_garbage, run_prune),
    "rebuild": (without_index, run_rebuild),
    "forget": (with_doomed, run_forget),
    "key change": (filled, run_key_change),
}


@pytest.fixture(params=list(OPERATIONS))
def operation(request: pytest.FixtureRequest) -> tuple[Start, Run]:
    prepare, run = OPERATIONS[request.param]
    return prepare(), run


def endings(start: Start, run: Run, modes: Sequence[Mode], prefix: str = "") -> Iterator[Ending]:
    return each_fault(start.objects, lambda store: run(store, SimClock()), modes, prefix=prefix)


def assert_all_restorable(start: Start, store: Store) -> None:
    repository = open_any(store)
    report = check(repository, read_data=True)
    if not report.ok and any("index" in found.object for found in report.findings):
        run_rebuild(store)  # where the operation began with a broken index
        report = check(open_any(store), read_data=True)
    assert report.ok, report.findings
    start.oracle.assert_restorable(open_any(store))


def test_a_crash_after_every_store_call_loses_nothing(
    operation: tuple[Start, Run],
) -> None:
    """R32, R50: the last call is lost, or applied without an answer; then all is run again."""
    start, run = operation
    count = 0
    for ending in endings(start, run, [Mode.CRASH_BEFORE, Mode.CRASH_AFTER]):
        count += 1
        assert isinstance(ending.error, Crash), str(ending)
        explain(ending, partial(assert_all_restorable, start, ending.left))
        explain(ending, partial(run_again, start, run, ending.left))
    assert count >= 2


def test_an_error_at_every_store_call_loses_nothing(
    operation: tuple[Start, Run],
) -> None:
    """R32, I5: the call fails, or fails although it was applied; the process lives on."""
    start, run = operation
    for ending in endings(start, run, [Mode.ERROR_BEFORE, Mode.ERROR_AFTER]):
        # A lock that cannot be given back is no failure: it is stale before long.
        giving_back = "remove locks/" in str(ending.trace[-1])
        assert isinstance(ending.error, HoldfastError) or giving_back, str(ending)
        explain(ending, partial(assert_all_restorable, start, ending.left))
        explain(ending, partial(run_again, start, run, ending.left))


def test_a_torn_object_at_every_store_call_loses_nothing_earlier(
    operation: tuple[Start, Run],
) -> None:
    """R32: half an object is left under its name; it is named, and order can be made again."""
    start, run = operation
    for ending in endings(start, run, [Mode.TORN, Mode.CRASH_TORN]):
        explain(ending, partial(tidy_torn, start, ending.left))
        explain(ending, partial(run_again, start, run, ending.left))


def explain(ending: Ending, step: Callable[[], None]) -> None:
    try:
        step()
    except BaseException as error:
        error.add_note(str(ending))
        raise


def run_again(start: Start, run: Run, store: MemoryStore) -> None:
    """What was interrupted can simply be done again; a prune then leaves nothing behind."""
    if run is not run_key_change:
        run(store)
    assert_all_restorable(start, store)
    run_prune(store)
    report = check(open_any(store), read_data=True)
    assert (report.ok, report.unused_blobs, report.unreferenced_packs) == (True, 0, 0)
    start.oracle.assert_restorable(open_any(store))


def tidy_torn(start: Start, store: MemoryStore) -> None:
    """Do what a person would: unlock, remove the torn snapshot and key, rebuild the index."""
    repository = open_any(store)
    repository.unlock(remove_all=True)
    for finding in check(repository, read_data=True).findings:
        if finding.object.startswith(("snapshots/", "keys/")):
            assert finding.object not in start.objects
            store.remove(finding.object)
    run_rebuild(store)
    assert_all_restorable(start, store)


def test_a_backup_is_referred_to_only_when_it_is_durable() -> None:
    """R33, I1: an index names only packs whose save succeeded before, a snapshot only indexes."""
    start = filled()
    store = FaultStore(MemoryStore(start.objects))
    run_backup(store)

    writes = [call for call in store.trace if call.operation == "save" and call.outcome == "ok"]
    durable = {name for name in start.objects if name.startswith("data/")}
    known = index_of(start.objects)
    repository = open_any(store.inner)
    for call in writes:
        kind, _, object_id = call.name.rpartition("/")
        if kind.startswith("data/"):
            durable.add(call.name)
        elif kind == "index":
            for pack_id, entries in decode_index(
                repository.objects.load(ObjectKind.INDEX, object_id), object_id
            ):
                assert f"data/{pack_id.hex()[:2]}/{pack_id.hex()}" in durable
                known.add_pack(pack_id, entries)
        elif kind == "snapshots":
            tree = repository.tree(repository.load_snapshot(object_id))
            for path, node in tree.walk(""):
                assert all(known.lookup(BlobType.DATA, id_) for id_ in node.blob_ids()), path
    assert [call.name.split("/")[0] for call in writes] == [
        "locks",
        "data",
        "data",
        "index",
        "snapshots",
    ]


def index_of(objects: dict[str, bytes]) -> BlobIndex:
    return open_any(MemoryStore(objects)).index


def test_a_prune_removes_only_what_is_replaced_durably() -> None:
    """R33, I6: new packs, then the new index, then the old index goes, then the old packs."""
    start = with_garbage()
    writes = [
        f"{call.operation} {call.name.split('/')[0]}"
        for call in calls_of(start.objects, run_prune)
        if call.operation in ("save", "remove") and not call.name.startswith("locks/")
    ]
    order = ["save data", "save index", "remove index", "remove data"]

    assert sorted(writes, key=order.index) == writes
    assert set(writes) == set(order)


def test_after_a_failed_put_nothing_refers_to_it() -> None:
    """I5: a pack cannot be stored, so no index and no snapshot is stored either."""
    start = filled()
    for mode in (Mode.ERROR_BEFORE, Mode.ERROR_AFTER, Mode.TORN):
        for ending in endings(start, run_backup, [mode], prefix="data/"):
            assert isinstance(ending.error, StoreError)
            later_saves = [call for call in ending.trace if _is_reference(call)]
            assert later_saves == [], str(ending)


def _is_reference(call: Call) -> bool:
    return call.operation == "save" and call.name.startswith(("index/", "snapshots/"))


def test_of_keys_one_always_opens() -> None:
    """R50: the new key is stored, read back and proven before the old one is removed."""
    start = filled()
    trace = calls_of(start.objects, run_key_change)
    steps = [(call.operation, call.name) for call in trace if call.name.startswith("keys/")]
    saved = next(number for number, (verb, _) in enumerate(steps) if verb == "save")
    removed = next(number for number, (verb, _) in enumerate(steps) if verb == "remove")

    assert ("load", steps[saved][1]) in steps[saved:removed]


def test_a_key_that_does_not_read_back_replaces_nothing() -> None:
    """R50: what was stored as the new key reads back wrong, so the old one stays."""
    start = filled()
    for ending in each_fault(
        start.objects,
        run_key_change,
        [Mode.CORRUPT, Mode.SHORT],
        calls=frozenset({"load"}),
        prefix="keys/",
    ):
        repository = open_any(ending.left)
        assert check(repository).ok, str(ending)
        start.oracle.assert_restorable(repository)


def test_two_administrators_change_the_password_at_once() -> None:
    """R50: whatever one does between any two calls of the other, a known password opens."""
    start = filled()
    count = len(calls_of(start.objects, run_key_change))
    for chosen in range(count):
        inner = MemoryStore(start.objects)
        seen: list[str] = []

        def interfere(
            operation: str,
            name: str,
            seen: list[str] = seen,
            inner: MemoryStore = inner,
            chosen: int = chosen,
        ) -> None:
            seen.append(name)
            if len(seen) == chosen + 1:
                other = Repository.open(inner, PASSWORD, kdf=QUICK_KDF, clock=SimClock())
                other.keys.change("a third")

        with suppress(HoldfastError):
            run_key_change(FaultStore(inner, before=interfere))
        assert opens(inner, {PASSWORD, NEW_PASSWORD, "a third"})


def opens(store: Store, passwords: set[str]) -> set[str]:
    found = set()
    for password in passwords:
        try:
            Repository.open(store, password, kdf=QUICK_KDF, clock=SimClock())
        except HoldfastError:
            continue
        found.add(password)
    return found
