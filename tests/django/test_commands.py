"""The commands of `manage.py`, in the example project."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast.django.project import database_url
from holdfast.errors import ConfigError
from holdfast.sources.mysql.url import parse_url as parse_mysql
from holdfast.sources.postgresql.url import parse_url as parse_postgresql

ROOT = Path(__file__).parents[2]
BACKUP_ID = re.compile(r"backup_\d{8}_\d{6}(_\d+)?")


def manage(place: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SHELF_DATA": str(place),
        "BACKUP_ENCRYPTION_PASSWORD": "a long sentence",
    }
    argv = [sys.executable, "-m", "examples.django_app.manage", *arguments]
    return subprocess.run(argv, cwd=place, env=env, input=answer, capture_output=True, text=True)


def titles(place: Path) -> list[str]:
    with closing(sqlite3.connect(place / "shelf.sqlite3")) as database:
        return [row[0] for row in database.execute("select title from shelf_book order by id")]


def add(place: Path, title: str) -> None:
    with closing(sqlite3.connect(place / "shelf.sqlite3")) as database, database:
        database.execute("insert into shelf_book (title, price) values (?, 1)", (title,))


def test_a_project_is_backed_up_listed_and_restored(tmp_path: Path) -> None:
    """Nothing is replaced before somebody agreed, and what was replaced can be put back."""
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "cover.jpg").write_bytes(b"cover")
    assert manage(tmp_path, "migrate").returncode == 0
    assert "no backup yet" in manage(tmp_path, "listbackups").stdout
    add(tmp_path, "Emma")
    made = manage(tmp_path, "backup", "--description", "Before", "--tags", "a", "b", "--verify")
    found = BACKUP_ID.search(made.stdout)
    assert found is not None, made.stderr
    listed = manage(tmp_path, "listbackups").stdout
    assert found[0] in listed
    assert "verified" in listed

    add(tmp_path, "Oops")
    (tmp_path / "media" / "cover.jpg").unlink()
    refused = manage(tmp_path, "restore", "latest", answer="n\n")
    assert refused.returncode != 0
    assert "1 row" in refused.stdout
    assert titles(tmp_path) == ["Emma", "Oops"]

    done = manage(tmp_path, "restore", "latest", "--yes")
    assert done.returncode == 0, done.stderr
    assert titles(tmp_path) == ["Emma"]
    assert (tmp_path / "media" / "cover.jpg").read_bytes() == b"cover"
    safety = re.search(r"is in (backup_\w+)", done.stdout)
    assert safety is not None
    manage(tmp_path, "restore", safety[1], "--yes")
    assert titles(tmp_path) == ["Emma", "Oops"]

    missing = manage(tmp_path, "restore", "backup_19990101_000000", "--yes")
    assert missing.stderr.startswith("CommandError: There is no backup")
    with closing(sqlite3.connect(tmp_path / "shelf.sqlite3")) as database, database:
        database.execute(
            "insert into django_migrations (app, name, applied)"
            " values ('shelf', '0002_later', '2026-01-01')"
        )
    assert manage(tmp_path, "backup").returncode == 0
    newer = manage(tmp_path, "restore", "latest", "--yes")
    assert "0002_later" in newer.stderr


@pytest.mark.parametrize(
    ("database", "url"),
    [
        ({"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/app db.sqlite3"},
         "sqlite:////data/app db.sqlite3"),
        ({"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "USER": "app",
          "PASSWORD": "p@ss/w:rd", "HOST": "db", "PORT": 5433},
         "postgresql://app:p%40ss%2Fw%3Ard@db:5433/shop"),
        ({"ENGINE": "django.contrib.gis.db.backends.postgis", "NAME": "shop", "HOST": "/run/pg"},
         "postgresql:///shop?host=%2Frun%2Fpg"),
        ({"ENGINE": "django.db.backends.mysql", "NAME": "shop", "USER": "app", "HOST": "db"},
         "mysql://app@db/shop"),
        ({"ENGINE": "django.db.backends.mysql", "NAME": "shop", "HOST": "/run/my.sock"},
         "mysql:///shop?unix_socket=%2Frun%2Fmy.sock"),
    ],
)  # fmt: skip
def test_an_entry_of_databases_is_a_url(database: dict[str, Any], url: str) -> None:
    assert database_url(database) == url


def test_a_password_survives_the_way_through_a_url() -> None:
    password = "ü@:/?#[]% &=+"
    entry = {"NAME": "shop", "USER": "ap p", "PASSWORD": password, "HOST": "db"}
    postgresql = parse_postgresql(database_url({"ENGINE": "x.postgresql", **entry}))
    mysql = parse_mysql(database_url({"ENGINE": "x.mysql", **entry}))
    assert postgresql.password == mysql.password == password
    assert postgresql.database == mysql.database == "shop"


def test_an_engine_that_is_not_known_is_refused() -> None:
    with pytest.raises(ConfigError, match="oracle"):
        database_url({"ENGINE": "django.db.backends.oracle", "NAME": "x"})
