"""`settings.json`: the settings of an application in a backup.

    {
      "format": "holdfast-settings",
      "settings": {"theme": "dark", "smtp": {"host": "mail.example"}},
      "skipped": ["smtp.password"],
      "version": "1.0"
    }

UTF-8, keys sorted, two blanks of indentation: the same settings are always the same bytes.
`skipped` names what was left out as secret, nested names joined by dots.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.errors import BackupTooNew, RestoreError, SourceError
from holdfast.sources.settings.secrets import Secrets

FORMAT = "holdfast-settings"
VERSION = "1.0"
MAX_BYTES = 64 << 20
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Settings without their secrets, as plain JSON values."""

    settings: dict[str, Any] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the document as bytes, always the same for the same settings."""
        whole = {
            "format": FORMAT,
            "version": VERSION,
            "settings": self.settings,
            "skipped": sorted(self.skipped),
        }
        text = json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
        return (text + "\n").encode()


def make_document(values: Mapping[str, Any], secrets: Secrets) -> Document:
    """Return the settings without what is secret.

    A list that holds a secret anywhere is left out as a whole.

    Raises:
        SourceError: A value cannot be written as JSON; the message names the setting.
    """
    skipped: list[str] = []
    return Document(settings=_keep(values, (), secrets, skipped), skipped=tuple(skipped))


def decode_document(data: bytes) -> Document:
    """Read a `settings.json`.

    Raises:
        BackupTooNew: It has a newer major version.
        RestoreError: It is no such document.
    """
    try:
        whole = json.loads(data, object_pairs_hook=_refuse_twice, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RestoreError(f"The settings in the backup cannot be read: {error}") from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise RestoreError("The settings in the backup cannot be read: not a settings document")
    version = str(whole.get("version", ""))
    major = version.partition(".")[0]
    if major.isascii() and major.isdigit() and int(major[:9]) > int(VERSION.partition(".")[0]):
        raise BackupTooNew(
            f"Backup is from a newer version of Holdfast (settings {version}, this one reads "
            f"{VERSION})",
            hint="Upgrade Holdfast, then try again.",
        )
    settings, skipped = whole.get("settings"), whole.get("skipped", [])
    if not isinstance(settings, dict) or not isinstance(skipped, list):
        raise RestoreError("The settings in the backup cannot be read: no settings in them")
    return Document(settings=settings, skipped=tuple(str(name) for name in skipped))


def merge_secrets(
    wanted: Mapping[str, Any],
    live: Mapping[str, Any],
    secrets: Secrets,
    path: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return `wanted`, with the secrets of `live` in their places, as they are there."""
    merged = dict(wanted)
    for key, value in live.items():
        here = (*path, key)
        if _is_secret(here, value, secrets):
            merged[key] = value
        elif isinstance(value, Mapping):
            inner = wanted.get(key, {})
            if isinstance(inner, Mapping):
                nested = merge_secrets(inner, value, secrets, here)
                if nested or key in wanted:
                    merged[key] = nested
    return merged


def flatten(settings: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the single values by their dotted names.

    An empty mapping counts as nothing: it may be one whose secrets were left out.
    """
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            flat.update(flatten(value, here))
        else:
            flat[".".join(here)] = value
    return flat


def _keep(
    values: Mapping[str, Any], path: tuple[str, ...], secrets: Secrets, skipped: list[str]
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if not isinstance(key, str):
            name = ".".join((*path, str(key)))
            raise SourceError(
                f"Cannot back up the setting {name!r}: its name is a {type(key).__name__}, "
                "not text",
                hint="Use names that are text.",
            )
        here = (*path, key)
        if _is_secret(here, value, secrets):
            skipped.append(".".join(here))
        elif isinstance(value, Mapping):
            _check_depth(here)
            kept[_plain(key, here)] = _keep(value, here, secrets, skipped)
        else:
            kept[_plain(key, here)] = _plain(value, here)
    return kept


def _is_secret(path: tuple[str, ...], value: Any, secrets: Secrets) -> bool:
    if secrets.conceals(path, value):
        return True
    return isinstance(value, list | tuple) and _list_conceals(path, value, secrets, 0)


def _list_conceals(path: tuple[str, ...], value: Any, secrets: Secrets, depth: int) -> bool:
    """Return whether something inside a list, however deep, is secret."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return any(
            secrets.conceals((*path, str(key)), inner)
            or _list_conceals((*path, str(key)), inner, secrets, depth + 1)
            for key, inner in value.items()
        )
    if isinstance(value, list | tuple):
        return any(
            secrets.conceals(path, inner) or _list_conceals(path, inner, secrets, depth + 1)
            for inner in value
        )
    return False


def _plain(value: Any, path: tuple[str, ...], depth: int = 0) -> Any:
    """Return a value as plain JSON types."""
    name = ".".join(path)
    if depth > _MAX_DEPTH:
        _check_depth(path * (_MAX_DEPTH + 1))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _unfit(name, "text that is not valid Unicode") from error
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _unfit(name, "a number that is not finite")
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(inner, path, depth + 1) for inner in value]
    if isinstance(value, Mapping):
        return {
            _plain(key, path): _plain(inner, (*path, str(key)), depth + 1)
            for key, inner in value.items()
            if _is_text(key, name)
        }
    raise _unfit(name, f"a value of type {type(value).__name__}")


def _is_text(key: object, name: str) -> bool:
    if not isinstance(key, str):
        raise _unfit(name, f"a name of type {type(key).__name__}")
    return True


def _unfit(name: str, what: str) -> SourceError:
    shown = name.encode("utf-8", "backslashreplace").decode()
    return SourceError(
        f"Cannot back up the setting {shown!r}: JSON cannot hold {what}",
        hint="Export it as text, a number, true or false, a list or a mapping.",
    )


def _check_depth(path: tuple[str, ...]) -> None:
    if len(path) > _MAX_DEPTH:
        raise _unfit(path[0], f"more than {_MAX_DEPTH} levels")


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
