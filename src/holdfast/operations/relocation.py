"""Restore databases of a backup to another database, server or engine, beside all live data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from holdfast.errors import TargetExists, UsageError
from holdfast.models.backup import CheckResult, PlannedChange, RestoreResult
from holdfast.models.manifest import DATABASE_KINDS, Manifest
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.counting import items_in
from holdfast.operations.findings import require_passed
from holdfast.operations.plan import Workplace
from holdfast.operations.protected import database_kind, source_at_url
from holdfast.operations.verify import require_intact
from holdfast.operations.workspace import new_token, scratch_directory
from holdfast.sources.base import RestoreContext, Source, Staged


def restore_to(
    workplace: Workplace,
    backup_id: str,
    tree: BackupTree,
    targets: Mapping[str, str],
    *,
    dry_run: bool = False,
    verify_first: bool = True,
    owner: bool = True,
    tables: Sequence[str] = (),
    trusted: bool = True,
) -> RestoreResult:
    """Restore databases to where nothing is yet; the live data stay as they are.

    All of them are staged and checked before the first takes its place, and if one fails then,
    those before it are taken back.

    Args:
        targets: URLs by the name of the database in the backup; the name is empty where the
            backup holds one that fits. A database of another engine is filled from the tables
            that the backup holds as JSON.
        owner: Whether a server's objects get their owners and rights back.
        trusted: Whether the backup was made here, or somebody answers for it.

    Raises:
        UsageError: The backup holds nothing that fits a URL, or several things.
        TargetExists: One of the databases holds something already.
        RestoreCheckFailed: What was staged did not pass its checks; nothing was changed.
    """
    started_at = workplace.clock.now()
    chosen = [_source(tree.manifest, name, url, owner=owner) for name, url in targets.items()]
    checks: list[CheckResult] = []
    if verify_first:
        checks += require_intact(workplace, tree, backup_id)
    changes: list[PlannedChange] = []
    with scratch_directory(workplace.scratch_root) as scratch, ExitStack() as stages:
        staged: list[Staged] = []
        for source in chosen:
            workplace.cancel.raise_if_cancelled()
            workplace.progress(Progress(step=f"Staging {source.name}"))
            context = RestoreContext(
                token=new_token(),
                tree=tree,
                scratch_dir=scratch,
                keep_previous=len(chosen) > 1,
                thorough=verify_first,
                keep_old=False,
                only_new=True,
                trusted=trusted,
                tables=tuple(tables),
                progress=workplace.progress,
                cancel=workplace.cancel,
            )
            staged.append(stages.enter_context(source.stage(context)))
        for each in staged:
            changes += each.plan()
            checks += each.check()
        require_passed(
            checks, f"{backup_id} was not restored", "Nothing was changed. Restore another backup."
        )
        if not dry_run:
            _swap(workplace, staged)
    entries = [tree.manifest.contents[source.root] for source in chosen]
    return RestoreResult(
        backup_id=backup_id,
        success=True,
        dry_run=dry_run,
        changes=tuple(changes),
        checks=tuple(checks),
        items_restored=items_in(tree, [source.root for source in chosen], tables=tables),
        restored_files=len(entries),
        restored_bytes=sum(entry.size for entry in entries),
        started_at=started_at,
        completed_at=workplace.clock.now(),
    )


def _source(manifest: Manifest, name: str, url: str, *, owner: bool) -> Source:
    kind = database_kind(url)
    root = _fitting(manifest, name, kind)
    source = source_at_url(manifest.contents[root].kind, url, root, owner=owner)
    path = getattr(source, "path", None)
    if isinstance(path, Path) and path.exists():
        raise TargetExists(
            f"{path} is there already", hint="Name a database that is not there yet."
        )
    return source


def _fitting(manifest: Manifest, name: str, kind: str) -> str:
    """Return the path in the backup of what a database of that kind can be filled with."""
    named = {
        root: entry.kind
        for root, entry in manifest.sources.items()
        if entry.kind in {*DATABASE_KINDS, "tables"} and (not name or Path(root).stem == name)
    }
    fitting = [root for root, each in named.items() if each == kind]
    fitting = fitting or [root for root, each in named.items() if each == "tables"]
    if len(fitting) == 1:
        return fitting[0]
    held = ", ".join(manifest.sources) or "nothing"
    if fitting:
        raise UsageError(
            f"Several of the backup fit a {kind} database: {', '.join(fitting)}",
            hint="Say which: --to NAME=URL.",
        )
    raise UsageError(
        f"The backup holds nothing to fill {name or 'a'} {kind} database with; it holds {held}",
        hint="Another engine is filled from tables exported as JSON: back up with `tables` set.",
    )


def _swap(workplace: Workplace, staged: Sequence[Staged]) -> None:
    workplace.cancel.raise_if_cancelled()
    swapped: list[Staged] = []
    try:
        for each in staged:
            each.swap()
            swapped.append(each)
    except BaseException:
        for each in reversed(swapped):
            each.undo()
        raise
