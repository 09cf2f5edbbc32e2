"""JSON read as it streams: objects of any length, each value small and bounded.

The manifest of an archive with a million files has 200 MB; parsed as a whole it would take a
gigabyte. Here its objects are walked, and each value is given out as the bytes of its text,
which the caller decodes with the type it expects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]++")
_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}"]', re.DOTALL)


class JsonScanner:
    """Walks one JSON document.

    Every method raises `ValueError` for what is not JSON, is nested deeper than `depth`, or
    holds a key or a value that is too long: up to `window` bytes are always read, twice as
    many never.
    """

    def __init__(self, pieces: Iterator[bytes], *, window: int, depth: int) -> None:
        self._pieces = pieces
        self._window = window
        self._depth = depth
        self._text = b""
        self._at = 0
        self._ended = False

    def members(self) -> Iterator[bytes]:
        """Yield the key of each member of the object that comes next, as JSON text.

        Before asking for the following key, the caller must take the value by `value` or by
        `members`.
        """
        self._take(b"{")
        if self._peek() == b"}":
            self._take(b"}")
            return
        while True:
            yield self._string()
            if self._peek() != b",":
                self._take(b"}")
                return
            self._take(b",")

    def value(self) -> bytes:
        """Return the text of the value that comes next."""
        first = self._peek()
        start = self._at
        if first in (b"{", b"["):
            end = self._end_of_nest()
        else:
            match = (_STRING if first == b'"' else _SCALAR).match(self._text, start)
            if match is None:
                raise ValueError("a value is malformed or too long")
            end = match.end()
        self._at = end
        return self._text[start:end]

    def finish(self) -> None:
        """Make sure that nothing follows."""
        if self._peek():
            raise ValueError("something follows its end")

    def _string(self) -> bytes:
        """Return the key that comes next, with its colon taken."""
        self._peek()
        match = _STRING.match(self._text, self._at)
        if match is None:
            raise ValueError("a key is malformed or too long")
        self._at = match.end()
        self._take(b":")
        return match[0]

    def _end_of_nest(self) -> int:
        depth = 0
        for mark in _MARK.finditer(self._text, self._at):
            token = mark[0]
            if token in (b"{", b"["):
                depth += 1
                if depth > self._depth:
                    raise ValueError("it is nested too deeply")
            elif token in (b"}", b"]"):
                depth -= 1
                if not depth:
                    return mark.end()
            elif token == b'"':
                break
        raise ValueError("a value is malformed or too long")

    def _take(self, token: bytes) -> None:
        if self._peek() != token:
            raise ValueError(f"{token.decode()} is missing")
        self._at += 1

    def _peek(self) -> bytes:
        """Skip white space, have a window of text ready, and return its first byte."""
        if not self._ended and len(self._text) - self._at < self._window:
            self._fill()
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _fill(self) -> None:
        parts = [self._text[self._at :]]
        length = len(parts[0])
        for piece in self._pieces:
            parts.append(piece)
            length += len(piece)
            if length >= 2 * self._window:
                break
        else:
            self._ended = True
        self._text = b"".join(parts)
        self._at = 0
