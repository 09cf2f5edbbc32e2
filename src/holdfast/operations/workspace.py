"""Private temporary directories, free space, and the one-writer-per-plan lock."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from holdfast.errors import BackupBusy, NotEnoughSpace

_PREFIX = "holdfast-scratch-"
_RESTORE_PREFIX = "holdfast-restore-"
_ALIVE = ".in-use"
_SPARE_BYTES = 1 << 20
LARGE_TEMP_DIR = Path("/var/tmp")  # noqa: S108 - only ever used through mkdtemp
"""For copies of whole databases: /tmp is in memory on many systems, /var/tmp is not."""


def default_scratch_root() -> Path:
    """Return the directory for large temporary files."""
    usable = LARGE_TEMP_DIR.is_dir() and os.access(LARGE_TEMP_DIR, os.W_OK | os.X_OK)
    return LARGE_TEMP_DIR if usable else Path(tempfile.gettempdir())


@contextmanager
def scratch_directory(root: Path) -> Iterator[Path]:
    """Make a private directory (0700) below `root` and remove it afterwards.

    A lock file in it says that its process lives; what a killed process left is swept.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep_scratch(root)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    try:
        # Locked before it has the name that sweepers look for.
        with _locked(path / f"{_ALIVE}.new", create=True):
            (path / f"{_ALIVE}.new").rename(path / _ALIVE)
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def restore_scratch(root: Path, token: str) -> Path:
    """Return the scratch directory of one restore. It is not swept: the journal knows of it.

    After a crash it may hold the only copy of a database that was replaced.
    """
    return root / f"{_RESTORE_PREFIX}{token}"


def remove_restore_scratch(path: Path) -> None:
    """Remove the scratch directory of a restore that is settled; idempotent."""
    if path.name.startswith(_RESTORE_PREFIX):
        shutil.rmtree(path, ignore_errors=True)


def sweep_scratch(root: Path) -> None:
    """Remove the scratch directories of processes that are gone; idempotent."""
    for path in root.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            with _locked(path / _ALIVE, create=False):
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def plan_lock(state_dir: Path, plan: str) -> Iterator[None]:
    """Hold the right to write for one plan: one backup, restore or cleanup at a time.

    Raises:
        BackupBusy: Another process or thread holds it.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(_locked(state_dir / f"{file_name(plan)}.lock", create=True))
        except BlockingIOError as error:
            raise BackupBusy(
                f"Another backup, restore or cleanup of plan {plan} is running",
                hint="Wait until it is done, then try again.",
            ) from error
        yield


@contextmanager
def naming_lock(state_dir: Path) -> Iterator[None]:
    """Wait for the right to give a backup its id, which no two plans may give at once."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(state_dir / "naming.lock", create=True, wait=True):
        yield


@contextmanager
def _locked(path: Path, *, create: bool, wait: bool = False) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def new_token() -> str:
    """Return a unique name for one restore, fit for a file name."""
    return secrets.token_hex(6)


def require_space(path: Path, needed_bytes: int, purpose: str) -> None:
    """Raise `NotEnoughSpace` unless the file system of `path` has room for `needed_bytes`."""
    existing = existing_parent(path)
    usage = os.statvfs(existing)
    check_space(needed_bytes, usage.f_bavail * usage.f_frsize, f"{purpose} in {existing}")


def existing_parent(path: Path) -> Path:
    """Return `path`, or the nearest directory above it that is there."""
    while not path.exists():
        path = path.parent
    return path


def check_space(needed_bytes: int, free_bytes: int | None, purpose: str) -> None:
    """Raise `NotEnoughSpace` if `free_bytes` is known and too little."""
    needed = needed_bytes + _SPARE_BYTES
    if free_bytes is not None and needed > free_bytes:
        raise NotEnoughSpace(
            f"Not enough disk space: needs {format_bytes(needed)}, has {format_bytes(free_bytes)}"
            f" ({purpose})",
            hint="Free some space, or remove old backups with `holdfast cleanup`.",
        )


def format_bytes(count: int) -> str:
    """Return a size for people: `12.3 MiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")


def file_name(plan: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in plan)
