"""The descriptions of the REST interface: of a plan's routes, and of what the server adds."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.security import HTTPBearer

from holdfast import BackupService, __version__
from holdfast.config import load_plans
from holdfast.web import create_router
from holdfast.web.server import Installation, create_app
from holdfast.web.server.description import OWN_TAGS

_ABOUT = """\
The routes that `BackupService.router(auth=...)` adds to a FastAPI application, here below no
prefix. Who may call them is decided by the application's own authentication, shown here as a
bearer token; each operation says which of the four permissions it needs: `read`, `run`, `restore`
or `administer`.

Errors are problems (RFC 9457, `application/problem+json`) with a stable `code`; `GET /errors` lists
them. Long work answers `202` with a job; `Prefer: wait=N` waits for its end. A POST with an
`Idempotency-Key` is done once, however often it is sent.
"""


def openapi_document() -> dict[str, Any]:
    """Return the document as JSON values."""
    token = HTTPBearer(scheme_name="host", description="The application's own authentication.")
    app = FastAPI(title="Holdfast", version=__version__, description=_ABOUT)
    app.include_router(create_router(BackupService(), auth=token))
    return app.openapi()


def server_document() -> dict[str, Any]:
    """Return what `holdfast serve` has besides the routes of plans: logins, users and tokens."""
    with tempfile.TemporaryDirectory() as empty:
        installation = Installation.of(load_plans(directory=Path(empty), environment={}))
        document = create_app(installation, scheduler=False).openapi()
    document["info"]["description"] = (
        "What `holdfast serve` has besides the routes of each plan, below `/api/v1`."
    )
    document["paths"] = {
        path.removeprefix("/api/v1"): item
        for path, item in document["paths"].items()
        if any(OWN_TAGS & set(each.get("tags", ())) for each in item.values())
    }
    schemas = document["components"]["schemas"]
    used = _referred(document["paths"], schemas)
    document["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}
    return document


def openapi_text(document: dict[str, Any]) -> str:
    """Return a document as it is committed."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _referred(part: Any, schemas: dict[str, Any]) -> set[str]:
    """Return the schemas that a part of a document needs."""
    found: set[str] = set()
    waiting = [part]
    while waiting:
        names = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop()))
        new = set(names) - found
        found |= new
        waiting += [schemas[name] for name in new]
    return found
