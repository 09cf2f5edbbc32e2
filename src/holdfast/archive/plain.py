"""The plain layout of an archive, which applications had before: one database and its thumbnails.

    database.db       the SQLite database
    thumbnails/...    the files of the directory that is labelled so
    settings.json     the settings, as one object
    metadata.json     when, by which version, and how much of each

It has no checksums but those of ZIP, no names that a ZIP cannot carry and no links, so Holdfast's
own layout is the better one to keep.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from holdfast.archive.export import Layout
from holdfast.archive.limits import shown
from holdfast.archive.members import SPECIAL_BITS, Entry, entries
from holdfast.archive.writer import ZipStream
from holdfast.errors import ArchiveError
from holdfast.models.manifest import FILES_DIR, SETTINGS_PATH, Manifest
from holdfast.models.node import NodeType
from holdfast.models.tree import BackupTree

VERSION = "1.0"
PLAIN_DATABASE = "database.db"
PLAIN_THUMBNAILS = "thumbnails"
SETTINGS_NAME = "settings.json"
METADATA_NAME = "metadata.json"
THUMBNAILS_ROOT = f"{FILES_DIR}/{PLAIN_THUMBNAILS}"

_MODE = 0o600
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class PlainMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """`metadata.json`.

    Attributes:
        timestamp: When the backup began: RFC 3339.
        version: Of the layout.
        app_version: Of the application that was backed up, if it says.
    """

    timestamp: str
    version: str | int | float = VERSION
    app_version: str | None = None
    database_size_bytes: _Count
    thumbnails_count: _Count
    thumbnails_size_bytes: _Count
    settings_count: _Count

    def encode(self) -> bytes:
        """Return it as indented UTF-8 JSON with a final newline."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class PlainAssembly:
    """An archive in the plain layout being made of a tree.

    Attributes:
        tail_offset: Where the central directory begins, once it was made: it holds the CRCs of
            all that stands before.
    """

    def __init__(self, tree: BackupTree, stream: ZipStream) -> None:
        self._tree = tree
        self._stream = stream
        self._database = _database_of(tree.manifest)
        self._settings = _settings_of(tree)
        self.tail_offset = 0

    def run(self) -> Iterator[bytes]:
        """Yield the archive, in pieces of about a megabyte at most."""
        node = self._tree.node(self._database)
        if node is None:
            raise ArchiveError(
                f"The backup does not hold {self._database}, which its manifest names",
                hint="Verify the backup before downloading it.",
            )
        yield from self._stream.add_file(
            PLAIN_DATABASE.encode(),
            mode=stat.S_IFREG | (node.mode & 0o777),
            mtime_ns=node.mtime_ns,
            size=node.size,
            pieces=self._tree.read(self._database),
            deflate=True,
        )
        count = size = 0
        for entry in self._thumbnails():
            yield from self._add(entry)
            if entry.node.type is NodeType.FILE:
                count, size = count + 1, size + entry.node.size
        mtime_ns = node.mtime_ns
        settings = _encoded(self._settings)
        yield from self._own(SETTINGS_NAME, settings, mtime_ns)
        metadata = PlainMetadata(
            timestamp=self._tree.manifest.created_at,
            app_version=self._tree.manifest.app_version,
            database_size_bytes=node.size,
            thumbnails_count=count,
            thumbnails_size_bytes=size,
            settings_count=len(self._settings),
        )
        yield from self._own(METADATA_NAME, metadata.encode(), mtime_ns)
        self.tail_offset = self._stream.position
        yield from self._stream.finish()

    def _thumbnails(self) -> Iterator[Entry]:
        for entry in entries(self._tree):
            if entry.path == THUMBNAILS_ROOT or entry.path.startswith(f"{THUMBNAILS_ROOT}/"):
                if entry.renamed or entry.node.type not in (NodeType.FILE, NodeType.DIR):
                    raise ArchiveError(
                        f"{shown(entry.path)} cannot go into a plain backup file: it is a link or"
                        " a special file, or has a name that a ZIP file cannot carry",
                        hint="Download the backup in Holdfast's own layout, which can.",
                    )
                yield entry

    def _add(self, entry: Entry) -> Iterator[bytes]:
        name = entry.path.removeprefix(f"{FILES_DIR}/").encode()
        mode = entry.node.mode & 0o7777 & ~SPECIAL_BITS
        if entry.node.type is NodeType.DIR:
            yield from self._stream.add_directory(
                name + b"/", mode=stat.S_IFDIR | mode, mtime_ns=entry.node.mtime_ns
            )
            return
        yield from self._stream.add_file(
            name,
            mode=stat.S_IFREG | mode,
            mtime_ns=entry.node.mtime_ns,
            size=entry.node.size,
            pieces=self._tree.read(entry.path),
            deflate=False,
        )

    def _own(self, name: str, data: bytes, mtime_ns: int) -> Iterator[bytes]:
        yield from self._stream.add_file(
            name.encode(),
            mode=stat.S_IFREG | _MODE,
            mtime_ns=mtime_ns,
            size=len(data),
            pieces=[data],
            deflate=True,
        )


def _database_of(manifest: Manifest) -> str:
    """Return the only database of a backup.

    Raises:
        ArchiveError: It has none or several, or other parts than this layout has a place for.
    """
    databases = [root for root, each in manifest.sources.items() if each.kind == "sqlite"]
    known = {*databases, THUMBNAILS_ROOT, SETTINGS_PATH}
    others = sorted(set(manifest.sources) - known)
    if len(databases) != 1 or others:
        what = ", ".join(others) or f"{len(databases)} SQLite databases"
        raise ArchiveError(
            f"The backup cannot be laid out plainly: it holds {what}",
            hint="Download it in Holdfast's own layout.",
        )
    return databases[0]


def _settings_of(tree: BackupTree) -> dict[str, Any]:
    if tree.node(SETTINGS_PATH) is None:
        return {}
    document = json.loads(b"".join(tree.read(SETTINGS_PATH)))
    settings = document.get("settings") if isinstance(document, dict) else None
    return settings if isinstance(settings, dict) else {}


def _encoded(settings: dict[str, Any]) -> bytes:
    return (json.dumps(settings, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


PLAIN = Layout("plain", PlainAssembly)
