"""The links of the contract `system`: each is good for an hour after it was handed out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from fastapi import Request

from holdfast.archive import THUMBNAILS_ROOT
from holdfast.errors import DownloadExpired
from holdfast.models.backup import BackupMetadata
from holdfast.models.manifest import SETTINGS_PATH, ContentEntry, Manifest
from holdfast.web.backups import stored_backups
from holdfast.web.context import WebContext
from holdfast.web.contracts.backup_times import file_name, time_of
from holdfast.web.contracts.system_shapes import BackupItem
from holdfast.web.routing import link

VALID_FOR = timedelta(hours=1)

_NOTHING = ContentEntry(kind="directory", size=0)


class Links:
    """Hands out links to the backups of one plan, and knows until when. All is blocking.

    Kept in the catalog, so that each process of an application knows what another handed out.
    """

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._key = f"system.links.{context.plan}"

    def all(self, request: Request) -> list[BackupItem]:
        """Return all backups, newest first, each with a new link."""
        return self._items(request, stored_backups(self._context))

    def renewed(self, request: Request, backup_ids: Sequence[str]) -> list[BackupItem]:
        """Return some backups, each with a new link."""
        get = self._context.engine.backups.get
        return self._items(request, [get(each) for each in backup_ids])

    def require_fresh(self, backup_id: str) -> None:
        """Make sure that a link to a backup was handed out within the hour.

        Raises:
            DownloadExpired: None was.
        """
        known = self._context.engine.database.facts.get(self._key) or {}
        expires_at = known.get(backup_id)
        if expires_at is None or datetime.fromisoformat(expires_at) <= self._now():
            raise DownloadExpired(
                f"The download of the backup {time_of(backup_id)} has expired",
                hint="GET the list of backups: it hands out a new link, good for one hour.",
            )

    def sizes(self, backup_id: str) -> dict[str, Any]:
        """Return how much of each kind a backup holds."""
        found = msgspec.convert(self._context.service.backup_manifest(backup_id), Manifest)
        sources = found.sources
        thumbnails = sources.get(THUMBNAILS_ROOT, _NOTHING)
        return {
            "database_size_bytes": sum(
                each.size for each in sources.values() if each.kind == "sqlite"
            ),
            "thumbnails_count": thumbnails.count,
            "thumbnails_size_bytes": thumbnails.size,
            "settings_count": sources.get(SETTINGS_PATH, _NOTHING).count,
        }

    def _items(self, request: Request, found: Sequence[BackupMetadata]) -> list[BackupItem]:
        now = self._now()
        expires_at = now + VALID_FOR

        def renew(known: dict[str, str] | None) -> dict[str, str]:
            kept = {
                backup_id: until
                for backup_id, until in (known or {}).items()
                if datetime.fromisoformat(until) > now
            }
            return kept | {each.backup_id: expires_at.isoformat() for each in found}

        if found:
            self._context.engine.database.facts.change(self._key, renew)
        return [self._item(request, each, expires_at) for each in found]

    def _item(self, request: Request, backup: BackupMetadata, expires_at: datetime) -> BackupItem:
        timestamp = time_of(backup.backup_id)
        return BackupItem(
            timestamp=timestamp,
            filename=file_name(self._context.service.plan.app, backup.backup_id),
            download_url=link(request, "backup", timestamp, "download"),
            expires_at=expires_at,
            created_at=backup.created_at,
            size_bytes=backup.original_size,
            type=backup.backup_type.value,
            status=backup.status.value,
            app_version=backup.app_version,
        )

    def _now(self) -> datetime:
        return self._context.service.clock.now()
