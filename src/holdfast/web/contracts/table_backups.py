"""The backups of a plan with tables, each known by the job that made it; blocking.

A backup that no job of this catalog made (by the command line, or as the safety backup of a
restore) is known by the id that a rebuilt catalog would give its job, which never changes.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from holdfast.errors import BackupNotFound, HoldfastError, JobNotFinished, JobNotFound
from holdfast.jobs.rebuilding import finished_job
from holdfast.models.backup import BackupMetadata
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.models.manifest import TABLE_KIND
from holdfast.web.backups import find_backup, stored_backups
from holdfast.web.context import WebContext
from holdfast.web.contracts.job_shapes import (
    ListedTableBackup,
    TableBackup,
    TableContent,
    TableManifest,
    TableProgress,
    backup_status,
    failure_of,
    progress_of,
)
from holdfast.web.job_answers import find_job, is_job_id
from holdfast.web.permissions import Actor

_log = logging.getLogger("holdfast.web")

_REMEMBERED = 1000
_ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBackup:
    """A backup: its job, which may have none yet, and what is stored of it."""

    job: Job
    backup: BackupMetadata | None = None

    @property
    def ready(self) -> BackupMetadata | None:
        """The backup, when it is whole and can be downloaded."""
        return self.backup if self.job.status is JobStatus.COMPLETED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesFile:
    """The ZIP file of a backup, before anybody takes it."""

    name: str
    size_bytes: int
    manifest: TableManifest


class TableBackups:
    """Finds backups. Safe to use from many threads."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._files: OrderedDict[str, TablesFile] = OrderedDict()
        self._guard = threading.Lock()
        self._hidden = f"contract.jobs/{context.plan}/deleted/"

    def all(self) -> list[FoundBackup]:
        """Return all, newest first: those that are stored, are being made, or failed."""
        stored = {each.backup_id: each for each in stored_backups(self._context)}
        hidden = self._context.engine.database.facts.under(self._hidden)
        makers, others = _makers(self._jobs())
        found = [
            FoundBackup(job=job)
            for job in others
            if job.status is not JobStatus.COMPLETED and self._hidden + job.id not in hidden
        ]
        for backup_id, job in makers.items():
            backup = stored.pop(backup_id, None)
            if backup is not None:
                found.append(FoundBackup(job=job, backup=backup))
        found += [self._jobless(each) for each in stored.values()]
        return sorted(found, key=lambda each: (each.job.created_at, each.job.id), reverse=True)

    def get(self, wanted: str) -> FoundBackup:
        """Return one, by the id of its job or its own.

        Raises:
            BackupNotFound: There is none, or it was deleted.
        """
        if not is_job_id(wanted):
            backup = find_backup(self._context, wanted)
            jobs = self._jobs(backup.backup_id)
            makers, _ = _makers(jobs)
            maker = makers.get(backup.backup_id)
            return FoundBackup(job=maker, backup=backup) if maker else self._jobless(backup)
        try:
            job = find_job(self._context, wanted)
        except JobNotFound:
            return self._of_derived_id(wanted)
        return self._of_job(job)

    def delete(self, actor: Actor, wanted: str) -> None:
        """Delete a backup, or what is kept of one that failed.

        Raises:
            BackupNotFound: There is none, or it was deleted.
            JobNotFinished: It is being made.
            RetentionError: It is marked to be kept.
        """
        found = self.get(wanted)
        with self._context.audited(actor, "backup.delete", object=wanted) as noted:
            noted["job_id"] = found.job.id
            if not found.job.status.finished:
                raise JobNotFinished(
                    f"The backup {wanted} is {backup_status(found.job).value}",
                    hint="Wait until it is done, then delete it.",
                )
            if found.backup is None:
                self._context.engine.database.facts.put(self._hidden + found.job.id, True)
                return
            noted |= {"object": found.backup.backup_id, "checksum": found.backup.checksum}
            if not self._context.service.delete_backup(found.backup.backup_id):
                raise _not_found(wanted)  # somebody else was faster

    def listed(self, found: FoundBackup, url: str) -> ListedTableBackup:
        """Return a backup as a list shows it."""
        file = self._file(found)
        return ListedTableBackup(
            id=found.job.id,
            created_at=found.job.created_at,
            file_size_bytes=file.size_bytes if file else None,
            status=backup_status(found.job),
            download_url=url if file else None,
        )

    def shape(self, found: FoundBackup) -> TableBackup:
        """Return a backup as the contract shows it."""
        job, file = found.job, self._file(found)
        return TableBackup(
            id=job.id,
            status=backup_status(job),
            progress=_progress(job, file),
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            file_path=file.name if file else None,
            file_size_bytes=file.size_bytes if file else None,
            manifest=file.manifest if file else None,
            error_message=failure_of(job),
        )

    def _jobs(self, backup_id: str | None = None) -> list[Job]:
        found, _ = self._context.engine.list(
            kinds=(JobKind.BACKUP,), backup_id=backup_id, limit=_ALL
        )
        return found

    def _of_job(self, job: Job) -> FoundBackup:
        facts = self._context.engine.database.facts
        if job.kind is not JobKind.BACKUP or facts.get(self._hidden + job.id):
            raise _not_found(job.id)
        backup = next(
            (each for each in stored_backups(self._context) if each.backup_id == job.backup_id),
            None,
        )
        if backup is None and job.status is JobStatus.COMPLETED:  # it was deleted since
            raise _not_found(job.id)
        return FoundBackup(job=job, backup=backup)

    def _of_derived_id(self, wanted: str) -> FoundBackup:
        for backup in stored_backups(self._context):
            found = self._jobless(backup)
            if found.job.id == wanted:
                return found
        raise _not_found(wanted)

    def _jobless(self, backup: BackupMetadata) -> FoundBackup:
        return FoundBackup(job=finished_job(backup, self._context.plan), backup=backup)

    def _file(self, found: FoundBackup) -> TablesFile | None:
        """Return the file of a backup; None if it has none, or that cannot be said now."""
        backup = found.ready
        if backup is None:
            return None
        key = f"{backup.backup_id}/{backup.snapshot_id}"
        with self._guard:
            known = self._files.get(key)
        if known is not None:
            return known
        try:
            file = self._measured(backup.backup_id)
        except HoldfastError as error:
            # One that is damaged must not hide the others.
            _log.warning("The backup %s cannot be shown: %s", backup.backup_id, error.message)
            return None
        with self._guard:
            self._files[key] = file
            while len(self._files) > _REMEMBERED:
                self._files.popitem(last=False)
        return file

    def _measured(self, backup_id: str) -> TablesFile:
        file = self._context.service.open_download(backup_id, tables_only=True)
        manifest = self._context.service.backup_manifest(backup_id)
        return TablesFile(
            name=file.name,
            size_bytes=file.size_bytes,
            manifest=TableManifest(
                backup_id=manifest["backup_id"],
                version=manifest["version"],
                created_at=datetime.fromisoformat(manifest["created_at"]),
                app_version=manifest["app_version"],
                contents={
                    name: TableContent(count=each.get("count", 0), checksum=each["checksum"])
                    for name, each in manifest["contents"].items()
                    if each["kind"] == TABLE_KIND
                },
            ),
        )


def _makers(jobs: Iterable[Job]) -> tuple[dict[str, Job], list[Job]]:
    """Return the job that made each backup, and the jobs that made none.

    Args:
        jobs: Newest first; where several name one backup, the first that made it counts.
    """
    makers: dict[str, Job] = {}
    others: list[Job] = []
    for job in jobs:
        if job.backup_id is None:
            others.append(job)
        elif job.backup_id not in makers or job.status is JobStatus.COMPLETED:
            makers[job.backup_id] = job
    return makers, others


def _progress(job: Job, file: TablesFile | None) -> TableProgress:
    shown = progress_of(job)
    if file is None:
        return shown
    # The job counted the tables of all sources; the file holds these.
    tables = len(file.manifest.contents)
    return shown.model_copy(update={"total_tables": tables, "completed_tables": tables})


def _not_found(wanted: str) -> BackupNotFound:
    return BackupNotFound(
        f"There is no backup {wanted}", hint="List the backups to see which there are."
    )
