"""A rebuilt index, and that a repair never makes less restorable than it found."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pytest

from holdfast.errors import (
    HoldfastError,
    RepositoryDamaged,
    RepositoryError,
    StoreError,
    UsageError,
)
from holdfast.repository import (
    IndexRebuildPlan,
    Repository,
    check,
    execute_index_rebuild,
    plan_index_rebuild,
    repair,
)
from holdfast.repository.index_files import save_index
from holdfast.stores import LocalStore, MemoryStore, Store
from tests.rig.backups import PASSWORD, back_up, create_repository, open_repository
from tests.rig.fault_store import Fault, FaultStore, Mode
from tests.rig.oracle import Oracle, expected_of, expected_of_files
from tests.rig.restic import Restic

LABELS = {"first", "second"}


def rebuild(repository: Repository, drop: Collection[str] = ()) -> IndexRebuildPlan:
    with repository.lock(exclusive=True) as lock:
        planned = plan_index_rebuild(repository, drop=drop)
        execute_index_rebuild(repository, lock, planned)
    return planned


def filled(store: Store) -> Store:
    repository = create_repository(store)
    back_up(repository, {"shared": b"s" * 500, "one": b"1" * 500}, "first")
    back_up(repository, {"shared": b"s" * 500, "d/two": b"2" * 500}, "second")
    return store


@pytest.fixture
def objects() -> dict[str, bytes]:
    store = MemoryStore()
    filled(store)
    return store.objects


def named(objects: dict[str, bytes], prefix: str) -> list[str]:
    return [name for name in objects if name.startswith(prefix)]


def flipped(objects: dict[str, bytes], name: str, position: int) -> dict[str, bytes]:
    data = bytearray(objects[name])
    data[position] ^= 1
    return {**objects, name: bytes(data)}


def without(objects: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in objects.items() if name not in names}


def restorable(store: Store) -> set[str]:
    found = set()
    repository = open_repository(store)
    for snapshot in repository.list_snapshots():
        try:
            expected_of(repository.tree(snapshot))
        except HoldfastError:
            continue
        found.add(snapshot.label or "")
    return found


def test_an_intact_index_is_left_alone(objects: dict[str, bytes]) -> None:
    """R40: nothing is written where nothing is wrong."""
    store = MemoryStore(objects)
    planned = rebuild(open_repository(store))

    assert planned.empty
    assert str(planned) == "The index is right: 4 packs, 6 blobs"
    assert store.objects == objects


def test_a_lost_index_is_rebuilt(objects: dict[str, bytes]) -> None:
    """R40: some or all index files missing: afterwards everything is restorable again."""
    files = named(objects, "index/")
    for lost in (files[:1], files[1:], files):
        store = MemoryStore(without(objects, *lost))
        assert restorable(store) != LABELS

        planned = rebuild(open_repository(store))

        assert planned.packs_added > 0
        assert restorable(store) == LABELS
        assert check(open_repository(store), read_data=True).ok


@pytest.mark.parametrize("position", [0, 20, -1])
def test_a_damaged_index_is_replaced(objects: dict[str, bytes], position: int) -> None:
    for name in named(objects, "index/"):
        store = MemoryStore(flipped(objects, name, position))
        planned = rebuild(open_repository(store))

        assert list(planned.damaged_files) == [name.partition("/")[2]]
        assert name not in store.objects
        assert restorable(store) == LABELS
        assert check(open_repository(store), read_data=True).ok


def test_a_missing_pack_leaves_the_index(objects: dict[str, bytes]) -> None:
    """R40: what is gone is no longer promised, so that the next backup stores it again."""
    for name in named(objects, "data/"):
        store = MemoryStore(without(objects, name))
        before = restorable(store)
        planned = rebuild(open_repository(store))

        assert planned.packs_missing == (name[-64:],)
        assert restorable(store) == before

        back_up(
            open_repository(store),
            {"shared": b"s" * 500, "one": b"1" * 500, "d/two": b"2" * 500},
            "again",
        )
        assert "again" in restorable(store)


def test_a_pack_with_a_damaged_header_keeps_what_the_index_says(objects: dict[str, bytes]) -> None:
    """R40: the header is unreadable and the index knows better, so nothing is lost."""
    index = named(objects, "index/")
    for name in named(objects, "data/"):
        damaged = flipped(objects, name, -10)
        store = MemoryStore(damaged)
        planned = rebuild(open_repository(store))
        assert planned.packs_unreadable == (name[-64:],)
        assert planned.empty
        assert restorable(store) == LABELS

        # And the same while the rest of the index has to be rebuilt.
        for other in index:
            store = MemoryStore(without(damaged, other))
            before = restorable(store)
            with suppress(RepositoryDamaged):
                rebuild(open_repository(store))
            assert restorable(store) >= before


@pytest.mark.parametrize("number", range(4))
def test_a_pack_that_nobody_knows_must_be_dropped_by_name(
    objects: dict[str, bytes], number: int
) -> None:
    """R40: no index, and a pack that cannot be read: the plan names it and refuses."""
    name = named(objects, "data/")[number]
    damaged = without(flipped(objects, name, -10), *named(objects, "index/"))
    store = MemoryStore(damaged)
    with pytest.raises(RepositoryDamaged, match=name[-64:]):
        rebuild(open_repository(store))
    assert store.objects == damaged

    planned = rebuild(open_repository(store), drop=[name[-64:]])

    assert planned.packs_dropped == (name[-64:],)
    assert name in store.objects
    assert restorable(store) == restorable(MemoryStore(without(objects, name)))


def test_only_packs_that_are_there_can_be_dropped(objects: dict[str, bytes]) -> None:
    for wrong in ("", "abc", "0" * 64, "z" * 64):
        with pytest.raises(UsageError, match="no pack"):
            rebuild(open_repository(MemoryStore(objects)), drop=[wrong])


def test_a_torn_pack_of_an_interrupted_run_is_no_obstacle(objects: dict[str, bytes]) -> None:
    """No index names it and the index is whole: no backup needs it."""
    store = MemoryStore({**objects, "data/00/" + "0" * 64: b"torn"})
    planned = rebuild(open_repository(store))

    assert planned.packs_ignored == ("0" * 64,)
    assert restorable(store) == LABELS


def test_a_store_that_cannot_be_read_changes_nothing(objects: dict[str, bytes]) -> None:
    """R40: read errors are no damage. Each pack fails to be read; each list fails or lies."""
    start = without(objects, named(objects, "index/")[0])
    faults = [
        *(
            Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"load"}), prefix=name, nth=None)
            for name in named(objects, "data/")
        ),
        *(
            Fault(mode=mode, calls=frozenset({"list"}), prefix=prefix, nth=None)
            for prefix in ("index/", "data/")
            for mode in (Mode.ERROR_BEFORE, Mode.VANISHED)
        ),
    ]
    for fault in faults:
        inner = MemoryStore(start)
        before = restorable(inner)
        try:
            rebuild(open_repository(FaultStore(inner, [fault])))
        except (StoreError, RepositoryDamaged):
            assert without(inner.objects, *named(inner.objects, "locks/")) == start
        assert restorable(inner) >= before


def test_an_index_that_reads_back_wrong_does_not_replace_the_old_one(
    objects: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R40: were the writing wrong, reading it back would stop the repair."""
    start = without(objects, named(objects, "index/")[0])
    store = MemoryStore(start)
    monkeypatch.setattr(
        repair, "save_index", lambda kept, lock, packs: save_index(kept, lock, packs[1:])
    )

    with pytest.raises(RepositoryError, match="the old one was left"):
        rebuild(open_repository(store))
    assert [name for name in start if name not in store.objects] == []


def test_a_listing_that_lacks_a_pack_is_not_believed(objects: dict[str, bytes]) -> None:
    """I8: before a pack leaves the index it is asked for by name."""
    inner = MemoryStore(objects)
    fault = Fault(mode=Mode.VANISHED, calls=frozenset({"list"}), prefix="data/", nth=None)

    with pytest.raises(StoreError, match="was not listed"):
        rebuild(open_repository(FaultStore(inner, [fault])))
    assert inner.objects == objects


def test_a_shared_lock_is_not_enough(objects: dict[str, bytes]) -> None:
    repository = open_repository(MemoryStore(objects))
    with repository.lock() as lock, pytest.raises(RepositoryError, match="exclusive"):
        execute_index_rebuild(repository, lock, plan_index_rebuild(repository))


def test_a_plan_of_yesterday_is_refused(objects: dict[str, bytes]) -> None:
    store = MemoryStore(without(objects, named(objects, "index/")[0]))
    repository = open_repository(store)
    planned = plan_index_rebuild(repository)
    back_up(repository, {"new": b"new"}, "third")

    with (
        repository.lock(exclusive=True) as lock,
        pytest.raises(RepositoryError, match="changed"),
    ):
        execute_index_rebuild(repository, lock, planned)


def test_restic_reads_a_rebuilt_index(tmp_path: Path) -> None:
    """`restic check --read-data` is clean, and restic restores every backup."""
    store = LocalStore(tmp_path / "repository")
    repository = Repository.create(store, PASSWORD)
    oracle = Oracle()
    for label, files in (("first", {"a": b"a" * 500}), ("second", {"d/b": b"b" * 500})):
        oracle.add(back_up(repository, files, label).id or "", expected_of_files(files))
    for info in list(store.list("index/")):
        store.remove(info.name)

    rebuild(Repository.open(store, PASSWORD))

    restic = Restic(store.path, PASSWORD, tmp_path / "home")
    restic.check()
    oracle.assert_restic_restores(restic, tmp_path / "restored")
