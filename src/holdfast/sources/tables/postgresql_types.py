"""The types of PostgreSQL: what kind of values they hold, and which type holds a kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from holdfast.errors import DataDoesNotFit
from holdfast.sources.tables.columns import Column

_KINDS = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "bool": "boolean",
    "numeric": "decimal",
    "float4": "float",
    "float8": "float",
    "text": "text",
    "varchar": "text",
    "bpchar": "text",
    "citext": "text",
    "bytea": "binary",
    "date": "date",
    "time": "time",
    "timetz": "timetz",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "interval": "interval",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "json",
    "bit": "bit",
}
_BITS = {"int2": 16, "int4": 32, "int8": 64, "float4": 32, "float8": 64}
_SAFE_TYPE = re.compile(
    r"[a-z][a-z0-9_ ]{0,60}(\(\d{1,9}(,-?\d{1,9})?\))?( with(out)? time zone)?(\[\])?"
)
_MOST_CHARACTERS = 10_485_760
"""What varchar(n) takes at most (Source: PostgreSQL's documentation, Character Types)."""


def described(type_name: str, modifier: int) -> dict[str, Any]:
    """Return what a type's name and modifier in the catalog say of a column."""
    found: dict[str, Any] = {"kind": _KINDS.get(type_name, "native"), "bits": _BITS.get(type_name)}
    if type_name in ("varchar", "bpchar") and modifier > 4:
        found["length"] = modifier - 4
    elif type_name == "bit":
        found["length"] = max(modifier, 1)
    elif type_name == "numeric" and modifier >= 4:
        found["precision"] = (modifier - 4) >> 16 & 0xFFFF
        found["scale"] = ((modifier - 4) & 0x7FF ^ 1024) - 1024
    elif type_name in ("time", "timetz", "timestamp", "timestamptz") and modifier >= 0:
        found["precision"] = modifier
    return found


def adopted(column: Column, engine: str, knows: Callable[[str], bool]) -> Column:
    """Return a column of a backup as a new table of PostgreSQL would have it.

    Raises:
        DataDoesNotFit: PostgreSQL has no type for it.
    """
    found = replace(column, generated=False, charset=None, longest=None)
    if column.kind == "native" and engine == "postgresql":
        safe = _SAFE_TYPE.fullmatch(column.native)
        if safe and knows(column.native.partition("(")[0].removesuffix("[]")):
            return found
    elif column.kind in ("native", "set", "any"):
        pass
    elif column.kind == "integer" and column.unsigned:
        if column.bits == 64:
            return replace(found, kind="decimal", precision=20, scale=0, unsigned=False, bits=None)
        return replace(found, bits=64, unsigned=False)
    elif column.kind == "enum" and not column.members:
        return replace(found, kind="text", length=None)
    elif (
        column.kind == "text" and (column.length or 0) > _MOST_CHARACTERS
    ) or column.kind == "binary":
        return replace(found, length=None)
    elif column.kind != "enum" or all(len(each.encode()) < 64 for each in column.members):
        return found
    raise DataDoesNotFit(
        f"PostgreSQL has no type for the column {column.name}: {column.native or column.kind}",
        hint="Create the table with a type of your choice first, or leave it out.",
    )


def type_of(column: Column) -> str:
    """Return the type that a new column of this kind has; of numbers and known words only."""
    length = f"({int(column.length)})" if column.length else ""
    fraction = f"({min(int(column.precision), 6)})" if column.precision is not None else ""
    match column.kind:
        case "integer":
            return {8: "smallint", 16: "smallint", 24: "integer", 32: "integer"}.get(
                column.bits or 64, "bigint"
            )
        case "decimal":
            if column.precision is None:
                return "numeric"
            return f"numeric({int(column.precision)}, {int(column.scale or 0)})"
        case "float":
            return "real" if column.bits == 32 else "double precision"
        case "text":
            return f"varchar{length}" if length else "text"
        case "timestamp" | "timestamptz" | "time" | "timetz":
            return f"{column.kind}{fraction}"
        case "bit":
            return f"bit{length}"
        case "json":
            return "jsonb" if column.native == "jsonb" else "json"
        case "native":
            return column.native
        case "binary":
            return "bytea"
        case _:
            return column.kind
