"""The contract `system`: backups as ZIP files of one database, its thumbnails and settings.

No such file lies anywhere: a time stands for a backup in the repository, and its file is made
while it is downloaded. What is sent to be restored is checked to the last byte, and asks to be
confirmed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.params import Depends as DependsParameter

from holdfast.errors import (
    ArchiveError,
    ArchivePassphraseError,
    BackupBusy,
    BackupFileCorrupted,
    BackupNotFound,
    ConfirmationRequired,
    DatabaseLocked,
    DownloadExpired,
    NotEnoughSpace,
    PreconditionFailed,
    RangeNotSatisfiable,
    RestoreCheckFailed,
    SchemaMismatch,
    SourceError,
    TooManyRequests,
    UploadNotFound,
)
from holdfast.models.job import Job, JobKind
from holdfast.operations.plain import PlainDownload, require_plain
from holdfast.web.backups import find_backup
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.contracts.backup_times import EXAMPLE, backup_at, file_name
from holdfast.web.contracts.base import ask, contract, ended
from holdfast.web.contracts.settings_schedule import (
    DEFAULT,
    BackupSettings,
    SettingsSchedule,
    following,
)
from holdfast.web.contracts.system_links import Links
from holdfast.web.contracts.system_restores import PlainRestores, Sent, sent_in
from holdfast.web.contracts.system_shapes import (
    FILE_BODY,
    RESTORE_BODY,
    BackupList,
    BackupMade,
    Deleted,
    RestoreAnswer,
    Validation,
)
from holdfast.web.contracts.system_words import worded
from holdfast.web.downloads import Downloads
from holdfast.web.permissions import Actor, Anyone, Auth, Dependency, Permission
from holdfast.web.problems import problem_responses, unlimited
from holdfast.web.routes.restores import tidying
from holdfast.web.routing import Routes

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine
    from holdfast.models.schedule import BackupConfig
    from holdfast.service import BackupService

PREFIX = "/api/v1/system"

Timestamp = Annotated[str, Path(description="When a backup was made, in UTC.", examples=[EXAMPLE])]

_ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
_SENDING = (
    BackupFileCorrupted,
    ArchiveError,
    ArchivePassphraseError,
    RestoreCheckFailed,
    SchemaMismatch,
    NotEnoughSpace,
    TooManyRequests,
    *FAILURES,
)


def system(
    service: BackupService,
    *,
    auth: Auth | Dependency | DependsParameter | Anyone,
    prefix: str = PREFIX,
    engine: JobEngine | None = None,
    scheduler: bool = True,
    schedule: BackupConfig | None = None,
    settings: BackupSettings | None = None,
    max_upload_bytes: int | None = None,
) -> APIRouter:
    """Return the routes of the contract.

    Args:
        auth: As of `create_router`; so are `engine` and `max_upload_bytes`.
        schedule: When backups are made by themselves, if nobody has changed it since; daily at
            03:00, and the newest seven stay.
        settings: The application's settings, or what returns them. What they say of
            `backup_enabled`, `backup_time` and `backup_retention_count` is put into the schedule.

    Raises:
        ConfigError: The plan is not one SQLite database, settings, and at most one directory,
            labelled `thumbnails`; or there is no `auth`.
    """
    require_plain(service.plan, "The contract `system`")
    routes, context = contract(
        service,
        auth=auth,
        prefix=prefix,
        tag="system",
        engine=engine,
        scheduler=scheduler,
        schedule=schedule or DEFAULT,
        max_upload_bytes=max_upload_bytes,
    )
    followed = None
    if settings is not None and scheduler:
        followed = SettingsSchedule(context.engine, settings, schedule)
        routes.include_router(APIRouter(lifespan=following(context, followed)))
    restores = PlainRestores(context, followed)
    routes.include_router(APIRouter(lifespan=tidying(context, restores.restores)))
    links = Links(context)
    _add_restores(routes, context, restores)
    _add_backups(routes, context, links)
    _add_single(routes, context, links)
    return routes


def _add_backups(routes: Routes, context: WebContext, links: Links) -> None:
    operator = context.require(Permission.RUN)

    @routes.post(
        "/backup",
        operation_id="create_system_backup",
        summary="Make a backup",
        responses=problem_responses(
            DatabaseLocked, NotEnoughSpace, SourceError, BackupBusy, *FAILURES
        ),
    )
    async def create_backup(request: Request, actor: Actor = operator) -> BackupMade:
        """Answers when it is made, with a link to download it within an hour."""
        with worded():
            job = await ended(context, await ask(context, actor, JobKind.BACKUP, {}))
        return await context.run(_made, links, request, job)

    @routes.get(
        "/backup/list",
        operation_id="list_system_backups",
        summary="List the backups",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def list_backups(request: Request) -> BackupList:
        """Newest first. Each link is good for an hour from now."""
        found = await context.run(links.all, request)
        return BackupList(backups=found, total=len(found))


def _made(links: Links, request: Request, job: Job) -> BackupMade:
    backup_id = str(job.backup_id)
    item = links.renewed(request, [backup_id])[0]
    return BackupMade(
        **item.model_dump(),
        **links.sizes(backup_id),
        message="Backup created",
        warnings=list(job.warnings),
    )


def _add_single(routes: Routes, context: WebContext, links: Links) -> None:
    restorer = context.require(Permission.RESTORE)
    administrator = context.require(Permission.ADMINISTER)
    downloads = Downloads()

    async def download_backup(
        timestamp: Timestamp, request: Request, actor: Actor = restorer
    ) -> Response:
        """A ZIP file made while it is taken, with its exact length; `Range` goes on with one."""
        file = await context.run(_open, context, links, request, actor, timestamp)
        return await downloads.respond(request, file)

    for method, operation in (("GET", "download_system_backup"), ("HEAD", "head_system_backup")):
        routes.add_api_route(
            "/backup/{timestamp}/download",
            download_backup,
            methods=[method],
            operation_id=operation,
            summary="Download a backup" if method == "GET" else "How long a download is",
            responses={
                200: {"description": "The whole file.", "content": _ZIP},
                206: {"description": "The part that `Range` asks for.", "content": _ZIP},
                304: {"description": "It is as `If-None-Match` says."},
                **problem_responses(
                    BackupNotFound,
                    DownloadExpired,
                    ArchiveError,
                    PreconditionFailed,
                    RangeNotSatisfiable,
                    TooManyRequests,
                    *FAILURES,
                ),
            },
            response_class=Response,
            response_model=None,
        )

    @routes.delete(
        "/backup/{timestamp}",
        operation_id="delete_system_backup",
        summary="Delete a backup",
        responses=problem_responses(BackupNotFound, *FAILURES),
    )
    async def delete_backup(timestamp: Timestamp, actor: Actor = administrator) -> Deleted:
        """What it occupied is freed by the next cleanup."""

        def delete() -> None:
            backup_id = find_backup(context, backup_at(timestamp)).backup_id
            with context.audited(actor, "backup.delete", object=backup_id):
                context.service.delete_backup(backup_id)

        await context.run(delete)
        return Deleted(message="Backup deleted", timestamp=timestamp)


def _open(
    context: WebContext, links: Links, request: Request, actor: Actor, timestamp: str
) -> PlainDownload:
    """Find the backup, and record who takes it; blocking."""
    detail = {"method": request.method, "range": request.headers.get("range", "")[:100]}
    backup = find_backup(context, backup_at(timestamp))
    backup_id = backup.backup_id
    with context.audited(actor, "backup.download", object=backup_id, detail=detail) as noted:
        links.require_fresh(backup_id)
        name = file_name(context.service.plan.app, backup_id)
        file = PlainDownload.of(context.service.open_download(backup_id), name)
        noted |= {"size_bytes": file.size_bytes, "checksum": backup.checksum}
        return file


def _add_restores(routes: Routes, context: WebContext, restores: PlainRestores) -> None:
    restorer = context.require(Permission.RESTORE)

    @routes.post(
        "/backup/validate",
        operation_id="validate_system_backup",
        summary="Check a backup file; nothing is changed",
        responses=problem_responses(NotEnoughSpace, TooManyRequests, *FAILURES),
        openapi_extra=FILE_BODY,
    )
    @unlimited
    async def validate_backup(request: Request, actor: Actor = restorer) -> Validation:
        """Answers 200 also where it is not valid: then `errors` says so, and `hint` why."""
        received = await restores.receive(request)
        return await context.run(restores.validated, received, actor)

    @routes.post(
        "/restore",
        operation_id="restore_system_backup",
        summary="Restore a backup file, once that is confirmed",
        responses=problem_responses(
            ConfirmationRequired, UploadNotFound, DatabaseLocked, BackupBusy, *_SENDING
        ),
        openapi_extra=RESTORE_BODY,
    )
    @unlimited
    async def restore_backup(request: Request, actor: Actor = restorer) -> RestoreAnswer:
        """Without `confirm` it says what would be replaced, and changes nothing.

        Confirmed by `confirm=true` with the file again, or by the `token` alone, it stops the
        application's background tasks, makes a safety backup, replaces the database and the
        thumbnails, imports the settings, and lets the tasks go on.
        """
        sent = await sent_in(request)
        if sent is None:
            received = await restores.receive(request)
            sent = Sent.of(received.texts)
            offered = await context.run(restores.offered, received, actor)
            if not sent.confirmed:
                return offered
            sent = Sent(token=str(offered.token), confirm=sent.confirm)
            return await restores.restored(sent, actor, offered)
        offered = await context.run(restores.look, sent.token)
        if sent.confirm and not sent.confirmed:
            return offered
        return await restores.restored(sent, actor, offered)
