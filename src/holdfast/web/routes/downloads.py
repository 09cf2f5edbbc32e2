"""Backups taken out as archives, or single files of them.

With the permission to, or by a link that was made with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from holdfast.errors import (
    ArchiveError,
    BackupNotFound,
    LinkExpired,
    PathNotInBackup,
    PreconditionFailed,
    RangeNotSatisfiable,
    RequestInvalid,
    TooManyRequests,
)
from holdfast.operations.download import Download, FileDownload
from holdfast.web.backups import find_backup
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.downloads import Downloads
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes, link
from holdfast.web.schemas.base import BACKUP_ID
from holdfast.web.schemas.transfers import TOKEN, FilePath, LinkShape, NewLink

BackupId = Annotated[str, Path(description="Id of the backup.", examples=[BACKUP_ID])]
Token = Annotated[str, Path(max_length=200, description="The link's secret.", examples=[TOKEN])]
OneFile = Annotated[
    FilePath | None,
    Query(
        description="Only this file of the backup, as it is: no archive.",
        examples=["files/media/7.jpg"],
    ),
]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"application/zip": _BINARY, "application/octet-stream": _BINARY}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "All of it; `Content-Length` is exact.", "content": _BODY},
    206: {"description": "The part that `Range` asks for.", "content": _BODY},
    304: {"description": "It is as `If-None-Match` says."},
}
_PROBLEMS = (
    ArchiveError,
    PathNotInBackup,
    PreconditionFailed,
    RangeNotSatisfiable,
    TooManyRequests,
    *FAILURES,
)


def download_routes(context: WebContext) -> APIRouter:
    """Return the routes that hand out backups."""
    routes, downloads = Routes(), Downloads()
    _add_downloads(routes, context, downloads)
    _add_links(routes, context)
    _add_linked(routes, context, downloads)
    return routes


def _add_downloads(routes: Routes, context: WebContext, downloads: Downloads) -> None:
    restorer = context.require(Permission.RESTORE)

    async def download_backup(
        backup_id: BackupId, request: Request, path: OneFile = None, actor: Actor = restorer
    ) -> Response:
        """A ZIP file that opens without Holdfast, made while it is taken: nothing is written.

        With `path` it is that one file, as bytes to be saved (`application/octet-stream`).

        A download that was broken off goes on with `Range` and `If-Range`; of an archive the
        server reads what stands before again, so that takes a while. It hands out the data, so
        it needs the permission to restore.
        """
        file = await context.run(_open, context, request, actor, backup_id, path)
        return await downloads.respond(request, file)

    _add(routes, "/backups/{backup_id}/download", download_backup, BackupNotFound)


def _add_linked(routes: Routes, context: WebContext, downloads: Downloads) -> None:
    async def follow_link(token: Token, request: Request, path: OneFile = None) -> Response:
        """What the download of a backup gives; the link is the permission.

        `path` is part of a link to one file, which opens nothing else.
        """
        file = await context.run(_follow, context, request, token, path)
        return await downloads.respond(request, file)

    follow_link.holdfast_public = "the secret in the path was made by who may restore"  # type: ignore[attr-defined]
    _add(routes, "/downloads/{token}", follow_link, LinkExpired)


def _add(routes: Routes, path: str, endpoint: Any, missing: type[Exception]) -> None:
    responses = {**_ANSWERS, **problem_responses(missing, *_PROBLEMS)}  # type: ignore[arg-type]
    name = endpoint.__name__
    for method, operation in (("GET", name), ("HEAD", f"{name}_head")):
        routes.add_api_route(
            path,
            endpoint,
            methods=[method],
            operation_id=operation,
            summary="Download a backup" if method == "GET" else "How long a download is",
            responses=responses,
            response_class=Response,
            response_model=None,
        )


def _add_links(routes: Routes, context: WebContext) -> None:
    restorer = context.require(Permission.RESTORE)

    @routes.post(
        "/backups/{backup_id}/download-link",
        operation_id="create_download_link",
        summary="Make a link that downloads a backup without headers",
        status_code=201,
        responses=problem_responses(BackupNotFound, RequestInvalid, *FAILURES),
    )
    async def create_download_link(
        backup_id: BackupId,
        wanted: NewLink,
        request: Request,
        response: Response,
        actor: Actor = restorer,
    ) -> LinkShape:
        """For pages and download managers. It is good for some minutes and any number of times.

        With `path` it is a link to that one file, and to nothing else of the backup.
        A restore makes all links invalid.
        """
        response.headers["Cache-Control"] = "no-store"
        expires_at = context.service.clock.now() + timedelta(minutes=wanted.minutes)

        def make() -> str:
            detail = _told(wanted.path)
            with context.audited(actor, "backup.link", object=backup_id, detail=detail):
                found = find_backup(context, backup_id).backup_id
                if wanted.path is not None:
                    context.service.open_file(found, wanted.path)
                links = context.engine.database.links
                links.expire()
                return links.make(context.plan, found, actor.name, expires_at, path=wanted.path)

        url = link(request, "downloads", await context.run(make))
        if wanted.path is not None:
            url += "?" + urlencode({"path": wanted.path}, quote_via=quote, safe="")
        return LinkShape(url=url, expires_at=expires_at)

    @routes.delete(
        "/backups/{backup_id}/download-link",
        operation_id="revoke_download_links",
        summary="Make all links to a backup invalid",
        status_code=204,
        response_class=Response,
        response_model=None,
        responses=problem_responses(*FAILURES),
    )
    async def revoke_download_links(backup_id: BackupId, actor: Actor = restorer) -> None:
        """Also where there is none, or the backup is gone."""

        def revoke() -> None:
            with context.audited(actor, "backup.unlink", object=backup_id) as noted:
                noted["links"] = context.engine.database.links.revoke(context.plan, backup_id)

        await context.run(revoke)


def _open(
    context: WebContext, request: Request, actor: Actor, backup_id: str, path: str | None
) -> Download | FileDownload:
    """Find the backup, or a file in it, and record who takes it; blocking."""
    detail = {
        "method": request.method,
        "range": request.headers.get("range", "")[:100],
        **_told(path),
    }
    with context.audited(actor, "backup.download", object=backup_id, detail=detail) as noted:
        found, service = find_backup(context, backup_id).backup_id, context.service
        file = service.open_download(found) if path is None else service.open_file(found, path)
        noted["size_bytes"] = file.size_bytes
        return file


def _follow(
    context: WebContext, request: Request, token: str, path: str | None
) -> Download | FileDownload:
    found = context.engine.database.links.resolve(token, path)
    if found.plan != context.plan:
        raise LinkExpired("This link has expired", hint="Ask for a new one.")
    address = request.client.host if request.client else None
    actor = Actor(name=found.actor or "", permissions=frozenset(), address=address, via="link")
    return _open(context, request, actor, found.backup_id, path)


def _told(path: str | None) -> dict[str, str]:
    return {} if path is None else {"path": path}
