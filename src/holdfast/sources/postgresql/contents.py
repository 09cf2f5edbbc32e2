"""A dump's table of contents, and entries put into it that are only dropped.

A dump of the custom format begins with a header and its table of contents; the data follow.
`pg_restore --clean` drops what the contents name, last entry first, before it makes anything: so
an entry at the end that makes nothing is dropped first, and in the same transaction as the rest.

Source: `ReadHead` and `ReadToc` in src/bin/pg_dump/pg_backup_archiver.c and `_ReadExtraToc` in
pg_backup_custom.c, PostgreSQL 10 to 18.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.errors import RestoreError

_MAGIC = b"PGDMP"
_CUSTOM = 1
_OLDEST, _NEWEST = (1, 12), (1, 16)
_DATES, _NAMES = 7, 3
_PRE_DATA = 2
_NO_DATA = 3
_MOST_BYTES = 1 << 30
_MAKES_NOTHING = "-- not in the backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Something to be dropped, with all that depends on it.

    Attributes:
        kind: As in `DROP VIEW`.
        name: With its schema, quoted.
    """

    kind: str
    name: str

    @property
    def statement(self) -> str:
        """What the entry says; `pg_restore` puts IF EXISTS in after the kind."""
        return f"DROP {self.kind} {self.name} CASCADE;\n"


def with_drops(pieces: Iterator[bytes], drops: Sequence[Drop]) -> Iterator[bytes]:
    """Yield a dump, as it comes in pieces, that also lets other things be dropped.

    Raises:
        RestoreError: Its format is not one of those known here.
    """
    reader = _Reader(pieces)
    head = _Contents(reader)
    added = b"".join(
        head.entry(head.last_id + number, each) for number, each in enumerate(drops, start=1)
    )
    start, end = head.count_at
    yield reader.read_so_far(0, start) + head.encode(head.count + len(drops))
    yield reader.read_so_far(end, head.end) + added
    yield reader.read_so_far(head.end, None)
    yield from pieces


class _Reader:
    """What was read of a dump, as far as it was needed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._read = bytearray()
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        while len(self._read) < end:
            piece = next(self._pieces, None)
            if piece is None or len(self._read) > _MOST_BYTES:
                raise _unknown("its table of contents does not end")
            self._read += piece
        found = bytes(self._read[self.at : end])
        self.at = end
        return found

    def read_so_far(self, start: int, end: int | None) -> bytes:
        return bytes(self._read[start:end])


class _Contents:
    """The header and the entries, read through for where they end."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        if reader.take(len(_MAGIC)) != _MAGIC:
            raise _unknown("it is not of the custom format")
        major, minor, _, self._int_bytes, self._offset_bytes, form = reader.take(6)
        self._version = (major, minor)
        if form != _CUSTOM or not _OLDEST <= self._version <= _NEWEST:
            raise _unknown(f"it is of version {major}.{minor}")
        self._skip_rest_of_header()
        start = reader.at
        self.count = self._int()
        self.count_at = (start, reader.at)
        self.last_id = max((self._skip_entry() for _ in range(self.count)), default=0)
        self.end = reader.at

    def _skip_rest_of_header(self) -> None:
        if self._version >= (1, 15):
            self._reader.take(1)  # how it is compressed
        else:
            self._int()
        for _ in range(_DATES):
            self._int()
        for _ in range(_NAMES):
            self._text()

    def _skip_entry(self) -> int:
        number = self._int()
        self._int()  # whether it has data
        for _ in range(4):  # two OIDs, its name, its kind
            self._text()
        self._int()  # section
        for _ in range(5):  # to make, to drop and to copy it; schema, tablespace
            self._text()
        if self._version >= (1, 14):
            self._text()  # access method
        if self._version >= (1, 16):
            self._int()  # kind of relation
        for _ in range(2):  # owner, whether it has OIDs
            self._text()
        while self._text() is not None:
            pass  # what it depends on
        self._reader.take(1 + self._offset_bytes)
        return number

    def _int(self) -> int:
        sign, *digits = self._reader.take(1 + self._int_bytes)
        value = int.from_bytes(bytes(digits), "little")
        return -value if sign else value

    def _text(self) -> bytes | None:
        size = self._int()
        return None if size < 0 else self._reader.take(size)

    def encode(self, number: int) -> bytes:
        """Return a number as this dump writes them."""
        sign = bytes([number < 0])
        return sign + abs(number).to_bytes(self._int_bytes, "little")

    def _encode_text(self, text: str | None) -> bytes:
        if text is None:
            return self.encode(-1)
        encoded = text.encode()
        return self.encode(len(encoded)) + encoded

    def entry(self, number: int, drop: Drop) -> bytes:
        """Return an entry for something to be dropped."""
        text, encode = self._encode_text, self.encode
        return b"".join(
            (
                *(encode(number), encode(0)),
                *(text("0"), text("0"), text(drop.name), text(drop.kind)),
                encode(_PRE_DATA),
                *(text(_MAKES_NOTHING), text(drop.statement), text(None), text(None), text(None)),
                text(None) if self._version >= (1, 14) else b"",
                encode(0) if self._version >= (1, 16) else b"",
                *(text(""), text("false")),
                text(None),
                bytes([_NO_DATA]) + bytes(self._offset_bytes),
            )
        )


def _unknown(why: str) -> RestoreError:
    return RestoreError(
        f"What the backup does not have cannot be dropped as this dump is restored: {why}",
        hint="Drop it by hand, then restore; nothing was changed.",
    )
