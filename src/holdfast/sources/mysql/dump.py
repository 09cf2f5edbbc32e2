"""A whole dump: its statements in order, its rows counted, and the proof that it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from holdfast.errors import RestoreError
from holdfast.sources.mysql.lexing import END_MARK, Splitter
from holdfast.sources.mysql.statements import (
    CreateSequence,
    CreateTable,
    Nothing,
    Program,
    Rows,
    Statement,
    Variables,
    parse,
)

_FIELDS = {
    "sql_mode": "sql_mode",
    "character_set_client": "client",
    "collation_connection": "collation",
    "time_zone": "time_zone",
}


class DumpReader:
    """Takes the bytes of a dump and gives what a restore needs of it.

    Args:
        own: Whether a dump program of ours writes it just now; see `parse`.

    Attributes:
        counts: Rows per table so far.
        programs: How many views, triggers, routines and events there are, by kind.
        largest: Length of the longest statement [bytes].
    """

    def __init__(self, *, own: bool = False) -> None:
        self._own = own
        self.counts: dict[str, int] = {}
        self.programs: dict[str, int] = {}
        self.largest = 0
        self._splitter = Splitter()
        self._surroundings: dict[str, str] = {}
        self._last_comment = b""
        self._sequences: set[str] = set()

    @property
    def position(self) -> int:
        """Bytes of the statements so far."""
        return self._splitter.position

    def feed(self, data: bytes) -> Iterator[Statement]:
        """Take bytes; yield the statements that are complete and do something.

        Raises:
            RestoreError: A statement is none of a dump, or names what was not created.
        """
        for piece in self._splitter.feed(data):
            if not piece.ended_by:
                self._last_comment = piece.text
                continue
            self._last_comment = b""
            self.largest = max(self.largest, len(piece.text))
            escaping = self._splitter.escaping
            statement = self._remember(parse(piece.text, escaping=escaping, own=self._own))
            if not isinstance(statement, Nothing | Variables):
                yield statement

    def _remember(self, statement: Statement) -> Statement:
        if isinstance(statement, Rows):
            if statement.table not in self.counts:
                raise RestoreError(f"The dump has rows of {statement.table!r} before its structure")
            self.counts[statement.table] += statement.count
        elif isinstance(statement, CreateTable):
            if statement.name in self.counts or statement.name in self._sequences:
                raise RestoreError(f"The dump has the table {statement.name!r} twice")
            self.counts[statement.name] = 0
        elif isinstance(statement, CreateSequence):
            self._sequences.add(statement.name)
        elif isinstance(statement, Variables):
            self._surroundings |= {
                _FIELDS[name]: value
                for name, value in statement.values.items()
                if name in _FIELDS and not value.startswith("@")
            }
            if "sql_mode" in statement.values:
                modes = statement.values["sql_mode"]
                self._splitter.escaping = "NO_BACKSLASH_ESCAPES" not in modes
        elif isinstance(statement, Program):
            self.programs[statement.kind] = self.programs.get(statement.kind, 0) + 1
            return self._surrounded(statement)
        return statement

    def _surrounded(self, program: Program) -> Program:
        """Return a program with what the dump has set before it."""
        known = {**self._surroundings, "time_zone": self._surroundings.get("time_zone", "")}
        if program.kind != "event":
            known["time_zone"] = ""
        if program.kind == "view":
            known["sql_mode"] = ""
        return msgspec.structs.replace(program, **known)

    def finish(self) -> None:
        """Say that no more bytes come.

        Raises:
            RestoreError: The dump is cut off: a server would take it without an error.
        """
        if self._splitter.finish() or not self._last_comment.startswith(END_MARK):
            raise RestoreError(
                "The dump is not whole: it does not end with the mark that a finished dump has",
                hint="It was cut off. Take another backup.",
            )


def read_dump(
    pieces: Iterable[bytes], reader: DumpReader, *, on_bytes: Callable[[int], None]
) -> Iterator[Statement]:
    """Yield the statements of a whole dump.

    Raises:
        RestoreError: It is not whole, or not a dump; statements before that were yielded.
    """
    for piece in pieces:
        on_bytes(len(piece))
        yield from reader.feed(piece)
    reader.finish()
