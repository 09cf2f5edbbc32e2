"""Writing the settings of a backup to a file, where there is none yet."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from holdfast.errors import NotEnoughSpace, RestoreError, TargetExists
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.manifest import SETTINGS_PATH, ContentEntry
from holdfast.sources.settings.document import Document
from holdfast.sources.settings.live import check_document
from holdfast.stores.durable import sync_directory

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A file to be written: beside its place first, then linked there, never over another."""

    path: Path
    staged: Path
    data: bytes

    @classmethod
    def at(cls, target: Path, data: bytes, token: str) -> Self:
        """Return the file at `target`, or `settings.json` in it if that is a directory.

        Raises:
            TargetExists: There is something already.
        """
        path = (target / SETTINGS_PATH if target.is_dir() else target).absolute()
        if path.exists() or path.is_symlink():
            raise TargetExists(
                f"Cannot write the settings to {path}: it exists",
                hint="Choose another target, or remove what is there.",
            )
        return cls(path=path, staged=path.with_name(f".{path.name}.holdfast-{token}"), data=data)


class StagedFile:
    """Settings of a backup that are written to a file."""

    def __init__(
        self, file: SettingsFile, document: Document, content: ContentEntry | None
    ) -> None:
        self._file = file
        self._document = document
        self._content = content
        self._swapped = False

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say that the file would be created."""
        detail = f"{len(self._document.settings)} settings"
        return (PlannedChange(target=str(self._file.path), action="create", detail=detail),)

    def check(self) -> tuple[CheckResult, ...]:
        """Check the number of settings against the manifest."""
        return check_document(self._document, self._content)

    def state(self) -> dict[str, Any]:
        """Write the file beside its place, durably, and return where it is."""
        file = self._file
        with _translated(file.path):
            if not file.staged.exists():
                _write(file)
        return {
            "mode": "file",
            "path": str(file.path),
            "staged": str(file.staged),
            "checksum": hashlib.sha256(file.data).hexdigest(),
        }

    def swap(self) -> None:
        """Let the file appear.

        Raises:
            TargetExists: Another one appeared meanwhile.
        """
        self.state()
        with _translated(self._file.path):
            _appear(self._file.staged, self._file.path)
        self._swapped = True

    def undo(self) -> None:
        """Remove the file again."""
        if not self._swapped:
            raise RestoreError(f"There is no restore of {self._file.path} to take back")
        with _translated(self._file.path):
            self._file.path.unlink()
            sync_directory(str(self._file.path.parent))
        self._swapped = False

    def discard(self) -> None:
        """Remove what was staged (idempotent)."""
        with _translated(self._file.path):
            self._file.staged.unlink(missing_ok=True)


def recover_file(state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Finish or take back the writing of a file from its state; see `Source.recover`."""
    try:
        path, staged = Path(state["path"]), Path(state["staged"])
        checksum = str(state["checksum"])
    except (KeyError, TypeError) as error:
        raise RestoreError("The journal of the restore of the settings cannot be read") from error
    with _translated(path):
        done = _checksum(path) == checksum
        if committed and not done:
            _appear(staged, path)
            done = True
        elif committed is False and done:
            path.unlink()
            sync_directory(str(path.parent))
            done = False
        if committed is not None:
            staged.unlink(missing_ok=True)
    return done


def _write(file: SettingsFile) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file.staged, _CREATE, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.data)
            stream.flush()
            os.fsync(descriptor)
    except BaseException:
        file.staged.unlink()
        raise


def _appear(staged: Path, path: Path) -> None:
    try:
        path.hardlink_to(staged)
    except FileExistsError as error:
        raise TargetExists(
            f"Cannot write the settings to {path}: something was put there meanwhile",
            hint="Choose another target, or remove what is there.",
        ) from error
    staged.unlink()
    sync_directory(str(path.parent))


def _checksum(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = NotEnoughSpace if error.errno in {errno.ENOSPC, errno.EDQUOT} else RestoreError
        raise kind(
            f"Cannot write the settings to {path}: {error.strerror}",
            hint="See to it that this user may write there and that there is room.",
        ) from error
