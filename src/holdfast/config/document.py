"""Reading `holdfast.toml` strictly: an unknown key is an error, for it is a misspelt one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from holdfast.config.fields import FIELDS_BY_KEY
from holdfast.errors import ConfigError

DEFAULT_NAME = "holdfast.toml"

_TABLES = {key.partition(".")[0] for key in FIELDS_BY_KEY if "." in key}


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


def read_document(path: Path) -> dict[str, Any]:
    """Return the settings in a file, raw, by key.

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
    return dict(_walk(document, path))


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
    known = [*FIELDS_BY_KEY, *_TABLES]
    # A right name in the wrong table is as likely as a misspelt one.
    name = key.rpartition(".")[2]
    near = difflib.get_close_matches(key, known, n=1) or [
        other for other in known if other.rpartition(".")[2] == name
    ]
    hint = f"Did you mean {near[0]}?" if near else "docs/reference/configuration.md lists them all."
    return ConfigError(f"There is no setting {key} ({path})", hint=hint)
