"""Requests that another site makes a browser send, with the cookies of who sits before it (R60).

A host may authenticate by cookie, and not every change of ours needs a body. What a browser sends
to another site without asking first (a form, or what looks like one) is refused here; for all else
it asks the host's own CORS rules by a preflight. Programs are not touched by this.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from holdfast.errors import OriginRefused

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ASKED_FIRST = ("authorization", "idempotency-key", "if-match", "prefer")
"""Headers that no page can send to another site without a preflight; ours, not all there are."""

_OF_FORMS = frozenset(
    {"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
)


def refuse_forged(request: Request) -> None:
    """Refuse a change that a page of another site may have had a browser send unasked.

    Raises:
        OriginRefused: It is from another site, and of a kind that no preflight guards.
    """
    if request.method in _SAFE or not _is_foreign(request) or _was_asked_first(request):
        return
    raise OriginRefused(
        "A page of another site asked for this change; nothing was done",
        hint="From a page of the application, send it as application/json.",
    )


def _is_foreign(request: Request) -> bool:
    """Whether the request is of another site's page; every browser since 2023 says so."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return False
    hosts = {request.headers.get(name, "").lower() for name in ("host", "x-forwarded-host")}
    return urlsplit(origin).netloc.lower() not in hosts - {""}  # "null" has no host either


def _was_asked_first(request: Request) -> bool:
    """Whether a browser had to ask whether it may send this (the CORS preflight)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        request.method != "POST"
        or kind not in _OF_FORMS
        or any(name in request.headers for name in _ASKED_FIRST)
    )
