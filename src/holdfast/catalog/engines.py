"""How the catalog's database is reached: an SQLite file, or a PostgreSQL server.

SQLite: a rollback journal, not WAL (see `run_log`), a connection for each transaction, and
`BEGIN IMMEDIATE` for each that writes, so that none finds at its end that it cannot.
PostgreSQL: a small pool of connections.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from holdfast.errors import ConfigError, MissingExtra
from holdfast.stores.durable import make_directories

BUSY_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10
WRITES = "holdfast_writes"
"""The execution option of a transaction that will write."""

_LOCK_NUMBERS = 0x486F6C6446617374  # "HoldFast": our own among the locks of a shared database


def parse_place(url: str | URL) -> URL:
    """Return the URL of a catalog, with the driver that is used for it.

    Raises:
        ConfigError: It is none, or of a database that cannot hold a catalog.
    """
    try:
        place = make_url(url)
    except (ArgumentError, ValueError) as error:  # the text may hold a password
        raise ConfigError(
            "The URL of the catalog cannot be read", hint="Write it as sqlite:///path/catalog.db."
        ) from error
    kind = place.drivername.partition("+")[0]
    if kind in ("postgresql", "postgres"):
        return place.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and place.database and place.database != ":memory:":
        path = str(Path(place.database).absolute())
        return URL.create("sqlite", database=path)
    raise ConfigError(
        f"A catalog cannot be kept in {place.render_as_string(hide_password=True)}",
        hint="Use an SQLite file (sqlite:///path/catalog.db) or PostgreSQL.",
    )


def file_of(place: URL) -> Path | None:
    """Return the file of a catalog that is one."""
    if place.get_backend_name() == "sqlite" and place.database:
        return Path(place.database)
    return None


def make_engine(place: URL) -> Engine:
    """Return the engine for a catalog; it connects when it is used.

    Raises:
        MissingExtra: The driver is not installed.
    """
    path = file_of(place)
    return _make_postgresql(place) if path is None else _make_sqlite(path)


def lock(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds the lock of this name; keep it to the end.

    A transaction that writes to SQLite holds all locks there are.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:room # hashtextextended(:name, 0))"),
            {"room": _LOCK_NUMBERS, "name": name},
        )


def make_file(path: Path) -> bool:
    """Make the empty file of a catalog, for its owner only; return whether it was made.

    Raises:
        OSError: It cannot be made, or its mode cannot be set.
    """
    make_directories(
        str(path.parent.absolute())
    )  # the one above is the repository, if this comes first
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return False
    return True


def _make_sqlite(path: Path) -> Engine:
    uri = f"{path.as_uri()}?mode=rw"  # who opens it never makes it: see `make_file`

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("pragma foreign_keys = on")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_postgresql(place: URL) -> Engine:
    try:
        return create_engine(
            place,
            pool_pre_ping=True,
            pool_size=2,
            max_overflow=18,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "holdfast-catalog",
                "prepare_threshold": None,  # a pooler between us and the server may not keep them
            },
        )
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "psycopg":
            raise
        raise MissingExtra(
            "A catalog in PostgreSQL needs psycopg, which is not installed",
            hint="pip install 'holdfast[postgresql]'",
        ) from error
