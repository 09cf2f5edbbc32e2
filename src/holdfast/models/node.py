"""One entry of a file tree: what a source captures, a tree object stores and a restore writes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

ID_BYTES = 32
"""Length of an object id, which is a SHA-256."""


class NodeType(StrEnum):
    """Kinds of file system entries, spelled as restic spells them."""

    FILE = "file"
    DIR = "dir"
    SYMLINK = "symlink"
    DEV = "dev"
    CHARDEV = "chardev"
    FIFO = "fifo"
    SOCKET = "socket"
    IRREGULAR = "irregular"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A file, directory or other entry with its metadata.

    Attributes:
        name: The last part of the path; bytes that are not UTF-8 as surrogate escapes
            (as `os.fsdecode` gives them).
        type: The kind of entry.
        mode: Permission bits including set-uid, set-gid and sticky, at most 0o7777.
        mtime_ns: Modification time [ns since 1970-01-01 UTC]; atime_ns and ctime_ns alike.
        size: Length of the content [bytes], for files.
        device_id: `st_dev`, only set where `links` > 1, to tell hard links apart.
        device: `st_rdev` of a device node.
        content: Ids of the blobs of a file, in order, 32 bytes each, joined.
        subtree: Id of the tree object of a directory.
    """

    name: str
    type: NodeType
    mode: int = 0
    mtime_ns: int = 0
    atime_ns: int = 0
    ctime_ns: int = 0
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    inode: int = 0
    device_id: int = 0
    size: int = 0
    links: int = 0
    link_target: str = ""
    device: int = 0
    extended_attributes: tuple[tuple[str, bytes], ...] = ()
    content: bytes = b""
    subtree: bytes | None = None

    def blob_ids(self) -> list[bytes]:
        """Return the ids of the content blobs, in order."""
        content = self.content
        return [content[i : i + ID_BYTES] for i in range(0, len(content), ID_BYTES)]
