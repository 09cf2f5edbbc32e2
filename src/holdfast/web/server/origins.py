"""Changes are made from our own pages or from no page at all (cross-site request forgery)."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from holdfast.errors import OriginRefused, RequestRefused
from holdfast.web.problems import problem_response

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_FORMS = ("application/x-www-form-urlencoded", "text/plain")
_UPLOAD = "multipart/form-data"


class OriginGuard:
    """Refuses what another site made a browser send.

    Every browser since 2023 says where a request comes from (`Sec-Fetch-Site`), and all send
    `Origin` with a POST. A program sends neither, and has no cookies that another site could use.
    Forms can send only three kinds of content: two are of no use here and refused, the third is for
    uploads and needs the proof that it comes from our page or from a program with a token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not forged."""
        refusal = None
        if scope["type"] == "http" and scope["method"] not in _SAFE:
            refusal = _refusal(Request(scope))
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(refusal, Request(scope))(scope, receive, send)


def _refusal(request: Request) -> RequestRefused | None:
    proven = _is_same_origin(request)
    if proven is False:
        return OriginRefused(
            "A page of another site asked for this change; it was not made",
            hint="Use the page of this server, or an API token.",
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _OF_FORMS or (kind == _UPLOAD and not proven and _uses_cookie(request)):
        return OriginRefused(
            f"Content of the type {kind} is what a form of any site can send; it was not read",
            hint="Send JSON (Content-Type: application/json).",
        )
    return None


def _is_same_origin(request: Request) -> bool | None:
    """Say whether the request is from our own page; None where it is from no page."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return None
    # A proxy may have ended HTTPS, so the scheme is not compared; Host is one of ours.
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _uses_cookie(request: Request) -> bool:
    return "authorization" not in request.headers
