"""Work in the background: jobs, who does them, when, and how far they are.

The names are loaded when they are first used: a worker process needs no catalog.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.jobs.engine import JobEngine
    from holdfast.jobs.listing import BackupFilter, BackupListing
    from holdfast.jobs.options import JobOptions

_HOMES = {
    "BackupFilter": "listing",
    "BackupListing": "listing",
    "JobEngine": "engine",
    "JobOptions": "options",
}

__all__ = ["BackupFilter", "BackupListing", "JobEngine", "JobOptions"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
