"""A capture takes what is there, and tells what it could not take."""

from __future__ import annotations

import os
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import Cancelled, ConfigError, SourceError, SourceNotFound
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import CaptureContext, Entry
from holdfast.sources.directory import DirectorySource
from tests.rig.disk import as_nobody
from tests.sources.directory.memory_tree import MemoryTree, store


@pytest.fixture
def live(tmp_path: Path) -> Path:
    path = tmp_path / "live"
    path.mkdir()
    return path


def take(source: DirectorySource, tmp_path: Path, *exclude: Path) -> MemoryTree:
    context = CaptureContext(scratch_dir=tmp_path, exclude=exclude)
    with source.capture(context) as capture:
        return store(source.root, capture)


def problems(tree: MemoryTree) -> dict[str, str]:
    return {problem.path: problem.reason for problem in tree.manifest.problems}


def test_everything_is_taken_with_its_metadata(tmp_path: Path, live: Path) -> None:
    """R24: modes, owners, links, times and extended attributes are in the backup."""
    (live / "sub").mkdir(mode=0o751)
    file = live / "sub" / "file"
    file.write_bytes(b"content")
    file.chmod(0o4640)
    os.utime(file, ns=(1_000_000_001, 2_000_000_002))
    os.setxattr(file, "user.colour", b"\x00blue\xff")
    (live / "twin").hardlink_to(file)
    (live / "empty").touch()
    (live / "link").symlink_to("../nowhere")
    os.mkfifo(live / "pipe", 0o600)
    tree = take(DirectorySource("data", live), tmp_path)
    status = file.stat()
    assert tree.nodes["files/data/sub/file"] == Node(
        name="file",
        type=NodeType.FILE,
        mode=0o4640,
        mtime_ns=2_000_000_002,
        atime_ns=1_000_000_001,
        ctime_ns=status.st_ctime_ns,
        uid=os.getuid(),
        gid=os.getgid(),
        user=file.owner(),
        group=file.group(),
        inode=status.st_ino,
        device_id=status.st_dev,
        size=7,
        links=2,
        extended_attributes=(("user.colour", b"\x00blue\xff"),),
    )
    assert tree.nodes["files/data/twin"].inode == status.st_ino
    assert tree.nodes["files/data/link"].link_target == "../nowhere"
    assert tree.nodes["files/data/pipe"].type is NodeType.FIFO
    assert tree.nodes["files/data/sub"].mode == 0o751
    assert tree.nodes["files/data/empty"].device_id == 0
    assert tree.nodes["files/data"].name == "data"
    assert tree.data == {
        "files/data/empty": b"",
        "files/data/sub/file": b"content",
        "files/data/twin": b"content",
    }
    assert tree.manifest.contents["files/data"].count == 3
    assert tree.manifest.problems == ()


def test_directories_come_before_what_they_contain_and_subtrees_are_whole(
    tmp_path: Path, live: Path
) -> None:
    for name in ("b/c/d", "a/x", "a.b"):
        (live / name).mkdir(parents=True)
        (live / name / "file").touch()
    with DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture:
        paths = [entry.path for entry in capture.entries()]
    assert paths == [
        "files/d",
        *("files/d/a", "files/d/a/x", "files/d/a/x/file"),
        *("files/d/a.b", "files/d/a.b/file"),
        *("files/d/b", "files/d/b/c", "files/d/b/c/d", "files/d/b/c/d/file"),
    ]


def test_reading_leaves_access_times_alone(tmp_path: Path, live: Path) -> None:
    file = live / "file"
    file.write_text("x")
    os.utime(file, ns=(5, 7))
    take(DirectorySource("d", live), tmp_path)
    assert file.stat().st_atime_ns == 5


def test_names_that_are_not_unicode_are_taken_as_they_are(tmp_path: Path, live: Path) -> None:
    """R09: non-UTF-8 names."""
    name = os.fsdecode(b"caf\xe9")
    (live / name).write_text("x")
    (live / "link").symlink_to(name)
    tree = take(DirectorySource("d", live), tmp_path)
    assert tree.data[f"files/d/{name}"] == b"x"
    assert tree.nodes["files/d/link"].link_target == name


def test_a_missing_root_is_an_error_not_an_empty_backup(tmp_path: Path) -> None:
    """R09: a missing root path."""
    source = DirectorySource("d", tmp_path / "gone")
    with (
        pytest.raises(SourceNotFound, match="gone"),
        source.capture(CaptureContext(scratch_dir=tmp_path)),
    ):
        pass
    with pytest.raises(SourceNotFound):
        source.size_bytes()


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="not a directory"):
        DirectorySource("d", tmp_path / "file").size_bytes()


def test_the_root_may_be_a_link_and_no_link_below_is_followed(tmp_path: Path, live: Path) -> None:
    """R09: loop links."""
    (live / "file").write_text("x")
    (live / "loop").symlink_to(".")
    (live / "up").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(live)
    tree = take(DirectorySource("d", tmp_path / "alias"), tmp_path)
    assert sorted(tree.nodes) == ["files/d", "files/d/file", "files/d/loop", "files/d/up"]


def test_unreadable_entries_are_problems_for_who_may_not_read_them(
    tmp_path: Path, live: Path
) -> None:
    """R09: chmod 000, as root and not as root."""
    for path in (tmp_path, *tmp_path.parents[:3], live):
        path.chmod(0o755)
    (live / "file").write_text("x")
    (live / "secret").write_text("x")
    (live / "sub").mkdir()
    (live / "sub" / "inner").write_text("x")
    (live / "secret").chmod(0)
    (live / "sub").chmod(0)
    source = DirectorySource("d", live)
    if os.geteuid() == 0:
        assert take(source, tmp_path).manifest.problems == ()
    with as_nobody():
        tree = take(source, tmp_path)
    assert problems(tree) == {
        "files/d/secret": "Permission denied",
        "files/d/sub": "Permission denied",
    }
    assert tree.data == {"files/d/file": b"x"}
    assert tree.nodes["files/d/sub"].type is NodeType.DIR
    assert tree.manifest.contents["files/d"].count == 1


def test_an_unreadable_root_is_an_error(tmp_path: Path, live: Path) -> None:
    """R09: an unreadable root path."""
    live.chmod(0)
    with as_nobody(), pytest.raises(SourceError, match="Permission denied"):
        DirectorySource("d", live).size_bytes()
    live.chmod(0o700)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def grow(file: Path) -> None:
    with file.open("a") as stream:
        stream.write("more")


def truncate(file: Path) -> None:
    os.truncate(file, 1)


def replace(file: Path) -> None:
    (file.parent / "new").write_text("other content")
    (file.parent / "new").rename(file)


def rewrite(file: Path) -> None:
    file.write_text("XX")


@pytest.mark.parametrize("change", [grow, truncate, replace, rewrite])
@pytest.mark.parametrize("when", ["before opening", "after opening", "midway"])
def test_a_file_changed_while_it_is_read_is_a_problem(
    tmp_path: Path, live: Path, change: Callable[[Path], None], when: str
) -> None:
    """R09: file replaced, grown, truncated during read."""
    (live / "file").write_text("content")
    os.utime(live / "file", ns=(1, 1))
    with DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture:
        for entry in capture.entries():
            if entry.open is None:
                continue
            if when == "before opening":
                change(live / "file")
            with entry.open() as stream:
                if when == "midway":
                    stream.read(2)
                if when != "before opening":
                    change(live / "file")
                while stream.read(3):
                    pass
        facts = capture.facts()
    replaced_later = change is replace and when != "before opening"
    expected = {} if replaced_later else {"files/d/file": "changed while it was read"}
    assert {problem.path: problem.reason for problem in facts.problems} == expected


def test_entries_that_vanish_are_problems(tmp_path: Path, live: Path) -> None:
    """R09: vanished items, files and directories, by name."""
    (live / "sub").mkdir()
    (live / "a").touch()
    (live / "b").touch()
    (live / "c").touch()
    with DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture:
        failed = []
        for entry in capture.entries():
            if entry.path == "files/d/a":
                (live / "b").unlink()
                (live / "sub").rmdir()
            if entry.path == "files/d/c":
                (live / "c").unlink()
                assert entry.open is not None
                with pytest.raises(FileNotFoundError):
                    entry.open()
                failed.append(entry.path)
        facts = capture.facts()
    assert {problem.path: problem.reason for problem in facts.problems} == {
        "files/d/b": "vanished while the backup ran",
        "files/d/sub": "vanished while the backup ran",
    }
    assert facts.count == 1


def test_a_directory_replaced_by_a_link_is_not_followed(tmp_path: Path, live: Path) -> None:
    """R24: never through a link, when capturing either."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "stolen").write_text("secret")
    (live / "z").touch()
    (live / "sub").mkdir()
    with DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture:
        paths = []
        for entry in capture.entries():
            paths.append(entry.path)
            if entry.path == "files/d/z":
                (live / "sub").rmdir()
                (live / "sub").symlink_to(tmp_path / "outside")
        facts = capture.facts()
    assert paths == ["files/d", "files/d/z"]
    assert [problem.path for problem in facts.problems] == ["files/d/sub"]


def test_special_files_never_block(tmp_path: Path, live: Path) -> None:
    """R09: FIFO, socket, device; and one that takes the place of a file at the last moment."""
    os.mkfifo(live / "fifo")
    (live / "file").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(live / "socket"))
        with DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture:
            entries: dict[str, Entry] = {entry.path: entry for entry in capture.entries()}
            (live / "file").unlink()
            os.mkfifo(live / "file")
            opener = entries["files/d/file"].open
            assert opener is not None
            with pytest.raises(OSError, match="no longer a regular file"):
                opener()
            assert capture.facts().problems == ()
    assert sorted(entries) == ["files/d", "files/d/fifo", "files/d/file"]
    assert entries["files/d/fifo"].open is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes")
def test_device_nodes_are_taken_without_content(tmp_path: Path, live: Path) -> None:
    """R09: devices."""
    os.mknod(live / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    node = take(DirectorySource("d", live), tmp_path).nodes["files/d/null"]
    assert (node.type, node.device) == (NodeType.CHARDEV, os.makedev(1, 3))


def test_patterns_leave_out_and_the_facts_say_which(tmp_path: Path, live: Path) -> None:
    for name in ("keep.txt", "drop.tmp", "cache/x", "sub/cache/y", "sub/z"):
        (live / name).parent.mkdir(parents=True, exist_ok=True)
        (live / name).write_text("12345")
    source = DirectorySource("d", live, exclude=["*.tmp", "cache/"])
    tree = take(source, tmp_path)
    assert sorted(tree.data) == ["files/d/keep.txt", "files/d/sub/z"]
    assert tree.manifest.contents["files/d"].facts == {"exclude": ["*.tmp", "cache/"]}
    assert source.size_bytes() == 10


def test_the_repository_and_protected_databases_are_never_captured(
    tmp_path: Path, live: Path
) -> None:
    """By their paths, links on the way resolved, and by their inodes."""
    (live / "backups").mkdir()
    (live / "backups" / "config").touch()
    (live / "app.db").touch()
    (live / "app.db-wal").touch()
    (live / "second-name").hardlink_to(live / "app.db")
    (live / "other").touch()
    alias = tmp_path / "alias"
    alias.symlink_to(live)
    source = DirectorySource("d", live, reserved=[alias / "app.db-wal"])
    tree = take(source, tmp_path, alias / "backups", live / "app.db", live / "not-there")
    assert sorted(tree.nodes) == ["files/d", "files/d/other"]
    assert tree.manifest.contents["files/d"].facts == {
        "left_out": ["app.db", "app.db-wal", "backups", "second-name"]
    }


def test_a_directory_inside_the_repository_is_refused(tmp_path: Path, live: Path) -> None:
    with pytest.raises(SourceError, match="lies inside"):
        take(DirectorySource("d", live), tmp_path, tmp_path)


def test_what_a_restore_stages_is_not_captured(tmp_path: Path, live: Path) -> None:
    (live / ".live.holdfast-0123").mkdir()
    (live / ".live.holdfast-0123" / "x").touch()
    assert sorted(take(DirectorySource("d", live), tmp_path).nodes) == ["files/d"]


def test_files_that_look_like_databases_are_taken_with_a_warning(
    tmp_path: Path, live: Path
) -> None:
    for name in ("app.db", "store", "store-wal", "plain.txt"):
        (live / name).write_text(name)
    with DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture:
        tree = {}
        for entry in capture.entries():
            if entry.open:
                with entry.open() as stream:
                    tree[entry.path] = stream.read()
        (warning,) = capture.facts().warnings
    assert "files/d/app.db, files/d/store." in warning
    assert tree["files/d/app.db"] == b"app.db"
    assert len(tree) == 4


_TRY_TO_WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
try:
    connection.execute("create table other (x)")
except sqlite3.OperationalError as error:
    print(error)
"""


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_reading_a_database_drops_none_of_the_locks_this_process_holds_on_it(
    tmp_path: Path, live: Path, mode: str
) -> None:
    """R08: the source stays usable; a plain open and close here would unlock it for others."""
    path = live / "app.db"
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(f"pragma journal_mode = {mode}")
        connection.execute("create table t (x)")
        connection.execute("begin immediate")
        connection.execute("insert into t values (1)")
        take(DirectorySource("d", live), tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", _TRY_TO_WRITE, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "database is locked"
        connection.execute("commit")
    finally:
        connection.close()


def test_a_database_read_apart_is_reported_when_it_cannot_be_read_or_changes(
    tmp_path: Path, live: Path
) -> None:
    """R09, for files that another process reads for us."""
    for path in (tmp_path, *tmp_path.parents[:3], live):
        path.chmod(0o755)
    (live / "a.db").write_text("a")
    (live / "b.db").write_text("b" * 1_000_000)
    (live / "a.db").chmod(0)
    with (
        as_nobody(),
        DirectorySource("d", live).capture(CaptureContext(scratch_dir=tmp_path)) as capture,
    ):
        entries = {entry.path: entry.open for entry in capture.entries()}
        denied, changing = entries["files/d/a.db"], entries["files/d/b.db"]
        assert denied is not None
        with pytest.raises(PermissionError):
            denied()
        assert changing is not None
        with changing() as stream:
            assert stream.read(10) == b"b" * 10
            os.seteuid(os.getuid())
            grow(live / "b.db")
            assert len(stream.read()) >= 1_000_000 - 10
        facts = capture.facts()
    assert [problem.path for problem in facts.problems] == ["files/d/b.db"]
    assert facts.count == 1


def test_a_tree_deeper_than_open_files_allow_is_captured(tmp_path: Path, live: Path) -> None:
    deepest = live
    for _ in range(300):
        deepest /= "d"
    deepest.mkdir(parents=True)
    (deepest / "file").write_text("deep")
    for place in (live / "d/second", live / "d/d/d/second"):
        place.mkdir()
        (place / "file").touch()
    tree = take(DirectorySource("d", live), tmp_path)
    assert tree.data["files/d/" + "d/" * 300 + "file"] == b"deep"
    assert len(tree.data) == 3


def test_no_descriptor_stays_open(tmp_path: Path, live: Path) -> None:
    (live / "a/b/c").mkdir(parents=True)
    (live / "a/b/c/file").touch()
    (live / "a/x.db").touch()
    before = open_descriptors()
    take(DirectorySource("d", live), tmp_path)
    assert open_descriptors() == before


def test_a_capture_stops_when_it_is_cancelled(tmp_path: Path, live: Path) -> None:
    (live / "file").touch()
    cancel = CancellationToken()
    cancel.cancel()
    context = CaptureContext(scratch_dir=tmp_path, cancel=cancel)
    with DirectorySource("d", live).capture(context) as capture, pytest.raises(Cancelled):
        list(capture.entries())


@pytest.mark.parametrize("label", ["", "a/b", "..", "a\0"])
def test_a_label_that_is_no_name_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(ConfigError):
        DirectorySource(label, tmp_path)
