"""A backup seen as a tree of files, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from holdfast.models.manifest import Manifest
from holdfast.models.node import Node


class BackupTree(Protocol):
    """A backup's files: a snapshot in a repository or a portable archive.

    Every byte that it returns has been authenticated or checksummed; a mismatch raises.
    Paths are POSIX paths relative to the backup's root, without a leading slash.
    """

    @property
    def manifest(self) -> Manifest:
        """The backup's manifest."""

    def node(self, path: str) -> Node | None:
        """Return the entry at `path`, or None."""

    def children(self, path: str) -> Iterator[Node]:
        """Yield the entries of the directory at `path` (`""` is the root), by name."""

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """Yield `(path, node)` of everything below `path`, directories before their content."""

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file at `path` in pieces of bounded size."""

    def write_to(self, path: str, descriptor: int) -> None:
        """Write the bytes of the file at `path` into an empty open file, from offset 0."""
