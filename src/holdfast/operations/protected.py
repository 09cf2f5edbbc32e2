"""From what a person names to the sources of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.clock import Clock
from holdfast.config import SERVER_SCHEMES, SettingsTable
from holdfast.errors import ConfigError
from holdfast.models.manifest import DATABASE_DIR
from holdfast.operations.table_settings import TableSettings
from holdfast.sources.base import DatabaseServer, PairReader, Source
from holdfast.sources.directory import DirectorySource
from holdfast.sources.settings import SettingsSource
from holdfast.sources.sqlite import SqliteSource, sqlite_path

SERVER_KINDS = frozenset({"postgresql", "mysql", "tables"})
"""Kinds of sources that are checked and rehearsed by asking the source itself."""
_ALL_TABLES = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOptions:
    """A directory to protect, with gitignore-like patterns of what to take or leave."""

    path: str | Path
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseOptions:
    """A database to protect.

    Attributes:
        url: As SQLAlchemy or libpq write it.
        container: The running container whose client programs reach it, if it is in one:
            `NAME`, `docker:NAME` or `podman:NAME`.
    """

    url: str
    container: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesOptions:
    """Tables to export as JSON.

    Attributes:
        tables: Their names; empty means all.
        database: A URL, or an engine, session or session maker of SQLAlchemy, synchronous or
            not: its URL is taken, and a connection of its own made. None: the first database.
        models: The application's declarative base, metadata or mapped classes, to take the
            tables from instead of looking at the database.
    """

    tables: Sequence[str] = ()
    database: Any = None
    models: Any = None


def make_sources(
    database_url: str | None,
    databases: Mapping[str, str | DatabaseOptions],
    directories: Mapping[str, str | Path | DirectoryOptions],
    settings: Any,
    *,
    busy_timeout_s: float,
    container: str | None = None,
    tables: Sequence[str] | TablesOptions | None = None,
    owner: bool = True,
    clock: Clock | None = None,
) -> tuple[Source, ...]:
    """Make the sources of a plan in the order of capture: databases, settings, directories.

    Args:
        settings: As `BackupService` takes them.
        container: Where the database of `database_url` runs.
        owner: Whether a server's objects get their owners and rights back.
        clock: Tells when settings were seen changed; the machine's by default.

    Raises:
        ConfigError: A URL or label cannot be used, or two sources would have one place.
    """
    found: list[Source] = []
    named = {name: _database_options(given) for name, given in databases.items()}
    main = DatabaseOptions(url=database_url, container=container) if database_url else None
    if main:
        found.append(make_database(main, busy_timeout_s=busy_timeout_s, owner=owner))
    for name, each in named.items():
        found.append(make_database(each, name, busy_timeout_s=busy_timeout_s, owner=owner))
    if tables:
        first = main or next(iter(named.values()), None)
        found.append(_tables_source(tables, first, busy_timeout_s))
    if settings is not None:
        found.append(SettingsSource(_settings_provider(settings, found), clock=clock))
    for label, given in directories.items():
        options = given if isinstance(given, DirectoryOptions) else DirectoryOptions(path=given)
        found.append(
            DirectorySource(
                label,
                Path(options.path).absolute(),
                include=options.include,
                exclude=options.exclude,
            )
        )
    roots = [source.root for source in found]
    twice = sorted({root for root in roots if roots.count(root) > 1})
    if twice:
        raise ConfigError(
            f"Two sources of the plan would both be {', '.join(twice)} in a backup",
            hint="Give databases distinct file names and directories distinct labels.",
        )
    return tuple(found)


def make_database(
    options: DatabaseOptions, name: str | None = None, *, busy_timeout_s: float, owner: bool = True
) -> Source:
    """Make the source of one database, by the scheme of its URL.

    Raises:
        ConfigError: The URL cannot be used.
    """
    kind = database_kind(options.url)
    if kind == "sqlite":
        if options.container:
            raise ConfigError(
                f"A SQLite database is a file, which no container {options.container} is asked for",
                hint="Name the file where this machine sees it, in a volume for example.",
            )
        root = f"{DATABASE_DIR}/{name}.db" if name else None
        path = sqlite_path(options.url)
        return SqliteSource(
            path,
            name=name,
            root=root,
            busy_timeout_s=busy_timeout_s,
            url_scheme=options.url.partition("://")[0],
        )
    runtime, _, container = (options.container or "").rpartition(":")
    if kind == "postgresql":
        from holdfast.sources.postgresql import PostgresSource

        return PostgresSource(
            options.url,
            name=name,
            container=container or None,
            container_runtime=runtime or None,
            connect_timeout_s=busy_timeout_s,
            owner=owner,
        )
    from holdfast.sources.mysql import MySqlSource

    return MySqlSource(
        options.url,
        name=name,
        root=f"{DATABASE_DIR}/{name}.sql" if name else None,
        container=container or None,
        container_runtime=runtime or None,
        connect_timeout_s=busy_timeout_s,
    )


def database_kind(url: str) -> str:
    """Return the kind of source that a database URL is of: `sqlite`, `postgresql`, `mysql`.

    Raises:
        ConfigError: It is of none; nothing but its scheme is shown.
    """
    scheme, separator, rest = url.partition("://")
    name = scheme.lower().partition("+")[0]
    if not separator or name == "sqlite":
        return "sqlite"
    if "@" in rest.partition("/")[2].partition("?")[0]:
        raise ConfigError(
            f"The {name} URL has an @ behind its host",
            hint="Percent-encode the password: @ is %40, / is %2F, : is %3A, # is %23, % is %25.",
        )
    if name not in SERVER_SCHEMES:
        raise ConfigError(
            f"Not a database that Holdfast protects: {name}://...",
            hint="It takes URLs of sqlite, postgresql, mysql and mariadb.",
        )
    return SERVER_SCHEMES[name]


def source_at_url(kind: str, url: str, root: str, *, owner: bool = True) -> Source:
    """Make a source of one kind that fills `root` in a backup from the database at `url`.

    Raises:
        ConfigError: The URL cannot be used.
    """
    name = Path(root).stem
    if kind == "sqlite":
        return SqliteSource(sqlite_path(url), name=name, root=root)
    if kind == "postgresql":
        from holdfast.sources.postgresql import PostgresSource

        return PostgresSource(url, name=name, root=root, owner=owner)
    if kind == "mysql":
        from holdfast.sources.mysql import MySqlSource

        return MySqlSource(url, name=name, root=root)
    from holdfast.sources.tables import TablesSource

    return TablesSource(url, root=root)


def detached_server(kind: str, root: str) -> DatabaseServer:
    """Make a source that can only check what a backup holds: the plan does not name its server."""
    nowhere = {"postgresql": "postgresql:///none", "mysql": "mysql://localhost/none"}
    source = source_at_url(kind, nowhere.get(kind, "sqlite:///none.db"), root)
    assert isinstance(source, DatabaseServer)
    return source


def _database_options(given: str | DatabaseOptions) -> DatabaseOptions:
    return given if isinstance(given, DatabaseOptions) else DatabaseOptions(url=given)


def _tables_source(
    given: Sequence[str] | TablesOptions, first: DatabaseOptions | None, busy_timeout_s: float
) -> Source:
    from holdfast.sources.tables import TablesSource

    if isinstance(given, str):
        given = [given]
    options = given if isinstance(given, TablesOptions) else TablesOptions(tables=given)
    database = options.database or (first.url if first else None)
    if database is None:
        raise ConfigError(
            "The tables to export need a database to be in",
            hint="Set DATABASE_URL, or name the database of the tables.",
        )
    if first and first.container and options.database is None:
        raise ConfigError(
            f"Tables cannot be exported from inside the container {first.container}",
            hint="Publish the database's port, and give its address for the tables.",
        )
    names = tuple(options.tables)
    return TablesSource(
        database,
        tables=() if _ALL_TABLES in names else names,
        models=options.models,
        connect_timeout_s=busy_timeout_s,
        lock_timeout_s=busy_timeout_s,
    )


def _settings_provider(settings: Any, databases: Sequence[Source]) -> Any:
    """Return what exports the settings: what the host gave, or a table of its first database."""
    if isinstance(settings, str):
        settings = SettingsTable(table=settings)
    if not isinstance(settings, SettingsTable):
        return settings
    for database in databases:
        if isinstance(database, PairReader):
            path = getattr(database, "path", None)
            name = path.name if isinstance(path, Path) else database.name
            return TableSettings(database, name, settings)
    raise ConfigError(
        f"The settings table {settings.table} needs a database to be in",
        hint="Set DATABASE_URL, or give the settings otherwise.",
    )


def database_files(sources: Sequence[Source]) -> tuple[Path, ...]:
    """Return the files of the databases, which no directory source may capture as files."""
    paths = [source.path for source in sources if isinstance(source, SqliteSource)]
    return tuple(
        path.with_name(path.name + suffix)
        for path in paths
        for suffix in ("", "-wal", "-shm", "-journal")
    )
