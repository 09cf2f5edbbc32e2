"""An application with expenses that offers the contract `jobs`, on SQLite or PostgreSQL."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import create_engine, delete, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from examples.jobs_app.models import Base, Category, Expense
from holdfast import BackupService, TablesOptions
from holdfast.jobs import JobEngine
from holdfast.models.job import JobStatus
from holdfast.web.contracts import jobs
from tests.rig.web import WebClient, web_client
from tests.web.serving import ADMIN, AUTH, OPTIONS

API = "/api/backup"
TABLES = {"categories": 2, "expenses": 3}
LONG_S = 120.0

State = tuple[list[tuple[Any, ...]], ...]


class Ledger:
    """The live data.

    Args:
        url: Of an empty database, or one that has them.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        drivers = {"postgresql": "postgresql+psycopg"}
        parsed = make_url(url)
        name = drivers.get(parsed.drivername, parsed.drivername)
        # No connection stays open: a restore wants to be alone.
        self._engine = create_engine(parsed.set(drivername=name), poolclass=NullPool)

    def create(self) -> None:
        """Make the tables, with rows of each type."""
        Base.metadata.create_all(self._engine)
        with Session(self._engine) as session, session.begin():
            travel = Category(name="travel")
            session.add(travel)
            session.flush()
            trains = Category(name="züge", parent_id=travel.id)
            session.add(trains)
            session.flush()
            for number, amount in enumerate(("12.50", "0.10", "9999999.99"), 1):
                session.add(
                    Expense(
                        category_id=(travel, trains)[number % 2].id,
                        amount=Decimal(amount),
                        spent_on=date(2024, 2, 29),
                        details={"seat": f"{number}A"},
                    )
                )

    def state(self) -> State:
        """Return all rows."""
        with self._engine.connect() as connection:
            return tuple(
                [tuple(map(str, row)) for row in connection.execute(select(table).order_by("id"))]
                for table in Base.metadata.sorted_tables
            )

    def change(self) -> None:
        """Lose a row and add another."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(Expense).where(Expense.amount < 1))
            session.add(Category(name=f"oops {len(self.state()[0])}"))


@dataclass(frozen=True, slots=True)
class Served:
    """The application, being served to an administrator."""

    ledger: Ledger
    engine: JobEngine
    client: WebClient
    anonymous: WebClient
    scratch: Path

    def request(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        """Send a request below the prefix."""
        return self.client.request(method, API + path, **options)

    def get(self, path: str = "", **options: Any) -> Any:
        """Return the JSON of what must be there."""
        answer = self.request("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def back_up(self) -> str:
        """Make a backup; return its id."""
        answer = self.request("POST")
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        assert self.engine.wait(job_id, LONG_S).status is JobStatus.COMPLETED
        return job_id

    def download(self, job_id: str) -> bytes:
        """Return the ZIP file of a backup."""
        answer = self.request("GET", f"/{job_id}/download")
        assert answer.status_code == 200, answer.text
        return answer.content

    def send(self, data: bytes, **texts: str) -> httpx.Response:
        """Send a file to be restored."""
        return self.request("POST", "/restore", files={"file": ("a.zip", data)}, data=texts)

    def restore(self, data: bytes, **texts: str) -> dict[str, Any]:
        """Restore a file that is taken; return how that ended."""
        answer = self.send(data, **texts)
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["job_id"]
        assert self.engine.wait(job_id, LONG_S).status.finished
        ended: dict[str, Any] = self.get(f"/restore/{job_id}")
        return ended

    def files_kept(self) -> list[Path]:
        """Return the files that were sent and are still there."""
        return [each for each in self.scratch.rglob("*") if each.is_file() and each.stat().st_size]


@contextmanager
def serving(ledger: Ledger, place: Path, **options: Any) -> Iterator[Served]:
    """Serve the application; nothing is scheduled.

    Args:
        options: Of `BackupService`, and `max_upload_bytes` of the contract.
    """
    limit = options.pop("max_upload_bytes", None)
    scratch = place / "scratch"
    scratch.mkdir(exist_ok=True)
    given = {"tables": TablesOptions(database=ledger.url), "scratch_dir": scratch, **options}
    service = BackupService(None, place / "backups", "secret", app="expenses", **given)
    engine = JobEngine(service, options=OPTIONS)
    app = FastAPI()
    app.include_router(
        jobs(service, auth=AUTH, engine=engine, scheduler=False, max_upload_bytes=limit)
    )
    try:
        with (
            web_client(app, headers=ADMIN) as client,
            web_client(app, lifespan=False) as anonymous,
        ):
            yield Served(ledger, engine, client, anonymous, scratch)
    finally:
        engine.stop()


def sqlite_ledger(place: Path) -> Ledger:
    """Return a new ledger in a SQLite file."""
    ledger = Ledger(f"sqlite:///{place / 'expenses.db'}")
    ledger.create()
    return ledger


def members(data: bytes) -> dict[str, bytes]:
    """Return the files of a ZIP file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
