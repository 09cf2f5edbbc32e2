"""Captures read to their end as a backup does it, and dumps restored by plain `pg_restore`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.models.progress import CancellationToken, Progress, no_progress
from holdfast.sources.base import CaptureContext, CaptureFacts, Entry
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.postgresql import PostgresServer, program

_READ_BYTES = 1 << 18


@dataclass
class Captured:
    """What one capture yielded."""

    entries: list[Entry]
    dump: bytes
    facts: CaptureFacts


@dataclass
class Reader:
    """Captures a source; the hooks act in the middle.

    Attributes:
        on_begin: Called when the moment is fixed and nothing was read.
        on_piece: Called after each piece that was read.
    """

    scratch: Path
    cancel: CancellationToken = field(default_factory=CancellationToken)
    progress: Callable[[Progress], None] = no_progress
    on_begin: Callable[[], object] = lambda: None
    on_piece: Callable[[], object] = lambda: None

    def capture(self, source: PostgresSource) -> Captured:
        context = CaptureContext(
            scratch_dir=self.scratch, cancel=self.cancel, progress=self.progress
        )
        found = bytearray()
        with source.capture(context) as capture:
            self.on_begin()
            entries = list(capture.entries())
            (entry,) = entries
            assert entry.open is not None
            with entry.open() as stream:
                while piece := stream.read(_READ_BYTES):
                    found += piece
                    self.on_piece()
            return Captured(entries, bytes(found), capture.facts())


def restore(server: PostgresServer, dump: bytes, database: str) -> None:
    """Restore a dump into a database as a person would, without Holdfast."""
    argv = [str(program("pg_restore")), "--exit-on-error", f"--dbname={database}"]
    subprocess.run(argv, input=dump, env=_env(server), check=True)


def plain_dump(server: PostgresServer, database: str) -> list[str]:
    """Return a database as SQL, line by line, without what differs from dump to dump."""
    argv = [str(program("pg_dump")), f"--dbname={database}"]
    done = subprocess.run(argv, env=_env(server), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    return [line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))]


def _env(server: PostgresServer) -> dict[str, str]:
    return {
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.superuser,
        "PGPASSWORD": server.password,
    }
