"""Checking a repository: is everything there, does it fit together, is every byte right?

A check changes nothing. It goes on past what is damaged, so that one run names all of it,
and says which backups each damage touches; the others are restorable.

The order matters while others write: snapshots are listed before the index is loaded, and the
index before the packs are listed; so nothing that is looked for can be too new to be found.
The caller holds a lock, shared or exclusive, so that no prune removes anything meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from holdfast.errors import ObjectNotFound, RepositoryDamaged, RepositoryError, StoreError
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.repository.config import decode_config
from holdfast.repository.crypto import AuthenticationFailed
from holdfast.repository.index_loading import (
    LoadedIndex,
    expected_pack_sizes,
    list_packs,
    load_index_files,
    reader_of,
)
from holdfast.repository.layout import CONFIG_NAME, BlobType, ObjectKind, object_name
from holdfast.repository.locks import read_locks
from holdfast.repository.objects import list_ids, load_checked, load_sealed_config
from holdfast.repository.pack_checks import PackChecker, PackReport, map_parallel
from holdfast.repository.packs import PackEntry
from holdfast.repository.reachability import (
    REACHED,
    BlobKey,
    Reachability,
    find_reachable,
    find_touched,
    tree_loader,
)
from holdfast.repository.repository import Repository
from holdfast.repository.snapshots import Snapshot, decode_snapshot
from holdfast.repository.subset import Subset

_EXAMPLES = 3


class FindingKind(StrEnum):
    """What is wrong with an object."""

    CONFIG_DAMAGED = "config-damaged"
    KEY_DAMAGED = "key-damaged"
    SNAPSHOT_DAMAGED = "snapshot-damaged"
    INDEX_DAMAGED = "index-damaged"
    BLOB_MISSING = "blob-missing"
    TREE_DAMAGED = "tree-damaged"
    PACK_MISSING = "pack-missing"
    PACK_DAMAGED = "pack-damaged"
    UNREAD = "unread"
    """The store failed to deliver it; it may be intact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        object: The name of the object in the store, or of the folder it is missing from.
        problem: What is wrong, for people.
        backups: The backups that cannot be restored whole because of it: their labels, or
            the first 8 digits of their snapshot's id. Empty if no backup needs what is damaged.
    """

    kind: FindingKind
    object: str
    problem: str
    backups: tuple[str, ...] = ()

    def __str__(self) -> str:
        touched = f"touches {', '.join(self.backups)}" if self.backups else "touches no backup"
        return f"{self.object}: {self.problem} ({touched})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check looked at and found; truthy if nothing is wrong.

    Attributes:
        findings: What is wrong.
        notes: What is remarkable and harmless.
        packs_read: Packs whose every byte was read; bytes_read alike.
        unreferenced_packs: Packs that no index file names: left by interrupted runs.
        unused_blobs: Blobs that no backup needs; a prune frees them.
        duplicate_blobs: Blobs that are stored more than once.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    keys: int
    snapshots: int
    index_files: int
    trees: int
    blobs: int
    packs: int
    packs_bytes: int
    packs_read: int
    bytes_read: int
    unreferenced_packs: int
    unreferenced_bytes: int
    unused_blobs: int
    duplicate_blobs: int

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok

    @property
    def touched_backups(self) -> tuple[str, ...]:
        """Return the backups that cannot be restored whole, each once."""
        return tuple(dict.fromkeys(name for found in self.findings for name in found.backups))


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


@dataclass
class _Draft:
    """A finding whose backups are not known yet.

    Attributes:
        blobs: The blobs that cannot be read because of it.
        backups: Backups that it touches in any case.
    """

    kind: FindingKind
    object: str
    problem: str
    blobs: list[BlobKey] = field(default_factory=list)
    backups: tuple[str, ...] = ()


class _Check:
    def __init__(
        self, repository: Repository, progress: ProgressCallback, cancel: CancellationToken
    ) -> None:
        self._repository = repository
        self._store = repository.store
        self._objects = repository.objects
        self._progress = progress
        self._cancel = cancel
        self._drafts: list[_Draft] = []
        self._notes: list[str] = []
        self._loaded = LoadedIndex()
        self._blobs = reader_of(repository, lambda: self._loaded.index)
        self._packs_read = self._bytes_read = 0

    def run(self, subset: Subset | None, *, read: bool) -> CheckReport:
        keys = self._check_keys()
        self._check_config()
        self._check_locks()
        snapshots = self._load_snapshots()
        self._load_index()
        packs = list_packs(self._store)
        reached = self._walk(snapshots)
        bad_packs = self._check_pack_sizes(packs)
        unreferenced = {id_: size for id_, size in packs.items() if id_ not in self._numbers}
        if read:
            chosen = sorted(packs.items())
            self._read_packs(subset.choose(chosen) if subset else chosen, bad_packs)
        self._draft_bad_packs(bad_packs, reached)
        self._draft_reachability(reached)
        unused, duplicates = self._count_blobs(reached)
        return CheckReport(
            findings=self._findings(snapshots),
            notes=tuple(self._notes),
            keys=keys,
            snapshots=len(snapshots),
            index_files=len(self._loaded.index.files),
            trees=reached.trees,
            blobs=len(self._loaded.index),
            packs=len(packs),
            packs_bytes=sum(packs.values()),
            packs_read=self._packs_read,
            bytes_read=self._bytes_read,
            unreferenced_packs=len(unreferenced),
            unreferenced_bytes=sum(unreferenced.values()),
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
                _Draft(FindingKind.KEY_DAMAGED, "keys/", "there is no key, no password opens it")
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
        self._drafts.append(_Draft(FindingKind.CONFIG_DAMAGED, CONFIG_NAME, problem))

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
        self._loaded = load_index_files(
            self._objects,
            lambda number: self._progress(Progress(step="Loading the index", done_items=number)),
        )
        for file_id, problem in self._loaded.damaged.items():
            name = object_name(ObjectKind.INDEX, file_id)
            self._drafts.append(_Draft(FindingKind.INDEX_DAMAGED, name, problem))
        self._numbers = {id_: number for number, id_ in enumerate(self._loaded.index.packs())}

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
        self._drafts.append(_Draft(kind, name, error.message, backups=backups))

    # Trees

    def _walk(self, snapshots: Sequence[Snapshot]) -> Reachability:
        def on_tree(number: int) -> None:
            self._progress(Progress(step="Checking directories", done_items=number))

        return find_reachable(
            self._loaded.index,
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
                _Draft(FindingKind.BLOB_MISSING, "index/", problem, list(reached.missing))
            )
        known = {key for draft in self._drafts for key in draft.blobs}
        trees = {**reached.inconsistent, **reached.unreadable}
        for tree_id, problem in trees.items():
            if (BlobType.TREE, tree_id) in known:
                continue  # its pack is a finding already
            self._drafts.append(
                _Draft(
                    FindingKind.TREE_DAMAGED,
                    self._pack_name_of(BlobType.TREE, tree_id),
                    problem,
                    [(BlobType.TREE, tree_id)],
                )
            )

    def _pack_name_of(self, blob_type: BlobType, blob_id: bytes) -> str:
        location = self._loaded.index.lookup(blob_type, blob_id)
        return _pack_name(location.pack_id) if location else "index/"

    # Packs

    def _check_pack_sizes(self, packs: Mapping[bytes, int]) -> dict[bytes, _BadPack]:
        """Compare the packs that the index names with those that are there."""
        sizes, self._counts = expected_pack_sizes(self._loaded.index)
        bad: dict[bytes, _BadPack] = {}
        for pack_id, number in self._numbers.items():
            size = packs.get(pack_id)
            if size is None:
                bad[pack_id] = _BadPack(FindingKind.PACK_MISSING, ["it is missing"], all=True)
            elif size != sizes[number]:
                problem = f"it has {size} bytes, by the index it must have {sizes[number]}"
                bad[pack_id] = _BadPack(FindingKind.PACK_DAMAGED, [problem], present_bytes=size)
        return bad

    def _read_packs(
        self, packs: Sequence[tuple[bytes, int]], bad_packs: dict[bytes, _BadPack]
    ) -> None:
        checker = PackChecker(self._store, self._repository.key, self._blobs)
        total = sum(size for _, size in packs)
        unlisted: dict[bytes, _BadPack] = {}
        for report in map_parallel(lambda pack: checker.check(*pack), packs, self._cancel):
            self._packs_read += 1
            self._bytes_read += report.size_bytes
            self._judge(report, bad_packs, unlisted)
            self._progress(
                Progress(
                    step="Reading packs",
                    done_bytes=self._bytes_read,
                    total_bytes=total,
                    done_items=self._packs_read,
                    total_items=len(packs),
                )
            )
        self._judge_unlisted(checker, unlisted)

    def _judge(
        self,
        report: PackReport,
        bad_packs: dict[bytes, _BadPack],
        unlisted: dict[bytes, _BadPack],
    ) -> None:
        problems = report.problems + self._disagreements(report)
        if not problems:
            return
        if report.pack_id not in self._numbers:
            name = _pack_name(report.pack_id)
            self._notes.append(f"{name}, which no index names, is damaged: {'; '.join(problems)}")
            return
        kind = FindingKind.UNREAD if report.unread else FindingKind.PACK_DAMAGED
        bad = bad_packs.setdefault(report.pack_id, _BadPack(kind, []))
        bad.problems += problems
        bad.entries += report.damaged
        if report.unread:
            bad.all = True
        elif report.entries is None:
            unlisted[report.pack_id] = bad

    def _disagreements(self, report: PackReport) -> list[str]:
        """Compare a pack's header with the index."""
        number = self._numbers.get(report.pack_id)
        if number is None or report.entries is None:
            return []
        different = sum(not self._indexed(number, entry) for entry in set(report.entries))
        different += max(0, self._counts[number] - len(set(report.entries)))
        return [f"the index and its header disagree on {different} blobs"] if different else []

    def _indexed(self, number: int, entry: PackEntry) -> bool:
        fields = (number, entry.offset, entry.length, entry.uncompressed_length)
        return fields in self._loaded.index.table(entry.type).find_all(entry.id)

    def _judge_unlisted(self, checker: PackChecker, unlisted: dict[bytes, _BadPack]) -> None:
        """Read the blobs of packs whose headers are damaged, as the index lists them."""
        if not unlisted:
            return
        entries: dict[bytes, list[PackEntry]] = {pack_id: [] for pack_id in unlisted}
        for pack_id, entry in self._loaded.index.entries():
            if pack_id in entries:
                entries[pack_id].append(entry)
        for pack_id, bad in unlisted.items():
            bad.entries += checker.check_entries(pack_id, entries[pack_id])

    def _draft_bad_packs(self, bad_packs: dict[bytes, _BadPack], reached: Reachability) -> None:
        """Find the blobs that are lost because of bad packs: those without a good copy."""
        drafts = {
            pack_id: _Draft(bad.kind, _pack_name(pack_id), "; ".join(dict.fromkeys(bad.problems)))
            for pack_id, bad in bad_packs.items()
        }
        self._drafts += drafts.values()
        if not drafts:
            return
        damaged = {
            (pack_id, entry.type, entry.id, entry.offset)
            for pack_id, bad in bad_packs.items()
            for entry in bad.entries
        }

        def lost(
            pack_id: bytes, blob_type: BlobType, blob_id: bytes, offset: int, end: int
        ) -> bool:
            bad = bad_packs.get(pack_id)
            return bad is not None and (
                bad.all
                or end > bad.present_bytes
                or (pack_id, blob_type, blob_id, offset) in damaged
            )

        for pack_id, entry in self._loaded.index.entries():
            if pack_id not in bad_packs or not reached.marks[entry.type].has(entry.id, REACHED):
                continue
            copies = self._loaded.index.locations(entry.type, entry.id)
            if all(
                lost(copy.pack_id, entry.type, entry.id, copy.offset, copy.offset + copy.length)
                for copy in copies
            ):
                drafts[pack_id].blobs.append((entry.type, entry.id))

    # Results

    def _count_blobs(self, reached: Reachability) -> tuple[int, int]:
        unused = duplicates = 0
        for blob_type in BlobType:
            marks = reached.marks[blob_type]
            for number, bucket in enumerate(self._loaded.index.table(blob_type).buckets()):
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
                self._loaded.index, roots, tree_loader(self._blobs), damaged, cancel=self._cancel
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


@dataclass
class _BadPack:
    """A pack with something wrong.

    Attributes:
        all: None of its blobs can be read.
        entries: Its blobs that are damaged.
        present_bytes: Blobs that end beyond are cut off.
    """

    kind: FindingKind
    problems: list[str]
    all: bool = False
    entries: list[PackEntry] = field(default_factory=list)
    present_bytes: int = 2**63


def _pack_name(pack_id: bytes) -> str:
    return object_name(ObjectKind.PACK, pack_id.hex())


def _label(snapshot: Snapshot) -> str:
    return snapshot.label or (snapshot.id or "")[:8]
