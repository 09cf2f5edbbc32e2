"""Take a portable archive into the repository as a backup."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

import msgspec

from holdfast.errors import ArchiveRefused
from holdfast.models.backup import BackupMetadata, Trigger
from holdfast.models.manifest import ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.capture import TreeBuilder
from holdfast.operations.databases import check_databases, restored_databases
from holdfast.operations.findings import Findings
from holdfast.operations.plan import Workplace
from holdfast.operations.saving import Captured, save_backup
from holdfast.operations.servers import check_dumps
from holdfast.operations.workspace import check_space, plan_lock
from holdfast.repository import RepositoryWriter
from holdfast.sources.base import Entry

_KINDS_IN_ROWS = frozenset({"postgresql", "mysql", "tables"})


def import_archive(
    workplace: Workplace, tree: BackupTree, *, compression: int | None = 1
) -> BackupMetadata:
    """Keep an archive, which was validated when it was opened, as a backup.

    Its time stays, and its id if it is free; the plan is the one it is taken into.

    Raises:
        ArchiveRefused: Its time is none, or its databases are not as its manifest says;
            nothing was stored.
    """
    with plan_lock(workplace.state_dir, workplace.plan.name):
        return _keep(workplace, tree, compression)


def _keep(workplace: Workplace, tree: BackupTree, compression: int | None) -> BackupMetadata:
    _created_at(tree.manifest)
    _refuse_unrestorable(workplace, tree)
    repository = workplace.repository
    check_space(0, repository.store.free_bytes(), f"repository {repository.store.location}")
    with repository.lock() as lock:
        repository.reload_index(only_intact=True)
        captured = Captured(compression)
        with repository.writer(lock, compression=compression, cancel=workplace.cancel) as writer:
            for root, entry in tree.manifest.sources.items():
                _store(workplace, writer, tree, root, entry, captured)
            manifest = _own_manifest(tree.manifest, captured, workplace.plan.name)
            return save_backup(workplace, lock, writer, manifest, captured)


def _refuse_unrestorable(workplace: Workplace, tree: BackupTree) -> None:
    """Check the databases as a restore will, before a backup is made that none can bring back.

    One that was damaged when it was taken is kept as such; a restore says so.
    """
    if tree.manifest.damaged:
        return
    findings = Findings()
    with restored_databases(workplace, tree) as databases:
        check_databases(
            tree.manifest,
            databases,
            findings,
            progress=workplace.progress,
            cancel=workplace.cancel,
        )
    check_dumps(workplace, tree, findings)
    if findings.errors:
        raise ArchiveRefused(
            f"Backup file was refused: {'; '.join(findings.errors)}",
            hint="What it says of its databases and what they hold differ. Export it again.",
        )


def _store(
    workplace: Workplace,
    writer: RepositoryWriter,
    tree: BackupTree,
    root: str,
    entry: ContentEntry,
    captured: Captured,
) -> None:
    builder = TreeBuilder(
        workplace.repository,
        writer,
        previous=None,
        settled_before_ns=0,
        unchanged=False,
        on_bytes=lambda _: workplace.progress(Progress(step=f"Importing {root}")),
        cancel=workplace.cancel,
    )
    for each in _entries(tree, root, entry):
        builder.add(each)
    node = builder.finish()
    if node is None:
        return
    if node.type is NodeType.DIR:
        entry = msgspec.structs.replace(entry, checksum=(node.subtree or b"").hex())
    captured.add(root, node, entry, builder)


def _entries(tree: BackupTree, root: str, content: ContentEntry) -> Iterator[Entry]:
    node = tree.node(root)
    if node is None:
        return
    rows = content.kind in _KINDS_IN_ROWS
    yield _entry(tree, root, node, page_size=content.facts.get("page_size"), rows=rows)
    if node.type is NodeType.DIR:
        for path, each in tree.walk(root):
            yield _entry(tree, path, each, page_size=None, rows=rows)


def _entry(tree: BackupTree, path: str, node: Node, *, page_size: int | None, rows: bool) -> Entry:
    return Entry(
        path=path,
        node=node,
        open=lambda: io.BufferedReader(_Pieces(tree.read(path)), 1 << 20),
        page_size=page_size if isinstance(page_size, int) else None,
        rows=rows,
    )


def _own_manifest(manifest: Manifest, captured: Captured, plan: str) -> Manifest:
    """Return the manifest to keep: an archive decides no plan and no query."""
    return msgspec.structs.replace(
        manifest,
        trigger=Trigger.UPLOAD,
        plan=plan,
        references={},
        contents={**captured.contents, **manifest.tables},
        files=msgspec.UNSET,
        links=msgspec.UNSET,
    )


def _created_at(manifest: Manifest) -> datetime:
    try:
        created_at = datetime.fromisoformat(manifest.created_at)
    except ValueError:
        created_at = None
    if created_at is None or created_at.tzinfo is None:
        raise ArchiveRefused(
            f"Backup file was refused: its time {manifest.created_at[:40]!r} is none",
            hint="Export the backup again.",
        )
    return created_at


class _Pieces(io.RawIOBase):
    """A stream over pieces of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
