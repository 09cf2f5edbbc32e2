"""The server that a source's database is on: sessions to it, and its names for people."""

from __future__ import annotations

import re
from urllib.parse import quote

from holdfast.models.progress import CancellationToken
from holdfast.sources.mysql.session import Session
from holdfast.sources.mysql.url import Connection

_PATH = re.compile(r"\A([^:]+://(?:[^/?]*@)?[^/?]*)(?:/[^?]*)?(\?.*)?\Z", re.DOTALL)


class Server:
    """Where the database of a URL is.

    Attributes:
        lock_wait_s: How long a restore waits for sessions that use the tables [s].
    """

    def __init__(self, connection: Connection, url: str, *, timeout_s: float) -> None:
        self.connection = connection
        self.lock_wait_s = timeout_s
        self._url = url
        self._timeout_s = timeout_s

    @property
    def location(self) -> str:
        """The database for people, without secrets."""
        return self.connection.location

    def open(self, database: str | None, cancel: CancellationToken | None = None) -> Session:
        """Open a session whose current database is that one, or none."""
        return Session(self.connection, database=database, timeout_s=self._timeout_s, cancel=cancel)

    def url_of(self, database: str) -> str:
        """Return the URL of another database of the server, with the password if it has one."""
        found = _PATH.match(self._url)
        assert found is not None, "the URL was parsed when the source was made"
        return f"{found[1]}/{quote(database, safe='')}{found[2] or ''}"
