"""The description of the REST interface, as an application with a bearer token would publish it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.security import HTTPBearer

from holdfast import BackupService, __version__
from holdfast.web import create_router

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


def openapi_text() -> str:
    """Return the document as it is committed."""
    return json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n"
