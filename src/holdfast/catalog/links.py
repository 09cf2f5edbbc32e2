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

    def make(
        self,
        plan: str,
        backup_id: str,
        actor: str | None,
        expires_at: datetime,
        *,
        path: str | None = None,
    ) -> str:
        """Make a link; return its token.

        Args:
            path: The one file of the backup that it leads to; None for all of it. It is kept
                only within the hash, so the token is worth nothing without the same path.
            actor: Who makes it, as the audit names them: `NAME`, or `NAME (TOKEN)`. A link of
                one of our users ends when that user is removed, locked out or gets another role.
        """
        token = new_token()
        with self._database.writing() as session:
            key = name_key((actor or "").partition(" (")[0])
            session.add(
                LinkRow(
                    token_hash=_key(token, path),
                    plan=plan,
                    backup_id=backup_id,
                    actor=actor,
                    user_id=session.scalar(select(UserRow.id).where(UserRow.name_key == key)),
                    created_at=self._database.clock.now(),
                    expires_at=expires_at,
                )
            )
        return token

    def resolve(self, token: str, path: str | None = None) -> Link:
        """Return what a token leads to.

        Args:
            path: As the link was made with.

        Raises:
            LinkExpired: There is no such token for that path, or its time is over.
        """
        with self._database.reading() as session:
            row = session.get(LinkRow, _key(token, path))
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


def _key(token: str, path: str | None) -> str:
    """Return what is kept of a link.

    A link to one file must open nothing else, however token and path are put together anew: so
    what is hashed has a part of fixed length first, and what is kept is no hash of any token.
    """
    token_hash = hash_token(token)
    if path is None:
        return token_hash
    return f"file:{hash_token(f'{token_hash} {path}')}"[: len(token_hash)]
