"""How often a password may be wrong, by account and by address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.errors import TooManyRequests

if TYPE_CHECKING:
    from holdfast.catalog import CatalogDatabase

WINDOW = timedelta(minutes=15)
PER_PAIR = 5
"""Wrong passwords for one account from one address."""
PER_ADDRESS = 30
"""From one address, whatever the accounts: behind it may be a whole office."""
PER_ACCOUNT = 50
"""For one account from all addresses. Far above the first, or anyone could lock out the user."""


class Throttle:
    """Counts failed logins in the catalog, so that it holds for all processes together."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def require_leave(self, account: str, address: str | None) -> int:
        """Insist that there were not too many failures; return how many of this pair there were.

        Whether there is such an account makes no difference.

        Raises:
            TooManyRequests: There were; it says when to come again.
        """
        failed = self._database.accounts.failed_logins
        of_pair = failed.of_account(_pair(account, address), within=WINDOW)
        for found, limit in (
            (of_pair, PER_PAIR),
            (failed.of_address(address, within=WINDOW), PER_ADDRESS),
            (failed.of_account(account, within=WINDOW), PER_ACCOUNT),
        ):
            if found.count >= limit and found.oldest_at is not None:
                wait = found.oldest_at + WINDOW - self._database.clock.now()
                raise TooManyRequests(
                    "There were too many failed logins",
                    retry_after_s=max(1, round(wait.total_seconds()) + 1),
                    hint="Wait, or let an administrator set a new password.",
                )
        return of_pair.count

    def note_failure(self, account: str, address: str | None) -> None:
        """Count a failure."""
        failed = self._database.accounts.failed_logins
        failed.expire(self._database.clock.now() - WINDOW)
        failed.add(account, address)
        failed.add(_pair(account, address), None)

    def forgive(self, account: str, address: str | None) -> None:
        """Count from zero again what this address did to this account: it knows the password."""
        self._database.accounts.failed_logins.forget(_pair(account, address))


def _pair(account: str, address: str | None) -> str:
    # A name has no line end, so this is none that somebody could have.
    return f"{account}\n{address}"
