"""Small backups written straight into a repository, without sources or operations."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from holdfast.models.node import Node, NodeType
from holdfast.repository import KdfParameters, Repository, RepositoryWriter, Snapshot
from holdfast.stores import Store
from tests.rig.sim_clock import SimClock

PASSWORD = "correct horse"
QUICK_KDF = KdfParameters(n=2, r=1)
"""Opening costs microseconds; only for tests."""

_START = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
_MTIME_NS = 1_700_000_000_000_000_000

Files = Mapping[str, bytes]


def create_repository(
    store: Store, *, clock: SimClock | None = None, version: int = 2
) -> Repository:
    """Make a repository that is quick to open."""
    return Repository.create(
        store, PASSWORD, kdf=QUICK_KDF, clock=clock or SimClock(), version=version
    )


def open_repository(store: Store, *, clock: SimClock | None = None) -> Repository:
    """Open a repository that `create_repository` made."""
    return Repository.open(store, PASSWORD, kdf=QUICK_KDF, clock=clock or SimClock())


def back_up(repository: Repository, files: Files, label: str) -> Snapshot:
    """Store files, by path, as one snapshot; return it with its id."""
    with repository.lock() as lock:
        with repository.writer(lock) as writer:
            tree = write_tree(writer, files)
            writer.finish()
        number = len(repository.list_snapshots())
        return repository.save_snapshot(
            Snapshot(
                time=_START + timedelta(days=number),
                tree=tree,
                paths=("/data",),
                hostname="host",
                username="user",
                label=label,
            )
        )


def write_tree(writer: RepositoryWriter, files: Files) -> bytes:
    """Store files and their directories; return the id of the root tree."""
    nodes: list[Node] = []
    below: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            below.setdefault(head, {})[rest] = content
        else:
            nodes.append(_file(writer, head, content))
    nodes += [
        Node(
            name=name,
            type=NodeType.DIR,
            mode=0o755,
            mtime_ns=_MTIME_NS,
            subtree=write_tree(writer, inside),
        )
        for name, inside in below.items()
    ]
    return writer.save_tree(nodes)


def _file(writer: RepositoryWriter, name: str, content: bytes) -> Node:
    saved = writer.save_file(io.BytesIO(content), size_hint=len(content), page_size=None)
    return Node(
        name=name,
        type=NodeType.FILE,
        mode=0o644,
        mtime_ns=_MTIME_NS,
        size=saved.size,
        content=saved.content,
        links=1,
    )
