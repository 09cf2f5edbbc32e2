"""Values as JSON: one rule for every document that `--json` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any


def to_json(value: Any) -> Any:
    """Return a value as JSON values.

    Dates are RFC 3339 in UTC with a Z, spans are seconds, sizes whole bytes, bytes hexadecimal,
    values with fields are objects of those fields.
    """
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            instant = value.astimezone(UTC)
            return instant.isoformat(timespec="auto").replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case PurePath():
            return str(value)
        case bytes():
            return value.hex()
        case Mapping():
            return {str(to_json(key)): to_json(item) for key, item in value.items()}
        case Iterable():
            return [to_json(item) for item in value]
    return {name: to_json(getattr(value, name)) for name in _field_names(value)}


def _field_names(value: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(value):
        return tuple(field.name for field in dataclasses.fields(value))
    # msgspec's structs; the name is looked up so that msgspec need not be imported here.
    names = getattr(value, "__struct_fields__", None)
    if names is None:
        raise TypeError(f"no JSON form for {type(value).__name__}")
    return tuple(names)
