"""Put a backup in the place of the live data: all of it, or nothing.

1. Verify that everything stored is intact. 2. Stage each source beside its live data. 3. Check
what is staged. 4. Make a safety backup of what will be replaced. 5. Write the journal. 6. Swap,
the databases last. 7. Forget the journal. Whatever fails before 6 leaves the live data untouched;
what fails in 6 is undone; after a crash in 6 the journal decides.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from holdfast.catalog import RunKind
from holdfast.errors import (
    HoldfastError,
    SourceNotFound,
    StoreError,
    UsageError,
)
from holdfast.models.backup import (
    BackupMetadata,
    BackupType,
    CheckResult,
    PlannedChange,
    RestoreResult,
    Trigger,
)
from holdfast.models.manifest import DATABASE_KINDS, Manifest
from holdfast.models.progress import Progress
from holdfast.models.target import RestoreTarget
from holdfast.models.tree import BackupTree
from holdfast.operations.backup import BackupOptions, run_backup
from holdfast.operations.backups import backups_of
from holdfast.operations.choice import require_restorable, touches
from holdfast.operations.counting import count_tables, items_in, tables_in
from holdfast.operations.extract import Surroundings, require_paths, restore_into
from holdfast.operations.findings import metadata_warnings, require_passed
from holdfast.operations.interrupted import recover_restore
from holdfast.operations.journal import (
    STAGING,
    SWAPPED,
    SWAPPING,
    Journal,
    MadeDirectory,
    Recovery,
    Step,
    note_leftovers,
    remove_journal,
    save_journal,
)
from holdfast.operations.migrations import OtherSchema, SchemaPlan, migrate_staged, plan_schema
from holdfast.operations.plan import Workplace
from holdfast.operations.protected import SERVER_KINDS
from holdfast.operations.runs import RunRecord, recorded_run
from holdfast.operations.target import describe_target
from holdfast.operations.verify import require_intact
from holdfast.operations.workspace import (
    existing_parent,
    new_token,
    plan_lock,
    remove_restore_scratch,
    require_space,
    restore_scratch,
    scratch_directory,
)
from holdfast.sources.base import (
    Advising,
    Hold,
    Keeping,
    RestoreContext,
    Source,
    Staged,
    Uncertain,
    Versioned,
    Watched,
)
from holdfast.sources.directory import DirectorySource, StagedDirectory, TakingBack, identity_at

_log = logging.getLogger("holdfast.restore")
_SWAP_ORDER = {"directory": 0, "settings": 1}
"""Cheap and certain swaps first; databases last, because a commit is what decides a recovery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """How to restore in place.

    Attributes:
        sources: Names or roots of the sources to restore; empty means all.
        paths: Paths in the backup to restore, each with all below it; empty means all.
        remove: Directories that an undo takes away again: they were not there before.
        restored: What was put into them, for an undo; None if that is not known.
        into: A new place to lay the backup out in, instead of replacing the live data.
        other_schema: What becomes of a database whose schema is not that of the code.
        tables: Tables of databases on servers to restore; empty means all that is chosen.
        keep_old: Whether database servers keep what is replaced, until the next cleanup.
        kept: For an undo, by root: what the restore to undo kept, to be swapped back.
        trust_dump: Whether somebody answers for what an archive brought.
        exact: Whether what the backup does not have goes, wherever it would stay.
    """

    verify_first: bool = True
    safety_backup: bool = True
    dry_run: bool = False
    sources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    remove: tuple[MadeDirectory, ...] = ()
    restored: BackupTree | None = None
    into: Path | None = None
    other_schema: OtherSchema = OtherSchema.REFUSE
    tables: tuple[str, ...] = ()
    keep_old: bool = True
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trust_dump: bool = False
    exact: bool = False
    trigger: Trigger = Trigger.MANUAL_API


@dataclass(slots=True)
class _Outcome:
    changes: tuple[PlannedChange, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    warnings: list[str] = field(default_factory=list)
    safety_backup_id: str | None = None
    target: RestoreTarget | None = None
    made: tuple[MadeDirectory, ...] = ()
    kept: tuple[str, ...] = ()


def restore(
    workplace: Workplace, backup_id: str, tree: BackupTree, options: RestoreOptions
) -> RestoreResult:
    """Replace the live data of the plan by a backup's, or lay the backup out in a new place.

    Args:
        tree: A snapshot's tree, or an archive's (validated when it was opened).

    Raises:
        UsageError: What is chosen cannot be restored in place; nothing was touched.
        VerificationFailed: What is stored is not intact; nothing was touched.
        RestoreCheckFailed: What was staged did not pass its checks; nothing was touched.
        SchemaMismatch: The backup's schema is not the code's; nothing was touched.
        TargetInUse: A live database cannot be replaced as it is used now.
        NotEnoughSpace: There is no room to stage the restore or for the safety backup.
        BackupTooNew: The backup is of a newer major format.
    """
    if options.into is not None:
        return restore_into(
            surroundings(workplace),
            tree,
            backup_id,
            options.into,
            paths=options.paths,
            sources=options.sources,
            dry_run=options.dry_run,
            thorough=options.verify_first,
        )
    require_restorable(workplace.plan, tree.manifest, sources=options.sources, paths=options.paths)
    if options.dry_run:
        return _Restore(workplace, backup_id, tree, options).run(RunRecord())
    with plan_lock(workplace.state_dir, workplace.plan.name):
        return restore_held(workplace, backup_id, tree, options)


def restore_held(
    workplace: Workplace, backup_id: str, tree: BackupTree, options: RestoreOptions
) -> RestoreResult:
    """Restore in place while the caller holds the plan's lock; see `restore`."""
    work = _Restore(workplace, backup_id, tree, options)
    work.tell(recover_restore(workplace))
    with recorded_run(
        workplace.runs,
        workplace.clock,
        RunKind.RESTORE,
        plan=workplace.plan.name,
        trigger=options.trigger,
    ) as record:
        try:
            return work.run(record)
        except BaseException:
            work.settle_at_once()
            raise


def _tables_of(source: Source, tables: Sequence[str]) -> tuple[str, ...]:
    """Return tables as their source calls them; where there are several, `show` puts its name."""
    return tuple(each.removeprefix(f"{source.name}.") for each in tables)


def is_our_own(manifest: Manifest, trigger: Trigger) -> bool:
    """Whether a backup was made here, and not brought by an archive that anybody may have made."""
    return Trigger.UPLOAD not in (trigger, manifest.trigger)


def surroundings(workplace: Workplace) -> Surroundings:
    """Return what of a workplace laying out a backup needs."""
    return Surroundings(
        scratch_root=workplace.scratch_root,
        clock=workplace.clock,
        progress=workplace.progress,
        cancel=workplace.cancel,
    )


def require_room(manifest: Manifest, sources: Sequence[Source]) -> None:
    """Find out before anything is written whether the staged data fits beside the live.

    Raises:
        NotEnoughSpace: It does not.
    """
    needed: dict[int, tuple[Path, int]] = {}
    for source in sources:
        path = getattr(source, "path", None)
        if isinstance(path, Path):
            place = existing_parent(path.parent)
            device = place.stat().st_dev
            before = needed.get(device, (place, 0))[1]
            needed[device] = (place, before + manifest.contents[source.root].size)
    for place, size_bytes in needed.values():
        require_space(place, size_bytes, "to stage the restore")


def _directories_made(staged: Sequence[tuple[Source, Staged]]) -> tuple[MadeDirectory, ...]:
    made = []
    for source, each in staged:
        identity = each.makes() if isinstance(each, StagedDirectory) else None
        if identity is not None:
            made.append(MadeDirectory(root=source.root, device=identity[0], inode=identity[1]))
    return tuple(made)


def _advice(checks: Sequence[CheckResult], staged: Sequence[Staged]) -> str | None:
    """Return what to do about the first check that failed, if what is live is in the way."""
    failed = [check for check in checks if check.failed]
    known = (
        each.advice(check) for check in failed for each in staged if isinstance(each, Advising)
    )
    return next((advice for advice in known if advice), None)


def _tables_done(manifest: Manifest, roots: Sequence[str], total_tables: int) -> int:
    """Count the tables of sources that are staged; the sources, where none has a table."""
    tables = sum(len(tables_in(manifest, root)) for root in roots)
    return min(tables or len(roots), total_tables)


def without_exports(chosen: list[Source]) -> list[Source]:
    """Leave out tables that are exported besides a database: they come back with it."""
    if not any(each.kind in DATABASE_KINDS for each in chosen):
        return chosen
    return [each for each in chosen if each.kind != "tables"]


class _Restore:
    def __init__(
        self, workplace: Workplace, backup_id: str, tree: BackupTree, options: RestoreOptions
    ) -> None:
        self._at = workplace
        self._backup_id = backup_id
        self._tree = tree
        self._options = options
        self._token = new_token()
        self._scratch = restore_scratch(workplace.scratch_root, self._token)
        self._settled = True
        self._hold = Hold()
        self._outcome = _Outcome()
        self._started_at: datetime = workplace.clock.now()

    def tell(self, recovery: Recovery | None) -> None:
        """Say in the result what became of a restore that was interrupted before."""
        if recovery is not None:
            self._outcome.warnings.append(recovery.sentence())

    def settle_at_once(self) -> None:
        """After a failure in the swaps that left their outcome open: ask again, without a token.

        Later the application may have written into what would then be taken back.
        """
        if not self._hold.held:
            return
        try:
            recovery = recover_restore(self._at)
        except HoldfastError as error:
            _log.warning("What became of the restore is told by the next command: %s", error)
        else:
            if recovery is not None:
                _log.warning("%s", recovery.sentence())

    def run(self, record: RunRecord) -> RestoreResult:
        record.backup_id = self._backup_id
        chosen = self._choose()
        self._outcome.target = describe_target(self._at.plan, chosen)
        schema = plan_schema(self._at.plan, self._tree.manifest, chosen, self._options.other_schema)
        if self._options.verify_first:
            self._outcome.checks += require_intact(self._at, self._tree, self._backup_id)
        if not self._options.paths:
            require_room(self._tree.manifest, chosen)
        with ExitStack() as stages:
            staged = self._stage(chosen, self._prepare(chosen, stages), stages)
            self._warn_of_schema(staged, schema)
            self._check(staged)
            self._migrate(staged, schema)
            if not self._options.dry_run:
                with self._at.plan.pauses.paused() as told:
                    self._replace(staged, record)
                self._outcome.warnings += told
        return self._result(contents=[source.root for source in chosen])

    def _prepare(self, chosen: Sequence[Source], stages: ExitStack) -> Path:
        """Return a directory for temporary copies; with the journal knowing of it."""
        if self._options.dry_run:
            stages.callback(self._note_left)
            return stages.enter_context(scratch_directory(self._at.scratch_root))
        self._save_journal(STAGING, [(source, {}) for source in chosen])
        stages.callback(self._settle)
        self._scratch.mkdir(mode=0o700, parents=True)
        return self._scratch

    def _choose(self) -> list[Source]:
        """Return the sources to restore, in the order of swapping."""
        self._refuse_other_plan()
        contents = self._tree.manifest.sources
        wanted = set(self._options.sources)
        chosen = []
        for root in contents:
            source = self._at.plan.source_at(root)
            if source is None:
                self._outcome.warnings.append(
                    f"{root} is in the backup and not in the plan; restore it with --into"
                )
            elif (not wanted or wanted & {source.name, source.root}) and self._touches(root):
                chosen.append(source)
        if self._options.tables:
            chosen = [each for each in chosen if each.kind in SERVER_KINDS]
        if not wanted and not self._options.paths:
            chosen = without_exports(chosen)
        self._require(chosen)
        self._warn_of_lacking(wanted)
        return sorted(chosen, key=lambda each: _SWAP_ORDER.get(each.kind, 2))

    def _warn_of_lacking(self, wanted: set[str]) -> None:
        """Say which sources the backup could not take; what is live of them stays as it is."""
        manifest = self._tree.manifest
        if manifest.only and not (wanted or self._options.paths):
            self._outcome.warnings.append(
                f"The backup holds only {', '.join(manifest.only)}; the rest is left as it is"
            )
        for problem in manifest.problems:
            source = self._at.plan.source_at(problem.path)
            if source is None or problem.path in manifest.contents:
                continue
            if (not wanted or wanted & {source.name, source.root}) and self._touches(source.root):
                self._outcome.warnings.append(
                    f"{problem.path} was not there when the backup was made, and is left as it is"
                    f" ({problem.reason})"
                )

    def _refuse_other_plan(self) -> None:
        """Keep one application's backup from replacing another's data by its file names."""
        theirs, ours = self._tree.manifest.plan, self._at.plan.name
        if theirs == ours:
            return
        if self._options.trigger is not Trigger.UPLOAD:
            raise UsageError(
                f"{self._backup_id} is a backup of plan {theirs}, not of {ours}",
                hint="Restore it into a new place with --into DIR.",
            )
        self._outcome.warnings.append(f"The archive was made of plan {theirs}, not of {ours}")

    def _require(self, chosen: list[Source]) -> None:
        require_paths(self._tree, self._backup_id, self._options.paths)
        if not chosen:
            held = ", ".join(self._tree.manifest.sources) or "nothing"
            raise UsageError(
                f"Nothing of {self._backup_id} belongs to this plan; it holds {held}",
                hint="Restore it into a new place with --into DIR.",
            )

    def _touches(self, root: str) -> bool:
        return touches(root, self._options.paths)

    def _warn_of_schema(
        self, staged: list[tuple[Source, Staged]], schema: SchemaPlan | None
    ) -> None:
        if self._options.other_schema is OtherSchema.IGNORE:
            return
        if schema is not None and schema.head is not None:
            self._outcome.warnings += schema.warnings()
            return
        stored = self._tree.manifest.schema_version
        databases = [each for _, each in staged if isinstance(each, Versioned)]
        if not databases:
            return
        versions = (each.live_schema_version for each in databases)
        live = next((each for each in versions if each), None)
        if stored != live and (stored or live):
            self._outcome.warnings.append(
                f"The backup has schema version {stored or 'unknown'}, the live database"
                f" {live or 'unknown'}; migrate after the restore if the application needs it"
            )

    def _migrate(self, staged: list[tuple[Source, Staged]], schema: SchemaPlan | None) -> None:
        """Bring the database to the schema of the application's code, before anything is live."""
        if schema is None or not schema.migrate:
            return
        if self._options.dry_run:
            self._outcome.changes += (schema.change(self._at.plan),)
            return
        self._at.progress(Progress(step="Migrating the restored database"))
        self._outcome.checks += migrate_staged(self._at.plan, schema, staged, self._at.cancel)

    def _stage(
        self, chosen: Sequence[Source], scratch: Path, stages: ExitStack
    ) -> list[tuple[Source, Staged]]:
        staged: list[tuple[Source, Staged]] = []
        many = len(chosen) > 1
        total_tables = count_tables(self._tree.manifest, [each.root for each in chosen])
        for number, source in enumerate(chosen):
            self._at.cancel.raise_if_cancelled()
            done = [each.root for each in chosen[:number]]
            self._at.progress(
                Progress(
                    step=f"Staging {source.name}",
                    done_tables=_tables_done(self._tree.manifest, done, total_tables),
                    total_tables=total_tables,
                )
            )
            context = RestoreContext(
                token=self._token,
                tree=self._tree,
                scratch_dir=scratch,
                keep_previous=many,
                keep_old=self._options.keep_old,
                hold=self._hold,
                trusted=self._options.trust_dump
                or is_our_own(self._tree.manifest, self._options.trigger),
                kept=self._options.kept.get(source.root, {}),
                exact=self._options.exact,
                tables=_tables_of(source, self._options.tables),
                thorough=self._options.verify_first,
                exclude=self._at.exclude,
                only=tuple(
                    path
                    for path in self._options.paths
                    if path == source.root or path.startswith(f"{source.root}/")
                ),
                progress=self._at.progress,
                cancel=self._at.cancel,
            )
            staged.append((source, stages.enter_context(source.stage(context))))
        return staged

    def _check(self, staged: list[tuple[Source, Staged]]) -> None:
        total = count_tables(self._tree.manifest, [source.root for source, _ in staged])
        self._at.progress(Progress(step="Checking", done_tables=total, total_tables=total))
        for _, each in staged:
            self._outcome.changes += tuple(each.plan())
            self._outcome.checks += tuple(each.check())
        self._outcome.warnings += [
            each.detail for each in self._outcome.changes if each.action == "skip"
        ]
        self._outcome.warnings += metadata_warnings(self._outcome.checks)
        self._outcome.changes += tuple(
            PlannedChange(target=str(each.path), action="remove", detail="it was not there before")
            for each, _ in self._going()
        )
        self._warn_of_others()
        require_passed(
            self._outcome.checks,
            f"{self._backup_id} was not restored",
            _advice(self._outcome.checks, [each for _, each in staged])
            or "Nothing was changed. Restore another backup.",
        )

    def _replace(self, staged: list[tuple[Source, Staged]], record: RunRecord) -> None:
        """Save what is live, then swap.

        The application works on while the safety backup is made. Then its writers wait, and
        if anyone wrote meanwhile a second, small safety backup takes that in: nothing which
        the application was told is committed is missing from the safety backup.
        """
        databases = [each for _, each in staged if isinstance(each, Watched)]
        versions = [each.live_version() for each in databases]
        self._make_safety_backup(staged)
        with ExitStack() as holds:
            for each in databases:
                holds.enter_context(each.hold_writers())
            held = [each.live_version() for each in databases]
            if held != versions:
                self._make_safety_backup(staged)
            for each, version in zip(databases, held, strict=True):
                each.expect_unchanged_since(version)
            self._outcome.made = _directories_made(staged)
            record.detail = {
                "safety_backup_id": self._outcome.safety_backup_id,
                "roots": [source.root for source, _ in staged],
                "paths": list(self._options.paths),
                "tables": list(self._options.tables),
                "made": msgspec.to_builtins(self._outcome.made),
            }
            self._swap(staged)
            self._warn_of_dropped(staged)
            kept = {
                source.root: each.kept() for source, each in staged if isinstance(each, Keeping)
            }
            record.detail["kept"] = {root: place for root, place in kept.items() if place}
            self._outcome.kept = tuple(
                str(place.get("database") or place["schema"]) for place in kept.values() if place
            )
        for source, made in self._going():
            self._take_back(source, made)

    def _warn_of_dropped(self, staged: list[tuple[Source, Staged]]) -> None:
        """Say what an undo cannot bring back where nothing of what was live is kept."""
        if self._options.keep_old:
            return
        gone = [
            source.name
            for source, each in staged
            if isinstance(each, Keeping) and not isinstance(each, Watched)
        ]
        if gone:
            self._outcome.warnings.append(
                f"What was written to {', '.join(gone)} between the safety backup and the exchange"
                " went with what was dropped"
            )

    def _make_safety_backup(self, staged: list[tuple[Source, Staged]]) -> None:
        if not self._options.safety_backup:
            return
        self._at.progress(Progress(step="Making a safety backup"))
        options = BackupOptions(
            backup_type=BackupType.PRE_RESTORE,
            trigger=Trigger.PRE_RESTORE_SAFETY,
            description=f"Before the restore of {self._backup_id}",
            allow_damaged=True,
            skip_missing=True,
            only=tuple(source.root for source, _ in (*staged, *self._going())),
            facts={"before_restore_of": self._backup_id},
        )
        try:
            safety = run_backup(self._at, options)
        except SourceNotFound as error:
            self._outcome.warnings.append(f"No safety backup was needed: {error.message}")
            return
        self._outcome.safety_backup_id = safety.backup_id
        self._outcome.warnings += safety.warnings
        if safety.problems:
            self._announce_partial(safety)

    def _announce_partial(self, safety: BackupMetadata) -> None:
        """Say before anything is replaced what the safety backup lacks."""
        sentence = (
            f"The safety backup {safety.backup_id} is partial: `undo` cannot put back"
            f" {'; '.join(safety.problems)}"
        )
        _log.warning("%s", sentence)
        self._at.progress(Progress(step=sentence))
        self._outcome.warnings.append(sentence)

    def _going(self) -> list[tuple[DirectorySource, MadeDirectory]]:
        """Return what an undo takes away again, as far as the same directories are there."""
        return [pair for pair in self._to_remove() if self._stands(*pair)]

    def _to_remove(self) -> list[tuple[DirectorySource, MadeDirectory]]:
        if self._options.restored is None:
            return []
        found = ((self._at.plan.source_at(made.root), made) for made in self._options.remove)
        return [(source, made) for source, made in found if isinstance(source, DirectorySource)]

    def _stands(self, source: DirectorySource, made: MadeDirectory) -> bool:
        return identity_at(source.path) == (made.device, made.inode)

    def _warn_of_others(self) -> None:
        """Say which directories an undo leaves because they are not those that were made."""
        for source, made in self._to_remove():
            if source.path.exists() and not self._stands(source, made):
                self._outcome.warnings.append(
                    f"{source.path} was not there before the restore; what is there now was put"
                    " there since, and is left as it is"
                )
        if self._options.restored is None and self._options.remove:
            roots = ", ".join(made.root for made in self._options.remove)
            self._outcome.warnings.append(
                f"{roots} was not there before the restore, and is left as it is: the backup that"
                " was restored is not in the repository, to compare with"
            )

    def _take_back(self, source: DirectorySource, made: MadeDirectory) -> None:
        """Remove what the restore put into a directory, where the safety backup has it."""
        restored, safety_id = self._options.restored, self._outcome.safety_backup_id
        if restored is None or safety_id is None:
            return
        _, snapshot = backups_of(self._at).resolve(safety_id)
        taking = TakingBack(
            identity=(made.device, made.inode),
            root=made.root,
            restored=restored,
            saved=self._at.repository.tree(snapshot),
        )
        try:
            left = taking.remove(source.path)
        except (OSError, HoldfastError) as error:
            # All else is undone by now, so that this is no failure of it.
            self._outcome.warnings.append(
                f"{source.path} was not there before the restore, and could not be removed: {error}"
            )
            return
        if left:
            self._outcome.warnings.append(
                f"{left} files are left in {source.path}: they were not part of the restored"
                " backup, have changed since, or cannot be removed"
            )

    def _swap(self, staged: list[tuple[Source, Staged]]) -> None:
        self._at.cancel.raise_if_cancelled()
        self._save_journal(SWAPPING, [(source, each.state()) for source, each in staged])
        self._settled = False
        swapped: list[Staged] = []
        try:
            for source, each in staged:
                self._at.progress(Progress(step=f"Replacing {source.name}"))
                each.swap()
                swapped.append(each)
        except BaseException:
            # What an undo needs, and what recovery needs if the undo fails, stays until it is done.
            self._hold.held = True
            if any(isinstance(each, Uncertain) and each.unsettled for _, each in staged):
                self._at.progress(Progress(step="Whether it was replaced is told by a recovery"))
                raise
            for each in reversed(swapped):
                each.undo()
            self._hold.held = False
            self._settled = True
            try:
                self._save_journal(STAGING, [(source, {}) for source, _ in staged])
            except StoreError:
                # Everything is taken back; without a journal it stays so.
                remove_journal(self._at.state_dir, self._at.plan.name)
            raise
        self._settled = True
        try:
            self._save_journal(SWAPPED, [(source, each.state()) for source, each in staged])
        except StoreError:
            # Everything is swapped: the restore is complete, and without a journal stays so.
            remove_journal(self._at.state_dir, self._at.plan.name)

    def _settle(self) -> None:
        """Forget the journal, unless an undo failed too: then it tells how to recover."""
        if not self._settled:
            return
        remove_restore_scratch(self._scratch)
        self._note_left()
        remove_journal(self._at.state_dir, self._at.plan.name)

    def _note_left(self) -> None:
        """Note what could not be removed from servers that are gone, for the next command."""
        if not self._hold.left:
            return
        steps = tuple(Step(root=root, state={}) for root in sorted(self._hold.left))
        try:
            note_leftovers(self._at.state_dir, self._journal(STAGING, steps))
        except StoreError as error:
            _log.warning("What is left on a server is found by its next restore: %s", error)

    def _save_journal(self, phase: str, steps: Sequence[tuple[Source, dict[str, Any]]]) -> None:
        made = tuple(Step(root=source.root, state=state) for source, state in steps)
        save_journal(self._at.state_dir, self._journal(phase, made))

    def _journal(self, phase: str, steps: tuple[Step, ...]) -> Journal:
        return Journal(
            token=self._token,
            plan=self._at.plan.name,
            backup_id=self._backup_id,
            started_at=self._started_at.isoformat(timespec="seconds"),
            phase=phase,
            scratch=str(self._scratch),
            safety_backup_id=self._outcome.safety_backup_id,
            paths=self._options.paths,
            made=self._outcome.made,
            steps=steps,
        )

    def _result(self, contents: Sequence[str]) -> RestoreResult:
        outcome = self._outcome
        entries = [self._tree.manifest.contents[root] for root in contents]
        return RestoreResult(
            backup_id=self._backup_id,
            success=True,
            dry_run=self._options.dry_run,
            safety_backup_id=outcome.safety_backup_id,
            target=outcome.target,
            changes=outcome.changes,
            checks=outcome.checks,
            warnings=tuple(outcome.warnings),
            kept=outcome.kept,
            items_restored=items_in(
                self._tree, contents, tables=self._options.tables, paths=self._options.paths
            ),
            restored_files=sum(
                entry.count if entry.kind == "directory" else 1 for entry in entries
            ),
            restored_bytes=sum(entry.size for entry in entries),
            started_at=self._started_at,
            completed_at=self._at.clock.now(),
        )
