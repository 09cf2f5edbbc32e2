"""What goes into an archive comes out of it."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.archive import open_archive, write_archive
from holdfast.archive.assembly import Assembly
from holdfast.archive.limits import ArchiveLimits
from holdfast.archive.members import survey
from holdfast.archive.writer import ZipStream
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken, no_progress
from holdfast.models.tree import BackupTree
from tests.archive.memory_tree import MemoryTree, directory, manifest, sample_tree

Seen = dict[str, tuple[object, ...]]

_PARTS = st.one_of(
    st.sampled_from(
        ["a", "A", "é", "É", "e\u0301", "ß", "ss", "SS", "con", "a.", "a ", "a~b", "%41"]
    ),
    st.binary(min_size=1, max_size=12).map(os.fsdecode),
    st.text(min_size=1, max_size=6).filter(lambda text: text.isprintable()),
    st.sampled_from(["\\", "\n", "\x7f", "\udcff", "C:", "-rf", "x" * 255, "\x01" * 255]),
).filter(lambda part: part not in (".", "..") and "/" not in part and "\0" not in part)
_TIMES = st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 2**61))
_TARGETS = st.binary(min_size=1, max_size=20).map(os.fsdecode).filter(lambda t: "\0" not in t)


@st.composite
def trees(draw: st.DrawFn) -> MemoryTree:
    """Draw a tree under `files/` of names and metadata as Linux allows them."""
    tree = MemoryTree(manifest())
    places = ["files/a"]
    tree.add(directory("files/a", mode=0o750), "files/a")
    for name in draw(st.lists(_PARTS, max_size=10, unique=True)):
        parent = draw(st.sampled_from(places))
        path = f"{parent}/{name}"
        if path in tree.nodes:
            continue
        kind = draw(st.sampled_from([NodeType.FILE, NodeType.FILE, NodeType.DIR, NodeType.SYMLINK]))
        data = draw(st.binary(max_size=300)) if kind is NodeType.FILE else b""
        node = Node(
            name=name,
            type=kind,
            mode=draw(st.integers(0, 0o7777)) & (0o1777 if kind is NodeType.FILE else 0o7777),
            mtime_ns=draw(_TIMES),
            size=len(data),
            links=0 if kind is NodeType.DIR else 1,
            link_target=draw(_TARGETS) if kind is NodeType.SYMLINK else "",
        )
        tree.add(node, path)
        if kind is NodeType.FILE:
            tree.data[path] = data
        if kind is NodeType.DIR:
            places.append(path)
    return tree


def seen(tree: BackupTree) -> Seen:
    """Return all that an archive promises to keep."""
    found: Seen = {}
    for path, node in tree.walk(""):
        mode = 0o777 if node.type is NodeType.SYMLINK else node.mode
        data = b"".join(tree.read(path)) if node.type is NodeType.FILE else b""
        found[path] = (node.name, node.type, mode, node.mtime_ns, node.size, node.link_target, data)
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=trees())
def test_every_tree_that_linux_allows_comes_back_as_it_was(
    tree: MemoryTree, tmp_path: Path
) -> None:
    """Names, content, modes, times, links and empty directories survive, in the same order."""
    path = tmp_path / "backup.zip"
    with path.open("wb") as sink:
        write_archive(tree, sink)
    with open_archive(path, scratch_dir=tmp_path) as archive:
        assert seen(archive) == seen(tree)
        assert list(seen(archive)) == list(seen(tree))
        assert archive.manifest == tree.manifest


def test_each_entry_is_found_by_its_true_path(tmp_path: Path) -> None:
    """`node` agrees with `walk`, and finds nothing by the name that only the archive uses."""
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(sample_tree()))
    with open_archive(path, scratch_dir=tmp_path) as archive:
        for below, node in archive.walk(""):
            assert archive.node(below) == node
        stored_name = "files/thumbnails/a.jpg~509b0d4641a7"
        for absent in (
            stored_name,
            "manifest.json",
            "RESTORE.txt",
            "",
            ".",
            "files/..",
            "/files",
            "files/",
        ):
            assert archive.node(absent) is None


def test_large_files_have_64_bit_sizes(tmp_path: Path) -> None:
    """With every member written as one over 4 GB is, the archive reads back the same."""
    tree = sample_tree()
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(tree, large_from=1))
    with open_archive(path, scratch_dir=tmp_path) as archive:
        assert seen(archive) == seen(tree)


def test_a_file_that_compresses_like_a_bomb_is_exported_so_that_import_takes_it(
    tmp_path: Path,
) -> None:
    """64 MiB of zeros, as a sparse database has, pass our own guard against bombs."""
    tree = MemoryTree(manifest(), piece_size=2**20)
    size = 64 * 2**20
    node = Node(name="zeros", type=NodeType.FILE, mode=0o600, size=size, links=1)
    tree.add(node, "files/zeros")
    tree.data["files/zeros"] = bytes(size)
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(tree))
    assert size / 250 < path.stat().st_size < size / 150
    with open_archive(path, scratch_dir=tmp_path) as archive:
        assert sum(len(piece) for piece in archive.read("files/zeros")) == size


def test_what_an_archive_cannot_carry_is_named_among_the_problems(tmp_path: Path) -> None:
    """R09: a pipe and a set-user-id bit are left out, and said to be."""
    tree = MemoryTree(manifest())
    tree.add(Node(name="pipe\udcff", type=NodeType.FIFO), "files/a/pipe\udcff")
    tree.add(Node(name="run", type=NodeType.FILE, mode=0o4755, links=1), "files/a/run")
    tree.data["files/a/run"] = b""
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(tree))
    with open_archive(path, scratch_dir=tmp_path) as archive:
        assert [problem.path for problem in archive.manifest.problems] == [
            "files/a/pipe%FF",
            "files/a/run",
        ]
        assert [(p, n.mode) for p, n in archive.walk("files/a")] == [("files/a/run", 0o755)]


def test_restored_files_are_written_from_offset_zero(tmp_path: Path) -> None:
    """`write_to` writes exactly the content."""
    tree = sample_tree()
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(tree))
    target = tmp_path / "app.db"
    with open_archive(path, scratch_dir=tmp_path) as archive, target.open("wb") as file:
        archive.write_to("database/app.db", file.fileno())
    assert target.read_bytes() == tree.data["database/app.db"]
    assert stat.S_ISREG(target.stat().st_mode)


def test_the_manifest_is_as_in_a_snapshot(tmp_path: Path) -> None:
    """The lists that only archives have do not reach whoever imports the backup."""
    tree = sample_tree()
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(tree))
    with open_archive(path, scratch_dir=tmp_path) as archive:
        assert archive.manifest == tree.manifest
        assert archive.manifest.files is msgspec.UNSET


def archived(tree: BackupTree, *, large_from: int | None = None) -> bytes:
    """Return the archive of `tree`; with `large_from`, files from that size with 64-bit sizes."""
    sink = io.BytesIO()
    if large_from is None:
        write_archive(tree, sink)
    else:
        stream = ZipStream(level=6, large_from=large_from)
        contents = survey(tree, ArchiveLimits())
        made = Assembly(tree, contents, stream, no_progress, CancellationToken())
        sink.writelines(made.run())
    return sink.getvalue()
