"""What a repository cannot know: runs, and proofs of its backups; and the catalog itself.

The log of runs and the proofs need nothing but the standard library. The catalog (jobs,
schedules, users, audit) needs SQLAlchemy, which is loaded when one of its names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.catalog.proofs import ProofFiles
from holdfast.catalog.records import Proof, Run, RunKind, RunStatus
from holdfast.catalog.run_log import RunLog
from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase
    from holdfast.catalog.facts import FactTable
    from holdfast.catalog.jobs import JobTable
    from holdfast.catalog.people import ApiToken, Role, Session, User
    from holdfast.catalog.schedules import ScheduleTable
    from holdfast.catalog.values import (
        AuditEntry,
        Claim,
        Link,
        Schedule,
        StoredResponse,
        Upload,
    )

_HOMES = {
    "ApiToken": "people",
    "AuditEntry": "values",
    "CatalogDatabase": "database",
    "Claim": "values",
    "FactTable": "facts",
    "JobTable": "jobs",
    "Link": "values",
    "Role": "people",
    "Schedule": "values",
    "ScheduleTable": "schedules",
    "Session": "people",
    "StoredResponse": "values",
    "Upload": "values",
    "User": "people",
}
_PACKAGES = ("sqlalchemy", "alembic")

__all__ = [
    "ApiToken",
    "AuditEntry",
    "CatalogDatabase",
    "Claim",
    "FactTable",
    "JobTable",
    "Link",
    "Proof",
    "ProofFiles",
    "Role",
    "Run",
    "RunKind",
    "RunLog",
    "RunStatus",
    "Schedule",
    "ScheduleTable",
    "Session",
    "StoredResponse",
    "Upload",
    "User",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
            raise
        raise MissingExtra(
            "Jobs, schedules and users are kept with SQLAlchemy, which is not installed",
            hint="pip install 'holdfast[jobs]'",
        ) from error
