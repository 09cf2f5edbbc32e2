"""The databases of a backup, restored and checked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from holdfast.errors import HoldfastError
from holdfast.models.backup import CheckResult
from holdfast.models.manifest import DATABASE_DIR, DATABASE_KINDS, Manifest
from holdfast.models.node import NodeType
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.models.tree import BackupTree
from holdfast.operations.findings import Findings
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import require_space, scratch_directory
from holdfast.sources.sqlite import check_database, query_column

_NAMED = re.compile(r"\s*(?P<name>[\w.-]+)\s*:\s*(?P<sql>.+)", re.DOTALL)
_CHECKS = ("sqlite integrity", "foreign keys", "table counts")


class Askable(Protocol):
    """A restored database that answers queries."""

    def ask(self, queries: Sequence[str]) -> tuple[CheckResult, ...]:
        """Check that each query yields one true value; results are named `expect: <SQL>`."""

    def column(self, query: str) -> Iterator[str]:
        """Yield the first column of a query's rows as text; may raise `SourceError`."""


class DatabaseFile:
    """A restored SQLite database that answers queries."""

    def __init__(self, path: Path, cancel: CancellationToken) -> None:
        self._path = path
        self._cancel = cancel

    def ask(self, queries: Sequence[str]) -> tuple[CheckResult, ...]:
        """Check the queries, as far as the database can be asked."""
        results = check_database(self._path, expect=queries, full=False, cancel=self._cancel)
        return tuple(each for each in results if each.name.startswith("expect"))

    def column(self, query: str) -> Iterator[str]:
        """Yield the first column of a query's rows as text."""
        return query_column(self._path, query, cancel=self._cancel)


def database_paths(tree: BackupTree, target: Path) -> dict[str, Path]:
    """Return where the SQLite databases of a backup are, once it is laid out in `target`.

    They come in the order of the plan, thus the main one first.
    """
    if tree.node(DATABASE_DIR) is None:
        return {}
    paths = [
        f"{DATABASE_DIR}/{node.name}"
        for node in tree.children(DATABASE_DIR)
        if node.type is NodeType.FILE
    ]
    order = list(tree.manifest.contents)
    paths.sort(key=lambda path: order.index(path) if path in order else len(order))
    return {path: target / path for path in paths if _is_sqlite(tree.manifest, path)}


@contextmanager
def restored_databases(workplace: Workplace, tree: BackupTree) -> Iterator[dict[str, Path]]:
    """Restore the databases of a backup to scratch; yield the files by path in the backup."""
    with scratch_directory(workplace.scratch_root) as scratch:
        found = database_paths(tree, scratch)
        needed = sum(node.size for path in found if (node := tree.node(path)))
        require_space(scratch, needed, "scratch copy of the database")
        (scratch / DATABASE_DIR).mkdir(mode=0o700)
        for path, target in found.items():
            workplace.cancel.raise_if_cancelled()
            workplace.progress(Progress(step=f"Restoring {path} to scratch"))
            descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                tree.write_to(path, descriptor)
            finally:
                os.close(descriptor)
        yield found


def check_databases(
    manifest: Manifest,
    databases: dict[str, Path],
    findings: Findings,
    *,
    full: bool = True,
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> None:
    """Check restored databases: integrity, foreign keys and table counts.

    Args:
        full: `integrity_check` with all indexes, else `quick_check`, six times as fast.
    """
    single = len(databases) == 1
    for path, file in databases.items():
        name = Path(path).stem
        progress(Progress(step=f"Checking {path}"))
        results = check_database(
            file,
            table_counts=_counts_of(manifest, name, _is_only(manifest)),
            full=full,
            known_violations=_known_violations(manifest, path),
            cancel=cancel,
        )
        for result in results:
            check = "sqlite integrity" if result.name == "integrity" else result.name
            label = check if single else f"{check} ({name})"
            findings.add(label, result.passed, result.detail)
        if not results[0].passed:
            for check in _CHECKS[1:]:
                label = check if single else f"{check} ({name})"
                findings.skip(label, "not reached, as the database is not intact")


def skip_database_checks(tree: BackupTree, findings: Findings) -> None:
    """Say that the checks of the databases could not be made, as they cannot be restored."""
    for name, single in _databases_of(tree):
        for check in _CHECKS:
            label = check if single else f"{check} ({name})"
            findings.skip(label, "not reached, as what is stored is not intact")


def _databases_of(tree: BackupTree) -> list[tuple[str, bool]]:
    """Return the name of each database, and whether it is the only one; one if nobody knows."""
    try:
        entries = tree.manifest.contents.items()
    except (HoldfastError, ValueError):
        return [("", True)]
    names = [Path(path).stem for path, entry in entries if entry.kind == "sqlite"]
    return [(name, len(names) == 1) for name in names]


def check_expectations(
    databases: Mapping[str, Askable],
    findings: Findings,
    expectations: Sequence[str],
    *,
    left_out: Mapping[str | None, str] | None = None,
) -> None:
    """Check the user's queries, each against the database that it names, else the first.

    Args:
        databases: The restored databases, by path in the backup.
        expectations: `SQL`, or `NAME: SQL` where the backup holds several databases.
        left_out: Why a database is not asked that is not in the backup on purpose, by its name,
            and by None for the plan's first one.
    """
    asked: dict[str, list[tuple[str, str]]] = {}
    for written in expectations:
        name, sql = _parse_expectation(written)
        path = _find_database(databases, name)
        if left_out and name in left_out:
            findings.skip(f"expect: {written}", left_out[name])
        elif path is None:
            held = ", ".join(Path(path).stem for path in databases)
            wanted = f"database {name}" if name else "database to ask"
            detail = f"the backup holds no {wanted}" + (f"; it holds {held}" if held else "")
            findings.add(f"expect: {written}", False, detail)
        else:
            asked.setdefault(path, []).append((written, sql))
    for path, questions in asked.items():
        answers = databases[path].ask([sql for _, sql in questions])
        for (written, _), answer in zip(questions, answers, strict=False):
            findings.add(f"expect: {written}", answer.passed, answer.detail)
        for written, _ in questions[len(answers) :]:
            findings.skip(f"expect: {written}", "not reached, as the database cannot be asked")


def _parse_expectation(written: str) -> tuple[str | None, str]:
    """Return the name of the database, if one is given, and the query.

    No statement of SQL begins with a word and a colon.
    """
    found = _NAMED.match(written)
    return (found["name"], found["sql"]) if found else (None, written)


def _find_database(databases: Mapping[str, Askable], name: str | None) -> str | None:
    if name is None:
        return next(iter(databases), None)
    return next((path for path in databases if Path(path).stem == name), None)


def _is_only(manifest: Manifest) -> bool:
    return sum(entry.kind in DATABASE_KINDS for entry in manifest.contents.values()) <= 1


def _counts_of(manifest: Manifest, name: str, single: bool) -> dict[str, int]:
    if single:
        return dict(manifest.table_counts)
    return {
        table.removeprefix(f"{name}."): count
        for table, count in manifest.table_counts.items()
        if table.startswith(f"{name}.")
    }


def _known_violations(manifest: Manifest, path: str) -> int | None:
    entry = manifest.contents.get(path)
    known = entry.facts.get("violations") if entry else None
    return known if isinstance(known, int) else None


def _is_sqlite(manifest: Manifest, path: str) -> bool:
    entry = manifest.contents.get(path)
    return entry is None or entry.kind == "sqlite"
