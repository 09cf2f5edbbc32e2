"""Whether a value of a backup can be held by a column as it is: nothing is rounded or cut.

From one engine to another a value passes through the standard JSON of its kind (see `columns`):
SQLite's own text and storage classes are brought to it first, then the target's limits are
checked. Zones: a moment with a time zone that goes into a column without one is kept in UTC, and
one without that goes into a column with one is taken to be in UTC.
"""

from __future__ import annotations

import binascii
import datetime as dt
import re
import struct
import uuid
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.sources.tables import values
from holdfast.sources.tables.columns import Column
from holdfast.sources.tables.sqlite_types import untagged
from holdfast.sources.tables.values import Misfit

Fit = Callable[[Any], Any]

_DATE = re.compile(r"(\d{4,7})-(\d\d)-(\d\d)( BC)?")
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?")
_MOMENT = re.compile(
    r"(?P<date>\d{4,7}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?(?P<era> BC)?"
)
_LONG_TIME = re.compile(r"-?\d{2,3}:[0-5]\d:[0-5]\d(\.\d{1,6})?")
_ENDLESS = ("infinity", "-infinity")
_TIMESTAMP_RANGE = ("1970-01-01T00:00:00.000001", "2038-01-19T03:14:07.999999")
"""What TIMESTAMP takes (Source: MariaDB's documentation; later versions take more)."""


def standard(column: Column, engine: str) -> Fit:
    """Return what brings a backup's value to the standard JSON of its kind.

    Raises:
        Misfit: From the function: it is not of the kind.
    """
    if engine != "sqlite":
        return lambda value: value
    kind = column.kind

    def bring(value: Any) -> Any:
        if isinstance(value, dict):
            value = _plain(untagged(value), kind)
        if kind in ("date", "time", "timestamp"):
            return _SQLITE_MOMENTS[kind](values.read_text(value))
        return value

    return bring


def _plain(tagged: tuple[str, Any], kind: str) -> Any:
    storage, value = tagged
    if storage == "int" and kind in ("float", "decimal", "json", "any", "boolean"):
        return value if kind == "float" else values.integer(value) if kind != "json" else str(value)
    if storage == "real" and kind in ("json", "decimal", "any"):
        return repr(value)
    if storage == "text" and kind in ("date", "time", "timestamp"):
        return value
    if storage == "text" and kind == "binary":
        return binascii.b2a_base64(value.encode(), newline=False).decode()
    raise Misfit(f"is stored as {storage}, unlike the type of its column")


def _moment_of_sqlite(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise Misfit("is no date and time")
    clock = found["time"] or "00:00:00"
    moment = f"{found['date']}T{_time_of_sqlite(clock)}"
    zone = found["zone"]
    if zone:
        moment = _in_utc(moment, zone)
    return moment


def _in_utc(moment: str, zone: str) -> str:
    try:
        found = dt.datetime.fromisoformat(moment + ("+00:00" if zone == "Z" else zone))
        return found.astimezone(dt.UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError) as error:
        raise Misfit("is no date and time") from error


def _time_of_sqlite(text: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None:
        raise Misfit("is no time")
    fraction = (found[4] or "").rstrip("0")
    tail = f".{found[4]:0<6}" if fraction else ""
    return f"{found[1]}:{found[2]}:{found[3] or '00'}{tail}"


def _date_of_sqlite(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise Misfit("is no date")
    return text


_SQLITE_MOMENTS = {
    "date": _date_of_sqlite,
    "time": _time_of_sqlite,
    "timestamp": _moment_of_sqlite,
}


def fit(source: Column, target: Column, engine: str) -> Fit:
    """Return what makes the target's standard JSON of the source's, if the value fits.

    Args:
        engine: The target's.

    Raises:
        Misfit: From `fit`: no value of the one kind can be one of the other. From the function:
            this value cannot.
    """
    if target.kind == "native" or source.kind == "native":
        if (source.kind, source.native) != (target.kind, target.native):
            raise Misfit(f"{source.native or source.kind} cannot become {target.native}")
        return values.read_text
    convert = _CONVERSIONS.get((source.kind, target.kind))
    if source.kind == target.kind or target.kind == "any" or source.kind == "any":
        convert = _same
    if convert is None:
        raise Misfit(f"{_name(source)} cannot become {_name(target)}")
    check = _CHECKS.get(target.kind, _unchecked)
    return lambda value: check(convert(value, source, target, engine), target, engine)


def _name(column: Column) -> str:
    return column.native or column.kind


def _same(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    return value


def _to_text(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    return values.read_text(value)


def _uuid_to_text(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, engine
    text = values.read_text(value)
    return text.replace("-", "") if target.length == 32 else text


def _boolean_to_number(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, engine
    return str(int(value)) if target.kind == "decimal" else int(value)


def _number_to_boolean(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    number = values.read_decimal(value) if isinstance(value, str) else value
    if number in (0, 1):
        return bool(number)
    raise Misfit("is neither true nor false")


def _to_integer(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    number = values.read_decimal(value)
    if not number.is_finite() or number != number.to_integral_value():
        raise Misfit("has a fraction")
    if number.adjusted() > 40:
        raise Misfit("is too large")
    return values.integer(int(number))


def _to_decimal(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    return value if isinstance(value, str) else format(Decimal(repr(value)), "f")


def _to_float(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    number = values.read_decimal(value)
    found = float(number)
    if number.is_finite() and Decimal(repr(found)) != number and Decimal(found) != number:
        raise Misfit("has more digits than a floating-point number")
    return values.real(found)


def _without_zone(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    return values.read_text(value).replace("+00:00", "")


def _with_zone(value: Any, source: Column, target: Column, engine: str) -> Any:
    del source, target, engine
    text = values.read_text(value)
    if text in _ENDLESS:
        return text
    return f"{text.removesuffix(' BC')}+00:00" + (" BC" if text.endswith(" BC") else "")


_CONVERSIONS: dict[tuple[str, str], Callable[[Any, Column, Column, str], Any]] = {
    ("boolean", "integer"): _boolean_to_number,
    ("boolean", "decimal"): _boolean_to_number,
    ("integer", "boolean"): _number_to_boolean,
    ("decimal", "boolean"): _number_to_boolean,
    ("decimal", "integer"): _to_integer,
    ("integer", "decimal"): _to_decimal,
    ("float", "decimal"): _to_decimal,
    ("integer", "float"): _to_float,
    ("decimal", "float"): _to_float,
    ("timestamptz", "timestamp"): _without_zone,
    ("timestamp", "timestamptz"): _with_zone,
    ("uuid", "text"): _uuid_to_text,
    ("text", "uuid"): _to_text,
    ("text", "json"): _to_text,
    ("json", "text"): _to_text,
    ("text", "enum"): _to_text,
    ("enum", "text"): _to_text,
    ("set", "text"): _to_text,
    ("text", "set"): _to_text,
}


def _unchecked(value: Any, target: Column, engine: str) -> Any:
    del target, engine
    return values.read_text(value)


def _as_it_is(value: Any, target: Column, engine: str) -> Any:
    del target, engine
    return value


def _check_integer(value: Any, target: Column, engine: str) -> Any:
    number = values.read_integer(value)
    bits = target.bits or 64
    unsigned = target.unsigned
    least, most = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if not least <= number <= most:
        raise Misfit(f"is {number}, outside {least} to {most}")
    is_year = engine == "mysql" and target.native.startswith("year")
    if is_year and not (number == 0 or 1901 <= number <= 2155):
        raise Misfit("is no year that MariaDB has")
    return values.integer(number)


def _check_boolean(value: Any, target: Column, engine: str) -> Any:
    if type(value) is bool:
        return value
    if engine == "mysql":
        return _check_integer(value, target, engine)
    raise Misfit("is neither true nor false")


def _check_decimal(value: Any, target: Column, engine: str) -> Any:
    text = value if isinstance(value, str) else str(value)
    number = values.read_decimal(text)
    if not number.is_finite():
        if engine == "postgresql" and (number.is_nan() or target.precision is None):
            return text
        raise Misfit("is no finite number")
    if engine == "sqlite":
        return text
    sign, digits, exponent = number.normalize(_EXACT).as_tuple()
    del sign
    assert isinstance(exponent, int)
    if target.precision is not None:
        scale = target.scale or 0
        whole = len(digits) + exponent if number else 0
        if -exponent > scale and number:
            raise Misfit(f"has {-exponent} digits after the point, and {scale} is the most")
        if whole > target.precision - scale:
            raise Misfit(f"has {whole} digits before the point, too many for {_name(target)}")
    elif abs(number.adjusted()) > 16_000:
        raise Misfit("has too many digits")
    return text if "E" not in text.upper() else format(number, "f")


def _exact() -> Any:
    import decimal

    return decimal.Context(prec=200_000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)


_EXACT = _exact()


def _check_float(value: Any, target: Column, engine: str) -> Any:
    number = values.read_float(value)
    endless = number - number != 0
    if endless and (engine == "mysql" or (engine == "sqlite" and number != number)):
        raise Misfit(f"is {values.real(number)}, which the database has not")
    if target.bits == 32 and not endless:
        try:
            (single,) = struct.unpack("f", struct.pack("f", number))
        except OverflowError:
            raise Misfit("is too large for a floating-point number of 32 bits") from None
        if values.single(single) != number and single != number:
            raise Misfit("has more digits than a floating-point number of 32 bits")
    return values.real(number)


def _check_text(value: Any, target: Column, engine: str) -> Any:
    text = values.read_text(value)
    if engine == "postgresql" and "\0" in text:
        raise Misfit("has a NUL character, which PostgreSQL has not in texts")
    if engine != "sqlite" and target.length is not None and len(text) > target.length:
        raise Misfit(f"has {len(text)} characters, and {target.length} is the most")
    if target.charset is not None and not text.isascii():
        _check_charset(text, target.charset)
    if target.longest is not None and target.length is None and len(text) * 4 > target.longest:
        size = len(text.encode())
        if size > target.longest:
            raise Misfit(f"has {size} bytes, and {target.longest} is the most")
    return text


def _check_charset(text: str, charset: str) -> None:
    try:
        fits = max(text) <= "\uffff" if charset == "ucs-2" else bool(text.encode(charset))
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise Misfit(f"has characters beyond the column's character set ({charset})")


def _check_binary(value: Any, target: Column, engine: str) -> Any:
    text = values.read_text(value)
    try:
        size = len(b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise Misfit("is no base64") from error
    most = target.length if target.length is not None else target.longest
    if engine == "mysql" and most is not None and size > most:
        raise Misfit(f"has {size} bytes, and {most} is the most")
    if engine == "mysql" and target.native.startswith("binary(") and size != target.length:
        raise Misfit(f"has {size} bytes, and must have {target.length}")
    return text


def _check_date(value: Any, target: Column, engine: str) -> Any:
    del target
    text = values.read_text(value)
    if engine == "postgresql" and text in _ENDLESS:
        return text
    found = _DATE.fullmatch(text)
    if found is None:
        raise Misfit("is no date")
    _check_calendar(found[1], found[2], found[3], bool(found[4]), engine)
    return text


def _check_calendar(year: str, month: str, day: str, before_christ: bool, engine: str) -> None:
    if engine == "mysql" and not before_christ and len(year) == 4:
        # Its own zero dates stay; what is no date at all it refuses itself.
        if int(month) <= 12 and int(day) <= 31:
            return
    elif engine == "postgresql" and (before_christ or len(year) > 4):
        if int(year) <= 5_874_897:
            return
    elif not before_christ and len(year) == 4:
        try:
            dt.date(int(year), int(month), int(day))
        except ValueError:
            raise Misfit("is a day that is in no calendar") from None
        return
    raise Misfit("is a date outside the range of the column's type")


def _check_moment(value: Any, target: Column, engine: str) -> Any:
    text = values.read_text(value)
    if engine == "postgresql" and text in _ENDLESS:
        return text
    found = _MOMENT.fullmatch(text)
    if found is None or found["time"] is None:
        raise Misfit("is no date and time")
    year, month, day = found["date"].split("-")
    _check_calendar(year, month, day, bool(found["era"]), engine)
    _check_fraction(text, target, engine)
    if engine == "mysql" and target.kind == "timestamptz":
        moment = text.removesuffix("+00:00")
        least, most = _TIMESTAMP_RANGE
        if not (least <= moment <= most or moment.startswith("0000-00-00")):
            raise Misfit("is a moment outside the range of TIMESTAMP, 1970 to 2038")
    return text


def _check_time(value: Any, target: Column, engine: str) -> Any:
    text = values.read_text(value)
    if engine == "mysql":
        if not _LONG_TIME.fullmatch(text) or int(text.lstrip("-").partition(":")[0]) > 838:
            raise Misfit("is no time")
    elif not _TIME.fullmatch(text) or text[:2] > "24":
        raise Misfit("is no time of a day")
    if engine == "sqlite" and text.startswith("24"):
        raise Misfit("is no time of a day")
    _check_fraction(text, target, engine)
    return text


def _check_fraction(text: str, target: Column, engine: str) -> None:
    if engine == "sqlite" or target.precision is None:
        return
    fraction = re.search(r"\.(\d+)", text)
    if fraction and len(fraction[1].rstrip("0")) > target.precision:
        raise Misfit(f"has a finer fraction of a second than {_name(target)} keeps")


def _check_uuid(value: Any, target: Column, engine: str) -> Any:
    del target
    text = values.read_text(value)
    if engine == "sqlite":
        return text
    try:
        found = str(uuid.UUID(text))
    except ValueError as error:
        raise Misfit("is no UUID") from error
    # MariaDB 10.11 takes no UUID of a version of 8 and more with a variant below 8 (tried).
    if engine == "mysql" and found[14] >= "8" > found[19]:
        raise Misfit("is a UUID of a kind that MariaDB does not take")
    return found


def _check_json(value: Any, target: Column, engine: str) -> Any:
    del engine
    text = values.read_text(value)
    try:
        msgspec.json.decode(text, type=msgspec.Raw)  # numbers may be longer than any of Python
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Misfit("is no JSON") from error
    if target.native == "jsonb" and "\\u0000" in text:
        raise Misfit("has a NUL character, which jsonb has not")
    return text


def _check_enum(value: Any, target: Column, engine: str) -> Any:
    text = values.read_text(value)
    # MariaDB names a member with a question mark for each character beyond U+FFFF.
    unnamed = engine == "mysql" and any("?" in each for each in target.members)
    if target.members and text not in target.members and not unnamed:
        raise Misfit(f"is none of {', '.join(target.members)[:200]}")
    return text


def _check_set(value: Any, target: Column, engine: str) -> Any:
    del engine
    text = values.read_text(value)
    if text and not set(text.split(",")) <= set(target.members):
        raise Misfit(f"has members beyond {', '.join(target.members)[:200]}")
    return text


def _check_bit(value: Any, target: Column, engine: str) -> Any:
    del engine
    text = values.read_text(value)
    if not re.fullmatch("[01]+", text) or len(text) != (target.length or 1):
        raise Misfit(f"has not {target.length or 1} bits")
    return text


_CHECKS: dict[str, Callable[[Any, Column, str], Any]] = {
    "integer": _check_integer,
    "boolean": _check_boolean,
    "decimal": _check_decimal,
    "float": _check_float,
    "text": _check_text,
    "binary": _check_binary,
    "date": _check_date,
    "timestamp": _check_moment,
    "timestamptz": _check_moment,
    "time": _check_time,
    "uuid": _check_uuid,
    "json": _check_json,
    "enum": _check_enum,
    "set": _check_set,
    "bit": _check_bit,
    "any": _as_it_is,
}
