"""The note of a guarded command: what was going on, for whoever comes after a crash.

It is durable before the command starts, and goes when the command has succeeded or the data are
back. Until then the backup from before the command is kept, whatever the retention rules say.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from holdfast.errors import BackupBusy, HoldfastError, StoreError
from holdfast.operations.backups import backups_of, set_keep
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import file_name, plan_lock
from holdfast.stores.durable import replace_file

RUNNING = "running"
RESTORING = "restoring"
LEFT = "left"
FAILED = "failed"

_log = logging.getLogger("holdfast.guard")
_HAPPENED = {
    RUNNING: "was cut short: Holdfast itself ended while it ran, and the data may be half changed",
    RESTORING: "failed, and Holdfast ended while it brought the data back",
    LEFT: "failed, and what it left is there for inspection",
    FAILED: "failed, and the data could not be brought back",
}


class GuardNote(msgspec.Struct, frozen=True, kw_only=True):
    """A guarded command under way, or one that ended with something left to do.

    Attributes:
        command: As it is shown, without secrets.
        phase: `running`, `restoring`, `left` for inspection, or `failed` to be brought back.
        pid: The command's process on `hostname`, once it runs.
    """

    plan: str
    command: str
    backup_id: str
    started_at: str
    hostname: str
    phase: str = RUNNING
    pid: int | None = None

    def sentence(self) -> str:
        """Say it for people."""
        happened = _HAPPENED.get(self.phase, "did not end well")
        still = f" (process {self.pid} may be at work still)" if self._may_run() else ""
        return (
            f"`{self.command}`, guarded since {self.started_at}, {happened}{still};"
            f" `holdfast restore {self.backup_id}` brings the data back as they were before,"
            f" `holdfast unkeep {self.backup_id}` says that they are right as they are"
        )

    def _may_run(self) -> bool:
        if self.phase != RUNNING or self.pid is None or self.hostname != os.uname().nodename:
            return False
        return Path(f"/proc/{self.pid}").exists()


def note_path(state_dir: Path, plan: str) -> Path:
    """Return where a plan's note is."""
    return state_dir / f"guard-{file_name(plan)}.json"


def save_note(state_dir: Path, note: GuardNote) -> None:
    """Make a note durable, in place of the one before.

    Raises:
        StoreError: It could not be written; the one before still holds.
    """
    path = note_path(state_dir, note.plan)
    try:
        replace_file(str(path), msgspec.json.encode(note))
    except OSError as error:
        raise StoreError(
            f"The note of the guarded command cannot be written: {path}: {error.strerror}",
            hint="Free some space there, then try again.",
        ) from error


def load_note(state_dir: Path, plan: str) -> GuardNote | None:
    """Return the plan's note, or None; one that cannot be read is said and taken as none."""
    path = note_path(state_dir, plan)
    try:
        return msgspec.json.decode(path.read_bytes(), type=GuardNote)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("The note of a guarded command cannot be read: %s: %s", path, error)
        return None


def forget_note(state_dir: Path, plan: str, backup_id: str) -> None:
    """Forget the plan's note if it is of that backup (idempotent)."""
    note = load_note(state_dir, plan)
    if note is not None and note.backup_id == backup_id:
        with suppress(FileNotFoundError):
            note_path(state_dir, plan).unlink()


def remind_of_guard(workplace: Workplace) -> None:
    """Say what a guarded command left to do, unless it is at work."""
    note = load_note(workplace.state_dir, workplace.plan.name)
    if note is None:
        return
    try:
        with plan_lock(workplace.state_dir, workplace.plan.name):
            _log.warning("%s", note.sentence())
    except BackupBusy:
        return  # it is not left behind: it runs


def settle_guard(workplace: Workplace, *, whole: bool) -> None:
    """After a restore in place: forget what a guarded command left to do, or say it again.

    Args:
        whole: Whether all data were restored; else some may still be as the command left them.
    """
    if not whole:
        remind_of_guard(workplace)
        return
    note = load_note(workplace.state_dir, workplace.plan.name)
    if note is not None:
        release_backup(workplace, note.backup_id)
        forget_note(workplace.state_dir, workplace.plan.name, note.backup_id)


def settle_brought_back(workplace: Workplace, backup_id: str) -> None:
    """After a recovery completed a restore: was it the one that brought a guard's data back?"""
    note = load_note(workplace.state_dir, workplace.plan.name)
    if note is not None and (note.phase, note.backup_id) == (RESTORING, backup_id):
        settle_guard(workplace, whole=True)


def hold_backup(workplace: Workplace, backup_id: str, *, keep: bool) -> None:
    """Keep a backup whatever the retention rules say, or no longer."""
    with workplace.repository.lock() as lock:
        _, snapshot = backups_of(workplace).resolve(backup_id)
        lock.ensure()
        set_keep(workplace.repository, snapshot, keep=keep)


def release_backup(workplace: Workplace, backup_id: str) -> str | None:
    """Leave a backup to the retention rules again; return a sentence if that was not possible."""
    try:
        hold_backup(workplace, backup_id, keep=False)
    except HoldfastError as error:
        return (
            f"{backup_id} is still kept whatever the retention rules say: {error.message};"
            f" `holdfast unkeep {backup_id}` lets it go"
        )
    return None
