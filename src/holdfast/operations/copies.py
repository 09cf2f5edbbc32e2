"""The directory of copies: a restore into a new place that is asked for over HTTP goes there.

Who asks names no path: the server picks a folder that is not there yet. Where the directory was not
configured it lies among those of other users of the machine, and must be this user's alone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from holdfast.errors import ConfigError, TargetExists, UsageError
from holdfast.operations.backups import is_backup_id
from holdfast.operations.workspace import scratch_directory, sweep_scratch
from holdfast.stores.durable import sync_directory

_UNNAMED = "backup"
_AGAIN = "Ask for the restore again: it goes to another folder then."
_HINT = "Set copies_dir in [restore] to a directory of this server's own user."


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiesDir:
    """The directory of copies of one service; it need not be there yet.

    Attributes:
        path: Where it is, absolute.
        private: Whether it was not configured, and nobody but this user may have a say in it.
    """

    path: Path
    private: bool

    @classmethod
    def of(cls, configured: str | Path | None, scratch_root: Path) -> CopiesDir:
        """Return the directory that was configured, or else one for this user in scratch."""
        if configured:
            return cls(path=Path(configured).absolute(), private=False)
        name = f"holdfast-restored-{os.getuid()}"
        return cls(path=scratch_root.absolute() / name, private=True)

    def folder_for(self, backup_id: str, taken: Collection[str] = ()) -> Path:
        """Return a folder that is not there: the backup's id, or `ID_2`, `ID_3`..

        Args:
            backup_id: May come from an archive that anybody made; what is no id is no name.
            taken: Folders that are promised to others.

        Raises:
            ConfigError: The directory is not to be trusted.
        """
        self.require_trusted()
        base = backup_id if is_backup_id(backup_id) else _UNNAMED
        names = (base if number == 1 else f"{base}_{number}" for number in count(1))
        folders = (self.path / name for name in names)
        return next(
            each for each in folders if str(each) not in taken and not os.path.lexists(each)
        )

    def require_free(self, folder: Path) -> None:
        """Find out whether a copy may still go where it was promised.

        Raises:
            UsageError: It is none of this directory.
            TargetExists: Something is there.
            ConfigError: The directory is not to be trusted.
        """
        if folder.parent != self.path or folder.name in ("", ".", ".."):
            raise UsageError(f"{folder} is not a folder of {self.path}", hint="Ask for it again.")
        self.require_trusted()
        if os.path.lexists(folder):
            raise TargetExists(
                f"{folder} has come to be there meanwhile; it was left as it is", hint=_AGAIN
            )

    def make(self) -> None:
        """Make the directory for this user alone, if it is not there (idempotent).

        Raises:
            ConfigError: It cannot be made, or is not to be trusted.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The directory of restored copies {self.path} cannot be made: {error.strerror}",
                hint=_HINT,
            ) from error
        self.require_trusted()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Make a private directory in it, to lay a copy out in, and remove it afterwards.

        What copies left there that were killed is removed as well.

        Raises:
            ConfigError: It cannot be made, or the directory is not to be trusted.
        """
        self.make()
        with ExitStack() as held:
            try:
                made = held.enter_context(scratch_directory(self.path))
            except OSError as error:
                raise _refused(self.path, f"cannot be written: {error.strerror}") from error
            yield made

    def put(self, made: Path, folder: Path) -> None:
        """Give what was laid out in `scratch` its name, at once and wholly.

        Raises:
            TargetExists: Something has come to be there; it is as it was.
        """
        self.require_free(folder)
        try:
            # Fails on whatever has come there meanwhile, but for an empty directory.
            made.rename(folder)
        except OSError as error:
            raise TargetExists(
                f"The copy could not be put at {folder}: {error.strerror}", hint=_AGAIN
            ) from error
        with suppress(OSError):  # it is there, whatever becomes of it when the power fails
            sync_directory(str(self.path))

    def sweep(self) -> None:
        """Remove what copies left that were killed (idempotent); never fails."""
        with suppress(OSError, ConfigError):
            self.require_trusted()
            sweep_scratch(self.path)

    def require_trusted(self) -> None:
        """Refuse a directory in which others could see a copy or put something in its way.

        Raises:
            ConfigError: It is such a one, or none at all.
        """
        try:
            seen = self.path.lstat() if self.private else self.path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _refused(self.path, f"cannot be looked at: {error.strerror}") from error
        if not stat.S_ISDIR(seen.st_mode):
            raise _refused(self.path, "is not a directory")
        if self.private and seen.st_uid != os.getuid():
            raise _refused(self.path, "belongs to another user")
        if self.private and stat.S_IMODE(seen.st_mode) & 0o077:
            raise _refused(self.path, "is open to other users")
        if seen.st_mode & stat.S_IWOTH and not seen.st_mode & stat.S_ISVTX:
            raise _refused(self.path, "can be written by everybody")


def _refused(path: Path, why: str) -> ConfigError:
    return ConfigError(f"The directory of restored copies {path} {why}", hint=_HINT)
