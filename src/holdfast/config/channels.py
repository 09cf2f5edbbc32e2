"""Reading the tables `[notify.NAME]`. No error quotes a value: it may be a secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.config.secret import PasswordSource
from holdfast.config.settings import DEFAULT_EVENTS, NOTIFIED_EVENTS, ChannelSettings
from holdfast.config.values import parse_path, parse_table, parse_text, parse_texts
from holdfast.errors import ConfigError

_URL_KEYS = ("url", "url_file", "url_command")


def parse_channels(value: Any, base: Path) -> dict[str, ChannelSettings]:
    """Read the channels by their names."""
    if not isinstance(value, Mapping) or not all(isinstance(it, Mapping) for it in value.values()):
        raise ValueError("expected tables [notify.NAME]")
    named: dict[str, Any] = parse_table(lambda item, _base: item)(value, base)
    return {name: _channel(name, table, base) for name, table in named.items()}


def _channel(name: str, table: Mapping[str, Any], base: Path) -> ChannelSettings:
    where = f"[notify.{name}]"
    unknown = sorted(set(table) - {*_URL_KEYS, "on"})
    if unknown:
        raise ValueError(f"{where} has {unknown[0]}; expected url, url_file or url_command, and on")
    given = [key for key in _URL_KEYS if key in table]
    if len(given) != 1:
        raise ValueError(f"{where}: expected one of url, url_file and url_command")
    try:
        url = _source(given[0], table[given[0]], f"notify.{name}.{given[0]}", base)
        events = parse_texts(table["on"], base) if "on" in table else DEFAULT_EVENTS
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    except ConfigError as error:
        raise ValueError(error.message) from error
    if not events or not set(events) <= set(NOTIFIED_EVENTS):
        raise ValueError(f"{where}: on is a list out of {', '.join(NOTIFIED_EVENTS)}")
    return ChannelSettings(url=url, events=events)


def _source(key: str, value: Any, origin: str, base: Path) -> PasswordSource:
    if key == "url_file":
        return PasswordSource.of_file(parse_path(value, base), origin)
    text = parse_text(value, base)
    if key == "url_command":
        return PasswordSource.of_command(text, origin)
    if "://" not in text:
        raise ValueError("url is none: expected https://... or what Apprise takes")
    return PasswordSource.of_value(text, origin)
