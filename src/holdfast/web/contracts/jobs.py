"""The contract `jobs`: tables as a ZIP file of JSON, with a job for each backup and restore.

A backup has the id of its job from the moment when it is asked for until it is deleted. What is
uploaded is taken at once and checked by the job: all of it is restored, or nothing is touched.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.params import Depends as DependsParameter

from holdfast.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchivePassphraseError,
    BackupNotFound,
    ConfigError,
    ConfirmationRequired,
    JobNotFinished,
    JobNotFound,
    NotEnoughSpace,
    PathNotInBackup,
    PreconditionFailed,
    RangeNotSatisfiable,
    RequestInvalid,
    RetentionError,
    TooManyRequests,
    UploadTooLarge,
)
from holdfast.models.job import Job, JobKind
from holdfast.web.backups import stored_backups
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.contracts.base import ask, contract
from holdfast.web.contracts.job_shapes import (
    DeletedTableBackup,
    ListedTableBackups,
    StartedJob,
    TableBackup,
    TableRestore,
    backup_status,
    restore_shape,
)
from holdfast.web.contracts.table_backups import FoundBackup, TableBackups
from holdfast.web.downloads import Downloads, Streamed
from holdfast.web.job_answers import find_job
from holdfast.web.offers import RestoreChoice
from holdfast.web.permissions import Actor, Anyone, Auth, Dependency, Permission
from holdfast.web.problems import problem_responses, unlimited
from holdfast.web.restores import Restores
from holdfast.web.routes.restores import tidying
from holdfast.web.routing import Routes, link
from holdfast.web.uploads import ReceivedFile

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine
    from holdfast.models.schedule import BackupConfig
    from holdfast.service import BackupService

PREFIX = "/api/backup"
CONFIRM_FIELD = "confirm"

_EXAMPLE = "01934a7e-8c00-7000-8000-000000000000"
_ZIP_BEGINS = b"PK\x03\x04"
_KIND = "tables"
_BINARY = {"type": "string", "format": "binary"}
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The ZIP file of a download.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": _BINARY,
                        CONFIRM_FIELD: {
                            "type": "string",
                            "description": "The name of the live data, where they were given one.",
                        },
                    },
                }
            }
        },
    }
}

JobId = Annotated[str, Path(description="Id of a backup or restore.", examples=[_EXAMPLE])]


def jobs(
    service: BackupService,
    *,
    auth: Auth | Dependency | DependsParameter | Anyone,
    prefix: str = PREFIX,
    engine: JobEngine | None = None,
    scheduler: bool = True,
    schedule: BackupConfig | None = None,
    max_upload_bytes: int | None = None,
) -> APIRouter:
    """Return the routes of the contract.

    Args:
        auth: As of `create_router`; so are `engine`, `scheduler` and `max_upload_bytes`. Whoever
            has the permission to restore replaces the tables by one request.
        schedule: When backups are made by themselves, if nobody has changed it since.

    Raises:
        ConfigError: The plan exports no tables, or there is no `auth`.
    """
    if not any(source.kind == _KIND for source in service.plan.sources):
        raise ConfigError(
            "The contract jobs is for plans that export tables as JSON",
            hint='Give the service `tables=["*"]`, or TablesOptions with your models.',
        )
    routes, context = contract(
        service,
        auth=auth,
        prefix=prefix,
        tag="backup",
        engine=engine,
        scheduler=scheduler,
        schedule=schedule,
        max_upload_bytes=max_upload_bytes,
    )
    backups = TableBackups(context)
    _add_making(routes, context, backups)
    # Before those with an id in their path.
    routes.include_router(_restore_routes(context))
    _add_single(routes, context, backups)
    return routes


def _add_making(routes: Routes, context: WebContext, backups: TableBackups) -> None:
    operator = context.require(Permission.RUN)

    @routes.post(
        "",
        operation_id="start_table_backup",
        summary="Back up all tables",
        status_code=202,
        responses=problem_responses(*FAILURES),
    )
    async def start_backup(
        request: Request, response: Response, actor: Actor = operator
    ) -> StartedJob:
        """Answers at once; follow the backup by its `job_id`."""
        job = await ask(context, actor, JobKind.BACKUP, {})
        response.headers["Location"] = link(request, job.id)
        return StartedJob(job_id=job.id, message="Backup started")

    @routes.get(
        "",
        operation_id="list_table_backups",
        summary="List the backups",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def list_backups(request: Request) -> ListedTableBackups:
        """Newest first; those that are being made and those that failed too."""

        def work() -> ListedTableBackups:
            found = [
                backups.listed(each, link(request, each.job.id, "download"))
                for each in backups.all()
            ]
            return ListedTableBackups(backups=found, total=len(found))

        return await context.run(work)


def _restore_routes(context: WebContext) -> Routes:
    """Return the routes that restore, and what keeps the files that were sent tidy."""
    restores = Restores(context.engine, max_bytes=context.max_upload_bytes)
    routes = Routes(lifespan=tidying(context, restores))
    restorer = context.require(Permission.RESTORE)

    @routes.post(
        "/restore",
        operation_id="start_table_restore",
        summary="Replace all tables by those of a file",
        status_code=202,
        responses=problem_responses(
            ArchiveDamaged,
            ArchivePassphraseError,
            ConfirmationRequired,
            UploadTooLarge,
            NotEnoughSpace,
            TooManyRequests,
            RequestInvalid,
            *FAILURES,
        ),
        openapi_extra=_FILE_BODY,
    )
    @unlimited
    async def start_restore(
        request: Request, response: Response, actor: Actor = restorer
    ) -> StartedJob:
        """Answers when the file has arrived; the job checks every byte of it before anything else.

        Then all tables are replaced, or none. What is replaced is backed up first.
        """
        received = await restores.receive(request, text_fields=(CONFIRM_FIELD,))
        try:
            job = await context.run(_begin_restore, context, restores, received, actor)
        except BaseException:
            restores.remove(received)
            raise
        response.headers["Location"] = link(request, "restore", job.id)
        return StartedJob(job_id=job.id, message="Restore started")

    @routes.get(
        "/restore/{job_id}",
        operation_id="get_table_restore",
        summary="Follow a restore",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(JobNotFound, *FAILURES),
    )
    async def get_restore(job_id: JobId) -> TableRestore:
        """How it stands, and what it restored."""
        return await context.run(_restore_of, context, job_id)

    return routes


def _add_single(routes: Routes, context: WebContext, backups: TableBackups) -> None:
    downloads = Downloads()
    restorer = context.require(Permission.RESTORE)
    administrator = context.require(Permission.ADMINISTER)

    @routes.get(
        "/{job_id}",
        operation_id="get_table_backup",
        summary="Follow a backup",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(BackupNotFound, *FAILURES),
    )
    async def get_backup(job_id: JobId) -> TableBackup:
        """How it stands, and what it holds."""
        return await context.run(lambda: backups.shape(backups.get(job_id)))

    @routes.get(
        "/{job_id}/download",
        operation_id="download_table_backup",
        summary="Download a backup",
        response_class=Response,
        response_model=None,
        responses={
            200: {
                "description": "A JSON file for each table, and `manifest.json`.",
                "content": {"application/zip": {"schema": _BINARY}},
            },
            206: {
                "description": "The part that `Range` asks for.",
                "content": {"application/zip": {"schema": _BINARY}},
            },
            304: {"description": "It is as `If-None-Match` says."},
            **problem_responses(
                BackupNotFound,
                PathNotInBackup,
                JobNotFinished,
                ArchiveError,
                PreconditionFailed,
                RangeNotSatisfiable,
                TooManyRequests,
                *FAILURES,
            ),
        },
    )
    async def download_backup(job_id: JobId, request: Request, actor: Actor = restorer) -> Response:
        """A ZIP file, made while it is taken. It hands out all of the data."""

        def open_file() -> Streamed:
            with context.audited(actor, "backup.download", object=job_id) as noted:
                return _open(context, backups.get(job_id), noted)

        return await downloads.respond(request, await context.run(open_file))

    @routes.delete(
        "/{job_id}",
        operation_id="delete_table_backup",
        summary="Delete a backup",
        responses=problem_responses(BackupNotFound, JobNotFinished, RetentionError, *FAILURES),
    )
    async def delete_backup(job_id: JobId, actor: Actor = administrator) -> DeletedTableBackup:
        """Not while it is being made. What it occupied is freed by the next cleanup."""
        await context.run(backups.delete, actor, job_id)
        return DeletedTableBackup()


def _open(context: WebContext, found: FoundBackup, noted: dict[str, Any]) -> Streamed:
    job, backup = found.job, found.ready
    noted["job_id"] = job.id
    if not job.status.finished:
        raise JobNotFinished(
            f"The backup {job.id} is {backup_status(job).value}", hint="Wait until it is completed."
        )
    if backup is None:
        raise BackupNotFound(
            f"The backup {job.id} failed, so there is no file of it", hint=job.error_message
        )
    noted |= {"object": backup.backup_id, "checksum": backup.checksum}
    return context.service.open_download(backup.backup_id, tables_only=True)


def _begin_restore(
    context: WebContext, restores: Restores, received: ReceivedFile, actor: Actor
) -> Job:
    """Ask for the job of a restore; only what is no ZIP file at all is refused before."""
    detail = {"size_bytes": received.size_bytes}
    with context.audited(
        actor, "restore_archive.start", object=received.file_name, detail=detail
    ) as noted:
        with received.path.open("rb") as file:
            begins = file.read(len(_ZIP_BEGINS))
        if begins != _ZIP_BEGINS:
            what = "it is not a ZIP file" if begins else "it is empty"
            raise ArchiveDamaged(
                f"Backup file is corrupted: {what}", hint="Send the ZIP file of a download."
            )
        others = any(source.kind != _KIND for source in context.service.plan.sources)
        choice = RestoreChoice(sources=(_KIND,) if others else ())
        confirm = received.texts.get(CONFIRM_FIELD)
        job = restores.submit(received, actor, choice, confirm=confirm)
        noted["job_id"] = job.id
        return job


def _restore_of(context: WebContext, job_id: str) -> TableRestore:
    job = find_job(context, job_id)
    if not job.kind.restores:
        raise JobNotFound(f"There is no restore {job_id}")
    told = job.result.get("backup_created_at")
    if told is not None:
        return restore_shape(job, datetime.fromisoformat(told))
    known = (each for each in stored_backups(context) if each.backup_id == job.backup_id)
    return restore_shape(job, next((each.created_at for each in known), None))
