"""Every kind of damage, every way to repair it, interrupted at every write.

R40: what could be restored before can be restored afterwards, and in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product

import pytest

from holdfast.errors import HoldfastError, RepositoryDamaged, StoreError
from holdfast.repository import (
    PruneOptions,
    check,
    execute_index_rebuild,
    execute_prune,
    plan_index_rebuild,
    plan_prune,
)
from holdfast.repository.index_files import encode_index
from holdfast.repository.index_loading import list_packs
from holdfast.repository.layout import ObjectKind
from holdfast.repository.packs import PackEntry, load_header
from holdfast.stores import MemoryStore, Store
from tests.rig.backups import back_up, create_repository, open_repository
from tests.rig.fault_store import CRASHES, Fault, FaultStore, Mode, each_fault
from tests.rig.oracle import expected_of, expected_of_files
from tests.rig.sim_clock import SimClock

FILES = {
    "first": {"shared": b"s" * 500, "one": b"1" * 500},
    "second": {"shared": b"s" * 500, "d/two": b"2" * 500},
    "third": {"three": b"3" * 500},
}

Objects = dict[str, bytes]


@pytest.fixture(scope="module")
def objects() -> Objects:
    store = MemoryStore()
    repository = create_repository(store)
    for label, files in FILES.items():
        back_up(repository, files, label)
    return store.objects


def named(objects: Objects, prefix: str) -> str:
    return next(name for name in objects if name.startswith(prefix))


def flipped(objects: Objects, name: str, position: int) -> Objects:
    data = bytearray(objects[name])
    data[position] ^= 1
    return {**objects, name: bytes(data)}


def packs_with(objects: Objects, kind: str) -> Iterator[tuple[str, PackEntry]]:
    store = MemoryStore(objects)
    key = open_repository(store).key
    for pack_id, size in list_packs(store).items():
        for entry in load_header(store, key, pack_id.hex(), size)[0]:
            if entry.type == kind:
                yield f"data/{pack_id.hex()[:2]}/{pack_id.hex()}", entry


def flip_blob(objects: Objects, kind: str) -> Objects:
    name, entry = next(packs_with(objects, kind))
    return flipped(objects, name, entry.offset + 20)


def lose(objects: Objects, prefix: str) -> Objects:
    lost = named(objects, prefix)
    return {name: data for name, data in objects.items() if name != lost}


def foreign_index(objects: Objects) -> Objects:
    """An index file of another repository."""
    other = MemoryStore()
    back_up(create_repository(other), {"other": b"o" * 500}, "other")
    name = named(other.objects, "index/")
    return {**objects, name: other.objects[name]}


def double_index(objects: Objects) -> Objects:
    """What one index file says is said by a second one."""
    store = MemoryStore(objects)
    kept = open_repository(store).objects
    document = kept.load(ObjectKind.INDEX, named(objects, "index/").partition("/")[2])
    kept.save(ObjectKind.INDEX, document)
    return store.objects


def lying_index(objects: Objects) -> Objects:
    """An index file says that a blob lies where it does not."""
    store = MemoryStore(objects)
    name, entry = next(packs_with(objects, "data"))
    moved = entry._replace(offset=entry.offset + 7, length=entry.length - 7)
    document = encode_index([(bytes.fromhex(name[-64:]), [moved])])
    open_repository(store).objects.save(ObjectKind.INDEX, document)
    return store.objects


DAMAGES: dict[str, Callable[[Objects], Objects]] = {
    "nothing": dict,
    "pack missing": lambda objects: lose(objects, "data/"),
    "pack cut in a blob": lambda o: {**o, (name := named(o, "data/")): o[name][:20]},
    "pack cut in its header": lambda o: {**o, (name := named(o, "data/")): o[name][:-1]},
    "pack empty": lambda o: {**o, named(o, "data/"): b""},
    "data blob flipped": lambda objects: flip_blob(objects, "data"),
    "tree blob flipped": lambda objects: flip_blob(objects, "tree"),
    "header flipped": lambda objects: flipped(objects, named(objects, "data/"), -10),
    "index missing": lambda objects: lose(objects, "index/"),
    "index flipped": lambda objects: flipped(objects, named(objects, "index/"), 20),
    "index empty": lambda o: {**o, named(o, "index/"): b""},
    "index foreign": foreign_index,
    "index double": double_index,
    "index lying": lying_index,
    "snapshot flipped": lambda objects: flipped(objects, named(objects, "snapshots/"), 20),
    "index missing, header flipped": lambda objects: flipped(
        lose(objects, "index/"), [n for n in objects if n.startswith("data/")][-1], -10
    ),
}


def rebuild(store: Store, day: int = 0) -> None:
    repository = open_repository(store, clock=clock_of(day))
    with repository.lock(exclusive=True) as lock:
        execute_index_rebuild(repository, lock, plan_index_rebuild(repository))


def prune(store: Store, day: int = 0) -> None:
    repository = open_repository(store, clock=clock_of(day))
    with repository.lock(exclusive=True) as lock:
        options = PruneOptions(max_unused_share=0)
        execute_prune(repository, lock, plan_prune(repository, lock, options=options))


def check_and_prune(store: Store, day: int = 0) -> None:
    check(open_repository(store, clock=clock_of(day)), read_data=True)
    prune(store, day)


REPAIRS: dict[str, Callable[..., None]] = {
    "repair index": rebuild,
    "prune": prune,
    "check, then prune": check_and_prune,
}


def clock_of(day: int) -> SimClock:
    """Return a clock; what a dead process locked on one day is stale on the next."""
    clock = SimClock()
    clock.advance(day * 86_400)
    return clock


def restorable(store: Store) -> set[str]:
    repository = open_repository(store)
    found = set()
    for snapshot in repository.list_snapshots(lambda _: None):
        label = snapshot.label or ""
        with suppress(HoldfastError):
            assert expected_of(repository.tree(snapshot)) == expected_of_files(FILES[label])
            found.add(label)
    return found


@pytest.mark.parametrize(("damage", "repair"), list(product(DAMAGES, REPAIRS)))
def test_a_repair_never_makes_less_restorable(objects: Objects, damage: str, repair: str) -> None:
    """R40: it ends or is refused; interrupted or not, at least as much restores as before."""

    def attempt(store: Store, day: int = 0) -> None:
        with suppress(RepositoryDamaged):
            REPAIRS[repair](store, day)

    start = DAMAGES[damage](objects)
    before = restorable(MemoryStore(start))
    ended = MemoryStore(start)
    attempt(ended)
    assert restorable(ended) >= before

    modes = [Mode.ERROR_BEFORE, Mode.ERROR_AFTER, *CRASHES[:2]]
    for ending in each_fault(start, attempt, modes=modes):
        assert restorable(ending.left) >= before, ending
        attempt(ending.left, day=1)
        assert restorable(ending.left) == restorable(ended), ending


@pytest.mark.parametrize("damage", ["index missing", "index flipped", "index empty"])
def test_a_lost_index_costs_nothing(objects: Objects, damage: str) -> None:
    """R40: the packs know what is in them."""
    store = MemoryStore(DAMAGES[damage](objects))
    rebuild(store)
    assert restorable(store) == set(FILES)
    assert check(open_repository(store), read_data=True).ok


@pytest.mark.parametrize("damage", ["index lying", "index foreign"])
def test_an_index_that_says_what_is_not_so_is_replaced(objects: Objects, damage: str) -> None:
    """R40: the check finds it, no backup is touched, and the rebuild leaves nothing of it."""
    store = MemoryStore(DAMAGES[damage](objects))
    assert restorable(store) == set(FILES)
    report = check(open_repository(store), read_data=True)
    assert not report.ok
    assert report.touched_backups == ()
    rebuild(store)
    assert check(open_repository(store), read_data=True).ok
    assert restorable(store) == set(FILES)


@pytest.mark.parametrize("repair", REPAIRS)
def test_an_intact_repository_is_left_as_it_is(objects: Objects, repair: str) -> None:
    """R40: nothing is written and nothing removed."""
    store = MemoryStore(objects)
    REPAIRS[repair](store)
    assert store.objects == objects


@pytest.mark.parametrize(("damage", "repair"), list(product(DAMAGES, REPAIRS)))
def test_what_cannot_be_read_now_is_not_taken_for_lost(
    objects: Objects, damage: str, repair: str
) -> None:
    """R40: each object in turn cannot be read or listed; nothing that restores is lost by that."""
    start = DAMAGES[damage](objects)
    before = restorable(MemoryStore(start))
    unreadable = [
        Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"load", "stat"}), prefix=name, nth=None)
        for name in start
        if name.startswith(("data/", "index/", "snapshots/"))
    ]
    for fault in unreadable:
        store = MemoryStore(start)
        with suppress(RepositoryDamaged, StoreError):
            REPAIRS[repair](FaultStore(store, [fault]))
        assert restorable(store) >= before, fault


@pytest.mark.parametrize(
    ("damage", "remedy"),
    [
        ("pack missing", "Run `holdfast create`"),
        ("pack cut in a blob", "Run `holdfast create`"),
        ("data blob flipped", "Run `holdfast create`"),
        ("tree blob flipped", "Run `holdfast create`"),
        ("pack cut in its header", "Run `holdfast prune`"),
        ("header flipped", "Run `holdfast prune`"),
        ("index missing", "Run `holdfast repair index`"),
        ("index flipped", "Run `holdfast repair index`"),
        ("index foreign", "Run `holdfast repair index`"),
        ("index lying", "Run `holdfast repair index`"),
        ("snapshot flipped", "Bring the file back"),
    ],
)
def test_a_finding_says_what_to_do(objects: Objects, damage: str, remedy: str) -> None:
    store = MemoryStore(DAMAGES[damage](objects))
    report = check(open_repository(store), read_data=True)
    assert {found.remedy[: len(remedy)] for found in report.findings} == {remedy}
