"""Pages by cursor: a list that grows meanwhile shows nothing twice and leaves nothing out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlencode

import msgspec
from fastapi import Query, Request, Response

from holdfast.errors import RequestInvalid
from holdfast.web.problems import path_of

MAX_LIMIT = 200

Limit: TypeAlias = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description="How many to return at most.", examples=[50])
]
CURSOR = "`next_cursor` of the page before. Give the same filters and order with it."

Cursor: TypeAlias = Annotated[str | None, Query(max_length=1000, description=CURSOR)]


def format_cursor(position: Mapping[str, Any]) -> str:
    """Return where a page ended, as a text whose content is nobody's business."""
    packed = base64.urlsafe_b64encode(msgspec.json.encode(position))
    return packed.decode("ascii").rstrip("=")


def parse_cursor(cursor: str | None, *names: str) -> dict[str, Any] | None:
    """Return where a page ended, with a value for each name.

    Raises:
        RequestInvalid: It is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise _foreign() from error
    if not isinstance(position, dict) or set(position) != set(names):
        raise _foreign()
    return position


def _foreign() -> RequestInvalid:
    return RequestInvalid(
        "The cursor is none that this list gave",
        hint="Begin without a cursor, with the same filters and order.",
    )


def add_next_link(request: Request, response: Response, cursor: str | None) -> None:
    """Say in a header too where the next page is (RFC 8288)."""
    if cursor is None:
        return
    query = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    target = f"{path_of(request)}?{urlencode([*query, ('cursor', cursor)])}"
    response.headers["Link"] = f'<{target}>; rel="next"'
