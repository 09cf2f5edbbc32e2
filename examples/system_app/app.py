"""The application: a camera, its events, and the contract `system` for its administrators.

export DATA_DIR=./data BACKUP_DIR=./backups
export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
uvicorn --factory examples.system_app.app:create_app
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.system_app.camera import Camera
from examples.system_app.models import Event, Setting, open_database, read_settings
from holdfast import BackupService
from holdfast.web.contracts import system

_bearer = HTTPBearer(auto_error=False)


class Movement(BaseModel):
    """What moved."""

    label: str


class Value(BaseModel):
    """What a setting shall be."""

    value: str


def require_admin(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Admit whoever shows the administrators' token; an application has users instead."""
    expected = os.environ["ADMIN_TOKEN"]
    if given is None or not secrets.compare_digest(given.credentials, expected):
        raise HTTPException(401, "Show the token of the administrators")
    return "admin"


def create_app() -> FastAPI:
    """Return the application; its database is made when it is not there."""
    data = Path(os.environ.get("DATA_DIR", "./data"))
    engine = open_database(data / "camera.db")
    camera = Camera(engine, data / "thumbnails")
    service = BackupService(
        f"sqlite:///{data / 'camera.db'}",
        os.environ.get("BACKUP_DIR", "./backups"),
        os.environ["BACKUP_ENCRYPTION_PASSWORD"],
        directories={"thumbnails": data / "thumbnails"},
        settings="settings",
        app="camera",
        app_version="2.1",
        on_pause=camera.pause,
        on_resume=camera.resume,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        camera.start()
        yield
        camera.stop()

    app = FastAPI(title="Camera", lifespan=lifespan)
    app.include_router(system(service, auth=require_admin, settings=lambda: read_settings(engine)))

    @app.post("/events", status_code=201)
    def add_event(movement: Movement) -> dict[str, int]:
        """Something moved before the camera."""
        return {"id": camera.record(movement.label)}

    @app.get("/events")
    def list_events() -> list[str]:
        """Return what the camera saw."""
        with Session(engine) as session:
            return list(session.scalars(select(Event.label).order_by(Event.id)))

    @app.get("/status")
    def show_status() -> dict[str, bool | int]:
        """Say whether the camera records, and how often it stood still."""
        return {"capturing": camera.capturing, "pauses": camera.pauses}

    @app.put("/settings/{key}", dependencies=[Depends(require_admin)])
    def change_setting(key: str, wanted: Value) -> dict[str, str]:
        """Change a setting; those of backups are followed within half a minute."""
        with Session(engine) as session, session.begin():
            session.merge(Setting(key=key, value=wanted.value))
        return read_settings(engine)

    return app
