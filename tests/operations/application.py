"""A small application with a database, files and settings, for tests of whole operations."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast import BackupService
from tests.rig.oracle import Expected, expected_of_directory
from tests.rig.restic import Restic

PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class Application:
    """Its live data below `root`, and where its backups go."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "data" / "app.db"

    @property
    def thumbnails(self) -> Path:
        return self.root / "data" / "thumbnails"

    @property
    def repository(self) -> Path:
        return self.root / "backups"

    def create(self, *, events: int = 20) -> None:
        """Make the live data: events that name their thumbnails, and settings."""
        self.thumbnails.mkdir(parents=True)
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("pragma journal_mode = wal")
            database.executescript(
                "create table events (id integer primary key autoincrement,"
                " title text not null, thumbnail_path text);"
                "create table settings (key text primary key, value text);"
                "insert into settings values ('theme', 'dark'), ('smtp_password', 'hush');"
            )
        self.add_events(events)

    def add_events(self, count: int) -> None:
        """Append events, each with a thumbnail."""
        with closing(sqlite3.connect(self.database)) as database, database:
            for _ in range(count):
                cursor = database.execute("insert into events (title) values ('an event')")
                name = f"{cursor.lastrowid}.jpg"
                database.execute(
                    "update events set thumbnail_path = ? where id = ?", (name, cursor.lastrowid)
                )
                (self.thumbnails / name).write_bytes(b"thumbnail " * 50 + name.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the live database."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """Change the live database."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(statement)

    def state(self) -> tuple[list[tuple[Any, ...]], Expected]:
        """Return all live data, to compare."""
        return self.rows("select * from events order by id"), expected_of_directory(self.thumbnails)

    def service(self, **options: Any) -> BackupService:
        """Return a service that protects all of it."""
        given: dict[str, Any] = {
            "database_url": f"sqlite:///{self.database}",
            "backup_dir": self.repository,
            "encryption_password": PASSWORD,
            "directories": {"thumbnails": self.thumbnails},
            "settings": "settings",
            "scratch_dir": self.root / "scratch",
            "busy_timeout_s": 60.0,
        }
        return BackupService(**{**given, **options})

    def restic(self) -> Restic:
        """Return the real restic on the same repository."""
        return Restic(self.repository, PASSWORD, self.root / "home")

    def leftovers(self) -> list[Path]:
        """Return what an operation left beside the live data or in scratch."""
        beside = list(self.root.rglob("*holdfast-*"))
        return [path for path in beside if self.repository not in path.parents]
