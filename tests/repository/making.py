"""Making small repositories for tests, quickly."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from holdfast.clock import Clock, SystemClock
from holdfast.models.node import Node, NodeType
from holdfast.repository import KdfParameters, Repository, RepositoryWriter, Snapshot
from holdfast.stores import MemoryStore, Store

PASSWORD = "correct horse"
CHEAP = KdfParameters(n=16, r=1, p=1)
"""Makes opening a repository take no time; only fit for tests."""

WHEN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden"


def create(
    store: Store | None = None,
    *,
    password: str = PASSWORD,
    version: int = 2,
    clock: Clock | None = None,
) -> Repository:
    """Make a repository, by default in memory."""
    return Repository.create(
        store if store is not None else MemoryStore(),
        password,
        clock=clock or SystemClock(),
        version=version,
        kdf=CHEAP,
    )


def reopen(store: Store, password: str = PASSWORD, *, clock: Clock | None = None) -> Repository:
    """Open a repository with keys as cheap as `create` makes them."""
    return Repository.open(store, password, clock=clock or SystemClock(), kdf=CHEAP)


def file_node(writer: RepositoryWriter, name: str, content: bytes) -> Node:
    """Store a file's content and return its node."""
    saved = writer.save_file(io.BytesIO(content), size_hint=len(content), page_size=None)
    return Node(
        name=name,
        type=NodeType.FILE,
        mode=0o644,
        size=saved.size,
        content=saved.content,
    )


def back_up(
    repository: Repository,
    files: Mapping[str, bytes],
    *,
    compression: int | None = 1,
    label: str | None = None,
) -> Snapshot:
    """Make a snapshot of files in one directory or in directories one level deep."""
    with (
        repository.lock() as lock,
        repository.writer(lock, compression=compression) as writer,
    ):
        folders: dict[str, list[Node]] = {"": []}
        for path, content in files.items():
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, []).append(file_node(writer, name, content))
        for folder, nodes in folders.items():
            if folder:
                subtree = writer.save_tree(nodes)
                folders[""].append(
                    Node(name=folder, type=NodeType.DIR, mode=0o755, subtree=subtree)
                )
        tree = writer.save_tree(folders[""])
        writer.finish()
        return repository.save_snapshot(
            Snapshot(time=WHEN, tree=tree, paths=("/data",), hostname="here", label=label)
        )


def golden_store(name: str) -> MemoryStore:
    """Return a copy of a repository that restic made."""
    folder = GOLDEN / name
    return MemoryStore(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    )
