"""The host: a page that reads a database, with Holdfast's router in the same application.

Run by uvicorn with one process, which is the hardest case: whatever the backup does in that
process, the requests wait for.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import Any, Literal, cast

from fastapi import FastAPI

from holdfast import BackupService
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web import ANYONE

DATABASE = "HOST_DATABASE"
REPOSITORY = "HOST_REPOSITORY"
ISOLATION = "HOST_ISOLATION"
_PAGE = "select id, body from documents where id > ? order by id limit 20"


def create_app() -> FastAPI:
    """Return the application of the database that the environment names."""
    database = os.environ[DATABASE]
    service = BackupService(f"sqlite:///{database}", os.environ[REPOSITORY], "benchmark")
    isolation = cast(Literal["process", "thread"], os.environ[ISOLATION])
    engine = JobEngine(service, options=JobOptions(isolation=isolation))
    app = FastAPI()
    app.include_router(
        service.router(auth=ANYONE, engine=engine, scheduler=False), prefix="/backups-api"
    )

    @app.get("/page/{start}")
    def page(start: int) -> list[dict[str, Any]]:
        """Answer twenty documents, as a list of an application would."""
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            rows = connection.execute(_PAGE, (start,)).fetchall()
        return [{"id": row[0], "size": len(row[1] or "")} for row in rows]

    return app
