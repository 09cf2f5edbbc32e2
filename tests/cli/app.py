"""A small application with real data, and the real program run on it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.terminal import PROGRAM, Terminal, clean_environment

PASSWORD = "correct horse"
CONFIG = """\
app = "shop"
database_url = "sqlite:///./data/app.db"
expect = ["select count(*) > 0 from users"]

[directories]
thumbnails = "data/thumbnails"

[references]
thumbnails = "select picture from users"

[settings]
table = "settings"
"""


@dataclass(frozen=True)
class Done:
    """How a run of the program ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


class App:
    """An application in a folder, with `holdfast.toml` and a password in the environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = clean_environment(BACKUP_ENCRYPTION_PASSWORD=PASSWORD)

    def build(self) -> App:
        """Make its data."""
        pictures = self.root / "data" / "thumbnails"
        pictures.mkdir(parents=True)
        (self.root / "holdfast.toml").write_text(CONFIG)
        with self.database() as database:
            database.executescript(
                "create table users (id integer primary key, name text, picture text);"
                "create table settings (key text primary key, value text);"
                "insert into settings values ('title', 'Shop');"
            )
        for i in range(5):
            self.add_user(i)
        return self

    def add_user(self, number: int) -> None:
        """Add a row and the file that it names."""
        picture = self.root / "data" / "thumbnails" / f"{number}.jpg"
        picture.write_bytes(bytes([number]) * 5000)
        with self.database() as database:
            row = (f"user {number}", picture.name)
            database.execute("insert into users (name, picture) values (?, ?)", row)

    def users(self) -> int:
        """Count the rows of the live database."""
        with self.database() as database:
            return int(database.execute("select count(*) from users").fetchone()[0])

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Open the live database."""
        path = self.root / "data" / "app.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            yield connection

    def run(self, *arguments: str, answer: str = "") -> Done:
        """Run the program without a terminal."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            input=answer,
            capture_output=True,
            text=True,
            cwd=self.root,
            env=self.environment,
        )
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def do(self, *arguments: str) -> Done:
        """Run the program and insist on success."""
        done = self.run(*arguments)
        assert done.status == 0, done
        return done

    def sit(self, *arguments: str, columns: int = 100) -> Terminal:
        """Run the program on a terminal."""
        return Terminal(
            [*PROGRAM, *arguments], cwd=self.root, environment=self.environment, columns=columns
        )
