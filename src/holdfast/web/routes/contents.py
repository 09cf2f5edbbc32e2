"""`GET /backups/{backup_id}/contents`: a look into a backup, one folder at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from holdfast.errors import BackupNotFound, PathNotInBackup, RepositoryDamaged, RequestInvalid
from holdfast.operations.contents import StoredEntry, sort_key
from holdfast.web.backups import find_backup
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.paging import Cursor, Limit, add_next_link, format_cursor, parse_cursor
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routes.downloads import BackupId
from holdfast.web.routing import Routes
from holdfast.web.schemas.contents import ContentsPage, content_shape


def contents_routes(context: WebContext) -> APIRouter:
    """Return the route that looks into a backup."""
    routes = Routes()

    @routes.get(
        "/backups/{backup_id}/contents",
        operation_id="list_backup_contents",
        summary="Look into a backup",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(
            BackupNotFound, PathNotInBackup, RepositoryDamaged, RequestInvalid, *FAILURES
        ),
    )
    async def list_backup_contents(
        backup_id: BackupId,
        request: Request,
        response: Response,
        path: Annotated[
            str,
            Query(
                max_length=16384,
                description="A folder in the backup; empty for the top.",
                examples=["files/media"],
            ),
        ] = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ContentsPage:
        """Names, sizes and times of one folder; content is downloaded or restored."""
        after = _position(parse_cursor(cursor, "folder", "name"))
        entries = await context.run(_folder, context, backup_id, path)
        left = [each for each in entries if after is None or sort_key(each) > after]
        shown = left[:limit]
        following = _cursor(shown) if len(left) > limit else None
        add_next_link(request, response, following)
        return ContentsPage(
            path="/".join(part for part in path.split("/") if part not in ("", ".")),
            total=len(entries),
            next_cursor=following,
            entries=[content_shape(each) for each in shown],
        )

    return routes


def _folder(context: WebContext, backup_id: str, path: str) -> list[StoredEntry]:
    find_backup(context, backup_id)
    return context.service.list_contents(backup_id, path)


def _cursor(shown: Sequence[StoredEntry]) -> str:
    is_no_folder, name = sort_key(shown[-1])
    return format_cursor({"folder": not is_no_folder, "name": name})


def _position(given: dict[str, Any] | None) -> tuple[bool, str] | None:
    if given is None:
        return None
    folder, name = given["folder"], given["name"]
    if not isinstance(folder, bool) or not isinstance(name, str):
        raise RequestInvalid(
            "The cursor is none that this list gave", hint="Begin without a cursor."
        )
    return not folder, name
