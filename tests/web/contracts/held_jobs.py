"""An application to be killed: a file `hold` names the moment at which it stands still."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from fastapi import FastAPI

from holdfast import BackupService, TablesOptions
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web import ANYONE
from holdfast.web.contracts import jobs


def create_app() -> FastAPI:
    """Return it; its data and backups are in the working directory."""
    place = Path.cwd()

    def hold(moment: str) -> None:
        if (place / "hold").read_text() == moment:
            (place / "pid.new").write_text(str(os.getpid()))
            (place / "pid.new").rename(place / "pid")
            threading.Event().wait()

    service = BackupService(
        None,
        place / "backups",
        "secret",
        tables=TablesOptions(database=f"sqlite:///{place / 'expenses.db'}"),
        scratch_dir=place / "scratch",
        on_pause=lambda: hold("pausing"),
        on_resume=lambda: hold("resuming"),
    )
    engine = JobEngine(service, options=JobOptions(lease_s=3, heartbeat_s=0.5))
    app = FastAPI()
    app.include_router(jobs(service, auth=ANYONE, engine=engine, scheduler=False))
    return app
