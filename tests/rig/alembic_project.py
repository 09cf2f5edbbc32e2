"""A real application with Alembic: a database at one version, and code that expects the next."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALEMBIC = (sys.executable, "-m", "alembic")

_ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(os.environ.get("DATABASE_URL", "{url}"))
with engine.connect() as connection:
    # As most projects on SQLite have it: the driver commits before each change of the schema.
    context.configure(connection=connection, transactional_ddl=False)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
_REVISION = """\
import os, signal, sqlalchemy as sa
from alembic import op

revision, down_revision = {name!r}, {before!r}

def upgrade():
    run = op.get_bind().exec_driver_sql
{body}

def downgrade():
    pass
"""
FIRST = "    run('create table users (id integer primary key, name text)')"
GOOD = """\
    op.add_column('users', sa.Column('email', sa.Text))
    run("update users set email = name || '@example.org'")
    run("create table orders (id integer primary key)")
"""
HALFWAY = """\
    run("update users set name = 'lost'")
    op.get_bind().commit()
    op.add_column('users', sa.Column('email', sa.Text))
    run("delete from users where id > 1")
    op.get_bind().commit()
    raise RuntimeError("the migration failed halfway")
"""
KILLED = HALFWAY.replace(
    'raise RuntimeError("the migration failed halfway")', "os.kill(os.getpid(), signal.SIGKILL)"
)


@dataclass(frozen=True, slots=True)
class AlembicProject:
    """Files below `root`: `alembic.ini`, `migrations`, `data/app.db`."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "data" / "app.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    def create(self) -> None:
        """Make the project, and its database with three users at revision `a1`."""
        (self.root / "migrations" / "versions").mkdir(parents=True)
        (self.root / "data").mkdir()
        (self.root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
        (self.root / "migrations" / "env.py").write_text(_ENV.format(url=self.url))
        self.add_revision("a1", None, FIRST)
        with closing(sqlite3.connect(self.database)) as database, database:
            database.executescript(
                "create table users (id integer primary key, name text);"
                "insert into users (name) values ('ann'), ('bob'), ('eve');"
                "create table alembic_version (version_num varchar(32) primary key);"
                "insert into alembic_version values ('a1');"
            )

    def add_revision(self, name: str, before: str | None, body: str) -> None:
        """Add a migration to the code."""
        text = _REVISION.format(name=name, before=before, body=body)
        (self.root / "migrations" / "versions" / f"{name}.py").write_text(text)

    def remove_revision(self, name: str) -> None:
        """Take a migration out of the code, as a rollback of the release does."""
        (self.root / "migrations" / "versions" / f"{name}.py").unlink()

    @property
    def heads(self) -> tuple[str, ...]:
        """The command that prints the code's head, wherever it is run."""
        return (*ALEMBIC, "-c", str(self.root / "alembic.ini"), "heads")

    @property
    def upgrade(self) -> tuple[str, ...]:
        """The command that migrates the database of `DATABASE_URL`, or else the live one."""
        return (*ALEMBIC, "-c", str(self.root / "alembic.ini"), "upgrade", "head")

    def migrate(self) -> None:
        """Migrate the live database, as a deployment does."""
        environment = {name: each for name, each in os.environ.items() if name != "DATABASE_URL"}
        subprocess.run(
            self.upgrade, env=environment, check=True, stderr=subprocess.DEVNULL, timeout=600
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the live database."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """Change the live database."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(statement)

    def state(self) -> list[str]:
        """Return all that is in the live database, to compare."""
        with closing(sqlite3.connect(self.database)) as database:
            return list(database.iterdump())
