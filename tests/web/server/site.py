"""A server in this process: two plans, users of each role, and clients that are any of them."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from holdfast.catalog import ApiToken, Role
from holdfast.clock import SystemClock
from holdfast.config import load_plans
from holdfast.jobs import JobEngine
from holdfast.web import Permission
from holdfast.web.server import Installation, create_app
from holdfast.web.server.accounts import Accounts
from tests.rig.web import WebClient, web_client
from tests.web.serving import OPTIONS

API = "/api/v1"
HOST = "http://localhost"
PASSWORD = "a long pass phrase"
ROLES = {"vera": Role.VIEWER, "otto": Role.OPERATOR, "anna": Role.ADMIN}
CONFIGURATION = """
[encryption]
password = "correct horse"
[plans.shop]
database_url = "shop.db"
repository = "shop-backups"
[plans.photos]
database_url = "photos.db"
repository = "photos-backups"
"""


class MovedClock(SystemClock):
    """The machine's clock, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass(frozen=True, eq=False)
class Site:
    """A server that runs.

    Attributes:
        address: Where requests come from, as the server sees it: the clients of tests share one.
    """

    root: Path
    installation: Installation
    accounts: Accounts
    app: FastAPI
    client: WebClient
    clock: MovedClock

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request as a program does, with these headers; no cookie is kept."""
        # The client would send along what an answer before has set.
        self.client._client.cookies.clear()
        sent = [(name.encode(), text.encode("latin-1")) for name, text in (headers or {}).items()]
        return self.client.request(method, path, headers=sent, **options)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.request("GET", API + path, headers)

    def post(
        self, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self.request("POST", API + path, headers, json=body)

    def login(self, name: str, password: str = PASSWORD) -> dict[str, str]:
        """Log in; return the header that a browser sends from then on."""
        answer = self.post("/auth/login", {"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    def token(
        self,
        name: str,
        permissions: Sequence[Permission] = tuple(Permission),
        *,
        plans: Sequence[str] = (),
        days: int = 1,
    ) -> tuple[dict[str, str], ApiToken]:
        """Make an API token; return the header that a program sends, and what is kept of it."""
        secret, kept = self.accounts.make_token(
            self.accounts.user(name),
            "of a test",
            permissions=[each.value for each in permissions],
            plans=plans,
            life=timedelta(days=days),
        )
        return {"Authorization": f"Bearer {secret}"}, kept

    def audit(self) -> list[tuple[str | None, str, str]]:
        """Return who did what and how it ended, newest first."""
        entries, _ = self.installation.database.audit.list(limit=500)
        return [(each.actor, each.action, each.outcome) for each in entries]


@cache
def _furnished() -> Path:
    """Return a folder with a catalog that has the users, made once: hashes are slow."""
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    with running(root, users=False) as site:
        for name, role in ROLES.items():
            site.accounts.add_user(name, role, PASSWORD)
    return root


@contextmanager
def running(root: Path, *, more: str = "", users: bool = True, **server: Any) -> Iterator[Site]:
    """Serve two plans.

    Args:
        more: Further lines of the configuration, at its top.
        server: Settings of `[server]` to replace.
    """
    if users:
        shutil.copytree(_furnished(), root, dirs_exist_ok=True)
    for name in ("shop", "photos"):
        with closing(sqlite3.connect(root / f"{name}.db")) as database, database:
            database.execute("create table if not exists items (id integer primary key, name)")
    (root / "holdfast.toml").write_text(more + CONFIGURATION)
    (root / "holdfast.toml").chmod(0o600)
    clock = MovedClock()
    installation = Installation.of(load_plans(directory=root, environment={}), clock=clock)
    installation = replace(installation, server=replace(installation.server, **server))
    for service in installation.services.values():
        # In threads: a process for each job costs seconds, and is proven elsewhere.
        service._jobs = JobEngine(service, database=installation.database, options=OPTIONS)
    accounts = Accounts.of(installation)
    app = create_app(installation, scheduler=False)
    with web_client(app, base_url=HOST) as client:
        yield Site(root, installation, accounts, app, client, clock)
