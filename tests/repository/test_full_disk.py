"""A real disk that is full at any point: it is told, survived, and needs no manual step after."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.errors import NotEnoughSpace
from holdfast.repository import PruneOptions, check, execute_prune, plan_prune
from holdfast.stores import LocalStore
from tests.rig.backups import back_up, create_repository, open_repository
from tests.rig.disk import fill, small_disk
from tests.rig.oracle import Oracle, expected_of_files

PAGE = 4096


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def run_backup(store: LocalStore) -> None:
    back_up(open_repository(store), {"new": noise(9, 40_000), "d/new": noise(10, 9000)}, "new")


def run_prune(store: LocalStore) -> None:
    repository = open_repository(store)
    with repository.lock(exclusive=True) as lock:
        planned = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
        execute_prune(repository, lock, planned)


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk(size_bytes=2 << 20) as disk:
        yield disk


@pytest.mark.parametrize("run", [run_backup, run_prune])
def test_a_disk_that_is_full_at_any_point_loses_nothing(
    disk: Path, run: Callable[[LocalStore], None]
) -> None:
    """R36: from no free page to enough of them; freeing space is all that is ever needed."""
    before, work = LocalStore(disk / "before"), LocalStore(disk / "work")
    repository = create_repository(before)
    oracle = Oracle()
    gone = back_up(repository, {"shared": noise(0, 9000), "gone": noise(1, 9000)}, "gone")
    files = {"shared": noise(0, 9000), "d/own": noise(2, 9000)}
    oracle.add(back_up(repository, files, "kept").id or "", expected_of_files(files))
    repository.remove_snapshot(gone.id or "")

    refused = succeeded = 0
    while not succeeded:
        shutil.rmtree(work.path, ignore_errors=True)
        shutil.copytree(before.path, work.path)
        ballast = fill(disk)
        with ballast.open("r+b") as file:
            file.truncate(ballast.stat().st_size - refused * PAGE)
        try:
            run(work)
        except NotEnoughSpace:
            refused += 1
        else:
            succeeded += 1
        assert not list(work.path.rglob("*-tmp-*"))
        oracle.assert_restorable(open_repository(work))
        assert check(open_repository(work), read_data=True).ok
        ballast.unlink()
        run(work)
        oracle.assert_restorable(open_repository(work))
        assert check(open_repository(work), read_data=True).ok
    assert refused > 4
