"""What only some backups need is about what a prune would free without them."""

from __future__ import annotations

import random

from holdfast.repository import (
    PruneOptions,
    Repository,
    Snapshot,
    execute_prune,
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
