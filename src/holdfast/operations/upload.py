"""Take a portable archive into the repository as a backup."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from holdfast.archive import open_archive
from holdfast.models.backup import BackupMetadata, Trigger
from holdfast.models.manifest import ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import BackupList, new_backup_id
from holdfast.operations.capture import TreeBuilder
from holdfast.operations.plan import Workplace
from holdfast.operations.saving import Captured, save_backup
from holdfast.operations.workspace import check_space, plan_lock, scratch_directory
from holdfast.repository import RepositoryWriter
from holdfast.sources.base import Entry


def import_archive(
    workplace: Workplace, path: Path, *, passphrase: str | None = None, compression: int | None = 1
) -> BackupMetadata:
    """Validate an archive completely, then keep it as a backup with its own id and time.

    Raises:
        ArchiveError: It was refused; nothing was stored.
        ArchiveTooNew: It is of a newer major format; nothing was stored.
    """
    with (
        plan_lock(workplace.state_dir, workplace.plan.name),
        scratch_directory(workplace.scratch_root) as scratch,
        open_archive(
            path,
            passphrase=passphrase,
            scratch_dir=scratch,
            progress=workplace.progress,
            cancel=workplace.cancel,
        ) as tree,
    ):
        return _keep(workplace, tree, compression)


def _keep(workplace: Workplace, tree: BackupTree, compression: int | None) -> BackupMetadata:
    repository = workplace.repository
    check_space(0, repository.store.free_bytes(), f"repository {repository.store.location}")
    with repository.lock() as lock:
        taken = {name for name, _ in BackupList(repository, workplace.catalog).snapshots()}
        repository.reload_index()
        captured = Captured(compression)
        with repository.writer(lock, compression=compression, cancel=workplace.cancel) as writer:
            for root, entry in tree.manifest.contents.items():
                _store(workplace, writer, tree, root, entry, captured)
            manifest = _own_manifest(tree.manifest, captured, taken)
            return save_backup(workplace, lock, writer, manifest, captured)


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
    for each in _entries(tree, root, page_size=entry.facts.get("page_size")):
        builder.add(each)
    node = builder.finish()
    if node is None:
        return
    if node.type is NodeType.DIR:
        entry = msgspec.structs.replace(entry, checksum=(node.subtree or b"").hex())
    captured.add(root, node, entry, builder)


def _entries(tree: BackupTree, root: str, *, page_size: int | None) -> Iterator[Entry]:
    node = tree.node(root)
    if node is None:
        return
    yield _entry(tree, root, node, page_size)
    if node.type is NodeType.DIR:
        for path, each in tree.walk(root):
            yield _entry(tree, path, each, None)


def _entry(tree: BackupTree, path: str, node: Node, page_size: int | None) -> Entry:
    return Entry(
        path=path,
        node=node,
        open=lambda: io.BufferedReader(_Pieces(tree.read(path)), 1 << 20),
        page_size=page_size if isinstance(page_size, int) else None,
    )


def _own_manifest(manifest: Manifest, captured: Captured, taken: set[str]) -> Manifest:
    backup_id = manifest.backup_id
    if backup_id in taken:
        backup_id = new_backup_id(datetime.fromisoformat(manifest.created_at), taken)
    return msgspec.structs.replace(
        manifest,
        backup_id=backup_id,
        trigger=Trigger.UPLOAD,
        contents=captured.contents,
        files=msgspec.UNSET,
        links=msgspec.UNSET,
    )


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
