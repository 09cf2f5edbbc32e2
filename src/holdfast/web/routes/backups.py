"""The backups: listed, looked at, made, described, proven, deleted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from holdfast.errors import (
    BackupBusy,
    BackupNotFound,
    BackupTooNew,
    IdempotencyConflict,
    JobNotFound,
    ObjectNotFound,
    PreconditionFailed,
    RepositoryDamaged,
    RepositoryNotFound,
    RequestInvalid,
    RetentionError,
    UsageError,
)
from holdfast.models.backup import BackupMetadata, BackupStats, BackupType
from holdfast.models.job import JobKind
from holdfast.models.manifest import TABLE_KIND
from holdfast.operations.choice import roots_of
from holdfast.web.backups import all_listed, find_backup, find_listed
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.idempotency import IdempotencyKey, once
from holdfast.web.job_answers import BACKUP_RESPONSES, JOB_RESPONSES, Prefer, answer_job
from holdfast.web.listing import BackupFilter, BackupOrder, ListedBackup, chosen, page
from holdfast.web.paging import Cursor, Limit, add_next_link, format_cursor, parse_cursor
from holdfast.web.permissions import Actor, Permission
from holdfast.web.preconditions import IfMatch, etag_of_backup, require_match
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.backups import (
    BackupChange,
    BackupPage,
    BackupShape,
    BackupState,
    HeldShape,
    NewBackup,
    StatsShape,
    backup_shape,
    stats_shape,
    unstored_shape,
)
from holdfast.web.schemas.base import BACKUP_ID
from holdfast.web.threads import Threads

_log = logging.getLogger("holdfast.web")

_stats_threads = Threads("stats-threads", 4)
"""What backups share is known by reading their directories: no other request waits for that."""

BackupId = Annotated[str, Path(description="Id of the backup.", examples=[BACKUP_ID])]

NO_BACKUPS = BackupStats(
    total_backups=0,
    total_size=0,
    stored_size=0,
    average_size=0,
    verified_backups=0,
    failed_backups=0,
    compression_ratio=1.0,
    dedup_ratio=1.0,
    oldest=None,
    newest=None,
    unused_size=0,
)
"""What there is before the first backup makes the repository."""

_ETAG = {
    "ETag": {
        "schema": {"type": "string"},
        "description": "Send it as `If-Match` with a change.",
    }
}


def backup_routes(context: WebContext) -> APIRouter:
    """Return the routes of the backups themselves."""
    routes = Routes()
    _add_lists(routes, context)
    _add_making(routes, context)
    _add_one(routes, context)
    _add_editing(routes, context)
    _add_proving(routes, context)
    return routes


def _add_lists(routes: Routes, context: WebContext) -> None:
    @routes.get(
        "/backups",
        operation_id="list_backups",
        summary="List the backups",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(RequestInvalid, *FAILURES),
    )
    async def list_backups(
        request: Request,
        response: Response,
        status: Annotated[
            list[BackupState] | None, Query(description="Only those in one of these states.")
        ] = None,
        type: Annotated[  # noqa: A002 - the name of the parameter
            list[BackupType] | None, Query(description="Only those of one of these types.")
        ] = None,
        tag: Annotated[
            list[str] | None, Query(description="Only those that carry all of these tags.")
        ] = None,
        text: Annotated[
            str, Query(max_length=200, description="Somewhere in id, description or tags.")
        ] = "",
        since: Annotated[
            AwareDatetime | None, Query(alias="from", description="Taken then or later.")
        ] = None,
        until: Annotated[
            AwareDatetime | None, Query(alias="to", description="Taken before then.")
        ] = None,
        sort: Annotated[
            BackupOrder, Query(description="By what; `-` is the greatest first.")
        ] = BackupOrder.NEWEST,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> BackupPage:
        """Backups that are being made or that failed are listed too, by the id of their job.

        Pages stay right while backups are added: nothing is shown twice or left out.
        """
        after = parse_cursor(cursor, "order", "value", "id")
        wanted = BackupFilter(
            states=frozenset(status or ()),
            types=frozenset(type or ()),
            tags=frozenset(tag or ()),
            text=text,
            since=since,
            until=until,
        )
        found = chosen(await context.run(all_listed, context), wanted)
        shown, ended = page(found, sort, after, limit)
        following = format_cursor(ended) if ended else None
        add_next_link(request, response, following)
        return BackupPage(
            total=len(found),
            next_cursor=following,
            backups=[_shape(each, request) for each in shown],
        )

    @routes.get(
        "/backups/stats",
        operation_id="get_backup_stats",
        summary="The repository in numbers",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def get_backup_stats() -> StatsShape:
        """How many backups there are, how many are proven, and what they occupy."""
        return stats_shape(await _stats_threads.run(_stats, context))


def _add_making(routes: Routes, context: WebContext) -> None:
    operator = context.require(Permission.RUN)

    @routes.post(
        "/backups",
        operation_id="create_backup",
        summary="Make a backup",
        status_code=202,
        responses={
            **BACKUP_RESPONSES,
            **problem_responses(RequestInvalid, IdempotencyConflict, *FAILURES),
        },
        response_model=None,
    )
    async def create_backup(
        request: Request,
        wanted: NewBackup | None = None,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = operator,
    ) -> Response:
        """The backup is made by a job, which is answered; the first one makes the repository."""
        params = (wanted or NewBackup()).model_dump(mode="json")
        _require_sources(context, params["sources"])
        job = await _start(context, request, actor, key, JobKind.BACKUP, params)
        return await answer_job(context, request, job, prefer)


def _add_one(routes: Routes, context: WebContext) -> None:
    @routes.get(
        "/backups/{backup_id}",
        operation_id="get_backup",
        summary="Look at a backup",
        dependencies=[context.require(Permission.READ)],
        responses={
            200: {"headers": _ETAG},
            **problem_responses(BackupNotFound, JobNotFound, *FAILURES),
        },
    )
    async def get_backup(backup_id: BackupId, request: Request, response: Response) -> BackupShape:
        """By its id, or by that of the job that makes it or failed to."""
        found = await context.run(find_listed, context, backup_id)
        if isinstance(found, BackupMetadata):
            response.headers["ETag"] = etag_of_backup(found)
            held = await context.run(_held, context, found.backup_id)
            return backup_shape(found, request, held)
        return unstored_shape(found, request)


def _add_editing(routes: Routes, context: WebContext) -> None:
    operator = context.require(Permission.RUN)
    administrator = context.require(Permission.ADMINISTER)

    @routes.patch(
        "/backups/{backup_id}",
        operation_id="update_backup",
        summary="Change description, tags or whether it is kept",
        responses={
            200: {"headers": _ETAG},
            **problem_responses(BackupNotFound, PreconditionFailed, RequestInvalid, *FAILURES),
        },
    )
    async def update_backup(
        backup_id: BackupId,
        change: BackupChange,
        request: Request,
        response: Response,
        if_match: IfMatch = None,
        actor: Actor = operator,
    ) -> BackupShape:
        """What is left out stays. To keep a backup, or no longer, needs `administer`.

        So does a tag by which the plan's retention or that of its schedule keeps backups.
        """
        if await context.run(_changes_keeping, context, backup_id, change):
            actor = await context.guards.ask(Permission.ADMINISTER, request)
        changed = await context.run(_update, context, actor, backup_id, change, if_match)
        response.headers["ETag"] = etag_of_backup(changed)
        return backup_shape(changed, request)

    @routes.delete(
        "/backups/{backup_id}",
        operation_id="delete_backup",
        summary="Delete a backup",
        status_code=204,
        responses=problem_responses(
            BackupNotFound, RetentionError, PreconditionFailed, BackupBusy, *FAILURES
        ),
    )
    async def delete_backup(
        backup_id: BackupId, if_match: IfMatch = None, actor: Actor = administrator
    ) -> None:
        """What it occupied is freed by the next cleanup. One that is to be kept is refused."""
        await context.run(_delete, context, actor, backup_id, if_match)


def _add_proving(routes: Routes, context: WebContext) -> None:
    operator = context.require(Permission.RUN)
    responses = {
        **JOB_RESPONSES,
        **problem_responses(BackupNotFound, IdempotencyConflict, *FAILURES),
    }

    @routes.post(
        "/backups/{backup_id}/verify",
        operation_id="verify_backup",
        summary="Prove that a backup is intact",
        status_code=202,
        responses=responses,
        response_model=None,
    )
    async def verify_backup(
        backup_id: BackupId,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = operator,
    ) -> Response:
        """A job reads and checks everything that is stored of it; `result` says what it found."""
        await context.run(find_backup, context, backup_id)
        params = {"backup_id": backup_id}
        job = await _start(context, request, actor, key, JobKind.VERIFY, params)
        return await answer_job(context, request, job, prefer)

    @routes.post(
        "/backups/{backup_id}/drill",
        operation_id="drill_backup",
        summary="Prove that a backup restores",
        status_code=202,
        responses=responses,
        response_model=None,
    )
    async def drill_backup(
        backup_id: BackupId,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = operator,
    ) -> Response:
        """A job restores it in a scratch place, with all checks; live data are not touched."""
        await context.run(find_backup, context, backup_id)
        params = {"backup_id": backup_id}
        job = await _start(context, request, actor, key, JobKind.DRILL, params)
        return await answer_job(context, request, job, prefer)


def _stats(context: WebContext) -> BackupStats:
    try:
        return context.engine.backups.stats()
    except RepositoryNotFound:
        return NO_BACKUPS


async def _start(
    context: WebContext,
    request: Request,
    actor: Actor,
    key: str | None,
    kind: JobKind,
    params: dict[str, Any],
) -> str:
    done = await once(context, request, actor, key, lambda: submit(context, actor, kind, params))
    return str(done["job_id"])


def submit(
    context: WebContext, actor: Actor, kind: JobKind, params: dict[str, Any]
) -> dict[str, Any]:
    """Ask for a job and record who did; blocking. Returns what `once` remembers."""
    with context.audited(actor, f"{kind.value}.start", object=params.get("backup_id")) as noted:
        job = context.engine.submit(kind, params, actor=actor.name)
        noted["job_id"] = job.id
    return {"job_id": job.id}


def _require_sources(context: WebContext, names: Sequence[str]) -> None:
    try:
        roots_of(context.service.plan, names)
    except UsageError as error:
        raise RequestInvalid(error.message, hint=error.hint) from error


def _held(context: WebContext, backup_id: str) -> list[HeldShape] | None:
    """Return what a backup holds; None where its manifest cannot be read."""
    try:
        manifest = context.service.backup_manifest(backup_id)
    except (RepositoryDamaged, BackupTooNew, ObjectNotFound) as error:
        _log.warning("What %s holds is not known: %s", backup_id, error)
        return None
    contents: dict[str, Any] = manifest["contents"]
    return [
        HeldShape(root=root, kind=each["kind"], size_bytes=each["size"], count=each.get("count", 0))
        for root, each in contents.items()
        if each["kind"] != TABLE_KIND
    ]


def _changes_keeping(context: WebContext, backup_id: str, change: BackupChange) -> bool:
    """Return whether a change says that a backup stays whatever its age, or no longer."""
    if "keep" in change.model_fields_set:
        return True
    if change.tags is None:
        return False
    planned, scheduled = context.service.retention, context.engine.schedule().retention
    keeping = {*(planned.keep_tags if planned else ()), *scheduled.get("keep_tags", ())}
    if not keeping:
        return False
    return bool(keeping & (set(find_backup(context, backup_id).tags) ^ set(change.tags)))


def _update(
    context: WebContext,
    actor: Actor,
    backup_id: str,
    change: BackupChange,
    if_match: str | None,
) -> BackupMetadata:
    given = change.model_dump(include=change.model_fields_set)
    if "description" in given:
        given["description"] = given["description"] or ""
    with context.audited(actor, "backup.update", object=backup_id, detail=given):
        expected = _expected(context, backup_id, if_match)
        return context.service.update_backup(backup_id, expected_snapshot_id=expected, **given)


def _delete(context: WebContext, actor: Actor, backup_id: str, if_match: str | None) -> None:
    with context.audited(actor, "backup.delete", object=backup_id):
        expected = _expected(context, backup_id, if_match)
        if not context.service.delete_backup(backup_id, expected_snapshot_id=expected):
            raise BackupNotFound(f"There is no backup {backup_id}")


def _expected(context: WebContext, backup_id: str, if_match: str | None) -> str | None:
    """Return the snapshot that a change was decided on, which is checked again under a lock."""
    found = find_backup(context, backup_id)
    require_match(if_match, etag_of_backup(found), backup_id)
    return found.snapshot_id if if_match and if_match.strip() != "*" else None


def _shape(each: ListedBackup, request: Request) -> BackupShape:
    if each.backup is not None:
        return backup_shape(each.backup, request)
    assert each.job is not None
    return unstored_shape(each.job, request)
