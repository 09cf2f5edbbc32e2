"""Rebuilding the index from the packs themselves, whose headers say what they hold.

A repair never makes less restorable than it found: where a pack's header cannot be read, what
intact index files say of the pack stays; where nobody knows what a pack holds, the plan
refuses until the pack is dropped by name. The old index files are removed only when the new
ones are durable and were read back. A repository whose index is right is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from holdfast.errors import (
    ObjectNotFound,
    RepositoryDamaged,
    RepositoryError,
    StoreError,
    UsageError,
)
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_files import MAX_BLOBS, decode_index, save_index
from holdfast.repository.index_loading import list_packs, load_index_files
from holdfast.repository.layout import ObjectKind, object_name
from holdfast.repository.locks import Lock
from holdfast.repository.pack_checks import map_parallel
from holdfast.repository.packs import PackEntry, decode_header, encode_entry, load_header
from holdfast.repository.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRebuildPlan:
    """What a rebuild of the index will change.

    Attributes:
        packs: Packs that the new index will name.
        packs_added: Packs that the present index does not name, or not rightly.
        packs_missing: Packs that the present index names and that are not there.
        packs_dropped: Packs left out on demand.
        packs_unreadable: Packs with a damaged header; the new index says of them what the
            present one says.
        packs_ignored: Packs with a damaged header that no index names, of no use to any
            backup: an interrupted run left them.
        damaged_files: Index files that cannot be read, each with the reason.
    """

    packs: int
    blobs: int
    packs_added: int
    packs_missing: tuple[str, ...]
    packs_dropped: tuple[str, ...]
    packs_unreadable: tuple[str, ...]
    packs_ignored: tuple[str, ...]
    damaged_files: dict[str, str]
    work: RebuildWork = field(repr=False, compare=False)

    @property
    def empty(self) -> bool:
        """Return whether the index is right as it is."""
        return not (
            self.packs_added or self.packs_missing or self.packs_dropped or self.damaged_files
        )

    def __str__(self) -> str:
        if self.empty:
            return f"The index is right: {self.packs} packs, {self.blobs} blobs"
        return (
            f"{self.packs} packs with {self.blobs} blobs are indexed: {self.packs_added} newly, "
            f"{len(self.packs_missing)} missing and {len(self.packs_dropped)} dropped ones no "
            f"more; {len(self.damaged_files)} damaged index files are replaced"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRebuildSummary:
    """What a rebuild of the index did."""

    index_files_added: int
    index_files_removed: int


@dataclass(slots=True)
class RebuildWork:
    """What the execution needs to know; not for printing.

    Attributes:
        headers: By pack, its plain header: 37 or 41 bytes a blob.
        carried: By pack, what the present index says, where the header cannot be read.
        files: The index files that were there when the plan was made.
    """

    headers: dict[bytes, bytes]
    carried: dict[bytes, list[PackEntry]]
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Header:
    pack_id: bytes
    entries: list[PackEntry] | None
    problem: RepositoryDamaged | StoreError | None


def plan_index_rebuild(
    repository: Repository,
    *,
    drop: Collection[str] = (),
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> IndexRebuildPlan:
    """Read the header of every pack and say what is wrong with the index. Changes nothing.

    Args:
        drop: Full ids of packs to leave out, whatever they hold.

    Raises:
        RepositoryDamaged: Packs cannot be read, no index says what they hold, and they are
            not in `drop`. The message names them.
        StoreError: The store could not be listed, or not read.
        UsageError: There is no pack of an id in `drop`.
    """
    index = load_index_files(repository.objects, BlobIndex())
    files = frozenset(index.files | index.damaged_files.keys())
    packs = list_packs(repository.store)
    dropped = _find_dropped(drop, packs, index)
    headers: dict[bytes, bytes] = {}
    unreadable: dict[bytes, RepositoryDamaged | StoreError] = {}
    added = blobs = 0
    wanted = {pack_id: size for pack_id, size in packs.items() if pack_id not in dropped}
    counts = _blob_counts(index)
    for header in _read_headers(repository, wanted, progress, cancel or CancellationToken()):
        if header.entries is None:
            if header.problem is not None:
                unreadable[header.pack_id] = header.problem
            continue
        entries = set(header.entries)
        headers[header.pack_id] = b"".join(encode_entry(entry) for entry in header.entries)
        blobs += len(entries)
        added += not _agrees(index, counts, header.pack_id, entries)
    carried, ignored = _judge_unreadable(unreadable, index)
    missing = [
        pack_id
        for pack_id in index.packs()
        if pack_id not in packs and pack_id not in dropped and _is_gone(repository, pack_id)
    ]
    return IndexRebuildPlan(
        packs=len(headers) + len(carried),
        blobs=blobs + sum(len(entries) for entries in carried.values()),
        packs_added=added,
        packs_missing=_hex(missing),
        packs_dropped=_hex(dropped),
        packs_unreadable=_hex(carried),
        packs_ignored=_hex(ignored),
        damaged_files=dict(index.damaged_files),
        work=RebuildWork(headers=headers, carried=carried, files=files),
    )


def execute_index_rebuild(
    repository: Repository,
    lock: Lock,
    plan: IndexRebuildPlan,
    *,
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> IndexRebuildSummary:
    """Write a new index as planned, and then remove the old one.

    Interrupted at any point it leaves what was restorable restorable; run it again to finish.

    Args:
        lock: An exclusive lock on the repository, held since the plan was made.

    Raises:
        RepositoryError: The lock is not exclusive, or the index is not as it was planned.
        LockLost: The lock was lost; no index file was removed after that.
        StoreError: The store failed; no index file was removed after that.
    """
    cancel = cancel or CancellationToken()
    if not lock.exclusive:
        raise RepositoryError("A rebuild of the index needs an exclusive lock on the repository")
    lock.confirm()
    if {id_ for id_, _ in repository.objects.list(ObjectKind.INDEX)} != plan.work.files:
        raise RepositoryError(
            "The index has changed since its rebuild was planned; nothing was changed",
            hint="Plan it again under the lock under which it is executed.",
        )
    if plan.empty:
        return IndexRebuildSummary(index_files_added=0, index_files_removed=0)
    written = []
    for number, packs in enumerate(_batches(plan.work), start=1):
        cancel.raise_if_cancelled()
        written.append(save_index(repository.objects, lock, packs)[0])
        progress(Progress(step="Writing the index", done_items=number))
    _prove(repository, written, plan)
    for file_id in plan.work.files:
        lock.confirm()
        try:
            repository.objects.remove(ObjectKind.INDEX, file_id)
        except ObjectNotFound:
            continue  # gone already, which is what was wanted
    repository.reload_index()
    return IndexRebuildSummary(
        index_files_added=len(written), index_files_removed=len(plan.work.files)
    )


def _find_dropped(
    drop: Collection[str], packs: dict[bytes, int], index: BlobIndex
) -> frozenset[bytes]:
    known = packs.keys() | set(index.packs())
    dropped = set()
    for name in drop:
        try:
            pack_id = bytes.fromhex(name)
        except ValueError:
            pack_id = b""
        if pack_id not in known:
            raise UsageError(f"There is no pack {name!r} to drop")
        dropped.add(pack_id)
    return frozenset(dropped)


def _read_headers(
    repository: Repository,
    packs: dict[bytes, int],
    progress: ProgressCallback,
    cancel: CancellationToken,
) -> Iterator[_Header]:
    def read(pack: tuple[bytes, int]) -> _Header:
        pack_id, size = pack
        for last_try in (False, True):
            try:
                entries, _ = load_header(repository.store, repository.key, pack_id.hex(), size)
            except (RepositoryDamaged, StoreError) as error:
                if last_try:
                    return _Header(pack_id, None, error)
            else:
                return _Header(pack_id, entries, None)
        raise AssertionError("the last try returns")

    for number, header in enumerate(map_parallel(read, packs.items(), cancel), start=1):
        progress(Progress(step="Reading packs", done_items=number, total_items=len(packs)))
        yield header


def _blob_counts(index: BlobIndex) -> dict[bytes, int]:
    counts = dict.fromkeys(index.packs(), 0)
    for pack_id, _ in index.entries():
        counts[pack_id] += 1
    return counts


def _agrees(
    index: BlobIndex, counts: dict[bytes, int], pack_id: bytes, entries: Collection[PackEntry]
) -> bool:
    """Return whether the index says of a pack exactly what its header says."""
    return counts.get(pack_id) == len(entries) and all(
        any(
            place.pack_id == pack_id
            and place.offset == entry.offset
            and place.length == entry.length
            and place.uncompressed_length == entry.uncompressed_length
            for place in index.locations(entry.type, entry.id)
        )
        for entry in entries
    )


def _judge_unreadable(
    unreadable: dict[bytes, RepositoryDamaged | StoreError], index: BlobIndex
) -> tuple[dict[bytes, list[PackEntry]], list[bytes]]:
    """Find out what can be said of packs whose headers cannot be read.

    Returns:
        What the index says of those that it names, and those of which nothing is lost.
    """
    carried: dict[bytes, list[PackEntry]] = {
        pack_id: [] for pack_id in index.packs() if pack_id in unreadable
    }
    if carried:
        for pack_id, entry in index.entries():
            if pack_id in carried:
                carried[pack_id].append(entry)
    unknown = [pack_id for pack_id in unreadable if pack_id not in carried]
    failed = [id_ for id_ in unknown if isinstance(unreadable[id_], StoreError)]
    if unknown and (failed or index.damaged_files or not index.packs()):
        # Without a whole index nobody knows whether a backup needs them.
        names = ", ".join(pack_id.hex() for pack_id in unknown)
        raise RepositoryDamaged(
            f"{len(unknown)} packs cannot be read and no index says what they hold: {names} "
            f"({unreadable[unknown[0]].message})",
            hint="Try again if the store may recover; otherwise drop them by their full names.",
        )
    return carried, unknown


def _is_gone(repository: Repository, pack_id: bytes) -> bool:
    """Ask for a pack that a listing lacks: a listing alone is no proof of absence."""
    try:
        repository.store.stat(object_name(ObjectKind.PACK, pack_id.hex()))
    except ObjectNotFound:
        return True
    raise StoreError(
        f"Pack {pack_id.hex()[:16]} is there but was not listed; the index was left as it is",
        hint="The store's listings cannot be trusted at the moment; try again later.",
    )


def _batches(work: RebuildWork) -> Iterator[list[tuple[bytes, list[PackEntry]]]]:
    """Yield all packs, so many at a time as one index file names."""
    batch: list[tuple[bytes, list[PackEntry]]] = []
    blobs = 0
    for pack_id, entries in _all_packs(work):
        batch.append((pack_id, entries))
        blobs += len(entries)
        if blobs >= MAX_BLOBS:
            yield batch
            batch, blobs = [], 0
    if batch:
        yield batch


def _all_packs(work: RebuildWork) -> Iterable[tuple[bytes, list[PackEntry]]]:
    for pack_id, header in work.headers.items():
        yield pack_id, decode_header(header)
    yield from work.carried.items()


def _prove(repository: Repository, written: list[str], plan: IndexRebuildPlan) -> None:
    """Read the new index files back and compare them with the plan."""
    packs = blobs = 0
    for file_id in written:
        document = repository.objects.load(ObjectKind.INDEX, file_id)
        for _, entries in decode_index(document, file_id):
            packs += 1
            blobs += len(set(entries))
    if (packs, blobs) != (plan.packs, plan.blobs):
        raise RepositoryError(
            f"The new index holds {blobs} blobs in {packs} packs instead of {plan.blobs} in "
            f"{plan.packs}; the old one was left"
        )


def _hex(pack_ids: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(pack_id.hex() for pack_id in pack_ids)
