"""What the tests of the SQLite source share: databases, other processes, backups."""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.models.manifest import ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.sources.base import CaptureContext, CaptureFacts, Entry, RestoreContext
from holdfast.sources.sqlite import SqliteSource, SqliteStaged

JOURNAL_MODES = ("wal", "delete")


def run_sql(path: Path, script: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Run statements with the standard library's SQLite; return the rows of a single one."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        if parameters or ";" not in script:
            return connection.execute(script, parameters).fetchall()
        connection.executescript(script)
        return []


def make(path: Path, script: str = "", *, journal_mode: str = "delete") -> Path:
    """Make a database of the statements."""
    run_sql(path, f"pragma journal_mode={journal_mode}; create table notes(body); {script};")
    return path


def dump(path: Path) -> list[str]:
    """Return a database as SQL, for comparison."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        return list(connection.iterdump())


def rest(path: Path) -> None:
    """Set a file's times back, as if nobody had written to it for a minute."""
    for name in (path, path.with_name(path.name + "-wal")):
        if name.exists():
            found = name.stat()
            past_ns = found.st_mtime_ns - 60_000_000_000
            os.utime(name, ns=(past_ns, past_ns))


@dataclass(frozen=True)
class Captured:
    """A capture that ended, with its bytes in a file."""

    path: Path
    entry: Entry
    facts: CaptureFacts
    unchanged: bool

    @property
    def content(self) -> ContentEntry:
        return ContentEntry(
            kind="sqlite",
            size=self.entry.node.size,
            count=self.facts.count,
            facts=dict(self.facts.facts),
        )


def capture(
    source: SqliteSource,
    folder: Path,
    *,
    previous: Mapping[str, ContentEntry] | None = None,
    allow_damaged: bool = False,
) -> Captured:
    """Capture a database into a file below `folder`, as a backup does."""
    scratch = folder / f"scratch-{secrets.token_hex(4)}"
    scratch.mkdir(mode=0o700)
    context = CaptureContext(
        scratch_dir=scratch, previous=previous or {}, allow_damaged=allow_damaged
    )
    out = folder / f"captured-{secrets.token_hex(4)}.db"
    with source.capture(context) as captured:
        (entry,) = captured.entries()
        if entry.open is not None:
            with entry.open() as stream:
                out.write_bytes(stream.read())
        facts = captured.facts()
    assert list(scratch.iterdir()) == []
    scratch.rmdir()
    return Captured(out, entry, facts, captured.unchanged)


@dataclass(frozen=True)
class Tree:
    """A backup that holds one database."""

    root: str
    content: bytes
    manifest: Manifest
    mode: int = 0o640

    def node(self, path: str) -> Node | None:
        if path != self.root:
            return None
        return Node(
            name=Path(path).name,
            type=NodeType.FILE,
            mode=self.mode,
            uid=os.geteuid(),
            gid=os.getegid(),
            size=len(self.content),
        )

    def children(self, path: str) -> Iterator[Node]:
        raise NotImplementedError

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        raise NotImplementedError

    def read(self, path: str) -> Iterator[bytes]:
        yield self.content

    def write_to(self, path: str, descriptor: int) -> None:
        assert path == self.root
        os.write(descriptor, self.content)


def backup_of(captured: Captured, source: SqliteSource) -> Tree:
    """Return a backup with the captured database."""
    return tree(source, captured.path.read_bytes(), captured.content)


def tree(source: SqliteSource, content: bytes, entry: ContentEntry | None = None) -> Tree:
    manifest = Manifest(
        backup_id="backup_20250101_000000",
        created_at="2025-01-01T00:00:00Z",
        backup_type="manual",
        trigger="manual_cli",
        holdfast_version="0",
        contents={source.root: entry or ContentEntry(kind="sqlite", size=len(content))},
    )
    return Tree(source.root, content, manifest)


@contextmanager
def staged(
    source: SqliteSource, backup: Tree, folder: Path, **options: Any
) -> Iterator[SqliteStaged]:
    """Stage a restore with a scratch directory of its own."""
    scratch = folder / f"scratch-{secrets.token_hex(4)}"
    scratch.mkdir(mode=0o700)
    context = RestoreContext(
        token=secrets.token_hex(4), tree=backup, scratch_dir=scratch, **options
    )
    with source.stage(context) as stage:
        yield stage
    assert list(scratch.iterdir()) == []


def python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in another process; its output is what it printed."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
    )


class Other:
    """Another process with the database open: does what it is told, line by line."""

    _SCRIPT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))
for line in sys.stdin:
    try:
        print(connection.execute(line).fetchall(), flush=True)
    except sqlite3.Error as error:
        print(f"{type(error).__name__}: {error}", flush=True)
connection.close()
"""

    def __init__(self, path: Path, *, timeout_s: float = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self._SCRIPT, str(path), str(timeout_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def sql(self, statement: str) -> str:
        self.send(statement)
        return self.receive()

    def send(self, statement: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(statement + "\n")
        self.process.stdin.flush()

    def receive(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Other:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def beside(path: Path) -> dict[str, int]:
    """Return the inode of everything in a database's directory, by name."""
    return {entry.name: entry.stat().st_ino for entry in path.parent.iterdir()}
