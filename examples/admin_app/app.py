"""The application: tickets, users with roles, and the contract `admin` for administrators.

export DATABASE_URL=postgresql://desk:secret@127.0.0.1:5432/desk
export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
uvicorn --factory examples.admin_app.app:create_app
"""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.admin_app.models import Ticket, User, hashed, open_database
from holdfast import BackupConfig, BackupService
from holdfast.web.contracts import admin

_bearer = HTTPBearer(auto_error=False)


class NewTicket(BaseModel):
    """What is to be done."""

    title: str


def current_user(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> User:
    """Return whose token the request shows."""
    with Session(request.app.state.engine, expire_on_commit=False) as session:
        token = hashed(given.credentials) if given else ""
        user = session.scalar(select(User).where(User.token_hash == token))
    if user is None:
        raise HTTPException(401, "Show your token")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def require_admin(user: CurrentUser) -> User:
    """Admit administrators and nobody else."""
    if user.role != "admin":
        raise HTTPException(403, "Only administrators may do this")
    return user


def create_app() -> FastAPI:
    """Return the application, with an administrator who has the token `ADMIN_TOKEN`."""
    url = os.environ["DATABASE_URL"]
    engine = open_database(url)
    with Session(engine) as session, session.begin():
        for name, role, token in (
            ("root", "admin", os.environ["ADMIN_TOKEN"]),
            ("guest", "user", "guest-token"),
        ):
            if session.scalar(select(User).where(User.name == name)) is None:
                session.add(User(name=name, role=role, token_hash=hashed(token)))

    app = FastAPI(title="Ticket desk")
    app.state.engine = engine
    service = BackupService(
        url,
        os.environ.get("BACKUP_DIR", "./backups"),
        os.environ["BACKUP_ENCRYPTION_PASSWORD"],
        app="desk",
    )
    schedule = BackupConfig(schedule="0 2 * * *", retention_days=30, max_backups=0)
    app.include_router(admin(service, auth=require_admin, schedule=schedule))

    @app.post("/tickets", status_code=201)
    def add_ticket(ticket: NewTicket, user: CurrentUser) -> dict[str, int]:
        """Add something to be done."""
        with Session(engine) as session, session.begin():
            added = Ticket(title=ticket.title, owner_id=user.id)
            session.add(added)
            session.flush()
            return {"id": added.id}

    @app.get("/tickets")
    def list_tickets(_user: CurrentUser) -> list[str]:
        """Return what is to be done."""
        with Session(engine) as session:
            return list(session.scalars(select(Ticket.title).order_by(Ticket.id)))

    return app
