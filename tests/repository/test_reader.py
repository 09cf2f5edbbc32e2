"""Reading: right bytes or an error that names the blob, never wrong bytes."""

from __future__ import annotations

import hashlib
import io
import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import PathNotInBackup, RepositoryDamaged, StoreError
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.repository import (
    BlobType,
    ObjectKind,
    Repository,
    RepositoryWriter,
    Snapshot,
    SnapshotTree,
)
from holdfast.repository.index_files import encode_index
from holdfast.repository.layout import object_name
from holdfast.repository.packs import PackEntry, encode_entry, load_header, seal_header
from holdfast.repository.trees import encode_tree
from holdfast.stores import MemoryStore
from tests.repository.making import WHEN, back_up, create, golden_store, reopen
from tests.rig.fault_store import Fault, FaultStore, Mode

_RANDOM = random.Random(11).randbytes(6 * 2**20)


def _written(tree: SnapshotTree, path: str) -> bytes:
    with tempfile.TemporaryFile() as file:
        tree.write_to(path, file.fileno())
        file.seek(0)
        return file.read()


def _both(tree: SnapshotTree, path: str) -> bytes:
    """Read a file both ways; they must agree."""
    data = b"".join(tree.read(path))
    assert _written(tree, path) == data
    return data


def _save_database(repository: Repository, data: bytes) -> Snapshot:
    """Store one page-aligned file, which has many small blobs."""
    with repository.lock() as lock, repository.writer(lock) as writer:
        saved = writer.save_file(io.BytesIO(data), size_hint=len(data), page_size=512)
        node = Node(name="db", type=NodeType.FILE, size=saved.size, content=saved.content)
        tree = writer.save_tree([node])
        writer.finish()
        return repository.save_snapshot(Snapshot(time=WHEN, tree=tree))


@pytest.mark.parametrize("size", [0, 1, 16_384, 70_000, 2**20, 6 * 2**20])
def test_a_file_comes_back_both_ways(size: int) -> None:
    repository = create()
    tree = repository.tree(_save_database(repository, _RANDOM[:size]))
    assert _both(tree, "db") == _RANDOM[:size]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 90)), max_size=12))
def test_zeros_and_repeats_come_back(parts: list[tuple[int, int]]) -> None:
    """Runs of equal and of zero chunks: read once, written often, or left as holes."""
    data = b"".join(bytes([kind]) * (length * 4096) for kind, length in parts)
    repository = create()
    assert _both(repository.tree(_save_database(repository, data)), "db") == data


def test_zeros_become_holes(tmp_path: Path) -> None:
    repository = create()
    data = bytes(8 * 2**20) + b"end"
    tree = repository.tree(_save_database(repository, data))
    path = tmp_path / "db"
    with path.open("wb") as file:
        tree.write_to("db", file.fileno())
    assert path.read_bytes() == data
    assert path.stat().st_blocks * 512 < 2**20


def test_blobs_scattered_over_packs_come_back() -> None:
    """Each version changes some pages, so the last one lies in many packs."""
    repository = create()
    data = bytearray(_RANDOM[: 2**20])
    snapshot = _save_database(repository, bytes(data))
    for version in range(1, 8):
        for page in range(version, 64, 9):
            data[page * 16_384] ^= 0xFF
        snapshot = _save_database(repository, bytes(data))
    assert len(repository.index.packs()) == 16
    assert _both(reopen(repository.store).tree(snapshot), "db") == data


def test_a_large_file_is_read_in_few_store_calls() -> None:
    store = FaultStore(MemoryStore())
    repository = create(store)
    snapshot = _save_database(repository, _RANDOM)
    store.trace.clear()
    tree = reopen(store).tree(snapshot)
    _written(tree, "db")
    loads = [c for c in store.trace if c.operation == "load" and c.name.startswith("data/")]
    assert len(loads) <= 6  # 384 blobs of 6 MiB, and a tree


def test_many_small_files_are_read_in_few_store_calls() -> None:
    store = FaultStore(MemoryStore())
    repository = create(store)
    files = {f"f{number:03d}": b"%d " % number * 50 for number in range(300)}
    snapshot = back_up(repository, files)
    store.trace.clear()
    tree = reopen(store).tree(snapshot)
    assert {node.name: b"".join(tree.read(node.name)) for node in tree.children("")} == files
    loads = [c for c in store.trace if c.operation == "load" and c.name.startswith("data/")]
    assert len(loads) == 2


def _damaged_copies(content: bytes) -> list[bytes]:
    """Flip a bit of each byte; cut at each length."""
    flipped = [
        content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :]
        for at in range(len(content))
    ]
    return [*flipped, *(content[:at] for at in range(len(content)))]


def test_every_flip_and_cut_of_a_pack_is_found_or_harmless() -> None:
    """R02, R03: reading gives the right bytes or an error, for every byte of every pack."""
    store = MemoryStore()
    repository = create(store)
    files = {"a": b"abc" * 20, "b": b"\0" * 90}
    snapshot = back_up(repository, files)
    objects = store.objects
    found = 0
    for name in [name for name in objects if name.startswith("data/")]:
        for wrong in _damaged_copies(objects[name]):
            tree = reopen(MemoryStore(objects | {name: wrong})).tree(snapshot)
            for path, content in files.items():
                try:
                    assert _both(tree, path) == content
                except RepositoryDamaged:
                    found += 1
    assert found > 200


def test_every_flip_and_cut_of_an_index_or_snapshot_is_found() -> None:
    """R02, R03: a damaged snapshot is named; without its index file nothing is made up."""
    store = MemoryStore()
    repository = create(store)
    snapshot = back_up(repository, {"a": b"abc"})
    objects = store.objects
    for name in [name for name in objects if name.startswith(("snapshots/", "index/"))]:
        for wrong in _damaged_copies(objects[name]):
            broken = reopen(MemoryStore(objects | {name: wrong}))
            with pytest.raises(RepositoryDamaged):
                b"".join(broken.tree(broken.list_snapshots()[0]).read("a"))
    assert snapshot.id is not None


def test_every_flip_and_cut_of_the_config_is_found() -> None:
    """R02, R03, R51."""
    store = MemoryStore()
    create(store)
    objects = store.objects
    for wrong in _damaged_copies(objects["config"]):
        with pytest.raises(RepositoryDamaged):
            reopen(MemoryStore(objects | {"config": wrong}))


def test_damage_names_blob_pack_and_path() -> None:
    store = MemoryStore()
    repository = create(store)
    snapshot = back_up(repository, {"file": b"x" * 100})
    node = repository.tree(snapshot).node("file")
    assert node is not None
    location = repository.index.lookup(BlobType.DATA, node.content)
    assert location is not None
    name = object_name(ObjectKind.PACK, location.pack_id.hex())
    broken = MemoryStore(store.objects | {name: b"!" * len(store.objects[name])})
    with pytest.raises(RepositoryDamaged) as caught:
        b"".join(reopen(broken).tree(snapshot).read("file"))
    for part in (node.content.hex()[:16], location.pack_id.hex()[:16], "file"):
        assert part in caught.value.message
    del (objects := store.objects)[name]
    with pytest.raises(RepositoryDamaged, match="is missing"):
        b"".join(reopen(MemoryStore(objects)).tree(snapshot).read("file"))


def _save_one(writer: RepositoryWriter, data: bytes) -> bytes:
    saved = writer.save_file(io.BytesIO(data), size_hint=len(data), page_size=4096)
    node = Node(name="a", type=NodeType.FILE, size=saved.size, content=saved.content)
    tree_id = writer.save_tree([node])
    writer.finish()
    return tree_id


def test_a_damaged_blob_is_read_from_its_copy_in_another_pack() -> None:
    """Two programs that write at once may store a blob twice; then either copy serves."""
    store = MemoryStore()
    first = create(store)
    second = reopen(store)
    first.index, second.index  # noqa: B018 - both know of nothing
    with first.lock() as lock, first.writer(lock) as one, second.writer(lock) as two:
        trees = {_save_one(writer, _RANDOM) for writer in (one, two)}
        (tree,) = trees
        snapshot = first.save_snapshot(Snapshot(time=WHEN, tree=tree))
    packs = [name for name in store.objects if name.startswith("data/")]
    assert len(packs) == 4
    for name in packs:
        wrong = bytearray(store.objects[name])
        wrong[10::5000] = bytes(len(wrong[10::5000]))
        broken = MemoryStore(store.objects | {name: bytes(wrong)})
        assert _both(reopen(broken).tree(snapshot), "a") == _RANDOM
    only_one = {name: data for name, data in store.objects.items() if name not in packs[:1]}
    assert _both(reopen(MemoryStore(only_one)).tree(snapshot), "a") == _RANDOM


@pytest.mark.parametrize("mode", [Mode.CORRUPT, Mode.SHORT])
def test_bytes_spoilt_on_the_way_are_read_again(mode: Mode) -> None:
    """I3: one bad read of any object is not damage."""
    store = MemoryStore()
    snapshot = back_up(create(store), {"a": b"abc" * 5000, "b": b"d"})
    for prefix in ("snapshots/", "index/", "data/", "keys/"):
        fault = Fault(mode=mode, calls=frozenset({"load"}), prefix=prefix, nth=0)
        repository = reopen(FaultStore(store, [fault]))
        tree = repository.tree(repository.list_snapshots()[0])
        assert _both(tree, "a") == b"abc" * 5000
    assert snapshot.id is not None


def test_a_store_that_cannot_be_read_is_not_called_damage() -> None:
    """I8: a failure to read says nothing of what is stored."""
    store = MemoryStore()
    snapshot = back_up(create(store), {"a": _RANDOM[: 3 * 2**20]})
    fault = Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"load"}), prefix="data/", nth=None)
    tree = reopen(FaultStore(store, [fault])).tree(snapshot)
    with pytest.raises(StoreError, match="made to fail"):
        _written(tree, "a")
    with pytest.raises(StoreError, match="made to fail"):
        b"".join(tree.read("a"))


def test_a_length_that_the_blobs_do_not_have_is_found() -> None:
    """R59: the size in a tree decides nothing."""
    for size in (0, 1, 2**20 - 1, 2**20 + 1, 2**63):
        repository = create()
        with repository.lock() as lock, repository.writer(lock) as writer:
            saved = writer.save_file(io.BytesIO(_RANDOM[: 2**20]), size_hint=2**20, page_size=512)
            one = writer.save_file(io.BytesIO(b"x"), size_hint=1, page_size=None)
            tree_id = writer.save_tree(
                [
                    Node(name="many", type=NodeType.FILE, size=size, content=saved.content),
                    Node(name="one", type=NodeType.FILE, size=size + 1, content=one.content),
                ]
            )
            writer.finish()
            tree = repository.tree(repository.save_snapshot(Snapshot(time=WHEN, tree=tree_id)))
        for path in ("many", *(["one"] if size else [])):
            with pytest.raises(RepositoryDamaged, match="come to"):
                _written(tree, path)
            with pytest.raises(RepositoryDamaged, match="come to"):
                b"".join(tree.read(path))


def test_reading_a_file_half_way_leaves_nothing_running() -> None:
    repository = create()
    tree = repository.tree(_save_database(repository, _RANDOM))
    pieces = tree.read("db")
    assert next(pieces) == _RANDOM[: 2**20]
    pieces.close()


@pytest.mark.parametrize(
    "start", [0, 1, 511, 512, 513, 2**20 - 1, 2**20, 5 * 2**20 + 7, 6 * 2**20 - 1, 6 * 2**20, 2**40]
)
def test_reading_begins_anywhere(start: int) -> None:
    """In a file of one blob and in one of many; the length of all of it is still checked."""
    repository = create()
    tree = repository.tree(_save_database(repository, _RANDOM))
    assert b"".join(tree.read("db", start=start)) == _RANDOM[start:]
    one = repository.tree(back_up(repository, {"a": b"abc" * 700}))
    assert b"".join(one.read("a", start=start)) == (b"abc" * 700)[start:]


def test_what_lies_before_the_beginning_is_not_read() -> None:
    """To go on with a large file costs what is left of it."""
    store = FaultStore()
    snapshot = _save_database(create(store), _RANDOM)
    tree = reopen(store).tree(snapshot)
    store.trace.clear()
    assert len(b"".join(tree.read("db", start=len(_RANDOM) - 600))) == 600
    assert len([each for each in store.trace if each.name.startswith("data/")]) <= 2


def test_a_walk_goes_on_after_any_entry() -> None:
    """Also after a directory (with what is in it), and after the last of one."""
    names = ("a/1", "a/2", "b", "c/1", "d")
    repository = create()
    tree = repository.tree(back_up(repository, dict.fromkeys(names, b"x")))
    for base in ("", "a"):
        whole = list(tree.walk(base))
        for number, (path, _) in enumerate(whole):
            after = path.removeprefix(f"{base}/") if base else path
            assert list(tree.walk(base, after=after)) == whole[number + 1 :]
    for nowhere in ("nowhere", "a/3", "c/2"):
        with pytest.raises(PathNotInBackup):
            list(tree.walk("", after=nowhere))


def test_what_another_process_wrote_is_found_without_reopening() -> None:
    store = MemoryStore()
    create(store)
    reader = reopen(store)
    assert len(reader.index) == 0
    snapshot = back_up(reopen(store), {"a": b"new"})
    assert b"".join(reader.tree(snapshot).read("a")) == b"new"


def test_a_pack_that_mixes_data_and_trees_is_read() -> None:
    """Old versions of restic wrote such packs in format version 1."""
    store = MemoryStore()
    key = create(store, version=1).key
    node = Node(name="a", type=NodeType.FILE, size=4, content=hashlib.sha256(b"data").digest())
    pack, header, entries = b"", b"", []
    for blob_type, plain in ((BlobType.DATA, b"data"), (BlobType.TREE, encode_tree([node]))):
        sealed = key.seal(plain)
        entry = PackEntry(blob_type, hashlib.sha256(plain).digest(), len(pack), len(sealed), 0)
        entries.append(entry)
        pack += sealed
        header += encode_entry(entry)
    pack += seal_header(header, key)
    pack_id = hashlib.sha256(pack)
    store.save(object_name(ObjectKind.PACK, pack_id.hexdigest()), pack)
    repository = reopen(store)
    repository.objects.save(ObjectKind.INDEX, encode_index([(pack_id.digest(), entries)]))
    tree = repository.tree(Snapshot(time=WHEN, tree=entries[1].id))
    assert _both(tree, "a") == b"data"
    found, _ = load_header(store, key, pack_id.hexdigest(), len(pack))
    assert found == entries


def test_one_damaged_index_file_leaves_the_rest_restorable() -> None:
    store = MemoryStore()
    repository = create(store)
    first = back_up(repository, {"a": b"1"})
    (only,) = (name for name in store.objects if name.startswith("index/"))
    second = back_up(repository, {"b": b"2"})
    broken = reopen(MemoryStore(store.objects | {only: b"damaged"}))
    assert b"".join(broken.tree(second).read("b")) == b"2"
    assert list(broken.index.damaged_files) == [only.removeprefix("index/")]
    with pytest.raises(RepositoryDamaged, match=r"no index names it .*Index .* is damaged"):
        b"".join(broken.tree(first).read("a"))


@pytest.fixture
def tree() -> SnapshotTree:
    repository = create()
    files = {"top": b"t", "d/x": b"x", "d/y": b"y", "e/z": b"z"}
    return repository.tree(back_up(repository, files, label="backup_20240506_070809"))


def test_a_tree_is_walked_with_directories_first(tree: SnapshotTree) -> None:
    as_protocol: BackupTree = tree
    assert [path for path, _ in as_protocol.walk("")] == ["d", "d/x", "d/y", "e", "e/z", "top"]
    assert [path for path, _ in tree.walk("d")] == ["d/x", "d/y"]
    assert [node.name for node in tree.children("")] == ["d", "e", "top"]
    assert [node.name for node in tree.children("d")] == ["x", "y"]


def test_nodes_are_found_by_path(tree: SnapshotTree) -> None:
    node = tree.node("d/x")
    assert node is not None
    assert (node.name, node.type, node.size) == ("x", NodeType.FILE, 1)
    for missing in ("nothing", "d/nothing", "top/nothing", "", "d/../top"):
        assert tree.node(missing) is None


def test_paths_that_are_not_there_are_named(tree: SnapshotTree) -> None:
    with pytest.raises(PathNotInBackup, match="no file d"):
        list(tree.read("d"))
    with pytest.raises(PathNotInBackup, match="no file nothing"):
        tree.write_to("nothing", 0)
    for path in ("nothing", "top"):
        with pytest.raises(PathNotInBackup, match=f"no directory {path}"):
            list(tree.children(path))
        with pytest.raises(PathNotInBackup, match=f"no directory {path}"):
            list(tree.walk(path))


def test_a_snapshot_without_manifest_gets_one_that_says_what_is_known(tree: SnapshotTree) -> None:
    manifest = tree.manifest
    assert manifest.backup_id == "backup_20240506_070809"
    assert manifest.created_at == "2024-05-06T07:08:09Z"
    assert manifest.hostname == "here"


def test_directories_deeper_than_any_path_are_refused() -> None:
    """R59: the depth of a walk is bounded."""
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        tree_id = writer.save_tree([])
        for _ in range(2100):
            tree_id = writer.save_tree([Node(name="d", type=NodeType.DIR, subtree=tree_id)])
        writer.finish()
    tree = repository.tree(Snapshot(time=WHEN, tree=tree_id))
    with pytest.raises(RepositoryDamaged, match="deeper than"):
        list(tree.walk(""))


def test_a_directory_that_names_no_tree_is_found() -> None:
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        tree_id = writer.save_tree([Node(name="d", type=NodeType.DIR)])
        writer.finish()
    with pytest.raises(RepositoryDamaged, match="names no tree"):
        list(repository.tree(Snapshot(time=WHEN, tree=tree_id)).walk(""))


@pytest.mark.parametrize("name", ["restic-0.14-v1", "restic-0.14-v2"])
def test_a_repository_that_restic_made_is_read(name: str) -> None:
    """R06: golden repositories, kept for ever."""
    store = golden_store(name)
    repository = reopen(store, "golden pässword")
    assert repository.version == int(name[-1])
    (snapshot,) = repository.list_snapshots()
    assert (snapshot.hostname, snapshot.tags) == ("golden", ("a", "b"))
    tree = repository.tree(snapshot)
    kinds = {path: (node.type.value, node.mode) for path, node in tree.walk("")}
    assert kinds == {
        "empty": ("file", 0o644),
        "hello.txt": ("file", 0o4750),
        "link": ("symlink", 0o777),
        "sub": ("dir", 0o1777),
        "sub/hard": ("file", 0o4750),
        "sub/zeros": ("file", 0o644),
    }
    assert _both(tree, "hello.txt") == b"hello golden\n"
    assert _both(tree, "empty") == b""
    assert _both(tree, "sub/zeros") == bytes(3000)
    nodes = dict(tree.walk(""))
    assert nodes["link"].link_target == "hello.txt"
    assert nodes["hello.txt"].mtime_ns == 1_580_702_706_123_456_789
    assert nodes["sub"].mtime_ns == -14_182_940 * 10**9
    hard = nodes["sub/hard"]
    assert (hard.links, hard.inode) == (2, nodes["hello.txt"].inode)
    assert store.objects == golden_store(name).objects


def test_the_checksum_of_a_directory_of_random_files_is_stable() -> None:
    """Equal files give equal trees, so that an unchanged directory costs nothing."""
    ids = set()
    for _ in range(2):
        repository = create()
        ids.add(back_up(repository, {"a": b"1", "b/c": os.urandom(0)}).tree)
    assert len(ids) == 1
    assert hashlib.sha256(b'{"nodes":[]}\n').digest() not in ids
