"""A swap is atomic for readers and survives being killed anywhere."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.errors import RestoreError, TargetInUse
from holdfast.sources.base import CaptureContext, RestoreContext
from holdfast.sources.directory import DirectorySource, exchange
from tests.rig.disk import small_disk
from tests.sources.directory.memory_tree import MemoryTree, picture, store

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk(size_bytes=8 << 20) as path:
        yield path


def capture(source: DirectorySource, scratch: Path) -> MemoryTree:
    with source.capture(CaptureContext(scratch_dir=scratch)) as captured:
        return store(source.root, captured)


@pytest.mark.parametrize("told", ["finish", "take back"])
@pytest.mark.parametrize(
    ("mode", "fewest_steps"),
    [("whole", 60), ("entries", 80), ("whole by renames", 60), ("entries by renames", 80)],
)
def test_a_restore_killed_at_any_step_is_recovered_to_wholly_old_or_wholly_new(
    disk: Path, mode: str, told: str, fewest_steps: int
) -> None:
    """R17, R38: SIGKILL before and after every step of the file system; nothing is left over."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.sources.directory.killed_restore", str(disk), mode, told],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) >= fewest_steps


def test_readers_see_wholly_the_old_or_wholly_the_new_directory(disk: Path) -> None:
    """R17: by the path of the directory, at every moment of many swaps."""
    live = disk / "live"
    live.mkdir()
    for name in ("a", "b"):
        (live / name).write_text("new")
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    for name in ("a", "b"):
        (live / name).write_text("old")
    stop, seen, faults = threading.Event(), set(), []

    def look(descriptor: int) -> None:
        both = []
        for name in ("a", "b"):
            try:
                file = os.open(name, os.O_RDONLY, dir_fd=descriptor)
            except FileNotFoundError:
                return  # We hold the replaced directory open, and it is being discarded.
            both.append(os.read(file, 10))
            os.close(file)
        seen.add(tuple(both))

    def read() -> None:
        while not stop.is_set():
            try:
                descriptor = os.open(live, os.O_RDONLY | os.O_DIRECTORY)
            except OSError as error:
                faults.append(error)
                return
            look(descriptor)
            os.close(descriptor)

    thread = threading.Thread(target=read)
    context = RestoreContext(token="t", tree=tree, scratch_dir=disk)
    for _ in range(30):
        with source.stage(context) as staged:
            staged.state()
            if thread.ident is None:
                thread.start()
            staged.swap()
            while (b"new", b"new") not in seen and thread.is_alive():
                continue
            staged.undo()
    stop.set()
    thread.join()
    assert faults == []
    assert seen == {(b"old", b"old"), (b"new", b"new")}


def test_what_fails_midway_is_taken_back(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R17: an exception at every exchange leaves the old state, and nothing else."""
    live = disk / "live"
    live.mkdir()
    for name in "abc":
        (live / name).write_text("new")
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    for name in "abd":
        (live / name).write_text("old")
    (live / "stays").touch()
    before = {path: each[3] for path, each in picture(live).items()}
    original = exchange.renameat2
    context = RestoreContext(token="t", tree=tree, scratch_dir=disk, exclude=(live / "stays",))
    for failing in range(4):
        calls = iter(range(100))

        def fail(
            source: exchange.Place,
            target: exchange.Place,
            flags: int,
            calls: Iterator[int] = calls,
            failing: int = failing,
        ) -> None:
            if next(calls) == failing:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            original(source, target, flags)

        monkeypatch.setattr(exchange, "renameat2", fail)
        with source.stage(context) as staged, pytest.raises(RestoreError, match="Input/output"):
            staged.swap()
        assert {path: each[3] for path, each in picture(live).items()} == before
        assert [path.name for path in disk.iterdir()] == ["live"]


def test_a_directory_that_cannot_be_moved_is_left_as_it_is(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = disk / "live"
    live.mkdir()
    (live / "a").write_text("new")
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    (live / "a").write_text("old")

    def refuse(source: exchange.Place, target: exchange.Place, flags: int) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(exchange, "renameat2", refuse)
    context = RestoreContext(token="t", tree=tree, scratch_dir=disk)
    with source.stage(context) as staged, pytest.raises(TargetInUse):
        staged.swap()
    assert (live / "a").read_text() == "old"
    assert [path.name for path in disk.iterdir()] == ["live"]


def test_a_swap_that_cannot_be_taken_back_leaves_everything_to_recovery(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the old data is in the staging directory then, and is not discarded."""
    live = disk / "live"
    live.mkdir()
    for name in "abc":
        (live / name).write_text("new")
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    for name in "abc":
        (live / name).write_text("old")
    (live / "stays").touch()
    original, calls = exchange.renameat2, iter(range(100))

    def fail(source: exchange.Place, target: exchange.Place, flags: int) -> None:
        if next(calls) >= 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        original(source, target, flags)

    context = RestoreContext(token="t", tree=tree, scratch_dir=disk, exclude=(live / "stays",))
    with source.stage(context) as staged:
        state = staged.state()
        monkeypatch.setattr(exchange, "renameat2", fail)
        with pytest.raises(RestoreError):
            staged.swap()
    assert sorted((live / name).read_text() for name in "abc") == ["new", "new", "old"]
    monkeypatch.setattr(exchange, "renameat2", original)
    source.sweep("", Path())
    assert source.recover(state, committed=None) is False
    assert source.recover(state, committed=False) is False
    assert [(live / name).read_text() for name in "abc"] == ["old"] * 3
    assert [path.name for path in disk.iterdir()] == ["live"]


def test_recovery_refuses_to_take_back_what_is_gone(disk: Path) -> None:
    live = disk / "live"
    live.mkdir()
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    context = RestoreContext(token="t", tree=tree, scratch_dir=disk)
    with source.stage(context) as staged:
        state = staged.state()
        staged.swap()
    assert source.recover(state, committed=None) is True
    assert source.recover(state, committed=True) is True
    with pytest.raises(RestoreError, match="gone"):
        source.recover(state, committed=False)


@pytest.mark.parametrize("state", [{}, {"version": 1}, {"container": 3}])
def test_recovery_refuses_a_state_that_is_none_of_ours(
    disk: Path, state: dict[str, object]
) -> None:
    with pytest.raises(RestoreError, match="journal"):
        DirectorySource("d", disk / "live").recover(state, committed=None)


def test_recovery_removes_nothing_but_a_staging_directory(disk: Path) -> None:
    """A journal that was tampered with does not make it delete."""
    live = disk / "live"
    live.mkdir()
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    with source.stage(RestoreContext(token="t", tree=tree, scratch_dir=disk)) as staged:
        state = {**staged.state(), "container": str(live), "telling": None}
        with pytest.raises(RestoreError, match="Not a staging directory"):
            source.recover(state, committed=True)
    assert live.exists()


def test_a_sweep_leaves_what_a_living_process_stages(disk: Path) -> None:
    """R38: two runs never share, and never remove each other's staging."""
    live = disk / "live"
    live.mkdir()
    (live / "file").write_text("x")
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    with source.stage(RestoreContext(token="one", tree=tree, scratch_dir=disk)) as staged:
        staged.check()
        source.sweep("", Path())
        with source.stage(RestoreContext(token="two", tree=tree, scratch_dir=disk)) as other:
            other.check()
            assert len([path for path in disk.iterdir() if path.name != "live"]) == 2
        staged.swap()
    assert [path.name for path in disk.iterdir()] == ["live"]


def test_swapping_twice_or_undoing_first_is_refused(disk: Path) -> None:
    live = disk / "live"
    live.mkdir()
    source = DirectorySource("d", live)
    tree = capture(source, disk)
    with source.stage(RestoreContext(token="t", tree=tree, scratch_dir=disk)) as staged:
        with pytest.raises(RestoreError):
            staged.undo()
        staged.swap()
        with pytest.raises(RestoreError):
            staged.swap()
