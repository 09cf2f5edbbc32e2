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
    from holdfast.catalog.accounts import AccountTable
    from holdfast.catalog.audit import AuditTable
    from holdfast.catalog.autogenerate import include_name, include_object
    from holdfast.catalog.credentials import hash_token
    from holdfast.catalog.database import CatalogDatabase
    from holdfast.catalog.deliveries import DeliveryTable
    from holdfast.catalog.facts import FactTable
    from holdfast.catalog.failed_logins import FailedLoginTable
    from holdfast.catalog.jobs import JobTable
    from holdfast.catalog.links import LinkTable
    from holdfast.catalog.people import ApiToken, FailedLogins, Role, Session, User
    from holdfast.catalog.requests import RequestTable
    from holdfast.catalog.schedules import ScheduleTable
    from holdfast.catalog.sessions import SessionTable
    from holdfast.catalog.tokens import TokenTable
    from holdfast.catalog.uploads import UploadTable
    from holdfast.catalog.users import UserTable
    from holdfast.catalog.values import (
        AuditEntry,
        Claim,
        Delivery,
        Link,
        Schedule,
        StoredResponse,
        Upload,
    )

_HOMES = {
    "AccountTable": "accounts",
    "ApiToken": "people",
    "AuditEntry": "values",
    "AuditTable": "audit",
    "CatalogDatabase": "database",
    "Claim": "values",
    "Delivery": "values",
    "DeliveryTable": "deliveries",
    "FactTable": "facts",
    "FailedLogins": "people",
    "FailedLoginTable": "failed_logins",
    "hash_token": "credentials",
    "include_name": "autogenerate",
    "include_object": "autogenerate",
    "JobTable": "jobs",
    "Link": "values",
    "LinkTable": "links",
    "RequestTable": "requests",
    "Role": "people",
    "Schedule": "values",
    "ScheduleTable": "schedules",
    "Session": "people",
    "SessionTable": "sessions",
    "StoredResponse": "values",
    "TokenTable": "tokens",
    "Upload": "values",
    "UploadTable": "uploads",
    "User": "people",
    "UserTable": "users",
}
_PACKAGES = ("sqlalchemy", "alembic")

__all__ = [
    "AccountTable",
    "ApiToken",
    "AuditEntry",
    "AuditTable",
    "CatalogDatabase",
    "Claim",
    "Delivery",
    "DeliveryTable",
    "FactTable",
    "FailedLoginTable",
    "FailedLogins",
    "JobTable",
    "Link",
    "LinkTable",
    "Proof",
    "ProofFiles",
    "RequestTable",
    "Role",
    "Run",
    "RunKind",
    "RunLog",
    "RunStatus",
    "Schedule",
    "ScheduleTable",
    "Session",
    "SessionTable",
    "StoredResponse",
    "TokenTable",
    "Upload",
    "UploadTable",
    "User",
    "UserTable",
    "hash_token",
    "include_name",
    "include_object",
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
