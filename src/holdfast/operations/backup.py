"""Make a backup: capture every source of the plan and keep it as one snapshot.

Order is the safety: packs are durable before the index that names them, the index before the
snapshot, the snapshot before the run is recorded as completed. Until the snapshot is saved,
nothing of an unfinished backup is visible.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast import __version__
from holdfast.catalog import RunKind
from holdfast.errors import ConfigError, DatabaseChanged, HoldfastError, SourceNotFound
from holdfast.models.backup import BackupMetadata, BackupType, Trigger
from holdfast.models.manifest import (
    DATABASE_KINDS,
    FILES_DIR,
    ContentEntry,
    Manifest,
    Problem,
)
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import BackupList, backups_of, only_of
from holdfast.operations.capture import TreeBuilder
from holdfast.operations.counting import count_tables
from holdfast.operations.labels import checked_description, checked_tags
from holdfast.operations.plan import Plan, Workplace
from holdfast.operations.runs import recorded_run
from holdfast.operations.saving import Captured, format_instant, save_backup, total_size
from holdfast.operations.scheduled import PROTECTS, protected_by
from holdfast.operations.workspace import (
    check_space,
    plan_lock,
    scratch_directory,
)
from holdfast.repository import RepositoryWriter, Snapshot
from holdfast.sources.base import CaptureContext, CaptureFacts, Source

_TYPICAL_RATIO = 3
"""Databases of text and numbers take a third of their size or less; used only to predict."""
_WITH_TABLES = DATABASE_KINDS | {"tables"}
_SETTLED_AFTER_S = 2
"""File systems stamp changes in ticks of up to some milliseconds, FAT of two seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """How to make one backup.

    Attributes:
        compression: zstd level 1 to 19, or None to store as it is.
        skip_missing: Leave out sources that are not there, for a safety backup before a
            restore of what was lost.
        only: Roots of the sources to take; empty means all. Unless it is a safety backup, one
            that leaves out any is marked as no backup of the plan.
        warnings: Sentences for the user that the caller already knows of.
        facts: Additional facts for the snapshot, such as what a safety backup was made for.
    """

    compression: int | None = 1
    description: str | None = None
    tags: tuple[str, ...] = ()
    backup_type: BackupType = BackupType.MANUAL
    trigger: Trigger = Trigger.MANUAL_API
    allow_damaged: bool = False
    skip_missing: bool = False
    only: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_description(self.description)
        checked_tags(self.tags)


def create_backup(workplace: Workplace, options: BackupOptions) -> BackupMetadata:
    """Make a backup of the plan and return it.

    A file that vanishes or cannot be read makes it `partial`, each such path named in
    `problems`; so does a directory that is not there, beside others that are. Anything else
    that goes wrong raises, and no backup is visible.

    Raises:
        ConfigError: The plan protects nothing.
        SourceError: A source cannot be captured.
        NotEnoughSpace: There is no room for it.
        BackupBusy: Another run of the plan is under way.
    """
    with plan_lock(workplace.state_dir, workplace.plan.name):
        return run_backup(workplace, options)


def require_sources(plan: Plan) -> None:
    """Raise `ConfigError` unless the plan protects something.

    For the first backup: before a password is asked for and a repository made in vain.
    """
    if not plan.sources:
        raise _nothing_protected(plan)


def _nothing_protected(plan: Plan) -> ConfigError:
    return ConfigError(
        f"The plan {plan.name} protects nothing",
        hint="Name a database (DATABASE_URL), directories or settings.",
    )


def run_backup(workplace: Workplace, options: BackupOptions) -> BackupMetadata:
    """Make a backup while the caller holds the plan's lock; see `create_backup`."""
    only = parts_of(workplace.plan, options)
    with recorded_run(
        workplace.runs,
        workplace.clock,
        RunKind.BACKUP,
        plan=workplace.plan.name,
        trigger=options.trigger,
        detail={PROTECTS: protected_by(workplace.plan), **({"only": only} if only else {})},
    ) as record:
        metadata = _Backup(workplace, options).run()
        record.backup_id = metadata.backup_id
        record.detail |= {"status": metadata.status, "original_size": metadata.original_size}
        return metadata


def parts_of(plan: Plan, options: BackupOptions) -> tuple[str, ...]:
    """Return the names of the sources to take, where others are left out that belong to it."""
    taken = [each for each in plan.sources if each.root in options.only]
    if options.backup_type is BackupType.PRE_RESTORE or len(taken) == len(plan.sources):
        return ()
    names = [each.name for each in plan.sources]
    return tuple(each.name if names.count(each.name) == 1 else each.root for each in taken)


class _Backup:
    def __init__(self, workplace: Workplace, options: BackupOptions) -> None:
        self._at = workplace
        self._options = options
        self._only = parts_of(workplace.plan, options)
        self._with_tables = False
        self._started_at = workplace.clock.now()
        self._begun_s = workplace.clock.monotonic_s()
        self._captured = Captured(options.compression, warnings=list(options.warnings))
        self._facts: list[tuple[Source, CaptureFacts]] = []
        self._missing: list[SourceNotFound] = []
        self._step = ""
        self._done_bytes = 0
        self._total_bytes = 0
        self._database_bytes = 0
        self._done_tables: set[str] = set()
        self._total_tables = 0
        self._done_parts = 0

    def run(self) -> BackupMetadata:
        repository = self._at.repository
        with repository.lock() as lock, scratch_directory(self._at.scratch_root) as scratch:
            # Snapshots first, then the index: the other order can miss blobs that a snapshot
            # saved in between relies on.
            listed = backups_of(self._at)
            parent = self._parent(listed)
            repository.reload_index(only_intact=True)
            sources = self._sources()
            self._with_tables = any(each.kind in _WITH_TABLES for each in sources)
            self._total_tables = _known_tables(
                sources, self._tree_of(parent), only=bool(self._only)
            )
            self._check_space(parent)
            with repository.writer(
                lock, compression=self._options.compression, cancel=self._at.cancel
            ) as writer:
                with self._at.plan.pauses.paused() as told:
                    for source in sources:
                        self._capture_present(source, writer, parent, scratch)
                self._captured.warnings += told
                self._complete()
                if not self._captured.roots and self._options.skip_missing:
                    raise SourceNotFound("Nothing that the restore would replace is there")
                if not self._captured.roots and self._missing:
                    raise self._missing[0]
                return save_backup(
                    self._at,
                    lock,
                    writer,
                    self._manifest(),
                    self._captured,
                    parent=parent,
                    begun_s=self._begun_s,
                    facts={PROTECTS: protected_by(self._at.plan), **self._options.facts},
                )

    def _sources(self) -> list[Source]:
        sources = []
        for source in self._at.plan.sources:
            if not self._takes(source):
                continue
            sources.append(source)
            try:
                size_bytes = source.size_bytes()
                self._total_bytes += size_bytes
                self._database_bytes += 0 if source.kind == "directory" else size_bytes
            except SourceNotFound:
                if not self._may_lack(source):
                    raise
        if not sources:
            raise _nothing_protected(self._at.plan)
        return sources

    def _takes(self, source: Source) -> bool:
        return not self._options.only or source.root in self._options.only

    def _parent(self, listed: BackupList) -> Snapshot | None:
        ours = [
            snapshot
            for _, snapshot in listed.snapshots()
            if snapshot.holdfast.get("plan") == self._at.plan.name
        ]
        # One that lacks what is captured now would have all of that read anew.
        wanted = {f"/{each.root}" for each in self._at.plan.sources if self._takes(each)}
        fitting = [each for each in ours if not only_of(each.holdfast) or wanted <= set(each.paths)]
        return (fitting or ours)[-1] if ours else None

    def _check_space(self, parent: Snapshot | None) -> None:
        expected = self._expected_bytes(parent)
        store = self._at.repository.store
        check_space(expected, store.free_bytes(), f"repository {store.location}")

    def _expected_bytes(self, parent: Snapshot | None) -> int:
        """Predict what will be stored: databases shrink, media do not; the old is shared."""
        growth = max(self._total_bytes - self._known_bytes(parent), 0)
        databases = 0 if self._options.compression is None else min(self._database_bytes, growth)
        return growth - databases + databases // _TYPICAL_RATIO

    def _known_bytes(self, parent: Snapshot | None) -> int:
        """Return how much of what is captured now the backup before held."""
        if self._only:
            before = _previous_contents(self._tree_of(parent))
            return sum(each.size for root, each in before.items() if root in self._options.only)
        known = parent.holdfast.get("original_size", 0) if parent else 0
        return known if isinstance(known, int) else 0

    def _capture_present(
        self, source: Source, writer: RepositoryWriter, parent: Snapshot | None, scratch: Path
    ) -> None:
        try:
            self._capture(source, writer, parent, scratch)
        except SourceNotFound as error:
            if not self._may_lack(source):
                raise
            if self._options.skip_missing:
                self._captured.warnings.append(f"Left out of the safety backup: {error.message}")
            else:
                self._missing.append(error)
                problem = Problem(path=source.root, reason=error.message)
                self._captured.problems.append(problem)

    def _may_lack(self, source: Source) -> bool:
        """Whether the backup goes on, as partial, without a source that is not there.

        A directory may be a disk that is not mounted today; the rest is worth saving. Without
        its database a backup is none.
        """
        return self._options.skip_missing or source.kind == "directory"

    def _capture(
        self, source: Source, writer: RepositoryWriter, parent: Snapshot | None, scratch: Path
    ) -> None:
        try:
            self._capture_once(source, writer, parent, scratch, copy_first=False)
        except DatabaseChanged:
            # No snapshot will name what was stored of it; what is the same is not stored twice.
            self._capture_once(source, writer, parent, scratch, copy_first=True)

    def _capture_once(
        self,
        source: Source,
        writer: RepositoryWriter,
        parent: Snapshot | None,
        scratch: Path,
        *,
        copy_first: bool,
    ) -> None:
        tree = self._tree_of(parent)
        context = CaptureContext(
            scratch_dir=scratch,
            previous=_previous_contents(tree),
            exclude=self._at.exclude,
            allow_damaged=self._options.allow_damaged,
            copy_first=copy_first,
            progress=self._at.progress,
            cancel=self._at.cancel,
        )
        step = f"Backing up {source.name}"
        with source.capture(context) as capture:
            builder = TreeBuilder(
                self._at.repository,
                writer,
                previous=tree,
                settled_before_ns=_settled_before_ns(parent),
                unchanged=capture.unchanged,
                on_bytes=lambda count: self._advance(step, count),
                cancel=self._at.cancel,
            )
            for entry in capture.entries():
                builder.add(entry)
            root = builder.finish()
            facts = capture.facts()
        self._facts.append((source, facts))
        self._finish_part(step, source, facts)
        self._captured.problems += [*facts.problems, *builder.totals.problems]
        self._captured.warnings += facts.warnings
        if root is not None:
            content = _content_entry(
                source, builder, root, facts, context.previous.get(source.root)
            )
            self._captured.add(source.root, root, content, builder)
            self._captured.add_tables(facts.tables)

    def _tree_of(self, parent: Snapshot | None) -> BackupTree | None:
        return self._at.repository.tree(parent) if parent else None

    def _finish_part(self, step: str, source: Source, facts: CaptureFacts) -> None:
        """Count the tables of a source that was captured, or itself where it has none."""
        self._done_parts += 1
        names = facts.tables or facts.table_counts
        # A table that is exported besides its database is one and the same.
        self._done_tables |= {name.removeprefix(f"{source.name}.") for name in names}
        self._advance(step, 0)

    def _advance(self, step: str, count: int) -> None:
        self._step = step
        self._done_bytes += count
        done = len(self._done_tables)
        if not done and not self._with_tables:
            done = self._done_parts
        self._at.progress(
            Progress(
                step=step,
                done_bytes=self._done_bytes,
                total_bytes=max(self._total_bytes, self._done_bytes),
                done_tables=done,
                total_tables=max(self._total_tables, done),
            )
        )

    def _complete(self) -> None:
        """Tell that all was read, also where a source turned out smaller than it was measured."""
        self._total_bytes = self._done_bytes
        self._total_tables = 0  # now that they are known: those that were found
        if self._done_bytes:
            self._advance(self._step, 0)

    def _manifest(self) -> Manifest:
        plan, captured = self._at.plan, self._captured
        counts = _table_counts(self._facts)
        every = [facts for _, facts in self._facts]
        return Manifest(
            backup_id="",  # chosen when it is saved
            created_at=format_instant(self._started_at),
            backup_type=self._options.backup_type,
            trigger=self._options.trigger,
            plan=plan.name,
            description=self._options.description,
            tags=self._options.tags,
            holdfast_version=__version__,
            app=plan.app,
            app_version=plan.app_version,
            schema_version=_schema_version(plan, every, asks=self._holds_database()),
            hostname=socket.gethostname(),
            contents=captured.contents,
            table_counts=counts,
            total_records=sum(counts.values()),
            original_size=total_size(
                each for root, each in captured.contents.items() if root in captured.roots
            ),
            engines={name: each.engines[name] for each in every for name in each.engines},
            references=self._references(),
            skipped_settings=tuple(name for each in every for name in each.skipped_settings),
            only=self._only,
            damaged=any(each.damaged for each in every),
            problems=tuple(captured.problems),
        )

    def _holds_database(self) -> bool:
        """Whether what the application says of its schema is said of something in the backup."""
        return not self._only or self._with_tables

    def _references(self) -> dict[str, str]:
        """Return the queries of which the backup holds both sides."""
        references = dict(self._at.plan.references)
        if not self._only:
            return references
        return {
            label: query
            for label, query in references.items()
            if self._with_tables and f"{FILES_DIR}/{label}" in self._options.only
        }


def _known_tables(sources: list[Source], tree: BackupTree | None, *, only: bool) -> int:
    """Return how many tables to expect: those of the backup before; 0 if there is none."""
    if not any(each.kind in _WITH_TABLES for each in sources):
        return len(sources)
    if tree is None:
        return 0
    try:
        manifest = tree.manifest
    except (HoldfastError, ValueError):
        return 0
    if only:
        return count_tables(manifest, [source.root for source in sources])
    return len({*manifest.table_counts, *manifest.tables})


def _previous_contents(tree: BackupTree | None) -> dict[str, ContentEntry]:
    if tree is None:
        return {}
    try:
        return dict(tree.manifest.sources)
    except (HoldfastError, ValueError):
        # Without a readable parent everything is captured anew, which is only slower.
        return {}


def _settled_before_ns(parent: Snapshot | None) -> int:
    return int((parent.time.timestamp() - _SETTLED_AFTER_S) * 1_000_000_000) if parent else 0


def _content_entry(
    source: Source,
    builder: TreeBuilder,
    root: Node,
    facts: CaptureFacts,
    previous: ContentEntry | None,
) -> ContentEntry:
    if root.type is NodeType.DIR:
        checksum = (root.subtree or b"").hex()
    elif builder.saved is not None:
        checksum = builder.saved.checksum
    else:
        checksum = previous.checksum if previous else ""
    return ContentEntry(
        kind=source.kind,
        size=builder.totals.size,
        count=builder.totals.files if root.type is NodeType.DIR else facts.count,
        checksum=checksum,
        facts=dict(facts.facts),
    )


def _table_counts(captured: list[tuple[Source, CaptureFacts]]) -> dict[str, int]:
    databases = [(source, facts) for source, facts in captured if source.kind in DATABASE_KINDS]
    if len(databases) == 1:
        return dict(databases[0][1].table_counts)
    return {
        f"{source.name}.{table}": count
        for source, facts in databases
        for table, count in facts.table_counts.items()
    }


def _schema_version(plan: Plan, facts: list[CaptureFacts], *, asks: bool) -> str | None:
    # What the data say goes first: before a migration the code is ahead of them.
    found = next((each.schema_version for each in facts if each.schema_version), None)
    return found or (plan.schema_version() if plan.schema_version and asks else None)
