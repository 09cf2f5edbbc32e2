"""Idempotency keys: a POST that is sent twice with one key is done once.

What is remembered is what was done (JSON values), not the answer: so the second answer tells how
the job stands then. A request that was refused is not remembered, for it did nothing, and may be
sent again with the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, TypeAlias

import msgspec
from fastapi import Header, Request

from holdfast.errors import RequestInvalid
from holdfast.web.context import WebContext
from holdfast.web.permissions import Actor
from holdfast.web.problems import path_of

KEPT = timedelta(days=1)

Values: TypeAlias = dict[str, Any]

IdempotencyKey: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text that names this request: sent again with the same key, it is not"
        " done again, and with another body it is refused. Kept for a day.",
        examples=["0198c5a2-7f2e-7c3a-9d51-3f6f6a1c9b10"],
    ),
]


async def once(
    context: WebContext,
    request: Request,
    actor: Actor,
    key: str | None,
    work: Callable[[], Values],
    *,
    fingerprint: str = "",
) -> Values:
    """Do blocking work once for each key of an actor; return what it returned, also later.

    Args:
        fingerprint: Of what the body does not say, or of a body that is too large to be read
            before the work.

    Raises:
        IdempotencyConflict: The key was used with another request, or its request is under way.
        RequestInvalid: Nobody knows whose key it is.
    """
    if key is None:
        return await context.run(work)
    if not actor.named:
        # As a key of all who have no name, it would give one the answer of another.
        raise RequestInvalid(
            "An Idempotency-Key needs an actor with a name, and authentication gave none",
            hint="Send no key, or have the application's dependency return who it admits.",
        )
    body = b"" if fingerprint else await request.body()
    seen = hashlib.sha256()
    for each in (str(request.scope.get("query_string", b"")).encode(), fingerprint.encode(), body):
        seen.update(hashlib.sha256(each).digest())
    scope = (
        f"{context.plan} {actor.via}:{actor.name} {request.method} {path_of(request).rstrip('/')}"
    )
    return await context.run(_once, context, scope, key, seen.hexdigest(), work)


def _once(
    context: WebContext, scope: str, key: str, fingerprint: str, work: Callable[[], Values]
) -> Values:
    requests = context.engine.database.requests
    requests.expire(context.service.clock.now() - KEPT)
    stored = requests.begin(scope, key, fingerprint)
    if stored is not None:
        return msgspec.json.decode(stored.body, type=dict[str, Any])
    try:
        values = work()
    except BaseException:
        requests.forget(scope, key)
        raise
    requests.finish(scope, key, 200, msgspec.json.encode(values), {})
    return values
