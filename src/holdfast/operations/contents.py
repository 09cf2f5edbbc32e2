"""What a backup holds, seen one folder at a time, or searched for a part of a path."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unicodedata import normalize

from holdfast.errors import PathNotInBackup
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.repository import SnapshotTree

MAX_VISITED = 50_000
"""How many entries one search looks at: about a second of the processor. It says where to go on."""

MAX_FOUND = 200
"""How many entries one search returns."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHAT = {NodeType.DIR: "a directory", NodeType.SYMLINK: "a symbolic link"}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found of a search, in the order of the tree: folders before what is in them.

    Attributes:
        visited: How many entries were looked at.
        after: Where to go on; None when everything was looked at. It is an entry's path as the
            tree has it, so it may hold what is no text.
        cut_short: Whether it ended because it had looked at so many: there may be more or not.
    """

    entries: list[StoredEntry]
    visited: int
    after: str | None
    cut_short: bool


def list_folder(tree: BackupTree, path: str) -> list[StoredEntry]:
    """Return what is in a folder of a backup, folders first, each by name; `""` is all of it.

    Raises:
        PathNotInBackup: There is no such folder.
        RepositoryDamaged: It cannot be read.
    """
    stored, shown = _locate(tree, path)
    entries = [_entry(node, shown) for node in tree.children(stored)]
    return sorted(entries, key=sort_key)


def search_tree(
    tree: SnapshotTree,
    text: str,
    path: str = "",
    *,
    after: str = "",
    limit: int = MAX_FOUND,
) -> SearchResult:
    """Find entries below a folder by a part of their path, however it is capitalised.

    The part must reach into an entry's own name: `thumbs` finds the folder `thumbs` and not all
    that is in it, `thumbs/` what lies in it, and `thumbs/7` that of it which begins with 7.

    Args:
        text: What their path below the folder must hold; a slash stands before that path, too.
        after: `after` of the search before this one.
        limit: How many to return at most, beside the limit of what is looked at.

    Raises:
        PathNotInBackup: There is no such folder, or no entry at `after`.
        RepositoryDamaged: A directory cannot be read.
    """
    stored, shown = _locate(tree, path)
    wanted = _folded(text)
    entries: list[StoredEntry] = []
    visited, last = 0, ""
    for child, node in tree.walk(stored, after=after):
        if visited >= MAX_VISITED:
            return SearchResult(entries=entries, visited=visited, after=last, cut_short=True)
        below = child[len(stored) + 1 :] if stored else child
        if _holds(wanted, shown_text(below)):
            if len(entries) >= limit:
                return SearchResult(entries=entries, visited=visited, after=last, cut_short=False)
            folder = shown_text(below.rpartition("/")[0])
            entries.append(_entry(node, "/".join(filter(None, (shown, folder)))))
        visited, last = visited + 1, below
    return SearchResult(entries=entries, visited=visited, after=None, cut_short=False)


def locate_file(tree: BackupTree, path: str) -> tuple[str, Node]:
    """Return where a file is in the tree, by its path as it is shown, and its node.

    Raises:
        PathNotInBackup: Nothing is there, or no file.
        RepositoryDamaged: A directory on the way cannot be read.
    """
    folder, _, name = path.rstrip("/").rpartition("/")
    stored, shown = _locate(tree, folder)
    node = _child(tree, stored, name) if name not in ("", ".") else None
    where = "/".join(filter(None, (shown, shown_text(name))))
    if node is None:
        raise PathNotInBackup(
            f"The backup holds no {where or 'file without a name'}",
            hint="Give the path of a file as the list of a folder shows it.",
        )
    if node.type is not NodeType.FILE:
        what = _WHAT.get(node.type, "a device, a socket or a pipe")
        raise PathNotInBackup(
            f"In the backup {where} is {what}, and no file",
            hint="Download the whole backup, or restore this path.",
        )
    return f"{stored}/{node.name}" if stored else node.name, node


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
                f"The backup holds no directory {shown_text('/'.join([*shown, part]))}",
                hint="Begin at the top, without a path, and go down from there.",
            )
        stored.append(node.name)
        shown.append(shown_text(node.name))
    return "/".join(stored), "/".join(shown)


def _child(tree: BackupTree, folder: str, part: str) -> Node | None:
    found = tree.node(f"{folder}/{part}" if folder else part)
    if found is not None or "\\x" not in part:
        return found
    return next((each for each in tree.children(folder) if shown_text(each.name) == part), None)


def _folded(text: str) -> str:
    """Return a text without what does not tell names apart for who searches.

    A Mac writes é as two characters, and a keyboard as one.
    """
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFC", text).casefold())


def _holds(wanted: str, path: str) -> bool:
    """Tell whether a path holds a text so that the text reaches into its last name."""
    folded = f"/{_folded(path)}"
    found = folded.rfind(wanted)
    return found >= 0 and found + len(wanted) > folded.rfind("/")


def _entry(node: Node, folder: str) -> StoredEntry:
    name = shown_text(node.name)
    return StoredEntry(
        name=name,
        path=f"{folder}/{name}" if folder else name,
        kind=node.type,
        size=node.size if node.type is NodeType.FILE else None,
        modified_at=_instant(node.mtime_ns),
    )


def shown_text(name: str) -> str:
    """Return a name that any document can hold."""
    return _NO_TEXT.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", name)


def _instant(at_ns: int) -> datetime | None:
    with suppress(OverflowError):  # whoever wrote the repository chose it
        return _EPOCH + timedelta(microseconds=at_ns // 1000)
    return None
