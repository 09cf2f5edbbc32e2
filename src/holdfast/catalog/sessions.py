"""Who is logged in. A session is known by a token in a cookie, of which the hash is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, select, update

from holdfast.catalog.credentials import hash_token, new_token
from holdfast.catalog.people import Session, User
from holdfast.catalog.schema import SessionRow, UserRow
from holdfast.catalog.users import user_of

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

SEEN_EVERY = timedelta(minutes=1)
"""How exactly is kept when a session or token was last used: each request writes otherwise."""
_Sessions = list[Session]


class SessionTable:
    """The sessions that are open."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def open(
        self,
        user_id: str,
        *,
        expires_at: datetime,
        address: str | None = None,
        user_agent: str | None = None,
        stepped_up: bool = True,
    ) -> tuple[str, Session]:
        """Open a session; return its token, and itself.

        Args:
            stepped_up: Whether the user has just given a password.
        """
        now = self._database.clock.now()
        token = new_token()
        row = SessionRow(
            id=self._database.ids.next(now),
            token_hash=hash_token(token),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
            stepped_up_at=now if stepped_up else None,
            address=address,
            user_agent=user_agent,
        )
        with self._database.writing() as session:
            session.add(row)
        return token, _session(row)

    def find(self, token: str) -> tuple[Session, User] | None:
        """Return a session that is valid, and its user; None if it is not, or the user is not."""
        query = (
            select(SessionRow, UserRow)
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.token_hash == hash_token(token), UserRow.disabled.is_(False))
        )
        with self._database.reading() as session:
            found = session.execute(query).one_or_none()
            if found is None or found[0].expires_at <= self._database.clock.now():
                return None
            return _session(found[0]), user_of(found[1])

    def touch(self, seen: Session, *, expires_at: datetime | None = None) -> None:
        """Note that a session was used, to the minute.

        Args:
            expires_at: When it expires now.
        """
        now = self._database.clock.now()
        if timedelta(0) <= now - seen.last_seen_at < SEEN_EVERY:
            return
        with self._database.writing() as session:
            session.execute(
                update(SessionRow)
                .where(SessionRow.id == seen.id)
                .values(last_seen_at=now, expires_at=expires_at or seen.expires_at)
            )

    def step_up(self, session_id: str) -> None:
        """Note that the password was just given again."""
        with self._database.writing() as session:
            session.execute(
                update(SessionRow)
                .where(SessionRow.id == session_id)
                .values(stepped_up_at=self._database.clock.now())
            )

    def list(self, user_id: str | None = None) -> _Sessions:
        """Return the sessions of a user, or of all, newest first."""
        query = select(SessionRow).order_by(SessionRow.id.desc())
        if user_id is not None:
            query = query.where(SessionRow.user_id == user_id)
        with self._database.reading() as session:
            return [_session(row) for row in session.scalars(query)]

    def close(self, session_id: str) -> bool:
        """End a session; return whether it was open."""
        return bool(self._remove(SessionRow.id == session_id))

    def close_all(self, user_id: str | None = None) -> int:
        """End all sessions of a user, or of everybody (R22); return how many."""
        return self._remove(*([] if user_id is None else [SessionRow.user_id == user_id]))

    def expire(self) -> int:
        """Remove the sessions whose time is over; return how many."""
        return self._remove(SessionRow.expires_at <= self._database.clock.now())

    def _remove(self, *conditions: ColumnElement[bool]) -> int:
        with self._database.writing() as session:
            gone = session.execute(delete(SessionRow).where(*conditions))
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]


def _session(row: SessionRow) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        stepped_up_at=row.stepped_up_at,
        address=row.address,
        user_agent=row.user_agent,
    )
