"""Every flipped byte and every cut is found, named, and never becomes wrong content."""

from __future__ import annotations

import pytest

from holdfast.errors import HoldfastError
from holdfast.repository import FindingKind, Repository, Subset, check
from holdfast.stores import MemoryStore
from tests.rig.backups import back_up, create_repository, open_repository
from tests.rig.oracle import Expected, expected_of, expected_of_files

FILES = {"a": b"the content of a file", "d/b": b"another file"}


@pytest.fixture(scope="module")
def tiny() -> dict[str, bytes]:
    """A whole repository of about two kilobytes."""
    store = MemoryStore()
    back_up(create_repository(store), FILES, "tiny")
    objects = store.objects
    assert sum(map(len, objects.values())) < 4096
    return objects


def discovered(store: MemoryStore) -> bool:
    """Say whether opening or a deep check finds something wrong."""
    try:
        return not check(open_repository(store), read_data=True)
    except HoldfastError:
        return True


def content(store: MemoryStore) -> Expected | None:
    """Restore the backup; None if that is refused."""
    try:
        repository = open_repository(store)
        return expected_of(repository.tree(repository.list_snapshots()[0]))
    except (HoldfastError, IndexError):
        return None


def kinds() -> list[str]:
    return ["config", "keys/", "snapshots/", "index/", "data/"]


@pytest.mark.parametrize("prefix", kinds())
def test_a_flip_of_any_byte_is_found_by_a_deep_check(tiny: dict[str, bytes], prefix: str) -> None:
    """R03, I3: one bit of every byte of every object in turn; none goes unnoticed."""
    unnoticed = []
    for name, data in tiny.items():
        for position in range(len(data)) if name.startswith(prefix) else ():
            flipped = bytearray(data)
            flipped[position] ^= 1 << (position % 8)
            store = MemoryStore({**tiny, name: bytes(flipped)})
            if not discovered(store):
                unnoticed.append(f"{name}[{position}]")
            assert content(store) in (None, expected_of_files(FILES))
    assert unnoticed == []


@pytest.mark.parametrize("prefix", kinds())
def test_a_cut_at_any_byte_is_found(tiny: dict[str, bytes], prefix: str) -> None:
    """R02: every object cut off at every byte; none goes unnoticed, none gives wrong bytes."""
    unnoticed = []
    for name, data in tiny.items():
        for length in range(len(data)) if name.startswith(prefix) else ():
            store = MemoryStore({**tiny, name: data[:length]})
            if not discovered(store):
                unnoticed.append(f"{name}[:{length}]")
            assert content(store) in (None, expected_of_files(FILES))
    assert unnoticed == []


@pytest.mark.parametrize("prefix", kinds())
def test_a_lost_object_is_found(tiny: dict[str, bytes], prefix: str) -> None:
    """All but a snapshot, whose absence means that it was removed, are missed."""
    for name in tiny:
        if name.startswith(prefix):
            left = {other: data for other, data in tiny.items() if other != name}
            assert discovered(MemoryStore(left)) == (prefix != "snapshots/")


@pytest.fixture
def three() -> tuple[MemoryStore, Repository]:
    """Three backups; the first and the last share a file, the middle one stands alone."""
    store = MemoryStore()
    repository = create_repository(store)
    back_up(repository, {"shared": b"s" * 500, "one": b"1" * 500}, "first")
    back_up(repository, {"two": b"2" * 500, "more/two": b"22" * 500}, "second")
    back_up(repository, {"shared": b"s" * 500, "three": b"3" * 500}, "third")
    return store, repository


def packs_in_order(store: MemoryStore) -> list[str]:
    """Return the packs in the order in which they were stored."""
    return [name for name in store.objects if name.startswith("data/")]


def damage(store: MemoryStore, name: str, position: int = 20) -> MemoryStore:
    data = bytearray(store.objects[name])
    data[position] ^= 1
    return MemoryStore({**store.objects, name: bytes(data)})


def restorable(store: MemoryStore) -> set[str]:
    repository = open_repository(store)
    found = set()
    for snapshot in repository.list_snapshots(lambda _: None):
        try:
            expected_of(repository.tree(snapshot))
        except HoldfastError:
            continue
        found.add(snapshot.label or "")
    return found


def test_a_damaged_pack_names_exactly_the_backups_that_need_it(
    three: tuple[MemoryStore, Repository],
) -> None:
    """Whichever pack is damaged: who is named cannot be restored, who is not can."""
    store, _ = three
    for name in packs_in_order(store):
        damaged = damage(store, name)
        report = check(open_repository(damaged), read_data=True)

        assert [found.object for found in report.findings] == [name]
        assert report.findings[0].kind is FindingKind.PACK_DAMAGED
        assert set(report.touched_backups) == {"first", "second", "third"} - restorable(damaged)
        assert report.touched_backups


def test_a_missing_pack_names_exactly_the_backups_that_need_it(
    three: tuple[MemoryStore, Repository],
) -> None:
    """A check of the structure alone finds it."""
    store, _ = three
    for name in packs_in_order(store):
        left = MemoryStore({k: v for k, v in store.objects.items() if k != name})
        report = check(open_repository(left))

        assert FindingKind.PACK_MISSING in [found.kind for found in report.findings]
        assert name in [found.object for found in report.findings]
        assert set(report.touched_backups) == {"first", "second", "third"} - restorable(left)


def test_a_cut_pack_is_found_without_reading_it(three: tuple[MemoryStore, Repository]) -> None:
    store, _ = three
    name = packs_in_order(store)[0]
    cut = MemoryStore({**store.objects, name: store.objects[name][:-1]})

    report = check(open_repository(cut))

    assert [found.object for found in report.findings] == [name]
    assert "by the index it must have" in report.findings[0].problem


def test_a_damaged_header_alone_costs_no_backup(three: tuple[MemoryStore, Repository]) -> None:
    """The index knows the blobs too, so all is still restorable, and the check says so."""
    store, _ = three
    name = packs_in_order(store)[0]
    damaged = damage(store, name, position=len(store.objects[name]) - 10)

    report = check(open_repository(damaged), read_data=True)

    assert [(found.object, found.backups) for found in report.findings] == [(name, ())]
    assert "header" in report.findings[0].problem
    assert restorable(damaged) == {"first", "second", "third"}


def test_a_damaged_snapshot_is_named_and_the_others_stay(
    three: tuple[MemoryStore, Repository],
) -> None:
    store, repository = three
    second = repository.list_snapshots()[1]
    name = f"snapshots/{second.id}"
    damaged = damage(store, name)

    report = check(open_repository(damaged), read_data=True)

    assert [str(found.kind) for found in report.findings] == ["snapshot-damaged"]
    assert report.findings[0].object == name
    assert report.findings[0].backups == ((second.id or "")[:8],)
    assert restorable(damaged) == {"first", "third"}


def test_a_blob_with_a_second_copy_costs_no_backup() -> None:
    """Two clients can store the same blob twice; one good copy is enough."""
    store = MemoryStore()
    one = create_repository(store)
    other = open_repository(store)
    other.index  # noqa: B018 - both have loaded the index before either writes
    back_up(one, {"file": b"x" * 500}, "first")
    objects = store.objects
    for name in list(objects):
        if name.startswith("index/"):
            del objects[name]
    hidden = MemoryStore(objects)
    back_up(open_repository(hidden), {"file": b"x" * 500}, "second")
    both = MemoryStore({**store.objects, **hidden.objects})

    report = check(open_repository(both), read_data=True)
    assert report.ok
    assert report.duplicate_blobs > 0

    for name in packs_in_order(both):
        damaged = damage(both, name)
        report = check(open_repository(damaged), read_data=True)
        assert [(found.object, found.backups) for found in report.findings] == [(name, ())]
        assert restorable(damaged) == {"first", "second"}


def test_a_pack_under_another_name_is_noted(three: tuple[MemoryStore, Repository]) -> None:
    """Every byte of it is authentic; only its name is wrong."""
    store, _ = three
    name = packs_in_order(store)[0]
    wrong = "data/00/" + "0" * 64
    report = check(
        open_repository(MemoryStore({**store.objects, wrong: store.objects[name]})), read_data=True
    )

    assert report.ok
    assert "does not match its name" in report.notes[0]


def test_damage_to_config_or_another_key_is_found_while_the_repository_is_open() -> None:
    """R03: it still works today; it would not tomorrow, so the check says so."""
    store = MemoryStore()
    repository = create_repository(store)
    repository.keys.add("another password")
    for name in [name for name in store.objects if name.startswith(("config", "keys/"))]:
        intact = store.objects[name]
        store.remove(name)
        store.save(name, intact[:50] + bytes([intact[50] ^ 1]) + intact[51:])

        report = check(repository)
        assert [found.object for found in report.findings] == [name]
        assert [str(found.kind) for found in report.findings] == [
            "config-damaged" if name == "config" else "key-damaged"
        ]
        store.remove(name)
        store.save(name, intact)
    assert check(repository).ok


def test_a_report_says_what_was_looked_at(three: tuple[MemoryStore, Repository]) -> None:
    store, repository = three
    report = check(repository, read_data=True)

    packs = [data for name, data in store.objects.items() if name.startswith("data/")]
    assert report
    assert not report.findings
    assert not report.notes
    assert (report.keys, report.snapshots, report.index_files) == (1, 3, 3)
    assert (report.trees, report.blobs) == (4, 9)
    assert report.packs == report.packs_read == len(packs)
    assert report.packs_bytes == report.bytes_read == sum(map(len, packs))
    assert (report.unreferenced_packs, report.unused_blobs, report.duplicate_blobs) == (0, 0, 0)


def test_a_subset_reads_only_its_part(three: tuple[MemoryStore, Repository]) -> None:
    """R10: over all parts every pack is read once."""
    _, repository = three
    reports = [check(repository, subset=Subset(bucket=(n, 3))) for n in (1, 2, 3)]

    assert sum(report.packs_read for report in reports) == reports[0].packs
    assert all(reports)
    assert check(repository).packs_read == 0


def test_what_an_interrupted_run_left_is_no_damage(three: tuple[MemoryStore, Repository]) -> None:
    """A pack that no index names is counted; a torn one is noted; both are harmless."""
    store, repository = three
    index = [name for name in store.objects if name.startswith("index/")]
    left = MemoryStore({k: v for k, v in store.objects.items() if k != index[-1]})
    left.remove(f"snapshots/{repository.list_snapshots()[-1].id}")

    report = check(open_repository(left), read_data=True)
    assert report.ok
    assert report.unreferenced_packs == 2
    assert report.unreferenced_bytes > 0

    torn = damage(left, packs_in_order(left)[-1])
    report = check(open_repository(torn), read_data=True)
    assert report.ok
    assert len(report.notes) == 1
    assert "no index names" in report.notes[0]
