"""Opens the connection that suits a database URL."""

from __future__ import annotations

from sqlalchemy.engine import URL

from holdfast.sources.tables.link import Link, Options


def connect(url: URL, options: Options, *, create: bool = False, quietly: bool = True) -> Link:
    """Connect to a database.

    Args:
        create: A SQLite file that is not there is made.
        quietly: A SQLite database that nobody has open is read without opening it for others.

    Raises:
        DatabaseUnreachable: The server does not answer.
        DatabaseRefused: It refuses the login.
        SourceNotFound: There is no such database.
        MissingExtra: The driver is not installed.
    """
    backend = url.get_backend_name()
    if backend == "postgresql":
        from holdfast.sources.tables.postgresql import PostgresLink

        return PostgresLink(url, options)
    if backend == "mysql":
        from holdfast.sources.tables.mariadb import MariaLink

        return MariaLink(url, options)
    from holdfast.sources.tables.sqlite import SqliteLink

    return SqliteLink(url, options, create=create, quietly=quietly)
