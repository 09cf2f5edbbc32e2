"""The application: notes in PostgreSQL, and the contract `files` for its administrators.

    export DATABASE_URL=postgresql://notes:secret@127.0.0.1:5432/notes
    export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
    uvicorn --factory examples.files_app.app:create_app

What else it goes by is read as everywhere in Holdfast: `BACKUP_DIR`, `BACKUP_SCHEDULE`,
`BACKUP_RETENTION_DAYS`, `BACKUP_ENABLED`.
"""

from __future__ import annotations

import os
import secrets
from typing import Annotated

import psycopg
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from holdfast import BackupConfig, BackupService
from holdfast.config import load_configuration, read_password
from holdfast.web.contracts import files

_bearer = HTTPBearer(auto_error=False)


class NewNote(BaseModel):
    """What somebody wrote down."""

    text: str


def require_admin(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Admit whoever shows the administrators' token; an application has users instead."""
    expected = os.environ["ADMIN_TOKEN"]
    if given is None or not secrets.compare_digest(given.credentials, expected):
        raise HTTPException(401, "Show the token of the administrators")
    return "admin"


def create_app() -> FastAPI:
    """Return the application; the table is made when it is not there."""
    settings = load_configuration().settings
    url = settings.database_url
    if url is None:
        raise SystemExit("Set DATABASE_URL to the PostgreSQL database of the notes.")
    with psycopg.connect(url) as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)"
        )
    password = settings.encryption.password
    service = BackupService(
        url,
        settings.repository,
        read_password(password) if password else None,
        app="notes",
    )
    schedule = BackupConfig(
        enabled=settings.schedule.enabled,
        schedule=settings.schedule.cron,
        timezone=settings.schedule.timezone,
        retention_days=settings.retention.retention_days or 30,
        max_backups=settings.retention.max_backups,
    )
    app = FastAPI(title="Notes")
    app.include_router(files(service, auth=require_admin, schedule=schedule))

    @app.post("/notes", status_code=201)
    def add_note(note: NewNote) -> dict[str, int]:
        """Write something down."""
        with psycopg.connect(url) as database:
            added = database.execute(
                "INSERT INTO notes (text) VALUES (%s) RETURNING id", (note.text,)
            ).fetchone()
        assert added is not None
        return {"id": added[0]}

    @app.get("/notes")
    def list_notes() -> list[str]:
        """Return all that was written down."""
        with psycopg.connect(url) as database:
            return [row[0] for row in database.execute("SELECT text FROM notes ORDER BY id")]

    return app
