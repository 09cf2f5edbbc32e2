"""The restore journal: what makes a restore that a crash interrupted wholly done or wholly undone.

Before anything live is touched, the journal says durably what is staged and how each swap can
be recognised. It is changed by writing a new file and renaming it over the old one. Whoever
next works on the plan recovers from it first: the last swap of a restore is the decisive one
(a database's commit where there is a database); if it happened, everything is brought forward,
otherwise everything is taken back.
"""

from __future__ import annotations

import glob
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from holdfast.errors import HoldfastError, RestoreError, StoreError
from holdfast.operations.workspace import file_name, remove_restore_scratch
from holdfast.sources.base import Source
from holdfast.sources.directory import DirectorySource
from holdfast.stores.durable import replace_file, sync_directory

_log = logging.getLogger("holdfast.restore")
STAGING = "staging"
SWAPPING = "swapping"
SWAPPED = "swapped"
_ASIDE = ".given-up-"
"""Its point is in no name that `file_name` makes of a plan's."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One source's part of a restore: its root in the backup and its `Staged.state`."""

    root: str
    state: dict[str, Any]


class MadeDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """A directory that a restore made where there was none.

    Attributes:
        device: Its `st_dev`, and `inode` its `st_ino`: an undo touches no other directory.
    """

    root: str
    device: int
    inode: int


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """A restore under way.

    Attributes:
        phase: `staging` while nothing live was touched, `swapping` from just before the first
            swap until everything is swapped, `swapped` while what was replaced is removed.
        scratch: The restore's own scratch directory.
        steps: In the order of swapping.
        made: Directories that were not there before; an undo takes them away again.
    """

    token: str
    plan: str
    backup_id: str
    started_at: str
    phase: str
    scratch: str
    steps: tuple[Step, ...] = ()
    safety_backup_id: str | None = None
    paths: tuple[str, ...] = ()
    made: tuple[MadeDirectory, ...] = ()


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A restore that was left as its interruption left it.

    Attributes:
        reason: What kept it from being settled.
        journal: Where its journal is now.
        begun: Whether anything live may have been replaced.
        left: What it made and what it replaced, as far as that is there: paths, and names of
            databases on a server.
    """

    reason: str
    journal: str
    begun: bool = True
    left: tuple[str, ...] = ()

    def sentence(self, safety_backup_id: str | None) -> str:
        """Say it for people: what is where, and how to go on."""
        said = ["Nothing live had been replaced"]
        if self.begun:
            said = ["The live data are left as they are: as before the restore, restored, or mixed"]
        if self.left:
            said.append(f"What it left is still there: {', '.join(self.left)}")
        said.append(
            f"Its journal is kept in {self.journal}; remove all that when you need it no more"
        )
        if safety_backup_id is not None:
            said.append(
                f"`holdfast restore {safety_backup_id}` brings back what there was before it"
            )
        elif self.begun:
            said.append("`holdfast list` shows what can be restored; no safety backup is known of")
        return ". ".join(said)


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What recovery found and did: the live data is wholly new (`completed`) or wholly old.

    Attributes:
        kept: Directories with what was restored and then written to, before it was taken back.
        given_up: What was given up instead, where it could be neither finished nor taken back.
    """

    backup_id: str
    started_at: str
    completed: bool
    safety_backup_id: str | None
    roots: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    made: tuple[MadeDirectory, ...] = ()
    kept: tuple[str, ...] = ()
    given_up: GivenUp | None = None

    def sentence(self) -> str:
        """Say it for people."""
        restore = f"The restore of {self.backup_id} that was interrupted ({self.started_at})"
        if self.given_up is not None:
            rest = self.given_up.sentence(self.safety_backup_id)
            return f"{restore} was given up: {self.given_up.reason}. {rest}"
        if self.completed:
            return f"{restore} was completed"
        if self.kept:
            return (
                f"{restore} was taken back. What had been restored was written to since, and is "
                f"kept in {', '.join(self.kept)}: look through it, then remove it"
            )
        return f"{restore} was taken back; the data is as it was before"


def journal_path(state_dir: Path, plan: str) -> Path:
    """Return where a plan's journal is; each plan has its own, as it has its own lock."""
    return state_dir / f"restore-{file_name(plan)}.json"


def save_journal(state_dir: Path, journal: Journal) -> None:
    """Make the journal durable, in place of the one before.

    Raises:
        StoreError: It could not be written; the one before still holds.
    """
    _save(journal_path(state_dir, journal.plan), journal)


def _save(path: Path, journal: Journal) -> None:
    try:
        replace_file(str(path), msgspec.json.encode(journal))
    except OSError as error:
        raise StoreError(
            f"The journal of the restore cannot be written: {path}: {error.strerror}",
            hint="Free some space there, then try again.",
        ) from error


def remove_journal(state_dir: Path, plan: str) -> None:
    """Say that no restore is under way. It needs no free space."""
    journal_path(state_dir, plan).unlink(missing_ok=True)
    sync_directory(str(state_dir))


def leftovers(state_dir: Path, plan: str) -> list[Path]:
    """Return the journals of restores that have ended and could not remove what they staged."""
    stem = glob.escape(journal_path(state_dir, plan).stem)
    return sorted(state_dir.glob(f"{stem}.left-*.json"))


def note_leftovers(state_dir: Path, journal: Journal) -> None:
    """Keep a journal for `sweep_leftovers`, apart from that of the next restore.

    Raises:
        StoreError: It could not be written.
    """
    path = journal_path(state_dir, journal.plan)
    _save(path.with_name(f"{path.stem}.left-{journal.token}.json"), journal)


def sweep_leftovers(state_dir: Path, plan: str, sources: Sequence[Source]) -> None:
    """Remove what restores left on servers that did not answer; what still does not, stays."""
    for path in leftovers(state_dir, plan):
        try:
            journal = _read(path)
        except RestoreError as error:
            _log.warning("%s. Nothing depends on it: look into it, then remove it", error)
            continue
        remaining = _remove_staged(journal, sources)
        if not remaining:
            path.unlink()
        elif remaining != journal.steps:
            _save(path, msgspec.structs.replace(journal, steps=remaining))


def set_journal_aside(state_dir: Path, plan: str, named: str) -> Path:
    """Say that no restore is under way, and keep the journal under another name; return that.

    Args:
        named: Tells it from others that were set aside, as part of a file's name.

    Raises:
        StoreError: It could not be renamed, and holds as before.
    """
    path = journal_path(state_dir, plan)
    aside = path.with_name(f"{path.stem}{_ASIDE}{named}.json")
    try:
        path.rename(aside)
        sync_directory(str(state_dir))
    except OSError as error:
        raise StoreError(
            f"The journal of the restore cannot be set aside: {path}: {error.strerror}",
            hint="Give this user the right to write there.",
        ) from error
    return aside


def journals_aside(state_dir: Path, plan: str) -> list[Path]:
    """Return the journals of the restores that were given up and not removed since."""
    stem = glob.escape(journal_path(state_dir, plan).stem)
    return sorted(state_dir.glob(f"{stem}{_ASIDE}*.json"))


def load_journal(state_dir: Path, plan: str) -> Journal | None:
    """Return the journal of an interrupted restore, or None.

    Raises:
        RestoreError: The journal cannot be read.
    """
    path = journal_path(state_dir, plan)
    return _read(path) if path.exists() else None


def _read(path: Path) -> Journal:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Journal)
    except (OSError, msgspec.MsgspecError) as error:
        raise RestoreError(
            f"The journal of an interrupted restore cannot be read: {path}: {error}"
        ) from error


def recover(
    state_dir: Path,
    plan: str,
    sources: Sequence[Source],
    on_settled: Callable[[Recovery], None],
) -> Recovery | None:
    """Finish or take back an interrupted restore; idempotent. The caller holds the plan's lock.

    Args:
        on_settled: Told what became of it, before the journal is forgotten.

    Returns:
        What was found, or None if no restore was interrupted after it had begun to swap.

    Raises:
        RestoreError: A source of the restore is no longer part of the plan.
    """
    sweep_leftovers(state_dir, plan, sources)
    journal = load_journal(state_dir, plan)
    if journal is None:
        return None
    by_root = {source.root: source for source in sources}
    lost = [step.root for step in journal.steps if step.root not in by_root]
    if lost:
        raise RestoreError(
            f"A restore of {journal.backup_id} was interrupted, and the plan no longer names"
            f" {', '.join(lost)}",
            hint="Name the same databases and directories again, then repeat the command.",
        )
    if journal.phase == STAGING:
        # A server that is gone for good must not keep the other data from being restored.
        if remaining := _remove_staged(journal, sources):
            note_leftovers(state_dir, msgspec.structs.replace(journal, steps=remaining))
        _forget(state_dir, journal)
        return None
    decisive = journal.steps[-1]
    completed = journal.phase == SWAPPED or by_root[decisive.root].recover(
        decisive.state, committed=None
    )
    order = journal.steps if completed else tuple(reversed(journal.steps))
    for step in order:
        by_root[step.root].recover(step.state, committed=completed)
    recovery = Recovery(
        backup_id=journal.backup_id,
        started_at=journal.started_at,
        completed=completed,
        safety_backup_id=journal.safety_backup_id,
        roots=tuple(step.root for step in journal.steps),
        paths=journal.paths,
        made=journal.made,
        kept=() if completed else _kept_aside(journal, by_root),
    )
    on_settled(recovery)
    _forget(state_dir, journal)
    return recovery


def _kept_aside(journal: Journal, sources: Mapping[str, Source]) -> tuple[str, ...]:
    """Return where what was written into restored directories since is kept."""
    found = []
    for step in journal.steps:
        source = sources[step.root]
        if isinstance(source, DirectorySource):
            found.append(source.kept_aside(step.state))
    return tuple(str(path) for path in found if path is not None)


def _forget(state_dir: Path, journal: Journal) -> None:
    remove_restore_scratch(Path(journal.scratch))
    remove_journal(state_dir, journal.plan)


def _remove_staged(journal: Journal, sources: Sequence[Source]) -> tuple[Step, ...]:
    """Remove what was staged; return the steps for which that failed."""
    by_root = {source.root: source for source in sources}
    remaining = []
    for step in journal.steps:
        source = by_root.get(step.root)
        try:
            if source is None:
                raise RestoreError(f"the plan no longer names {step.root}")
            source.sweep(journal.token, Path(journal.scratch))
        except HoldfastError as error:
            remaining.append(step)
            _log.warning(
                "What a restore of %s (%s) left for %s is still there; the next command tries"
                " again to remove it: %s",
                journal.backup_id,
                journal.started_at,
                step.root,
                error.message,
            )
    return tuple(remaining)
