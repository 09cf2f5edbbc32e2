"""Executing a prune, in the one order that loses nothing wherever it is interrupted:

1. the used blobs of packs to be repacked are copied into new packs, durably;
2. new index files name them, durably, and those packs that stay;
3. what is now in the index is loaded again and must hold every blob that a backup needs;
4. the old index files are removed;
5. the old packs are removed, and then what was noted of damage in them.

Up to 3 nothing has been removed; a crash leaves blobs stored twice. After 4 it leaves packs
that no index names. Both are harmless, and the next prune clears them away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from holdfast.errors import ObjectNotFound, RepositoryDamaged, RepositoryError, StoreError
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.repository.damage_notes import note_damage
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_files import MAX_BLOBS, decode_index, save_index
from holdfast.repository.layout import BlobType, ObjectKind, object_name
from holdfast.repository.locks import Lock
from holdfast.repository.new_blobs import NewBlobs
from holdfast.repository.pack_checks import PackChecker, map_parallel
from holdfast.repository.pack_uploads import PackUploads
from holdfast.repository.packs import PackEntry, encode_entry, load_header
from holdfast.repository.prune import Fate, PrunePlan
from holdfast.repository.prune_usage import KEPT
from holdfast.repository.reachability import REACHED
from holdfast.repository.reader import Damaged
from holdfast.repository.repository import Repository
from holdfast.repository.sealing import SealedBlobs
from holdfast.repository.write_state import WriteState
from holdfast.stores.base import LeavesTemporaries

_STRETCH_BYTES: Final = 4 * 2**20
_SAVES_TAKE_LESS: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneSummary:
    """What a prune did.

    Attributes:
        freed_bytes: By how much the packs of the repository shrank.
        repacked_bytes: What was copied into new packs.
        index_files_removed: Index files that were replaced by `index_files_added` new ones.
    """

    packs_removed: int
    packs_added: int
    freed_bytes: int
    repacked_bytes: int
    index_files_removed: int
    index_files_added: int


def execute_prune(
    repository: Repository,
    lock: Lock,
    plan: PrunePlan,
    *,
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> PruneSummary:
    """Do what a plan says.

    Interrupted at any point - by cancelling, an error or a crash - it leaves all backups
    restorable; plan and execute again to finish.

    Args:
        lock: The exclusive lock under which the plan was made.

    Raises:
        RepositoryError: The lock is not exclusive, or the repository is not as it was planned.
        RepositoryDamaged: A blob that a backup needs cannot be read; nothing was removed.
        LockLost: The lock was lost; nothing more was removed.
        StoreError: The store failed; nothing more was removed.
    """
    if not lock.exclusive:
        raise RepositoryError("A prune needs an exclusive lock on the repository")
    lock.confirm()
    _refuse_changed(repository, plan)
    _clear_temporaries(repository)
    if plan.empty:
        return PruneSummary(
            packs_removed=0,
            packs_added=0,
            freed_bytes=0,
            repacked_bytes=0,
            index_files_removed=0,
            index_files_added=0,
        )
    try:
        return _Prune(repository, lock, plan, progress, cancel or CancellationToken()).run()
    except (RepositoryDamaged, StoreError):
        lock.confirm()  # without it, another prune may be at work, and that is the reason
        raise


def _refuse_changed(repository: Repository, plan: PrunePlan) -> None:
    snapshots = {id_ for id_, _ in repository.objects.list(ObjectKind.SNAPSHOT)}
    index_files = {id_ for id_, _ in repository.objects.list(ObjectKind.INDEX)}
    if snapshots != plan.work.snapshot_ids or index_files != plan.work.index.files:
        raise RepositoryError(
            "The repository has changed since the prune was planned; nothing was removed",
            hint="Plan it again under the lock under which it is executed.",
        )


def _clear_temporaries(repository: Repository) -> None:
    """Remove what killed processes left; no save takes as long as a day."""
    store = repository.store
    if isinstance(store, LeavesTemporaries):
        store.remove_stale_temporaries(before=repository.clock.now() - _SAVES_TAKE_LESS)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some wanted blobs of a pack that are read at once."""

    pack_id: bytes
    entries: list[PackEntry]


class _Prune:
    def __init__(
        self,
        repository: Repository,
        lock: Lock,
        plan: PrunePlan,
        progress: ProgressCallback,
        cancel: CancellationToken,
    ) -> None:
        self._repository = repository
        self._store = repository.store
        self._objects = repository.objects
        self._lock = lock
        self._plan = plan
        self._work = plan.work
        self._progress = progress
        self._cancel = cancel
        self._checker = PackChecker(self._store, repository.key, repository.blobs)
        self._numbers = {id_: number for number, id_ in enumerate(plan.work.index.packs())}
        self._new = BlobIndex()
        self._copied_bytes = 0

    def run(self) -> PruneSummary:
        packs_added, added_bytes = self._repack()
        doomed_files, new_files = self._write_index()
        self._prove(doomed_files)
        removed_packs, removed_bytes = self._remove(doomed_files)
        self._repository.reload_index()
        return PruneSummary(
            packs_removed=removed_packs,
            packs_added=packs_added,
            freed_bytes=max(0, removed_bytes - added_bytes),
            repacked_bytes=self._copied_bytes,
            index_files_removed=len(doomed_files),
            index_files_added=len(new_files) + len(self._new.files),
        )

    # 1. New packs and the index files that name them

    def _repack(self) -> tuple[int, int]:
        state = WriteState()
        uploads = PackUploads(
            store=self._store,
            key=self._repository.key,
            objects=self._objects,
            index=self._new,
            lease=self._lock,
            new=NewBlobs(),
            state=state,
        )
        try:
            for pieces in map_parallel(self._copy, self._stretches(), self._cancel):
                for blob_type, piece in pieces.items():
                    self._copied_bytes += len(piece.sealed)
                    uploads.add(blob_type, piece)
                self._progress(
                    Progress(
                        step="Repacking",
                        done_bytes=self._copied_bytes,
                        total_bytes=self._plan.repacked_bytes,
                    )
                )
            uploads.finish()
            state.check()
        except BaseException as error:
            state.fail(error)
            raise
        finally:
            uploads.close()
        return uploads.packs, uploads.stored_bytes

    def _stretches(self) -> Iterator[_Stretch]:
        for pack_id, number in self._numbers.items():
            if self._work.fates[number] != Fate.REPACK:
                continue
            entries: list[PackEntry] = []
            for entry in sorted(self._entries_of(pack_id), key=lambda entry: entry.offset):
                if not self._kept(number, entry):
                    continue
                end = entry.offset + entry.length
                if entries and end - entries[0].offset > _STRETCH_BYTES:
                    yield _Stretch(pack_id, entries)
                    entries = []
                entries.append(entry)
            if entries:
                yield _Stretch(pack_id, entries)

    def _entries_of(self, pack_id: bytes) -> Iterable[PackEntry]:
        try:
            entries, _ = load_header(
                self._store, self._repository.key, pack_id.hex(), self._work.sizes[pack_id]
            )
        except RepositoryDamaged:
            # The index knows them too; it is kept by blob, so this takes a walk over all.
            return [entry for of, entry in self._work.index.entries() if of == pack_id]
        return entries

    def _kept(self, number: int, entry: PackEntry) -> bool:
        """Return whether this copy of a blob is the one that stays."""
        table, marks = self._work.index.table(entry.type), self._work.marks[entry.type]
        fields = (number, entry.offset, entry.length, entry.uncompressed_length)
        slots = table.slots(entry.id)
        return any(
            found == fields and marks.bucket(bucket)[record] & KEPT
            for (bucket, record), found in zip(slots, table.find_all(entry.id), strict=True)
        )

    def _copy(self, stretch: _Stretch) -> dict[BlobType, SealedBlobs]:
        """Read some blobs, prove them, and return them as they are stored."""
        first, last = stretch.entries[0], stretch.entries[-1]
        start, end = first.offset, last.offset + last.length
        data = memoryview(self._repository.blobs.load_range(stretch.pack_id, start, end - start))
        blobs: dict[BlobType, SealedBlobs] = {}
        for entry in stretch.entries:
            sealed = data[entry.offset - start : entry.offset - start + entry.length]
            try:
                self._checker.open(stretch.pack_id, entry, sealed)
            except Damaged as error:
                raise RepositoryDamaged(
                    f"Pack {stretch.pack_id.hex()[:16]} is damaged: {entry.type.value} blob "
                    f"{entry.id.hex()[:16]}: {error}; nothing was removed",
                    hint="Run `holdfast check --read-data` to see which backups are touched.",
                ) from error
            copied = blobs.setdefault(entry.type, SealedBlobs())
            copied.sealed += sealed
            copied.header += encode_entry(entry)
            copied.count += 1
        return blobs

    # 2. Index files for what stays

    def _write_index(self) -> tuple[list[str], list[str]]:
        """Replace the index files that name a doomed pack.

        Returns:
            The ids of the files to remove, and of those written in their place.
        """
        doomed: list[str] = []
        written: list[str] = []
        batch: dict[bytes, list[PackEntry]] = {}
        blobs = 0
        for file_id in sorted(self._work.index.files):
            self._cancel.raise_if_cancelled()
            document = self._objects.load(ObjectKind.INDEX, file_id)
            packs = list(decode_index(document, file_id))
            if all(self._stays(pack_id) for pack_id, _ in packs):
                continue
            doomed.append(file_id)
            for pack_id, entries in packs:
                if self._stays(pack_id):
                    known = batch.setdefault(pack_id, [])
                    new = [entry for entry in entries if entry not in known] if known else entries
                    known += new
                    blobs += len(new)
            if blobs >= MAX_BLOBS:
                written.append(self._save_index(batch))
                batch, blobs = {}, 0
        if batch:
            written.append(self._save_index(batch))
        return doomed, written

    def _stays(self, pack_id: bytes) -> bool:
        return self._work.fates[self._numbers[pack_id]] == Fate.KEEP

    def _save_index(self, batch: dict[bytes, list[PackEntry]]) -> str:
        return save_index(self._objects, self._lock, batch.items())[0]

    # 3. Proof

    def _prove(self, doomed_files: Iterable[str]) -> None:
        """Load the index as it will be and look for every blob that a backup needs."""
        after = BlobIndex()
        doomed = set(doomed_files)
        for file_id, _ in list(self._objects.list(ObjectKind.INDEX)):
            if file_id not in doomed:
                document = self._objects.load(ObjectKind.INDEX, file_id)
                for pack_id, entries in decode_index(document, file_id):
                    after.add_pack(pack_id, entries)
        for pack_id in after.packs():
            if pack_id not in self._numbers:
                self._store.stat(object_name(ObjectKind.PACK, pack_id.hex()))
            elif not self._stays(pack_id):
                raise RepositoryError(
                    "The new index names a pack that is to go; nothing was removed"
                )
        for blob_type in BlobType:
            marks = self._work.marks[blob_type]
            for number, bucket in enumerate(self._work.index.table(blob_type).buckets()):
                for record, mark in zip(bucket, marks.bucket(number), strict=True):
                    if mark & REACHED and not after.has(blob_type, record[0]):
                        raise RepositoryError(
                            f"The new index lacks {blob_type.value} blob "
                            f"{record[0].hex()[:16]}; nothing was removed"
                        )

    # 4. and 5. Removal

    def _remove(self, doomed_files: list[str]) -> tuple[int, int]:
        for file_id in doomed_files:
            self._remove_object(ObjectKind.INDEX, file_id)
        doomed = [id_ for id_ in self._numbers if not self._stays(id_)] + self._work.unreferenced
        removed_bytes = 0
        for done, pack_id in enumerate(doomed, start=1):
            self._cancel.raise_if_cancelled()
            if pack_id in self._work.sizes:
                self._remove_object(ObjectKind.PACK, pack_id.hex())
                removed_bytes += self._work.sizes[pack_id]
            self._progress(
                Progress(step="Removing packs", done_items=done, total_items=len(doomed))
            )
        note_damage(self._objects, {}, settled=doomed)
        return len(doomed), removed_bytes

    def _remove_object(self, kind: ObjectKind, object_id: str) -> None:
        # Looked up each time, not only when it is old: a look costs less than a removal, and
        # where clocks differ another process can have taken our fresh lock for dead.
        self._lock.confirm()
        try:
            self._objects.remove(kind, object_id)
        except ObjectNotFound:
            return  # gone already, which is what was wanted
