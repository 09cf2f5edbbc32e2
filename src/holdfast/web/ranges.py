"""Which part of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.errors import RangeNotSatisfiable

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,30})\s*-\s*(\d{0,30})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `start` to before `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes it is."""
        return self.stop - self.start

    def content_range(self, size_bytes: int) -> str:
        """Return the value of `Content-Range`."""
        return f"bytes {self.start}-{self.stop - 1}/{size_bytes}"


def parse_range(value: str | None, size_bytes: int) -> Part | None:
    """Return the part that a `Range` header asks for, or None for the whole file.

    What is no range of bytes is ignored, as the standard wants; so are several ranges, for
    which the whole file is a correct answer, and the cheapest.

    Raises:
        RangeNotSatisfiable: No byte of the file is in the range.
    """
    match = _RANGE.fullmatch(value or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(size_bytes - int(last), 0), size_bytes
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        stop = min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= stop:
        raise RangeNotSatisfiable(
            f"The file has {size_bytes} bytes; none of them is in the range that was asked for",
            hint="Download it from its beginning, or ask for its size with HEAD.",
        )
    return Part(start, stop)
