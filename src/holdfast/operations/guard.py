"""Guard a command that changes the data: prove a backup first, bring the data back if it fails.

The plan's lock is held from before the backup until the data are settled, so that no other
restore, cleanup or guard comes between. Opening the repository anew to bring the data back
finds what another plan's prune may have moved meanwhile.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from holdfast.errors import (
    CommandNotExecutable,
    CommandNotFound,
    GuardRefused,
    GuardRestoreFailed,
    HoldfastError,
    RestoreError,
    SourceError,
    StoreError,
    UsageError,
)
from holdfast.models.backup import BackupMetadata, RestoreResult, Trigger
from holdfast.models.guard import GuardResult
from holdfast.models.manifest import Manifest
from holdfast.models.progress import CancellationToken
from holdfast.models.tree import BackupTree
from holdfast.operations.backup import BackupOptions, run_backup
from holdfast.operations.backups import backups_of
from holdfast.operations.choice import refuse_settings_alone, require_sources
from holdfast.operations.commands import NOT_FOUND, CommandEnd, run_command, spelled
from holdfast.operations.guard_note import (
    FAILED,
    LEFT,
    RESTORING,
    GuardNote,
    forget_note,
    hold_backup,
    load_note,
    release_backup,
    save_note,
)
from holdfast.operations.interrupted import recover_restore
from holdfast.operations.migrations import OtherSchema
from holdfast.operations.plan import Plan, Workplace
from holdfast.operations.restore import (
    RestoreOptions,
    require_room,
    restore_held,
    without_exports,
)
from holdfast.operations.saving import format_instant
from holdfast.operations.verify import verify_snapshot
from holdfast.operations.workspace import new_token, plan_lock, scratch_directory
from holdfast.sources.base import Replaceable, RestoreContext, Source

TAG = "guard"

Opening = Callable[[CancellationToken], AbstractContextManager[Workplace]]
"""Opens the repository, as often as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOptions:
    """How to guard.

    Attributes:
        title: What is guarded, for people, without secrets.
        description: Of the backup; by default it says before what it was made.
        verify: Prove the backup before the command runs.
        keep: Leave a failed state for inspection instead of bringing the data back.
        safety_backup: Back up the failed state before the data come back.
        sources: Names of the sources to bring back; empty means all. All are backed up.
        compression: As of a backup.
    """

    title: str
    description: str | None = None
    verify: bool = True
    keep: bool = False
    safety_backup: bool = True
    sources: tuple[str, ...] = ()
    trigger: Trigger = Trigger.MANUAL_API
    compression: int | None = 1


class Guard:
    """A proven backup and the plan's lock; made by `guarding`."""

    def __init__(
        self,
        opening: Opening,
        options: GuardOptions,
        work: Workplace,
        backup: BackupMetadata,
        note: GuardNote,
    ) -> None:
        self.backup = backup
        self.warnings: list[str] = []
        self._opening = opening
        self._options = options
        self._state_dir = work.state_dir
        self._clock = work.clock
        self._note = note

    def runs_as(self, pid: int) -> None:
        """Note the process of the command; the note is good enough without."""
        self._note = msgspec.structs.replace(self._note, pid=pid)
        with suppress(StoreError):
            save_note(self._state_dir, self._note)

    def succeed(self) -> None:
        """Leave the backup to the retention rules: what it was kept for went well."""
        try:
            with self._opening(CancellationToken()) as work:
                self._release(work)
        except HoldfastError as error:
            # The command has done its work; that the backup stays kept is no failure of it.
            self.warnings.append(
                f"{self.backup.backup_id} is still kept whatever the retention rules say:"
                f" {error.message}"
            )

    def fail(self, reason: str) -> RestoreResult | None:
        """Bring the data back, or leave the failed state; return None where it is left.

        Args:
            reason: What happened, for an error: "`make migrate` failed with exit code 1".

        Raises:
            GuardRestoreFailed: The data could not be brought back.
        """
        if self._options.keep:
            self._leave(LEFT)
            return None
        try:
            with self._opening(CancellationToken()) as work:
                return self._bring_back(work)
        except Exception as error:
            self._leave(FAILED)
            why = error.message if isinstance(error, HoldfastError) else str(error)
            raise GuardRestoreFailed(
                f"{reason}, and the data could not be brought back: {why}",
                hint=_what_next(error, self.backup.backup_id),
            ) from error

    def _bring_back(self, work: Workplace) -> RestoreResult:
        with suppress(StoreError):  # a full disk must not keep the data from coming back
            save_note(self._state_dir, msgspec.structs.replace(self._note, phase=RESTORING))
        backup_id, snapshot = backups_of(work).resolve(self.backup.backup_id)
        options = RestoreOptions(
            verify_first=not self.backup.verified,
            safety_backup=self._options.safety_backup,
            sources=self._options.sources,
            other_schema=OtherSchema.IGNORE,
            exact=True,
            trigger=self._options.trigger,
        )
        result = restore_held(work, backup_id, work.repository.tree(snapshot), options)
        self.warnings += result.warnings
        self._release(work)
        return result

    def _release(self, work: Workplace) -> None:
        sentence = release_backup(work, self.backup.backup_id)
        self.warnings += [sentence] if sentence else []
        forget_note(self._state_dir, work.plan.name, self.backup.backup_id)

    def _leave(self, phase: str) -> None:
        """Note what is left to do; the backup stays kept until somebody decides."""
        with suppress(StoreError):
            save_note(self._state_dir, msgspec.structs.replace(self._note, phase=phase))

    def result(
        self, end: CommandEnd | None = None, restored: RestoreResult | None = None
    ) -> GuardResult:
        """Say how it went.

        Args:
            end: How the command ended; None for a call that returned.
            restored: How the data came back.
        """
        exit_code = end.exit_code if end else 0
        return GuardResult(
            command=self._options.title,
            backup_id=self.backup.backup_id,
            verified=self.backup.verified,
            exit_code=exit_code,
            timed_out=end.timed_out if end else False,
            brought_back=restored is not None,
            left=bool(exit_code) and restored is None,
            safety_backup_id=restored.safety_backup_id if restored else None,
            warnings=tuple(self.warnings),
            started_at=self.backup.created_at,
            completed_at=self._clock.now(),
        )


@contextmanager
def guarding(opening: Opening, options: GuardOptions, cancel: CancellationToken) -> Iterator[Guard]:
    """Back up and prove the plan's data, and hold its lock.

    Whoever enters calls `succeed` or `fail` before leaving.

    Raises:
        GuardRefused: The backup is partial, or not intact.
        BackupBusy: Another backup, restore, cleanup or guard of the plan is running.
    """
    with ExitStack() as held:
        with opening(cancel) as work:
            require_sources(work.plan, options.sources)
            roots = [source.root for source in work.plan.sources]
            refuse_settings_alone(work.plan, roots, sources=options.sources)
            held.enter_context(plan_lock(work.state_dir, work.plan.name))
            guard = _start(opening, work, options)
        yield guard


def _start(opening: Opening, work: Workplace, options: GuardOptions) -> Guard:
    recovered = recover_restore(work)
    before = load_note(work.state_dir, work.plan.name)
    warnings = [recovered.sentence()] if recovered else []
    warnings += [before.sentence()] if before else []
    made = run_backup(
        work,
        BackupOptions(
            description=options.description or f"Before: {options.title}",
            tags=(TAG,),
            trigger=options.trigger,
            compression=options.compression,
        ),
    )
    if made.problems:
        raise GuardRefused(
            f"The backup {made.backup_id} is partial, so `{options.title}` was not run:"
            f" {'; '.join(made.problems)}",
            hint="See that everything can be read, or exclude it from the plan.",
        )
    _require_way_back(work, made, options)
    if options.verify:
        made = _verified(work, made, options)
    note = GuardNote(
        plan=work.plan.name,
        command=options.title,
        backup_id=made.backup_id,
        started_at=format_instant(work.clock.now()),
        hostname=socket.gethostname(),
    )
    hold_backup(work, made.backup_id, keep=True)
    try:
        save_note(work.state_dir, note)
    except StoreError:
        release_backup(work, made.backup_id)
        raise
    guard = Guard(opening, options, work, made, note)
    guard.warnings += [*warnings, *made.warnings]
    return guard


def _verified(work: Workplace, made: BackupMetadata, options: GuardOptions) -> BackupMetadata:
    backup_id, snapshot = backups_of(work).resolve(made.backup_id)
    verification = verify_snapshot(work, backup_id, snapshot)
    if not verification:
        raise GuardRefused(
            f"The backup {backup_id} is not intact, so `{options.title}` was not run:"
            f" {'; '.join(verification.errors)}",
            hint="`holdfast check` says more about the repository.",
        )
    return replace(made, verified=True, verification_date=verification.verified_at)


def _require_way_back(work: Workplace, made: BackupMetadata, options: GuardOptions) -> None:
    """Find out before the command runs what would keep the data from coming back.

    Raises:
        NotEnoughSpace: They could not be staged beside the live data.
        GuardRefused: Nothing may be written there, or what is live cannot be replaced.
    """
    _, snapshot = backups_of(work).resolve(made.backup_id)
    tree = work.repository.tree(snapshot)
    sources = _sources_to_bring_back(work.plan, tree.manifest, options.sources)
    require_room(tree.manifest, sources)
    for path in (getattr(each, "path", None) for each in sources):
        if isinstance(path, Path) and not os.access(path.parent, os.W_OK | os.X_OK):
            raise GuardRefused(
                f"{path.parent} cannot be written to, so that the data could not be brought back;"
                f" `{options.title}` was not run",
                hint="A restore is staged there, beside the live data: give this user the right.",
            )
    for source in sources:
        if isinstance(source, Replaceable):
            _require_replaceable(work, tree, source, options.title)


def _sources_to_bring_back(plan: Plan, manifest: Manifest, wanted: Sequence[str]) -> list[Source]:
    found = [each for each in plan.sources if each.root in manifest.sources]
    if wanted:
        return [each for each in found if {each.name, each.root} & set(wanted)]
    return without_exports(found)


def _require_replaceable(
    work: Workplace, tree: BackupTree, source: Replaceable, title: str
) -> None:
    """Ask now: after a failed migration is too late to learn that a right is missing."""
    with scratch_directory(work.scratch_root) as scratch:
        context = RestoreContext(
            token=new_token(),
            tree=tree,
            scratch_dir=scratch,
            exact=True,
            progress=work.progress,
            cancel=work.cancel,
        )
        try:
            source.require_replaceable(context)
        except (SourceError, RestoreError) as error:
            raise GuardRefused(
                f"The data could not be brought back, so `{title}` was not run: {error.message}",
                hint=error.hint,
            ) from error


def _what_next(error: Exception, backup_id: str) -> str:
    hint = error.hint if isinstance(error, HoldfastError) else None
    first = f"{hint} " if hint else ""
    return (
        f"{first}The data from before are in {backup_id}, which is kept: end what uses the"
        f" database, then `holdfast restore {backup_id}`."
    )


def guard_command(
    opening: Opening,
    options: GuardOptions,
    command: Sequence[str],
    *,
    timeout_s: float | None,
    own_output: bool,
    started: Callable[[BackupMetadata, subprocess.Popen[bytes]], None] | None,
    cancel: CancellationToken,
) -> GuardResult:
    """Guard a command that `require_command` let pass; see `BackupService.guard`."""
    with guarding(opening, options, cancel) as guard:

        def tell(process: subprocess.Popen[bytes]) -> None:
            # First, for a signal that comes while the note is written is the command's too.
            if started is not None:
                started(guard.backup, process)
            guard.runs_as(process.pid)

        with failing(guard, options.title):
            end = run_command(
                command, timeout_s=timeout_s, own_output=own_output, started=tell, cancel=cancel
            )
        return _conclude(guard, options.title, command, end)


@contextmanager
def guard_block(
    opening: Opening, options: GuardOptions, cancel: CancellationToken
) -> Iterator[Guard]:
    """Guard the block; see `BackupService.guarded`."""
    with guarding(opening, options, cancel) as guard:
        with failing(guard, options.title):
            yield guard
        guard.succeed()


def _conclude(guard: Guard, title: str, command: Sequence[str], end: CommandEnd) -> GuardResult:
    if not end.started:
        guard.succeed()  # nothing ran, so that nothing is to be brought back
        raise _unusable(command, found=end.exit_code != NOT_FOUND)
    if end.left:
        guard.warnings.append(_outlived(title, end.left))
    if end.exit_code:
        return guard.result(end, guard.fail(f"`{title}` {end.sentence()}"))
    guard.succeed()
    return guard.result(end)


def _outlived(title: str, left: Sequence[int]) -> str:
    return (
        f"Processes that came up while `{title}` ran outlived it and were not ended"
        f" ({', '.join(map(str, left[:10]))}): end them if they are its own, and look at the data"
        " again, for they may have written since"
    )


@contextmanager
def failing(guard: Guard, title: str) -> Iterator[None]:
    """Bring the data back when the block raises, whatever it raises; it is raised again."""
    try:
        yield
    except BaseException as error:
        guard.fail(f"`{title}` raised {type(error).__name__}")
        raise


def require_command(command: Sequence[str]) -> None:
    """Raise unless the program is there and may be run, before anything is made in vain.

    Raises:
        CommandNotFound, CommandNotExecutable: It is not, or may not.
    """
    if not command:
        raise UsageError("No command to guard was given", hint="Name it after two dashes.")
    if shutil.which(command[0]) is None:
        raise _unusable(command, found=os.sep in command[0] and Path(command[0]).exists())


def _unusable(command: Sequence[str], *, found: bool) -> HoldfastError:
    name = spelled(command[:1])
    if found:
        return CommandNotExecutable(
            f"{name} cannot be run, and nothing was changed",
            hint="See that it is a program that this user may execute.",
        )
    return CommandNotFound(
        f"There is no command {name}, and nothing was changed",
        hint="Check its spelling and PATH; no shell is involved.",
    )
