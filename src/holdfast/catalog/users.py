"""Who can log in. There is always an administrator who can, once there was one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session as OrmSession

from holdfast.catalog.credentials import name_key
from holdfast.catalog.people import Role, User
from holdfast.catalog.schema import LinkRow, SessionRow, UserRow
from holdfast.errors import AccountExists, AccountNotFound, LastAdmin

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

_ALONE = "users"
_Users = list[User]


class UserTable:
    """The users. Every change waits for the others, so that rules over all of them hold."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(
        self,
        name: str,
        role: Role,
        *,
        password_hash: str | None = None,
        oidc_subject: str | None = None,
        first: bool = False,
    ) -> User:
        """Add a user.

        Args:
            password_hash: As argon2 writes it.
            first: Only if there is no user at all.

        Raises:
            AccountExists: The name or the subject is taken; or, with `first`, there is a user.
        """
        now = self._database.clock.now()
        row = UserRow(
            id=self._database.ids.next(now),
            name=name.strip(),
            name_key=name_key(name),
            role=role.value,
            password_hash=password_hash,
            password_changed_at=now if password_hash else None,
            disabled=False,
            oidc_subject=oidc_subject,
            created_at=now,
        )
        with self._database.writing(alone=_ALONE) as session:
            if first and session.scalar(select(func.count()).select_from(UserRow)):
                raise AccountExists("There is a user already, so this is not the first one")
            _refuse_taken(session, row)
            session.add(row)
        return user_of(row)

    def get(self, user_id: str) -> User:
        """Return a user.

        Raises:
            AccountNotFound: There is none with this id.
        """
        with self._database.reading() as session:
            return user_of(_found(session, user_id))

    def find(self, name: str) -> User | None:
        """Return the user of a name, whatever its case."""
        return self._first(UserRow.name_key == name_key(name))

    def find_subject(self, oidc_subject: str) -> User | None:
        """Return the user who logs in elsewhere as this subject."""
        return self._first(UserRow.oidc_subject == oidc_subject)

    def list(self) -> _Users:
        """Return all users by name."""
        with self._database.reading() as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.name_key))
            return [user_of(row) for row in rows]

    def count(self) -> int:
        """Return how many users there are."""
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(UserRow)) or 0

    def change(
        self,
        user_id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
        oidc_subject: str | None = None,
    ) -> User:
        """Change what is given; who is disabled or gets another role is logged out.

        The links to download that the user made end too.

        Raises:
            AccountNotFound: There is no such user.
            AccountExists: The name or the subject is taken.
            LastAdmin: Nobody could administer any more.
        """
        with self._database.writing(alone=_ALONE) as session:
            row = _found(session, user_id)
            before = row.role, row.disabled
            row.name, row.name_key = (
                (name.strip(), name_key(name)) if name else (row.name, row.name_key)
            )
            row.role = role.value if role else row.role
            row.disabled = row.disabled if disabled is None else disabled
            row.oidc_subject = oidc_subject or row.oidc_subject
            with session.no_autoflush:
                _refuse_taken(session, row)
            if (row.role, row.disabled) != before:
                _refuse_without_admin(session)
                _log_out(session, user_id)
                _end_links(session, user_id)
            return user_of(row)

    def set_password(
        self, user_id: str, password_hash: str, *, keep_session: str | None = None
    ) -> User:
        """Set a user's password; all sessions of the user end, but for one if it is named.

        Raises:
            AccountNotFound: There is no such user.
        """
        with self._database.writing(alone=_ALONE) as session:
            row = _found(session, user_id)
            row.password_hash = password_hash
            row.password_changed_at = self._database.clock.now()
            _log_out(session, user_id, keep_session)
            return user_of(row)

    def rehash_password(self, user_id: str, before: str, after: str) -> None:
        """Keep the same password with newer parameters, if it is still the same."""
        with self._database.writing(alone=_ALONE) as session:
            row = session.get(UserRow, user_id)
            if row is not None and row.password_hash == before:
                row.password_hash = after

    def remove(self, user_id: str) -> None:
        """Remove a user with all sessions, tokens and links to download.

        Raises:
            AccountNotFound: There is no such user.
            LastAdmin: Nobody could administer any more.
        """
        with self._database.writing(alone=_ALONE) as session:
            row = _found(session, user_id)
            session.delete(row)
            _end_links(session, user_id)
            if row.role == Role.ADMIN and not row.disabled:
                _refuse_without_admin(session)

    def _first(self, condition: ColumnElement[bool]) -> User | None:
        with self._database.reading() as session:
            row = session.scalar(select(UserRow).where(condition))
            return None if row is None else user_of(row)


def user_of(row: UserRow) -> User:
    """Return the user that a row holds."""
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        password_hash=row.password_hash,
        disabled=row.disabled,
        oidc_subject=row.oidc_subject,
        password_changed_at=row.password_changed_at,
    )


def _found(session: OrmSession, user_id: str) -> UserRow:
    row = session.get(UserRow, user_id)
    if row is None:
        raise AccountNotFound(f"There is no user {user_id}")
    return row


def _refuse_taken(session: OrmSession, row: UserRow) -> None:
    taken = UserRow.name_key == row.name_key
    if row.oidc_subject is not None:
        taken = or_(taken, UserRow.oidc_subject == row.oidc_subject)
    if session.scalar(select(UserRow.id).where(taken, UserRow.id != row.id).limit(1)):
        raise AccountExists(f"There is a user {row.name} already", hint="Take another name.")


def _refuse_without_admin(session: OrmSession) -> None:
    session.flush()
    admins = select(UserRow.id).where(UserRow.role == Role.ADMIN.value, UserRow.disabled.is_(False))
    if not session.scalar(admins.limit(1)):
        raise LastAdmin(
            "This is the last administrator who can log in",
            hint="Make another user an administrator first.",
        )


def _end_links(session: OrmSession, user_id: str) -> None:
    session.execute(delete(LinkRow).where(LinkRow.user_id == user_id))


def _log_out(session: OrmSession, user_id: str, keep: str | None = None) -> None:
    sessions = delete(SessionRow).where(SessionRow.user_id == user_id)
    session.execute(sessions if keep is None else sessions.where(SessionRow.id != keep))
