"""Checking packs: against the index, and with their bytes read against their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.models.progress import CancellationToken, Progress, ProgressCallback
from holdfast.repository.check_report import Draft, FindingKind
from holdfast.repository.damage_notes import Damage
from holdfast.repository.index import BlobIndex, BlobLocation
from holdfast.repository.index_loading import expected_pack_sizes
from holdfast.repository.layout import BlobType, ObjectKind, object_name
from holdfast.repository.marks import IndexMarks
from holdfast.repository.pack_checks import PackChecker, PackReport, map_parallel
from holdfast.repository.packs import PackEntry
from holdfast.repository.reachability import REACHED


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


class PackInspection:
    """Collects what is wrong with the packs of an index.

    Attributes:
        notes: What is remarkable and harmless.
        read: How many packs were read; read_bytes alike.
        intact: Packs that were read, and nothing is wrong with them.
    """

    def __init__(self, index: BlobIndex, checker: PackChecker) -> None:
        self._index = index
        self._checker = checker
        self._numbers = {pack_id: number for number, pack_id in enumerate(index.packs())}
        self._sizes, self._counts = expected_pack_sizes(index)
        self._bad: dict[bytes, _BadPack] = {}
        self._headless: set[bytes] = set()
        self._proven: set[bytes] = set()
        self.notes: list[str] = []
        self.read = self.read_bytes = 0
        self.intact: list[bytes] = []

    def names(self, pack_id: bytes) -> bool:
        """Return whether the index names a pack."""
        return pack_id in self._numbers

    def compare(self, packs: Mapping[bytes, int]) -> None:
        """Compare the packs that the index names with the sizes of those that are there."""
        for pack_id, number in self._numbers.items():
            size = packs.get(pack_id)
            if size is None:
                bad = _BadPack(FindingKind.PACK_MISSING, ["it is missing"], all=True)
                self._bad[pack_id] = bad
            elif size != self._sizes[number]:
                problem = f"it has {size} bytes, by the index it must have {self._sizes[number]}"
                bad = _BadPack(FindingKind.PACK_DAMAGED, [problem], present_bytes=size)
                self._bad[pack_id] = bad

    def recall(self, noted: Damage, unread: Collection[bytes]) -> None:
        """Count those packs as damaged that earlier checks noted and that this one does not read.

        Args:
            unread: The packs that are there and are not read.
        """
        for pack_id, entries in noted.items():
            if pack_id in unread and self.names(pack_id):
                what = f"{len(entries)} damaged blobs" if entries else "no damaged blob"
                problem = f"an earlier check found it damaged ({what})"
                bad = self._bad.setdefault(pack_id, _BadPack(FindingKind.PACK_DAMAGED, []))
                bad.problems.append(problem)
                bad.entries += entries

    def proven(self) -> dict[bytes, list[PackEntry]]:
        """Return the packs that were read and are damaged, each with its damaged blobs."""
        return {pack_id: self._bad[pack_id].entries for pack_id in self._proven}

    def read_packs(
        self,
        packs: Sequence[tuple[bytes, int]],
        progress: ProgressCallback,
        cancel: CancellationToken,
    ) -> None:
        """Read packs whole, on several threads, and prove every blob in them."""
        total = sum(size for _, size in packs)
        for report in map_parallel(lambda pack: self._checker.check(*pack), packs, cancel):
            self.read += 1
            self.read_bytes += report.size_bytes
            self._judge(report)
            progress(
                Progress(
                    step="Reading packs",
                    done_bytes=self.read_bytes,
                    total_bytes=total,
                    done_items=self.read,
                    total_items=len(packs),
                )
            )
        self._read_headless()

    def drafts(self, marks: IndexMarks) -> list[Draft]:
        """Return a finding for each bad pack, with the blobs that are lost because of it.

        A blob is lost if a backup needs it and no copy of it is good.

        Args:
            marks: `REACHED` for the blobs that backups need.
        """
        drafts = {
            pack_id: Draft(bad.kind, pack_name(pack_id), "; ".join(dict.fromkeys(bad.problems)))
            for pack_id, bad in self._bad.items()
        }
        if not drafts:
            return []
        damaged = {
            (pack_id, entry.type, entry.id, entry.offset)
            for pack_id, bad in self._bad.items()
            for entry in bad.entries
        }

        def lost(blob_type: BlobType, blob_id: bytes, copy: BlobLocation) -> bool:
            bad = self._bad.get(copy.pack_id)
            return bad is not None and (
                bad.all
                or copy.offset + copy.length > bad.present_bytes
                or (copy.pack_id, blob_type, blob_id, copy.offset) in damaged
            )

        for pack_id, entry in self._index.entries():
            if pack_id not in drafts or not marks[entry.type].has(entry.id, REACHED):
                continue
            copies = self._index.locations(entry.type, entry.id)
            if all(lost(entry.type, entry.id, copy) for copy in copies):
                drafts[pack_id].blobs.append((entry.type, entry.id))
        return list(drafts.values())

    def _judge(self, report: PackReport) -> None:
        problems = report.problems + self._disagreements(report)
        if not problems:
            self.intact.append(report.pack_id)
            return
        if report.pack_id not in self._numbers:
            name = pack_name(report.pack_id)
            self.notes.append(f"{name}, which no index names, is damaged: {'; '.join(problems)}")
            return
        kind = FindingKind.PACK_DAMAGED
        if report.unread:
            kind = FindingKind.UNREAD
        elif not report.problems:
            kind = FindingKind.INDEX_DAMAGED  # the pack is authentic; the index says otherwise
        bad = self._bad.setdefault(report.pack_id, _BadPack(kind, []))
        bad.kind = kind
        bad.problems += problems
        bad.entries += report.damaged
        if report.problems and not report.unread:
            self._proven.add(report.pack_id)
        if report.unread:
            bad.all = True
        elif report.entries is None:
            self._headless.add(report.pack_id)

    def _disagreements(self, report: PackReport) -> list[str]:
        """Compare a pack's header with the index."""
        number = self._numbers.get(report.pack_id)
        if number is None or report.entries is None:
            return []
        entries = set(report.entries)
        different = sum(not self._indexed(number, entry) for entry in entries)
        different += max(0, self._counts[number] - len(entries))
        return [f"the index and its header disagree on {different} blobs"] if different else []

    def _indexed(self, number: int, entry: PackEntry) -> bool:
        fields = (number, entry.offset, entry.length, entry.uncompressed_length)
        return fields in self._index.table(entry.type).find_all(entry.id)

    def _read_headless(self) -> None:
        """Read the blobs of packs whose headers are damaged, as the index lists them."""
        if not self._headless:
            return
        entries: dict[bytes, list[PackEntry]] = {pack_id: [] for pack_id in self._headless}
        for pack_id, entry in self._index.entries():
            if pack_id in entries:
                entries[pack_id].append(entry)
        for pack_id, listed in entries.items():
            damaged, unread = self._checker.check_entries(pack_id, listed)
            self._bad[pack_id].entries += damaged + unread
            if unread:
                self._proven.discard(pack_id)


def pack_name(pack_id: bytes) -> str:
    """Return the name of a pack in the store."""
    return object_name(ObjectKind.PACK, pack_id.hex())
