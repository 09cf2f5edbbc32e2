"""A process that works on a real directory is killed (SIGKILL) at every step that it takes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.repository import PruneOptions, check, execute_prune, plan_prune
from holdfast.stores import LocalStore
from tests.rig.backups import PASSWORD, back_up, create_repository, open_repository
from tests.rig.disk import small_disk
from tests.rig.killer import Death, Killer, Level, Moment
from tests.rig.oracle import Oracle, expected_of_files
from tests.rig.restic import Restic

NEW = {"shared": b"s" * 3000, "d/new": bytes(range(256))}


def run_backup(root: str) -> None:
    back_up(open_repository(LocalStore(root)), NEW, "new")


def run_prune(root: str) -> None:
    repository = open_repository(LocalStore(root))
    with repository.lock(exclusive=True) as lock:
        planned = plan_prune(repository, lock, options=PruneOptions(max_unused_share=0))
        execute_prune(repository, lock, planned)


def run_key_change(root: str) -> None:
    """The new password is the old one, so that either key opens."""
    open_repository(LocalStore(root)).keys.change(PASSWORD)


RUNS: dict[str, Callable[[str], None]] = {
    "run_backup": run_backup,
    "run_prune": run_prune,
    "run_key_change": run_key_change,
}


@dataclass(frozen=True)
class Site:
    """A repository as it was before, and a place where it is worked on and killed."""

    before: Path
    work: Path
    oracle: Oracle

    def prepare(self) -> Sequence[object]:
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.before, self.work)
        return [str(self.work)]

    def assert_sound(self) -> None:
        repository = open_repository(LocalStore(self.work))
        report = check(repository, read_data=True)
        assert report.ok, report.findings
        self.oracle.assert_restorable(repository)


@pytest.fixture
def site() -> Iterator[Site]:
    """On a disk in memory: a SIGKILL loses nothing that was written, synced or not."""
    with small_disk(size_bytes=64 << 20) as disk:
        yield make_site(disk)


def make_site(disk: Path) -> Site:
    store = LocalStore(disk / "before")
    repository = create_repository(store)
    oracle = Oracle()
    gone = back_up(repository, {"shared": b"s" * 3000, "gone": b"g" * 900}, "gone")
    for number in range(2):
        files = {"shared": b"s" * 3000, "d/own": random.Random(number).randbytes(700)}
        kept = back_up(repository, files, f"kept {number}")
        oracle.add(kept.id or "", expected_of_files(files))
    repository.remove_snapshot(gone.id or "")
    return Site(store.path, disk / "work", oracle)


def deaths(site: Site, run: str, level: Level, moment: Moment) -> Iterator[Death]:
    with Killer(f"tests.repository.test_kills:{run}", level=level) as killer:
        yield from killer.each(site.prepare, [site.work], moment=moment)


@pytest.mark.parametrize("run", list(RUNS))
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.TORN])
def test_a_kill_at_every_system_step_loses_nothing(site: Site, run: str, moment: Moment) -> None:
    """R32: at each open, write (also in its middle), fsync, link and unlink; then run again.

    The dead process's lock is no obstacle, and no temporary file is taken for an object.
    """
    count = 0
    for death in deaths(site, run, Level.SYSTEM, moment):
        try:
            site.assert_sound()
            RUNS[run](str(site.work))
            run_prune(str(site.work))
            site.assert_sound()
        except BaseException as error:
            error.add_note(str(death))
            raise
        count += 1
    assert count >= (1 if moment is Moment.TORN else 10)


@pytest.mark.parametrize("run", ["run_backup", "run_prune"])
def test_restic_finds_sound_what_a_killed_process_left(
    site: Site, run: str, tmp_path: Path
) -> None:
    """R32: killed before every operation of the store: `restic check --read-data` is clean."""
    restic = Restic(site.work, PASSWORD, tmp_path / "home")
    count = 0
    for death in deaths(site, run, Level.STORE, Moment.BEFORE):
        done = restic.attempt("check", "--read-data", "--no-lock")
        assert done.returncode == 0, f"{death}{done.stdout}{done.stderr}"
        count += 1
    assert count >= 6
