"""One captured moment of a database: what its dump program writes, read as it streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from holdfast.errors import HoldfastError, ProgramFailed, RestoreError, SourceError
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.sources.base import CaptureFacts, Entry
from holdfast.sources.mysql.dump import DumpReader
from holdfast.sources.mysql.statements import CreateTable
from holdfast.sources.programs import Child, Output

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

DUMP_FORMAT = 1
"""Of what `facts` say and `dump` reads; a restore refuses a newer one."""
_PROGRESS_BYTES = 1 << 22


class _CheckedOutput(Output):
    """A dump that is read while it passes: it ends only when it is one that can be restored."""

    def __init__(
        self,
        child: Child,
        reader: DumpReader,
        *,
        explain: Callable[[ProgramFailed], HoldfastError],
        on_progress: Callable[[str, int], None],
    ) -> None:
        super().__init__(child, explain=explain, on_end=self._require_whole)
        self._reader = reader
        self._on_progress = on_progress
        self._table = ""
        self._told = 0

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what is there; see `Output`.

        Raises:
            SourceError: The dump could not be restored, or is cut off.
        """
        wanted = memoryview(buffer).cast("B")
        got = super().readinto(wanted)
        if got:
            self._read(bytes(wanted[:got]))
        return got

    def _read(self, data: bytes) -> None:
        try:
            for statement in self._reader.feed(data):
                if isinstance(statement, CreateTable):
                    self._table = statement.name
                    self._told = 0
        except RestoreError as error:
            raise SourceError(error.message, hint=error.hint) from error
        if not self._told or self.size_bytes - self._told > _PROGRESS_BYTES:
            self._told = self.size_bytes
            self._on_progress(self._table, self.size_bytes)

    def _require_whole(self) -> None:
        try:
            self._reader.finish()
        except RestoreError as error:
            raise SourceError(error.message, hint=error.hint) from error


class DumpCapture:
    """A database that is about to be dumped.

    Args:
        start: Starts the program that dumps.
        facts: What is known before it: see `source`.
    """

    unchanged = False

    def __init__(
        self,
        *,
        name: str,
        root: str,
        size_bytes: int,
        start: Callable[[], Child],
        explain: Callable[[ProgramFailed], HoldfastError],
        facts: CaptureFacts,
        progress: Callable[[Progress], None],
        packet_bytes: int,
    ) -> None:
        self._name = name
        self._root = root
        self._size_bytes = size_bytes
        self._start = start
        self._explain = explain
        self._facts = facts
        self._progress = progress
        self._packet_bytes = packet_bytes
        self._reader = DumpReader(own=True)
        self._output: _CheckedOutput | None = None

    def entries(self) -> Iterator[Entry]:
        """Yield the dump."""
        now_ns = time.time_ns()
        node = Node(
            name=self._root.rpartition("/")[2],
            type=NodeType.FILE,
            mode=0o600,
            mtime_ns=now_ns,
            atime_ns=now_ns,
            ctime_ns=now_ns,
            size=self._size_bytes,
        )
        yield Entry(path=self._root, node=node, open=self._open, rows=True)

    def _open(self) -> BinaryIO:
        self._output = _CheckedOutput(
            self._start(), self._reader, explain=self._explain, on_progress=self._tell
        )
        return cast(BinaryIO, self._output)

    def _tell(self, table: str, done_bytes: int) -> None:
        step = f"Reading {self._name}" + (f": {table}" if table else "")
        total = max(self._size_bytes, done_bytes)
        self._progress(Progress(step=step, done_bytes=done_bytes, total_bytes=total))

    def close(self) -> None:
        """End the dump if it still runs (idempotent)."""
        if self._output is not None:
            self._output.close()

    def facts(self) -> CaptureFacts:
        """Return what was found while the dump passed.

        Raises:
            SourceError: Not all of it was read.
        """
        self._require_read()
        counts = dict(self._reader.counts)
        known = self._facts
        return CaptureFacts(
            table_counts=counts,
            count=sum(counts.values()),
            schema_version=known.schema_version,
            facts={
                **known.facts,
                "format": DUMP_FORMAT,
                "row_counts": counts,
                "programs": dict(self._reader.programs),
                "largest_statement": self._reader.largest,
            },
            engines=known.engines,
            warnings=(*known.warnings, *self._size_warning()),
        )

    def _require_read(self) -> None:
        self._require_output()
        try:
            self._reader.finish()
        except RestoreError as error:
            raise SourceError(error.message, hint=error.hint) from error

    def _require_output(self) -> None:
        if self._output is None:
            raise SourceError(f"The dump of {self._name} was not read")

    def _size_warning(self) -> tuple[str, ...]:
        if self._reader.largest < self._packet_bytes:
            return ()
        warning = (
            f"A row of {self._name} takes a statement of {self._reader.largest} bytes; before a"
            f" restore raise the server's max_allowed_packet, which is {self._packet_bytes}"
        )
        return (warning,)
