"""Backups in the plain layout of an archive: taken in, and handed out.

What is taken in is checked completely and written again in Holdfast's own layout, in a private
directory, so that all that restores and keeps archives can do so with it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from holdfast import __version__
from holdfast.archive import (
    PLAIN,
    PLAIN_DATABASE,
    PLAIN_THUMBNAILS,
    THUMBNAILS_ROOT,
    ArchiveMeasure,
    PlainBackup,
    PlainTree,
    archive_pieces,
    is_plain,
    measure_archive,
    open_plain,
    write_archive,
)
from holdfast.errors import ArchiveDamaged, ArchiveRefused, BackupNotFound, ConfigError, SourceError
from holdfast.models.backup import BackupType, Trigger
from holdfast.models.manifest import SETTINGS_PATH, ContentEntry, Manifest
from holdfast.models.progress import CancellationToken
from holdfast.operations.backups import backups_of, new_backup_id
from holdfast.operations.download import STORED, Download
from holdfast.operations.plan import Plan
from holdfast.operations.saving import format_instant
from holdfast.operations.workspace import require_space, scratch_directory
from holdfast.sources.base import Source
from holdfast.sources.settings.document import Document
from holdfast.sources.sqlite import describe_database

_OVERHEAD_BYTES = 4 << 20


def require_plain(plan: Plan, what: str) -> None:
    """Make sure that the plain layout has a place for all that a plan protects.

    Raises:
        ConfigError: The plan has not exactly one database, a SQLite one, and settings, or it
            has more directories than one labelled `thumbnails`.
    """
    databases = [each for each in plan.sources if each.root.startswith("database/")]
    others = [each for each in plan.sources if each not in databases]
    known = {SETTINGS_PATH, THUMBNAILS_ROOT}
    if (
        [each.kind for each in databases] == ["sqlite"]
        and SETTINGS_PATH in (each.root for each in others)
        and all(each.root in known for each in others)
    ):
        return
    held = ", ".join(f"{each.root} ({each.kind})" for each in plan.sources) or "nothing"
    raise ConfigError(
        f"{what} needs one SQLite database, settings, and at most one directory, labelled"
        f" {PLAIN_THUMBNAILS}; the plan {plan.name} has {held}",
        hint="Change the plan, or use the native routes of BackupService.router.",
    )


def adopt_plain(
    plan: Plan, path: Path, *, scratch_root: Path, cancel: CancellationToken | None = None
) -> Path:
    """Write a plain backup file as an archive of Holdfast's, beside it; return where.

    Every byte of it is checked; the database in a process of its own. What is laid out as
    Holdfast does is left to the reader of that, and its path returned.

    Raises:
        ArchiveDamaged: It is not whole, or not what it says it is.
        ArchiveRefused: It holds what has no place in it, or in this plan.
        NotEnoughSpace: There is no room for it. In all cases nothing new is left.
    """
    cancel = cancel or CancellationToken()
    with scratch_directory(scratch_root) as scratch:
        if not is_plain(path, scratch_dir=scratch):
            return path
        with open_plain(path, scratch_dir=scratch, cancel=cancel) as backup:
            needed = 2 * backup.size(PLAIN_DATABASE) + backup.metadata.thumbnails_size_bytes
            require_space(path.parent, needed + _OVERHEAD_BYTES, "to check the backup file")
            facts, checksum = _database_facts(backup, scratch / PLAIN_DATABASE, cancel)
            settings = Document(settings=backup.settings).encode()
            tree = PlainTree(backup, _manifest(plan, backup, facts, checksum, settings), settings)
            target = path.with_name(f"{path.name}.native")
            return _written(tree, target, cancel)


def _database_facts(
    backup: PlainBackup, copy: Path, cancel: CancellationToken
) -> tuple[dict[str, Any], str]:
    """Return what the database holds, and its SHA-256."""
    digest = hashlib.sha256()
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in backup.read(PLAIN_DATABASE):
            cancel.raise_if_cancelled()
            digest.update(piece)
            file.write(piece)
    try:
        facts = describe_database(copy, cancel=cancel)
    except SourceError as error:
        raise ArchiveDamaged(
            f"Backup file is corrupted: {error.message}", hint=error.hint
        ) from error
    copy.unlink()
    return facts, digest.hexdigest()


def _written(tree: PlainTree, target: Path, cancel: CancellationToken) -> Path:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            write_archive(tree, sink, compression_level=STORED, cancel=cancel)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _manifest(
    plan: Plan, backup: PlainBackup, facts: dict[str, Any], checksum: str, settings: bytes
) -> Manifest:
    said = backup.metadata
    database = _database_of(plan)
    contents = {
        database.root: ContentEntry(
            kind="sqlite",
            size=said.database_size_bytes,
            count=sum(facts["tables"].values()),
            checksum=checksum,
            facts=facts,
        ),
        SETTINGS_PATH: ContentEntry(
            kind="settings",
            size=len(settings),
            count=said.settings_count,
            checksum=hashlib.sha256(settings).hexdigest(),
        ),
    }
    if plan.source_at(THUMBNAILS_ROOT) is not None:
        contents[THUMBNAILS_ROOT] = ContentEntry(
            kind="directory", size=said.thumbnails_size_bytes, count=said.thumbnails_count
        )
    elif said.thumbnails_count:
        raise ArchiveRefused(
            f"Backup file was refused: it holds {said.thumbnails_count} thumbnails, and the plan"
            f" {plan.name} has no directory for them",
            hint="Protect a directory labelled thumbnails.",
        )
    return Manifest(
        backup_id=new_backup_id(backup.created_at, ()),
        created_at=format_instant(backup.created_at),
        backup_type=BackupType.MANUAL,
        trigger=Trigger.UPLOAD,
        plan=plan.name,
        holdfast_version=__version__,
        app=plan.app,
        app_version=said.app_version,
        schema_version=facts["schema_version"],
        contents=contents,
        table_counts=facts["tables"],
        total_records=sum(facts["tables"].values()),
        original_size=sum(each.size for each in contents.values()),
    )


def _database_of(plan: Plan) -> Source:
    return next(each for each in plan.sources if each.root.startswith("database/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainDownload(Download):
    """A backup that can be taken as a plain backup file, in whole or in part."""

    @classmethod
    def of(cls, download: Download, name: str) -> Self:
        """Return the plain form of a download.

        Args:
            name: What to call the file.

        Raises:
            BackupNotFound: The backup was removed.
            ArchiveError: It holds what the plain layout has no place for.
        """
        with download.opening() as work:
            _, snapshot = backups_of(work).resolve(download.backup_id)
            measure = measure_archive(
                work.repository.tree(snapshot), compression_level=STORED, layout=PLAIN
            )
            if snapshot.tree != download.tree_id:
                raise _another(download.backup_id)
        known = {each.name: getattr(download, each.name) for each in fields(Download)}
        return cls(**{**known, **_measured(measure), "name": name, "etag": f"p{download.etag}"})

    def _pieces(self, start: int, stop: int) -> Any:
        with self.opening() as work:
            _, snapshot = backups_of(work).resolve(self.backup_id)
            if snapshot.tree != self.tree_id:
                raise _another(self.backup_id)
            yield from archive_pieces(
                work.repository.tree(snapshot),
                self.measure,
                start,
                stop,
                compression_level=STORED,
                layout=PLAIN,
            )


def _measured(measure: ArchiveMeasure) -> dict[str, Any]:
    return {"measure": measure, "size_bytes": measure.size_bytes, "compression_level": STORED}


def _another(backup_id: str) -> BackupNotFound:
    return BackupNotFound(
        f"{backup_id} is another backup than it was when the download began",
        hint="Download it again from its beginning.",
    )
