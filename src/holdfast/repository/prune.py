"""Planning a prune: which packs go, which are written again, which stay.

Nothing is removed that a snapshot reaches, and nothing on the strength of what could not be
read: any error while listing or reading, a missing pack, a damaged index or no snapshot at
all, and there is no plan. A pack that is noted as damaged is
replaced by what is intact in it, if all that backups need of the rest has an intact copy
elsewhere; otherwise it stays as it is.

A plan is made and executed under one exclusive lock. That is why removing in two phases
(mark, wait, sweep) is not needed here: no writer is at work that could have relied on a pack
which the plan removes, and one that lost its lock while it was paused stops before its next
write. Packs that no index names are left by interrupted runs; with all index files intact
and no writer at work nothing can refer to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from holdfast.errors import RepositoryDamaged, RepositoryError
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.repository.damage_notes import load_damage
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_loading import list_packs, load_index_files
from holdfast.repository.locks import Lock
from holdfast.repository.marks import IndexMarks
from holdfast.repository.packs import TARGET_BYTES
from holdfast.repository.prune_usage import MIXED, TYPE_BITS, Usage, measure
from holdfast.repository.reachability import (
    Reachability,
    find_reachable,
    links_loader,
    reader_of,
)
from holdfast.repository.repository import Repository
from holdfast.repository.snapshots import Snapshot

_SMALL_BYTES: Final = TARGET_BYTES // 4
_MANY_SMALL: Final = 8
"""So many small packs of a kind are joined; fewer would be written anew by every prune."""


class Fate(IntEnum):
    """What becomes of a pack."""

    KEEP = 0
    REPACK = 1
    REMOVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneOptions:
    """How thorough a prune is.

    Attributes:
        max_unused_share: Unused bytes that may stay, as a share of the used ones; rewriting
            packs for the last few per cent costs more than it frees. restic's default.
        max_unused_bytes: The same as a number of bytes; the smaller limit counts.
        max_repack_bytes: Rewrite packs of at most this size together; None for no limit.
        repack_small: Join small packs, of which every small backup leaves some.
        allow_empty: There may be no snapshot at all; then everything goes.
    """

    max_unused_share: float = 0.05
    max_unused_bytes: int | None = None
    max_repack_bytes: int | None = None
    repack_small: bool = True
    allow_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunePlan:
    """What a prune will do; sizes in bytes.

    Attributes:
        packs_removed: Packs of which nothing is used.
        packs_unreferenced: Packs that no index names; they are removed, too.
        packs_repacked: Packs whose used blobs are copied into new ones; then they are removed.
        repacked_bytes: What is copied for that.
        freed_bytes: By how much the repository will shrink, estimated.
        unused_bytes_kept: Unused bytes that stay, within the limits of the options.
    """

    snapshots: int
    packs_kept: int
    packs_repacked: int
    packs_removed: int
    packs_unreferenced: int
    total_bytes: int
    freed_bytes: int
    repacked_bytes: int
    unused_bytes_kept: int
    blobs_used: int
    blobs_removed: int
    work: PruneWork = field(repr=False, compare=False)

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to do."""
        return not (self.packs_repacked or self.packs_removed or self.packs_unreferenced)

    def __str__(self) -> str:
        return (
            f"{self.packs_kept} packs stay, {self.packs_repacked} are repacked "
            f"({self.repacked_bytes} bytes), "
            f"{self.packs_removed + self.packs_unreferenced} are removed; "
            f"{self.freed_bytes} of {self.total_bytes} bytes are freed"
        )


@dataclass(slots=True)
class PruneWork:
    """What the execution of a plan needs to know; not for printing.

    Attributes:
        marks: `REACHED` and `KEPT` for each record of the index.
        fates: By number of pack, a `Fate`.
        sizes: Size [bytes] of each stored pack.
        unreferenced: Packs that no index names.
    """

    index: BlobIndex
    marks: IndexMarks
    snapshot_ids: frozenset[str]
    fates: bytearray
    sizes: dict[bytes, int]
    unreferenced: list[bytes]


def plan_prune(
    repository: Repository,
    lock: Lock,
    *,
    options: PruneOptions | None = None,
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> PrunePlan:
    """Say what a prune would do; changes nothing.

    Args:
        lock: A lock on the repository. To execute the plan it must be exclusive and the same.

    Raises:
        RepositoryDamaged: Something that a snapshot needs is missing or cannot be read.
        RepositoryError: There is no snapshot, and `allow_empty` was not said.
        StoreError: The store could not be listed or read.
        LockLost: The lock is not ours any more.
    """
    options = options or PruneOptions()
    cancel = cancel or CancellationToken()
    lock.ensure()
    # Snapshots first: one that is saved later is saved by nobody, for the lock is ours.
    snapshots = repository.list_snapshots()
    if not snapshots and not options.allow_empty:
        raise RepositoryError(
            "The repository has no backups, so a prune would remove everything in it",
            hint="Check that it is the right place; if it is, allow an empty repository.",
        )
    index = _load_intact_index(repository)
    packs = list_packs(repository.store)
    noted = load_damage(repository.objects).packs
    try:
        reached = _reach(repository, index, snapshots, progress, cancel)
        usage = measure(repository, index, reached.marks, packs, noted)
    except RepositoryDamaged:
        lock.confirm()  # without it, another prune may be at work, and that is the reason
        raise
    fates = _decide(index, packs, usage, options)
    return _plan(index, reached.marks, snapshots, packs, usage, fates)


def _load_intact_index(repository: Repository) -> BlobIndex:
    index = load_index_files(repository.objects, BlobIndex())
    if index.damaged_files:
        raise RepositoryDamaged(
            f"{len(index.damaged_files)} index files are damaged, so nobody knows what is used: "
            + next(iter(index.damaged_files.values())),
            hint="Rebuild the index, then try again.",
        )
    return index


def _reach(
    repository: Repository,
    index: BlobIndex,
    snapshots: Sequence[Snapshot],
    progress: ProgressCallback,
    cancel: CancellationToken,
) -> Reachability:
    reached = find_reachable(
        index,
        [snapshot.tree for snapshot in snapshots],
        links_loader(reader_of(repository, lambda: index)),
        on_tree=lambda number: progress(Progress(step="Finding what is used", done_items=number)),
        cancel=cancel,
    )
    problems = [*reached.unreadable.values(), *reached.inconsistent.values()]
    problems += [
        f"{blob_type} blob {id_.hex()[:16]} is in no index" for blob_type, id_ in reached.missing
    ]
    if problems:
        raise RepositoryDamaged(
            f"Backups cannot be read whole, so nothing is removed: {problems[0]}"
            + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""),
            hint="Run `holdfast check` to see which backups are touched.",
        )
    return reached


def _decide(
    index: BlobIndex, packs: dict[bytes, int], usage: Usage, options: PruneOptions
) -> bytearray:
    fates = bytearray(len(index.packs()))
    candidates: list[tuple[bool, float, int, int]] = []
    small = dict.fromkeys(TYPE_BITS.values(), 0)
    for number, pack_id in enumerate(index.packs()):
        if not usage.used_blobs[number]:
            fates[number] = Fate.REMOVE
            continue
        if number in usage.irreplaceable:
            continue
        size, unused = packs[pack_id], usage.unused_bytes[number]
        mixed = usage.types[number] == MIXED
        if size < _SMALL_BYTES and not mixed:
            small[usage.types[number]] += 1
        pressing = mixed or number in usage.damaged
        if unused or pressing or size < _SMALL_BYTES:
            candidates.append((not pressing, -unused / size, number, size))
    join = {kind for kind, count in small.items() if options.repack_small and count >= _MANY_SMALL}
    unused_left = sum(usage.unused_bytes[number] for _, _, number, _ in candidates)
    limit = _unused_limit(usage, options)
    repacked = 0
    for not_pressing, _, number, size in sorted(candidates):
        unused = usage.unused_bytes[number]
        wanted = (
            # Damaged packs; and mixed ones: format version 2 has none, restic reads them badly.
            not not_pressing
            or (unused and unused_left > limit)
            or (size < _SMALL_BYTES and usage.types[number] in join)
        )
        too_much = options.max_repack_bytes is not None and (
            repacked + size > options.max_repack_bytes
        )
        if wanted and not too_much:
            fates[number] = Fate.REPACK
            repacked += size
            unused_left -= unused
    return fates


def _unused_limit(usage: Usage, options: PruneOptions) -> float:
    limit = sum(usage.used_bytes) * options.max_unused_share
    return limit if options.max_unused_bytes is None else min(limit, options.max_unused_bytes)


def _plan(
    index: BlobIndex,
    marks: IndexMarks,
    snapshots: Sequence[Snapshot],
    packs: dict[bytes, int],
    usage: Usage,
    fates: bytearray,
) -> PrunePlan:
    ids = index.packs()
    named = set(ids)
    unreferenced = sorted(pack_id for pack_id in packs if pack_id not in named)
    freed = sum(packs[pack_id] for pack_id in unreferenced)
    repacked = blobs_removed = kept_unused = 0
    for number, fate in enumerate(fates):
        if fate == Fate.KEEP:
            kept_unused += usage.unused_bytes[number]
            continue
        blobs_removed += usage.unused_blobs[number]
        freed += packs.get(ids[number], 0)
        if fate == Fate.REPACK:
            freed -= usage.used_bytes[number]
            repacked += usage.used_bytes[number]
    return PrunePlan(
        snapshots=len(snapshots),
        packs_kept=fates.count(Fate.KEEP),
        packs_repacked=fates.count(Fate.REPACK),
        packs_removed=fates.count(Fate.REMOVE),
        packs_unreferenced=len(unreferenced),
        total_bytes=sum(packs.values()),
        freed_bytes=freed,
        repacked_bytes=repacked,
        unused_bytes_kept=kept_unused,
        blobs_used=sum(usage.used_blobs),
        blobs_removed=blobs_removed,
        work=PruneWork(
            index=index,
            marks=marks,
            snapshot_ids=frozenset(snapshot.id or "" for snapshot in snapshots),
            fates=fates,
            sizes=packs,
            unreferenced=unreferenced,
        ),
    )
