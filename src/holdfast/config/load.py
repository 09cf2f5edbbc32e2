"""Laying the settings' layers over each other, with the origin of each value."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from holdfast.config.document import Document, find_document, read_document
from holdfast.config.environment import read_environment
from holdfast.config.fields import FIELDS, FIELDS_BY_KEY, PASSWORD_KEYS, PLAN_KEYS, Field
from holdfast.config.secret import PasswordKind, PasswordSource
from holdfast.config.settings import (
    CompressionSettings,
    DirectorySettings,
    EncryptionSettings,
    MigrationSettings,
    OidcSettings,
    RestoreSettings,
    RetentionSettings,
    ScheduleSettings,
    ServerSettings,
    Settings,
    SettingsTable,
)
from holdfast.errors import ConfigError


class Layer(IntEnum):
    """Where a value can come from; the lowest number counts."""

    FLAG = 0
    PLAN = 1
    ENVIRONMENT = 2
    FILE = 3
    DEFAULT = 4


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
_WRITTEN = (Layer.FILE, Layer.PLAN)
"""The layers that stand in the file."""


def load_configuration(
    *,
    flags: Mapping[str, tuple[str, Any]] | None = None,
    config_file: Path | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    plan: str | None = None,
) -> Configuration:
    """Read the settings of every layer.

    Args:
        flags: By key, the option that was used and its value.
        config_file: The file to read; None means `holdfast.toml` if there is one.
        directory: Where relative paths of flags and variables start; None means here.
        environment: Variables to use instead of the process's.
        plan: Which of the file's plans is meant; None means its only one.

    Raises:
        ConfigError: A value is wrong, a key unknown, the file is not readable, or it does not
            say which plan is meant.
    """
    given = _Layers.read(flags, config_file, directory, environment)
    return given.configuration(given.chosen(plan))


def load_plans(
    *,
    flags: Mapping[str, tuple[str, Any]] | None = None,
    config_file: Path | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Configuration, ...]:
    """Read the settings of every plan, in the order of the file; see `load_configuration`.

    What stands at the top of the file is a plan as well if it names something to protect.
    """
    given = _Layers.read(flags, config_file, directory, environment)
    return tuple(given.configuration(name) for name in given.names())


@dataclass(frozen=True, slots=True)
class _Layers:
    """The layers as they were read, without those of a plan.

    Attributes:
        flags: Options, by key; `environment` and `document` alike.
        path: The file.
    """

    here: Path
    flags: Mapping[str, _Given]
    environment: Mapping[str, _Given]
    document: Mapping[str, _Given]
    plans: Mapping[str, Mapping[str, _Given]]
    path: Path | None

    @classmethod
    def read(
        cls,
        flags: Mapping[str, tuple[str, Any]] | None,
        config_file: Path | None,
        directory: Path | None,
        environment: Mapping[str, str] | None,
    ) -> _Layers:
        """Read each layer."""
        here = Path.cwd() if directory is None else directory
        variables = read_environment() if environment is None else environment
        path = find_document(config_file, here)
        document = read_document(path) if path else Document(here, {}, {})
        origin = Origin(Layer.FILE, str(document.path))
        return cls(
            here,
            _from_flags(flags or {}, here),
            _from_environment(variables, here),
            _from_document(document.settings, origin, document.path),
            {name: _from_plan(name, table, document) for name, table in document.plans.items()},
            path,
        )

    def names(self) -> tuple[str | None, ...]:
        """Return the plans by name; None is that at the top of the file."""
        protecting = any(
            key in layer
            for layer in (self.flags, self.environment, self.document)
            for key in _PROTECTING
        )
        return (None, *self.plans) if protecting or not self.plans else tuple(self.plans)

    def chosen(self, plan: str | None) -> str | None:
        """Return the plan that is meant; None is that at the top of the file.

        Raises:
            ConfigError: There is none of this name, or several and none was named.
        """
        names = self.names()
        if plan is not None and plan in self.plans:
            return plan
        top = self.document["plan"].raw if "plan" in self.document else "default"
        if plan is not None and (plan != top or None not in names):
            known = ", ".join(str(top if name is None else name) for name in names)
            raise ConfigError(f"There is no plan {plan}", hint=f"The plans are: {known}.")
        # Who names a repository by hand wants that one, whatever the file says.
        if plan is not None or None in names or "repository" in self.flags:
            return None
        if len(names) > 1:
            raise ConfigError(
                f"{self.path} has several plans: {', '.join(map(str, names))}",
                hint="Say which one is meant with --plan.",
            )
        return names[0]

    def configuration(self, plan: str | None) -> Configuration:
        """Lay the layers over each other, for one plan."""
        layers = [self.flags, self.environment, self.document]
        if plan is not None:
            inherited = [
                {key: found for key, found in layer.items() if key not in PLAN_KEYS}
                for layer in layers[1:]
            ]
            layers = [self.flags, self.plans[plan], *inherited]
        if len(self.names()) > 1 and plan != self.names()[0]:
            layers.append(self._shared_catalog())
        return _configure(layers, self.here, self.path)

    def _shared_catalog(self) -> dict[str, _Given]:
        """Say where the catalog of all plans is, if nothing else does: at the first one's."""
        first = self.configuration(self.names()[0]).settings
        url = f"sqlite:///{first.repository}/holdfast/catalog.db"
        origin = Origin(Layer.DEFAULT, f"beside the repository of plan {first.plan}")
        return {"server.catalog": _Given(url, origin, self.here)}


_PROTECTING = ("database_url", "databases", "directories", "settings.table")


def _configure(
    layers: Sequence[Mapping[str, _Given]], here: Path, path: Path | None
) -> Configuration:
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
        warnings=tuple(_warnings(path, values, origins)),
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


def _from_document(settings: Mapping[str, Any], origin: Origin, path: Path) -> dict[str, _Given]:
    return {key: _Given(raw, origin, path.parent.absolute()) for key, raw in settings.items()}


def _from_plan(name: str, table: Mapping[str, Any], document: Document) -> dict[str, _Given]:
    origin = Origin(Layer.PLAN, f"[plans.{name}] in {document.path}")
    # Its archives are called by the plan, where it does not say otherwise.
    return _from_document({"app": name, **table, "plan": name}, origin, document.path)


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
        name = where if given.origin.layer in _WRITTEN else str(given.origin)
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
        server=ServerSettings(**_group(values, "server")),
        oidc=OidcSettings(**_group(values, "oidc")),
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


def _warnings(
    path: Path | None, values: Mapping[str, Any], origins: Mapping[str, Origin]
) -> Iterator[str]:
    held = []
    if origins["encryption.password"].layer in _WRITTEN:
        held.append("the password of the repository")
    if any(each.url.kind is PasswordKind.VALUE for each in values["notify"].values()):
        held.append("the URL of a notification channel")
    if path is not None and held and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield f"{path} holds {' and '.join(held)} and others may read it; run: chmod 600 {path}"
