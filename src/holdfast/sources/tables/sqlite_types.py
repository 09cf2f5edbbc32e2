"""The types of SQLite, which are advice: every value carries a storage class of its own."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from holdfast.errors import DataDoesNotFit
from holdfast.sources.tables import values
from holdfast.sources.tables.columns import Column
from holdfast.sources.tables.values import Misfit

Converter = Callable[[Any], Any]

_ARGUMENTS = re.compile(r"\(\s*(\d{1,9})\s*(?:,\s*(\d{1,9})\s*)?\)")
_WORDS = (
    ("BOOL", "boolean"),
    ("JSON", "json"),
    ("UUID", "uuid"),
    ("GUID", "uuid"),
    ("DATETIME", "timestamp"),
    ("TIMESTAMP", "timestamp"),
    ("DATE", "date"),
    ("INT", "integer"),
    ("TIME", "time"),
    ("CHAR", "text"),
    ("CLOB", "text"),
    ("TEXT", "text"),
    ("BLOB", "binary"),
    ("BINARY", "binary"),
    ("REAL", "float"),
    ("FLOA", "float"),
    ("DOUB", "float"),
    ("DEC", "decimal"),
    ("NUM", "decimal"),
)
_AS_TEXT = frozenset(["text", "date", "time", "timestamp", "uuid", "json", "any"])
"""Kinds that are text in SQLite."""
_INTEGER = re.compile(r"-?\d+")


_STORED_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
_STORED_TIME = re.compile(r"\d\d:\d\d:\d\d\.\d{6}")
_STANDARD = re.compile(r"(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(\.\d{6})?")


class BytesOfText(bytes):
    """Text that is not UTF-8, to be stored as text all the same."""


def described(declared: str) -> dict[str, Any]:
    """Return what a declared type says of a column."""
    upper = declared.upper()
    kind = next((kind for word, kind in _WORDS if word in upper), "any")
    if kind == "integer" and "POINT" in upper:
        kind = "any"
    found: dict[str, Any] = {"kind": kind}
    arguments = _ARGUMENTS.search(upper)
    if kind == "integer" or kind == "float":
        found["bits"] = 64
    elif kind == "text" and arguments:
        found["length"] = int(arguments[1])
    elif kind == "decimal" and arguments:
        found |= {"precision": int(arguments[1]), "scale": int(arguments[2] or 0)}
    return found


def reader(column: Column) -> Converter:
    """Return what makes JSON of a value: plain where its storage class is that of the kind."""
    kind, scale = column.kind, column.scale

    def read(value: Any) -> Any:
        if type(value) is str:
            return _read_text(value, kind)
        if type(value) is int:
            return _read_integer(value, kind, scale)
        if type(value) is float:
            return _read_real(value, kind, scale)
        encoded = b64encode(value).decode()
        return encoded if kind == "binary" else {"$blob": encoded}

    return read


def _read_text(value: str, kind: str) -> Any:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            data = value.encode("utf-8", "surrogateescape")
            return {"$bytes": b64encode(data).decode()}
    if kind in ("timestamp", "time"):
        return _read_moment(value, kind)
    return value if kind in _AS_TEXT else {"$text": value}


def _read_moment(value: str, kind: str) -> Any:
    """Return the standard form of what SQLAlchemy writes; of other text what it is."""
    pattern = _STORED_TIMESTAMP if kind == "timestamp" else _STORED_TIME
    if pattern.fullmatch(value):
        return value.replace(" ", "T").removesuffix(".000000")
    looks_standard = _STANDARD.fullmatch(value) and (kind == "time" or "T" in value)
    return {"$text": value} if looks_standard else value


def _read_integer(value: int, kind: str, scale: int | None) -> Any:
    if kind == "integer":
        return values.integer(value)
    if kind == "boolean" and value in (0, 1):
        return bool(value)
    if kind == "decimal":
        small = abs(value) <= values.SAFE_INTEGER
        return f"{value}.{'0' * scale}" if scale and small else str(value)
    return {"$int": str(value)}


def _read_real(value: float, kind: str, scale: int | None) -> Any:
    if kind == "float":
        return values.real(value)
    if kind == "decimal" and value - value == 0:
        fixed = f"{value:.{scale}f}" if scale else ""
        shortest = fixed if fixed and float(fixed) == value else repr(value)
        return shortest if not _INTEGER.fullmatch(shortest) else {"$real": values.real(value)}
    return {"$real": values.real(value)}


def untagged(value: Any) -> tuple[str, Any]:
    """Return the storage class that a tagged object names, and its value.

    Raises:
        Misfit: It is none.
    """
    if isinstance(value, dict) and len(value) == 1:
        ((tag, inner),) = value.items()
        try:
            if tag == "$int":
                return "int", values.read_integer(inner)
            if tag == "$real":
                return "real", values.read_float(inner)
            if tag == "$text" and isinstance(inner, str):
                return "text", inner
            if tag in ("$blob", "$bytes"):
                return tag[1:], b64decode(inner, validate=True)
        except (ValueError, TypeError):
            pass
    raise Misfit("is not of the column's type")


def verbatim_binder(column: Column) -> Converter:
    """Return what makes a value, of the storage class it had, of SQLite's own JSON."""
    plain = _plain_binder(column)

    def bind(value: Any) -> Any:
        if not isinstance(value, dict):
            return plain(value)
        storage, inner = untagged(value)
        return BytesOfText(inner) if storage == "bytes" else inner

    return bind


def _plain_binder(column: Column) -> Converter:
    match column.kind:
        case "integer":
            return _int64
        case "boolean":
            return _bool
        case "float":
            return values.read_float
        case "decimal":
            return _decimal
        case "binary":
            return lambda value: b64decode(values.read_text(value), validate=True)
        case "timestamp" | "time":
            return _stored_moment
        case _:
            return values.read_text


def _stored_moment(value: Any) -> str:
    text = values.read_text(value)
    return _with_fraction(text.replace("T", " ")) if _STANDARD.fullmatch(text) else text


def _bool(value: Any) -> int:
    if type(value) is not bool:
        raise Misfit("is neither true nor false")
    return int(value)


def _int64(value: Any) -> int:
    found = values.read_integer(value)
    if not -(2**63) <= found < 2**63:
        raise Misfit("is larger than an integer of SQLite")
    return found


def _decimal(value: Any) -> int | float:
    text = values.read_text(value)
    if _INTEGER.fullmatch(text):
        return _int64(text)
    return float(values.read_decimal(text))


def standard_binder(column: Column) -> Converter:
    """Return what stores a value as SQLAlchemy would, so that applications read it back."""
    match column.kind:
        case "boolean":
            return int
        case "decimal":
            return _exact_decimal
        case "timestamp":
            return _timestamp
        case "time":
            return _with_fraction
        case _:
            return verbatim_binder(column)


def _exact_decimal(value: Any) -> int | float:
    found = values.read_decimal(value)
    if not found.is_finite():
        raise Misfit("is no finite number")
    if found == found.to_integral_value() and abs(found) < 2**63:
        return int(found)
    if Decimal(repr(float(found))) != found:
        raise Misfit("has more digits than SQLite keeps")
    return float(found)


def _timestamp(value: Any) -> str:
    text = values.read_text(value).removesuffix("+00:00").replace("T", " ")
    return _with_fraction(text)


def _with_fraction(value: Any) -> str:
    text = values.read_text(value)
    return text if "." in text else f"{text}.000000"


def adopted(column: Column, engine: str) -> Column:
    """Return a column of a backup as a new table of SQLite would have it.

    Raises:
        DataDoesNotFit: SQLite has no type for it.
    """
    found = replace(column, generated=False, charset=None, longest=None, unsigned=False)
    if engine == "sqlite":
        return found
    match column.kind:
        case "integer":
            return replace(found, bits=64, native="INTEGER")
        case "uuid":
            return replace(found, kind="text", length=32, native="CHAR(32)")
        case "timestamptz":
            return replace(found, kind="timestamp", native="DATETIME")
        case "enum":
            return replace(found, kind="text", length=None, members=(), native="TEXT")
        case "boolean" | "decimal" | "float" | "text" | "binary" | "date" | "time":
            return replace(found, native="")
        case "timestamp" | "json" | "any":
            return replace(found, native="")
        case _:
            raise DataDoesNotFit(
                f"SQLite has no type for the column {column.name}: {column.native or column.kind}",
                hint="Create the table with a type of your choice first, or leave it out.",
            )


_SAFE_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]{0,60}(\( ?\d{1,9} ?(, ?\d{1,9} ?)?\))?")
_NAMES = {
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "float": "FLOAT",
    "binary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "DATETIME",
    "uuid": "UUID",
    "json": "JSON",
    "any": "",
}
_KEYWORDS = re.compile(
    r"\b(CONSTRAINT|PRIMARY|NOT|NULL|UNIQUE|CHECK|DEFAULT|COLLATE|REFERENCES|GENERATED|AS|ON)\b",
    re.IGNORECASE,
)


def type_of(column: Column) -> str:
    """Return the type that a new column of this kind has; of numbers and known words only."""
    safe = _SAFE_TYPE.fullmatch(column.native) and not _KEYWORDS.search(column.native)
    if safe and described(column.native)["kind"] == column.kind:
        return column.native
    if column.kind == "decimal":
        if column.precision is None:
            return "NUMERIC"
        return f"NUMERIC({int(column.precision)}, {int(column.scale or 0)})"
    if column.kind == "text":
        return f"VARCHAR({int(column.length)})" if column.length else "TEXT"
    return _NAMES.get(column.kind, "TEXT")
