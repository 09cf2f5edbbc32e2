"""What a check says: what it looked at, what is wrong, and which backups that touches."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from holdfast.repository.reachability import BlobKey

MOST_NAMED = 5
"""How many backups the text of a finding names: one lost pack may touch all there are."""


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

    @property
    def remedy(self) -> str:
        """Return what to do about it, in a sentence."""
        remedy = _REMEDIES[self.kind]
        if self.kind in _PACK_KINDS and not self.backups:
            remedy = "Run `holdfast prune`, which replaces it."
        if self.kind in _DATA_KINDS and self.backups:
            remedy += _LAST_RESORT
        return remedy

    def __str__(self) -> str:
        return f"{self.object}: {self.problem} (touches {self._touched()})"

    def _touched(self) -> str:
        named, more = self.backups[:MOST_NAMED], len(self.backups) - MOST_NAMED
        return ", ".join(named) + (f" and {more} more" if more > 0 else "") or "no backup"


_PACK_KINDS: Final = (FindingKind.PACK_MISSING, FindingKind.PACK_DAMAGED)
_DATA_KINDS: Final = (*_PACK_KINDS, FindingKind.BLOB_MISSING, FindingKind.TREE_DAMAGED)
_LAST_RESORT: Final = (
    " If it is still named after a new backup, its data is nowhere any more: take what you need of"
    " the backups that it touches with `holdfast restore --into DIR --path PATH`, `holdfast delete`"
    " them, then `holdfast prune`."
)
_STORE_ANEW: Final = (
    "Run `holdfast create`: what is still there is stored anew, and backups that need it are whole"
    " again; then `holdfast prune`. Or bring the pack back from a copy of the repository."
)
_FROM_A_COPY: Final = "Bring the file back from a copy of the repository."
_REMEDIES: Final = {
    FindingKind.CONFIG_DAMAGED: _FROM_A_COPY,
    FindingKind.KEY_DAMAGED: "Bring the file back from a copy of the repository, or make a new key"
    " with `holdfast keys add` while another opens it.",
    FindingKind.SNAPSHOT_DAMAGED: "Bring the file back from a copy of the repository. Its backup is"
    " lost without it; the others are not, and a prune runs again once the file is removed.",
    FindingKind.INDEX_DAMAGED: "Run `holdfast repair index`, which rebuilds it from the packs.",
    FindingKind.BLOB_MISSING: "Run `holdfast repair index`, in case packs hold them; then `holdfast"
    " create`, which stores anew what is still there.",
    FindingKind.TREE_DAMAGED: _STORE_ANEW,
    FindingKind.PACK_MISSING: _STORE_ANEW,
    FindingKind.PACK_DAMAGED: _STORE_ANEW,
    FindingKind.UNREAD: "Look at the disk or the connection, and check again.",
}


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


@dataclass
class Draft:
    """A finding while the check runs, when its backups are not known yet.

    Attributes:
        blobs: The blobs that cannot be read because of it.
        backups: Backups that it touches in any case.
    """

    kind: FindingKind
    object: str
    problem: str
    blobs: list[BlobKey] = field(default_factory=list)
    backups: tuple[str, ...] = ()
