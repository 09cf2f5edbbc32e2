"""A restore brings back what was captured, and touches nothing else."""

from __future__ import annotations

import os
import random
import stat
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import (
    Cancelled,
    NotEnoughSpace,
    PathNotInBackup,
    RepositoryDamaged,
    RestoreError,
    TargetExists,
    TargetInUse,
)
from holdfast.models.backup import PlannedChange
from holdfast.models.manifest import Problem
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import CaptureContext, RestoreContext
from holdfast.sources.directory import DirectorySource
from tests.rig.disk import as_nobody, fill, small_disk
from tests.sources.directory.memory_tree import MemoryTree, picture, store


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A directory with one of everything."""
    path = tmp_path / "live"
    (path / "sub" / "deep").mkdir(parents=True)
    (path / "file").write_text("file")
    (path / "sub" / "script").write_text("#!/bin/sh")
    (path / "sub" / "script").chmod(0o755)
    (path / "sub" / "deep" / "data").write_bytes(bytes(range(256)) * 40)
    (path / "twin").hardlink_to(path / "sub" / "deep" / "data")
    (path / "link").symlink_to("sub/deep")
    (path / "broken").symlink_to(os.fsdecode(b"/no/caf\xe9"))
    (path / os.fsdecode(b"caf\xe9")).write_text("name")
    (path / "empty").touch()
    (path / "hollow").mkdir(mode=0o2770)
    (path / "closed").mkdir()
    (path / "closed" / "inner").write_text("x")
    (path / "closed" / "inner").chmod(0o400)
    (path / "closed").chmod(0o500)
    os.mkfifo(path / "pipe", 0o640)
    os.setxattr(path / "file", "user.a", b"1\x00")
    os.setxattr(path / "sub", "user.b", b"2")
    for number, (folder, _, names) in enumerate(os.walk(path, topdown=False)):
        for name in names:
            entry = Path(folder, name)
            os.utime(entry, ns=(10**18, 10**18 + number), follow_symlinks=False)
        os.utime(folder, ns=(10**18, 10**18 + 100 + number))
    return path


def capture(source: DirectorySource, scratch: Path, *exclude: Path) -> MemoryTree:
    with source.capture(CaptureContext(scratch_dir=scratch, exclude=exclude)) as captured:
        return store(source.root, captured)


def restore(
    source: DirectorySource,
    tree: MemoryTree,
    *,
    target: Path | None = None,
    only: Sequence[str] = (),
    exclude: Sequence[Path] = (),
) -> tuple[PlannedChange, ...]:
    context = RestoreContext(
        token="0123abcd",
        tree=tree,
        scratch_dir=Path("/nonexistent"),
        target=target,
        only=tuple(only),
        exclude=tuple(exclude),
    )
    with source.stage(context) as staged:
        plan = staged.plan()
        assert all(result.passed for result in staged.check())
        staged.state()
        staged.swap()
    return plan


def inside(directory: Path) -> dict[str, tuple[object, ...]]:
    """Return a picture without the directory itself, whose time tells of staging."""
    return {path: each for path, each in picture(directory).items() if path}


def spoil(live: Path) -> None:
    """Change, add and remove something everywhere."""
    (live / "file").write_text("changed")
    (live / "new").write_text("new")
    (live / "link").unlink()
    (live / "link").mkdir()
    (live / "sub" / "deep" / "data").unlink()
    (live / "sub" / "extra").mkdir()
    (live / "sub" / "extra" / "x").touch()
    (live / "hollow").rmdir()
    (live / "closed").chmod(0o700)
    os.removexattr(live / "sub", "user.b")


def test_in_place_the_directory_becomes_what_it_was(tmp_path: Path, live: Path) -> None:
    """R24: modes, owners, links, times, extended attributes."""
    source = DirectorySource("d", live)
    before = picture(live)
    tree = capture(source, tmp_path)
    spoil(live)
    restore(source, tree)
    assert picture(live) == before
    assert [path.name for path in tmp_path.iterdir()] == ["live"]


def test_into_a_new_place_the_live_directory_is_not_touched(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    before = picture(live)
    tree = capture(source, tmp_path)
    spoil(live)
    spoilt = picture(live)
    restore(source, tree, target=tmp_path / "a" / "b" / "target")
    assert picture(tmp_path / "a" / "b" / "target") == before
    assert picture(live) == spoilt


def test_a_directory_that_is_gone_with_its_parents_comes_back(tmp_path: Path) -> None:
    place = tmp_path / "srv" / "app" / "live"
    place.mkdir(parents=True)
    (place / "file").write_text("x")
    source = DirectorySource("d", place)
    tree = capture(source, tmp_path)
    (place / "file").unlink()
    for directory in (place, place.parent, place.parent.parent):
        directory.rmdir()
    restore(source, tree)
    assert (place / "file").read_text() == "x"


def test_a_link_to_the_directory_stays_and_leads_to_the_restored_one(
    tmp_path: Path, live: Path
) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(live)
    source = DirectorySource("d", alias)
    before = picture(live)
    tree = capture(source, tmp_path)
    spoil(live)
    restore(source, tree)
    assert alias.is_symlink()
    assert picture(live) == before


@pytest.mark.parametrize("kind", ["file", "full", "link to full"])
def test_a_target_that_holds_something_is_refused(tmp_path: Path, live: Path, kind: str) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    target = tmp_path / "target"
    if kind == "file":
        target.touch()
    elif kind == "full":
        target.mkdir()
        (target / "mine").touch()
    else:
        target.symlink_to(live)
    before = inside(tmp_path)
    with pytest.raises(TargetExists):
        restore(source, tree, target=target)
    assert inside(tmp_path) == before


def test_an_empty_target_is_filled(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    (tmp_path / "target").mkdir()
    restore(source, capture(source, tmp_path), target=tmp_path / "target")
    assert picture(tmp_path / "target") == picture(live)


def test_what_is_put_into_an_empty_target_meanwhile_is_kept(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    target = tmp_path / "target"
    target.mkdir()
    context = RestoreContext(token="t", tree=tree, scratch_dir=tmp_path, target=target)
    with source.stage(context) as staged:
        staged.state()
        (target / "mine").write_text("precious")
        with pytest.raises(TargetExists):
            staged.swap()
    assert [path.name for path in target.iterdir()] == ["mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live", "target"]


def test_one_file_alone_comes_back(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    before = picture(live)
    tree = capture(source, tmp_path)
    spoil(live)
    spoilt = picture(live)
    plan = restore(source, tree, only=["files/d/sub/script", "files/d/file"])
    now = picture(live)
    assert now["file"] == before["file"]
    changed = {path for path in now if now[path] != spoilt.get(path)} - {"", "sub"}
    assert changed <= {"file", "sub/script"}
    assert set(now) == set(spoilt)
    assert plan[0].detail.startswith("files: 0 created, 1 replaced, 0 removed, 1 unchanged")


def test_a_subdirectory_alone_comes_back_exactly(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    before = picture(live)
    tree = capture(source, tmp_path)
    spoil(live)
    restore(source, tree, only=["files/d/sub"])
    now = picture(live)
    assert {path: each for path, each in now.items() if path.startswith("sub/")} == {
        path: each for path, each in before.items() if path.startswith("sub/")
    }
    assert (live / "file").read_text() == "changed"
    assert (live / "new").exists()


def test_a_file_alone_comes_back_with_the_directories_that_lead_to_it(
    tmp_path: Path, live: Path
) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    (live / "twin").unlink()
    (live / "sub" / "deep" / "data").unlink()
    (live / "sub" / "deep").rmdir()
    restore(source, tree, only=["files/d/sub/deep/data"])
    assert (live / "sub" / "deep" / "data").stat().st_size == 256 * 40
    restore(source, tree, only=["files/d/sub/deep/data"], target=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sub"]


@pytest.mark.parametrize("path", ["files/d/none", "files/other", "files/d/../x"])
def test_a_path_that_the_backup_does_not_hold_is_refused(
    tmp_path: Path, live: Path, path: str
) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    before = inside(tmp_path)
    with pytest.raises(PathNotInBackup):
        restore(source, tree, only=[path])
    assert inside(tmp_path) == before


def test_what_the_patterns_left_out_stays_in_its_place(tmp_path: Path, live: Path) -> None:
    (live / "sub" / "cache").mkdir()
    (live / "sub" / "cache" / "x").write_text("cached")
    source = DirectorySource("d", live, exclude=["cache/", "*.log"])
    tree = capture(source, tmp_path)
    (live / "app.log").write_text("log")
    (live / "sub" / "deep" / "b.log").write_text("log")
    inode = (live / "app.log").stat().st_ino
    spoil(live)
    restore(DirectorySource("d", live), tree)
    assert (live / "app.log").stat().st_ino == inode
    assert (live / "sub" / "deep" / "b.log").read_text() == "log"
    assert (live / "sub" / "cache" / "x").read_text() == "cached"
    assert (live / "file").read_text() == "file"
    assert (live / "link").is_symlink()
    assert not (live / "new").exists()
    assert not (live / "sub" / "extra").exists()


def test_with_what_stays_the_rest_is_restored_exactly(tmp_path: Path, live: Path) -> None:
    (live / "sub" / "deep" / "stays.log").write_text("log")
    source = DirectorySource("d", live, exclude=["*.log"])
    tree = capture(source, tmp_path)
    before = picture(live)
    spoil(live)
    restore(source, tree)
    assert picture(live) == before


@pytest.mark.parametrize("told_by", ["context", "source", "backup"])
def test_the_repository_and_databases_inside_are_never_moved(
    tmp_path: Path, live: Path, told_by: str
) -> None:
    """The safety of everything: exchanging the directory would carry the repository away."""
    (live / "backups").mkdir()
    (live / "backups" / "config").write_text("repository")
    (live / "app.db").write_text("database")
    reserved = [live / "backups", live / "app.db", live / "app.db-wal"]
    tree = capture(DirectorySource("d", live), tmp_path, *reserved)
    inodes = [(live / name).stat().st_ino for name in ("backups", "app.db", "backups/config")]
    spoil(live)
    if told_by != "backup":
        content = msgspec.structs.replace(tree.manifest.contents["files/d"], facts={})
        tree.manifest = msgspec.structs.replace(tree.manifest, contents={"files/d": content})
    source = DirectorySource("d", live, reserved=reserved if told_by == "source" else ())
    restore(source, tree, exclude=reserved if told_by == "context" else ())
    assert [(live / n).stat().st_ino for n in ("backups", "app.db", "backups/config")] == inodes
    assert (live / "file").read_text() == "file"
    assert not (live / "new").exists()


def test_what_the_backup_could_not_read_is_not_removed(tmp_path: Path, live: Path) -> None:
    """A partial backup does not speak for what it misses."""
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    for path in ("files/d/file", "files/d/sub/deep/data"):
        del tree.nodes[path]
    gone = Problem(path="files/d/vanished", reason="vanished")
    tree.manifest = msgspec.structs.replace(
        tree.manifest,
        problems=(
            Problem(path="files/d/file", reason="Permission denied"),
            Problem(path="files/d/sub/deep", reason="Permission denied"),
            gone,
        ),
    )
    (live / "file").write_text("precious")
    (live / "new").touch()
    restore(source, tree)
    assert (live / "file").read_text() == "precious"
    assert (live / "sub" / "deep" / "data").exists()
    assert not (live / "new").exists()


def test_undo_brings_back_what_was_replaced(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    spoil(live)
    for exclude in ([], [live / "hollow"], [live / "new"]):
        before = picture(live)
        context = RestoreContext(
            token="t", tree=tree, scratch_dir=tmp_path, exclude=tuple(exclude), keep_previous=True
        )
        with source.stage(context) as staged:
            staged.swap()
            assert picture(live) != before
            staged.undo()
        assert picture(live) == before
        assert [path.name for path in tmp_path.iterdir()] == ["live"]


def test_a_plan_alone_writes_nothing(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    spoil(live)
    before = inside(tmp_path)
    with source.stage(RestoreContext(token="t", tree=tree, scratch_dir=tmp_path)) as staged:
        plan = staged.plan()
        assert inside(tmp_path) == before
    assert inside(tmp_path) == before
    assert plan[0] == PlannedChange(
        target=str(live),
        action="replace",
        detail="files: 1 created, 2 replaced, 2 removed, 7 unchanged "
        "(told by size and modification time)",
    )
    assert {(os.path.relpath(each.target, live), each.action) for each in plan[1:]} == {
        ("sub/deep/data", "create"),
        ("link", "replace"),
        ("file", "replace"),
        ("new", "remove"),
        ("sub/extra/x", "remove"),
    }


def test_a_plan_names_a_few_and_counts_the_rest(tmp_path: Path) -> None:
    place = tmp_path / "live"
    place.mkdir()
    source = DirectorySource("d", place)
    tree = capture(source, tmp_path)
    for number in range(100):
        (place / f"{number:03}").touch()
    with source.stage(RestoreContext(token="t", tree=tree, scratch_dir=tmp_path)) as staged:
        plan = staged.plan()
    assert len(plan) == 22
    assert plan[-1].detail == "and 80 more files"


def test_setuid_is_stripped_unless_asked(tmp_path: Path) -> None:
    """R24: set-uid, set-gid and capabilities; set-gid of a directory is no privilege."""
    place = tmp_path / "live"
    place.mkdir(mode=0o2775)
    place.chmod(0o2775)
    (place / "program").touch()
    (place / "program").chmod(0o6755)
    source = DirectorySource("d", place)
    tree = capture(source, tmp_path)
    restore(source, tree, target=tmp_path / "plain")
    asking = DirectorySource("d", place, strip_setuid=False)
    restore(asking, tree, target=tmp_path / "asked")
    assert stat.S_IMODE((tmp_path / "plain" / "program").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "asked" / "program").stat().st_mode) == 0o6755
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o2775


@pytest.mark.parametrize(
    "name", ["..", ".", "", "a/b", "/etc", "x\0y", "../../outside", "sub/../../outside"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, live: Path, name: str) -> None:
    """R24: never outside the target, whatever the backup says."""
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    tree.nodes[f"files/d/zz/{name}"] = Node(name=name, type=NodeType.FILE, size=1)
    tree.data[f"files/d/zz/{name}"] = b"x"
    before = inside(tmp_path)
    with pytest.raises((RestoreError, PathNotInBackup)):
        restore(source, tree)
    assert inside(tmp_path) == before


def test_a_backup_that_leads_through_its_own_link_is_refused(tmp_path: Path, live: Path) -> None:
    """R24: never through a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    tree.nodes["files/d/trap"] = Node(name="trap", type=NodeType.SYMLINK, link_target=str(outside))
    tree.nodes["files/d/trap/x"] = Node(name="x", type=NodeType.FILE, size=1)
    tree.data["files/d/trap/x"] = b"x"
    before = inside(tmp_path)
    with pytest.raises(RestoreError):
        restore(source, tree)
    assert inside(tmp_path) == before


@pytest.mark.parametrize("mode", ["whole", "entries", "only"])
def test_links_placed_in_the_live_directory_are_replaced_not_followed(
    tmp_path: Path, live: Path, mode: str
) -> None:
    """R24: pre-placed symbolic links at each depth."""
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "data").write_text("untouched")
    (outside / "script").write_text("untouched")
    (live / "sub" / "deep" / "data").unlink()
    (live / "sub" / "deep").rmdir()
    (live / "sub" / "script").unlink()
    if mode == "only":
        (live / "sub" / "deep").symlink_to(outside / "deep")
    else:
        (live / "sub").rmdir()
        (live / "sub").symlink_to(outside)
    (live / "file").unlink()
    (live / "file").symlink_to(outside / "script")
    (live / "stays").touch()
    if mode == "only":
        with pytest.raises(TargetInUse, match="sub/deep"):
            restore(source, tree, only=["files/d/sub/deep/data", "files/d/file"])
        restore(source, tree, only=["files/d/sub/deep", "files/d/file"])
    else:
        restore(source, tree, exclude=[live / "stays"] if mode == "entries" else [])
    assert (outside / "deep" / "data").read_text() == "untouched"
    assert (outside / "script").read_text() == "untouched"
    assert not (live / "file").is_symlink()
    assert not (live / "sub" / "deep").is_symlink()
    assert (live / "sub" / "deep" / "data").stat().st_size == 256 * 40


def test_a_link_swapped_in_and_out_all_the_time_never_leads_outside(tmp_path: Path) -> None:
    """R24: swap race loop."""
    place, outside = tmp_path / "live", tmp_path / "outside"
    (place / "a" / "b").mkdir(parents=True)
    (place / "a" / "b" / "file").write_text("file")
    (outside / "b").mkdir(parents=True)
    (outside / "b" / "file").write_text("untouched")
    (tmp_path / "spare").symlink_to(outside)
    source = DirectorySource("d", place)
    tree = capture(source, tmp_path)
    stop = threading.Event()

    def race() -> None:
        while not stop.is_set():
            for first, second in (("live/a", "aside"), ("spare", "live/a")) * 1:
                try:
                    (tmp_path / first).rename(tmp_path / second)
                except OSError:
                    continue
            for first, second in (("live/a", "spare"), ("aside", "live/a")):
                try:
                    (tmp_path / first).rename(tmp_path / second)
                except OSError:
                    continue

    thread = threading.Thread(target=race)
    thread.start()
    try:
        for _ in range(30):
            try:
                restore(source, tree, only=["files/d/a/b/file"])
            except RestoreError:
                continue
    finally:
        stop.set()
        thread.join()
    assert (outside / "b" / "file").read_text() == "untouched"
    assert sorted(path.name for path in outside.rglob("*")) == ["b", "file"]


class _Damaged(MemoryTree):
    """Fails at the last byte of a file."""

    def write_to(self, path: str, descriptor: int) -> None:
        super().write_to(path, descriptor)
        if path == "files/d/sub/script":
            raise RepositoryDamaged("a blob is damaged")


def test_damage_in_the_last_byte_leaves_the_live_directory_untouched(
    tmp_path: Path, live: Path
) -> None:
    """R15: nothing is written before full verification."""
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    damaged = _Damaged(tree.manifest)
    damaged.nodes, damaged.data = tree.nodes, tree.data
    spoil(live)
    before = inside(tmp_path)
    with pytest.raises(RepositoryDamaged):
        restore(source, damaged)
    assert inside(tmp_path) == before


def test_damage_among_many_files_ends_the_restore_and_closes_all_of_them(tmp_path: Path) -> None:
    """R15: several files are written at once; the first failure is told, and none stays open."""
    live = tmp_path / "live"
    (live / "sub").mkdir(parents=True)
    for number in range(300):
        (live / "sub" / f"script-{number}").write_bytes(b"#" * number)
    (live / "sub" / "script").touch()
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    damaged = _Damaged(tree.manifest)
    damaged.nodes, damaged.data = tree.nodes, tree.data
    before, descriptors = inside(tmp_path), os.listdir("/proc/self/fd")  # noqa: PTH208
    with pytest.raises(RepositoryDamaged):
        restore(source, damaged)
    assert inside(tmp_path) == before
    assert os.listdir("/proc/self/fd") == descriptors  # noqa: PTH208
    restore(source, tree)
    assert len(list((live / "sub").iterdir())) == 301


def test_a_file_of_the_wrong_size_or_a_missing_one_fails_the_check(
    tmp_path: Path, live: Path
) -> None:
    """R15: the check says which."""
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    tree.data["files/d/file"] = b"short"[:3]
    with source.stage(RestoreContext(token="t", tree=tree, scratch_dir=tmp_path)) as staged:
        results = staged.check()
    assert (results[0].name, results[0].passed) == ("files/d: files", False)
    assert "wrong size: file" in results[0].detail
    del tree.nodes["files/d/file"], tree.data["files/d/file"]
    with source.stage(RestoreContext(token="t", tree=tree, scratch_dir=tmp_path)) as staged:
        results = staged.check()
    assert ("files/d: file count", False) in [(each.name, each.passed) for each in results]


def test_a_full_disk_while_staging_leaves_nothing_and_the_next_try_succeeds(
    tmp_path: Path, live: Path
) -> None:
    """R36: ENOSPC and inode exhaustion while staging."""
    with small_disk(size_bytes=1 << 20, inodes=40) as disk:
        place = disk / "live"
        place.mkdir()
        for number in range(5):
            (place / str(number)).write_bytes(random.Random(number).randbytes(60_000))
        source = DirectorySource("d", place)
        tree = capture(source, tmp_path)
        (place / "0").write_text("changed")
        ballast = fill(disk)
        before = picture(place)
        with pytest.raises(NotEnoughSpace):
            restore(source, tree)
        assert picture(place) == before
        assert sorted(path.name for path in disk.iterdir()) == ["ballast", "live"]
        ballast.unlink()
        taken = [disk / f"inode-{number}" for number in range(28)]
        for path in taken:
            path.touch()
        with pytest.raises(NotEnoughSpace):
            restore(source, tree)
        assert picture(place) == before
        for path in taken:
            path.unlink()
        restore(source, tree)
        assert (place / "0").stat().st_size == 60_000
        assert [path.name for path in disk.iterdir()] == ["live"]


def test_a_cancelled_restore_leaves_nothing(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    cancel = CancellationToken()
    context = RestoreContext(
        token="t",
        tree=tree,
        scratch_dir=tmp_path,
        cancel=cancel,
        progress=lambda _: cancel.cancel(),
    )
    before = inside(tmp_path)
    with pytest.raises(Cancelled), source.stage(context) as staged:
        staged.check()
    assert inside(tmp_path) == before


def test_without_root_a_restore_keeps_modes_and_leaves_owners(tmp_path: Path) -> None:
    """R24, and not as root: directories that nobody may write are restored all the same."""
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    with as_nobody():
        place = home / "live"
        (place / "fixed" / "deep").mkdir(parents=True)
        (place / "fixed" / "deep" / "file").write_text("x")
        (place / "fixed" / "deep").chmod(0o500)
        (place / "fixed").chmod(0o555)
        (place / "stays").touch()
        source = DirectorySource("d", place)
        tree = capture(source, tmp_path)
        before = picture(place)
        for exclude in ([], [place / "stays"]):
            (place / "new").touch()
            restore(source, tree, exclude=exclude)
            assert picture(place) == before
        place.chmod(0o555)
        tree = capture(source, tmp_path)
        restore(source, tree)
        assert stat.S_IMODE(place.stat().st_mode) == 0o555
        assert [path.name for path in home.iterdir()] == ["live"]


def test_where_the_parent_may_not_be_written_entries_are_exchanged(tmp_path: Path) -> None:
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)
    home = tmp_path / "home"
    place = home / "live"
    place.mkdir(parents=True)
    place.chmod(0o777)
    home.chmod(0o755)
    with as_nobody():
        (place / "file").write_text("x")
        (place / "sub").mkdir()
        source = DirectorySource("d", place)
        tree = capture(source, tmp_path)
        before = inside(place)
        (place / "file").write_text("changed")
        (place / "sub").rmdir()
        (place / "new").touch()
        restore(source, tree)
        assert inside(place) == before


def test_a_directory_with_the_longest_name_is_restored(tmp_path: Path) -> None:
    place = tmp_path / ("ö" * 127)
    place.mkdir()
    (place / "file").write_text("x")
    source = DirectorySource("d", place)
    tree = capture(source, tmp_path)
    (place / "file").unlink()
    restore(source, tree)
    assert (place / "file").read_text() == "x"
    assert list(tmp_path.iterdir()) == [place]


def test_a_mount_point_is_restored_entry_by_entry(tmp_path: Path) -> None:
    """It cannot be moved, and what is staged must be on its file system, so inside it."""
    with small_disk() as disk:
        (disk / "sub").mkdir()
        (disk / "sub" / "file").write_text("file")
        (disk / "top").write_text("top")
        source = DirectorySource("d", disk)
        before = inside(disk)
        tree = capture(source, tmp_path)
        (disk / "top").write_text("changed")
        (disk / "sub" / "new").touch()
        (disk / "added").mkdir()
        spoilt = inside(disk)
        context = RestoreContext(token="t", tree=tree, scratch_dir=tmp_path)
        with source.stage(context) as staged:
            staged.swap()
            assert {p: e for p, e in inside(disk).items() if not p.startswith(".")} == before
            staged.undo()
        assert inside(disk) == spoilt
        restore(source, tree)
        assert inside(disk) == before


def test_something_mounted_inside_is_never_moved(tmp_path: Path, live: Path) -> None:
    with small_disk() as disk:
        (disk / "outer").mkdir()
        (disk / "outer" / "file").write_text("x")
        inner = disk / "outer" / "inner"
        inner.mkdir()
        os.system(f"mount -t tmpfs tmpfs {inner}")
        try:
            (inner / "mounted").write_text("y")
            source = DirectorySource("d", disk / "outer")
            tree = capture(source, tmp_path)
            with pytest.raises(TargetInUse, match="inner"):
                restore(source, tree)
            outside = DirectorySource("d", disk / "outer", exclude=["/inner/*"])
            tree = capture(outside, tmp_path)
            (disk / "outer" / "file").write_text("changed")
            restore(outside, tree)
            assert (disk / "outer" / "file").read_text() == "x"
            assert (inner / "mounted").read_text() == "y"
        finally:
            os.system(f"umount {inner}")


def test_patterns_of_a_backup_that_nobody_understands_are_refused(
    tmp_path: Path, live: Path
) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    content = tree.manifest.contents["files/d"]
    content = msgspec.structs.replace(content, facts={"exclude": ["[unclosed"], "include": 3})
    tree.manifest = msgspec.structs.replace(tree.manifest, contents={"files/d": content})
    with pytest.raises(RestoreError, match="unclosed"):
        restore(source, tree)
    restore(source, tree, target=tmp_path / "new")


def test_a_file_in_the_place_of_what_must_stay_is_refused(tmp_path: Path, live: Path) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    (live / "file").unlink()
    (live / "file").mkdir()
    (live / "file" / "app.db").touch()
    before = picture(live)
    with pytest.raises(TargetInUse, match="file"):
        restore(source, tree, exclude=[live / "file" / "app.db"])
    assert picture(live) == before


def test_sockets_and_devices_of_foreign_backups_are_left_out_and_told(
    tmp_path: Path, live: Path
) -> None:
    source = DirectorySource("d", live)
    tree = capture(source, tmp_path)
    tree.nodes["files/d/disk"] = Node(name="disk", type=NodeType.DEV, device=os.makedev(8, 0))
    tree.nodes["files/d/sock"] = Node(name="sock", type=NodeType.SOCKET)
    context = RestoreContext(token="t", tree=tree, scratch_dir=tmp_path)
    with source.stage(context) as staged:
        (told,) = [each for each in staged.check() if each.name == "files/d: metadata"]
        staged.swap()
    assert told.detail == "not restored here: 1 of kind dev; 1 of kind socket"
    assert not (live / "disk").exists()


NAMES = st.binary(min_size=1, max_size=8).filter(
    lambda name: name not in {b".", b".."} and b"/" not in name and b"\0" not in name
)
CONTENTS: st.SearchStrategy[object] = st.recursive(
    st.binary(max_size=20), lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def build(place: Path, content: object, links: list[Path]) -> None:
    if isinstance(content, dict):
        place.mkdir()
        for name, inner in content.items():
            build(place / os.fsdecode(name), inner, links)
    else:
        assert isinstance(content, bytes)
        if content.startswith(b"\x00") and links:
            place.hardlink_to(links[0])
            return
        place.write_bytes(content)
        place.chmod(0o600 | (sum(content) & 0o177))
        links.append(place)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    before=st.dictionaries(NAMES, CONTENTS, max_size=5),
    after=st.dictionaries(NAMES, CONTENTS, max_size=5),
    stays=st.booleans(),
)
def test_any_tree_comes_back_over_any_other(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[bytes, object],
    after: dict[bytes, object],
    stays: bool,
) -> None:
    """R24: lossless, whole or entry by entry."""
    base = tmp_path_factory.mktemp("any")
    place = base / "live"
    source = DirectorySource("d", place, exclude=["/STAYS"])
    build(place, before, [])
    expected = picture(place)
    tree = capture(source, base)
    place.rename(base / "aside")
    build(place, after, [])
    if stays:
        (place / "STAYS").touch()
        expected["STAYS"] = picture(place)["STAYS"]
    restore(source, tree)
    assert picture(place) == expected
