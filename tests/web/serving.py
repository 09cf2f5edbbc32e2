"""A small application that offers its backups, and a host's authentication for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Header, HTTPException

from holdfast import BackupService
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web import Auth, Permission, create_router
from tests.operations.application import Application
from tests.rig.web import WebClient, web_client

PREFIX = "/api/backups"
OPTIONS = JobOptions(isolation="thread", poll_s=0.05, schedule_poll_s=0.2)
"""Jobs in threads: a process for each costs seconds, and is proven elsewhere."""

WAIT = {"Prefer": "wait=60"}


def signed(*permissions: Permission | str, name: str = "ann") -> dict[str, str]:
    """Return the header of somebody who has these permissions."""
    return {"X-Who": f"{name}:{','.join(permissions)}"}


ADMIN = signed(*Permission)


def admit(permission: Permission) -> Callable[..., Mapping[str, str]]:
    """Return a dependency as a host would write it."""

    def admitted(x_who: Annotated[str | None, Header()] = None) -> Mapping[str, str]:
        if x_who is None:
            raise HTTPException(401, "Log in first", {"WWW-Authenticate": "Who"})
        name, _, granted = x_who.partition(":")
        if permission.value not in granted.split(","):
            raise HTTPException(403, "Not for you")
        return {"username": name}

    return admitted


AUTH = Auth(
    read=admit(Permission.READ),
    run=admit(Permission.RUN),
    restore=admit(Permission.RESTORE),
    administer=admit(Permission.ADMINISTER),
)


@dataclass(frozen=True, slots=True)
class Served:
    """An application that is being served."""

    application: Application
    service: BackupService
    engine: JobEngine
    app: FastAPI
    client: WebClient

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request below the prefix."""
        return self.client.request(method, PREFIX + path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def back_up(self, **wanted: Any) -> str:
        """Make a backup; return its id."""
        made = self.post("/backups", json=wanted, headers=WAIT)
        assert made.status_code == 201, made.text
        backup_id: str = made.json()["backup_id"]
        return backup_id


def engine_of(service: BackupService) -> JobEngine:
    """Return an engine that does a service's jobs in threads."""
    return JobEngine(service, options=OPTIONS)


def host(service: BackupService, engine: JobEngine, **options: Any) -> FastAPI:
    """Return an application that offers the backups of a service below `PREFIX`."""
    app = FastAPI()
    router = create_router(service, **{"auth": AUTH, "engine": engine, **options})
    app.include_router(router, prefix=PREFIX)
    return app


@contextmanager
def served(application: Application, **options: Any) -> Iterator[Served]:
    """Serve an application's backups to an administrator; nothing is scheduled.

    Args:
        options: Of `create_router`, and `lifespan`, `root_path`, `raises` of `web_client`.
    """
    client = {
        name: options.pop(name) for name in ("lifespan", "root_path", "raises") if name in options
    }
    headers = options.pop("headers", ADMIN)
    service = options.pop("service", None) or application.service()
    engine = engine_of(service)
    app = host(service, engine, **{"scheduler": False, **options})
    try:
        with web_client(app, headers=headers, **client) as running:
            yield Served(application, service, engine, app, running)
    finally:
        engine.stop()
