"""The repository as a whole: made once, opened rightly, listed in order."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

import holdfast.repository
from holdfast.errors import (
    BackupNotFound,
    HoldfastError,
    RepositoryDamaged,
    RepositoryExists,
    RepositoryNotFound,
    StoreError,
    UnsupportedRepository,
)
from holdfast.repository import Repository, Snapshot
from holdfast.repository.layout import ObjectKind
from holdfast.stores import MemoryStore
from tests.repository.making import PASSWORD, WHEN, back_up, create, golden_store, reopen
from tests.rig.fault_store import Fault, FaultStore, Mode


def test_a_new_repository_opens() -> None:
    store = MemoryStore()
    made = create(store)
    opened = reopen(store)
    assert opened.id == made.id
    assert (opened.version, opened.encrypted) == (2, True)
    assert sorted(name.split("/")[0] for name in store.objects) == ["config", "keys"]


def test_a_repository_is_never_made_over_another() -> None:
    store = MemoryStore()
    create(store)
    before = store.objects
    with pytest.raises(RepositoryExists):
        create(store, password="other")
    assert store.objects == before


def test_what_is_left_of_a_repository_is_not_made_over_either() -> None:
    """R51: the config was lost; with a new one the old data would be lost, too."""
    store = MemoryStore()
    back_up(create(store), {"a": b"x"})
    store.remove("config")
    before = store.objects
    with pytest.raises(RepositoryExists, match="without a config"):
        create(store)
    with pytest.raises(RepositoryDamaged, match="lost its config"):
        reopen(store)
    assert store.objects == before


def test_two_that_make_a_repository_at_once_make_one() -> None:
    inner = MemoryStore()
    store = FaultStore(inner)

    def come_first(operation: str, name: str) -> None:
        if (operation, name) == ("save", "config"):
            store.before = None
            create(inner)

    store.before = come_first
    with pytest.raises(RepositoryExists, match="Another process"):
        create(store)
    assert len(reopen(inner).keys.list()) == 1


@pytest.mark.parametrize("version", [0, 3, -1, 2**31])
def test_format_versions_that_we_do_not_know_are_refused(version: int) -> None:
    """R59."""
    store = MemoryStore()
    with pytest.raises(UnsupportedRepository):
        create(store, version=version)
    assert store.objects == {}
    _change_config(store, version=version)
    with pytest.raises(UnsupportedRepository):
        reopen(store)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../x"},
        {"id": None},
        {"version": "2"},
        {"version": None},
        {"chunker_polynomial": "0"},
        {"chunker_polynomial": "zz"},
        {"chunker_polynomial": "-25b468838dcb75"},
        {"chunker_polynomial": "25b468838dcb76"},
        {"chunker_polynomial": "f" * 1000},
    ],
)
def test_a_hostile_config_is_refused(change: dict[str, object]) -> None:
    """R59: the config of somebody who has the key."""
    store = MemoryStore()
    _change_config(store, **change)
    with pytest.raises(RepositoryDamaged, match="config is damaged"):
        reopen(store)


def _change_config(store: MemoryStore, **change: object) -> None:
    made = create(store)
    fields = msgspec.json.decode(made.key.open(store.load("config"))) | change
    store.remove("config")
    store.save("config", made.key.seal(msgspec.json.encode(fields)))


def test_a_huge_config_is_not_loaded() -> None:
    store = MemoryStore()
    create(store)
    store.remove("config")
    store.save("config", bytes(2**20 + 1))
    with pytest.raises(RepositoryDamaged, match="too large"):
        reopen(store)


def test_snapshots_are_listed_oldest_first() -> None:
    repository = create()
    first = back_up(repository, {"a": b"1"})
    with repository.lock():
        for days in (3, -5, 1):
            repository.save_snapshot(replace(first, time=WHEN + timedelta(days=days)))
    times = [snapshot.time - WHEN for snapshot in repository.list_snapshots()]
    assert [time.days for time in times] == [-5, 0, 1, 3]


def test_a_removed_snapshot_is_gone() -> None:
    repository = create()
    snapshot = back_up(repository, {"a": b"1"})
    assert snapshot.id is not None
    with repository.lock(exclusive=True):
        repository.remove_snapshot(snapshot.id)
        with pytest.raises(BackupNotFound):
            repository.remove_snapshot(snapshot.id)
    assert repository.list_snapshots() == []


@pytest.mark.parametrize("snapshot_id", ["ab" * 32, "", "latest", "../config", "AB" * 32])
def test_a_snapshot_that_is_not_there_is_called_so(snapshot_id: str) -> None:
    repository = create()
    for call in (repository.load_snapshot, repository.remove_snapshot):
        with pytest.raises(BackupNotFound):
            call(snapshot_id)


def test_a_damaged_snapshot_is_named_and_hides_no_other() -> None:
    store = MemoryStore()
    repository = create(store)
    back_up(repository, {"a": b"1"})
    damaged_id = "ab" * 32
    store.save(f"snapshots/{damaged_id}", b"damaged")
    with pytest.raises(RepositoryDamaged, match=damaged_id[:16]):
        repository.list_snapshots()
    problems: list[RepositoryDamaged] = []
    assert len(repository.list_snapshots(problems.append)) == 1
    assert len(problems) == 1


def test_a_snapshot_that_is_replaced_while_they_are_read_is_not_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change of what is said of a backup saves its snapshot anew and removes the former."""
    repository = create()
    first = back_up(repository, {"a": b"1"})
    load = repository.objects.load
    replaced: list[Snapshot] = []

    def replacing(kind: ObjectKind, name: str) -> bytes:
        if not replaced and name == first.id:
            replaced.append(repository.save_snapshot(replace(first, id=None, tags=("new",))))
            repository.remove_snapshot(name)
        return load(kind, name)

    with repository.lock(exclusive=True):
        monkeypatch.setattr(repository.objects, "load", replacing)
        found = repository.list_snapshots()
    assert [each.tags for each in found] == [("new",)]


def test_a_snapshot_that_is_replaced_while_they_are_listed_is_not_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A directory that was read before the new one came, its entry looked at after it went."""
    repository = create()
    first = back_up(repository, {"a": b"1"})
    list_objects = repository.objects.list
    listings: list[list[tuple[str, int]]] = []

    def missing_one(kind: ObjectKind) -> Iterator[tuple[str, int]]:
        listed = list(list_objects(kind))
        if kind is ObjectKind.SNAPSHOT:
            listings.append(listed)
            if len(listings) == 1:
                repository.save_snapshot(replace(first, id=None, tags=("new",)))
                repository.remove_snapshot(first.id or "")
                return iter(())
        return iter(listed)

    with repository.lock(exclusive=True):
        monkeypatch.setattr(repository.objects, "list", missing_one)
        found = repository.list_snapshots()
    assert [each.tags for each in found] == [("new",)]


def test_a_listing_that_fails_is_not_an_empty_one() -> None:
    """I8: an error is never taken for absence."""
    store = MemoryStore()
    back_up(create(store), {"a": b"1"})
    for prefix, read in _LISTINGS:
        broken = Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"list"}), prefix=prefix, nth=None)
        faulty = FaultStore(store)
        repository = reopen(faulty)
        faulty._counted = FaultStore(store, [broken])._counted
        with pytest.raises(StoreError, match="made to fail"):
            read(repository)


_LISTINGS: list[tuple[str, Callable[[Repository], object]]] = [
    ("snapshots/", lambda repository: repository.list_snapshots()),
    ("index/", lambda repository: repository.index),
    ("locks/", lambda repository: repository.lock()),
    ("keys/", lambda repository: repository.keys.list()),
]


def test_a_store_that_fails_is_not_a_missing_repository() -> None:
    store = MemoryStore()
    create(store)
    broken = Fault(mode=Mode.ERROR_BEFORE, nth=None)
    with pytest.raises(StoreError) as caught:
        reopen(FaultStore(store, [broken]))
    assert not isinstance(caught.value, RepositoryNotFound)


@pytest.mark.parametrize("name", ["restic-0.14-v1", "restic-0.14-v2"])
def test_both_format_versions_are_written_where_they_are_found(name: str) -> None:
    store = golden_store(name)
    repository = reopen(store, "golden pässword")
    snapshot = back_up(repository, {"new": b"n" * 5000})
    again = reopen(store, "golden pässword")
    assert b"".join(again.tree(snapshot).read("new")) == b"n" * 5000
    assert len(again.list_snapshots()) == 2


def test_a_repository_may_be_used_from_many_threads() -> None:
    repository = create()
    snapshot = back_up(repository, {f"f{i}": b"%d" % i * 3000 for i in range(40)})
    fresh = reopen(repository.store)
    tree = fresh.tree(snapshot)
    failures: list[HoldfastError] = []

    def read_all() -> None:
        try:
            for i in range(40):
                assert b"".join(tree.read(f"f{i}")) == b"%d" % i * 3000
        except HoldfastError as error:
            failures.append(error)

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_objects_are_named_by_their_hash() -> None:
    store = MemoryStore()
    back_up(create(store), {"a": b"1", "b/c": b"2"})
    for name, content in store.objects.items():
        if name != "config":
            assert name.rpartition("/")[2] == hashlib.sha256(content).hexdigest()


def test_nothing_stored_shows_what_is_in_it() -> None:
    """R56: neither names nor content nor the password stand anywhere in clear."""
    store = MemoryStore()
    back_up(create(store), {"canary-name": b"canary-content" * 9}, label="canary-label")
    stored = b"".join(store.objects.values())
    for secret in (b"canary", PASSWORD.encode()):
        assert secret not in stored


def test_a_snapshot_may_refer_to_another_by_original_and_parent() -> None:
    repository = create()
    first = back_up(repository, {"a": b"1"})
    with repository.lock():
        second = repository.save_snapshot(
            replace(first, id=None, parent=first.id, original=first.id, description="changed")
        )
    assert second.id is not None
    loaded: Snapshot = reopen(repository.store).load_snapshot(second.id)
    assert (loaded.parent, loaded.original, loaded.description) == (first.id, first.id, "changed")


def test_the_public_names_are_these() -> None:
    """Other rooms use what is named here; a name that goes breaks them."""
    assert set(holdfast.repository.__all__) >= {
        "BlobIndex",
        "BlobLocation",
        "BlobType",
        "KdfParameters",
        "KeyInfo",
        "KeyRing",
        "Lock",
        "ObjectKind",
        "PendingFile",
        "Repository",
        "RepositoryWriter",
        "SavedFile",
        "Snapshot",
        "SnapshotTree",
        "WriteSummary",
    }
    for name in holdfast.repository.__all__:
        assert hasattr(holdfast.repository, name)
