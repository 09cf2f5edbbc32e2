"""The contract `admin`: records of backups of a PostgreSQL database, for administrators.

Statuses and triggers are spelled in capitals. A backup is known by its id; one that is being made,
or that failed, by the id of its job, which leads to the backup once it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.params import Depends as DependsParameter
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import AwareDatetime

from holdfast.errors import BackupBusy, BackupNotFound, JobNotFound, RestoreError, SourceError
from holdfast.models.backup import BackupMetadata, BackupStatus, Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.web.backups import all_listed, find_backup, find_listed, stored_backups
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.contracts.admin_shapes import (
    EXAMPLE_ID,
    BackupRecord,
    CleanupRecord,
    DeletedRecord,
    NewRecord,
    RecordPage,
    RecordStats,
    RecordStatus,
    RecordTrigger,
    RestoreChoice,
    RestoreRecord,
)
from holdfast.web.contracts.base import ask, contract, ended
from holdfast.web.contracts.file_names import FileNames
from holdfast.web.contracts.sql_text import MEDIA_TYPE, require_postgresql, sql_response
from holdfast.web.permissions import Actor, Anyone, Auth, Dependency, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine
    from holdfast.models.schedule import BackupConfig
    from holdfast.service import BackupService

PREFIX = "/api/admin/backups"

BackupId = Annotated[str, Path(description="Id of a backup, or of its job.", examples=[EXAMPLE_ID])]


def admin(
    service: BackupService,
    *,
    auth: Auth | Dependency | DependsParameter | Anyone,
    prefix: str = PREFIX,
    engine: JobEngine | None = None,
    scheduler: bool = True,
    schedule: BackupConfig | None = None,
) -> APIRouter:
    """Return the routes of the contract.

    Args:
        auth: As of `create_router`: what admits administrators, and nobody else.
        engine: As of `create_router`.
        schedule: When backups are made by themselves, if nobody has changed it since.

    Raises:
        ConfigError: The plan has no PostgreSQL database, or several, or there is no `auth`.
    """
    require_postgresql(service, "admin")
    routes, context = contract(
        service,
        auth=auth,
        prefix=prefix,
        tag="admin backups",
        engine=engine,
        scheduler=scheduler,
        schedule=schedule,
    )
    records = _Records(context)
    # Before those with an id in their path.
    _add_making(routes, context, records)
    _add_lists(routes, context, records)
    _add_single(routes, context, records)
    return routes


def _add_making(routes: Routes, context: WebContext, records: _Records) -> None:
    operator = context.require(Permission.RUN)
    restorer = context.require(Permission.RESTORE)
    administrator = context.require(Permission.ADMINISTER)

    @routes.post(
        "/create",
        operation_id="create_backup_record",
        summary="Make a backup",
        status_code=201,
        responses={
            202: {"model": BackupRecord, "description": "It is being made."},
            **problem_responses(SourceError, BackupBusy, *FAILURES),
        },
        response_model=BackupRecord,
    )
    async def create_backup(
        wanted: NewRecord | None = None,
        prefer: Annotated[
            str | None, Header(description="`respond-async` answers at once, with `202`.")
        ] = None,
        actor: Actor = operator,
    ) -> Any:
        """Answers when it is made, unless `Prefer: respond-async` says not to wait."""
        job = await ask(context, actor, JobKind.BACKUP, _params(wanted or NewRecord()))
        if "respond-async" in (prefer or ""):
            record = records.of_job(job)
            return JSONResponse(record.model_dump(mode="json"), 202)
        done = await ended(context, job)
        return await context.run(records.made, actor, done)

    @routes.post(
        "/restore/{backup_id}",
        operation_id="restore_backup_record",
        summary="Put a backup in the place of the live database",
        responses=problem_responses(BackupNotFound, RestoreError, BackupBusy, *FAILURES),
    )
    async def restore_backup(
        backup_id: BackupId, choice: RestoreChoice | None = None, actor: Actor = restorer
    ) -> RestoreRecord:
        """All of it or nothing; what it replaces is backed up first, unless told otherwise."""
        choice = choice or RestoreChoice()
        backup = await context.run(records.stored, backup_id)
        params = {"backup_id": backup.backup_id, **choice.model_dump()}
        job = await ended(context, await ask(context, actor, JobKind.RESTORE, params))
        return RestoreRecord(
            backup_id=backup.backup_id,
            status=RecordStatus.RESTORED,
            safety_backup_id=job.result.get("safety_backup_id"),
            items_restored=dict(job.items_restored),
            completed_at=job.completed_at,
        )

    @routes.post(
        "/cleanup",
        operation_id="clean_up_backup_records",
        summary="Remove the backups that are too old",
        responses=problem_responses(BackupBusy, *FAILURES),
    )
    async def clean_up(actor: Actor = administrator) -> CleanupRecord:
        """By the retention of the schedule; the newest good backup always stays."""
        policy = await context.run(lambda: dict(context.engine.schedule().retention))
        asked = await ask(context, actor, JobKind.CLEANUP, {"policy": policy or None})
        job = await ended(context, asked)
        removed = [str(each) for each in job.result.get("removed", ())]
        return CleanupRecord(
            deleted_count=len(removed),
            freed_bytes=int(job.result.get("freed_bytes", 0)),
            deleted_ids=removed,
        )


def _add_lists(routes: Routes, context: WebContext, records: _Records) -> None:
    reader = [context.require(Permission.READ)]

    @routes.get(
        "/stats",
        operation_id="get_backup_record_stats",
        summary="All backups in numbers",
        dependencies=reader,
        responses=problem_responses(*FAILURES),
    )
    async def get_stats() -> RecordStats:
        """How many, how large, and for how long they stay."""
        return await context.run(records.stats)

    @routes.get(
        "",
        operation_id="list_backup_records",
        summary="List the backups",
        dependencies=reader,
        responses=problem_responses(*FAILURES),
    )
    async def list_backups(
        status: Annotated[RecordStatus | None, Query(description="Only in this state.")] = None,
        trigger: Annotated[RecordTrigger | None, Query(description="Only made by this.")] = None,
        search: Annotated[
            str, Query(max_length=200, description="Somewhere in id or description.")
        ] = "",
        created_from: Annotated[
            AwareDatetime | None, Query(description="Made then or later.")
        ] = None,
        created_to: Annotated[AwareDatetime | None, Query(description="Made before then.")] = None,
        page: Annotated[int, Query(ge=1, le=1_000_000, description="Which page.")] = 1,
        page_size: Annotated[int, Query(ge=1, le=100, description="How many to a page.")] = 20,
    ) -> RecordPage:
        """Newest first; those that are being made and those that failed too."""
        text = search.casefold()
        found = [
            each
            for each in await context.run(records.all)
            if (status is None or each.status is status)
            and (trigger is None or each.trigger is trigger)
            and text in f"{each.id} {each.description or ''}".casefold()
            and (created_from is None or each.created_at >= created_from)
            and (created_to is None or each.created_at < created_to)
        ]
        begin = (page - 1) * page_size
        return RecordPage(
            backups=found[begin : begin + page_size],
            total=len(found),
            page=page,
            page_size=page_size,
            pages=-(-len(found) // page_size),
        )


def _add_single(routes: Routes, context: WebContext, records: _Records) -> None:
    restorer = context.require(Permission.RESTORE)
    administrator = context.require(Permission.ADMINISTER)

    @routes.get(
        "/{backup_id}",
        operation_id="get_backup_record",
        summary="Look at a backup",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(BackupNotFound, JobNotFound, *FAILURES),
    )
    async def get_backup(backup_id: BackupId) -> BackupRecord:
        """By its id, or by that of the job that makes it or failed to."""
        return await context.run(records.get, backup_id)

    @routes.get(
        "/{backup_id}/download",
        operation_id="download_backup_record",
        summary="Download a backup as gzip-compressed SQL text",
        responses={
            200: {"content": {MEDIA_TYPE: {}}, "description": "The SQL text."},
            **problem_responses(BackupNotFound, RestoreError, *FAILURES),
        },
        response_class=StreamingResponse,
    )
    async def download_backup(backup_id: BackupId, actor: Actor = restorer) -> StreamingResponse:
        """`gunzip -c FILE | psql NEW_DATABASE` restores it; owners and rights are left out."""
        backup = await context.run(records.stored, backup_id)
        name = records.names.of(backup.backup_id)
        return await sql_response(context, actor, backup, name)

    @routes.delete(
        "/{backup_id}",
        operation_id="delete_backup_record",
        summary="Delete a backup",
        responses=problem_responses(BackupNotFound, *FAILURES),
    )
    async def delete_backup(backup_id: BackupId, actor: Actor = administrator) -> DeletedRecord:
        """What it occupied is freed by the next cleanup."""

        def delete() -> str:
            backup = records.stored(backup_id)
            detail = {"checksum": backup.checksum}
            with context.audited(actor, "backup.delete", object=backup.backup_id, detail=detail):
                context.service.delete_backup(backup.backup_id)
            return backup.backup_id

        return DeletedRecord(deleted=True, id=await context.run(delete))


def _params(wanted: NewRecord) -> Mapping[str, Any]:
    params: dict[str, Any] = {"description": wanted.description}
    if wanted.compression_level == 0:
        params["compression"] = False
    elif wanted.compression_level is not None:
        params["compression_level"] = wanted.compression_level
    return params


class _Records:
    """The records of backups, from the repository and from jobs; blocking."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self.names = FileNames(context.service.plan.app)

    def all(self) -> list[BackupRecord]:
        """Return all, newest first."""
        actors = self._actors()
        found = [
            self.of_backup(self._measured(each.backup), actors.get(each.id))
            if each.backup is not None
            else self.of_job(each.job)
            for each in all_listed(self._context)
            if each.backup is not None or each.job is not None
        ]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def get(self, wanted: str) -> BackupRecord:
        """Return one, by its id or that of its job."""
        found = find_listed(self._context, wanted)
        if isinstance(found, Job):
            return self.of_job(found)
        return self.of_backup(found, self._actors().get(found.backup_id))

    def stored(self, wanted: str) -> BackupMetadata:
        """Return one that is stored.

        Raises:
            BackupNotFound: There is none of this id, or it is not stored.
        """
        found = find_listed(self._context, wanted)
        if isinstance(found, Job):
            raise BackupNotFound(
                f"The backup of job {wanted} is not stored: the job is {found.status.value}",
                hint=found.error_message or "Wait until it is completed.",
            )
        return found

    def made(self, actor: Actor, job: Job) -> BackupRecord:
        """Return the backup that a job made, and note its checksum in the audit log."""
        backup = find_backup(self._context, str(job.backup_id))
        detail = {"checksum": backup.checksum, "size": backup.original_size}
        with self._context.audited(
            actor, "backup.completed", object=backup.backup_id, detail=detail
        ):
            return self.of_backup(backup, job.actor)

    def stats(self) -> RecordStats:
        """Return all in numbers."""
        stored = stored_backups(self._context)
        records = self.all()
        latest = next((each for each in records if each.checksum is not None), None)
        occupied = self._context.engine.backups.stats().stored_size if stored else 0
        schedule = self._context.engine.schedule()
        return RecordStats(
            total_backups=len(stored),
            latest_backup=latest,
            total_size_bytes=occupied,
            retention_days=schedule.retention.get("retention_days") or None,
            failed_backups=sum(each.status is RecordStatus.FAILED for each in records),
        )

    def of_backup(self, backup: BackupMetadata, actor: str | None) -> BackupRecord:
        """Return the record of a backup that is stored."""
        restored = backup.status is BackupStatus.RESTORED
        return BackupRecord(
            id=backup.backup_id,
            filename=self.names.of(backup.backup_id),
            status=RecordStatus.RESTORED if restored else RecordStatus.COMPLETED,
            trigger=_trigger(backup.trigger),
            description=backup.description,
            size_bytes=backup.compressed_size,
            original_size_bytes=backup.original_size,
            checksum=backup.checksum,
            verified=backup.verified,
            table_counts=dict(backup.table_counts),
            created_by=actor,
            created_at=backup.created_at,
            completed_at=None,
            error_message="; ".join(backup.problems) or None,
        )

    def of_job(self, job: Job | None) -> BackupRecord:
        """Return the record of a backup that is not stored, or not yet."""
        assert job is not None
        return BackupRecord(
            id=job.id,
            filename=None,
            status=_status(job.status),
            trigger=_trigger(job.trigger),
            description=job.params.get("description"),
            size_bytes=0,
            original_size_bytes=0,
            checksum=None,
            verified=False,
            table_counts={},
            created_by=job.actor,
            created_at=job.created_at,
            completed_at=job.completed_at,
            error_message=job.error_message,
        )

    def _measured(self, backup: BackupMetadata) -> BackupMetadata:
        return self._context.engine.backups.get(backup.backup_id)

    def _actors(self) -> dict[str, str | None]:
        jobs, _ = self._context.engine.list(kinds=(JobKind.BACKUP,), limit=1000)
        return {each.backup_id: each.actor for each in jobs if each.backup_id}


def _status(status: JobStatus) -> RecordStatus:
    if status is JobStatus.PENDING:
        return RecordStatus.PENDING
    if status is JobStatus.COMPLETED:
        return RecordStatus.COMPLETED
    return RecordStatus.FAILED if status.finished else RecordStatus.RUNNING


def _trigger(trigger: Trigger | None) -> RecordTrigger:
    """Return the trigger as the contract spells it; whatever a person did is `MANUAL_API`."""
    if trigger is Trigger.SCHEDULED_CRON:
        return RecordTrigger.SCHEDULED_CRON
    if trigger is Trigger.PRE_RESTORE_SAFETY:
        return RecordTrigger.PRE_RESTORE_SAFETY
    return RecordTrigger.MANUAL_API
