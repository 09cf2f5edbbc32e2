"""What a table is, in words that every engine shares; and how the manifest spells it.

A column has a *kind*, which says what its values mean and how the JSON file writes them:

===========  ==========================================================================
integer      number; a string beyond 2**53 - 1 either way, where other readers would round
boolean      true, false
decimal      string: `"1.10"`, `"NaN"`
float        number, shortest that reads back the same; `"NaN"`, `"Infinity"`, `"-Infinity"`
text, enum,  string
set
binary       string, base64
date         `"2024-02-29"`; PostgreSQL also `"0044-03-15 BC"`, `"infinity"`
time         `"23:59:59.999999"`; the fraction has six digits or is left out
timetz       `"23:59:59+02:00"`
timestamp    `"2024-02-29T23:59:59"`
timestamptz  `"2024-02-29T23:59:59+00:00"`, always in UTC
interval     `"P1Y2M3DT4H5M6.7S"`: months, days and microseconds apart
uuid         string, lower case with dashes
json         string with the JSON text, so that SQL's NULL (`null`) is not JSON's (`"null"`)
bit          `"0101"`
native       string: what the engine's cast to text gives; only for the same type again
any          SQLite: no type was declared
===========  ==========================================================================

SQLite keeps what it was given whatever the declared type, so its dates stand as its text
has them, and a value of another storage class than the kind's is an object: `{"$text": "abc"}`
in a column of integers. `$int`, `$real`, `$text`, `$blob` (base64) and `$bytes` (text that is not
UTF-8, base64) are such.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from holdfast.errors import RestoreError

KINDS = frozenset(
    [
        "integer",
        "boolean",
        "decimal",
        "float",
        "text",
        "enum",
        "set",
        "binary",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "json",
        "bit",
        "native",
        "any",
    ]
)
_PLAIN = " !#$&'()+,-;=@[]^_`{}~"
"""Characters of a name that stand in a file name as they are, beside letters and digits."""
_LONGEST = 180
"""Bytes of a file name's stem; file systems take 255, and `.json` and a suffix come after."""
_WINDOWS = frozenset(["con", "prn", "aux", "nul"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        native: The type as its engine names it.
        length: Most characters of a text, or bytes of a binary.
        precision: Digits of a decimal; of a time's fraction.
        bits: Of an integer (8 to 64) or a float (32, 64).
        generated: The engine computes it; nothing can be written into it.
        automatic: The engine numbers new rows by it: identity, serial, AUTO_INCREMENT.
        members: Of an enum or a set, in order.
        charset: Python's name of the only encoding that it can hold.
        longest: Most bytes of a text in UTF-8.
    """

    name: str
    kind: str
    native: str = ""
    nullable: bool = True
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    bits: int | None = None
    unsigned: bool = False
    generated: bool = False
    automatic: bool = False
    members: tuple[str, ...] = ()
    charset: str | None = None
    longest: int | None = None

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values for the manifest, without what is as usual."""
        found: dict[str, Any] = {"type": self.kind, "native": self.native}
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value != _USUAL[name]:
                found[name] = list(value) if isinstance(value, tuple) else value
        return found


_OPTIONAL: dict[str, type] = {
    "nullable": bool,
    "length": int,
    "precision": int,
    "scale": int,
    "bits": int,
    "unsigned": bool,
    "generated": bool,
    "automatic": bool,
    "members": tuple,
}
_USUAL: dict[str, Any] = {
    "nullable": True,
    "length": None,
    "precision": None,
    "scale": None,
    "bits": None,
    "unsigned": False,
    "generated": False,
    "automatic": False,
    "members": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key: `columns` of the table name rows of `table` by `to`."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    name: str | None = None
    on_delete: str = ""

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values for the manifest."""
        found: dict[str, Any] = {
            "columns": list(self.columns),
            "table": self.table,
            "to": list(self.to),
        }
        return found | ({"on_delete": self.on_delete} if self.on_delete else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a live database, or of a backup.

    Attributes:
        schema: None where it is the default one.
        references: Its foreign keys; `Reference.table` is the other's `key`.
        unique: Columns that are unique together, beside the primary key.
        problem: Why it cannot be replaced in one transaction, or None.
    """

    name: str
    schema: str | None = None
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    problem: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in the manifest, `<schema>.<table>` beyond the default schema."""
        return table_key(self.schema, self.name)

    @property
    def file_name(self) -> str:
        """The name of its file: no part of it comes from the table's name unescaped."""
        return f"{_file_stem(self.key)}.json"

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(each for each in self.columns if each.name == name)

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values for the manifest."""
        found: dict[str, Any] = {
            "table": self.name,
            "columns": {each.name: each.describe() for each in self.columns},
            "primary_key": list(self.primary_key),
        }
        if self.schema is not None:
            found["schema"] = self.schema
        if self.references:
            found["foreign_keys"] = [each.describe() for each in self.references]
        if self.unique:
            found["unique"] = [list(each) for each in self.unique]
        return found


def table_key(schema: str | None, name: str) -> str:
    """Return the manifest's name of a table; a dot of a name itself is written `%2E`."""
    parts = [name] if schema is None else [schema, name]
    return ".".join(part.replace("%", "%25").replace(".", "%2E") for part in parts)


def _file_stem(key: str) -> str:
    stem = "".join(
        each
        if each.isascii() and (each.isalnum() or each in _PLAIN + ".%")
        else quote(each, safe="")
        for each in key
    )
    if stem.startswith((".", " ")) or stem.endswith((".", " ")) or stem.lower() in _WINDOWS:
        stem = f"%{ord(stem[0]):02X}{stem[1:]}"
    if len(stem) > _LONGEST:
        stem = f"{stem[:_LONGEST]}~{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return stem


def parse_table(key: str, facts: Mapping[str, Any]) -> Table:
    """Return the table that a manifest describes; anybody may have written it.

    Raises:
        RestoreError: It describes none.
    """
    try:
        return Table(
            name=_text(facts["table"]),
            schema=None if facts.get("schema") is None else _text(facts["schema"]),
            columns=tuple(_column(_text(name), each) for name, each in facts["columns"].items()),
            primary_key=_texts(facts.get("primary_key", ())),
            references=tuple(_reference(each) for each in facts.get("foreign_keys", ())),
            unique=tuple(_texts(each) for each in facts.get("unique", ())),
            facts=facts,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RestoreError(
            f"The manifest does not say what the table {key} is",
            hint="The backup was altered, or made by something else than Holdfast.",
        ) from error


def _column(name: str, facts: Mapping[str, Any]) -> Column:
    options: dict[str, Any] = {}
    for option, kind in _OPTIONAL.items():
        value = facts.get(option, _USUAL[option])
        if kind is tuple:
            value = _texts(value)
        elif value is not None and type(value) is not kind:
            raise TypeError(option)
        options[option] = value
    if facts["type"] not in KINDS:
        raise ValueError(facts["type"])
    return Column(name=name, kind=facts["type"], native=_text(facts.get("native", "")), **options)


def _reference(facts: Mapping[str, Any]) -> Reference:
    columns, to = _texts(facts["columns"]), _texts(facts["to"])
    if not columns or len(columns) != len(to):
        raise ValueError("columns")
    return Reference(columns=columns, table=_text(facts["table"]), to=to)


def _text(value: object) -> str:
    if not isinstance(value, str) or (not value and value != ""):
        raise TypeError("text")
    return value


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError("texts")
    return tuple(_text(each) for each in values)
