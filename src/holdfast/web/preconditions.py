"""ETags, and changes that are made only if what is changed is still as it was read."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Header

from holdfast.errors import PreconditionFailed, PreconditionRequired
from holdfast.models.backup import BackupMetadata

IfMatch: TypeAlias = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=500,
        description="The `ETag` that this change was decided on, or `*`.",
        examples=['"3"'],
    ),
]


def etag_of_backup(backup: BackupMetadata) -> str:
    """Return the tag of what can be edited of a backup: each edit makes a new snapshot file."""
    return f'"{(backup.snapshot_id or backup.checksum)[:32]}"'


def etag_of_version(version: int) -> str:
    """Return the tag of what is counted with each change."""
    return f'"{version}"'


def require_match(if_match: str | None, etag: str, name: str) -> None:
    """Refuse a change that was decided on something else.

    A weak tag never matches (RFC 9110, section 13.1.1).

    Raises:
        PreconditionFailed: No tag that was given is `etag`.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if etag not in [each.strip() for each in if_match.split(",")]:
        raise PreconditionFailed(
            f"{name} was changed since it was read", hint="Read it again, then decide again."
        )


def require_condition(if_match: str | None, name: str) -> str:
    """Refuse a change that does not say what it was decided on.

    Raises:
        PreconditionRequired: There is no If-Match.
    """
    if if_match is None:
        raise PreconditionRequired(
            f"A change of {name} must say what it was decided on",
            hint="Send the ETag of the last answer as If-Match, or If-Match: *.",
        )
    return if_match
