"""Rows of single tables out of a dump, as `pg_restore` writes them for `COPY`.

They are read here and never run as a script: what is no row of a table that was asked for is
passed over.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from holdfast.errors import ProgramFailed, RestoreError
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.failures import first_line
from holdfast.sources.postgresql.inspection import Table
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.programs import Child, Invocation

_NAME = r'(?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)'
_COPY = re.compile(rf"COPY ({_NAME})\.({_NAME})\s+(?:\((.*)\) )?FROM stdin;")
_NAMES = re.compile(_NAME)
_END = b"\\."
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BUFFER_BYTES = 1 << 18

Row = list[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """The rows of one table in a dump, to be read to their end before the next table.

    Attributes:
        columns: In the order of the values.
    """

    schema: str
    name: str
    columns: tuple[str, ...]
    lines: Iterator[bytes]

    def rows(self) -> Iterator[Row]:
        """Yield the values as text, None for NULL."""
        for line in self.lines:
            yield parse_row(line) if self.columns else []


def parse_row(line: bytes) -> Row:
    """Read a line of PostgreSQL's text format for `COPY`."""
    return [
        None if value == "\\N" else _ESCAPED.sub(_unescaped, value)
        for value in line.decode().split("\t")
    ]


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def data_arguments(tables: Sequence[Table]) -> list[str]:
    """Return the arguments of `pg_restore` that write the rows of tables to its output."""
    schemas = sorted({each.schema for each in tables})
    names = sorted({each.name for each in tables})
    return [
        *("--format=custom", "--data-only", "--exit-on-error", "--file=-"),
        *(f"--schema={name}" for name in schemas),
        *(f"--table={name}" for name in names),
    ]


@contextmanager
def rows_of(
    dump: StoredDump, tables: Sequence[Table], how: Invocation, cancel: CancellationToken
) -> Iterator[Iterator[TableRows]]:
    """Yield the tables of a dump that were asked for, in the dump's order.

    Args:
        how: `pg_restore` with `data_arguments`.

    Raises:
        RestoreError: The dump is not whole.
        Cancelled: The token was cancelled.
    """
    wanted = {(each.schema, each.name) for each in tables}
    try:
        with Child(how, reads=True, writes=True, cancel=cancel) as child, fed(child, dump):
            lines = lines_of(child)
            found = (each for each in _blocks(lines) if (each.schema, each.name) in wanted)
            yield found
            for _ in lines:
                pass  # it fails only at its end
            child.finish()
    except ProgramFailed as error:
        raise RestoreError(
            f"{dump.name} cannot be read: {first_line(error.said or error.message)}",
            hint="Nothing was changed. Restore another backup.",
        ) from error


@contextmanager
def fed(child: Child, dump: StoredDump) -> Iterator[None]:
    """Give a program its dump from a thread, for it writes while it reads."""
    failures: list[BaseException] = []

    def feed() -> None:
        try:
            for piece in dump.tree.read(dump.root):
                child.write(piece)
            child.end_input()
        except ProgramFailed:
            pass  # it ended early, and says why at its end
        except BaseException as error:  # noqa: BLE001 - raised again by the caller below
            failures.append(error)
            child.kill()

    thread = threading.Thread(target=feed, name="holdfast-feeding")
    thread.start()
    try:
        yield
    except BaseException:
        child.kill()
        raise
    finally:
        thread.join()
        if failures:
            raise failures[0]


def lines_of(child: Child) -> Iterator[bytes]:
    """Yield the lines that a program writes, to its end."""
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    rest = b""
    while count := child.read_into(buffer):
        *whole, rest = (rest + bytes(buffer[:count])).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _blocks(lines: Iterator[bytes]) -> Iterator[TableRows]:
    for line in lines:
        if line.startswith(b"COPY ") and (match := _COPY.fullmatch(line.decode())):
            within = _until_end(lines)
            yield TableRows(
                schema=_plain(match[1]),
                name=_plain(match[2]),
                columns=tuple(_plain(name) for name in _NAMES.findall(match[3] or "")),
                lines=within,
            )
            for _ in within:
                pass  # what nobody wanted


def _until_end(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line == _END:
            return
        yield line


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
