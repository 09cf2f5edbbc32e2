"""Logins that failed, so that guessing becomes slow.

Names are kept as hashes: people type their password into the wrong field.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, func, select

from holdfast.catalog.credentials import hash_token, name_key
from holdfast.catalog.people import FailedLogins
from holdfast.catalog.schema import FailedLoginRow

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase


class FailedLoginTable:
    """Failed logins, counted by account, whether it exists or not, and by address."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(self, account: str, address: str | None) -> None:
        """Note that a login failed."""
        with self._database.writing() as session:
            session.add(
                FailedLoginRow(
                    at=self._database.clock.now(), account_key=_key(account), address=address
                )
            )

    def of_account(self, account: str, *, within: timedelta) -> FailedLogins:
        """Return how many there were of an account."""
        return self._count(FailedLoginRow.account_key == _key(account), within)

    def of_address(self, address: str | None, *, within: timedelta) -> FailedLogins:
        """Return how many there were from an address."""
        return self._count(FailedLoginRow.address == address, within)

    def forget(self, account: str) -> None:
        """Count an account from zero again: its user has logged in."""
        with self._database.writing() as session:
            of_account = FailedLoginRow.account_key == _key(account)
            session.execute(delete(FailedLoginRow).where(of_account))

    def expire(self, older_than: datetime) -> int:
        """Remove those from before an instant; return how many."""
        with self._database.writing() as session:
            gone = session.execute(delete(FailedLoginRow).where(FailedLoginRow.at < older_than))
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]

    def _count(self, condition: ColumnElement[bool], within: timedelta) -> FailedLogins:
        now = self._database.clock.now()
        # A time in the future is of a clock that was set back, and counts for ever otherwise.
        recent = FailedLoginRow.at.between(now - within, now + within)
        query = select(func.count(), func.min(FailedLoginRow.at), func.max(FailedLoginRow.at))
        with self._database.reading() as session:
            count, oldest_at, newest_at = session.execute(query.where(condition, recent)).one()
            return FailedLogins(count=count, oldest_at=oldest_at, newest_at=newest_at)


def _key(account: str) -> str:
    return hash_token(name_key(account))
