"""One captured moment of a SQLite database."""

from __future__ import annotations

import grp
import io
import pwd
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from holdfast.errors import AgentFailed
from holdfast.models.manifest import ContentEntry
from holdfast.models.node import Node, NodeType
from holdfast.sources.base import CaptureFacts, Entry
from holdfast.sources.sqlite.session import AgentSession

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

AFFECTED_SINCE = (3, 7, 0)
FIXED_IN = (3, 51, 3)
"""SQLite versions in between can corrupt a database in WAL mode when one connection
checkpoints twice while another resets the `-wal` (Source: https://www.sqlite.org/wal.html)."""


def live_node(path: Path, name: str, size: int) -> Node:
    """Return the metadata of a live database file; equal as long as nobody writes to it."""
    found = path.stat()
    return Node(
        name=name,
        type=NodeType.FILE,
        mode=found.st_mode & 0o7777,
        mtime_ns=found.st_mtime_ns,
        atime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
        uid=found.st_uid,
        gid=found.st_gid,
        user=_name_of(pwd.getpwuid, found.st_uid),
        group=_name_of(grp.getgrgid, found.st_gid),
        inode=found.st_ino,
        size=size,
    )


def _name_of(look_up: Callable[[int], tuple[Any, ...]], number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return ""


def affected_warning(name: str, *, wal: bool, writer: str | None) -> tuple[str, ...]:
    """Return a warning if the application's SQLite can corrupt this database."""
    if not wal or writer is None:
        return ()
    version = tuple(int(part) for part in writer.split("."))
    if not AFFECTED_SINCE <= version < FIXED_IN:
        return ()
    warning = (
        f"The application writes {name} in WAL mode with SQLite {writer}, which can corrupt it "
        f"in rare cases; upgrade its SQLite to {'.'.join(map(str, FIXED_IN))} or newer"
    )
    return (warning,)


class UnchangedCapture:
    """A database that is certainly as the parent backup has it: nothing is read."""

    unchanged = True

    def __init__(
        self, node: Node, root: str, previous: ContentEntry, schema_version: str | None
    ) -> None:
        self._node = node
        self._root = root
        self._previous = previous
        self._schema_version = schema_version

    def entries(self) -> Iterator[Entry]:
        """Yield the database file, which cannot be opened."""
        yield Entry(
            path=self._root,
            node=self._node,
            page_size=self._previous.facts.get("page_size"),
        )

    def facts(self) -> CaptureFacts:
        """Return the facts of the parent backup, which hold still."""
        return capture_facts(self._previous.facts, self._schema_version)


class _Stream(io.RawIOBase):
    """The bytes that the agent sends: all of them, or an error."""

    def __init__(self, agent: AgentSession, size: int) -> None:
        super().__init__()
        self._agent = agent
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what is there, at least a byte.

        Raises:
            HoldfastError: Why the agent stopped before the end. Not an `OSError`, which
                would only leave the file out of the backup.
        """
        wanted = memoryview(buffer).cast("B")
        if not self._left or not wanted:
            return 0
        got = self._agent.read_into(wanted[: self._left])
        if not got:
            self._agent.answer()
            raise AgentFailed(f"The helper process sent {self._left} bytes less than it said")
        self._left -= got
        return got


class OnlineCapture:
    """One moment, streamed while the agent checks it: from where it lies, or from a copy.

    Args:
        scratch: The copy, or None if the agent sends the bytes.
    """

    unchanged = False

    def __init__(
        self,
        *,
        agent: AgentSession,
        scratch: Path | None,
        node: Node,
        root: str,
        facts: Mapping[str, Any],
        schema_version: str | None,
    ) -> None:
        self._agent = agent
        self._scratch = scratch
        self._node = node
        self._root = root
        self._facts = facts
        self._schema_version = schema_version

    def entries(self) -> Iterator[Entry]:
        """Yield the database file."""
        yield Entry(
            path=self._root,
            node=self._node,
            open=self._open,
            page_size=self._facts["page_size"],
        )

    def _open(self) -> BinaryIO:
        if self._scratch is not None:
            return self._scratch.open("rb")
        return cast(BinaryIO, _Stream(self._agent, self._node.size))

    def facts(self) -> CaptureFacts:
        """Return what the agent found in the captured file.

        Raises:
            DatabaseDamaged: It fails its integrity check, and that was not allowed.
            DatabaseChanged: What was streamed is not one moment; capture it by a copy.
        """
        self._agent.close_stream()  # if not all was taken, the rest is not wanted
        found = self._agent.answer()
        facts = {**self._facts, **found}
        facts["damage"] = [*self._facts["damage"], *found["damage"]]
        facts["warnings"] = [*self._facts["warnings"], *found["warnings"]]
        if facts["damage"]:
            facts["warnings"].append(f"{self._node.name} is damaged: {facts['damage'][0]}")
        return capture_facts(facts, self._schema_version)


def capture_facts(facts: Mapping[str, Any], schema_version: str | None) -> CaptureFacts:
    """Return facts, as the manifest keeps them, in the form that every source gives."""
    tables = facts["tables"]
    return CaptureFacts(
        table_counts=tables,
        count=sum(tables.values()),
        schema_version=schema_version or facts["schema_version"],
        facts=dict(facts),
        engines=facts["engines"],
        damaged=bool(facts["damage"]),
        warnings=tuple(facts["warnings"]),
    )
