"""What a prune removes, what it never removes, and in which order."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast.errors import (
    Cancelled,
    RepositoryDamaged,
    RepositoryError,
    RepositoryLocked,
    StoreError,
)
from holdfast.models.progress import CancellationToken, Progress
from holdfast.repository import (
    PruneOptions,
    PrunePlan,
    PruneSummary,
    Repository,
    check,
    execute_prune,
    plan_prune,
    prune_execution,
)
from holdfast.stores import LocalStore, MemoryStore, Store
from tests.rig.backups import PASSWORD, back_up, create_repository, open_repository
from tests.rig.disk import small_disk
from tests.rig.fault_store import READS, Fault, FaultStore, Mode, each_fault
from tests.rig.oracle import Oracle, expected_of_files
from tests.rig.restic import Restic
from tests.rig.sim_clock import SimClock

THOROUGH = PruneOptions(max_unused_share=0)


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def prune(repository: Repository, options: PruneOptions = THOROUGH) -> PruneSummary:
    with repository.lock(exclusive=True) as lock:
        return execute_prune(repository, lock, plan_prune(repository, lock, options=options))


def plan(repository: Repository, options: PruneOptions = THOROUGH) -> PrunePlan:
    with repository.lock(exclusive=True) as lock:
        return plan_prune(repository, lock, options=options)


class Filled:
    """A repository with three backups that share files, and the oracle that knows them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.repository = create_repository(store)
        self.oracle = Oracle()
        self.add("first", {"shared": noise(1, 3000), "one": noise(2, 2000)})
        self.add("second", {"shared": noise(1, 3000), "d/two": noise(3, 2000)})
        self.add("third", {"shared": noise(1, 3000), "three": noise(4, 2000)})

    def add(self, label: str, files: dict[str, bytes]) -> None:
        snapshot = back_up(self.repository, files, label)
        self.oracle.add(snapshot.id or "", expected_of_files(files))

    def remove(self, label: str) -> None:
        for snapshot in self.repository.list_snapshots():
            if snapshot.label == label:
                self.repository.remove_snapshot(snapshot.id or "")
                self.oracle.forget(snapshot.id or "")

    def assert_sound(self) -> None:
        repository = open_repository(self.store)
        report = check(repository, read_data=True)
        assert report.ok, report.findings
        self.oracle.assert_restorable(repository)


@pytest.fixture
def filled() -> Filled:
    return Filled(MemoryStore())


def objects(store: Store) -> dict[str, bytes]:
    assert isinstance(store, MemoryStore)
    return store.objects


def packs_bytes(store: Store) -> int:
    return sum(len(data) for name, data in objects(store).items() if name.startswith("data/"))


def test_what_no_backup_needs_goes_and_the_rest_stays(filled: Filled) -> None:
    filled.remove("first")
    before = packs_bytes(filled.store)

    summary = prune(filled.repository)

    filled.assert_sound()
    report = check(filled.repository)
    assert (report.unused_blobs, report.unreferenced_packs) == (0, 0)
    assert before - packs_bytes(filled.store) == pytest.approx(summary.freed_bytes, abs=1000)
    assert summary.freed_bytes > 2000


def test_who_reads_beside_a_prune_finds_what_it_wrote_anew(filled: Filled) -> None:
    """Readers hold no lock: a pack that went is no damage while its content is elsewhere."""
    reader = open_repository(filled.store)
    trees = [reader.tree(each) for each in reader.list_snapshots() if each.label != "first"]
    contents = [(tree, path, node) for tree in trees for path, node in tree.walk("") if node.size]
    assert reader.index.files
    filled.remove("first")
    summary = prune(filled.repository)

    assert summary.packs_added
    assert summary.packs_removed
    for tree, path, node in contents:
        assert len(b"".join(tree.read(path))) == node.size
    assert reader.blobs.damage == {}


def test_the_plan_says_before_what_the_summary_says_after(filled: Filled) -> None:
    filled.remove("second")
    with filled.repository.lock(exclusive=True) as lock:
        planned = plan_prune(filled.repository, lock, options=THOROUGH)
        summary = execute_prune(filled.repository, lock, planned)

    assert not planned.empty
    assert planned.snapshots == 2
    assert summary.packs_removed == planned.packs_removed + planned.packs_repacked
    assert summary.freed_bytes == pytest.approx(planned.freed_bytes, abs=1000)
    assert "are freed" in str(planned)


def test_a_plan_changes_nothing(filled: Filled) -> None:
    filled.remove("first")
    before = objects(filled.store)
    plan(filled.repository)

    assert objects(filled.store) == before


def test_nothing_to_do_changes_nothing(filled: Filled) -> None:
    before = objects(filled.store)
    planned = plan(filled.repository)
    summary = prune(filled.repository)

    assert planned.empty
    assert (summary.packs_removed, summary.freed_bytes, summary.packs_added) == (0, 0, 0)
    assert objects(filled.store) == before


def test_pruning_twice_does_nothing_the_second_time(filled: Filled) -> None:
    filled.remove("first")
    prune(filled.repository)

    assert plan(filled.repository).empty


def test_a_little_that_is_unused_may_stay() -> None:
    """Rewriting a large pack for a few unused bytes costs more than it frees."""
    filled = Filled(MemoryStore())
    filled.add("large", {f"{n}": noise(100 + n, 10_000) for n in range(40)})
    filled.add("less", {f"{n}": noise(100 + n, 10_000) for n in range(1, 40)})
    filled.remove("large")

    lenient = plan(filled.repository, PruneOptions())
    assert lenient.packs_repacked == 0
    assert 10_000 < lenient.unused_bytes_kept < 0.05 * 420_000

    strict = plan(filled.repository, PruneOptions(max_unused_bytes=5000))
    assert strict.packs_repacked == 1
    assert strict.unused_bytes_kept <= 5000
    assert 380_000 < strict.repacked_bytes < 420_000

    bounded = plan(filled.repository, replace(THOROUGH, max_repack_bytes=1000))
    assert bounded.repacked_bytes <= 1000
    prune(filled.repository)
    filled.assert_sound()


def test_many_small_packs_become_one() -> None:
    """Each small backup leaves a pack of data and one of trees; eight of a kind are joined."""
    store = MemoryStore()
    filled = Filled(store)
    for number in range(5):
        filled.add(f"more {number}", {f"file {number}": noise(number, 100)})

    assert plan(filled.repository, PruneOptions(repack_small=False)).empty
    summary = prune(filled.repository, PruneOptions())

    assert (summary.packs_removed, summary.packs_added) == (16, 2)
    filled.assert_sound()
    report = check(filled.repository)
    assert (report.packs, report.index_files) == (2, 1)
    assert plan(filled.repository, PruneOptions()).empty


def test_packs_of_interrupted_runs_are_removed(filled: Filled) -> None:
    before = objects(filled.store)
    hidden = MemoryStore(before)
    back_up(open_repository(hidden), {"lost": noise(9, 500)}, "lost")
    orphans = {
        name: data
        for name, data in hidden.objects.items()
        if name.startswith("data/") and name not in before
    }
    filled.store = MemoryStore({**before, **orphans})
    repository = open_repository(filled.store)

    planned = plan(repository)
    assert (planned.packs_unreferenced, planned.packs_removed) == (len(orphans), 0)
    prune(repository)

    assert objects(filled.store) == before


def test_what_killed_processes_left_goes_after_a_day(tmp_path: Path) -> None:
    """R38: temporary files of unfinished saves do not pile up."""
    store = LocalStore(tmp_path)
    clock = SimClock(datetime.now(UTC))
    repository = create_repository(store, clock=clock)
    back_up(repository, {"file": b"x"}, "backup")
    left = tmp_path / "data" / "00" / f"{'0' * 64}-tmp-dead"
    left.write_bytes(b"half")

    prune(repository)
    assert left.exists()
    clock.advance(25 * 3600)
    prune(repository)
    assert not left.exists()


def test_of_copies_one_stays() -> None:
    """Two clients that stored the same at once leave every blob twice."""
    store = MemoryStore()
    create_repository(store)
    apart = MemoryStore(store.objects)
    oracle = Oracle()
    files = {"file": noise(1, 5000), "d/other": noise(2, 300)}
    for side in (store, apart):
        snapshot = back_up(open_repository(side), files, "backup")
        oracle.add(snapshot.id or "", expected_of_files(files))
    both = MemoryStore({**apart.objects, **store.objects})
    assert check(open_repository(both)).duplicate_blobs > 0

    prune(open_repository(both))

    report = check(open_repository(both), read_data=True)
    assert (report.ok, report.duplicate_blobs, report.packs) == (True, 0, 2)
    oracle.assert_restorable(open_repository(both))


def test_of_copies_that_nobody_needs_none_stays() -> None:
    store = MemoryStore()
    create_repository(store)
    apart = MemoryStore(store.objects)
    for side in (store, apart):
        repository = open_repository(side)
        gone = back_up(repository, {"file": noise(1, 5000)}, "gone")
        back_up(repository, {"other": noise(2, 5000)}, "kept")
        repository.remove_snapshot(gone.id or "")
    both = MemoryStore({**apart.objects, **store.objects})

    prune(open_repository(both))

    report = check(open_repository(both), read_data=True)
    assert (report.ok, report.unused_blobs, report.duplicate_blobs) == (True, 0, 0)


def test_a_missing_pack_that_nobody_needs_leaves_the_index(filled: Filled) -> None:
    filled.remove("first")
    needless = [id_ for id_, fate in zip(*_fates(filled.repository), strict=True) if fate == 2]
    assert needless
    filled.store.remove(f"data/{needless[0][:2]}/{needless[0]}")

    prune(open_repository(filled.store))
    filled.assert_sound()


def _fates(repository: Repository) -> tuple[list[str], list[int]]:
    work = plan(repository).work
    return [id_.hex() for id_ in work.index.packs()], list(work.fates)


def test_no_backup_at_all_removes_nothing_unless_that_is_meant(filled: Filled) -> None:
    """I8: an empty list of backups may be a mistake; only an explicit word makes it a wish."""
    for label in ("first", "second", "third"):
        filled.remove(label)
    before = objects(filled.store)

    with pytest.raises(RepositoryError, match="no backups"):
        prune(filled.repository)
    assert objects(filled.store) == before

    prune(filled.repository, PruneOptions(allow_empty=True))
    report = check(open_repository(filled.store), read_data=True)
    assert (report.ok, report.packs, report.blobs) == (True, 0, 0)


def test_any_error_while_reading_removes_nothing(filled: Filled) -> None:
    """I8: every list, stat and load of a prune fails in turn: it stops before it removes."""
    filled.remove("first")
    start = objects(filled.store)
    endings = 0
    for ending in each_fault(
        start, lambda store: prune(open_repository(store)), [Mode.ERROR_BEFORE], calls=READS
    ):
        last = ending.trace[-1]
        if ending.fault.nth is None or ending.error is None:
            # A read that is tried again (of a blob, say) may succeed the second time.
            continue
        endings += 1
        assert isinstance(ending.error, StoreError | RepositoryDamaged), str(ending)
        lost = {name for name in start if name not in ending.left.objects}
        # Reading the index anew is the last thing a prune does; all is removed then.
        assert not lost or last.name.startswith(("index/", "locks/")), str(ending)
        if lost:
            assert check(open_repository(ending.left), read_data=True).ok
    assert endings > 10


@pytest.mark.parametrize("prefix", ["index/", "data/", "snapshots/"])
def test_an_object_that_is_not_listed_removes_nothing(filled: Filled, prefix: str) -> None:
    """I8: a list that lacks an index file or a needed pack is found out.

    Nobody can tell a list that lacks a snapshot from one whose snapshot was removed on purpose.
    """
    before = objects(filled.store)
    broken = FaultStore(
        MemoryStore(before),
        [Fault(mode=Mode.VANISHED, calls=frozenset({"list"}), prefix=prefix, nth=None)],
    )
    if prefix == "snapshots/":
        assert plan(open_repository(broken)).snapshots == 2
        return
    with pytest.raises(RepositoryDamaged):
        prune(open_repository(broken))

    assert {k for k in before if k not in objects(broken.inner)} == set()


@pytest.mark.parametrize("prefix", ["index/", "data/", "snapshots/"])
def test_a_damaged_object_removes_nothing(filled: Filled, prefix: str) -> None:
    """I8: damaged indexes, trees and snapshots stop a prune before it removes anything."""
    filled.remove("second")
    for name, data in objects(filled.store).items():
        if not name.startswith(prefix):
            continue
        damaged = bytearray(data)
        damaged[40] ^= 1
        store = MemoryStore({**objects(filled.store), name: bytes(damaged)})
        try:
            prune(open_repository(store))
        except RepositoryDamaged:
            lost = [kept for kept in objects(filled.store) if kept not in store.objects]
            assert lost == []
        else:
            # Only what is not read, or not needed, may be damaged unnoticed.
            assert prefix == "data/"


def test_a_missing_needed_pack_removes_nothing(filled: Filled) -> None:
    """I8: whichever pack is missing, it is a reason to stop, not to tidy up."""
    for name in [name for name in objects(filled.store) if name.startswith("data/")]:
        left = {kept: data for kept, data in objects(filled.store).items() if kept != name}
        store = MemoryStore(left)
        with pytest.raises(RepositoryDamaged):
            prune(open_repository(store))
        assert [kept for kept in left if kept not in store.objects] == []


def test_a_cut_needed_pack_removes_nothing(filled: Filled) -> None:
    """I8: a pack that ends before a blob that is needed is a reason to stop, too."""
    filled.remove("first")
    fates = dict(zip(*_fates(filled.repository), strict=True))
    for pack_id in [pack_id for pack_id, fate in fates.items() if fate != 2]:
        name = f"data/{pack_id[:2]}/{pack_id}"
        cut = {**objects(filled.store), name: objects(filled.store)[name][:20]}
        store = MemoryStore(cut)
        with pytest.raises(RepositoryDamaged):
            prune(open_repository(store))
        assert [kept for kept in cut if kept not in store.objects] == []


def test_a_blob_that_was_not_copied_is_missed_before_anything_is_removed(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I6: were the copying wrong, the look at the new index would stop the prune."""
    filled.remove("first")
    before = objects(filled.store)
    monkeypatch.setattr(prune_execution._Prune, "_kept", lambda *_: False)

    with pytest.raises(RepositoryError, match="The new index lacks"):
        prune(filled.repository)
    assert [kept for kept in before if kept not in objects(filled.store)] == []
    filled.assert_sound()


def test_a_shared_lock_is_not_enough(filled: Filled) -> None:
    """I7: what is planned under a shared lock can be shown and not executed."""
    filled.remove("first")
    before = objects(filled.store)
    with filled.repository.lock() as lock:
        planned = plan_prune(filled.repository, lock)
        with pytest.raises(RepositoryError, match="exclusive"):
            execute_prune(filled.repository, lock, planned)

    assert objects(filled.store) == before


def test_a_plan_of_yesterday_is_refused(filled: Filled) -> None:
    """Between plan and execution a backup was made that may use what the plan removes."""
    filled.remove("first")
    planned = plan(filled.repository)
    filled.add("fourth", {"one": noise(2, 2000)})

    with (
        filled.repository.lock(exclusive=True) as lock,
        pytest.raises(RepositoryError, match="changed"),
    ):
        execute_prune(filled.repository, lock, planned)
    filled.assert_sound()


def test_a_prune_waits_for_no_backup_and_none_for_it(filled: Filled) -> None:
    """R34: a running backup excludes a prune, and a running prune a backup."""
    other = open_repository(filled.store)
    with other.lock(), pytest.raises(RepositoryLocked):
        prune(filled.repository)
    with other.lock(exclusive=True), pytest.raises(RepositoryLocked):
        back_up(filled.repository, {}, "never")


def test_cancelling_leaves_everything_restorable(filled: Filled) -> None:
    """At every step that it reports a prune can be cancelled, and later be finished."""
    filled.remove("first")
    start = objects(filled.store)
    steps: list[Progress] = []
    with filled.repository.lock(exclusive=True) as lock:
        planned = plan_prune(filled.repository, lock, options=THOROUGH)
        execute_prune(filled.repository, lock, planned, progress=steps.append)

    for chosen in range(len(steps)):
        filled.store = MemoryStore(start)
        repository = open_repository(filled.store)
        cancel = CancellationToken()
        seen: list[Progress] = []

        def stop(
            progress: Progress,
            seen: list[Progress] = seen,
            cancel: CancellationToken = cancel,
            chosen: int = chosen,
        ) -> None:
            seen.append(progress)
            if len(seen) > chosen:
                cancel.cancel()

        with repository.lock(exclusive=True) as lock:
            planned = plan_prune(repository, lock, options=THOROUGH)
            with suppress(Cancelled):
                execute_prune(repository, lock, planned, progress=stop, cancel=cancel)
        filled.assert_sound()
        prune(open_repository(filled.store))
        assert check(open_repository(filled.store)).unused_blobs == 0


def test_progress_ends_at_its_total(filled: Filled) -> None:
    filled.remove("first")
    steps: list[Progress] = []
    with filled.repository.lock(exclusive=True) as lock:
        planned = plan_prune(filled.repository, lock, options=THOROUGH, progress=steps.append)
        execute_prune(filled.repository, lock, planned, progress=steps.append)

    last = steps[-1]
    assert (last.step, last.done_items) == ("Removing packs", last.total_items)
    assert {step.step for step in steps} == {
        "Finding what is used",
        "Repacking",
        "Removing packs",
    }


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk in memory: restic syncs so many files that a real one takes seconds."""
    with small_disk(size_bytes=64 << 20) as disk:
        yield disk


@pytest.mark.parametrize("version", [1, 2])
def test_restic_finds_a_pruned_repository_sound(disk: Path, version: int) -> None:
    """`restic check --read-data` is clean after a prune, and restic restores every backup."""
    store = LocalStore(disk / "repository")
    restic = Restic(disk / "repository", PASSWORD, disk / "home")
    repository = create_repository(store, version=version)
    filled = Filled.__new__(Filled)
    filled.store, filled.repository, filled.oracle = store, repository, Oracle()
    filled.add("first", {"shared": noise(1, 3000), "one": noise(2, 900_000)})
    filled.add("second", {"shared": noise(1, 3000), "d/two": noise(3, 2000)})
    filled.remove("first")

    summary = prune(repository)

    assert summary.freed_bytes > 900_000
    restic.check()
    filled.oracle.assert_restic_restores(restic, disk / "restored")
    # Nothing is left for restic's own prune to remove.
    said = restic.run("prune", "--max-unused", "0", "--dry-run")
    assert "total prune:" in said
    assert [
        line.split(":")[1].split()[:3] for line in said.splitlines() if "total prune" in line
    ] == [["0", "blobs", "/"]]


def test_what_restic_wrote_is_pruned_as_restic_would(disk: Path) -> None:
    """The same repository: what both leave behind holds the same blobs."""
    source = disk / "source"
    source.mkdir()
    ours, theirs = disk / "ours", disk / "theirs"
    restic = Restic(ours, PASSWORD, disk / "home")
    create_repository(LocalStore(ours))
    for number in range(3):
        (source / "changing").write_bytes(noise(number, 50_000))
        (source / f"new {number}").write_bytes(noise(10 + number, 20_000))
        restic.run("backup", ".", cwd=source)
    restic.run("forget", "--keep-last", "2")
    shutil.copytree(ours, theirs)

    Restic(theirs, PASSWORD, disk / "home").run("prune", "--max-unused", "0")
    prune(Repository.open(LocalStore(ours), PASSWORD))

    restic.check()
    assert blobs(ours) == blobs(theirs)


def blobs(path: Path) -> set[tuple[str, str]]:
    index = Repository.open(LocalStore(path), PASSWORD).index
    return {(entry.type.value, entry.id.hex()) for _, entry in index.entries()}
