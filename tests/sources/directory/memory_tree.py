"""A backup kept in memory, as the restore of a directory sees one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from holdfast.models.manifest import ContentEntry, Manifest, Problem
from holdfast.models.node import Node
from holdfast.sources.base import Capture
from holdfast.sources.directory.beneath import display


class MemoryTree:
    """What a capture yielded, with the bytes of its files."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.nodes: dict[str, Node] = {}
        self.data: dict[str, bytes] = {}

    def node(self, path: str) -> Node | None:
        return self.nodes.get(path)

    def children(self, path: str) -> Iterator[Node]:
        for found, node in sorted(self.nodes.items()):
            if found.rpartition("/")[0] == path:
                yield node

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        for found, node in sorted(self.nodes.items(), key=lambda item: item[0].split("/")):
            if found.startswith(path + "/"):
                yield found, node

    def read(self, path: str) -> Iterator[bytes]:
        yield self.data[path]

    def write_to(self, path: str, descriptor: int) -> None:
        data = memoryview(self.data[path])
        while data:
            data = data[os.write(descriptor, data) :]


def empty_manifest() -> Manifest:
    """Return the manifest of a backup of nothing."""
    return Manifest(
        backup_id="backup_20240101_000000",
        created_at="2024-01-01T00:00:00Z",
        backup_type="manual",
        trigger="manual_api",
        holdfast_version="0.1.0",
    )


def store(root: str, capture: Capture) -> MemoryTree:
    """Consume a capture as a backup does, and return it as a tree."""
    tree = MemoryTree(empty_manifest())
    problems = []
    for entry in capture.entries():
        node = entry.node
        if entry.open is not None:
            try:
                with entry.open() as stream:
                    data = stream.read()
            except OSError as error:
                problems.append(Problem(path=display(entry.path), reason=error.strerror or ""))
                continue
            tree.data[entry.path] = data
            node = msgspec.structs.replace(node, size=len(data))
        tree.nodes[entry.path] = node
    facts = capture.facts()
    content = ContentEntry(
        kind="directory",
        size=sum(map(len, tree.data.values())),
        count=facts.count,
        facts=dict(facts.facts),
    )
    tree.manifest = msgspec.structs.replace(
        tree.manifest, contents={root: content}, problems=(*problems, *facts.problems)
    )
    return tree


def picture(root: Path) -> dict[str, tuple[object, ...]]:
    """Return everything below a directory that a restore must bring back, by path.

    Of inodes it tells which entries share one. Links count with their own times, too.
    """
    found: dict[str, tuple[object, ...]] = {}
    groups: dict[int, str] = {}
    pending = [root]
    while pending:
        path = pending.pop()
        status = path.lstat()
        name = os.path.relpath(path, root) if path != root else ""
        content: object = None
        if stat.S_ISDIR(status.st_mode):
            pending.extend(sorted(path.iterdir(), reverse=True))
        elif stat.S_ISLNK(status.st_mode):
            content = path.readlink()
        elif stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK):
            content = path.read_bytes()
        shared = groups.setdefault(status.st_ino, name)
        attributes = tuple(
            (each, os.getxattr(path, each, follow_symlinks=False))
            for each in os.listxattr(path, follow_symlinks=False)
        )
        owner = status.st_uid, status.st_gid
        found[name] = (status.st_mode, owner, status.st_mtime_ns, content, shared, attributes)
    return found
