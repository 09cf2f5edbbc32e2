"""What only some backups need is about what a prune would free without them."""

from __future__ import annotations

import random

from holdfast.repository import (
    PruneOptions,
    Repository,
    Snapshot,
    execute_prune,
    measure_sharing,
    measure_unshared,
    plan_prune,
)
from holdfast.stores import MemoryStore
from tests.rig.backups import back_up, create_repository, open_repository


def noise(seed: int, size: int = 100_000) -> bytes:
    """Return bytes that cannot be compressed."""
    return random.Random(seed).randbytes(size)


def made(store: MemoryStore) -> tuple[Repository, list[Snapshot]]:
    """Store three backups: all share a file, two share another, each has one of its own."""
    repository = create_repository(store)
    common = {"all/shared.bin": noise(0)}
    snapshots = [
        back_up(repository, {**common, "a.bin": noise(1), "two/ab.bin": noise(2)}, "one"),
        back_up(repository, {**common, "b.bin": noise(3), "two/ab.bin": noise(2)}, "two"),
        back_up(repository, {**common, "c.bin": noise(4)}, "three"),
    ]
    return open_repository(store), snapshots


def unshared(repository: Repository, going: list[Snapshot], staying: list[Snapshot]) -> int:
    return measure_unshared(
        repository, [each.tree for each in going], [each.tree for each in staying]
    )


def test_only_what_nobody_else_needs_counts() -> None:
    """What is shared with a backup that stays is not freed; shared among those that go it is."""
    repository, (one, two, three) = made(MemoryStore())
    file = 100_000
    assert file <= unshared(repository, [one], [two, three]) < 1.1 * file
    assert 3 * file <= unshared(repository, [one, two], [three]) < 3.1 * file
    assert 5 * file <= unshared(repository, [one, two, three], []) < 5.1 * file
    assert unshared(repository, [], [one, two, three]) == 0
    assert unshared(repository, [one], [one]) == 0


def test_a_prune_frees_about_as_much() -> None:
    """Within a tenth of what it really does when no unused room is left in packs."""
    store = MemoryStore()
    repository, (one, two, three) = made(store)
    told = unshared(repository, [one, two], [three])
    for each in (one, two):
        assert each.id is not None
        repository.remove_snapshot(each.id)
    with repository.lock(exclusive=True) as lock:
        plan = plan_prune(repository, lock, options=PruneOptions(max_unused_bytes=0))
        freed = execute_prune(repository, lock, plan).freed_bytes
    assert abs(freed - told) < told / 10


def test_content_counts_as_often_as_backups_refer_to_it_and_once() -> None:
    """Eight files of 100 kB are referred to, five are stored: whatever directories occupy."""
    repository, snapshots = made(MemoryStore())
    sharing = measure_sharing(repository, [each.tree for each in snapshots])
    assert sharing.referred == 8 * sharing.distinct / 5
    assert 5 * 100_000 <= sharing.distinct < sharing.needed < 5.1 * 100_000


def test_packs_hold_what_backups_need_to_the_byte_and_what_a_removed_one_left() -> None:
    """What is needed is what the packs occupy; without a backup it is less by what it had alone."""
    store = MemoryStore()
    repository, (one, two, three) = made(store)
    packs = sum(each.size_bytes for each in store.list("data/"))
    assert measure_sharing(repository, [one.tree, two.tree, three.tree]).needed == packs
    without = measure_sharing(repository, [two.tree, three.tree]).needed
    assert 0 <= packs - without - unshared(repository, [one], [two, three]) < 1000
