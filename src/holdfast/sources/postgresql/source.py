"""A PostgreSQL database as a source: how it is reached, captured and restored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from holdfast.models.manifest import DATABASE_DIR
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.url import parse_url
from holdfast.sources.programs.child import DEFAULT_STALL_S


class PostgresSource:
    """One PostgreSQL database.

    Args:
        url: As SQLAlchemy or libpq write it.
        name: The label of the source, by default the database's name.
        root: Its path in the backup, by default `database/<name>.dump`.
        container: A running container in which the server's own programs are used.
        connect_timeout_s: How long to wait for a connection [s].
        stall_s: How long a program may be silent [s].
        schema_version: Tells the version of the application's schema, where neither Alembic
            nor Django knows it.
        owner: Whether a restore gives things their owners and rights back.

    Raises:
        ConfigError: The URL cannot be used; no password is shown.
    """

    kind = "postgresql"

    def __init__(
        self,
        url: str,
        *,
        name: str | None = None,
        root: str | None = None,
        container: str | None = None,
        container_runtime: str | None = None,
        connect_timeout_s: float = 30.0,
        stall_s: float = DEFAULT_STALL_S,
        schema_version: Callable[[], str | None] | None = None,
        owner: bool = True,
        client_folders: Sequence[Path] | None = None,
    ) -> None:
        self.server = Server(
            connection=parse_url(url),
            container=container,
            container_runtime=container_runtime,
            connect_timeout_s=connect_timeout_s,
            stall_s=stall_s,
            client_folders=client_folders,
        )
        self.name = name or self.server.connection.database
        self.root = root or f"{DATABASE_DIR}/{self.name}.dump"
        self.owner = owner
        self._schema_version = schema_version

    @property
    def location(self) -> str:
        """The database for people, without secrets: `postgresql://app@host:5432/shop`."""
        return self.server.connection.location
