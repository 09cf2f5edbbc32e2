"""What the host application gives for its database and models, and what of it is used.

Only the address is taken: a connection of the host may be in a transaction, in another thread or
in an event loop, so Holdfast opens its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from holdfast.errors import ConfigError
from holdfast.sources.tables.columns import table_key

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_ENGINES = {"postgres": "postgresql", "mariadb": "mysql"}


def database_url(database: object) -> URL:
    """Return the URL of what the host gave, with a driver that works without an event loop.

    Raises:
        ConfigError: It is no database, or one of an engine that cannot be exported.
    """
    url = _url_of(database)
    backend = url.drivername.partition("+")[0].lower()
    backend = _ENGINES.get(backend, backend)
    if backend not in _DRIVERS:
        raise ConfigError(
            f"Tables of a {backend} database cannot be exported",
            hint="SQLite, PostgreSQL, MySQL and MariaDB can.",
        )
    return _without_driver_options(url.set(drivername=_DRIVERS[backend]), url.drivername)


def _without_driver_options(url: URL, driver: str) -> URL:
    """Spell options as the other driver does: asyncpg says `ssl` where libpq says `sslmode`."""
    if driver.endswith("+asyncpg"):
        options = dict(url.query)
        for ours in ("prepared_statement_cache_size", "prepared_statement_name_func"):
            options.pop(ours, None)
        if "ssl" in options:
            options["sslmode"] = options.pop("ssl")
        return url.set(query=options)
    return url


def _url_of(database: object) -> URL:
    if isinstance(database, URL):
        return database
    if isinstance(database, str):
        return _parse(database)
    found = _engine_of(database)
    url = getattr(found, "url", None)
    if not isinstance(url, URL):
        raise ConfigError(
            f"Cannot take a database from a {type(database).__name__}",
            hint="Give a database URL, an engine, a session or a sessionmaker of SQLAlchemy.",
        )
    return url


def _parse(text: str) -> URL:
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in ("postgres", "mariadb"):
        text = f"{_ENGINES[scheme.lower()]}://{rest}"
    try:
        return make_url(text)
    except (ArgumentError, ValueError) as error:
        # The message of the error would show the URL, and with it a password.
        raise ConfigError(
            "That is no database URL",
            hint="Write one as SQLAlchemy does: postgresql://user:password@host/name.",
        ) from error


def _engine_of(given: Any) -> Any:
    """Return the engine behind a session, a sessionmaker, a connection, or their async twins."""
    for _ in range(4):
        if isinstance(getattr(given, "url", None), URL):
            return given
        options = getattr(given, "kw", None)
        if isinstance(options, dict) and options.get("bind") is not None:
            given = options["bind"]
        elif getattr(given, "bind", None) is not None:
            given = given.bind
        elif getattr(given, "engine", None) is not None:
            given = given.engine
        elif callable(getattr(given, "get_bind", None)):
            given = _bound(given)
        else:
            return None
    return given


def _bound(session: Any) -> Any:
    try:
        return session.get_bind()
    except Exception as error:
        raise ConfigError(
            "The session is bound to no database",
            hint="Give the engine, or the URL of the database.",
        ) from error


def named_tables(names: Sequence[str], models: object) -> tuple[str, ...]:
    """Return the keys of the tables that were chosen, by name or by model; empty means all.

    Raises:
        ConfigError: Something given for a model is none.
    """
    if isinstance(names, str):
        names = (names,)
    chosen = list(names)
    chosen += [table_key(table.schema, table.name) for table in _model_tables(models)]
    return tuple(dict.fromkeys(chosen))


def _model_tables(models: Any) -> Iterable[Any]:
    if models is None:
        return ()
    metadata = models if isinstance(models, sa.MetaData) else getattr(models, "metadata", None)
    own = getattr(models, "__table__", None)
    if isinstance(own, sa.Table):
        return (own,)
    if isinstance(models, sa.Table):
        return (models,)
    if isinstance(metadata, sa.MetaData):
        return tuple(metadata.tables.values())
    try:
        each_table = [tuple(_model_tables(each)) for each in models]
    except TypeError as error:
        raise ConfigError(
            f"A {type(models).__name__} is no model",
            hint="Give a MetaData, a declarative base, or a list of mapped classes.",
        ) from error
    return [table for tables in each_table for table in tables]
