"""What is offered to whoever asks for a restore: how, of what, and what it would replace."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.models.backup import RestoreResult
from holdfast.models.manifest import Manifest
from holdfast.operations.migrations import OtherSchema

if TYPE_CHECKING:
    from holdfast.catalog import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreChoice:
    """How to restore: what of `BackupService.restore_backup` can be chosen over HTTP.

    A new place is not among it: a path or a URL of the server is for its command line.
    """

    create_safety_backup: bool = True
    other_schema: OtherSchema = OtherSchema.REFUSE
    sources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    keep_old: bool = True
    trust_dump: bool = False

    def to_params(self) -> dict[str, Any]:
        """Return it as the parameters of a job."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOffer:
    """A restore that can be confirmed.

    Attributes:
        token: What confirms it; known only to whom it was given, so None later.
        upload: What is kept of it.
    """

    upload: Upload
    token: str | None = None

    @property
    def plan(self) -> Mapping[str, Any]:
        """What would be restored and replaced, as JSON values; see `found_in`."""
        found: Mapping[str, Any] = self.upload.params["found"]
        return found


def found_in(result: RestoreResult, manifest: Manifest) -> dict[str, Any]:
    """Return what a person decides on, as JSON values."""
    found: dict[str, Any] = msgspec.to_builtins(
        {
            "backup": {
                "backup_id": result.backup_id,
                "created_at": manifest.created_at,
                "plan": manifest.plan,
                "app": manifest.app,
                "app_version": manifest.app_version,
                "holdfast_version": manifest.holdfast_version,
                "schema_version": manifest.schema_version,
                "description": manifest.description,
                "hostname": manifest.hostname,
                "total_records": manifest.total_records,
                "original_size": manifest.original_size,
                "table_counts": manifest.table_counts,
                "contents": {root: entry.size for root, entry in manifest.sources.items()},
            },
            "target": result.target,
            "changes": result.changes,
            "checks": result.checks,
            "warnings": result.warnings,
        },
        str_keys=True,
    )
    return found


def identity_of(path: Path) -> list[int] | None:
    """Return what changes when a file is replaced or written to; None if it is gone."""
    with suppress(OSError):
        seen = path.lstat()
        return [seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns]
    return None
