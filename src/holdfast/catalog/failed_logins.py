"""Logins that failed, so that guessing becomes slow.

Names are kept as hashes: people type their password into the wrong field.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session as OrmSession

from holdfast.catalog.credentials import hash_token, name_key
from holdfast.catalog.people import FailedLogins
from holdfast.catalog.schema import FailedLoginRow

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

_ALONE = "failed-logins"


class FailedLoginTable:
    """Failed logins, counted by account, whether it exists or not, and by address."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def reserve(
        self,
        account: str | None,
        address: str | None,
        *,
        within: timedelta,
        check: Callable[[FailedLogins, FailedLogins, FailedLogins], None],
    ) -> tuple[int, ...]:
        """Count a login as failed before it is tried; return what `take_back` wants.

        Nobody else counts in between, so that guesses that come at once are as many as those that
        come one after the other.

        Args:
            account: None for the set-up of the server, which no name of a user is counted as.
            check: Gets how many there were of the pair, of the address and of the account, and
                raises if that is too many.
        """
        now = self._database.clock.now()
        keys = _pair_key(account, address), _account_key(account)
        # Guesses of names do not keep out who sets the server up, from wherever they come.
        place = f"set-up {address}" if account is None else address or ""
        rows = [
            FailedLoginRow(at=now, account_key=keys[0], address=None),
            FailedLoginRow(at=now, account_key=keys[1], address=place),
        ]
        with self._database.writing(alone=_ALONE) as session:
            check(
                _count(session, FailedLoginRow.account_key == keys[0], now, within),
                _count(session, FailedLoginRow.address == place, now, within),
                _count(session, FailedLoginRow.account_key == keys[1], now, within),
            )
            session.add_all(rows)
            session.flush()
            return tuple(row.number for row in rows)

    def take_back(
        self, reserved: tuple[int, ...], account: str | None, address: str | None
    ) -> None:
        """Note that a login did not fail: the pair of account and address counts from zero."""
        with self._database.writing(alone=_ALONE) as session:
            of_pair = FailedLoginRow.account_key == _pair_key(account, address)
            session.execute(
                delete(FailedLoginRow).where(or_(of_pair, FailedLoginRow.number.in_(reserved)))
            )

    def expire(self, older_than: datetime) -> int:
        """Remove those from before an instant; return how many."""
        with self._database.writing() as session:
            gone = session.execute(delete(FailedLoginRow).where(FailedLoginRow.at < older_than))
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]


def _count(
    session: OrmSession, condition: ColumnElement[bool], now: datetime, within: timedelta
) -> FailedLogins:
    # A time in the future is of a clock that was set back, and counts for ever otherwise.
    recent = FailedLoginRow.at.between(now - within, now + within)
    query = select(func.count(), func.min(FailedLoginRow.at), func.max(FailedLoginRow.at))
    count, oldest_at, newest_at = session.execute(query.where(condition, recent)).one()
    return FailedLogins(count=count, oldest_at=oldest_at, newest_at=newest_at)


def _account_key(account: str | None) -> str:
    return hash_token("set-up" if account is None else f"account {name_key(account)}")


def _pair_key(account: str | None, address: str | None) -> str:
    # No address has a line end, so this is the pair of no other name.
    return hash_token(f"{address}\n{_account_key(account)}")
