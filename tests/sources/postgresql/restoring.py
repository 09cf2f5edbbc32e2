"""Backups of PostgreSQL databases in memory, and restores of them as operations makes them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from holdfast.models.manifest import ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import Keeping, RestoreContext, Staged
from holdfast.sources.postgresql.source import PostgresSource
from tests.sources.postgresql.support import Reader

ROOT = "database/app.dump"
_PIECE_BYTES = 1 << 16


class KeepingStaged(Staged, Keeping, Protocol):
    """A staged restore that says what it kept."""


@dataclass(frozen=True)
class Tree:
    """A backup that holds one database.

    Attributes:
        on_piece: Called before each piece that is read, with its number.
    """

    content: bytes
    manifest: Manifest
    on_piece: Callable[[int], object] = field(default=lambda number: None)

    def node(self, path: str) -> Node | None:
        if path != ROOT:
            return None
        return Node(name="app.dump", type=NodeType.FILE, mode=0o600, size=len(self.content))

    def children(self, path: str) -> Iterator[Node]:
        raise NotImplementedError

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        raise NotImplementedError

    def read(self, path: str) -> Iterator[bytes]:
        for number, start in enumerate(range(0, len(self.content), _PIECE_BYTES)):
            self.on_piece(number)
            yield self.content[start : start + _PIECE_BYTES]

    def write_to(self, path: str, descriptor: int) -> None:
        os.write(descriptor, self.content)

    def with_content(self, content: bytes) -> Tree:
        return replace(self, content=content)


def backup_of(url: str, folder: Path, **options: Any) -> Tree:
    """Capture a database as a backup does."""
    source = PostgresSource(url, root=ROOT, **options)
    captured = Reader(folder).capture(source)
    entry = ContentEntry(
        kind="postgresql",
        size=len(captured.dump),
        count=captured.facts.count,
        facts=dict(captured.facts.facts),
    )
    return Tree(captured.dump, manifest_of(entry, captured.facts.table_counts))


def manifest_of(entry: ContentEntry, counts: Any) -> Manifest:
    return Manifest(
        backup_id="backup_20260101_000000",
        created_at="2026-01-01T00:00:00Z",
        backup_type="manual",
        trigger="manual_cli",
        holdfast_version="0",
        contents={ROOT: entry},
        table_counts=dict(counts),
    )


def source_at(url: str, **options: Any) -> PostgresSource:
    return PostgresSource(url, root=ROOT, **options)


def context_of(tree: Tree, folder: Path, **options: Any) -> RestoreContext:
    scratch = folder / f"scratch-{secrets.token_hex(4)}"
    scratch.mkdir(mode=0o700)
    return RestoreContext(
        token=options.pop("token", secrets.token_hex(6)),
        tree=tree,
        scratch_dir=scratch,
        cancel=options.pop("cancel", CancellationToken()),
        **options,
    )


@contextmanager
def staged(
    source: PostgresSource, tree: Tree, folder: Path, **options: Any
) -> Iterator[KeepingStaged]:
    """Stage a backup; afterwards nothing may be left in scratch."""
    context = context_of(tree, folder, **options)
    with source.stage(context) as stage:
        assert isinstance(stage, Keeping)
        yield cast("KeepingStaged", stage)
    assert list(context.scratch_dir.iterdir()) == []


def die(stage: Staged) -> None:
    """End a staged restore as a crash does: its sessions are gone, what it made is not."""
    keeper = getattr(stage, "_keeper", None)
    if keeper is not None:
        keeper.close()
    stage.discard = lambda: None  # type: ignore[method-assign]


def restore(source: PostgresSource, tree: Tree, folder: Path, **options: Any) -> dict[str, Any]:
    """Restore a backup as operations do; return what was kept."""
    with staged(source, tree, folder, **options) as stage:
        failed = [check for check in stage.check() if check.failed]
        assert failed == []
        stage.swap()
        return stage.kept()
