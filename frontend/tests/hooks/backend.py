"""A real application with backups, for the tests of the hooks; it ends with its input."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from holdfast import BackupService
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web import ANYONE, create_router

ROWS = 200


def create_app(root: Path) -> FastAPI:
    """Return the application; `/rows` is what its own users would see of the data."""
    live = root / "app.db"
    with closing(sqlite3.connect(live)) as database, database:
        database.execute("create table items (id integer primary key, name text)")
        database.executemany("insert into items (name) values (?)", [("an item",)] * ROWS)
    service = BackupService(
        database_url=f"sqlite:///{live}",
        backup_dir=str(root / "backups"),
        encryption_password="correct horse",
    )
    # In threads: a process for each job costs seconds, and is proven elsewhere.
    engine = JobEngine(service, options=JobOptions(isolation="thread"))
    app = FastAPI()
    router = create_router(service, auth=ANYONE, engine=engine, scheduler=False)
    app.include_router(router, prefix="/api/backups")

    @app.get("/rows")
    def get_rows() -> int:
        with closing(sqlite3.connect(live)) as database:
            found: int = database.execute("select count(*) from items").fetchone()[0]
            return found

    @app.delete("/rows")
    def delete_rows() -> None:
        with closing(sqlite3.connect(live)) as database, database:
            database.execute("delete from items")

    return app


class Announcing(uvicorn.Server):
    """Says where it listens, once it does."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup()
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as root:
        config = uvicorn.Config(create_app(Path(root)), port=0, log_level="warning")
        server = Announcing(config)

        def end_with_stdin() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=end_with_stdin, daemon=True).start()
        server.run()


if __name__ == "__main__":
    main()
