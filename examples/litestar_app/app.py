"""The guest book on Litestar.

export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
uvicorn --factory examples.litestar_app.app:create_app
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

from examples.guest_book import GuestBook
from holdfast import HoldfastError


def require_admin(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let administrators pass and nobody else."""
    book: GuestBook = connection.app.state.book
    if not book.admits(connection.headers.get("Authorization")):
        raise NotAuthorizedException("Show the token of the administrators")


# Each blocks for a moment, so Litestar is told to run it in a thread.
@get("/guests", sync_to_thread=True)
def guests(state: State) -> list[str]:
    """Return all names."""
    book: GuestBook = state.book
    return book.names()


@post("/guests", sync_to_thread=True)
def sign(state: State, data: dict[str, str]) -> dict[str, str]:
    """Write a name down."""
    state.book.sign(data["name"])
    return data


@post("/admin/backups", guards=[require_admin], status_code=202, sync_to_thread=True)
def back_up(state: State) -> dict[str, Any]:
    """Ask for a backup."""
    book: GuestBook = state.book
    return book.back_up("admin")


@post(
    "/admin/backups/{backup_id:str}/restore",
    guards=[require_admin],
    status_code=202,
    sync_to_thread=True,
)
def restore(state: State, backup_id: str) -> dict[str, Any]:
    """Ask for a restore."""
    book: GuestBook = state.book
    return book.restore(backup_id, "admin")


@get("/admin/jobs/{job_id:str}", guards=[require_admin], sync_to_thread=True)
def job(state: State, job_id: str) -> dict[str, Any]:
    """Return how a job stands."""
    book: GuestBook = state.book
    return book.job(job_id)


def failed(_: Request[Any, Any, Any], error: HoldfastError) -> Response[dict[str, str | None]]:
    """Answer an error of Holdfast."""
    return Response({"detail": error.message, "hint": error.hint}, status_code=error.http_status)


def create_app() -> Litestar:
    """Return the application."""
    return Litestar(
        [guests, sign, back_up, restore, job],
        state=State({"book": GuestBook()}),
        exception_handlers={HoldfastError: failed},
    )
