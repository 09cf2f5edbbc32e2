"""The last steps of every backup, in this order: manifest, root, index, snapshot."""

from __future__ import annotations

import getpass
import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from holdfast import __version__
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType
from holdfast.models.manifest import MANIFEST_PATH, ContentEntry, Manifest, Problem
from holdfast.models.node import Node, NodeType
from holdfast.operations.backups import backups_of, count_files, is_backup_id, new_backup_id
from holdfast.operations.capture import TreeBuilder
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import naming_lock
from holdfast.repository import Lock, RepositoryWriter, Snapshot

_NS = 1_000_000_000


@dataclass(slots=True)
class Captured:
    """What was captured of all sources, ready to be saved.

    Attributes:
        roots: The node of each source, by its path in the backup.
        contents: What the manifest will say of each, by the same paths.
        compressed_size: Size as stored, shared with other backups or not [bytes].
    """

    compression: int | None
    roots: dict[str, Node] = field(default_factory=dict)
    contents: dict[str, ContentEntry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    compressed_size: int = 0

    def add(self, path: str, root: Node, entry: ContentEntry, builder: TreeBuilder) -> None:
        """Take in one source whose entries were stored by `builder`."""
        # A database that the plan names otherwise than its file stands under that name.
        self.roots[path] = msgspec.structs.replace(root, name=path.rpartition("/")[2])
        self.contents[path] = entry
        self.compressed_size += builder.totals.compressed_size

    def add_tables(self, tables: Mapping[str, ContentEntry]) -> None:
        """Take in what the manifest will say of tables in files of their own, by their names.

        A table that has the name of something else stands under its path.
        """
        for name, entry in tables.items():
            key = str(entry.facts["path"]) if name in self.contents else name
            self.contents[key] = entry


def save_backup(
    workplace: Workplace,
    lock: Lock,
    writer: RepositoryWriter,
    manifest: Manifest,
    captured: Captured,
    *,
    parent: Snapshot | None = None,
    begun_s: float | None = None,
    facts: dict[str, Any] | None = None,
) -> BackupMetadata:
    """Make a captured backup durable and visible, under an id that no other backup has.

    Args:
        manifest: Its id stays if it is one and free; an empty one stands for the moment of
            `created_at`.
        begun_s: Monotonic time when the work began, to tell its duration.
        facts: Additional facts for the snapshot.
    """
    with naming_lock(workplace.state_dir):
        return _save_named(
            workplace,
            lock,
            writer,
            _with_free_id(workplace, manifest),
            captured,
            parent=parent,
            begun_s=begun_s,
            facts=facts,
        )


def _with_free_id(workplace: Workplace, manifest: Manifest) -> Manifest:
    """Choose the backup's id, while no other process can choose one."""
    taken = {name for name, _ in backups_of(workplace).snapshots()}
    if is_backup_id(manifest.backup_id) and manifest.backup_id not in taken:
        return manifest
    created_at = datetime.fromisoformat(manifest.created_at)
    return msgspec.structs.replace(manifest, backup_id=new_backup_id(created_at, taken))


def _save_named(
    workplace: Workplace,
    lock: Lock,
    writer: RepositoryWriter,
    manifest: Manifest,
    captured: Captured,
    *,
    parent: Snapshot | None,
    begun_s: float | None,
    facts: dict[str, Any] | None,
) -> BackupMetadata:
    encoded = manifest.encode()
    created_at = datetime.fromisoformat(manifest.created_at)
    root = _save_root(writer, captured.roots, encoded, created_at)
    summary = writer.finish()
    workplace.cancel.raise_if_cancelled()
    lock.ensure()
    duration_s = None
    if begun_s is not None:
        duration_s = round(workplace.clock.monotonic_s() - begun_s, 3)
    partial = bool(manifest.problems)
    ours = {
        "version": 1,
        "plan": manifest.plan,
        "type": manifest.backup_type,
        "trigger": manifest.trigger,
        "status": BackupStatus.PARTIAL if partial else BackupStatus.COMPLETED,
        "app_version": manifest.app_version,
        "schema_version": manifest.schema_version,
        "original_size": manifest.original_size,
        "stored_size": summary.new_bytes,
        "compressed_size": captured.compressed_size,
        "compressed": captured.compression is not None,
        "checksum": hashlib.sha256(encoded).hexdigest(),
        "table_counts": manifest.table_counts,
        "total_records": manifest.total_records,
        "total_files": count_files(manifest),
        **({"only": manifest.only} if manifest.only else {}),
        "damaged": manifest.damaged,
        "problems": [f"{each.path}: {each.reason}" for each in manifest.problems],
        "warnings": captured.warnings,
        "duration_s": duration_s,
        **(facts or {}),
    }
    snapshot = workplace.repository.save_snapshot(
        Snapshot(
            time=created_at,
            tree=root,
            parent=parent.id if parent else None,
            paths=tuple(sorted(f"/{path}" for path in [*captured.roots, MANIFEST_PATH])),
            hostname=manifest.hostname,
            username=_user_name(),
            uid=os.getuid(),
            gid=os.getgid(),
            tags=_tags(manifest),
            label=manifest.backup_id,
            description=manifest.description,
            program_version=f"holdfast {__version__}",
            holdfast=ours,
        )
    )
    listed = backups_of(workplace)
    return listed.describe(manifest.backup_id, snapshot)


def _tags(manifest: Manifest) -> tuple[str, ...]:
    """Mark a safety backup where restic shows it: of our own fields restic shows none."""
    mark = BackupType.PRE_RESTORE.value
    if manifest.backup_type != mark or mark in manifest.tags:
        return tuple(manifest.tags)
    return (*manifest.tags, mark)


def format_instant(instant: datetime) -> str:
    """Return RFC 3339 in UTC: `2023-11-16T14:30:22.123456Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _save_root(
    writer: RepositoryWriter, roots: dict[str, Node], manifest: bytes, created_at: datetime
) -> bytes:
    """Store the manifest and the directories of the layout; return the root tree's id."""
    now_ns = int(created_at.timestamp()) * _NS
    folders: dict[str, list[Node]] = {}
    top: list[Node] = []
    for path, node in roots.items():
        folder, _, _ = path.rpartition("/")
        (folders.setdefault(folder, []) if folder else top).append(node)
    saved = writer.submit_file(
        io.BytesIO(manifest), size_hint=len(manifest), page_size=None
    ).result()
    top.append(_own_node(MANIFEST_PATH, now_ns, size=saved.size, content=saved.content))
    top += (
        _own_node(name, now_ns, subtree=writer.save_tree(nodes)) for name, nodes in folders.items()
    )
    return writer.save_tree(top)


def _own_node(
    name: str, at_ns: int, *, size: int = 0, content: bytes = b"", subtree: bytes | None = None
) -> Node:
    """Return the node of something that exists only in the layout of a backup."""
    return Node(
        name=name,
        type=NodeType.FILE if subtree is None else NodeType.DIR,
        mode=0o644 if subtree is None else 0o755,
        mtime_ns=at_ns,
        atime_ns=at_ns,
        ctime_ns=at_ns,
        uid=os.getuid(),
        gid=os.getgid(),
        size=size,
        content=content,
        subtree=subtree,
    )


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def total_size(contents: Iterable[ContentEntry]) -> int:
    """Return the logical size of all contents [bytes]."""
    return sum(entry.size for entry in contents)
