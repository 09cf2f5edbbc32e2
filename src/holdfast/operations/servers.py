"""What a backup holds of databases on servers, and of tables: checked, and restored for a drill."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from holdfast.errors import ConfigError, HoldfastError, RestoreError
from holdfast.models.backup import CheckResult
from holdfast.models.manifest import Manifest
from holdfast.models.tree import BackupTree
from holdfast.operations.findings import Findings
from holdfast.operations.plan import Plan, Workplace
from holdfast.operations.protected import SERVER_KINDS, detached_server
from holdfast.operations.workspace import new_token
from holdfast.sources.base import DatabaseServer, RestoreContext, Restored


def servers_in(manifest: Manifest) -> list[str]:
    """Return the paths in the backup of what came from database servers."""
    return [root for root, entry in manifest.sources.items() if entry.kind in SERVER_KINDS]


def check_dumps(workplace: Workplace, tree: BackupTree, findings: Findings) -> None:
    """Parse all that a backup holds of databases on servers; no server is asked."""
    roots = servers_in(tree.manifest)
    for root in roots:
        workplace.cancel.raise_if_cancelled()
        kind = tree.manifest.contents[root].kind
        server = server_at(workplace.plan, root, kind) or detached_server(kind, root)
        results = server.check_stored(tree, progress=workplace.progress, cancel=workplace.cancel)
        findings.checks += [_labelled(each, root, single=len(roots) == 1) for each in results]


def skip_dumps(tree: BackupTree, findings: Findings) -> None:
    """Say that the dumps could not be parsed, as what is stored is not intact."""
    try:
        roots = servers_in(tree.manifest)
    except (HoldfastError, ValueError):
        return  # nobody knows what there is
    for root in roots:
        findings.skip(f"dump ({Path(root).stem})", "not reached, as what is stored is not intact")


def server_at(plan: Plan, root: str, kind: str) -> DatabaseServer | None:
    """Return the source of the plan that fills `root` and is of that kind, or None."""
    source = plan.source_at(root)
    if source is None or source.kind != kind or not isinstance(source, DatabaseServer):
        return None
    return source


def rehearse(
    workplace: Workplace,
    tree: BackupTree,
    root: str,
    scratch: Path,
    findings: Findings,
    stack: ExitStack,
    *,
    trusted: bool,
) -> Restored | None:
    """Restore one database into a scratch place on its server, and check it there.

    Args:
        stack: Removes it when it is closed.
        trusted: Whether the backup was made here, or somebody answers for it.

    Returns:
        None where it does not restore, which is a finding.

    Raises:
        SourceError: The server cannot be used for it, which says nothing of the backup.
        ConfigError: The plan names no server for it.
    """
    name = Path(root).stem
    kind = tree.manifest.contents[root].kind
    server = server_at(workplace.plan, root, kind)
    if server is None:
        if kind != "tables":
            raise ConfigError(
                f"The plan names no server to restore {root} on",
                hint="Name the database in holdfast.toml, or by DATABASE_URL.",
            )
        server = detached_server(kind, root)  # a scratch file is enough
    context = RestoreContext(
        token=new_token(),
        tree=tree,
        scratch_dir=scratch,
        trusted=trusted,
        progress=workplace.progress,
        cancel=workplace.cancel,
    )
    try:
        restored = stack.enter_context(server.rehearse(context))
    except RestoreError as error:
        findings.add(f"restore ({name})", False, error.message)
        return None
    single = len(servers_in(tree.manifest)) == 1
    findings.checks += [_labelled(each, root, single=single) for each in restored.check()]
    return restored


def _labelled(check: CheckResult, root: str, *, single: bool) -> CheckResult:
    """Name the database in a check's name where there are several."""
    return check if single else replace(check, name=f"{check.name} ({Path(root).stem})")
