"""Checking a repository: is everything there, does it fit together, is every byte right?

A check changes nothing, but for its notes of what is damaged (`damage_notes`). It goes on past
what is damaged, so that one run names all of it, and says which backups each damage touches; the
others are restorable.

The order matters while others write: snapshots are listed before the index is loaded, and the
index before the packs are listed; so nothing that is looked for can be too new to be found.
The caller holds a lock, shared or exclusive, so that no prune removes anything meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from holdfast.errors import ObjectNotFound, RepositoryDamaged, RepositoryError, StoreError
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.repository.check_packs import PackInspection, pack_name
from holdfast.repository.check_report import CheckReport, Draft, Finding, FindingKind
from holdfast.repository.config import decode_config
from holdfast.repository.crypto import AuthenticationFailed
from holdfast.repository.damage_notes import Damage, load_damage, note_damage
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_loading import list_packs, load_index_files
from holdfast.repository.layout import CONFIG_NAME, BlobType, ObjectKind, object_name
from holdfast.repository.locks import read_locks
from holdfast.repository.objects import list_ids, load_checked, load_sealed_config
from holdfast.repository.pack_checks import PackChecker
from holdfast.repository.reachability import (
    REACHED,
    BlobKey,
    Reachability,
    find_reachable,
    find_touched,
    links_loader,
    reader_of,
    tree_loader,
)
from holdfast.repository.repository import Repository
from holdfast.repository.snapshots import Snapshot, decode_snapshot
from holdfast.repository.subset import Subset

_EXAMPLES = 3


def check(
    repository: Repository,
    *,
    read_data: bool = False,
    subset: Subset | None = None,
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> CheckReport:
    """Check a repository: its structure, and with `read_data` or `subset` its packs' bytes.

    The caller holds a lock. Memory is bounded by the index: 50 bytes a blob.

    Args:
        read_data: Read every pack.
        subset: Read this part of the packs.

    Raises:
        StoreError: A folder cannot be listed. A single object that cannot be read is a finding.
        Cancelled: The token was cancelled.
    """
    return _Check(repository, progress, cancel or CancellationToken()).run(
        None if read_data else subset, read=read_data or subset is not None
    )


class _Check:
    def __init__(
        self, repository: Repository, progress: ProgressCallback, cancel: CancellationToken
    ) -> None:
        self._repository = repository
        self._store = repository.store
        self._objects = repository.objects
        self._progress = progress
        self._cancel = cancel
        self._drafts: list[Draft] = []
        self._notes: list[str] = []
        self._index = BlobIndex()
        self._blobs = reader_of(repository, lambda: self._index)

    def run(self, subset: Subset | None, *, read: bool) -> CheckReport:
        keys = self._check_keys()
        self._check_config()
        self._check_locks()
        snapshots = self._load_snapshots()
        self._load_index()
        packs = list_packs(self._store)
        reached = self._walk(snapshots)
        inspection = PackInspection(
            self._index, PackChecker(self._store, self._repository.key, self._blobs)
        )
        inspection.compare(packs)
        chosen: Sequence[tuple[bytes, int]] = sorted(packs.items()) if read else ()
        if subset:
            chosen = subset.choose(chosen)
        noted = self._load_damage()
        inspection.recall(noted, packs.keys() - {pack_id for pack_id, _ in chosen})
        if read:
            inspection.read_packs(chosen, self._progress, self._cancel)
            self._note_damage(inspection, gone=noted.keys() - packs.keys())
        self._drafts += inspection.drafts(reached.marks)
        self._draft_reachability(reached)
        unreferenced = [size for id_, size in packs.items() if not inspection.names(id_)]
        unused, duplicates = self._count_blobs(reached)
        return CheckReport(
            findings=self._findings(snapshots),
            notes=(*self._notes, *inspection.notes),
            keys=keys,
            snapshots=len(snapshots),
            index_files=len(self._index.files),
            trees=reached.trees,
            blobs=len(self._index),
            packs=len(packs),
            packs_bytes=sum(packs.values()),
            packs_read=inspection.read,
            bytes_read=inspection.read_bytes,
            unreferenced_packs=len(unreferenced),
            unreferenced_bytes=sum(unreferenced),
            unused_blobs=unused,
            duplicate_blobs=duplicates,
        )

    # Small objects

    def _check_keys(self) -> int:
        number = 0
        for key_id, _ in list(list_ids(self._store, ObjectKind.KEY)):
            number += 1
            try:
                load_checked(self._store, ObjectKind.KEY, key_id)
            except ObjectNotFound:
                continue
            except (RepositoryDamaged, StoreError) as error:
                self._draft_object(FindingKind.KEY_DAMAGED, ObjectKind.KEY, key_id, error)
        if not number:
            self._drafts.append(
                Draft(FindingKind.KEY_DAMAGED, "keys/", "there is no key, no password opens it")
            )
        return number

    def _check_config(self) -> None:
        try:
            sealed = load_sealed_config(self._store, CONFIG_NAME)
            if decode_config(sealed, self._repository.key).id != self._repository.id:
                raise RepositoryDamaged("it is another than when the repository was opened")
        except AuthenticationFailed:
            problem = "its content is altered"
        except (RepositoryError, StoreError) as error:
            problem = error.message
        else:
            return
        self._drafts.append(Draft(FindingKind.CONFIG_DAMAGED, CONFIG_NAME, problem))

    def _check_locks(self) -> None:
        try:
            for _ in read_locks(self._objects):
                continue
        except (RepositoryDamaged, StoreError) as error:
            self._notes.append(error.message)

    def _load_snapshots(self) -> list[Snapshot]:
        snapshots = []
        for snapshot_id, _ in list(self._objects.list(ObjectKind.SNAPSHOT)):
            try:
                document = self._objects.load(ObjectKind.SNAPSHOT, snapshot_id)
                snapshots.append(decode_snapshot(document, snapshot_id))
            except ObjectNotFound:
                continue  # removed since it was listed
            except (RepositoryDamaged, StoreError) as error:
                self._draft_object(
                    FindingKind.SNAPSHOT_DAMAGED,
                    ObjectKind.SNAPSHOT,
                    snapshot_id,
                    error,
                    backups=(snapshot_id[:8],),
                )
        return sorted(snapshots, key=lambda snapshot: (snapshot.time, snapshot.id or ""))

    def _load_index(self) -> None:
        load_index_files(
            self._objects,
            self._index,
            tolerated=(RepositoryDamaged, StoreError),
            on_file=lambda number: self._progress(
                Progress(step="Loading the index", done_items=number)
            ),
        )
        for file_id, problem in self._index.damaged_files.items():
            name = object_name(ObjectKind.INDEX, file_id)
            self._drafts.append(Draft(FindingKind.INDEX_DAMAGED, name, problem))

    def _draft_object(
        self,
        kind: FindingKind,
        of: ObjectKind,
        object_id: str,
        error: RepositoryError | StoreError,
        backups: tuple[str, ...] = (),
    ) -> None:
        if isinstance(error, StoreError):
            kind = FindingKind.UNREAD
        name = object_name(of, object_id)
        self._drafts.append(Draft(kind, name, error.message, backups=backups))

    # Notes

    def _load_damage(self) -> Damage:
        try:
            notes = load_damage(self._objects)
        except StoreError as error:
            self._notes.append(error.message)
            return {}
        self._notes += notes.unreadable.values()
        return notes.packs

    def _note_damage(self, inspection: PackInspection, *, gone: Iterable[bytes]) -> None:
        try:
            settled = [*gone, *inspection.intact]
            note_damage(self._objects, inspection.proven(), settled=settled)
        except StoreError as error:
            self._notes.append(f"what is damaged could not be noted: {error.message}")

    # Trees

    def _walk(self, snapshots: Sequence[Snapshot]) -> Reachability:
        def on_tree(number: int) -> None:
            self._progress(Progress(step="Checking directories", done_items=number))

        return find_reachable(
            self._index,
            [snapshot.tree for snapshot in snapshots],
            tree_loader(self._blobs),
            on_tree=on_tree,
            cancel=self._cancel,
        )

    def _draft_reachability(self, reached: Reachability) -> None:
        if reached.missing:
            examples = ", ".join(
                f"{blob_type.value} {blob_id.hex()[:16]}"
                for blob_type, blob_id in islice(reached.missing, _EXAMPLES)
            )
            more = ", ..." if len(reached.missing) > _EXAMPLES else ""
            problem = (
                f"{len(reached.missing)} blobs that backups need are missing: {examples}{more}"
            )
            self._drafts.append(
                Draft(FindingKind.BLOB_MISSING, "index/", problem, list(reached.missing))
            )
        known = {key for draft in self._drafts for key in draft.blobs}
        trees = {**reached.inconsistent, **reached.unreadable}
        for tree_id, problem in trees.items():
            if (BlobType.TREE, tree_id) in known:
                continue  # its pack is a finding already
            self._drafts.append(
                Draft(
                    FindingKind.TREE_DAMAGED,
                    self._pack_name_of(BlobType.TREE, tree_id),
                    problem,
                    [(BlobType.TREE, tree_id)],
                )
            )

    def _pack_name_of(self, blob_type: BlobType, blob_id: bytes) -> str:
        location = self._index.lookup(blob_type, blob_id)
        return pack_name(location.pack_id) if location else "index/"

    # Results

    def _count_blobs(self, reached: Reachability) -> tuple[int, int]:
        unused = duplicates = 0
        for blob_type in BlobType:
            marks = reached.marks[blob_type]
            for number, bucket in enumerate(self._index.table(blob_type).buckets()):
                distinct = len({record[0] for record in bucket})
                duplicates += len(bucket) - distinct
                unused += distinct - sum(mark & REACHED for mark in marks.bucket(number))
        return unused, duplicates

    def _findings(self, snapshots: Sequence[Snapshot]) -> tuple[Finding, ...]:
        damaged: dict[BlobKey, int] = {}
        for number, draft in enumerate(self._drafts):
            for key in draft.blobs:
                damaged[key] = damaged.get(key, 0) | 1 << number
        touched: dict[int, list[str]] = {}
        if damaged:
            roots = [(_label(snapshot), snapshot.tree) for snapshot in snapshots]
            touched = find_touched(
                self._index, roots, links_loader(self._blobs), damaged, cancel=self._cancel
            )
        return tuple(
            Finding(
                kind=draft.kind,
                object=draft.object,
                problem=draft.problem,
                backups=draft.backups + tuple(touched.get(number, ())),
            )
            for number, draft in enumerate(self._drafts)
        )


def _label(snapshot: Snapshot) -> str:
    return snapshot.label or (snapshot.id or "")[:8]
