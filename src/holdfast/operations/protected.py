"""From what a person names to the sources of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.config import SettingsTable
from holdfast.errors import ConfigError
from holdfast.models.manifest import DATABASE_DIR
from holdfast.operations.table_settings import TableSettings
from holdfast.sources.base import Source
from holdfast.sources.directory import DirectorySource
from holdfast.sources.settings import SettingsSource
from holdfast.sources.sqlite import SqliteSource, sqlite_path


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOptions:
    """A directory to protect, with gitignore-like patterns of what to take or leave."""

    path: str | Path
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


def make_sources(
    database_url: str | None,
    databases: Mapping[str, str],
    directories: Mapping[str, str | Path | DirectoryOptions],
    settings: Any,
    busy_timeout_s: float,
) -> tuple[Source, ...]:
    """Make the sources of a plan in the order of capture: databases, settings, directories.

    Args:
        settings: As `BackupService` takes them.

    Raises:
        ConfigError: A URL or label cannot be used, or two sources would have one place.
    """
    found: list[Source] = []
    if database_url:
        found.append(SqliteSource(sqlite_path(database_url), busy_timeout_s=busy_timeout_s))
    for name, url in databases.items():
        found.append(
            SqliteSource(
                sqlite_path(url),
                name=name,
                root=f"{DATABASE_DIR}/{name}.db",
                busy_timeout_s=busy_timeout_s,
            )
        )
    if settings is not None:
        found.append(SettingsSource(_settings_provider(settings, found, busy_timeout_s)))
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


def _settings_provider(settings: Any, databases: Sequence[Source], timeout_s: float) -> Any:
    """Return what exports the settings: what the host gave, or a table of its first database."""
    if isinstance(settings, str):
        settings = SettingsTable(table=settings)
    if not isinstance(settings, SettingsTable):
        return settings
    database = next((each for each in databases if isinstance(each, SqliteSource)), None)
    if database is None:
        raise ConfigError(
            f"The settings table {settings.table} needs a database to be in",
            hint="Set DATABASE_URL, or give the settings otherwise.",
        )
    return TableSettings(
        database.path,
        table=settings.table,
        key=settings.key,
        value=settings.value,
        busy_timeout_s=timeout_s,
    )


def database_files(sources: Sequence[Source]) -> tuple[Path, ...]:
    """Return the files of the databases, which no directory source may capture as files."""
    paths = [source.path for source in sources if isinstance(source, SqliteSource)]
    return tuple(
        path.with_name(path.name + suffix)
        for path in paths
        for suffix in ("", "-wal", "-shm", "-journal")
    )
