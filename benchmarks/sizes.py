"""Sizes as people write them."""

from __future__ import annotations

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def parse_size(text: str) -> int:
    """Return the bytes that `text` such as `200M` or `1G` means (powers of 1024).

    Raises:
        ValueError: It is not a size.
    """
    number = text.upper().removesuffix("B").removesuffix("I")
    unit = number[-1:] if number[-1:] in "KMG" else ""
    return int(float(number.removesuffix(unit)) * _UNITS[unit])


def format_size(size_bytes: float) -> str:
    """Return decimal kilobytes or megabytes, as the tables show them."""
    if size_bytes < 1e6:
        return f"{size_bytes / 1e3:.1f} KB"
    return f"{size_bytes / 1e6:.1f} MB"
