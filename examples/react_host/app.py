"""The guest book with a React page: `holdfast-react` brings the section for its settings.

    (cd frontend && npm pack --pack-destination ../examples/react_host)
    (cd examples/react_host && npm install && npm run build)
    export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
    uvicorn --factory examples.react_host.app:create_app

Its data lie in the directory GUEST_BOOK, or in the working directory; the page that was built in
PAGE, or in `examples/react_host/dist`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from examples.guest_book import GuestBook

_bearer = HTTPBearer(auto_error=False)


class Guest(BaseModel):
    """Somebody who was here."""

    name: str


def create_app() -> FastAPI:
    """Return the application."""
    book = GuestBook()
    app = FastAPI(title="Guest book")

    def require_admin(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> str:
        if given is None or not book.admits(f"Bearer {given.credentials}"):
            raise HTTPException(401, "Show the token of the administrators")
        return "admin"

    app.include_router(book.backups.router(auth=require_admin), prefix="/api/backups")

    @app.get("/api/guests")
    def guests() -> list[str]:
        """Return who was here."""
        return book.names()

    @app.post("/api/guests", status_code=201)
    def sign(guest: Guest) -> None:
        """Write a name down."""
        book.sign(guest.name)

    page = os.environ.get("PAGE", Path(__file__).parent / "dist")
    app.mount("/", StaticFiles(directory=page, html=True))
    return app
