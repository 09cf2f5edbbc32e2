"""What the commands of the server share: its accounts, for who administers the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.cli.context import Context
    from holdfast.web.server.accounts import Accounts
    from holdfast.web.server.installation import Installation


def installation(context: Context) -> Installation:
    """Return the server of the configuration; nothing is opened yet.

    Raises:
        MissingExtra: Packages that it needs are not installed.
    """
    from holdfast.web.server import Installation

    return Installation.of(context.plans())


def accounts(context: Context) -> Accounts:
    """Return the accounts of the server.

    Who can read and write the catalog needs no login: what is done here is recorded as theirs.
    """
    from holdfast.web.server.accounts import Accounts

    return Accounts.of(installation(context))


def note(accounts: Accounts, action: str, about: str, **detail: object) -> None:
    """Record in the audit what was done on the command line."""
    import getpass

    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "unknown"  # a container may run as a user without a name
    accounts.database.audit.add(
        actor=f"{name} (command line)", action=action, object=about, outcome="done", detail=detail
    )
