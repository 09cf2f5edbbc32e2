"""A backup's tree as the members of an archive: their order, and the names they get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.archive import records
from holdfast.archive.limits import ArchiveLimits, index_cost, shown
from holdfast.archive.names import (
    RESTORE_PATH,
    fault,
    fold_id,
    has_place,
    path_fault,
    portable_name,
    quote,
    sort_key,
)
from holdfast.errors import ArchiveError
from holdfast.models.manifest import MANIFEST_PATH, Problem
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree

SPECIAL_BITS = 0o6000
"""Set-user-id and set-group-id: on a file from elsewhere they would hand out rights."""

_RECORD_BYTES = records.CENTRAL.size + 9  # with a time
_LONG_BYTES = 28  # three 64-bit numbers, where sizes or offsets need them
_LONG_FROM_BYTES = 2**30  # well below 4 GiB, since headers and names count for offsets too
_OWN = (RESTORE_PATH, MANIFEST_PATH)
_MEMBER_TYPES = (NodeType.FILE, NodeType.DIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the tree with its place in the archive.

    Attributes:
        path: Its true path in the backup.
        name: Its path in the archive, UTF-8, without a final slash.
        renamed: Whether the last part of `name` differs from that of `path`.
    """

    path: str
    name: bytes
    node: Node
    renamed: bool = False


@dataclass(kw_only=True)
class Contents:
    """What a tree holds, in numbers and by its top names, before anything is written.

    Attributes:
        total_bytes: Sum of the sizes of all files.
        left_out: What the archive cannot carry, each with its reason.
        tops: Entries of the first two levels, for the instructions.
    """

    entries: int = 0
    total_bytes: int = 0
    directory_bytes: int = 0
    links: int = 0
    renamed: int = 0
    special_bytes: int = 0
    left_out: list[Problem] = field(default_factory=list)
    tops: list[Entry] = field(default_factory=list)

    @property
    def index_bytes(self) -> int:
        """Memory that a reader will need for it."""
        return index_cost(
            directory_bytes=self.directory_bytes,
            entries=self.entries,
            special=self.links + self.renamed,
            special_bytes=self.special_bytes,
        )


def entries(tree: BackupTree) -> Iterator[Entry]:
    """Yield everything in the tree in the order of the archive, a directory before its content.

    The backup's own `manifest.json` is left out: the archive has one with more in it.

    Raises:
        ArchiveError: Something has no place in an archive.
    """
    root = [e for e in _siblings(tree, "", b"") if e.path not in _OWN]
    stack = [iter(sorted(root, key=lambda entry: sort_key(entry.name)))]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        _check_place(entry)
        yield entry
        if entry.node.type is NodeType.DIR:
            stack.append(iter(_siblings(tree, entry.path, entry.name)))


def survey(tree: BackupTree, limits: ArchiveLimits) -> Contents:
    """Look at the whole tree's metadata.

    Raises:
        ArchiveError: It is more than an archive may hold, so that no reader would take it.
    """
    found = Contents(entries=2)  # RESTORE.txt and manifest.json
    for entry in entries(tree):
        _count(found, entry, limits)
    for what, count, most in (
        ("entries", found.entries, limits.entries),
        ("bytes", found.total_bytes, limits.total_bytes),
        ("bytes of names", found.directory_bytes, limits.directory_bytes),
        ("bytes of names and links", found.index_bytes, limits.index_bytes),
    ):
        if count > most:
            raise ArchiveError(
                f"The backup has {count:,} {what}, an archive holds at most {most:,}",
                hint="Restore the backup into a directory instead.",
            )
    return found


def _count(found: Contents, entry: Entry, limits: ArchiveLimits) -> None:
    node = entry.node
    if entry.name.count(b"/") <= 1:
        found.tops.append(entry)
    if node.type is NodeType.SYMLINK:
        found.links += 1
        found.special_bytes += len(_raw(node.name)) + len(_raw(node.link_target))
    elif node.type not in _MEMBER_TYPES:
        _leave_out(found, entry, f"an archive cannot carry a {node.type}")
    else:
        found.entries += 1
        if entry.renamed:
            found.renamed += 1
            found.special_bytes += len(_raw(node.name))
        found.directory_bytes += _RECORD_BYTES + len(entry.name) + 1
        if found.total_bytes + node.size > _LONG_FROM_BYTES:
            found.directory_bytes += _LONG_BYTES
    if node.type is NodeType.FILE:
        found.total_bytes += node.size
        if node.size > limits.file_bytes:
            raise ArchiveError(
                f"{shown(entry.path)} has {node.size:,} bytes, "
                f"a file in an archive at most {limits.file_bytes:,}",
                hint="Restore the backup into a directory instead.",
            )
        if node.mode & SPECIAL_BITS:
            _leave_out(found, entry, "its set-user-id or set-group-id bit stays out of an archive")


def _leave_out(found: Contents, entry: Entry, reason: str) -> None:
    found.left_out.append(Problem(path=quote(_raw(entry.path)), reason=reason))


def _siblings(tree: BackupTree, path: str, name: bytes) -> list[Entry]:
    """Return the entries of one directory, sorted by their names in the archive."""
    taken: set[int] = set()
    placed: list[Entry] = []
    unfit: list[tuple[bytes, Node]] = []
    nodes = [(_raw(node.name), node) for node in tree.children(path)]
    for raw, node in sorted(nodes, key=lambda pair: pair[0]):
        if node.type not in _MEMBER_TYPES:
            placed.append(_entry(path, name, quote(raw).encode(), node))
        elif fault(raw) or fold_id(raw) in taken:
            unfit.append((raw, node))
        else:
            taken.add(fold_id(raw))
            placed.append(_entry(path, name, raw, node))
    for raw, node in unfit:
        portable = portable_name(raw, taken)
        taken.add(fold_id(portable))
        placed.append(_entry(path, name, portable, node, renamed=True))
    return sorted(placed, key=lambda entry: entry.name)


def _entry(path: str, name: bytes, part: bytes, node: Node, *, renamed: bool = False) -> Entry:
    return Entry(
        path=f"{path}/{node.name}" if path else node.name,
        name=name + b"/" + part if name else part,
        node=node,
        renamed=renamed,
    )


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _check_place(entry: Entry) -> None:
    kind = entry.node.type
    if kind in _MEMBER_TYPES:
        name = entry.name + (b"/" if kind is NodeType.DIR else b"")
        reason = path_fault(name) if has_place(name) else "has no place in a backup's layout"
    else:
        in_directory = b"/" in entry.name and has_place(entry.name)
        reason = None if in_directory else "has no place in a backup's layout"
    if reason:
        raise ArchiveError(
            f"{shown(entry.path)} cannot go into an archive: it {reason}",
            hint="Archives are made of Holdfast's own backups; restore this one instead.",
        )
