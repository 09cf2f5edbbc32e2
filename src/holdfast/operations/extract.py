"""Restore a backup into a new place, laid out as the backup is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from holdfast.clock import Clock
from holdfast.errors import PathNotInBackup, RestoreCheckFailed, TargetExists
from holdfast.models.backup import CheckResult, PlannedChange, RestoreResult
from holdfast.models.manifest import FILES_DIR, ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress
from holdfast.models.tree import BackupTree
from holdfast.operations.choice import names_of, require_held
from holdfast.operations.counting import items_in
from holdfast.operations.databases import check_databases, database_paths
from holdfast.operations.findings import Findings, metadata_warnings, require_passed
from holdfast.operations.workspace import new_token, require_space, scratch_directory
from holdfast.sources.base import RestoreContext
from holdfast.sources.directory import DirectorySource

_LABEL = "backup"
_ROOT = f"{FILES_DIR}/{_LABEL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What laying out a backup needs of the machine; no repository is among it.

    Attributes:
        scratch_root: For temporary copies in the clear.
    """

    scratch_root: Path
    clock: Clock
    progress: ProgressCallback = no_progress
    cancel: CancellationToken = field(default_factory=CancellationToken)


def restore_into(
    around: Surroundings,
    tree: BackupTree,
    backup_id: str,
    target: Path,
    *,
    paths: Sequence[str] = (),
    sources: Sequence[str] = (),
    dry_run: bool = False,
    thorough: bool = True,
) -> RestoreResult:
    """Lay a backup out in `target`, which appears when everything is written and checked.

    Args:
        target: A directory that is not there yet, or is empty.
        paths: Only these files and directories of the backup; empty means all.
        sources: Only what these sources captured, by name; empty means all.
        thorough: Check the databases with all their indexes; else their structure.

    Raises:
        TargetExists: `target` holds something.
        PathNotInBackup: The backup holds nothing at one of the paths.
        RestoreCheckFailed: What was staged did not pass its checks; `target` is as it was.
        NotEnoughSpace: There is no room.
    """
    started_at = around.clock.now()
    require_held(tree.manifest, sources)
    chosen = (*paths, *_roots_of(tree, sources))
    require_paths(tree, backup_id, chosen)
    _refuse_used(target)
    with scratch_directory(around.scratch_root) as scratch:
        changes, checks, files, size_bytes = _lay_out(
            around,
            tree,
            target.absolute(),
            scratch,
            chosen,
            dry_run=dry_run,
            thorough=thorough,
        )
    return RestoreResult(
        backup_id=backup_id,
        success=True,
        dry_run=dry_run,
        into=str(target.absolute()),
        changes=changes,
        checks=checks,
        warnings=(*_lacking(tree), *_damage_warnings(tree, checks), *metadata_warnings(checks)),
        items_restored=items_in(tree, _whole_roots(tree, chosen), paths=chosen),
        restored_files=files,
        restored_bytes=size_bytes,
        started_at=started_at,
        completed_at=around.clock.now(),
    )


def _whole_roots(tree: BackupTree, chosen: Sequence[str]) -> list[str]:
    """Return the sources of a backup of which anything was chosen; empty means all."""
    roots = list(tree.manifest.sources)
    if not chosen:
        return [root for root in roots if tree.node(root) is not None]
    return [
        root
        for root in roots
        if any(f"{path}/".startswith(f"{root}/") or root.startswith(f"{path}/") for path in chosen)
    ]


def require_paths(tree: BackupTree, backup_id: str, paths: Sequence[str]) -> None:
    """Raise `PathNotInBackup` unless the backup holds something at every path."""
    for path in paths:
        if tree.node(path) is None:
            raise PathNotInBackup(
                f"{backup_id} holds nothing at {path}",
                hint="`holdfast show` lists what a backup holds.",
            )


def _lay_out(
    around: Surroundings,
    tree: BackupTree,
    target: Path,
    scratch: Path,
    paths: tuple[str, ...],
    *,
    dry_run: bool,
    thorough: bool,
) -> tuple[tuple[PlannedChange, ...], tuple[CheckResult, ...], int, int]:
    lost = [root for root in tree.manifest.sources if tree.node(root) is None]
    if lost and not paths:
        raise RestoreCheckFailed(
            f"The backup was not restored into {target}: it lacks {lost[0]} of its manifest",
            hint="Restore another backup, or the paths that it holds with --path.",
        )
    whole = _AsDirectory(tree, paths)
    require_space(target, whole.size_bytes, "restored backup")
    token = new_token()
    # A sibling first: what is at the target itself is complete and checked.
    beside = target.with_name(f".{target.name}.holdfast-{token}-into")
    context = RestoreContext(
        token=token,
        tree=whole,
        scratch_dir=scratch,
        target=beside,
        progress=lambda done: around.progress(
            replace(
                done,
                step=f"Restoring into {target.name}",
                total_bytes=whole.size_bytes,
                total_items=whole.files,
            )
        ),
        cancel=around.cancel,
    )
    try:
        with DirectorySource(_LABEL, target).stage(context) as staged:
            changes = tuple(_seen_at(target, beside, change) for change in staged.plan())
            if dry_run:
                return changes, (), whole.files, whole.size_bytes
            checks = tuple(_plainly(check) for check in staged.check())
            staged.swap()
        database_checks = _check_databases(around, tree, beside, thorough=thorough)
        # What was damaged when it was taken comes back as it was, and is said to be.
        require_passed(
            checks if tree.manifest.damaged else checks + database_checks,
            f"The backup was not restored into {target}",
            "Nothing was changed there. Restore another backup.",
        )
        checks += database_checks
        _put(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return changes, checks, whole.files, whole.size_bytes


def _put(beside: Path, target: Path) -> None:
    """Give what is complete its name; only an empty directory makes way for it."""
    try:
        beside.replace(target)
    except OSError as error:
        raise TargetExists(
            f"What was restored could not be put at {target}: {error.strerror}",
            hint="Something has come to be there meanwhile. Name another directory.",
        ) from error


def _lacking(tree: BackupTree) -> tuple[str, ...]:
    """Say which sources as a whole the backup could not take."""
    manifest = tree.manifest
    return tuple(
        f"{each.path} is not in the backup: {each.reason}"
        for each in manifest.problems
        if tree.node(each.path) is None and each.path.removeprefix(f"{FILES_DIR}/").count("/") == 0
    )


def _damage_warnings(tree: BackupTree, checks: Sequence[CheckResult]) -> tuple[str, ...]:
    if not tree.manifest.damaged:
        return ()
    failed = [f"{each.name}: {each.detail}" for each in checks if each.failed]
    return (f"A database was damaged when it was backed up: {'; '.join(failed)}",)


def _check_databases(
    around: Surroundings, tree: BackupTree, place: Path, *, thorough: bool
) -> tuple[CheckResult, ...]:
    findings = Findings()
    restored = {path: file for path, file in database_paths(tree, place).items() if file.exists()}
    check_databases(
        tree.manifest,
        restored,
        findings,
        full=thorough,
        progress=around.progress,
        cancel=around.cancel,
    )
    return tuple(findings.checks)


def _refuse_used(target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise TargetExists(
            f"{target} is there already and holds something",
            hint="Name a directory that is not there yet, or an empty one.",
        )


def _roots_of(tree: BackupTree, names: Sequence[str]) -> list[str]:
    """Return the paths in the backup of sources that are named as people name them."""
    return [root for name in names for root in tree.manifest.sources if name in names_of(root)]


def _seen_at(target: Path, beside: Path, change: PlannedChange) -> PlannedChange:
    return replace(change, target=change.target.replace(str(beside), str(target), 1))


def _plainly(check: CheckResult) -> CheckResult:
    return replace(check, name=check.name.removeprefix(f"{_ROOT}: "))


class _AsDirectory:
    """The whole backup, or the chosen paths of it, seen as one captured directory."""

    def __init__(self, tree: BackupTree, paths: tuple[str, ...]) -> None:
        self._tree = tree
        self._paths = paths
        files = [node for _, node in self.walk(_ROOT) if node.type is NodeType.FILE]
        self.files = len(files)
        self.size_bytes = sum(node.size for node in files)
        entry = ContentEntry(kind="directory", size=self.size_bytes, count=self.files)
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
