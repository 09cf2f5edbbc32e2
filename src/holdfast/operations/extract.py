"""Restore a backup into a new place, laid out as the backup is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from holdfast.errors import RestoreCheckFailed
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.manifest import FILES_DIR, ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.operations.databases import check_databases, database_paths
from holdfast.operations.findings import Findings
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import new_token, require_space
from holdfast.sources.base import RestoreContext
from holdfast.sources.directory import DirectorySource

_LABEL = "backup"
_ROOT = f"{FILES_DIR}/{_LABEL}"


def extract(
    workplace: Workplace,
    tree: BackupTree,
    target: Path,
    scratch: Path,
    *,
    paths: tuple[str, ...] = (),
    dry_run: bool = False,
) -> tuple[tuple[PlannedChange, ...], tuple[CheckResult, ...]]:
    """Lay a backup out in `target`, which appears when everything is written and checked.

    Args:
        target: A directory that is not there yet, or is empty.
        paths: Only these files and directories of the backup; empty means all.

    Returns:
        What was (or would be) created, and the checks that were made.

    Raises:
        TargetExists: `target` holds something.
        RestoreCheckFailed: What was staged did not pass its checks; `target` is as it was.
        NotEnoughSpace: There is no room.
    """
    whole = _AsDirectory(tree, paths)
    require_space(target.absolute(), whole.size_bytes, "restored backup")
    source = DirectorySource(_LABEL, target)
    context = RestoreContext(
        token=new_token(),
        tree=whole,
        scratch_dir=scratch,
        target=target,
        progress=workplace.progress,
        cancel=workplace.cancel,
    )
    with ExitStack() as stages:
        staged = stages.enter_context(source.stage(context))
        checks = staged.check()
        failed = [each for each in checks if not each.passed]
        if failed:
            raise RestoreCheckFailed(
                f"The backup was not restored into {target}: {failed[0].detail}",
                hint="Nothing was changed there. Restore another backup.",
            )
        changes = staged.plan()
        if not dry_run:
            staged.swap()
    return changes, checks


def check_extracted(tree: BackupTree, target: Path) -> tuple[CheckResult, ...]:
    """Check the databases that `extract` laid out."""
    findings = Findings()
    check_databases(tree.manifest, database_paths(tree, target), findings)
    return tuple(findings.checks)


class _AsDirectory:
    """The whole backup, or the chosen paths of it, seen as one captured directory."""

    def __init__(self, tree: BackupTree, paths: tuple[str, ...]) -> None:
        self._tree = tree
        self._paths = paths
        files = [node for _, node in self.walk(_ROOT) if node.type is NodeType.FILE]
        self.size_bytes = sum(node.size for node in files)
        entry = ContentEntry(kind="directory", size=self.size_bytes, count=len(files))
        self._manifest = msgspec.structs.replace(tree.manifest, contents={_ROOT: entry})

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def node(self, path: str) -> Node | None:
        inner = self._inner(path)
        if inner is None:
            return None
        if not inner:
            return Node(name=_LABEL, type=NodeType.DIR, mode=0o700)
        return self._tree.node(inner) if self._is_chosen(inner) else None

    def children(self, path: str) -> Iterator[Node]:
        inner = self._inner(path)
        if inner is None:
            return
        for node in self._tree.children(inner):
            if self._is_chosen(f"{inner}/{node.name}" if inner else node.name):
                yield node

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        inner = self._inner(path)
        if inner is None:
            return
        for found, node in self._tree.walk(inner):
            if self._is_chosen(found):
                yield f"{_ROOT}/{found}", node

    def read(self, path: str) -> Iterator[bytes]:
        return self._tree.read(path.removeprefix(f"{_ROOT}/"))

    def write_to(self, path: str, descriptor: int) -> None:
        self._tree.write_to(path.removeprefix(f"{_ROOT}/"), descriptor)

    def _inner(self, path: str) -> str | None:
        if path == _ROOT:
            return ""
        return path.removeprefix(f"{_ROOT}/") if path.startswith(f"{_ROOT}/") else None

    def _is_chosen(self, path: str) -> bool:
        """Whether a path is wanted, lies below one that is, or leads to one."""
        return not self._paths or any(
            path == wanted or path.startswith(f"{wanted}/") or wanted.startswith(f"{path}/")
            for wanted in self._paths
        )
