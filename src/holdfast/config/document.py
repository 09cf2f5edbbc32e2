"""Reading `holdfast.toml` strictly: an unknown key is an error, for it is a misspelt one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.config.fields import FIELDS_BY_KEY, SERVER_TABLES
from holdfast.config.values import is_label
from holdfast.errors import ConfigError

DEFAULT_NAME = "holdfast.toml"

PLANS = "plans"

_TABLES = {key.partition(".")[0] for key in FIELDS_BY_KEY if "." in key}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file sets, raw, by key: at its top, and in each table `[plans.NAME]`."""

    path: Path
    settings: Mapping[str, Any]
    plans: Mapping[str, Mapping[str, Any]]


def find_document(named: Path | None, directory: Path) -> Path | None:
    """Return the configuration file: the one named, or that of `directory`, or None.

    Raises:
        ConfigError: It was named and is not there.
    """
    if named is None:
        path = directory / DEFAULT_NAME
        return path if path.exists() else None
    path = directory / named.expanduser()
    # Not `is_file`: /dev/null is a configuration that sets nothing.
    if not path.exists() or path.is_dir():
        raise ConfigError(
            f"There is no configuration file {path}",
            hint="Check the path given with --config.",
        )
    return path


def read_document(path: Path) -> Document:
    """Read the settings in a file.

    Raises:
        ConfigError: It cannot be read, is not TOML, or has a key that does not exist.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The configuration file {path} cannot be read: {error.strerror}",
            hint="Check its permissions.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} is not valid TOML: {error}") from error
    plans = document.pop(PLANS, {})
    return Document(path, dict(_walk(document, path)), dict(_plans(plans, path)))


def _plans(plans: Any, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(plans, dict) or not all(isinstance(each, dict) for each in plans.values()):
        raise ConfigError(f"plans in {path} must be tables: [plans.NAME]")
    for name, table in plans.items():
        if not is_label(name):
            raise ConfigError(
                f"[plans.{name}] in {path}: {name!r} is no name for a plan",
                hint="Use letters, digits, '.', '_' and '-', with a letter, digit or '_' first.",
            )
        found = dict(_walk(table, path))
        for key in found:
            if key == "plan" or key.partition(".")[0] in SERVER_TABLES:
                raise ConfigError(
                    f"[plans.{name}] in {path} has {key}, which is not a plan's to set",
                    hint="A plan is called as its table; [server] and [oidc] stand at the top.",
                )
        yield name, found


def _walk(document: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if name in FIELDS_BY_KEY:
            yield name, value
        elif name not in _TABLES:
            raise _unknown(name, path)
        elif not isinstance(value, dict):
            raise ConfigError(f"{name} in {path} must be a table: [{name}]")
        else:
            for inner in value:
                key = f"{name}.{inner}"
                if key not in FIELDS_BY_KEY:
                    raise _unknown(key, path)
                yield key, value[inner]


def _unknown(key: str, path: Path) -> ConfigError:
    known = [*FIELDS_BY_KEY, *_TABLES, PLANS]
    # A right name in the wrong table is as likely as a misspelt one.
    name = key.rpartition(".")[2]
    near = difflib.get_close_matches(key, known, n=1) or [
        other for other in known if other.rpartition(".")[2] == name
    ]
    hint = f"Did you mean {near[0]}?" if near else "docs/reference/configuration.md lists them all."
    return ConfigError(f"There is no setting {key} ({path})", hint=hint)
