"""Which nodes of a backup a restore of one directory takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.errors import PathNotInBackup, RestoreError
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.sources.directory.beneath import below, display


class Selection:
    """The part of a backup below `root`, or of it what lies at or below the paths asked for.

    Attributes:
        only: Paths relative to the directory, none below another; empty means all.
    """

    def __init__(self, tree: BackupTree, root: str, only: Sequence[str]) -> None:
        """Choose.

        Args:
            only: Paths in the backup; those outside `root` are for other sources.

        Raises:
            PathNotInBackup: The backup does not hold the directory or a path asked for.
        """
        self._tree = tree
        self._root = root
        self.only = self._relative(only)
        top = tree.node(root)
        if top is None and root not in tree.manifest.contents:
            raise PathNotInBackup(
                f"The backup holds no {root}", hint="List what it holds: holdfast show ID."
            )
        if top is not None and top.type is not NodeType.DIR:
            raise RestoreError(f"In the backup {root} is not a directory")
        # An archive may hold no entry for a directory without files.
        self._top = top or Node(name=root, type=NodeType.DIR, mode=0o755)

    def nodes(self) -> Iterator[tuple[str, Node]]:
        """Yield `(relative path, node)`, directories before their content; first `""`.

        Raises:
            RestoreError: The backup holds a name that no directory entry can have.
        """
        yield "", self._top
        if not self.only:
            yield from self._below("")
            return
        seen: set[str] = set()
        for wanted in self.only:
            parts = wanted.split("/")
            for count in range(1, len(parts) + 1):
                path = "/".join(parts[:count])
                if path in seen:
                    continue
                seen.add(path)
                yield path, self._node(path)
            yield from self._below(wanted)

    def full(self, path: str) -> str:
        """Return the path in the backup of a relative path."""
        return f"{self._root}/{path}" if path else self._root

    def _below(self, path: str) -> Iterator[tuple[str, Node]]:
        if path and self._node(path).type is not NodeType.DIR:
            return
        prefix = self._root + "/"
        for full, node in self._tree.walk(self.full(path)):
            relative = full.removeprefix(prefix)
            if relative == full or not all(_sound(part) for part in relative.split("/")):
                raise RestoreError(
                    f"The backup holds a name that is not a file name: {display(full)!r}",
                    hint="Nothing was changed. Verify the backup.",
                )
            yield relative, node

    def _node(self, path: str) -> Node:
        node = self._tree.node(self.full(path))
        if node is None:
            raise PathNotInBackup(
                f"The backup holds no {display(self.full(path))}",
                hint="List what it holds: holdfast show ID.",
            )
        return node

    def _relative(self, only: Sequence[str]) -> tuple[str, ...]:
        paths = [path.strip("/") for path in only]
        if not paths or any(below(self._root, path) for path in paths):
            return ()
        inside = sorted({path[len(self._root) + 1 :] for path in paths if below(path, self._root)})
        if not inside:
            raise PathNotInBackup(f"None of the paths asked for lies in {self._root}")
        if not all(_sound(part) for path in inside for part in path.split("/")):
            raise PathNotInBackup("A path asked for holds an empty part, '.' or '..'")
        return tuple(
            path
            for path in inside
            if not any(path != other and below(path, other) for other in inside)
        )


def _sound(name: str) -> bool:
    return name not in {"", ".", ".."} and "\0" not in name
