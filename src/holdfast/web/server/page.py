"""The page at `/`: set-up, login and how the backups stand. It asks nothing of other hosts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter, Response

_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}


def page_routes() -> APIRouter:
    """Return the routes of the page's files: known names only, read when the server starts."""
    router = APIRouter()
    for path, (name, media_type) in _FILES.items():
        content = files("holdfast.web.server").joinpath("static", name).read_bytes()
        router.add_api_route(
            f"/{path}", _giving(content, media_type), methods=["GET"], include_in_schema=False
        )
    return router


def _giving(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def get_file() -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return get_file
