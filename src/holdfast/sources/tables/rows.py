"""The file of a table: a JSON array with one row object per line, and nothing else."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.errors import RestoreError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

Value = Any
"""What a row has in a column: None, bool, int, float, str, or a tagged object of SQLite."""
Row = Mapping[str, Value]
_OPEN, _SEPARATOR, _CLOSE = b"[\n", b",\n", b"\n]\n"
_EMPTY = b"[\n]\n"
_BATCH_BYTES = 1 << 18
LONGEST_ROW = 1 << 30
"""Bytes of one row; PostgreSQL has no value longer than 1 GB."""
_encode = msgspec.json.Encoder().encode


def row_lines(names: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """Yield each row as one line of JSON, without its end."""
    for row in rows:
        yield _encode(dict(zip(names, row, strict=True)))


class TableFile(io.RawIOBase):
    """The bytes of a table's file, made while they are read, with its count and checksum.

    Raises:
        HoldfastError: From `readinto`, whatever the rows raise. Never an `OSError`.
    """

    def __init__(self, lines: Iterator[bytes], *, on_end: Callable[[TableFile], None]) -> None:
        super().__init__()
        self.count = 0
        self.size = 0
        self._hash = hashlib.sha256()
        self._lines = lines
        self._on_end = on_end
        self._left = memoryview(b"")
        self._state = "start"

    @property
    def checksum(self) -> str:
        """SHA-256 of what was read, lower-case hexadecimal."""
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what is there, at least a byte before the end."""
        wanted = memoryview(buffer).cast("B")
        if not self._left and self._state != "end":
            self._left = memoryview(self._next())
        taken = self._left[: len(wanted)]
        wanted[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        batch, size = [], 0
        for line in self._lines:
            batch.append(line)
            size += len(line)
            if size >= _BATCH_BYTES:
                break
        data = self._framed(batch)
        self.count += len(batch)
        self.size += len(data)
        self._hash.update(data)
        if self._state == "end":
            self._on_end(self)
        return data

    def _framed(self, batch: list[bytes]) -> bytes:
        joined = _SEPARATOR.join(batch)
        if batch:
            before = _OPEN if self._state == "start" else _SEPARATOR
            self._state = "rows"
            return before + joined
        ending = _EMPTY if self._state == "start" else _CLOSE
        self._state = "end"
        return ending


class RowReader:
    """The rows of a table's file, one after the other; anybody may have written it.

    Attributes:
        count: Rows so far.
        size: Bytes so far; all of them when the rows are at their end.
    """

    def __init__(self, pieces: Iterable[bytes], name: str) -> None:
        self.count = 0
        self.size = 0
        self._pieces = pieces
        self._name = name
        self._hash = hashlib.sha256()
        self._decode = msgspec.json.Decoder(dict[str, Any]).decode

    @property
    def checksum(self) -> str:
        """SHA-256 of what was read, lower-case hexadecimal."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[Row]:
        for line in self.lines():
            try:
                yield self._decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise self._unreadable(f"row {self.count} is no JSON object") from error

    def lines(self) -> Iterator[bytes]:
        """Yield the line of each row.

        Raises:
            RestoreError: It is no file of a table.
        """
        state = "start"
        for line in self._split():
            if state == "start" and line == b"[":
                state = "first"
            elif line == b"]" and state in ("first", "last"):
                state = "end"
            elif line.startswith(b"{") and state in ("first", "more"):
                state = "more" if line.endswith(b",") else "last"
                self.count += 1
                yield line[:-1] if state == "more" else line
            else:
                raise self._unreadable(f"it is cut or altered after {self.count} rows")
        if state != "end":
            raise self._unreadable(f"it ends after {self.count} rows without its end mark")

    def _split(self) -> Iterator[bytes]:
        rest: list[bytes] = []
        waiting = 0
        for piece in self._pieces:
            self._hash.update(piece)
            self.size += len(piece)
            *complete, last = bytes(piece).split(b"\n")
            for part in complete:
                rest.append(part)
                yield b"".join(rest)
                rest, waiting = [], 0
            rest.append(last)
            waiting += len(last)
            if waiting > LONGEST_ROW:
                raise self._unreadable("a row is longer than 1 GiB")
        if waiting:
            yield b"".join(rest)

    def _unreadable(self, why: str) -> RestoreError:
        return RestoreError(
            f"The table {self._name} of the backup cannot be read: {why}",
            hint="Restore another backup.",
        )


class ArrayDigest:
    """Count and SHA-256 of the file that rows would make, from their lines."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, line: bytes) -> None:
        """Take a row."""
        self._hash.update(_SEPARATOR if self.count else _OPEN)
        self._hash.update(line)
        self.count += 1

    def checksum(self) -> str:
        """Return the SHA-256 of the whole file, lower-case hexadecimal; call it once."""
        self._hash.update(_CLOSE if self.count else _EMPTY)
        return self._hash.hexdigest()
