"""A dump cut into statements, as the bytes come.

Nothing here knows what a statement means. What `mysqldump` writes ends in the delimiter and a
line feed; a statement is looked at only once that was seen, so that long ones cost no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.errors import RestoreError

_ESCAPING = (rb"'(?:[^'\\]++|\\.)*+'", rb'"(?:[^"\\]++|\\.)*+"')
_LITERAL = (rb"'[^']*+'", rb'"[^"]*+"')
"""Strings of programs that were written under `NO_BACKSLASH_ESCAPES`."""


def _statement(delimiter: bytes, strings: tuple[bytes, bytes]) -> re.Pattern[bytes]:
    plain = (
        rb"[^'\"`;/#\-]++",
        *strings,
        rb"`[^`]*+`",
        # A conditional comment is code; any other is passed over with all that is in it.
        rb"/\*(?!M?!)(?:[^*]++|\*(?!/))*+\*/",
        rb"/(?!\*(?!M?!))",
        rb"--(?=[ \t\r\n])[^\n]*+\n",
        rb"-(?!-[ \t\r\n])",
        rb"#[^\n]*+\n",
        *((rb";(?!;)",) if delimiter == b";;" else ()),
    )
    return re.compile(rb"((?:" + rb"|".join(plain) + rb")*+)" + delimiter + rb"\n", re.DOTALL)


_STATEMENTS = {
    (delimiter, escaping): _statement(delimiter, _ESCAPING if escaping else _LITERAL)
    for delimiter in (b";", b";;")
    for escaping in (True, False)
}
_BLANK = re.compile(rb"[ \t\r\n]*+")
_DELIMITER = re.compile(rb"DELIMITER (;;?)[ \t\r]*\n")
_ROWS = b"INSERT "
_COMMENT = (b"-- ", b"--\n", b"--\r", b"#")
END_MARK = b"-- Dump completed"
STATEMENT_LIMIT = (1 << 31) + (1 << 20)
"""No server takes a packet above a GiB [bytes]; in hexadecimal its values are twice as long."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement without its delimiter, or a comment line; `ended_by` is empty for a comment."""

    text: bytes
    ended_by: bytes


class Splitter:
    """Takes a dump's bytes and gives its statements.

    Attributes:
        position: Bytes that are taken and given out.
        escaping: Whether a backslash escapes in the strings of the next statement.
    """

    def __init__(self, limit: int = STATEMENT_LIMIT) -> None:
        self.position = 0
        self.escaping = True
        self._limit = limit
        self._buffer = b""
        self._looked = 0
        self._delimiter = b";"
        self._fresh: list[bytes] = []
        self._fresh_size = 0

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take bytes; yield what is complete.

        Raises:
            RestoreError: It is nothing that a dump has, or longer than any statement can be.
        """
        self._fresh.append(data)
        self._fresh_size += len(data)
        if self._in_rows and b";\n" not in data and not data.startswith(b"\n"):
            self._limit_size()
            return
        self._buffer = b"".join((self._buffer, *self._fresh))
        self._fresh, self._fresh_size = [], 0
        at = 0
        while (found := self._next(at)) is not None:
            piece, end = found
            self.position += end - at
            at = end
            self._looked = at
            if piece is not None:
                yield piece
        self._buffer = self._buffer[at:]
        self._looked = max(0, self._looked - at)
        self._limit_size()

    @property
    def _in_rows(self) -> bool:
        return self._buffer.startswith(_ROWS)

    def _limit_size(self) -> None:
        if len(self._buffer) + self._fresh_size > self._limit:
            raise RestoreError(
                f"The dump has a statement of more than {self._limit} bytes, which no server takes",
                hint="It is damaged, or was not written by mysqldump or mariadb-dump.",
            )

    def _next(self, at: int) -> tuple[Piece | None, int] | None:
        buffer = self._buffer
        blank = _BLANK.match(buffer, at)
        start = blank.end() if blank else at
        if start >= len(buffer):
            return None
        if buffer.startswith(_COMMENT, start):
            end = buffer.find(b"\n", start) + 1
            return (Piece(buffer[start : end - 1], b""), end) if end else None
        if buffer.startswith(b"DELIMITER", start):
            return self._change_delimiter(start)
        return self._statement(start)

    def _change_delimiter(self, start: int) -> tuple[None, int] | None:
        end = self._buffer.find(b"\n", start) + 1
        if not end:
            return None
        found = _DELIMITER.fullmatch(self._buffer, start, end)
        if found is None:
            raise RestoreError("The dump changes the delimiter to one that no dump has")
        self._delimiter = found[1]
        return None, end

    def _statement(self, start: int) -> tuple[Piece | None, int] | None:
        buffer, delimiter = self._buffer, self._delimiter
        # The sandbox line of MariaDB is the only one that no delimiter ends.
        if buffer.startswith(b"/*M!999999\\- ", start):
            end = buffer.find(b"\n", start) + 1
            return (None, end) if end else None
        seen = buffer.find(delimiter + b"\n", max(start, self._looked - len(delimiter)))
        if seen < 0:
            self._looked = len(buffer)
            return None
        if buffer.startswith(_ROWS, start):
            # Values have no bare line feed; whoever reads the rows proves it.
            return Piece(buffer[start:seen], delimiter), seen + len(delimiter) + 1
        match = _STATEMENTS[delimiter, self.escaping].match(buffer, start)
        if match is None:
            self._looked = len(buffer)
            return None
        return Piece(match[1], delimiter), match.end()

    def finish(self) -> bytes:
        """Return what is left after the last statement: nothing, in a whole dump."""
        return b"".join((self._buffer, *self._fresh)).strip()
