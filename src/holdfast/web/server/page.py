"""The page at `/`: one document, and the scripts and styles that it was built into.

It is built from `frontend/` and stands in the package; a checkout in which it is not built says how
to build it. Nothing of it comes from another host, and its addresses are relative, so that it works
below any path.
"""

from __future__ import annotations

import gzip
import mimetypes
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from holdfast.web.server.headers import content_policy

_NONCE_PLACE = 'name="csp-nonce" content="'
_FOREVER = "public, max-age=31536000, immutable"
"""Names of assets have a hash of their content in them."""
_WORTH_PACKING_BYTES = 1000


def page_routes() -> APIRouter:
    """Return the routes of the page; of its files only those that were built are known."""
    static = files("holdfast.web.server").joinpath("static")
    built = static.joinpath("built")
    document = built.joinpath("index.html")
    if not document.is_file():
        document, assets = static.joinpath("unbuilt.html"), {}
    else:
        # Kept as they are: a page that is built anew below a running server is served by the next.
        assets = {each.name: each.read_bytes() for each in built.joinpath("assets").iterdir()}
    return _routes(document.read_text("utf-8"), assets)


def _routes(document: str, assets: Mapping[str, bytes]) -> APIRouter:
    router = APIRouter(redirect_slashes=False)
    packed = cache(lambda name: gzip.compress(assets[name], mtime=0))
    # Text only: pictures are packed already.
    texts = {
        name
        for name, content in assets.items()
        if _is_text(name) and len(content) >= _WORTH_PACKING_BYTES
    }

    @router.get("/", include_in_schema=False)
    async def get_page() -> Response:
        nonce = secrets.token_urlsafe(16)
        return Response(
            document.replace(_NONCE_PLACE, f"{_NONCE_PLACE}{nonce}", 1),
            media_type="text/html; charset=utf-8",
            headers={
                "Cache-Control": "no-cache",
                "Content-Security-Policy": content_policy(style_nonce=nonce),
            },
        )

    @router.get("/assets/{name}", include_in_schema=False)
    def get_asset(name: str, request: Request) -> Response:
        if name not in assets:
            raise HTTPException(404)
        headers = {"Cache-Control": _FOREVER}
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if name in texts:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in request.headers.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                return Response(packed(name), media_type=media_type, headers=headers)
        return Response(assets[name], media_type=media_type, headers=headers)

    return router


class BelowPath:
    """Tells the application the path that a proxy puts it below.

    `/backup` itself is sent on to `/backup/`, where the page's relative addresses are right.

    Some proxies take the path away and some do not. Where it begins like a route of ours (`/api`),
    the first letters of a request do not tell which: the routes do.

    Args:
        routes: Those of the application.
    """

    def __init__(self, app: ASGIApp, path: str, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._path = path
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything else, with the path as the client sees it, as ASGI wants it."""
        if scope["type"] not in ("http", "websocket") or not self._path:
            await self._app(scope, receive, send)
        elif (inner := self._inner(scope)) is None:
            await RedirectResponse(f"{self._path}/", status_code=308)(scope, receive, send)
        else:
            below = {**scope, "root_path": self._path, "path": self._path + inner}
            await self._app(below, receive, send)

    def _inner(self, scope: Scope) -> str | None:
        """Return the path without what the proxy puts before it; None if it is that alone."""
        path: str = scope["path"]
        if path != self._path and not path.startswith(f"{self._path}/"):
            return path
        rest = path.removeprefix(self._path)
        if not self._is_route(scope, rest) and self._is_route(scope, path):
            return path
        return rest or None

    def _is_route(self, scope: Scope, path: str) -> bool:
        asked = {**scope, "root_path": "", "path": path}
        return any(each.matches(asked)[0] is not Match.NONE for each in self._routes)


def _is_text(name: str) -> bool:
    return name.endswith((".js", ".css", ".svg", ".json"))
