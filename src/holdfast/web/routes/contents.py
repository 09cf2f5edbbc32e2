"""`GET /backups/{backup_id}/contents`: a look into a backup, and a search through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from holdfast.errors import BackupNotFound, PathNotInBackup, RepositoryDamaged, RequestInvalid
from holdfast.operations.contents import SearchResult, StoredEntry, sort_key
from holdfast.web.backups import find_backup
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.paging import CURSOR, Limit, add_next_link, format_cursor, parse_cursor
from holdfast.web.permissions import Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routes.downloads import BackupId
from holdfast.web.routing import Routes
from holdfast.web.schemas.contents import ContentsPage, content_shape
from holdfast.web.threads import Threads

_SEARCHES = Threads("search-threads", 2)
"""Each may take a second of the processor: nothing but another search waits for it."""


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
        search: Annotated[
            str,
            Query(
                max_length=1000,
                description="Find what holds this in its path, however capitalised, in the folder"
                " and in all folders below. It must reach into the name: what lies in a folder"
                " that is found is not found for that.",
                examples=["invoice"],
            ),
        ] = "",
        limit: Limit = 50,
        cursor: Annotated[str | None, Query(max_length=16384, description=CURSOR)] = None,
    ) -> ContentsPage:
        """Names, sizes and times of one folder; content is downloaded or restored.

        With `search` it is what was found below the folder. One answer looks at 50,000 entries
        at most, and says so with `cut_short`.
        """
        if search:
            page = await _SEARCHES.run(_found, context, backup_id, path, search, limit, cursor)
        else:
            page = await context.run(_folder, context, backup_id, path, limit, cursor)
        add_next_link(request, response, page.next_cursor)
        return page

    return routes


def _folder(
    context: WebContext, backup_id: str, path: str, limit: int, cursor: str | None
) -> ContentsPage:
    """Return a page of what is in a folder; blocking."""
    after = _position(parse_cursor(cursor, "folder", "name"))
    find_backup(context, backup_id)
    entries = context.service.list_contents(backup_id, path)
    left = [each for each in entries if after is None or sort_key(each) > after]
    shown = left[:limit]
    return ContentsPage(
        path=_plain(path),
        entries=[content_shape(each) for each in shown],
        total=len(entries),
        next_cursor=_cursor(shown) if len(left) > limit else None,
        visited=None,
        cut_short=False,
    )


def _found(
    context: WebContext, backup_id: str, path: str, text: str, limit: int, cursor: str | None
) -> ContentsPage:
    """Return a page of what is found below a folder; blocking."""
    after = _after(cursor)
    find_backup(context, backup_id)
    found = context.service.search_contents(backup_id, text, path, after=after, limit=limit)
    return ContentsPage(
        path=_plain(path),
        entries=[content_shape(each) for each in found.entries],
        total=None,
        next_cursor=_search_cursor(found),
        visited=found.visited,
        cut_short=found.cut_short,
    )


def _plain(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _search_cursor(found: SearchResult) -> str | None:
    if found.after is None:
        return None
    # A name may hold what is no text; its bytes, each as a character, are.
    return format_cursor({"after": found.after.encode("utf-8", "surrogatepass").decode("latin-1")})


def _after(cursor: str | None) -> str:
    given = parse_cursor(cursor, "after")
    if given is None:
        return ""
    after = given["after"]
    if not isinstance(after, str):
        raise _foreign()
    try:
        return after.encode("latin-1").decode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise _foreign() from error


def _cursor(shown: Sequence[StoredEntry]) -> str:
    is_no_folder, name = sort_key(shown[-1])
    return format_cursor({"folder": not is_no_folder, "name": name})


def _position(given: dict[str, Any] | None) -> tuple[bool, str] | None:
    if given is None:
        return None
    folder, name = given["folder"], given["name"]
    if not isinstance(folder, bool) or not isinstance(name, str):
        raise _foreign()
    return not folder, name


def _foreign() -> RequestInvalid:
    return RequestInvalid("The cursor is none that this list gave", hint="Begin without a cursor.")
