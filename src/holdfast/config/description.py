"""The settings as they may be shown: no secret, and where each came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.config.fields import FIELDS, PASSWORD_KEYS, Field
from holdfast.config.load import Configuration
from holdfast.config.settings import ChannelSettings, DatabaseSettings

# user:password@ in a URL (the password may itself hold an "@", so the last one counts), and
# what some drivers take as a parameter.
_CREDENTIALS = re.compile(r"(://[^/:@]*):[^/]*@|([?&](?:password|passwd|pwd)=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDescription:
    """One setting for showing.

    Attributes:
        value: A JSON value; a secret is `(set)`, a password in a URL `***`.
        origin: The flag, the variable, the file, or `default`.
    """

    key: str
    value: Any
    origin: str


def describe(configuration: Configuration) -> tuple[SettingDescription, ...]:
    """Return every setting, in the order of the reference."""
    return tuple(_describe(field, configuration) for field in FIELDS)


def _describe(field: Field, configuration: Configuration) -> SettingDescription:
    value = configuration.values[field.key]
    origin = str(configuration.origins[field.key])
    password = configuration.settings.encryption.password
    idle = field.key in PASSWORD_KEYS and field.key != configuration.password_key
    if idle and value is not None and password is not None:
        origin += f" (not used: {password.origin} counts)"
    hidden = field.secret and value is not None and not isinstance(value, Mapping)
    shown = "(set)" if hidden else _json_value(value)
    return SettingDescription(key=field.key, value=shown, origin=origin)


def _redact(found: re.Match[str]) -> str:
    return f"{found[2]}***" if found[2] else f"{found[1]}:***@"


def _json_value(value: Any) -> Any:
    match value:
        case str():
            return _CREDENTIALS.sub(_redact, value)
        case Path():
            return str(value)
        case Mapping():
            return {key: _json_value(item) for key, item in value.items()}
        case DatabaseSettings(url=url, container=container):
            shown = _json_value(url)
            return {"url": shown, "container": container} if container else shown
        case ChannelSettings(events=events):
            return {"url": "(set)", "on": list(events)}
        case (Path() as path, tuple() as exclude):
            return {"path": str(path), "exclude": list(exclude)}
        case list() | tuple():
            return [_json_value(item) for item in value]
    return value
