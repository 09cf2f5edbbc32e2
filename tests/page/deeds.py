"""What tests of the page do without it: make backups, change live data, have a job stand still."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator

from tests.page.sites import Site
from tests.web.server.process import until

_LOCK_S = 120.0
_TO_TYPE = re.compile("^Type .* to confirm$")
_ENDS = frozenset({"completed", "failed", "cancelled"})


def back_up(client: httpx.Client, **wanted: Any) -> dict[str, Any]:
    """Make a backup, and return it when it is stored."""
    answer = client.post("backups", json=wanted)
    assert answer.status_code == 202, answer.text
    job = ended(client, answer.json()["id"])
    assert job["status"] == "completed", job
    return found(client, f"backups/{job['backup_id']}")


def ended(client: httpx.Client, job: str) -> dict[str, Any]:
    """Return a job when it has ended."""

    def look() -> dict[str, Any] | None:
        seen = found(client, f"jobs/{job}")
        return seen if seen["status"] in _ENDS else None

    seen: dict[str, Any] = until(f"the end of job {job}", look)
    return seen


def found(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    """Return what the interface has below an address."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def newest_whole(client: httpx.Client) -> dict[str, Any]:
    """Return the newest backup of all sources."""
    states = ["completed", "verified"]
    backups = found(client, "backups", status=states, limit=50)["backups"]
    newest: dict[str, Any] = next(each for each in backups if not each["only"])
    return newest


def download(client: httpx.Client, backup: str, file: Path) -> Path:
    """Have a backup as a ZIP in a file."""
    link = client.post(f"backups/{backup}/download-link", json={})
    assert link.status_code in (200, 201), link.text
    answer = client.get(f"downloads/{link.json()['url'].rpartition('/')[2]}")
    assert answer.status_code == 200, answer.text
    file.write_bytes(answer.content)
    return file


def type_word(question: Locator) -> None:
    """Type what a question wants typed before something is replaced or removed."""
    wanted = question.get_by_label(_TO_TYPE)
    label = question.get_by_text(_TO_TYPE).inner_text()
    wanted.fill(label.removeprefix("Type ").removesuffix(" to confirm"))


def forget_password(site: Site) -> None:
    """Have the newest login be one whose password was given too long ago."""
    catalog = site.root / "backups" / "holdfast" / "catalog.db"
    with closing(sqlite3.connect(catalog, timeout=_LOCK_S)) as database, database:
        database.execute(
            "UPDATE holdfast_sessions SET stepped_up_at = '2020-01-01 00:00:00.000000' WHERE id ="
            " (SELECT id FROM holdfast_sessions ORDER BY created_at DESC LIMIT 1)"
        )


def ask_live(site: Site, sql: str) -> Any:
    """Return one value of the live database."""
    with closing(sqlite3.connect(site.root / "app" / "app.db", timeout=_LOCK_S)) as database:
        return database.execute(sql).fetchone()[0]


def change_live(site: Site, sql: str) -> None:
    """Change the live database as the application does."""
    with (
        closing(sqlite3.connect(site.root / "app" / "app.db", timeout=_LOCK_S)) as database,
        database,
    ):
        database.execute(sql)


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Lock the live database until the block ends: a job that reads it stands still meanwhile.

    It is changed before, as one that is as it was at the last backup is not read.
    """
    change_live(site, "UPDATE Album SET Title = Title || '.' WHERE AlbumId = 1")
    file = site.root / "app" / "app.db"
    with closing(sqlite3.connect(file, timeout=_LOCK_S, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
