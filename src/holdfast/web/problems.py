"""Errors as problems (RFC 9457): mapped once, from `HoldfastError`, inside our own routes only.

A host's exception handlers, its 404s and what its authentication raises are left as they are.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from holdfast.errors import (
    HoldfastError,
    NotAuthenticated,
    PermissionDenied,
    RequestInvalid,
    TooManyRequests,
    UploadTooLarge,
)
from holdfast.web.forgery import refuse_forged

_log = logging.getLogger("holdfast.web")

MEDIA_TYPE = "application/problem+json"
MAX_BODY_BYTES = 1024 * 1024
"""Of a request that is no upload: descriptions, tags and schedules are far smaller [bytes]."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FieldProblem(BaseModel):
    """One thing that is wrong with a parameter or with the body of a request."""

    location: list[str | int] = Field(
        description="Where it is: `body`, `query`, `path` or `header`, then the names within.",
        examples=[["body", "tags", 0]],
    )
    message: str = Field(
        description="What is wrong with it.", examples=["Input should be a valid string"]
    )


class HoldfastProblem(BaseModel):
    """Why a request was not served (RFC 9457)."""

    # The name is referred to in descriptions, so it must be one that no host has.

    type: str = Field(
        description="Names the kind of problem: `errors/` and its code.",
        examples=["errors/backup-not-found"],
    )
    title: str = Field(
        description="What a problem of this kind means, in one sentence.",
        examples=["No backup has the given id."],
    )
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What happened, and to what.",
        examples=["There is no backup backup_20260101_020000"],
    )
    code: str = Field(
        description="Stable name of the kind of problem, for programs.",
        examples=["backup-not-found"],
    )
    hint: str | None = Field(
        default=None,
        description="What to do about it.",
        examples=["`GET /backups` lists the backups there are."],
    )
    instance: str | None = Field(
        default=None,
        description="Path of the request.",
        examples=["/api/backups/backups/backup_20260101_020000"],
    )
    errors: list[FieldProblem] | None = Field(
        default=None, description="What is wrong with each parameter, where that is the problem."
    )


def problem_of(
    error: HoldfastError, path: str | None = None, errors: Sequence[FieldProblem] | None = None
) -> HoldfastProblem:
    """Describe an error; no stack and nothing that its message does not say."""
    return HoldfastProblem(
        type=f"errors/{error.code}",
        title=title_of(type(error)),
        status=error.http_status,
        detail=error.message,
        code=error.code,
        hint=error.hint,
        instance=path,
        errors=list(errors) if errors else None,
    )


def problem_response(
    error: HoldfastError, request: Request, errors: Sequence[FieldProblem] | None = None
) -> Response:
    """Answer a request with an error."""
    problem = problem_of(error, path_of(request), errors)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=error.http_status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def path_of(request: Request) -> str:
    """Return the path that was asked for, as the client sees it.

    Not from `request.url`, which is put together with the Host header that the client sent.
    """
    root, path = str(request.scope.get("root_path", "")), str(request.scope["path"])
    return path if path.startswith(root) else root + path


def title_of(error: type[HoldfastError]) -> str:
    """Return what errors of a class mean, in one sentence."""
    return (error.__doc__ or "").partition("\n")[0]


class ProblemRoute(APIRoute):
    """A route that answers with a problem where Holdfast refuses or fails.

    Exceptions of the host's dependencies pass; those of our endpoints do not, for they would
    be a fault of ours whose text could tell too much. What another site may have forged is
    refused before anybody is asked who they are.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, _guarded(endpoint), **options)

    def get_route_handler(self) -> Handler:
        """Return the handler of FastAPI, with errors answered and the body limited."""
        handler = super().get_route_handler()
        unlimited = getattr(self.endpoint, "holdfast_unlimited", False)

        async def handle(request: Request) -> Response:
            try:
                refuse_forged(request)
                response = await handler(request if unlimited else _limited(request))
            except RequestValidationError as error:
                return _invalid(error, request)
            except _TooLong:
                return problem_response(
                    UploadTooLarge(
                        f"The body of this request may have {MAX_BODY_BYTES} bytes at most"
                    ),
                    request,
                )
            except HTTPException as error:
                if not _is_unreadable(error):
                    raise  # the host's
                refusal = RequestInvalid("The body of the request is not JSON in UTF-8")
                return problem_response(refusal, request)
            except HoldfastError as error:
                return problem_response(error, request)
            # What backups there are is nobody's business but of who asked.
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return handle


def unlimited(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an endpoint that reads the body itself, and sees to its size."""
    endpoint.holdfast_unlimited = True  # type: ignore[attr-defined]
    return endpoint


def _guarded(endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Let no exception out of an endpoint but those that are answered."""
    if getattr(endpoint, "holdfast_guarded", False):
        return endpoint
    if not inspect.iscoroutinefunction(endpoint):
        raise TypeError(f"{endpoint!r} must be async: it runs blocking work by context.run")

    @functools.wraps(endpoint)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return await endpoint(*args, **kwargs)
        except (HoldfastError, HTTPException):
            raise
        except Exception as error:
            _log.exception("A request to %s failed", getattr(endpoint, "__name__", endpoint))
            raise HoldfastError(
                "The request could not be served, for a reason that nobody foresaw",
                hint="The log of the server says more.",
            ) from error

    guarded.holdfast_guarded = True  # type: ignore[attr-defined]
    return guarded


def _limited(request: Request) -> Request:
    """Return the request, of which no more than a small body can be read."""
    received = 0

    async def receive() -> Any:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise _TooLong
        return message

    return Request(request.scope, receive, request._send)  # noqa: SLF001


class _TooLong(HTTPException):
    """FastAPI passes on no other exception that comes out of reading a body."""

    def __init__(self) -> None:
        super().__init__(UploadTooLarge.http_status)


def _is_unreadable(error: HTTPException) -> bool:
    """Whether FastAPI could not read a body: not UTF-8, or nested without end."""
    return error.status_code == 400 and error.detail == "There was an error parsing the body"


def _invalid(error: RequestValidationError, request: Request) -> Response:
    found = [
        FieldProblem(location=list(each.get("loc", ())), message=str(each.get("msg", "")))
        for each in error.errors()
    ]
    said = "; ".join(f"{'.'.join(map(str, each.location))}: {each.message}" for each in found[:3])
    refusal = RequestInvalid(
        f"The request is not as the interface describes it: {said}",
        hint="See `errors`, and the description of the interface.",
    )
    return problem_response(refusal, request, found)


def problem_responses(*errors: type[HoldfastError]) -> dict[int | str, dict[str, Any]]:
    """Return what an operation's description says of the problems it may answer with."""
    by_status: dict[int, list[type[HoldfastError]]] = {}
    for error in dict.fromkeys(errors):
        by_status.setdefault(error.http_status, []).append(error)
    return {status: _described(found) for status, found in sorted(by_status.items())}


def _described(errors: Sequence[type[HoldfastError]]) -> dict[str, Any]:
    ref = {"schema": {"$ref": "#/components/schemas/HoldfastProblem"}}
    content: dict[str, Any] = {MEDIA_TYPE: ref}
    if any(each in (NotAuthenticated, PermissionDenied) for each in errors):
        # The authentication is the host's, and so is what it says.
        content["application/json"] = {"schema": {}}
    return {
        "description": " ".join(f"`{each.code}`: {title_of(each)}" for each in errors),
        "content": content,
    }
