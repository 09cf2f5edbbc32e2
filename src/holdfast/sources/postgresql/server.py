"""A server as a source sees it: where its programs run, and how to log in to its databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.clients import Clients, Version, find_clients
from holdfast.sources.postgresql.connection import Connection
from holdfast.sources.postgresql.session import APPLICATION, Session, open_session
from holdfast.sources.programs import ContainerPlace, LocalPlace, Place
from holdfast.sources.programs.child import DEFAULT_STALL_S

_VERSION = "SELECT current_setting('server_version_num')::int AS number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One database of one server, and where the programs for it run.

    Attributes:
        container: Name or id of the container that the programs run in; None means here.
        client_folders: Where to look for client programs here, instead of everywhere.
    """

    connection: Connection
    container: str | None = None
    container_runtime: str | None = None
    connect_timeout_s: float = 30.0
    stall_s: float = DEFAULT_STALL_S
    client_folders: Sequence[Path] | None = None

    def place(self) -> Place:
        """Return where the programs run.

        Raises:
            ContainerUnavailable: The container is not there or does not run.
        """
        if self.container is None:
            return LocalPlace()
        return ContainerPlace(self.container, self.container_runtime)

    def open(
        self,
        place: Place,
        *,
        database: str | None = None,
        cancel: CancellationToken | None = None,
        application: str = APPLICATION,
    ) -> Session:
        """Connect to the database, or to another one of the server.

        Its `connection` is the way that works from the place, for the programs there.

        Raises:
            DatabaseUnreachable, DatabaseRefused, SourceNotFound, MissingExtra: It cannot be.
        """
        wanted = self.connection if database is None else self.connection.to_database(database)
        return open_session(
            wanted,
            place,
            cancel=cancel,
            connect_timeout_s=self.connect_timeout_s,
            application=application,
        )

    def clients(self, place: Place, session: Session) -> Clients:
        """Return the client programs that fit the server of a session.

        Raises:
            ClientMissing: There are none.
        """
        return find_clients(place, version_of(session), folders=self.client_folders)


def version_of(session: Session) -> Version:
    """Return the version of a session's server."""
    return Version.of_server(int(session.value(_VERSION)))
