"""A backup of tables kept in memory, and restores of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from holdfast.models.manifest import ContentEntry, Manifest
from holdfast.models.node import Node
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import CaptureContext, CaptureFacts, RestoreContext
from holdfast.sources.tables import TablesSource
from holdfast.sources.tables.staged import StagedTables


class MemoryTree:
    """What a capture yielded, with the bytes of its files and the facts in a manifest."""

    def __init__(self, source: TablesSource, scratch: Path) -> None:
        self.nodes: dict[str, Node] = {}
        self.data: dict[str, bytes] = {}
        context = CaptureContext(scratch_dir=scratch)
        with source.capture(context) as capture:
            for entry in capture.entries():
                self.nodes[entry.path] = entry.node
                if entry.open is not None:
                    with entry.open() as stream:
                        self.data[entry.path] = stream.read()
            self.facts: CaptureFacts = capture.facts()
        root = ContentEntry(kind="tables", size=0, facts=dict(self.facts.facts))
        self.manifest = manifest_of({source.root: root, **self.facts.tables})

    def change(self, contents: Mapping[str, ContentEntry]) -> None:
        """Make the manifest say other contents."""
        self.manifest = msgspec.structs.replace(self.manifest, contents=dict(contents))

    def node(self, path: str) -> Node | None:
        return self.nodes.get(path)

    def children(self, path: str) -> Iterator[Node]:
        for found, node in sorted(self.nodes.items()):
            if found.rpartition("/")[0] == path:
                yield node

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        for found, node in sorted(self.nodes.items()):
            if found.startswith(path + "/"):
                yield found, node

    def read(self, path: str) -> Iterator[bytes]:
        data = self.data[path]
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    def write_to(self, path: str, descriptor: int) -> None:
        data = memoryview(self.data[path])
        while data:
            data = data[os.write(descriptor, data) :]


def manifest_of(contents: Mapping[str, ContentEntry]) -> Manifest:
    return Manifest(
        backup_id="backup_20240101_000000",
        created_at="2024-01-01T00:00:00Z",
        backup_type="manual",
        trigger="manual_api",
        holdfast_version="0.1.0",
        contents=dict(contents),
    )


def context_of(tree: MemoryTree, scratch: Path, **options: Any) -> RestoreContext:
    return RestoreContext(token=secrets.token_hex(4), tree=tree, scratch_dir=scratch, **options)


@contextmanager
def staged(
    source: TablesSource, tree: MemoryTree, scratch: Path, **options: Any
) -> Iterator[StagedTables]:
    """Stage a restore, with every check passed."""
    scratch.mkdir(exist_ok=True)
    with source.stage(context_of(tree, scratch, **options)) as found:
        failed = [each for each in found.check() if each.failed]
        assert failed == []
        yield found
    assert list(scratch.glob("tables-*")) == []


def restore(source: TablesSource, tree: MemoryTree, scratch: Path, **options: Any) -> None:
    """Restore as operations do, with nobody writing meanwhile."""
    with staged(source, tree, scratch, **options) as found:
        version = found.live_version()
        with found.hold_writers():
            assert found.live_version() == version
            found.expect_unchanged_since(version)
            found.state()
            found.swap()


def rows_of(tree: MemoryTree, key: str) -> list[dict[str, Any]]:
    """Return the rows of a table's file."""
    path = tree.facts.tables[key].facts["path"]
    found: list[dict[str, Any]] = msgspec.json.decode(tree.data[path])
    return found


__all__ = ["CancellationToken", "MemoryTree", "context_of", "restore", "rows_of", "staged"]
