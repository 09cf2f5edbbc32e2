"""What is offered to whoever asks for a restore: how, of what, and what it would replace."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.errors import RequestInvalid
from holdfast.models.backup import RestoreResult
from holdfast.models.manifest import Manifest
from holdfast.operations.migrations import OtherSchema

if TYPE_CHECKING:
    from holdfast.catalog import Upload


class RestoreTo(StrEnum):
    """Where to restore: in the place of the live data, or into a new folder of the server."""

    LIVE = "live"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreChoice:
    """How to restore: what of `BackupService.restore_backup` can be chosen over HTTP.

    No path or URL is among it: the server itself picks the folder of a copy.
    """

    target: RestoreTo = RestoreTo.LIVE
    create_safety_backup: bool = True
    other_schema: OtherSchema = OtherSchema.REFUSE
    sources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    keep_old: bool = True
    trust_dump: bool = False

    @property
    def is_copy(self) -> bool:
        """Whether nothing live is replaced."""
        return self.target is RestoreTo.COPY

    def require_sensible(self) -> None:
        """Refuse what has no meaning for a copy, rather than ignore it.

        That a safety backup is wanted is no such thing: it is so unless somebody says otherwise.

        Raises:
            RequestInvalid: It names an option that is only for a restore in place.
        """
        if not self.is_copy:
            return
        unmeant = {
            "tables": bool(self.tables),
            "other_schema": self.other_schema is not OtherSchema.REFUSE,
            "keep_old": not self.keep_old,
            "trust_dump": self.trust_dump,
        }
        if any(unmeant.values()):
            names = ", ".join(name for name, said in unmeant.items() if said)
            raise RequestInvalid(
                f"A copy in a new folder takes no {names}: it replaces nothing, and runs nothing"
                " of the backup",
                hint="Leave that out, or restore in place of the live data.",
            )

    def options(self) -> dict[str, Any]:
        """Return it as arguments of `BackupService.restore_backup`, but for the place."""
        names = ("sources", "paths") if self.is_copy else _IN_PLACE
        return {name: getattr(self, name) for name in names}

    def to_params(self) -> dict[str, Any]:
        """Return it as the parameters of a job."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.options().items()
        }

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON values, to tell it from another."""
        return {"target": self.target.value, **self.to_params()}


_IN_PLACE = tuple(each.name for each in fields(RestoreChoice) if each.name != "target")


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

    @property
    def into(self) -> str | None:
        """The folder that a copy would be in; None in place of the live data."""
        folder: str | None = self.plan.get("into")
        return folder


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
            "into": result.into,
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
