"""The sample application's four weeks, made once for all workers of a test run."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from examples.sample_app.history import make_history

PASSWORD = "a long pass phrase"
"""Of anna the administrator, otto the operator and vera the viewer."""
_NAME = "history"


def shared_history(factory: pytest.TempPathFactory, worker: str) -> Path:
    """Return the folder that all workers share, for reading; the first to ask makes it.

    Args:
        worker: Name of the worker of pytest-xdist; `master` without it.
    """
    base = factory.getbasetemp()
    common = base if worker == "master" else base.parent
    place = common / _NAME
    with (common / f"{_NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            unfinished = common / f"{_NAME}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            make_history(unfinished, PASSWORD)
            unfinished.rename(place)
    return place


def history_copy(shared: Path, place: Path) -> Path:
    """Return a copy of it to serve and to change."""
    return Path(shutil.copytree(shared, place))
