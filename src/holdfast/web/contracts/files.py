"""The contract `files`: backups of a PostgreSQL database that look like files of SQL text.

Names are `<app>_backup_YYYYMMDD_HHMMSS.sql.gz`. No such file lies anywhere: a name stands for a
backup in the repository, and its SQL is written when it is downloaded, by `pg_restore`. So a name
never reaches a file system.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from fastapi.params import Depends as DependsParameter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from holdfast.errors import BackupBusy, BackupNotFound, RestoreError, SourceError
from holdfast.models.backup import BackupMetadata
from holdfast.models.job import JobKind
from holdfast.web.context import FAILURES, WebContext
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

PREFIX = "/backups"
_EXAMPLE = "shop_backup_20241108_120000.sql.gz"

FileName = Annotated[str, Path(description="Name of a backup.", examples=[_EXAMPLE])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewFile(_Body):
    """What a new backup shall be called for people."""

    description: str | None = Field(
        default=None, max_length=1000, description="What it is made for.", examples=["Before 2.0"]
    )


class Choice(_Body):
    """The backup to restore."""

    filename: str = Field(description="Its name.", examples=[_EXAMPLE])
    confirm: str | None = Field(
        default=None,
        description="The name of the live data, where they were given one.",
        examples=["production"],
    )


class BackupFile(BaseModel):
    """One backup, as a file."""

    filename: str = Field(description="Its name.", examples=[_EXAMPLE])
    size_bytes: int = Field(
        description="What its content takes in the repository.", examples=[48211]
    )
    created_at: datetime = Field(description="When it was made, in UTC.")
    description: str | None = Field(description="What it was made for.", examples=["Before 2.0"])
    status: str = Field(description="`completed`, `verified` or `partial`.", examples=["verified"])
    checksum: str = Field(description="SHA-256 of its manifest.", examples=["5f1d…"])


class BackupFiles(BaseModel):
    """All backups, newest first."""

    backups: list[BackupFile] = Field(description="The backups.")
    total: int = Field(description="How many there are.", examples=[1])


class Restored(BaseModel):
    """What a restore did."""

    message: str = Field(description="What happened.", examples=["Database restored"])
    filename: str = Field(description="What was restored.", examples=[_EXAMPLE])
    safety_backup: str | None = Field(
        description="The backup of what was replaced.", examples=[_EXAMPLE]
    )
    rows_restored: dict[str, int] = Field(description="Rows, by table.")


class Deleted(BaseModel):
    """What was deleted."""

    message: str = Field(description="What happened.", examples=["Backup deleted"])
    filename: str = Field(description="The name it had.", examples=[_EXAMPLE])


class Cleaned(BaseModel):
    """What a cleanup removed."""

    files_deleted: int = Field(description="How many backups were removed.", examples=[3])
    space_freed: int = Field(description="Bytes freed in the repository.", examples=[91822])
    files: list[str] = Field(description="Their names.", examples=[[_EXAMPLE]])


def files(
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
        auth: As of `create_router`; so is `engine`.
        schedule: When backups are made by themselves, if nobody has changed it since; its
            `retention_days` and `max_backups` are what a cleanup goes by too.

    Raises:
        ConfigError: The plan has no PostgreSQL database, or several, or there is no `auth`.
    """
    require_postgresql(service, "files")
    routes, context = contract(
        service,
        auth=auth,
        prefix=prefix,
        tag="backups",
        engine=engine,
        scheduler=scheduler,
        schedule=schedule,
    )
    names = FileNames(service.plan.app)
    # Before those with a name in their path.
    _add_whole(routes, context, names)
    _add_single(routes, context, names)
    return routes


def _add_whole(routes: Routes, context: WebContext, names: FileNames) -> None:
    operator = context.require(Permission.RUN)
    restorer = context.require(Permission.RESTORE)
    administrator = context.require(Permission.ADMINISTER)

    @routes.post(
        "",
        operation_id="create_backup_file",
        summary="Make a backup",
        status_code=201,
        responses=problem_responses(SourceError, BackupBusy, *FAILURES),
    )
    async def create_backup(wanted: NewFile | None = None, actor: Actor = operator) -> BackupFile:
        """Answers when it is made."""
        params = {"description": wanted.description if wanted else None}
        job = await ended(context, await ask(context, actor, JobKind.BACKUP, params))
        return _file(await context.run(context.engine.backups.get, str(job.backup_id)), names)

    @routes.get(
        "",
        operation_id="list_backup_files",
        summary="List the backups",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def list_backups() -> BackupFiles:
        """Newest first."""
        found = [_file(each, names) for each in await context.run(_stored, context)]
        return BackupFiles(backups=found, total=len(found))

    @routes.post(
        "/restore",
        operation_id="restore_backup_file",
        summary="Put a backup in the place of the live database",
        responses=problem_responses(BackupNotFound, RestoreError, BackupBusy, *FAILURES),
    )
    async def restore_backup(choice: Choice, actor: Actor = restorer) -> Restored:
        """All of it or nothing; what it replaces is backed up first."""
        backup = await context.run(_find, context, names, choice.filename)
        params = {"backup_id": backup.backup_id, "confirm": choice.confirm}
        job = await ended(context, await ask(context, actor, JobKind.RESTORE, params))
        safety = job.result.get("safety_backup_id")
        return Restored(
            message="Database restored",
            filename=choice.filename,
            safety_backup=names.of(safety) if safety else None,
            rows_restored=dict(job.items_restored),
        )

    @routes.post(
        "/cleanup",
        operation_id="clean_up_backup_files",
        summary="Remove the backups that are too old",
        responses=problem_responses(BackupBusy, *FAILURES),
    )
    async def clean_up(actor: Actor = administrator) -> Cleaned:
        """By the retention of the schedule; the newest good backup always stays."""
        policy = await context.run(lambda: dict(context.engine.schedule().retention))
        params = {"policy": policy or None}
        job = await ended(context, await ask(context, actor, JobKind.CLEANUP, params))
        removed = [names.of(each) for each in job.result.get("removed", ())]
        freed = int(job.result.get("freed_bytes", 0))
        return Cleaned(files_deleted=len(removed), space_freed=freed, files=removed)


def _add_single(routes: Routes, context: WebContext, names: FileNames) -> None:
    restorer = context.require(Permission.RESTORE)
    administrator = context.require(Permission.ADMINISTER)

    @routes.get(
        "/{filename}",
        operation_id="download_backup_file",
        summary="Download a backup as gzip-compressed SQL text",
        responses={
            200: {"content": {MEDIA_TYPE: {}}, "description": "The SQL text."},
            **problem_responses(BackupNotFound, RestoreError, *FAILURES),
        },
        response_class=StreamingResponse,
    )
    async def download_backup(filename: FileName, actor: Actor = restorer) -> StreamingResponse:
        """`gunzip -c FILE | psql NEW_DATABASE` restores it; owners and rights are left out."""
        backup = await context.run(_find, context, names, filename)
        return await sql_response(context, actor, backup, filename)

    @routes.delete(
        "/{filename}",
        operation_id="delete_backup_file",
        summary="Delete a backup",
        responses=problem_responses(BackupNotFound, *FAILURES),
    )
    async def delete_backup(filename: FileName, actor: Actor = administrator) -> Deleted:
        """What it occupied is freed by the next cleanup."""

        def delete() -> None:
            backup = _find(context, names, filename)
            with context.audited(actor, "backup.delete", object=backup.backup_id):
                context.service.delete_backup(backup.backup_id)

        await context.run(delete)
        return Deleted(message="Backup deleted", filename=filename)


def _stored(context: WebContext) -> list[BackupMetadata]:
    listed = context.engine.backups.list()
    return [context.engine.backups.get(each.backup_id) for each in listed]


def _find(context: WebContext, names: FileNames, filename: str) -> BackupMetadata:
    backup_id = names.backup_id(filename)
    if all(each.backup_id != backup_id for each in context.engine.backups.list()):
        raise BackupNotFound(
            f"There is no backup {filename}", hint="List the backups to see which there are."
        )
    return context.engine.backups.get(backup_id)


def _file(backup: BackupMetadata, names: FileNames) -> BackupFile:
    return BackupFile(
        filename=names.of(backup.backup_id),
        size_bytes=backup.compressed_size,
        created_at=backup.created_at,
        description=backup.description,
        status=backup.status.value,
        checksum=backup.checksum,
    )
