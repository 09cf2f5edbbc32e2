"""What programs identify themselves by: tokens that a user made, of which the hash is kept.

A token that was revoked stays in the table, so that it is known as revoked, and by whom made.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select, update

from holdfast.catalog.credentials import hash_token, new_token
from holdfast.catalog.people import ApiToken, User
from holdfast.catalog.schema import TokenRow, UserRow
from holdfast.catalog.sessions import SEEN_EVERY
from holdfast.catalog.users import user_of
from holdfast.errors import AccountNotFound

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

PREFIX = "hf_"
"""How each token begins, so that programs that look for leaked secrets know it."""
_Tokens = list[ApiToken]


class TokenTable:
    """The tokens of all users."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def make(
        self,
        user_id: str,
        name: str,
        *,
        permissions: Collection[str],
        plans: Collection[str] = (),
        expires_at: datetime | None = None,
    ) -> tuple[str, ApiToken]:
        """Make a token; return it, which happens only now, and what is kept of it.

        Args:
            plans: The plans that it is for; empty for all.

        Raises:
            AccountNotFound: There is no such user.
        """
        now = self._database.clock.now()
        token = new_token(PREFIX)
        row = TokenRow(
            id=self._database.ids.next(now),
            token_hash=hash_token(token),
            name=name,
            user_id=user_id,
            permissions=sorted(permissions),
            plans=sorted(plans),
            created_at=now,
            expires_at=expires_at,
        )
        with self._database.writing() as session:
            if session.get(UserRow, user_id) is None:
                raise AccountNotFound(f"There is no user {user_id}")
            session.add(row)
        return token, _token(row)

    def find(self, token: str) -> tuple[ApiToken, User] | None:
        """Return a token that is valid, and its user; None if it is not, or the user is not."""
        query = (
            select(TokenRow, UserRow)
            .join(UserRow, UserRow.id == TokenRow.user_id)
            .where(
                TokenRow.token_hash == hash_token(token),
                TokenRow.revoked_at.is_(None),
                UserRow.disabled.is_(False),
            )
        )
        with self._database.reading() as session:
            found = session.execute(query).one_or_none()
            if found is None:
                return None
            kept, user = _token(found[0]), user_of(found[1])
        expired = kept.expires_at is not None and kept.expires_at <= self._database.clock.now()
        return None if expired else (kept, user)

    def touch(self, used: ApiToken) -> None:
        """Note that a token was used, to the minute."""
        now = self._database.clock.now()
        if used.last_used_at and timedelta(0) <= now - used.last_used_at < SEEN_EVERY:
            return
        with self._database.writing() as session:
            session.execute(update(TokenRow).where(TokenRow.id == used.id).values(last_used_at=now))

    def get(self, token_id: str) -> ApiToken:
        """Return what is kept of a token.

        Raises:
            AccountNotFound: There is none with this id.
        """
        with self._database.reading() as session:
            row = session.get(TokenRow, token_id)
            if row is None:
                raise AccountNotFound(f"There is no token {token_id}")
            return _token(row)

    def list(self, user_id: str | None = None) -> _Tokens:
        """Return the tokens of a user, or of all, newest first, revoked ones too."""
        query = select(TokenRow).order_by(TokenRow.id.desc())
        if user_id is not None:
            query = query.where(TokenRow.user_id == user_id)
        with self._database.reading() as session:
            return [_token(row) for row in session.scalars(query)]

    def revoke(self, token_id: str) -> ApiToken:
        """Make a token invalid; return what is kept of it.

        Raises:
            AccountNotFound: There is none with this id.
        """
        self._revoke(TokenRow.id == token_id)
        return self.get(token_id)

    def revoke_all(self, user_id: str | None = None) -> int:
        """Make all tokens of a user, or of everybody (R22), invalid; return how many."""
        return self._revoke(*([] if user_id is None else [TokenRow.user_id == user_id]))

    def _revoke(self, *conditions: ColumnElement[bool]) -> int:
        with self._database.writing() as session:
            gone = session.execute(
                update(TokenRow)
                .where(TokenRow.revoked_at.is_(None), *conditions)
                .values(revoked_at=self._database.clock.now())
            )
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]


def _token(row: TokenRow) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        user_id=row.user_id,
        permissions=frozenset(row.permissions),
        plans=frozenset(row.plans),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
