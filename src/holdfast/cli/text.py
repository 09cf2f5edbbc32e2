"""Values as people read them: sizes, ages, tables. Nothing here prints."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_AGES = (
    (31_557_600, "year"),
    (2_629_800, "month"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
)
_GAP = "  "
_ELLIPSIS = "…"


def format_size(size_bytes: float) -> str:
    """Return a size for people: `12.3 MiB`."""
    size = float(size_bytes)
    if abs(size) < 1024:
        return f"{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        # 1023.95 would be written as 1024.0
        if abs(size) < 1023.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} PiB"


def format_age(then: datetime, now: datetime) -> str:
    """Return how long ago (or ahead) an instant is: `2 hours ago`."""
    seconds = (now - then).total_seconds()
    for length, unit in _AGES:
        count = int(abs(seconds) // length)
        if count:
            span = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{span} ago" if seconds > 0 else f"in {span}"
    return "just now"


def format_time(instant: datetime) -> str:
    """Return an instant to the second: `2023-11-16 14:30:22 UTC`."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_duration(seconds: float) -> str:
    """Return a span: `0.4 s`, `12 s`, `3:05`, `1:02:03`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_count(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 backup`, `1,204 backups`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def printable(text: str) -> str:
    """Return text without anything that steers a terminal.

    File names, tags and descriptions come from whoever wrote the repository.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


def display_width(text: str) -> int:
    """Return how many columns a text fills on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def shorten(text: str, width: int) -> str:
    """Cut a text to `width` columns, with an ellipsis."""
    if display_width(text) <= width:
        return text
    kept: list[str] = []
    left = width - 1
    for char in text:
        left -= display_width(char)
        if left < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + _ELLIPSIS if width > 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        right: Align to the right, for numbers.
        flexible: Cut this column first when the terminal is narrow.
        style: Gives a cell its colour, after it was measured and padded.
    """

    title: str
    right: bool = False
    flexible: bool = False
    style: Callable[[str], str] = str


def format_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int | None = None
) -> str:
    """Return an aligned table with a line of titles.

    Args:
        width: Columns of the terminal; None for a file or a pipe, where nothing is cut.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [
        max([display_width(column.title), *(display_width(row[i]) for row in cells)])
        for i, column in enumerate(columns)
    ]
    if width is not None:
        widths = _fit(columns, widths, width)
    plain = [Column(title=each.title, right=each.right) for each in columns]
    lines = [_line(plain, widths, [column.title for column in columns])]
    lines += [_line(columns, widths, row) for row in cells]
    return "\n".join(lines)


def format_fields(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names and values, the values aligned."""
    width = max((display_width(name) for name, _ in pairs), default=0) + 1
    return "\n".join(f"{name + ':':{width}} {printable(value)}".rstrip() for name, value in pairs)


def _fit(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    fitted = list(widths)
    excess = sum(fitted) + len(_GAP) * (len(fitted) - 1) - width
    for i, column in enumerate(columns):
        if column.flexible and excess > 0:
            cut = min(excess, max(0, fitted[i] - max(8, display_width(column.title))))
            fitted[i] -= cut
            excess -= cut
    return fitted


def _line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    padded = []
    for column, width, cell in zip(columns, widths, row, strict=True):
        text = shorten(cell, width)
        space = " " * (width - display_width(text))
        padded.append(column.style(space + text if column.right else text + space))
    return _GAP.join(padded).rstrip()
