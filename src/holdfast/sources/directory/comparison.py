"""What a restore would change in the live directory, told without reading any content."""

from __future__ import annotations

import os
import stat
from collections import Counter, defaultdict

from holdfast.models.backup import PlannedChange
from holdfast.models.node import Node, NodeType
from holdfast.sources.directory.beneath import Beneath, display, join
from holdfast.sources.directory.nodes import node_type
from holdfast.sources.directory.scope import Scope
from holdfast.sources.directory.selection import Selection

EXAMPLES = 20
"""Entries named for each action; the rest are counted."""

_WORDS = {"create": "created", "replace": "replaced", "remove": "removed"}


class Comparison:
    """Counts and examples of what would be created, replaced, removed or stay.

    A file counts as unchanged if its size and modification time are those of the backup; a
    link if its target is; a directory if there is one. Content is not compared.
    """

    def __init__(self, selection: Selection, scope: Scope, live: Beneath | None) -> None:
        self._selection = selection
        self._scope = scope
        self._live = live
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = defaultdict(list)

    def changes(self, shown: str) -> tuple[PlannedChange, ...]:
        """Return one line for the directory, called `shown`, and lines for single entries."""
        kept: dict[str, set[str]] = defaultdict(set)
        for path, node in self._selection.nodes():
            directory, _, name = path.rpartition("/")
            if path:
                kept[directory].add(name)
            if node.type is NodeType.DIR:
                kept.setdefault(path, set())
            else:
                self._count(self._action(path, node), path)
        if self._live is not None:
            for directory, names in kept.items():
                if not self._scope.leads(directory):
                    self._count_removed(self._live, directory, names)
        return tuple(self._lines(shown))

    def _action(self, path: str, node: Node) -> str:
        status = self._live.find(path) if self._live is not None else None
        if status is None or self._live is None:
            return "create"
        if node_type(status) is not node.type:
            return "replace"
        if node.type is NodeType.FILE:
            same = (status.st_size, status.st_mtime_ns) == (node.size, node.mtime_ns)
        elif node.type is NodeType.SYMLINK:
            same = self._live.readlink(path) == node.link_target
        else:
            same = True
        return "unchanged" if same else "replace"

    def _count_removed(self, live: Beneath, directory: str, names: set[str]) -> None:
        pending = [directory]
        while pending:
            current = pending.pop()
            status = live.find(current)
            if status is None or not stat.S_ISDIR(status.st_mode):
                continue
            for name in live.names(current):
                path = join(current, name)
                found = live.find(path)
                if (current == directory and name in names) or found is None:
                    continue
                if not self._scope.covers(path, found):
                    continue
                if stat.S_ISDIR(found.st_mode):
                    pending.append(path)
                else:
                    self._count("remove", path)

    def _count(self, action: str, path: str) -> None:
        self._counts[action] += 1
        if action != "unchanged" and len(self._examples[action]) < EXAMPLES:
            self._examples[action].append(path)

    def _lines(self, shown: str) -> list[PlannedChange]:
        counts = [f"{self._counts[action]} {word}" for action, word in _WORDS.items()]
        if self._live is None:
            action = "create"
        else:
            changed = any(self._counts[action] for action in _WORDS)
            action = "replace" if changed else "unchanged"
        detail = (
            f"files: {', '.join(counts)}, {self._counts['unchanged']} unchanged "
            "(told by size and modification time)"
        )
        lines = [PlannedChange(target=shown, action=action, detail=detail)]
        for action in _WORDS:
            lines += [
                PlannedChange(target=os.path.join(shown, display(path)), action=action)  # noqa: PTH118
                for path in self._examples[action]
            ]
            more = self._counts[action] - len(self._examples[action])
            if more > 0:
                lines.append(
                    PlannedChange(target=shown, action=action, detail=f"and {more} more files")
                )
        return lines
