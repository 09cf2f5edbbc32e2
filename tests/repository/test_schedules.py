"""Many processes at once, in many orders of their steps; whatever the order, nothing is lost.

A failure names its seed. To see it again: `HOLDFAST_SCHEDULE=<seed> pytest <this file>`. For more
schedules than a test run takes: `make soak SCHEDULES=100000`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from holdfast.errors import BackupNotFound, RepositoryLocked, WrongPassword
from holdfast.repository import (
    PruneOptions,
    Repository,
    Snapshot,
    check,
    execute_index_rebuild,
    execute_prune,
    plan_index_rebuild,
    plan_prune,
)
from holdfast.stores import MemoryStore, Store
from tests.rig.backups import (
    PASSWORD,
    QUICK_KDF,
    back_up,
    create_repository,
    open_repository,
    write_tree,
)
from tests.rig.fault_store import Crash
from tests.rig.oracle import expected_of, expected_of_files
from tests.rig.scheduler import Process, Scheduler
from tests.rig.sim_clock import SimClock

SHARDS = 4
SCHEDULES = int(os.environ.get("HOLDFAST_SCHEDULES", "200"))
REPLAYED = os.environ.get("HOLDFAST_SCHEDULE")
NEW_PASSWORD = "battery staple"
PIECES = [bytes([number]) * 200 for number in range(6)]
WAIT_S = 30.0

Files = Mapping[str, bytes]


@dataclass
class Scene:
    """A repository, and what must be in it at the end.

    Attributes:
        files: What each backup that was begun holds, by its label.
        finished: Labels of the backups that were reported as stored.
        forgotten: Labels of those whose removal was begun.
    """

    objects: dict[str, bytes]
    files: dict[str, Files] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)


def initial() -> Scene:
    """Two backups, and the blobs of one that is gone: a new backup may meet them again."""
    store = MemoryStore()
    repository = create_repository(store)
    gone = back_up(repository, {"one": PIECES[0], "d/gone": PIECES[1]}, "gone")
    scene = Scene({})
    for number in range(2):
        label = f"kept {number}"
        scene.files[label] = {"one": PIECES[0], "d/own": PIECES[2 + number]}
        scene.finished.add(label)
        back_up(repository, scene.files[label], label)
    repository.remove_snapshot(gone.id or "")
    scene.objects = store.objects
    return scene


INITIAL = initial()


def open_any(store: Store, scheduler: Scheduler) -> Repository:
    """Open by the old password or the new one: somebody may be changing it."""
    for password in (PASSWORD, NEW_PASSWORD):
        with suppress(WrongPassword):
            return Repository.open(store, password, kdf=QUICK_KDF, clock=scheduler.clock())
    return Repository.open(store, PASSWORD, kdf=QUICK_KDF, clock=scheduler.clock())


class Play:
    """One schedule: the processes that the seed chooses, and the judgement of what they left."""

    def __init__(self, seed: int) -> None:
        self.store = MemoryStore(INITIAL.objects)
        self.scene = Scene({}, dict(INITIAL.files), set(INITIAL.finished))
        self.scheduler = Scheduler(seed, self.store)
        choose = self.scheduler.random
        others = [self.restore, self.unlock, self.forget, self.rebuild, self.check, self.prune]
        runs = [self.back_up, self.back_up, self.prune, *choose.sample(others, 3)]
        if choose.random() < 0.3:
            runs.append(self.change_key)
        doomed = choose.randrange(len(runs)) if choose.random() < 0.3 else None
        for number, run in enumerate(runs):
            dies_at = choose.randrange(1, 60) if number == doomed else None
            self.scheduler.add(run.__name__, self._opening(run), dies_at=dies_at)

    def run(self) -> None:
        """Play it, and judge."""
        self.scheduler.run_all()
        for process in self.scheduler.processes:
            if not isinstance(process.error, (RepositoryLocked, Crash, type(None))):
                raise process.error
        self._judge()

    def _opening(self, run: Callable[[Repository, Process], None]) -> Callable[[Process], None]:
        def opened(process: Process) -> None:
            run(open_any(self.scheduler.store_of(process), self.scheduler), process)

        return opened

    def _judge(self) -> None:
        clock = SimClock()
        clock.advance(timedelta(hours=4).total_seconds())
        try:
            repository = open_repository(self.store, clock=clock)
        except WrongPassword:
            repository = Repository.open(self.store, NEW_PASSWORD, kdf=QUICK_KDF, clock=clock)
        report = check(repository, read_data=True)
        assert report.ok, report.findings
        found = {snapshot.label or "": snapshot for snapshot in repository.list_snapshots()}
        assert self.scene.finished - self.scene.forgotten <= found.keys()
        for label, snapshot in found.items():
            expected = expected_of_files(self.scene.files[label])
            assert expected_of(repository.tree(snapshot)) == expected

    # What the processes do

    def back_up(self, repository: Repository, process: Process) -> None:
        label = f"new {process.number}"
        pieces = self.scheduler.random.sample(PIECES, 3)
        files = {"one": pieces[0], "d/two": pieces[1], "d/three": pieces[2]}
        self.scene.files[label] = files
        with repository.lock(wait_s=WAIT_S) as lock:
            number = len(repository.list_snapshots())
            repository.reload_index(only_intact=True)
            with repository.writer(lock) as writer:
                tree = write_tree(writer, files)
                writer.finish()
            when = self.scheduler.now + timedelta(seconds=number)
            repository.save_snapshot(Snapshot(time=when, tree=tree, paths=("/data",), label=label))
            self.scene.finished.add(label)

    def prune(self, repository: Repository, process: Process) -> None:
        with repository.lock(exclusive=True, wait_s=WAIT_S) as lock:
            plan = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
            execute_prune(repository, lock, plan)

    def rebuild(self, repository: Repository, process: Process) -> None:
        with repository.lock(exclusive=True, wait_s=WAIT_S) as lock:
            execute_index_rebuild(repository, lock, plan_index_rebuild(repository))

    def forget(self, repository: Repository, process: Process) -> None:
        with repository.lock(wait_s=WAIT_S):
            for snapshot in repository.list_snapshots()[:1]:
                self.scene.forgotten.add(snapshot.label or "")
                with suppress(BackupNotFound):
                    repository.remove_snapshot(snapshot.id or "")

    def check(self, repository: Repository, process: Process) -> None:
        with repository.lock(wait_s=WAIT_S):
            report = check(repository, read_data=True)
        assert report.ok, report.findings

    def restore(self, repository: Repository, process: Process) -> None:
        with repository.lock(wait_s=WAIT_S):
            for snapshot in repository.list_snapshots():
                expected = expected_of_files(self.scene.files[snapshot.label or ""])
                assert expected_of(repository.tree(snapshot)) == expected

    def unlock(self, repository: Repository, process: Process) -> None:
        repository.unlock()

    def change_key(self, repository: Repository, process: Process) -> None:
        repository.keys.change(NEW_PASSWORD)


def play(seed: int) -> Play:
    made = Play(seed)
    try:
        made.run()
    except BaseException as error:
        raise AssertionError(
            f"seed {seed} (HOLDFAST_SCHEDULE={seed} plays it again): {error!r}\n"
            + made.scheduler.story()
        ) from error
    return made


@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_the_order_of_steps_every_backup_restores(shard: int) -> None:
    """R34: backups, prune, check, restore, forget, unlock, repair and a key change at once."""
    if REPLAYED is not None:
        play(int(REPLAYED))
        return
    for seed in range(shard, SCHEDULES, SHARDS):
        play(seed)


def test_a_seed_tells_the_same_story_twice() -> None:
    """R66: else a failure could not be looked at."""
    for seed in range(5):
        assert play(seed).scheduler.trace == play(seed).scheduler.trace
