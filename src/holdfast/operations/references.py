"""One restore point: prove that every file which the database names is in the same backup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from holdfast.errors import SourceError
from holdfast.models.backup import CheckResult
from holdfast.models.manifest import FILES_DIR, Manifest
from holdfast.models.node import NodeType
from holdfast.models.tree import BackupTree
from holdfast.operations.databases import Askable
from holdfast.operations.findings import counted

_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReport:
    """What the references of a backup prove.

    Attributes:
        missing: Files that rows name and the backup lacks, as paths in the backup.
        orphans: Files in the backup that no row names, as paths in the backup.
    """

    checks: tuple[CheckResult, ...] = ()
    missing: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()


def check_references(
    tree: BackupTree,
    references: Mapping[str, str],
    databases: Iterable[Askable],
    directories: dict[str, Path],
    *,
    later: str = "",
) -> ReferenceReport:
    """Compare the files that the database names with the files of the backup.

    Args:
        references: Per directory label, the query whose first column names its files.
        databases: The backup's databases, restored; a query runs on the first that has its
            tables.
        directories: Where each labelled directory lives on the application's machine, so
            that a row may name a file by its path below it, by `<label>/...`, or in full.
        later: Why a query that no database here answers is left to a drill; else it fails.
    """
    checks, missing, orphans = [], [], []
    # Of a backup of parts of the plan, the other side may have been left out.
    later = later or not_asked(tree.manifest)
    askable = list(databases)
    for label, query in references.items():
        root = f"{FILES_DIR}/{label}"
        if tree.node(root) is None:
            left_out = not_asked(tree.manifest)
            detail = left_out or f"the backup holds no directory {root}"
            checks.append(
                CheckResult(
                    name=f"references {label}", passed=False, detail=detail, skipped=bool(left_out)
                )
            )
            continue
        present = {
            path.removeprefix(f"{root}/")
            for path, node in tree.walk(root)
            if node.type is not NodeType.DIR
        }
        try:
            named = _named_files(askable, query, label, directories.get(label), present)
        except SourceError as error:
            checks.append(
                CheckResult(
                    name=f"references {label}",
                    passed=False,
                    detail=later or error.message,
                    skipped=bool(later),
                )
            )
            continue
        lost = sorted(f"{root}/{name}" for name in named - present)
        spare = sorted(f"{root}/{name}" for name in present - named)
        missing += lost
        orphans += spare
        checks.append(
            CheckResult(
                name=f"references {label}",
                passed=not lost,
                detail=_detail(len(named), lost, spare),
            )
        )
    return ReferenceReport(checks=tuple(checks), missing=tuple(missing), orphans=tuple(orphans))


def not_asked(manifest: Manifest) -> str:
    """Say why a backup of parts of the plan is not asked what only the rest answers; or ""."""
    return f"not asked, as the backup holds only {', '.join(manifest.only)}" * bool(manifest.only)


def _named_files(
    databases: list[Askable],
    query: str,
    label: str,
    directory: Path | None,
    present: set[str],
) -> set[str]:
    """Ask the first database that can answer the query."""
    refused = SourceError("the backup holds no database to ask")
    for database in databases:
        try:
            return {
                _relative(value, label, directory, present)
                for value in database.column(query)
                if value
            }
        except SourceError as error:
            refused = error
    raise refused


def _relative(value: str, label: str, directory: Path | None, present: set[str]) -> str:
    """Return what a row names as a path below its directory.

    Applications write `a.jpg`, `thumbnails/a.jpg`, `data/thumbnails/a.jpg` or the full path.
    """
    path = PurePosixPath(value)
    if directory is not None:
        for base in (PurePosixPath(directory), PurePosixPath(directory.absolute())):
            if path.is_relative_to(base):
                return str(path.relative_to(base))
    plain = str(path)
    if plain in present:
        return plain
    parts = path.parts
    names = [label, directory.name] if directory is not None else [label]
    for name in names:
        if name in parts[:-1]:
            below = parts[parts.index(name) + 1 :]
            return str(PurePosixPath(*below))
    return plain


def _detail(named: int, lost: list[str], spare: list[str]) -> str:
    sentence = f"{counted(named, 'file')} named"
    if lost:
        more = "..." if len(lost) > _EXAMPLES else ""
        sentence += f", {len(lost)} missing: {', '.join(lost[:_EXAMPLES])}{more}"
    if spare:
        sentence += f", {len(spare)} named by no row"
    return sentence
