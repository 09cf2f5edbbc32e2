"""Writing: nothing twice, nothing out of order, nothing after a failure."""

from __future__ import annotations

import hashlib
import io
import os
import random
import threading
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

import pytest

from holdfast.errors import (
    Cancelled,
    NotEnoughSpace,
    RepositoryDamaged,
    RepositoryError,
    StoreError,
)
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.repository import (
    BlobType,
    ObjectKind,
    Repository,
    RepositoryWriter,
    SavedFile,
    Snapshot,
)
from holdfast.repository import new_blobs as new_blobs_module
from holdfast.repository import packing as packing_module
from holdfast.repository import writer as writer_module
from holdfast.repository.compression import Zstd
from holdfast.repository.crypto import SealingKey
from holdfast.repository.packs import load_header
from holdfast.stores import MemoryStore, Store
from holdfast.stores.base import Buffer
from tests.repository.making import WHEN, back_up, create, reopen
from tests.rig.fault_store import (
    CRASHES,
    ERRORS,
    Fault,
    FaultStore,
    Mode,
    calls_of,
    each_fault,
)
from tests.rig.oracle import Oracle, expected_of, expected_of_files
from tests.rig.sim_clock import eventually

_RANDOM = random.Random(7).randbytes(5 * 2**20)


@pytest.fixture(autouse=True)
def _no_threads_are_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    eventually(lambda: threading.active_count() <= before)


@pytest.fixture
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many packs and index files from little data."""
    monkeypatch.setattr(packing_module, "TARGET_BYTES", 60_000)
    monkeypatch.setattr(new_blobs_module, "MAX_BLOBS", 20)
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 32_768)


class _Trickle(io.RawIOBase):
    """A stream without `readinto` that gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    readinto = None  # type: ignore[assignment]

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, 1000) if size >= 0 else 1000)


def _save(repository: Repository, data: bytes, page_size: int | None = None) -> SavedFile:
    with repository.lock() as lock, repository.writer(lock) as writer:
        saved = writer.save_file(io.BytesIO(data), size_hint=len(data), page_size=page_size)
        writer.finish()
    return saved


def _content(repository: Repository, saved: SavedFile) -> bytes:
    ids = (saved.content[i : i + 32] for i in range(0, len(saved.content), 32))
    return b"".join(repository.load_blob(BlobType.DATA, blob_id) for blob_id in ids)


def _packs(repository: Repository) -> dict[str, int]:
    return dict(repository.objects.list(ObjectKind.PACK))


@pytest.mark.parametrize("page_size", [None, 4096])
@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 512 * 1024, 2**20, 2**20 + 1, 5 * 2**20])
def test_a_file_comes_back_with_its_checksum(size: int, page_size: int | None) -> None:
    repository = create()
    data = _RANDOM[:size]
    saved = _save(repository, data, page_size)
    assert saved.size == size
    assert saved.checksum == hashlib.sha256(data).hexdigest()
    assert _content(reopen(repository.store), saved) == data


@pytest.mark.parametrize("hint", [0, 10, 2**20, 2**40])
@pytest.mark.parametrize("size", [0, 10, 11, 2**20 + 7])
def test_the_expected_size_may_be_wrong(size: int, hint: int) -> None:
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        streams = (io.BytesIO(_RANDOM[:size]), cast(BinaryIO, _Trickle(_RANDOM[:size])))
        files = [writer.save_file(each, size_hint=hint, page_size=None) for each in streams]
        writer.finish()
    for saved in files:
        assert saved.checksum == hashlib.sha256(_RANDOM[:size]).hexdigest()
        assert saved.size == size
        assert _content(repository, saved) == _RANDOM[:size]


def test_what_is_stored_already_is_not_stored_again() -> None:
    repository = create()
    first = _save(repository, _RANDOM, 4096)
    assert first.stored_new > len(_RANDOM)
    before = _packs(repository)
    again = reopen(repository.store)
    with again.lock() as lock, again.writer(lock) as writer:
        saved = writer.save_file(io.BytesIO(_RANDOM), size_hint=len(_RANDOM), page_size=4096)
        summary = writer.finish()
    assert saved.content == first.content
    assert (saved.stored_new, saved.stored_total) == (0, first.stored_total)
    assert (summary.new_bytes, summary.new_blobs, summary.packs) == (0, 0, 0)
    assert summary.reused_blobs == len(_RANDOM) // 16_384
    assert _packs(again) == before


def test_the_summary_counts_every_byte_that_was_added() -> None:
    repository = create()
    before = sum(_sizes(repository))
    with repository.lock() as lock, repository.writer(lock) as writer:
        writer.save_file(io.BytesIO(_RANDOM), size_hint=len(_RANDOM), page_size=None)
        writer.save_tree([])
        summary = writer.finish()
    assert summary.new_bytes == sum(_sizes(repository)) - before
    assert (summary.new_blobs, summary.packs) == (6, 2)


def _sizes(repository: Repository) -> list[int]:
    kinds = (ObjectKind.PACK, ObjectKind.INDEX)
    return [size for kind in kinds for _, size in repository.objects.list(kind)]


def test_equal_chunks_that_workers_meet_at_once_are_stored_once() -> None:
    """Zeros: every chunk of every segment is the same, on all workers at the same time."""
    repository = create()
    zeros = bytes(20 * 2**20)
    with repository.lock() as lock, repository.writer(lock) as writer:
        files = [
            writer.submit_file(io.BytesIO(zeros), size_hint=len(zeros), page_size=4096)
            for _ in range(3)
        ]
        saved = [file.result() for file in files]
        summary = writer.finish()
    assert summary.new_blobs == 1
    assert summary.reused_blobs == 3 * 20 * 64 - 1
    one_blob = {file.stored_total // (20 * 64) for file in saved}
    assert len(one_blob) == 1
    assert sum(file.stored_new for file in saved) == one_blob.pop()


def test_many_threads_may_share_a_writer(small_packs: None) -> None:
    repository = create()
    parts = [_RANDOM[i * 10_000 : i * 10_000 + 90_000] for i in range(24)]
    results: dict[int, SavedFile] = {}
    with repository.lock() as lock, repository.writer(lock) as writer:

        def save(numbers: range) -> None:
            for number in numbers:
                stream = io.BytesIO(parts[number])
                results[number] = writer.save_file(
                    stream, size_hint=len(parts[number]), page_size=512
                )

        threads = [threading.Thread(target=save, args=(range(i, 24, 4),)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.finish()
    again = reopen(repository.store)
    assert all(_content(again, results[number]) == parts[number] for number in range(24))
    ids = [entry.id for _, entry in again.index.entries()]
    assert len(ids) == len(set(ids))


def test_thousands_of_small_files_are_sealed_together() -> None:
    repository = create()
    contents = [b"file %d" % number for number in range(1000)]
    with repository.lock() as lock, repository.writer(lock) as writer:
        pending = [
            writer.submit_file(io.BytesIO(content), size_hint=len(content), page_size=None)
            for content in contents
        ]
        saved = [file.result() for file in pending]
        summary = writer.finish()
    assert [file.checksum for file in saved] == [hashlib.sha256(c).hexdigest() for c in contents]
    assert summary.packs == 1
    assert _content(repository, saved[500]) == contents[500]


def test_small_packs_and_index_files_hold_everything(small_packs: None) -> None:
    repository = create()
    data = _RANDOM[: 2**20 * 2]
    saved = _save(repository, data, 4096)
    index_files = [*repository.objects.list(ObjectKind.INDEX)]
    assert len(_packs(repository)) > 10
    assert len(index_files) > 3
    again = reopen(repository.store)
    assert _content(again, saved) == data
    assert again.index.files == {file_id for file_id, _ in index_files}
    for pack_id, size in _packs(repository).items():
        entries, header = load_header(again.store, again.key, pack_id, size)
        assert sum(entry.length for entry in entries) + header == size
        assert all(again.index.has(entry.type, entry.id) for entry in entries)


def test_packs_hold_one_type_of_blob(small_packs: None) -> None:
    repository = create()
    back_up(repository, {f"d{i}/f{i}": _RANDOM[i : i + 9000] for i in range(30)})
    types: dict[bytes, set[BlobType]] = {}
    for pack_id, entry in repository.index.entries():
        types.setdefault(pack_id, set()).add(entry.type)
    assert {len(found) for found in types.values()} == {1}


def test_packs_come_before_the_index_and_the_index_before_the_snapshot(small_packs: None) -> None:
    """R33: proven by the trace of all store calls."""
    store = FaultStore(MemoryStore())
    repository = create(store)
    back_up(repository, {"a": _RANDOM[:300_000], "b/c": b"x"})
    reader = reopen(store.inner)
    durable: set[str] = set()
    saves = [call for call in store.trace if call.operation == "save" and call.outcome == "ok"]
    for call in saves:
        folder, _, object_id = call.name.rpartition("/")
        if folder == "index":
            document = reader.objects.load(ObjectKind.INDEX, object_id).decode()
            assert all(pack in durable or pack not in document for pack in _packs(repository))
        if folder == "snapshots":
            assert {call.name for call in saves[:-1]} >= {
                f"index/{file_id}" for file_id in reader.index.files
            }
            assert call is saves[-1]
        durable.add(object_id)


def _two_backups(repository: Repository, oracle: Oracle) -> None:
    files = {"a": _RANDOM[:150_000], "b/c": b"x" * 50}
    snapshot = back_up(repository, files)
    assert snapshot.id is not None
    oracle.add(snapshot.id, expected_of_files(files))


def test_after_a_failure_at_any_store_call_nothing_earlier_is_lost(small_packs: None) -> None:
    """R32, I5: crashes and errors at every write of a backup; then it is run again."""
    repository = create()
    oracle = Oracle()
    _two_backups(repository, oracle)
    start = _objects(repository)
    files = {"a": _RANDOM[60_000:250_000], "d": b"new"}

    def run(store: Store) -> None:
        back_up(reopen(store), files)

    seen = 0
    for ending in each_fault(start, run, (*CRASHES, *ERRORS)):
        seen += 1
        left = ending.left
        reader = reopen(left)
        oracle.assert_restorable(reader) if ending.fault.mode not in _TORN else None
        snapshots = reader.list_snapshots(on_damaged=lambda _: None)
        for snapshot in snapshots:
            # Whatever is listed is whole: nothing refers to what is not durable.
            expected_of(reader.tree(snapshot))
        if ending.error is not None and not ending.fault.mode.name.startswith("CRASH"):
            assert isinstance(ending.error, StoreError), ending
            _assert_nothing_written_after(ending.trace, ending.fault)
        reader.unlock(remove_all=True)
        again = back_up(reader, files)
        assert expected_of(reader.tree(again)) == expected_of_files(files), ending
    assert seen > 20


_TORN = (Mode.TORN, Mode.CRASH_TORN)


def _assert_nothing_written_after(trace: object, fault: Fault) -> None:
    """I5: after the failed put only the lock is removed; no index, no snapshot."""
    assert isinstance(trace, list)
    failed = next(i for i, call in enumerate(trace) if call.outcome == fault.mode.name)
    if trace[failed].name.startswith("locks/"):
        return
    later = [call for call in trace[failed + 1 :] if call.operation == "save"]
    # Another pack may have been on its way already; nothing may refer to it.
    assert all(call.name.startswith("data/") for call in later)


def _objects(repository: Repository) -> dict[str, bytes]:
    assert isinstance(repository.store, MemoryStore)
    return repository.store.objects


def _fails(writer: RepositoryWriter) -> bool:
    """Write something new; return whether that failed."""
    try:
        writer.save_file(io.BytesIO(os.urandom(200_000)), size_hint=200_000, page_size=512)
    except StoreError:
        return True
    return False


def test_a_poisoned_writer_stays_so(small_packs: None) -> None:
    """I5: no call of a writer succeeds after a pack could not be stored."""
    inner = MemoryStore()
    create(inner)
    fault = Fault(mode=Mode.ERROR_BEFORE, calls=frozenset({"save"}), prefix="data/", nth=2)
    repository = reopen(FaultStore(inner, [fault]))
    with repository.lock() as lock, repository.writer(lock) as writer:
        eventually(lambda: _fails(writer))
        named = [name for name in inner.objects if name.startswith("index/")]
        for call in (
            lambda: writer.save_blob(BlobType.DATA, b"x"),
            lambda: writer.save_tree([]),
            writer.finish,
        ):
            with pytest.raises(StoreError, match="made to fail"):
                call()
    assert [name for name in inner.objects if name.startswith("index/")] == named


def test_a_full_store_is_told_and_leaves_no_snapshot() -> None:
    """R36: after room was made, the next run succeeds with nothing done by hand."""
    made = MemoryStore()
    create(made)
    full = MemoryStore(made.objects, capacity_bytes=2**20)
    with pytest.raises(NotEnoughSpace):
        back_up(reopen(full), {"a": _RANDOM})
    roomy = MemoryStore(full.objects)
    repository = reopen(roomy)
    assert repository.list_snapshots() == []
    back_up(repository, {"a": _RANDOM})


def test_a_cancelled_writer_stops_and_names_nothing() -> None:
    repository = create()
    cancel = CancellationToken()
    with repository.lock() as lock, repository.writer(lock, cancel=cancel) as writer:
        with pytest.raises(Cancelled):
            writer.save_file(
                io.BytesIO(_RANDOM),
                size_hint=len(_RANDOM),
                page_size=None,
                on_bytes=lambda _: cancel.cancel(),
            )
        with pytest.raises(Cancelled):
            writer.finish()
    assert not [*repository.objects.list(ObjectKind.INDEX)]


def test_progress_is_told_every_mebibyte() -> None:
    repository = create()
    seen: list[int] = []
    with repository.lock() as lock, repository.writer(lock) as writer:
        stream = io.BytesIO(_RANDOM)
        writer.save_file(stream, size_hint=len(_RANDOM), page_size=4096, on_bytes=seen.append)
        writer.save_file(io.BytesIO(b"x"), size_hint=1, page_size=None, on_bytes=seen.append)
        writer.finish()
    assert seen == [2**20] * 5 + [1]


def test_a_stream_that_fails_leaves_the_writer_usable() -> None:
    class Broken(io.RawIOBase):
        def readinto(self, buffer: object, /) -> int:
            raise OSError("bad sector")

        def read(self, size: int = -1, /) -> bytes:
            raise OSError("bad sector")

    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        for hint in (5, 5 * 2**20):
            with pytest.raises(OSError, match="bad sector"):
                writer.save_file(cast(BinaryIO, Broken()), size_hint=hint, page_size=None)
        saved = writer.save_file(io.BytesIO(b"good"), size_hint=4, page_size=None)
        writer.finish()
    assert _content(repository, saved) == b"good"


def test_leaving_without_finish_names_nothing() -> None:
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        writer.save_blob(BlobType.DATA, b"x")
    assert not _packs(repository)
    with pytest.raises(RepositoryError, match="closed before"):
        writer.save_blob(BlobType.DATA, b"y")


def test_a_finished_writer_takes_nothing_more() -> None:
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        writer.finish()
        with pytest.raises(RepositoryError, match="has finished"):
            writer.save_blob(BlobType.DATA, b"y")


def test_an_abandoned_writers_blobs_are_not_relied_upon(small_packs: None) -> None:
    """A blob that no index names is stored again, by the same process too."""
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        writer.save_file(io.BytesIO(_RANDOM[:100_000]), size_hint=100_000, page_size=512)
    saved = _save(repository, _RANDOM[:100_000], 512)
    assert _content(reopen(repository.store), saved) == _RANDOM[:100_000]


def test_what_another_process_pruned_is_stored_again() -> None:
    """The index of a long-lived process may name packs that are gone."""
    store = MemoryStore()
    repository = create(store)
    saved = _save(repository, b"precious")
    for name in [n for n in store.objects if n.startswith(("data/", "index/"))]:
        store.remove(name)
    again = _save(repository, b"precious")
    assert again.stored_new > 0
    assert _content(reopen(store), saved) == b"precious"


@pytest.mark.parametrize("level", [0, -1, 20, 100])
def test_a_compression_level_out_of_range_is_refused(level: int) -> None:
    repository = create()
    with repository.lock() as lock, pytest.raises(ValueError, match="compression level"):
        repository.writer(lock, compression=level)


@pytest.mark.parametrize(("version", "level"), [(2, 1), (2, 19), (2, None), (1, 1)])
def test_data_is_compressed_as_asked_and_trees_whenever_they_may_be(
    version: int, level: int | None
) -> None:
    repository = create(version=version)
    back_up(repository, {"a": b"a" * 10_000}, compression=level)
    (data,) = [entry for _, entry in repository.index.entries() if entry.type is BlobType.DATA]
    (tree,) = [entry for _, entry in repository.index.entries() if entry.type is BlobType.TREE]
    assert bool(data.uncompressed_length) == (version == 2 and level is not None)
    assert bool(tree.uncompressed_length) == (version == 2)


def test_a_blob_that_does_not_shrink_is_stored_as_it_is() -> None:
    repository = create()
    _save(repository, _RANDOM[:1000])
    ((_, entry),) = repository.index.entries()
    assert (entry.length, entry.uncompressed_length) == (1032, 0)


def test_a_compressor_that_errs_is_found_before_anything_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I3: restic 0.16.0 and 0.16.3 stored what could not be decompressed."""
    whole = Zstd.compress
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        monkeypatch.setattr(Zstd, "compress", lambda self, data, level=1: whole(self, b"wrong", 1))
        with pytest.raises(RepositoryDamaged, match="did not read back"):
            writer.save_blob(BlobType.DATA, b"content" * 100)
        monkeypatch.undo()
        with pytest.raises(RepositoryDamaged):
            writer.finish()
    assert not _packs(repository)


def test_one_wrong_frame_among_many_is_found_before_anything_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I3: the chunks of a database are compressed together, and each is proven by itself."""
    whole = Zstd.compress_all

    def swap(self: Zstd, data: Sequence[Buffer], level: int) -> list[Buffer]:
        frames = whole(self, data, level)
        frames[2], frames[3] = frames[3], frames[2]
        return frames

    content = b"".join(bytes([number]) * 16384 for number in range(1, 9))
    repository = create()
    monkeypatch.setattr(Zstd, "compress_all", swap)
    with repository.lock() as lock, repository.writer(lock) as writer:
        writer.submit_file(io.BytesIO(content), size_hint=len(content), page_size=4096)
        with pytest.raises(RepositoryDamaged, match="did not read back"):
            writer.finish()
    assert not _packs(repository)


def test_a_cipher_that_errs_is_found_before_anything_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I3: a bit that flips in memory while a blob is sealed."""
    whole = SealingKey.seal_all

    def flip(self: SealingKey, plaintexts: Sequence[Buffer]) -> bytearray:
        sealed = whole(self, plaintexts)
        sealed[-20] ^= 1
        return sealed

    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        monkeypatch.setattr(SealingKey, "seal_all", flip)
        with pytest.raises(RepositoryDamaged, match="did not read back"):
            writer.save_file(io.BytesIO(_RANDOM), size_hint=len(_RANDOM), page_size=None)
        with pytest.raises(RepositoryDamaged):
            writer.finish()
    assert not _packs(repository)


def test_a_snapshot_is_saved_with_the_fields_it_was_given() -> None:
    repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        tree = writer.save_tree([Node(name="pipe", type=NodeType.FIFO, mode=0o600)])
        writer.finish()
        saved = repository.save_snapshot(
            Snapshot(time=WHEN, tree=tree, label="backup_1", delete="Never", holdfast={"a": [1]})
        )
    assert saved.id is not None
    assert reopen(repository.store).load_snapshot(saved.id) == saved
    assert [node.name for node in repository.load_tree(tree)] == ["pipe"]


def test_a_backup_makes_few_store_calls() -> None:
    """Round trips are what far stores charge for: one pack of each kind, index, snapshot."""
    made = MemoryStore()
    create(made)

    def run(store: Store) -> None:
        back_up(reopen(store), {f"f{number}": b"%d" % number for number in range(50)})

    saves = [c.name.split("/")[0] for c in calls_of(made.objects, run) if c.operation == "save"]
    assert sorted(saves) == ["data", "data", "index", "locks", "snapshots"]
