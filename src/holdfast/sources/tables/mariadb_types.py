"""The types of MariaDB and MySQL: what kind of values they hold, and which type holds a kind."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from holdfast.errors import DataDoesNotFit
from holdfast.sources.tables.columns import Column

_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_INTEGER_NAMES = {8: "TINYINT(4)", 16: "SMALLINT", 24: "MEDIUMINT", 32: "INT"}
_MOMENT_NAMES = {"time": "TIME", "timestamp": "DATETIME", "timestamptz": "TIMESTAMP"}
_KINDS = {
    "decimal": "decimal",
    "double": "float",
    "float": "float",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "timestamp": "timestamptz",
    "enum": "enum",
    "set": "set",
    "bit": "bit",
    "uuid": "uuid",
    "json": "json",
}
_MEMBER = re.compile(r"'((?:[^']|'')*)'")
_CODECS = {
    "latin1": "cp1252",
    "ascii": "ascii",
    "latin2": "iso8859-2",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "koi8r": "koi8-r",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "latin5": "iso8859-9",
    "utf8": "ucs-2",
    "utf8mb3": "ucs-2",
    "ucs2": "ucs-2",
}
"""Python's names of MariaDB's character sets; `ucs-2` stands for characters up to U+FFFF."""
_KEY_CHARACTERS = 255
"""A key takes 3072 bytes, with four for a character of utf8mb4, and may have several columns."""
_SAFE_TYPE = re.compile(r"(inet4|inet6|geometry|point|linestring|polygon|multi[a-z]+)")


def described(
    data_type: str, column_type: str, row: dict[str, Any], *, is_json: bool
) -> dict[str, Any]:
    """Return what `information_schema.columns` says of a column."""
    if data_type in _INTEGERS or data_type == "year":
        kind = "boolean" if column_type.startswith("tinyint(1)") else "integer"
        bits = _INTEGERS.get(data_type, 16)
        return {"kind": kind, "bits": bits, "unsigned": "unsigned" in column_type}
    if is_json:
        return {"kind": "json"}
    if data_type in ("char", "varchar") or data_type.endswith("text"):
        length = row["characters"] if data_type.endswith("char") else None
        codec = _CODECS.get(row["charset"] or "")
        return {"kind": "text", "length": length, "charset": codec, "longest": row["octets"]}
    if data_type in ("binary", "varbinary") or data_type.endswith("blob"):
        return {"kind": "binary", "length": row["octets"]}
    found: dict[str, Any] = {"kind": _KINDS.get(data_type, "native")}
    if found["kind"] == "decimal":
        found |= {"precision": row["digits"], "scale": row["scale"]}
    elif found["kind"] == "float":
        found["bits"] = 32 if data_type == "float" else 64
    elif found["kind"] in ("time", "timestamp", "timestamptz"):
        found["precision"] = row["fraction"]
    elif found["kind"] == "bit":
        found["length"] = row["digits"]
    elif found["kind"] in ("enum", "set"):
        found["members"] = tuple(each.replace("''", "'") for each in _MEMBER.findall(column_type))
    return found


def adopted(column: Column, engine: str, *, in_key: bool) -> Column:
    """Return a column of a backup as a new table of MariaDB would have it.

    Raises:
        DataDoesNotFit: MariaDB has no type for it.
    """
    found = replace(column, generated=False, charset=None, longest=None)
    ours = engine == "mysql"
    if column.kind == "text":
        return _adopted_text(found, in_key)
    if column.kind == "binary" and (in_key or 0 < (column.length or 0) <= 3072):
        return replace(found, length=min(column.length or 255, 3072))
    if column.kind == "binary":
        return replace(found, length=None, longest=2**32 - 1)
    if column.kind == "decimal":
        return _adopted_decimal(found)
    if column.kind in ("time", "timestamp", "timestamptz"):
        return replace(found, precision=6 if column.precision is None else min(column.precision, 6))
    if column.kind == "bit" and (column.length or 1) <= 64:
        return found
    if column.kind == "native" and ours and _SAFE_TYPE.fullmatch(column.native):
        return found
    if column.kind in ("integer", "boolean", "float", "date", "uuid", "json"):
        return found
    if column.kind in ("enum", "set") and column.members and all(column.members):
        return found
    raise DataDoesNotFit(
        f"MariaDB has no type for the column {column.name}: {column.native or column.kind}",
        hint="Create the table with a type of your choice first, or leave it out.",
    )


def _adopted_text(column: Column, in_key: bool) -> Column:
    if in_key:
        return replace(column, length=min(column.length or _KEY_CHARACTERS, _KEY_CHARACTERS))
    length = column.length if column.length is not None and column.length <= 4000 else None
    return replace(column, length=length)


def _adopted_decimal(column: Column) -> Column:
    if column.precision is None:
        return replace(column, precision=65, scale=30)
    scale = min(max(column.scale or 0, 0), 38)
    return replace(column, precision=min(max(column.precision, scale, 1), 65), scale=scale)


def type_of(column: Column) -> str:
    """Return the type that a new column of this kind has."""
    unsigned = " UNSIGNED" if column.unsigned else ""
    length = int(column.length or 0)
    fraction = int(column.precision or 0)
    match column.kind:
        case "integer":
            return _INTEGER_NAMES.get(column.bits or 64, "BIGINT") + unsigned
        case "decimal":
            return f"DECIMAL({int(column.precision or 65)}, {int(column.scale or 0)})"
        case "float":
            return "FLOAT" if column.bits == 32 else "DOUBLE"
        case "text":
            return f"VARCHAR({length})" if length else "LONGTEXT"
        case "binary":
            return f"VARBINARY({length})" if length else "LONGBLOB"
        case "time" | "timestamp" | "timestamptz":
            return f"{_MOMENT_NAMES[column.kind]}({fraction})"
        case "bit":
            return f"BIT({length or 1})"
        case "enum" | "set":
            members = ", ".join(_literal(each) for each in column.members)
            return f"{column.kind.upper()}({members})"
        case "native":
            return column.native.upper()
        case kind:
            return "TINYINT(1)" if kind == "boolean" else kind.upper()


def _literal(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''").replace("%", "%%")
    return f"'{quoted}'"
