"""How often a password may be wrong, by account and by address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.errors import TooManyRequests

if TYPE_CHECKING:
    from holdfast.catalog import CatalogDatabase, FailedLogins

WINDOW = timedelta(minutes=15)
PER_PAIR = 5
"""Wrong passwords for one account from one address."""
PER_ADDRESS = 30
"""From one address, whatever the accounts: behind it may be a whole office."""
PER_ACCOUNT = 50
"""For one account from all addresses. Far above the first, or anyone could lock out the user."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that counts as failed until it is forgiven.

    Attributes:
        numbers: What is kept of it.
    """

    account: str | None
    address: str | None
    numbers: tuple[int, ...]


class Throttle:
    """Counts failed logins in the catalog, so that it holds for all processes together."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def reserve(self, account: str | None, address: str | None) -> Attempt:
        """Count a failure before the password is compared, unless there were too many.

        Whether there is such an account makes no difference.

        Args:
            account: None for the set-up of the server.

        Raises:
            TooManyRequests: There were; it says when to come again.
        """
        failed = self._database.accounts.failed_logins
        failed.expire(self._database.clock.now() - WINDOW)
        numbers = failed.reserve(account, address, within=WINDOW, check=self._require_leave)
        return Attempt(account, address, numbers)

    def forgive(self, attempt: Attempt) -> None:
        """Take a failure back, and count from zero what its address did to its account."""
        failed = self._database.accounts.failed_logins
        failed.take_back(attempt.numbers, attempt.account, attempt.address)

    def _require_leave(
        self, of_pair: FailedLogins, of_address: FailedLogins, of_account: FailedLogins
    ) -> None:
        for found, limit in (
            (of_pair, PER_PAIR),
            (of_address, PER_ADDRESS),
            (of_account, PER_ACCOUNT),
        ):
            if found.count >= limit and found.oldest_at is not None:
                wait = found.oldest_at + WINDOW - self._database.clock.now()
                raise TooManyRequests(
                    "There were too many failed logins",
                    retry_after_s=max(1, round(wait.total_seconds()) + 1),
                    hint="Wait until then; a new password does not end it.",
                )
