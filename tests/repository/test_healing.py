"""What is damaged is noted, stored anew by the next backup, and replaced by a prune.

A blob that is named by its content is stored once and relied on by every later backup. So one
wrong bit would touch all of them for ever, were it not noticed that the stored copy is bad.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError, RepositoryDamaged
from holdfast.repository import (
    PruneOptions,
    PruneSummary,
    Repository,
    check,
    execute_prune,
    plan_prune,
)
from holdfast.repository.damage_notes import load_damage, note_damage
from holdfast.repository.index_loading import list_packs
from holdfast.repository.packs import PackEntry, load_header
from holdfast.stores import LocalStore, MemoryStore, Store
from tests.rig.backups import PASSWORD, back_up, create_repository, open_repository
from tests.rig.fault_store import ERRORS, WRITES, Fault, FaultStore, Mode, each_fault
from tests.rig.oracle import expected_of, expected_of_files
from tests.rig.restic import Restic

FIRST = {"shared": b"s" * 500, "one": b"1" * 500, "d/deep": b"d" * 500}
SECOND = {"shared": b"s" * 500, "two": b"2" * 500, "d/deep": b"d" * 500}
LABELS = {"first", "second"}


@pytest.fixture(scope="module")
def objects() -> dict[str, bytes]:
    store = MemoryStore()
    repository = create_repository(store)
    back_up(repository, FIRST, "first")
    back_up(repository, SECOND, "second")
    return store.objects


def flipped(objects: dict[str, bytes], name: str, position: int) -> MemoryStore:
    data = bytearray(objects[name])
    data[position] ^= 1
    return MemoryStore({**objects, name: bytes(data)})


def blobs_of(objects: dict[str, bytes]) -> Iterator[tuple[str, PackEntry]]:
    """Yield every blob with the name of its pack."""
    store = MemoryStore(objects)
    repository = open_repository(store)
    for pack_id, size in list_packs(store).items():
        entries, _ = load_header(store, repository.key, pack_id.hex(), size)
        for entry in entries:
            yield f"data/{pack_id.hex()[:2]}/{pack_id.hex()}", entry


def shared_blob(objects: dict[str, bytes]) -> tuple[str, PackEntry]:
    """Return the blob that both backups need, with the name of its pack."""
    wanted = hashlib.sha256(FIRST["shared"]).digest()
    return next(pair for pair in blobs_of(objects) if pair[1].id == wanted)


def damages(objects: dict[str, bytes]) -> Iterator[tuple[str, MemoryStore]]:
    """Yield a store for each blob with a wrong bit in it, and for each wrong header."""
    for name, entry in blobs_of(objects):
        yield f"{entry.type} blob in {name}", flipped(objects, name, entry.offset + 20)
    for name in packs_of(objects):
        yield f"header of {name}", flipped(objects, name, -10)
        yield f"length field of {name}", flipped(objects, name, -1)


def packs_of(objects: dict[str, bytes]) -> list[str]:
    return [name for name in objects if name.startswith("data/")]


def notes_of(store: MemoryStore) -> list[str]:
    return [name for name in store.objects if name.startswith("holdfast/")]


def deep_check(store: Store) -> set[str]:
    """Check every byte and return the backups that are touched."""
    return set(check(open_repository(store), read_data=True).touched_backups)


def back_up_again(store: Store, files: dict[str, bytes], label: str = "again") -> None:
    """Make a backup as the service does: it relies on what is intact only."""
    repository = open_repository(store)
    repository.reload_index(only_intact=True)
    back_up(repository, files, label)


def prune(store: Store) -> PruneSummary:
    repository = open_repository(store)
    with repository.lock(exclusive=True) as lock:
        plan = plan_prune(repository, lock, options=PruneOptions(max_unused_share=1))
        return execute_prune(repository, lock, plan)


def restorable(store: Store) -> set[str]:
    repository = open_repository(store)
    expected = {"first": FIRST, "second": SECOND, "again": {**FIRST, **SECOND}}
    found = set()
    for snapshot in repository.list_snapshots():
        label = snapshot.label or ""
        try:
            content = expected_of(repository.tree(snapshot))
        except HoldfastError:
            continue
        assert content == expected_of_files(expected[label])
        found.add(label)
    return found


def test_what_a_deep_check_finds_the_next_backups_store_anew(objects: dict[str, bytes]) -> None:
    """R40: one wrong bit in each blob and header in turn: backups of the same data heal it all.

    The check names who is touched; then the touched ones are restorable again; then a prune
    leaves nothing damaged, and every backup restores.
    """
    for what, store in damages(objects):
        touched = deep_check(store)
        assert touched == LABELS - restorable(store), what

        back_up_again(store, {**FIRST, **SECOND})
        back_up_again(store, FIRST, "first")  # for the directories, which only these have
        back_up_again(store, SECOND, "second")
        assert restorable(store) == LABELS | {"again"}, what
        assert deep_check(store) == set(), what

        prune(store)
        report = check(open_repository(store), read_data=True)
        assert report.ok, (what, report.findings)
        assert restorable(store) == LABELS | {"again"}, what
        assert notes_of(store) == [], what


def test_without_a_check_a_backup_relies_on_what_it_cannot_know(objects: dict[str, bytes]) -> None:
    """The note makes the difference, not the backup: else the test above would prove nothing."""
    name, entry = shared_blob(objects)
    store = flipped(objects, name, entry.offset + 20)

    back_up_again(store, {**FIRST, **SECOND})
    assert "again" not in restorable(store)


def test_notes_survive_in_the_repository_and_are_not_written_twice(
    objects: dict[str, bytes],
) -> None:
    name, entry = shared_blob(objects)
    store = flipped(objects, name, entry.offset + 20)
    deep_check(store)
    (note,) = notes_of(store)
    deep_check(store)

    assert notes_of(store) == [note]
    noted = load_damage(open_repository(store).objects).packs
    assert noted == {bytes.fromhex(name[-64:]): frozenset([entry])}


def test_a_check_that_does_not_read_still_tells_what_an_earlier_one_found(
    objects: dict[str, bytes],
) -> None:
    name, entry = shared_blob(objects)
    store = flipped(objects, name, entry.offset + 20)
    touched = deep_check(store)

    report = check(open_repository(store))

    assert [found.object for found in report.findings] == [name]
    assert "an earlier check found it damaged (1 damaged blobs)" in report.findings[0].problem
    assert set(report.touched_backups) == touched


def test_a_pack_that_was_brought_back_is_no_longer_noted(objects: dict[str, bytes]) -> None:
    """From a copy of the repository, say. A check that reads it finds it intact."""
    name, entry = shared_blob(objects)
    store = flipped(objects, name, entry.offset + 20)
    deep_check(store)
    mended = MemoryStore({**store.objects, name: objects[name]})

    assert deep_check(mended) == set()
    assert notes_of(mended) == []
    assert check(open_repository(mended)).ok


def test_a_damaged_note_is_told_and_replaced(objects: dict[str, bytes]) -> None:
    name, entry = shared_blob(objects)
    store = flipped(objects, name, entry.offset + 20)
    deep_check(store)
    (note,) = notes_of(store)
    spoilt = flipped(store.objects, note, 20)

    report = check(open_repository(spoilt), read_data=True)

    assert "Damage note" in report.notes[0]
    assert len(notes_of(spoilt)) == 1
    assert note not in notes_of(spoilt)
    assert load_damage(open_repository(spoilt).objects).packs


def test_where_nothing_can_be_written_the_check_says_so(objects: dict[str, bytes]) -> None:
    """A read-only copy is checked as well; what it cannot note it tells."""
    name, entry = shared_blob(objects)
    store = flipped(objects, name, entry.offset + 20)
    refused = Fault(mode=Mode.ERROR_BEFORE, calls=WRITES, nth=None)

    report = check(open_repository(FaultStore(store, [refused])), read_data=True)

    assert [found.object for found in report.findings] == [name]
    assert "could not be noted" in report.notes[0]


def test_a_store_that_fails_is_not_noted_as_damage(objects: dict[str, bytes]) -> None:
    """R40: read errors are no damage, also where a header is damaged and blobs are read singly."""
    for name in packs_of(objects):
        for position in (20, -10):
            store = flipped(objects, name, position)
            unread = Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"load"}), prefix=name, nth=None)
            check(open_repository(FaultStore(store, [unread])), read_data=True)
            assert notes_of(store) == []


def test_an_interrupted_note_loses_no_note(objects: dict[str, bytes]) -> None:
    """Whatever call fails or is the last, what was noted before is noted afterwards."""
    (first_name, first), *_, (other_name, other) = blobs_of(objects)
    first_id, other_id = (bytes.fromhex(name[-64:]) for name in (first_name, other_name))
    start = MemoryStore(objects)
    note_damage(open_repository(start).objects, {first_id: [first]})

    def add_another(store: Store) -> None:
        note_damage(open_repository(store).objects, {other_id: [other]})

    modes = [*ERRORS, Mode.CRASH_BEFORE, Mode.CRASH_AFTER]
    for ending in each_fault(start.objects, add_another, modes=modes):
        left = ending.left
        for name in [name for name in notes_of(left) if not left.objects[name]]:
            left.remove(name)
        assert first_id in load_damage(open_repository(left).objects).packs, ending
        add_another(left)
        assert load_damage(open_repository(left).objects).packs.keys() == {first_id, other_id}


def test_what_is_nowhere_intact_stays_as_it_is(objects: dict[str, bytes]) -> None:
    """R40: a prune before the next backup removes nothing of a pack whose blobs are needed."""
    for name, entry in blobs_of(objects):
        if entry.type == "tree":
            continue
        store = flipped(objects, name, entry.offset + 20)
        deep_check(store)
        before = restorable(store)
        prune(store)

        assert name in store.objects
        assert restorable(store) == before
        assert len(notes_of(store)) == 1


def test_a_damaged_directory_stops_a_prune(objects: dict[str, bytes]) -> None:
    """I8: what it names is not known, so nothing may go."""
    for name, entry in blobs_of(objects):
        if entry.type == "data":
            continue
        store = flipped(objects, name, entry.offset + 20)
        deep_check(store)
        with pytest.raises(RepositoryDamaged):
            prune(store)
        assert packs_of(store.objects) == packs_of(objects)


def test_of_two_copies_a_prune_keeps_the_good_one_though_nobody_noted_the_bad_one(
    objects: dict[str, bytes],
) -> None:
    """R40: the copy that stays is read before the other one goes."""
    hidden = {name: data for name, data in objects.items() if not name.startswith("index/")}
    second = MemoryStore(hidden)
    for label, files in (("first", FIRST), ("second", SECOND)):
        back_up(open_repository(second), files, label)
    both = {**objects, **second.objects}
    for name, entry in blobs_of(both):
        store = flipped(both, name, entry.offset + 20)
        repository = open_repository(store)
        with repository.lock(exclusive=True) as lock:
            options = PruneOptions(max_unused_share=0)
            execute_prune(repository, lock, plan_prune(repository, lock, options=options))
        assert restorable(store) == LABELS
        assert deep_check(store) == set()


def test_two_bad_copies_stop_a_prune(objects: dict[str, bytes]) -> None:
    name, entry = shared_blob(objects)
    twice = MemoryStore(objects)
    note_damage(open_repository(twice).objects, {bytes.fromhex(name[-64:]): [entry]})
    back_up_again(twice, FIRST, "again")
    copies = [pair for pair in blobs_of(twice.objects) if pair[1].id == entry.id]
    assert len(copies) == 2
    for pack, copy in copies:
        twice = flipped(twice.objects, pack, copy.offset + 20)
    for note in notes_of(twice):
        twice.remove(note)

    with pytest.raises(RepositoryDamaged, match="No copy of"):
        prune(twice)


def cut(objects: dict[str, bytes], name: str, length: int) -> MemoryStore:
    return MemoryStore({**objects, name: objects[name][:length]})


def test_a_pack_that_lost_its_end_is_replaced(objects: dict[str, bytes]) -> None:
    """R40: cut in its header it still holds all blobs; longer than it should be, too."""
    for name in packs_of(objects):
        for store in (
            cut(objects, name, -1),
            MemoryStore({**objects, name: objects[name] + b"more"}),
        ):
            assert not check(open_repository(store)).ok
            prune(store)
            assert name not in store.objects
            assert restorable(store) == LABELS
            assert check(open_repository(store), read_data=True).ok


def test_a_lost_or_cut_pack_that_was_stored_anew_is_no_obstacle(objects: dict[str, bytes]) -> None:
    """R40: the next prune chooses the copies that are there."""
    for name in packs_of(objects):
        missing = {other: data for other, data in objects.items() if other != name}
        for store in (MemoryStore(missing), cut(objects, name, 20)):
            for label, files in (("first", FIRST), ("second", SECOND)):
                back_up_again(store, files, label)
            prune(store)
            assert name not in store.objects
            assert restorable(store) == LABELS
            assert check(open_repository(store), read_data=True).ok


def test_restic_agrees_that_all_is_well_again(tmp_path: Path) -> None:
    """restic leaves the notes alone, and after the prune finds every byte right."""
    store = LocalStore(tmp_path / "repository")
    repository = Repository.create(store, PASSWORD)
    back_up(repository, FIRST, "first")
    restic = Restic(store.path, PASSWORD, tmp_path / "home")
    pack = max((store.path / "data").rglob("?" * 64), key=lambda path: path.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[20] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(data)

    assert check(Repository.open(store, PASSWORD), read_data=True).touched_backups == ("first",)
    assert restic.attempt("check", "--read-data").returncode != 0
    healing = Repository.open(store, PASSWORD)
    healing.reload_index(only_intact=True)
    back_up(healing, FIRST, "again")
    with healing.lock(exclusive=True) as lock:
        execute_prune(healing, lock, plan_prune(healing, lock))

    restic.check()
    for snapshot in restic.snapshots():
        restic.restore(snapshot["id"], tmp_path / snapshot["id"])
        for path, content in FIRST.items():
            assert (tmp_path / snapshot["id"] / path).read_bytes() == content
