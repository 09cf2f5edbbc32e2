"""An application that a server of its own process serves, for tests that kill it."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI

from holdfast.web import uploads
from tests.operations.application import Application
from tests.web.serving import engine_of, host

PLACE = "TRANSFERS_TEST_PLACE"


def app() -> FastAPI:
    """Return the application whose data are at the place that the environment names."""
    service = Application(Path(os.environ[PLACE])).service()
    # So that a test sees what is sent on disk as soon as it is sent.
    uploads._WRITE_BYTES = 1
    return host(service, engine_of(service), scheduler=False)
