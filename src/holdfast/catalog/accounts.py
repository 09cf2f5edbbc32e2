"""The accounts of the server, in four parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.catalog.failed_logins import FailedLoginTable
from holdfast.catalog.sessions import SessionTable
from holdfast.catalog.tokens import TokenTable
from holdfast.catalog.users import UserTable

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase


class AccountTable:
    """Who may use the server.

    Attributes:
        users: Who can log in.
        sessions: Who is logged in.
        tokens: What programs identify themselves by.
        failed_logins: Who tried in vain.
    """

    def __init__(self, database: CatalogDatabase) -> None:
        self.users = UserTable(database)
        self.sessions = SessionTable(database)
        self.tokens = TokenTable(database)
        self.failed_logins = FailedLoginTable(database)
