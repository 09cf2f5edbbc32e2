"""Links to download a backup, for pages that cannot send headers; kept as their hashes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, select

from holdfast.catalog.credentials import hash_token, name_key, new_token
from holdfast.catalog.schema import LinkRow, UserRow
from holdfast.catalog.values import Link
from holdfast.errors import LinkExpired

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase


class LinkTable:
    """Links, each valid until it expires."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def make(self, plan: str, backup_id: str, actor: str | None, expires_at: datetime) -> str:
        """Make a link; return its token.

        Args:
            actor: Who makes it, as the audit names them: `NAME`, or `NAME (TOKEN)`. A link of
                one of our users ends when that user is removed, locked out or gets another role.
        """
        token = new_token()
        with self._database.writing() as session:
            key = name_key((actor or "").partition(" (")[0])
            session.add(
                LinkRow(
                    token_hash=hash_token(token),
                    plan=plan,
                    backup_id=backup_id,
                    actor=actor,
                    user_id=session.scalar(select(UserRow.id).where(UserRow.name_key == key)),
                    created_at=self._database.clock.now(),
                    expires_at=expires_at,
                )
            )
        return token

    def resolve(self, token: str) -> Link:
        """Return what a token leads to.

        Raises:
            LinkExpired: There is no such token, or its time is over.
        """
        with self._database.reading() as session:
            row = session.get(LinkRow, hash_token(token))
            if row is None or row.expires_at <= self._database.clock.now():
                raise LinkExpired("This link has expired", hint="Ask for a new one.")
            return Link(
                plan=row.plan,
                backup_id=row.backup_id,
                actor=row.actor,
                created_at=row.created_at,
                expires_at=row.expires_at,
            )

    def expire(self) -> int:
        """Remove the links whose time is over; return how many."""
        return self._remove(LinkRow.expires_at <= self._database.clock.now())

    def revoke(self, plan: str, backup_id: str) -> int:
        """Make the links to a backup invalid; return how many."""
        return self._remove(LinkRow.plan == plan, LinkRow.backup_id == backup_id)

    def revoke_plan(self, plan: str) -> int:
        """Make the links to all backups of a plan invalid; return how many."""
        return self._remove(LinkRow.plan == plan)

    def revoke_all(self) -> int:
        """Make every link invalid (R22); return how many."""
        return self._remove()

    def _remove(self, *conditions: ColumnElement[bool]) -> int:
        with self._database.writing() as session:
            gone = session.execute(delete(LinkRow).where(*conditions))
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]
