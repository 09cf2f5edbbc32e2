"""`pg_dump` as a stream: how it is called, what it says meanwhile, how it is ended."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError, ProgramFailed
from holdfast.models.progress import Progress, ProgressCallback
from holdfast.sources.postgresql.clients import Clients
from holdfast.sources.postgresql.inspection import LOCK_WAIT_S, Inspection
from holdfast.sources.postgresql.session import identifier, literal
from holdfast.sources.programs import Child, Output

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

    from holdfast.sources.postgresql.server import Server
    from holdfast.sources.programs import Place

_EXCLUDES_EXTENSIONS = 17
_INCLUDES_EXTENSIONS = 14
_TICK_S = 0.2
_MAGIC = b"PGDMP"
_HEADER_BYTES = 8
_TABLE = re.compile(r'dumping contents of table "(.*)"$')
_WARNING = re.compile(r"pg_dump: warning: (.*)$")
_CHATTER = re.compile(
    r"pg_dump: (last built-in|reading|identifying|finding|saving|dumping|creating|executing"
    r"|flagging|processing)\b"
)
"""How the lines begin that `pg_dump --verbose` writes of its progress."""


def dump_arguments(clients: Clients, inspection: Inspection) -> list[str]:
    """Return the arguments of `pg_dump`: none of them is secret, or names the database.

    Uncompressed, because the repository compresses and must see what stayed the same. All names
    are quoted, because a newer server reserves more words.
    """
    return [
        "--format=custom",
        "--compress=0",
        "--blobs",
        "--verbose",
        "--no-password",
        "--quote-all-identifiers",
        f"--lock-wait-timeout={LOCK_WAIT_S * 1000}",
        f"--snapshot={inspection.snapshot}",
        *(f"--exclude-schema={identifier(name)}" for name in inspection.left_out.schemas),
        *_extensions(clients, inspection),
    ]


def _extensions(clients: Clients, inspection: Inspection) -> list[str]:
    omitted = inspection.left_out.extensions
    if not omitted or clients.version.major < _INCLUDES_EXTENSIONS:
        return []
    if clients.version.major >= _EXCLUDES_EXTENSIONS:
        return [f"--exclude-extension={identifier(name)}" for name in omitted]
    # Older ones only know which to take; plpgsql is no extension that a dump carries.
    return [f"--extension={identifier(name)}" for name in (*inspection.extensions, "plpgsql")]


class Narration:
    """What `pg_dump --verbose` tells: which table it is at, and what it warns of."""

    def __init__(
        self,
        inspection: Inspection,
        step: str,
        progress: ProgressCallback,
        redact: Callable[[str], str],
    ) -> None:
        self._step = step
        self._redact = redact
        self._progress = progress
        self._total_bytes = inspection.size_bytes
        self._total_items = len(inspection.of_kind("r"))
        self._items = 0
        self._table = ""
        self._told_at_s = 0.0
        self.warnings: list[str] = []

    def hear(self, text: str) -> None:
        """Take in lines that it wrote."""
        for line in text.splitlines():
            if match := _TABLE.search(line):
                self._items += 1
                self._table = match[1].removeprefix("public.")
            elif match := _WARNING.match(line):
                self.warnings.append(self._redact(f"pg_dump: {match[1]}"))

    def due(self) -> bool:
        """Whether it is time to listen again."""
        return time.monotonic() - self._told_at_s > _TICK_S

    def tell(self, done_bytes: int) -> None:
        """Report how far the dump is."""
        self._told_at_s = time.monotonic()
        self._progress(
            Progress(
                step=f"{self._step}, table {self._table}" if self._table else self._step,
                done_bytes=done_bytes,
                total_bytes=max(self._total_bytes, done_bytes),
                done_items=self._items,
                total_items=max(self._total_items, self._items),
            )
        )


def without_chatter(redact: Callable[[str], str]) -> Callable[[str], str]:
    """Return what leaves only errors and warnings of what `pg_dump --verbose` writes."""

    def quiet(text: str) -> str:
        lines = redact(text).splitlines()
        return "\n".join(line for line in lines if not _CHATTER.match(line))

    return quiet


class DumpStream(Output):
    """The bytes of a dump, which tell of their progress while they are read.

    Args:
        on_begin: Called at the first byte: `pg_dump` has locked all tables then. It may raise.

    Attributes:
        format_version: Of the dump's own format: `1.14`; empty until it began.
    """

    def __init__(
        self,
        child: Child,
        narration: Narration,
        *,
        proof: Child,
        explain: Callable[[ProgramFailed], HoldfastError],
        on_begin: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(child, proof=proof, explain=explain, on_end=on_end)
        self._on_begin = on_begin
        self._narration = narration
        self._header = b""
        self.format_version = ""

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what is there; see `Output.readinto`."""
        begun = bool(self.size_bytes)
        got = super().readinto(buffer)
        if got and not begun:
            self._on_begin()
        if len(self._header) < _HEADER_BYTES:
            self._read_header(bytes(memoryview(buffer).cast("B")[:got]))
        if not got or self._narration.due():
            self._listen()
        return got

    def _read_header(self, data: bytes) -> None:
        self._header += data[: _HEADER_BYTES - len(self._header)]
        if len(self._header) == _HEADER_BYTES and self._header.startswith(_MAGIC):
            major, minor, revision = self._header[len(_MAGIC) :]
            self.format_version = f"{major}.{minor}.{revision}"

    def _listen(self) -> None:
        self._narration.hear(self._child.heard())
        self._narration.tell(self.size_bytes)


def end_sessions(server: Server, place: Place, application: str) -> None:
    """End what killed programs left on the server: it may wait for a lock or count for long.

    Where the server cannot be asked any more there is nothing to end.
    """
    with contextlib.suppress(HoldfastError), server.open(place) as session:
        session.query(
            "SELECT pg_catalog.pg_terminate_backend(pid) AS ended"  # noqa: S608
            f" FROM pg_catalog.pg_stat_activity WHERE application_name = {literal(application)}"
        )
