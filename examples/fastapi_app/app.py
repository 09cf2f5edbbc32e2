"""A camera that records events and pictures, with backups in three lines.

    export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
    uvicorn --factory examples.fastapi_app.app:create_app --workers 4

Its data lie in the directory CAMERA, or in the working directory.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from holdfast import BackupConfig, BackupService

_bearer = HTTPBearer(auto_error=False)


def require_admin(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Admit whoever shows the administrators' token."""
    if given is None or not secrets.compare_digest(given.credentials, os.environ["ADMIN_TOKEN"]):
        raise HTTPException(401, "Show the token of the administrators")
    return "admin"


class Camera:
    """Takes pictures, unless it is paused."""

    def __init__(self, place: Path) -> None:
        self.database = place / "camera.db"
        self.pictures = place / "pictures"
        self._running = asyncio.Event()
        self._running.set()
        self.pictures.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("create table if not exists events (id integer primary key)")

    async def pause(self) -> None:
        """Take no pictures until `resume`."""
        self._running.clear()

    async def resume(self) -> None:
        """Take pictures again."""
        self._running.set()

    async def take(self) -> int:
        """Take a picture; return its number."""
        await self._running.wait()
        with closing(sqlite3.connect(self.database)) as database, database:
            number = database.execute("insert into events default values").lastrowid
        assert number is not None
        (self.pictures / f"{number}.jpg").write_bytes(b"a picture")
        return number

    def count(self) -> int:
        """Return how many pictures there are in the database."""
        with closing(sqlite3.connect(self.database)) as database:
            return int(database.execute("select count(*) from events").fetchone()[0])


def create_app() -> FastAPI:
    """Return the application."""
    place = Path(os.environ.get("CAMERA", "."))
    camera = Camera(place)
    app = FastAPI(title="Camera", root_path=os.environ.get("ROOT_PATH", ""))

    backups = BackupService(
        f"sqlite:///{camera.database}",
        place / "backups",
        os.environ["BACKUP_ENCRYPTION_PASSWORD"],
        {"pictures": camera.pictures},
        app="camera",
        on_pause=camera.pause,
        on_resume=camera.resume,
    )
    router = backups.router(auth=require_admin, schedule=BackupConfig(schedule="0 3 * * *"))
    app.include_router(router, prefix="/api/backups")

    @app.post("/pictures", status_code=201)
    async def take_picture() -> int:
        """Take a picture."""
        return await camera.take()

    @app.get("/pictures")
    def count_pictures() -> int:
        """Count the pictures."""
        return camera.count()

    return app
