"""What waits for a confirmation before it is restored: files that were sent, and backups.

The token that confirms is kept as its hash. Files are not touched here: whoever removes an
upload removes its file, after the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from holdfast.catalog.credentials import hash_token, new_token
from holdfast.catalog.job_rows import plain
from holdfast.catalog.schema import UploadRow
from holdfast.catalog.values import Upload
from holdfast.errors import UploadNotFound

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

_Uploads = list[Upload]


class UploadTable:
    """Restores that were asked for and not confirmed yet."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(
        self,
        *,
        plan: str,
        expires_at: datetime,
        path: Path | str | None = None,
        backup_id: str | None = None,
        file_name: str | None = None,
        size_bytes: int = 0,
        params: Mapping[str, Any] | None = None,
        actor: str | None = None,
    ) -> tuple[str, Upload]:
        """Add what waits for a confirmation; return the token that confirms it, and itself."""
        now = self._database.clock.now()
        token = new_token()
        row = UploadRow(
            id=self._database.ids.next(now),
            token_hash=hash_token(token),
            plan=plan,
            path=None if path is None else str(path),
            backup_id=backup_id,
            file_name=file_name,
            size_bytes=size_bytes,
            params=plain(params or {}),
            actor=actor,
            created_at=now,
            expires_at=expires_at,
        )
        with self._database.writing() as session:
            session.add(row)
        return token, _upload(row)

    def get(self, token: str) -> Upload:
        """Return what a token would confirm.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
        """
        with self._database.reading() as session:
            return _upload(self._waiting(session, token, lock=False))

    def claim(self, token: str) -> Upload:
        """Confirm it, once: of several callers one succeeds.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
        """
        with self._database.writing() as session:
            row = self._waiting(session, token)
            row.claimed_at = self._database.clock.now()
            return _upload(row)

    def release(self, upload_id: str) -> None:
        """Take a confirmation back: the restore could not be begun."""
        with self._database.writing() as session:
            row = session.get(UploadRow, upload_id, with_for_update=True)
            if row is not None:
                row.claimed_at = None

    def remove(self, token: str) -> Upload:
        """Remove what a token would confirm, and return it: its file is to be removed.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
        """
        with self._database.writing() as session:
            row = self._waiting(session, token)
            session.delete(row)
            return _upload(row)

    def list(self, plan: str) -> _Uploads:
        """Return all of a plan that are kept, claimed or not, oldest first."""
        query = select(UploadRow).where(UploadRow.plan == plan).order_by(UploadRow.id)
        with self._database.reading() as session:
            return [_upload(row) for row in session.scalars(query)]

    def expire(self, plan: str | None = None) -> _Uploads:
        """Remove those whose time is over, and return them.

        The files of those that were not claimed are to be removed; a claimed one's file is
        the job's.
        """
        query = select(UploadRow).where(UploadRow.expires_at <= self._database.clock.now())
        if plan is not None:
            query = query.where(UploadRow.plan == plan)
        with self._database.writing() as session:
            rows = session.scalars(query.order_by(UploadRow.id).with_for_update()).all()
            for row in rows:
                session.delete(row)
            return [_upload(row) for row in rows]

    def _waiting(self, session: OrmSession, token: str, *, lock: bool = True) -> UploadRow:
        now = self._database.clock.now()
        query = select(UploadRow).where(UploadRow.token_hash == hash_token(token))
        row = session.scalar(query.with_for_update() if lock else query)
        if row is None or row.claimed_at is not None or row.expires_at <= now:
            raise UploadNotFound(
                "There is no such upload, or it was confirmed already, or has expired",
                hint="Send the file again, or ask for the restore again.",
            )
        return row


def _upload(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        plan=row.plan,
        path=row.path,
        backup_id=row.backup_id,
        file_name=row.file_name,
        size_bytes=row.size_bytes,
        params=row.params,
        actor=row.actor,
        created_at=row.created_at,
        expires_at=row.expires_at,
        claimed_at=row.claimed_at,
    )
