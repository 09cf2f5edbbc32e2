"""An application whose data are in a database on a server, a SQLite file and directories."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast import BackupService
from tests.rig.mariadb import MariaDbDatabase
from tests.rig.postgresql import PostgresDatabase

PASSWORD = "correct horse"
ENGINES = ("postgresql", "mysql")


@dataclass(frozen=True, slots=True)
class Shop:
    """Its live data, and where its backups go.

    Attributes:
        server: The database with the orders.
        root: Where its files are.
    """

    server: PostgresDatabase | MariaDbDatabase
    root: Path

    @property
    def audit(self) -> Path:
        return self.root / "data" / "audit.db"

    def directory(self, label: str) -> Path:
        return self.root / "data" / label

    def create(self) -> None:
        """Make the live data, in their first state."""
        self.server.run("CREATE TABLE orders (id INT PRIMARY KEY, picture VARCHAR(80), state TEXT)")
        self.server.run("CREATE TABLE settings (name VARCHAR(40) PRIMARY KEY, content TEXT)")
        self.server.run("INSERT INTO settings VALUES ('theme', 'dark'), ('smtp_password', 'hush')")
        for label in ("media", "uploads"):
            self.directory(label).mkdir(parents=True)
        with closing(sqlite3.connect(self.audit)) as database, database:
            database.execute("create table log (message text)")
        self.write("first")

    def write(self, state: str) -> None:
        """Change something in each part."""
        number = self.server.run("SELECT count(*) FROM orders")[0][0]
        for i in range(number, number + 3):
            self.server.run(f"INSERT INTO orders VALUES ({i}, '{i}.jpg', '{state}')")
            (self.directory("media") / f"{i}.jpg").write_bytes(f"{state} {i}".encode() * 100)
        (self.directory("uploads") / "note.txt").write_text(state)
        with closing(sqlite3.connect(self.audit)) as database, database:
            database.execute("insert into log values (?)", (state,))

    def state(self) -> dict[str, Any]:
        """Return all live data, to compare."""
        with closing(sqlite3.connect(self.audit)) as database:
            log = database.execute("select message from log order by rowid").fetchall()
        files = {
            f"{label}/{path.name}": path.read_bytes()
            for label in ("media", "uploads")
            for path in self.directory(label).iterdir()
        }
        orders = self.server.run("SELECT id, picture, state FROM orders ORDER BY id")
        return {"orders": [tuple(row) for row in orders], "log": log, "files": files}

    def service(self, **options: Any) -> BackupService:
        """Return what backs all of it up."""
        return BackupService(
            backup_dir=self.root / "backups",
            encryption_password=PASSWORD,
            scratch_dir=self.root / "scratch",
            directories={label: self.directory(label) for label in ("media", "uploads")},
            **{
                "databases": {"orders": self.server.url, "audit": f"sqlite:///{self.audit}"},
                "references": {"media": "select picture from orders"},
                **options,
            },
        )


MakeShop = Callable[[str], Shop]
