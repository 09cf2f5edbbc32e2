"""A backup held in memory, for tests of archives."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from holdfast.models.manifest import ContentEntry, Manifest, Problem
from holdfast.models.node import Node, NodeType

MTIME_NS = 1_700_000_000_123_456_789


@dataclass
class MemoryTree:
    """Implements `BackupTree`; what is added below `files/` joins the manifest's contents."""

    manifest: Manifest
    nodes: dict[str, Node] = field(default_factory=dict)
    data: dict[str, bytes] = field(default_factory=dict)
    piece_size: int = 100_000

    def node(self, path: str) -> Node | None:
        return self.nodes.get(path)

    def children(self, path: str) -> Iterator[Node]:
        prefix = f"{path}/" if path else ""
        for candidate in sorted(self.nodes, key=os.fsencode):
            rest = candidate.removeprefix(prefix)
            if candidate.startswith(prefix) and "/" not in rest:
                yield self.nodes[candidate]

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        for node in self.children(path):
            below = f"{path}/{node.name}" if path else node.name
            yield below, node
            if node.type is NodeType.DIR:
                yield from self.walk(below)

    def read(self, path: str) -> Iterator[bytes]:
        data = self.data[path]
        for start in range(0, len(data), self.piece_size):
            yield data[start : start + self.piece_size]

    def write_to(self, path: str, descriptor: int) -> None:
        os.write(descriptor, self.data[path])

    def add(self, node: Node, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent and parent not in self.nodes:
            self.add(directory(parent), parent)
        self.nodes[path] = node
        if parent == "files":
            contents = {**self.manifest.contents, path: ContentEntry(kind="directory", size=0)}
            self.manifest = msgspec.structs.replace(self.manifest, contents=contents)


def directory(path: str, *, mode: int = 0o755, mtime_ns: int = MTIME_NS) -> Node:
    name = path.rpartition("/")[2]
    return Node(name=name, type=NodeType.DIR, mode=mode, mtime_ns=mtime_ns)


def manifest(
    contents: dict[str, ContentEntry] | None = None,
    *,
    problems: tuple[Problem, ...] = (),
    version: str = "1.0",
    description: str | None = "Before the move",
) -> Manifest:
    return Manifest(
        version=version,
        backup_id="backup_20231116_143022",
        created_at="2023-11-16T14:30:22Z",
        backup_type="manual",
        trigger="manual_cli",
        description=description,
        holdfast_version="0.1.0",
        app="music-shop",
        hostname="host",
        contents=contents or {},
        table_counts={"albums": 2},
        problems=problems,
    )


def memory_tree(
    files: Mapping[str, bytes],
    *,
    links: Mapping[str, str] | None = None,
    directories: Iterable[str] = (),
    mode: int = 0o640,
    mtime_ns: int = MTIME_NS,
    version: str = "1.0",
) -> MemoryTree:
    """Return a tree of these files, with a manifest whose contents name its sources."""
    contents = {
        path: ContentEntry(
            kind="settings" if path == "settings.json" else "sqlite",
            size=len(data),
            checksum=hashlib.sha256(data).hexdigest(),
        )
        for path, data in files.items()
        if path == "settings.json" or path.startswith("database/")
    }
    tree = MemoryTree(manifest(contents, version=version))
    for path in directories:
        tree.add(directory(path), path)
    for path, data in files.items():
        name = path.rpartition("/")[2]
        node = Node(
            name=name,
            type=NodeType.FILE,
            mode=mode,
            mtime_ns=mtime_ns,
            size=len(data),
            links=1,
        )
        tree.add(node, path)
        tree.data[path] = data
    for path, target in (links or {}).items():
        name = path.rpartition("/")[2]
        link = Node(
            name=name,
            type=NodeType.SYMLINK,
            mode=0o777,
            mtime_ns=mtime_ns,
            link_target=target,
            links=1,
        )
        tree.add(link, path)
    return tree


def sample_tree() -> MemoryTree:
    """Return a small backup that has one of everything."""
    return memory_tree(
        {
            "database/app.db": b"SQLite format 3\0" + b"rows and rows " * 50,
            "settings.json": b'{"theme": "dark"}\n',
            "files/thumbnails/a.jpg": bytes(range(256)),
            "files/thumbnails/A.jpg": b"differs in case",
            "files/thumbnails/deep/er/naïve ☃.txt": b"snow " * 20,
            "files/thumbnails/back\\slash\n": b"odd",
            "files/thumbnails/not-utf-8-\udcff": b"odder",
            "files/thumbnails/empty": b"",
        },
        links={"files/thumbnails/link": "deep/er", "files/thumbnails/odd-\udcfe": "%\udcfd"},
        directories=["files/thumbnails/nothing"],
    )
