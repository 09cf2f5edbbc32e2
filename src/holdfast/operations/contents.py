"""What a backup holds, seen one folder at a time."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from holdfast.errors import PathNotInBackup
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""Where `os.fsdecode` puts bytes that are not UTF-8, and whatever else no document can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """One entry of a folder of a backup.

    Attributes:
        name: Its name as text: a byte that is not UTF-8 stands as `\\xff`.
        path: Where it is in the backup; `list_folder` takes it back.
        size: Length of a file [bytes]; None for anything else.
        modified_at: None where no calendar has such a time.
    """

    name: str
    path: str
    kind: NodeType
    size: int | None
    modified_at: datetime | None


def list_folder(tree: BackupTree, path: str) -> list[StoredEntry]:
    """Return what is in a folder of a backup, folders first, each by name; `""` is all of it.

    Raises:
        PathNotInBackup: There is no such folder.
        RepositoryDamaged: It cannot be read.
    """
    stored, shown = _locate(tree, path)
    entries = [_entry(node, shown) for node in tree.children(stored)]
    return sorted(entries, key=sort_key)


def sort_key(entry: StoredEntry) -> tuple[bool, str]:
    """Return what entries of a folder are sorted by."""
    return entry.kind is not NodeType.DIR, entry.name


def _locate(tree: BackupTree, path: str) -> tuple[str, str]:
    """Return where a folder is in the tree, and how that is shown."""
    stored: list[str] = []
    shown: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        node = _child(tree, "/".join(stored), part)
        if node is None or node.type is not NodeType.DIR:
            raise PathNotInBackup(
                f"The backup holds no directory {_as_text('/'.join([*shown, part]))}",
                hint="Begin at the top, without a path, and go down from there.",
            )
        stored.append(node.name)
        shown.append(_as_text(node.name))
    return "/".join(stored), "/".join(shown)


def _child(tree: BackupTree, folder: str, part: str) -> Node | None:
    found = tree.node(f"{folder}/{part}" if folder else part)
    if found is not None or "\\x" not in part:
        return found
    return next((each for each in tree.children(folder) if _as_text(each.name) == part), None)


def _entry(node: Node, folder: str) -> StoredEntry:
    name = _as_text(node.name)
    return StoredEntry(
        name=name,
        path=f"{folder}/{name}" if folder else name,
        kind=node.type,
        size=node.size if node.type is NodeType.FILE else None,
        modified_at=_instant(node.mtime_ns),
    )


def _as_text(name: str) -> str:
    """Return a name that any document can hold."""
    return _NO_TEXT.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", name)


def _instant(at_ns: int) -> datetime | None:
    with suppress(OverflowError):  # whoever wrote the repository chose it
        return _EPOCH + timedelta(microseconds=at_ns // 1000)
    return None
