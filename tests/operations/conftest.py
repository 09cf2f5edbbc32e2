from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.application import Application


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """A small application with live data."""
    made = Application(tmp_path)
    made.create()
    return made
