"""Laying the settings' layers over each other, with the origin of each value."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from holdfast.config.document import find_document, read_document
from holdfast.config.environment import read_environment
from holdfast.config.fields import FIELDS, FIELDS_BY_KEY, PASSWORD_KEYS, Field
from holdfast.config.secret import PasswordSource
from holdfast.config.settings import (
    CompressionSettings,
    DirectorySettings,
    EncryptionSettings,
    MigrationSettings,
    RestoreSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
    SettingsTable,
)
from holdfast.errors import ConfigError


class Layer(IntEnum):
    """Where a value can come from; the lowest number counts."""

    FLAG = 0
    ENVIRONMENT = 1
    FILE = 2
    DEFAULT = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: the layer, and in it the flag, the variable or the file."""

    layer: Layer
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings, where each came from, and what is to be said about them.

    Attributes:
        origins: By key, for every setting.
        values: By key, as parsed; for showing, `settings` is for using.
        password_key: Which of the password settings counts.
        file: The configuration file that was read.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    values: Mapping[str, Any]
    password_key: str | None = None
    file: Path | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Given:
    raw: Any
    origin: Origin
    base: Path


_DEFAULT = Origin(Layer.DEFAULT, "default")


def load_configuration(
    *,
    flags: Mapping[str, tuple[str, Any]] | None = None,
    config_file: Path | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Read the settings of every layer.

    Args:
        flags: By key, the option that was used and its value.
        config_file: The file to read; None means `holdfast.toml` if there is one.
        directory: Where relative paths of flags and variables start; None means here.
        environment: Variables to use instead of the process's.

    Raises:
        ConfigError: A value is wrong, a key unknown, or the file is not readable.
    """
    here = Path.cwd() if directory is None else directory
    variables = read_environment() if environment is None else environment
    path = find_document(config_file, here)
    layers = [
        _from_flags(flags or {}, here),
        _from_environment(variables, here),
        _from_document(path) if path else {},
    ]
    given = {
        field.key: next((layer[field.key] for layer in layers if field.key in layer), None)
        for field in FIELDS
    }
    _settle_databases(given)
    values = {key: _parse(FIELDS_BY_KEY[key], found, here) for key, found in given.items()}
    origins = {key: found.origin if found else _DEFAULT for key, found in given.items()}
    return Configuration(
        settings=_assemble(values, origins),
        origins=origins,
        values=values,
        password_key=_password_key(values, origins),
        file=path,
        warnings=tuple(_warnings(path, origins)),
    )


def _from_flags(flags: Mapping[str, tuple[str, Any]], here: Path) -> dict[str, _Given]:
    return {
        key: _Given(raw, Origin(Layer.FLAG, option), here) for key, (option, raw) in flags.items()
    }


def _from_environment(variables: Mapping[str, str], here: Path) -> dict[str, _Given]:
    # Compose files and CI systems pass an unset variable on as an empty one, so an empty value
    # counts as not set, but where a default would be a dangerous guess.
    return {
        field.key: _Given(
            variables[field.variable], Origin(Layer.ENVIRONMENT, field.variable), here
        )
        for field in FIELDS
        if field.variable
        and field.variable in variables
        and (variables[field.variable] or not field.may_be_empty)
    }


def _from_document(path: Path) -> dict[str, _Given]:
    origin = Origin(Layer.FILE, str(path))
    return {
        key: _Given(raw, origin, path.parent.absolute()) for key, raw in read_document(path).items()
    }


def _settle_databases(given: dict[str, _Given | None]) -> None:
    """Decide between one database and several; both would capture one of them twice."""
    one, several = given["database_url"], given["databases"]
    if one is None or several is None:
        return
    if one.origin.layer is Layer.FLAG:
        given["databases"] = None
    elif one.origin.layer is Layer.ENVIRONMENT:
        # The application's own variable must not drop databases that the plan names.
        given["database_url"] = None
    else:
        raise ConfigError(
            f"{one.origin} has both database_url and [databases]",
            hint="Move the URL of database_url into [databases], under a name.",
        )


def _parse(field: Field, given: _Given | None, here: Path) -> Any:
    if given is None:
        # The repository's default is a path of this directory; the others stand as they are.
        return field.parse(field.default, here) if field.key == "repository" else field.default
    try:
        return field.parse(given.raw, given.base)
    except ValueError as error:
        where = f"{field.key} in {given.origin}"
        name = where if given.origin.layer is Layer.FILE else str(given.origin)
        raise ConfigError(f"{name}: {error}{_shown(field, given.raw)}") from error


def _shown(field: Field, raw: Any) -> str:
    # A URL may hold a password; a list or table says in `error` which of its items is meant.
    text = str(raw)
    if field.secret or isinstance(raw, list | dict) or "://" in text or "@" in text or raw == "":
        return ""
    return f", not {raw!r}"


def _assemble(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> Settings:
    directories = {
        label: DirectorySettings(path=path, exclude=(*own, *values["exclude"]))
        for label, (path, own) in values["directories"].items()
    }
    return Settings(
        **{key: values[key] for key in _PLAIN_KEYS},
        directories=directories,
        settings_table=_settings_table(values, origins),
        encryption=EncryptionSettings(
            enabled=values["encryption.enabled"],
            password=_password(values, origins),
            drill_days=values["encryption.drill_days"],
        ),
        compression=CompressionSettings(**_group(values, "compression")),
        retention=RetentionSettings(**_group(values, "retention")),
        schedule=ScheduleSettings(**_group(values, "schedule")),
        restore=RestoreSettings(**_group(values, "restore")),
        migrations=MigrationSettings(**_group(values, "migrations")),
    )


_PLAIN_KEYS = tuple(
    field.key
    for field in FIELDS
    if "." not in field.key and field.key not in ("directories", "exclude")
)


def _group(values: Mapping[str, Any], table: str) -> dict[str, Any]:
    prefix = f"{table}."
    return {
        key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)
    }


def _settings_table(
    values: Mapping[str, Any], origins: Mapping[str, Origin]
) -> SettingsTable | None:
    if values["settings.table"]:
        return SettingsTable(**_group(values, "settings"))
    lone = [key for key in ("settings.key", "settings.value") if origins[key] != _DEFAULT]
    if lone:
        raise ConfigError(
            f"{lone[0]} is set, but settings.table is not ({origins[lone[0]]})",
            hint="Name the table that keeps the settings: table in [settings].",
        )
    return None


def _password_key(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> str | None:
    given = [key for key in PASSWORD_KEYS if values[key] is not None]
    rank = {key: (origins[key].layer, PASSWORD_KEYS.index(key)) for key in given}
    return min(given, key=rank.__getitem__, default=None)


def _password(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> PasswordSource | None:
    key = _password_key(values, origins)
    if key is None:
        return None
    origin = str(origins[key])
    if key == "encryption.password":
        return PasswordSource.of_value(values[key], origin)
    if key == "encryption.password_file":
        return PasswordSource.of_file(values[key], origin)
    return PasswordSource.of_command(values[key], origin)


def _warnings(path: Path | None, origins: Mapping[str, Origin]) -> Iterator[str]:
    if path is None or origins["encryption.password"].layer is not Layer.FILE:
        return
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield (
            f"{path} holds the password of the repository and others may read it;"
            f" run: chmod 600 {path}"
        )
