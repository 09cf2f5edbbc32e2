"""Values as the JSON file writes them: from the text of an engine, and checked when read."""

from __future__ import annotations

import re
import struct
from decimal import Decimal, InvalidOperation
from typing import Any

SAFE_INTEGER = 2**53 - 1
"""Largest integer that every reader of JSON keeps exact (Source: RFC 8259, section 6)."""
_PRINTED = re.compile(
    r"(?P<date>\d{4,}-\d\d-\d\d)?[ T]?(?P<time>\d\d:\d\d:\d\d)?(?:\.(?P<fraction>\d{1,6}))?"
    r"(?P<zone>[+-]\d\d(?::\d\d(?::\d\d)?)?)?(?P<era> BC)?"
)
_TEXT_OF = {float("inf"): "Infinity", float("-inf"): "-Infinity"}
_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def integer(value: int) -> int | str:
    """Return an integer as JSON has it."""
    return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)


def real(value: float) -> float | str:
    """Return a float as JSON has it."""
    if value != value:
        return "NaN"
    return _TEXT_OF.get(value, value)


def single(value: float) -> float | str:
    """Return a float of 32 bits as JSON has it: the shortest number that reads back the same."""
    if value != value or value in _TEXT_OF:
        return real(value)
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    return value


def moment(printed: str) -> str:
    """Return a date or time, as PostgreSQL or MariaDB prints it, in the form of RFC 3339."""
    found = _PRINTED.fullmatch(printed)
    if found is None:
        return printed  # infinity, or what only the engine itself understands
    parts = [each for each in (found["date"], found["time"]) if each]
    text = "T".join(parts)
    if found["fraction"] and found["fraction"].strip("0"):
        text += f".{found['fraction']:0<6}"
    if found["zone"]:
        text += found["zone"] if ":" in found["zone"] else f"{found['zone']}:00"
    return text + (found["era"] or "")


class Misfit(Exception):
    """A value cannot be held where it should go; the message says why, without the value."""


def read_integer(value: Any) -> int:
    """Return the integer that JSON has."""
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,40}", value):
        return int(value)
    raise Misfit("is no integer")


def read_float(value: Any) -> float:
    """Return the float that JSON has."""
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str) and value in _FLOATS:
        return _FLOATS[value]
    raise Misfit("is no number")


def read_decimal(value: Any) -> Decimal:
    """Return the decimal that JSON has."""
    if isinstance(value, str) and len(value) < 200_000:
        try:
            return Decimal(value)
        except InvalidOperation:
            pass
    elif type(value) in (int, float):
        return Decimal(repr(value))
    raise Misfit("is no decimal number")


def read_text(value: Any) -> str:
    """Return the text that JSON has."""
    if isinstance(value, str):
        return value
    raise Misfit("is no text")
