"""The real restic: it accepts and restores what we write, and we read what it writes."""

from __future__ import annotations

import io
import json
import os
import random
import stat
import subprocess
from pathlib import Path

import pytest

from holdfast.models.node import Node, NodeType
from holdfast.repository import BlobType, ObjectKind, Repository, RepositoryWriter, Snapshot
from holdfast.repository import new_blobs as new_blobs_module
from holdfast.repository import packing as packing_module
from holdfast.repository.trees import decode_tree, encode_tree
from holdfast.stores import LocalStore
from tests.repository.making import PASSWORD, WHEN, back_up, create, file_node, reopen
from tests.rig.oracle import expected_of, expected_of_directory, expected_of_files
from tests.rig.restic import Restic

_RANDOM = random.Random(3).randbytes(3 * 2**20)
_MTIME_NS = 1_580_702_706_123_456_789


@pytest.fixture
def restic(tmp_path: Path) -> Restic:
    return Restic(repository=tmp_path / "repo", password=PASSWORD, home=tmp_path / "home")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with all that can be told apart without being root."""
    root = tmp_path / "source"
    (root / "sub" / "empty").mkdir(parents=True)
    (root / "big").write_bytes(_RANDOM)
    (root / "empty").write_bytes(b"")
    (root / "zeros").write_bytes(bytes(300_000))
    (root / "sub" / "script").write_bytes(b"#!/bin/sh\n")
    (root / "sub" / "script").chmod(0o4751)
    (root / 'q"uo\\te\n').write_bytes(b"odd name")
    (root / "grüße ☃").write_bytes(b"unicode")
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_bytes(b"latin-1")
    (root / "link").symlink_to("sub/script")
    (root / "dangling").symlink_to("nowhere/../at <all>")
    (root / "hard").hardlink_to(root / "big")
    (root / "sub").chmod(0o1770)
    os.utime(root / "empty", ns=(_MTIME_NS, _MTIME_NS))
    os.utime(root / "zeros", ns=(-5 * 10**9, -5 * 10**9))
    os.utime(root / "sub", ns=(_MTIME_NS, _MTIME_NS))
    return root


def _node(path: Path, writer: RepositoryWriter) -> Node:
    """Store a path and all below it; the shortest true capture of a directory."""
    status = path.lstat()
    kind = {
        stat.S_IFREG: NodeType.FILE,
        stat.S_IFDIR: NodeType.DIR,
        stat.S_IFLNK: NodeType.SYMLINK,
        stat.S_IFIFO: NodeType.FIFO,
    }[stat.S_IFMT(status.st_mode)]
    content, subtree, target = b"", None, ""
    if kind is NodeType.FILE:
        with path.open("rb") as stream:
            content = writer.save_file(stream, size_hint=status.st_size, page_size=None).content
    elif kind is NodeType.DIR:
        subtree = writer.save_tree([_node(child, writer) for child in path.iterdir()])
    elif kind is NodeType.SYMLINK:
        target = str(path.readlink())
    return Node(
        name=path.name,
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        ctime_ns=status.st_ctime_ns,
        uid=status.st_uid,
        gid=status.st_gid,
        inode=status.st_ino,
        device_id=status.st_dev if status.st_nlink > 1 and kind is NodeType.FILE else 0,
        size=status.st_size if kind is NodeType.FILE else 0,
        links=status.st_nlink if kind is not NodeType.DIR else 0,
        link_target=target,
        content=content,
        subtree=subtree,
    )


def _capture(repository: Repository, root: Path, compression: int | None = 1) -> Snapshot:
    with repository.lock() as lock, repository.writer(lock, compression=compression) as writer:
        tree = writer.save_tree([_node(child, writer) for child in root.iterdir()])
        writer.finish()
        return repository.save_snapshot(
            Snapshot(
                time=WHEN,
                tree=tree,
                paths=("/source",),
                hostname="here",
                username="me",
                tags=("t1", "t2"),
                label="backup_1",
                description="described",
                holdfast={"anything": {"at": ["all"]}},
            )
        )


def _facts(root: Path) -> dict[str, tuple[int, int, int, int]]:
    """Return mode, owner, time and number of links of everything below a directory."""
    facts: dict[str, tuple[int, int, int, int]] = {}
    for path in root.rglob("*"):
        status = path.lstat()
        mtime = 0 if path.is_symlink() else status.st_mtime_ns
        links = 0 if path.is_dir() else status.st_nlink
        facts[str(path.relative_to(root))] = (status.st_mode, status.st_uid, mtime, links)
    return facts


def _fresh(restic: Restic, version: int = 2) -> Repository:
    return create(LocalStore(restic.repository), version=version)


@pytest.mark.parametrize(("version", "compression"), [(1, None), (2, None), (2, 1), (2, 19)])
def test_restic_restores_what_we_wrote(
    restic: Restic, directory: Path, tmp_path: Path, version: int, compression: int | None
) -> None:
    """R06: byte for byte, with modes, owners, times, hard links and odd names."""
    repository = _fresh(restic, version)
    snapshot = _capture(repository, directory, compression)
    assert snapshot.id is not None
    restic.check()
    restic.restore(snapshot.id, tmp_path / "restored")
    assert expected_of_directory(tmp_path / "restored") == expected_of_directory(directory)
    assert _facts(tmp_path / "restored") == _facts(directory)
    tree = reopen(repository.store).tree(snapshot)
    assert expected_of(tree) == expected_of_directory(directory)


def test_pipes_go_both_ways(restic: Restic, tmp_path: Path) -> None:
    """What is neither file, directory nor link has no content, and is not opened."""
    source = tmp_path / "pipes"
    source.mkdir()
    os.mkfifo(source / "ours", 0o640)
    repository = _fresh(restic)
    snapshot = _capture(repository, source)
    assert snapshot.id is not None
    restic.check()
    restic.restore(snapshot.id, tmp_path / "restored")
    assert (tmp_path / "restored" / "ours").is_fifo()
    restic.run("backup", ".", cwd=source)
    (node,) = repository.tree(repository.list_snapshots()[-1]).children("")
    assert (node.name, node.type, node.mode) == ("ours", NodeType.FIFO, 0o640)


def test_restic_lists_what_we_wrote(restic: Restic, directory: Path) -> None:
    snapshot = _capture(_fresh(restic), directory)
    (seen,) = restic.snapshots()
    assert seen["id"] == snapshot.id
    assert seen["time"] == "2024-05-06T07:08:09Z"
    assert (seen["hostname"], seen["username"]) == ("here", "me")
    assert (seen["paths"], seen["tags"]) == (["/source"], ["t1", "t2"])
    lines = [json.loads(line) for line in restic.run("ls", "latest", "--json").splitlines()]
    modes = {line["path"]: line["permissions"] for line in lines if line["struct_type"] == "node"}
    assert modes["/sub"] == "dtrwxrwx---"
    assert modes["/sub/script"] == "urwxr-x--x"
    assert modes["/link"] == "Lrwxrwxrwx"
    assert restic.run("dump", "latest", "/sub/script") == "#!/bin/sh\n"


def test_restic_reads_many_packs_and_index_files_of_ours(
    restic: Restic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing_module, "TARGET_BYTES", 300_000)
    monkeypatch.setattr(new_blobs_module, "MAX_BLOBS", 30)
    repository = _fresh(restic)
    with repository.lock() as lock, repository.writer(lock) as writer:
        saved = writer.save_file(io.BytesIO(_RANDOM), size_hint=len(_RANDOM), page_size=4096)
        node = Node(name="db", type=NodeType.FILE, size=saved.size, content=saved.content)
        tree = writer.save_tree([node, file_node(writer, "small", b"s")])
        writer.finish()
        repository.save_snapshot(Snapshot(time=WHEN, tree=tree, paths=("/x",)))
    assert len([*repository.objects.list(ObjectKind.INDEX)]) > 2
    restic.check()
    restic.restore("latest", tmp_path / "out")
    assert (tmp_path / "out" / "db").read_bytes() == _RANDOM


def test_restic_reads_streams_of_rows_cut_by_content(restic: Restic, tmp_path: Path) -> None:
    """In coarse chunks, and in fine ones where a row changed."""
    repository = _fresh(restic)
    rows = [b"%d\t%s\n" % (n, random.Random(n).randbytes(40).hex().encode()) for n in range(12_000)]
    content = data = b""
    second = Snapshot(time=WHEN, tree=b"")
    for number in range(2):
        rows[6000] = b"6000\t%d\n" % number
        data = b"".join(rows)
        with repository.lock() as lock, repository.writer(lock) as writer:
            saved = writer.save_file(
                io.BytesIO(data), size_hint=0, page_size=None, rows=True, previous=content
            )
            content = saved.content
            node = Node(name="dump", type=NodeType.FILE, size=saved.size, content=content)
            tree = writer.save_tree([node])
            writer.finish()
            second = repository.save_snapshot(Snapshot(time=WHEN, tree=tree, paths=("/x",)))
        repository = reopen(repository.store)
    restic.check()
    assert second.id is not None
    restic.restore(second.id, tmp_path / "out")  # both are of one instant: no "latest"
    assert (tmp_path / "out" / "dump").read_bytes() == data


def test_restic_goes_on_where_we_stopped(restic: Restic, directory: Path, tmp_path: Path) -> None:
    """It adds a backup and removes and prunes ours; both programs read the result."""
    repository = _fresh(restic)
    ours = _capture(repository, directory)
    restic.run("backup", ".", cwd=directory)
    assert ours.id is not None
    restic.run("forget", ours.id, "--prune")
    restic.check()
    fresh = reopen(repository.store)
    (theirs,) = fresh.list_snapshots()
    assert expected_of(fresh.tree(theirs)) == expected_of_directory(directory)
    back_up(fresh, {"after": b"prune"})
    restic.check()


@pytest.mark.parametrize(
    ("version", "compression"), [(1, "off"), (2, "off"), (2, "auto"), (2, "max")]
)
def test_we_read_what_restic_wrote(
    restic: Restic, directory: Path, version: int, compression: str
) -> None:
    """R06: all of it, and every tree encodes to the bytes that restic made."""
    repository = _fresh(restic, version)
    arguments = ["--compression", compression] if version > 1 else []
    restic.run("backup", *arguments, "--tag", "x", ".", cwd=directory)
    (directory / "later").write_bytes(b"later")
    restic.run("backup", *arguments, ".", cwd=directory)
    first, second = repository.list_snapshots()
    assert first.tags == ("x",)
    assert second.parent == first.id
    tree = repository.tree(second)
    assert expected_of(tree) == expected_of_directory(directory)
    nodes = dict(tree.walk(""))
    assert nodes["hard"].inode == nodes["big"].inode
    assert nodes["hard"].links == 2
    assert nodes["zeros"].mtime_ns == -5 * 10**9
    assert nodes["sub/script"].mode == 0o4751
    assert nodes["dangling"].link_target == "nowhere/../at <all>"


def test_a_tree_of_restic_encodes_to_the_same_bytes(restic: Restic, directory: Path) -> None:
    """So that a backup by either program after the other shares all unchanged directories."""
    repository = _fresh(restic)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(restic.home),
        "RESTIC_PASSWORD": PASSWORD,
        "TZ": "UTC",  # restic writes times in the zone of the machine; we write UTC
    }
    command = ["restic", "--no-cache", "-r", str(restic.repository), "backup", "."]
    subprocess.run(command, env=environment, cwd=directory, check=True, capture_output=True)
    trees = {entry.id for _, entry in repository.index.entries() if entry.type is BlobType.TREE}
    assert len(trees) == 3
    for tree_id in trees:
        document = repository.load_blob(BlobType.TREE, tree_id)
        assert encode_tree(decode_tree(document, tree_id)) == document


def test_passwords_of_restic_open_and_ours_open_for_restic(restic: Restic, tmp_path: Path) -> None:
    """R51: several keys made by both programs."""
    restic.init()
    extra = tmp_path / "extra"
    extra.write_text("second")
    restic.run("key", "add", "--new-password-file", str(extra))
    repository = reopen(LocalStore(restic.repository), "second")
    assert len(repository.keys.list()) == 2
    repository.keys.change("third")
    third = Restic(repository=restic.repository, password="third", home=restic.home)
    back_up(repository, {"a": b"x"})
    third.check()
    assert (
        Restic(repository=restic.repository, password="second", home=restic.home)
        .attempt("snapshots")
        .returncode
    )
    assert len(json.loads(third.run("key", "list", "--json"))) == 2


def test_several_index_files_of_restic_are_read(restic: Restic, tmp_path: Path) -> None:
    """Each backup of restic adds an index file."""
    repository = _fresh(restic)
    source = tmp_path / "data"
    source.mkdir()
    for number in range(4):
        (source / f"f{number}").write_bytes(b"%d" % number * 1000)
        restic.run("backup", ".", cwd=source)
    assert len(repository.index.files) == 4
    newest = repository.list_snapshots()[-1]
    files = {f"f{number}": b"%d" % number * 1000 for number in range(4)}
    assert expected_of(repository.tree(newest)) == expected_of_files(files)


def test_our_lock_stops_restic_and_restics_lock_stops_us(restic: Restic) -> None:
    """R35: the two programs respect each other."""
    repository = _fresh(restic)
    back_up(repository, {"a": b"x"})
    with repository.lock(exclusive=True):
        done = restic.attempt("backup", ".", cwd=restic.home)
        assert done.returncode != 0
        assert "locked" in done.stderr
    with repository.lock():
        assert restic.attempt("prune").returncode != 0
        restic.run("snapshots")
    restic.run("prune")


def test_restic_finds_the_damage_that_we_find(restic: Restic) -> None:
    """R03: the deep check of restic as the judge of a flipped bit."""
    repository = _fresh(restic)
    back_up(repository, {"a": _RANDOM[:100_000]})
    restic.check()
    pack = max((restic.repository / "data").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[50_000] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    assert restic.attempt("check", "--read-data").returncode != 0
